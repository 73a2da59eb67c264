//! Drops actions.

use super::{attempt_parts, attempt_parts_of};
use crate::shrink::case::{Case, Part};
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Smallest, Stop, Trials};

/// A race seldom takes more actions than that.
const FEW: usize = 2;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    trials.leave_out(parts, |trials, kept| attempt_parts(trials, kept))?;
    if trials.smallest.case.parts().len() <= FEW {
        return Ok(());
    }
    // Where many actions add up to something, fewer with larger values do too; the values are lowered again.
    trials.leave_out(parts, |trials, kept| {
        let raised: Vec<Case> = trials.smallest.case.with_parts(kept).raised();
        for candidate in raised {
            if attempt_parts_of(trials, candidate, kept)? {
                return Ok(true);
            }
        }
        Ok(false)
    })
}

/// In the order in which they are done, as near as names tell.
fn parts(smallest: &Smallest) -> Vec<Part> {
    let mut parts = smallest.case.parts();
    parts.sort_by_key(|part| (part.action, part.actor));
    parts
}
