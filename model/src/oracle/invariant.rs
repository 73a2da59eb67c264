//! What the workload's own checks said.

use super::{Finding, FindingKind, Oracle};
use crate::history::{History, Observation};

/// Every violation that the workload recorded.
pub struct Invariants;

impl Oracle for Invariants {
    fn name(&self) -> &'static str {
        "invariants"
    }

    fn judge(&self, history: &History) -> Vec<Finding> {
        let violations = history.events.iter().enumerate().filter_map(|(index, event)| match &event.what {
            Observation::Violation(violation) => Some((index, violation)),
            _ => None,
        });
        violations
            .map(|(index, violation)| Finding {
                expected: violation.expected.clone(),
                actual: violation.actual.clone(),
                keys: violation.keys.clone(),
                ..Finding::at(history, index, FindingKind::Invariant, violation.invariant.clone())
            })
            .collect()
    }
}
