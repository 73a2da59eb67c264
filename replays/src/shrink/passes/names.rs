//! Gives workers and actions the lowest numbers, and the plan no more of them than there are.

use super::attempt_renamed;
use crate::shrink::case::{Case, Part};
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::Actor;
use std::collections::BTreeMap;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let parts = trials.smallest.case.parts();
    if parts.is_empty() {
        return Ok(());
    }
    let workers: Vec<Actor> = trials.smallest.case.busy().into_iter().collect();
    if !attempt(trials, &workers, true)? && !attempt(trials, &workers, false)? {
        shorten(trials)?;
    }
    // Whoever begins had better be the first.
    for index in 1..workers.len() {
        let mut workers: Vec<Actor> = trials.smallest.case.busy().into_iter().collect();
        if index < workers.len() {
            workers.swap(index - 1, index);
            attempt(trials, &workers, true)?;
        }
    }
    Ok(())
}

/// The plan ends with the last action.
fn shorten<S: Subject>(trials: &mut Trials<'_, S>) -> Result<bool, Stop> {
    let case = &trials.smallest.case;
    let last = case.parts().iter().map(|part| part.action).max().unwrap_or(0);
    let candidate = Case { actions: last, ..case.clone() };
    trials.attempt(candidate)
}

/// Numbers the workers in this order, and, if wanted, the actions of each from 1.
fn attempt<S: Subject>(trials: &mut Trials<'_, S>, workers: &[Actor], actions: bool) -> Result<bool, Stop> {
    let case = &trials.smallest.case;
    let numbers: BTreeMap<Actor, Actor> =
        workers.iter().enumerate().map(|(number, worker)| (*worker, Actor::worker(number as u16))).collect();
    let mut names: BTreeMap<Part, Part> = BTreeMap::new();
    let mut done: BTreeMap<Actor, u32> = BTreeMap::new();
    for part in case.parts() {
        let number = done.entry(part.actor).or_default();
        *number = if actions { *number + 1 } else { part.action };
        names.insert(part, Part { actor: numbers[&part.actor], action: *number });
    }
    let rename = |part: Part| match numbers.get(&part.actor) {
        Some(actor) if part.action == 0 => Some(Part { actor: *actor, action: 0 }),
        Some(_) => names.get(&part).copied(),
        None => part.actor.as_worker().is_none().then_some(part),
    };
    let last = names.values().map(|part| part.action).max().unwrap_or(0);
    let workers = workers.len() as u16;
    attempt_renamed(trials, (workers, last), rename)
}
