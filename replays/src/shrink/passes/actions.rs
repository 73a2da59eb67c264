//! Drops actions.

use super::attempt_parts;
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    trials.leave_out(
        // In the order in which they are done, as near as names tell.
        |smallest| {
            let mut parts = smallest.case.parts();
            parts.sort_by_key(|part| (part.action, part.actor));
            parts
        },
        |trials, kept| attempt_parts(trials, kept),
    )
}
