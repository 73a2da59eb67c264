//! Cuts what the schedule overrides: none and single ones first, then parts, and pairs where that leaves more.

use crate::shrink::case::Override;
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};

/// So few are what remains of most races.
const FEW: usize = 2;
/// Of more overrides than that not every one is tried alone.
const SINGLES_MAX: usize = 80;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let before = trials.smallest.case.overrides();
    if before.is_empty() {
        return Ok(());
    }
    if attempt(trials, &[])? {
        return Ok(());
    }
    if before.len() <= SINGLES_MAX {
        for one in &before {
            if attempt(trials, &[*one])? {
                return Ok(());
            }
        }
    }
    trials.leave_out(|smallest| smallest.case.overrides(), |trials, kept| attempt(trials, kept))?;
    // Parts lead into a dead end now and then; of the pairs of what there was one nearly always does.
    let pairs = before.len() * before.len().saturating_sub(1) / 2;
    if trials.smallest.case.overrides().len() > FEW && pairs <= trials.left() as usize / 2 {
        for (index, first) in before.iter().enumerate() {
            for second in &before[index + 1..] {
                if attempt(trials, &[*first, *second])? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

fn attempt<S: Subject>(trials: &mut Trials<'_, S>, overrides: &[Override]) -> Result<bool, Stop> {
    let candidate = trials.smallest.case.with_overrides(overrides);
    trials.attempt(candidate)
}
