//! Runs that do not end.

use super::{Finding, FindingKind, Oracle, Signature};
use crate::history::{Event, History, Observation};
use drawloom_sim::Actor;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Deadlocks and livelocks.
pub struct Progress;

impl Oracle for Progress {
    fn name(&self) -> &'static str {
        "progress"
    }

    fn judge(&self, history: &History) -> Vec<Finding> {
        let judged = history.events.iter().enumerate().filter_map(|(index, event)| match &event.what {
            Observation::Deadlock { waiting } => {
                Some(finding(history, index, event, FindingKind::Deadlock, waiting))
            }
            Observation::Livelock { running } => {
                Some(finding(history, index, event, FindingKind::Livelock, running))
            }
            _ => None,
        });
        judged.collect()
    }
}

fn finding(
    history: &History,
    index: usize,
    event: &Event,
    kind: FindingKind,
    slots: &[(Actor, Cow<'static, str>)],
) -> Finding {
    let actors: BTreeSet<Actor> = slots.iter().map(|(actor, _)| *actor).collect();
    let statements: BTreeSet<String> = actors
        .iter()
        .filter_map(|actor| Some(history.last_statement(*actor, index)?.sql.to_string()))
        .collect();
    let (name, actual) = match kind {
        FindingKind::Deadlock => ("every worker ends", "nothing is ready and no timer is set"),
        _ => ("every worker ends in time", "the step budget is used up"),
    };
    Finding {
        signature: Signature { kind, name: name.to_owned(), statements: statements.into_iter().collect() },
        expected: name.to_owned(),
        actual: actual.to_owned(),
        keys: slots.iter().map(|(actor, name)| format!("{actor}: {name}")).collect(),
        actor: event.actor,
        step: event.step,
        at: event.at,
    }
}
