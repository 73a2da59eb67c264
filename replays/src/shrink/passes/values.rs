//! Lowers what was drawn: all of it, parts, and at last each decision to the least that still fails.

use crate::shrink::case::{Case, Named};
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::Lane;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    trials.leave_out(
        |smallest| values(&smallest.case),
        |trials, kept| {
            let case = &trials.smallest.case;
            // Faults are left out by their own pass: what they ask next depends on what they asked before.
            let faults = case.details().into_iter().filter(|(lane, ..)| *lane == Lane::Faults);
            let kept: Vec<Named> = faults.chain(kept.iter().copied()).collect();
            let candidate = case.with_details(&kept);
            trials.attempt(candidate)
        },
    )?;
    for part in trials.smallest.case.parts() {
        let named = (Lane::Work, part.actor, drawloom_sim::Place { action: part.action, ordinal: 0 });
        let (now, _) = trials.smallest.case.answer(named);
        for kind in trials.subject.kinds().into_iter().filter(|kind| *kind < now) {
            if attempt(trials, named, kind)? {
                break;
            }
        }
    }
    for named in trials.smallest.case.details() {
        lower(trials, named)?;
    }
    Ok(())
}

fn values(case: &Case) -> Vec<Named> {
    case.details().into_iter().filter(|(lane, ..)| *lane != Lane::Faults).collect()
}

/// The least answer that still fails: by halves, as if what fails at a value failed at every higher one, and
/// then one by one.
fn lower<S: Subject>(trials: &mut Trials<'_, S>, named: Named) -> Result<(), Stop> {
    let now = |trials: &Trials<'_, S>| trials.smallest.case.answer(named).0;
    let mut passes = 0;
    while passes + 1 < now(trials) {
        let middle = passes + (now(trials) - passes) / 2;
        if !attempt(trials, named, middle)? {
            passes = middle;
        }
    }
    Ok(())
}

fn attempt<S: Subject>(trials: &mut Trials<'_, S>, named: Named, answer: u32) -> Result<bool, Stop> {
    let candidate = trials.smallest.case.with_answer(named, answer);
    trials.attempt(candidate)
}
