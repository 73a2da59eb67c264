//! Code that panicked.

use super::{Finding, FindingKind, Oracle};
use crate::history::{History, Observation};

/// Every panic of a worker, of setup or of the checks.
pub struct Panics;

impl Oracle for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn judge(&self, history: &History) -> Vec<Finding> {
        let panics = history.events.iter().enumerate().filter_map(|(index, event)| match &event.what {
            Observation::Panic { message } => Some((index, message)),
            _ => None,
        });
        panics
            .map(|(index, message)| Finding {
                expected: "no panic".to_owned(),
                actual: format!("panicked: {message}"),
                ..Finding::at(history, index, FindingKind::Panic, "no worker panics")
            })
            .collect()
    }
}
