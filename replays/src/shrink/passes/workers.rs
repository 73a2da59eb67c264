//! Drops workers: pairs first, for most races are between two.

use super::attempt_parts;
use crate::shrink::case::Part;
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::Actor;

/// Of more workers not every pair is tried.
const PAIRS_MAX: usize = 28;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let busy = |trials: &Trials<'_, S>| trials.smallest.case.busy().into_iter().collect::<Vec<_>>();
    let workers = busy(trials);
    if workers.len() > 2 {
        let pairs = workers.iter().enumerate().flat_map(|(index, first)| {
            workers[index + 1..].iter().map(move |second| [*first, *second])
        });
        for pair in pairs.take(PAIRS_MAX) {
            if attempt(trials, &pair)? {
                break;
            }
        }
    }
    trials.leave_out(
        |smallest| smallest.case.busy().into_iter().collect(),
        |trials, kept| if kept.is_empty() { Ok(false) } else { attempt(trials, kept) },
    )
}

fn attempt<S: Subject>(trials: &mut Trials<'_, S>, kept: &[Actor]) -> Result<bool, Stop> {
    let parts = trials.smallest.case.parts();
    let parts: Vec<Part> = parts.into_iter().filter(|part| kept.contains(&part.actor)).collect();
    attempt_parts(trials, &parts)
}
