//! Cuts what the schedule overrides: none and single ones first, then parts, and pairs where that leaves more.

use crate::shrink::case::Override;
use crate::shrink::subject::{Moment, Subject};
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::Profile;

/// So few are what remains of most races.
const FEW: usize = 2;
/// A longer order is not worth its many attempts.
const MOMENTS_MAX: usize = 60;
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
    gather(trials)?;
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

/// Gathers what each actor does: of two spans of the order, one actor's each, the later one comes first. Where
/// overrides need one another, this cuts what leaving out cannot.
fn gather<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let order = trials.smallest.course.order.clone();
    if trials.smallest.case.network != Profile::Direct || order.len() > MOMENTS_MAX {
        return Ok(());
    }
    let mut spans: Vec<Vec<Moment>> =
        order.chunk_by(|one, next| one.part.actor == next.part.actor).map(<[Moment]>::to_vec).collect();
    let mut index = 1;
    while index < spans.len() {
        spans.swap(index - 1, index);
        let candidate = trials.smallest.case.clone();
        if !trials.attempt_in_order(candidate, &spans.concat())? {
            spans.swap(index - 1, index);
        }
        index += 1;
    }
    Ok(())
}
