//! One file a pass. A pass proposes smaller cases; what is kept, the trials decide. A pass that has nothing to
//! do runs nothing.

mod actions;
mod afresh;
mod faults;
mod names;
mod network;
mod preemptions;
mod schedules;
#[cfg(test)]
mod tests;
mod values;
mod workers;

use super::case::{Case, Part};
use super::subject::{Moment, Subject};
use super::trials::{Smallest, Stop, Trials};
use drawloom_sim::Profile;
use std::collections::BTreeSet;

/// A pass over the smallest case so far.
pub type Pass<S> = fn(&mut Trials<'_, S>) -> Result<(), Stop>;

/// Every pass, in the order in which they are tried: first what makes every later attempt cheaper. The direct
/// network comes before all, for there what is left out moves nothing else in time.
pub fn all<S: Subject>() -> [(&'static str, Pass<S>); 10] {
    [
        ("network", network::pass),
        ("no faults", faults::none),
        ("workers", workers::pass),
        ("actions", actions::pass),
        ("faults", faults::pass),
        ("preemptions", preemptions::pass),
        ("schedules", schedules::pass),
        ("values", values::pass),
        ("names", names::pass),
        ("drawing afresh", afresh::pass),
    ]
}

/// With so few actions left a candidate is worth two attempts.
const FEW: usize = 8;

/// Tries the case with these actions only. On a direct network the other statements stay in the order in
/// which they were; on any other, time decides.
fn attempt_parts<S: Subject>(trials: &mut Trials<'_, S>, kept: &[Part]) -> Result<bool, Stop> {
    let candidate = trials.smallest.case.with_parts(kept);
    attempt_parts_of(trials, candidate, kept)
}

/// Tries the candidate, which has of the smallest case's actions only these.
fn attempt_parts_of<S: Subject>(
    trials: &mut Trials<'_, S>,
    candidate: Case,
    kept: &[Part],
) -> Result<bool, Stop> {
    let Smallest { case, course, .. } = &trials.smallest;
    if case.network == Profile::Direct && !course.order.is_empty() {
        let kept_parts: BTreeSet<&Part> = kept.iter().collect();
        let stays = |part: &Part| part.actor.as_worker().is_none() || kept_parts.contains(part);
        let order: Vec<Moment> = course.order.iter().filter(|moment| stays(&moment.part)).copied().collect();
        if trials.attempt_in_order(candidate.clone(), &order)? {
            return Ok(true);
        }
        if kept.len() > FEW {
            return Ok(false);
        }
    }
    let connecting = candidate.connecting(&trials.smallest.case);
    Ok(trials.attempt(candidate)? || kept.len() <= FEW && trials.attempt(connecting)?)
}

/// Tries the case with its actions under other names; see [`Case::renamed`].
fn attempt_renamed<S: Subject>(
    trials: &mut Trials<'_, S>,
    shape: (u16, u32),
    rename: impl Fn(Part) -> Option<Part>,
) -> Result<bool, Stop> {
    let Smallest { case, course, .. } = &trials.smallest;
    let (workers, actions) = shape;
    let candidate = Case { workers, actions, ..case.renamed(&rename) };
    if case.network == Profile::Direct && !course.order.is_empty() {
        let renamed = |moment: &Moment| Some(Moment { part: rename(moment.part)?, ..*moment });
        let order: Vec<Moment> = course.order.iter().filter_map(renamed).collect();
        if trials.attempt_in_order(candidate.clone(), &order)? {
            return Ok(true);
        }
    }
    trials.attempt(candidate)
}

/// Tries a case that has the smallest one's actions under the same names.
fn attempt_same_order<S: Subject>(trials: &mut Trials<'_, S>, candidate: Case) -> Result<bool, Stop> {
    let order = trials.smallest.course.order.clone();
    trials.attempt_in_order(candidate, &order)
}
