//! Drops workers: pairs first, for most races are between two.

use super::{attempt_parts, attempt_renamed};
use crate::shrink::case::Part;
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Smallest, Stop, Trials};
use drawloom_sim::{Actor, Profile};

/// Of more workers not every pair is tried.
const PAIRS_MAX: usize = 28;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let busy = |trials: &Trials<'_, S>| trials.smallest.case.busy().into_iter().collect::<Vec<_>>();
    let workers = busy(trials);
    if workers.len() > 2 {
        let pairs = workers
            .iter()
            .enumerate()
            .flat_map(|(index, first)| workers[index + 1..].iter().map(move |second| [*first, *second]));
        for pair in pairs.take(PAIRS_MAX) {
            if attempt(trials, &pair)? {
                break;
            }
        }
    }
    trials.leave_out(
        |smallest| smallest.case.busy().into_iter().collect(),
        |trials, kept| if kept.is_empty() { Ok(false) } else { attempt(trials, kept) },
    )?;
    if trials.smallest.case.network == Profile::Direct {
        let workers = busy(trials);
        for from in workers.iter().rev() {
            for into in workers.iter().filter(|into| *into != from) {
                if merge(trials, *from, *into)? {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// One worker does what two did, action after action, in the order in which they were begun.
fn merge<S: Subject>(trials: &mut Trials<'_, S>, from: Actor, into: Actor) -> Result<bool, Stop> {
    let Smallest { case, course, .. } = &trials.smallest;
    let mut both: Vec<Part> = Vec::new();
    let parts = case.parts();
    for part in course.order.iter().map(|moment| moment.part).chain(parts) {
        if [from, into].contains(&part.actor) && !both.contains(&part) {
            both.push(part);
        }
    }
    let (workers, actions) = (case.workers, case.actions.max(both.len() as u32));
    let rename = |part: Part| {
        let number = both.iter().position(|known| *known == part);
        match number {
            Some(number) => Some(Part { actor: into, action: 1 + number as u32 }),
            None if part.actor == from => (part.action == 0).then_some(Part { actor: into, action: 0 }),
            None if part.actor == into => (part.action == 0).then_some(part),
            None => Some(part),
        }
    };
    attempt_renamed(trials, (workers, actions), rename)
}

fn attempt<S: Subject>(trials: &mut Trials<'_, S>, kept: &[Actor]) -> Result<bool, Stop> {
    let parts = trials.smallest.case.parts();
    let parts: Vec<Part> = parts.into_iter().filter(|part| kept.contains(&part.actor)).collect();
    attempt_parts(trials, &parts)
}
