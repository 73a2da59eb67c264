//! Tries fresh schedules, where a case is so small that there are few: the calm one, and those with one
//! preemption, for this case and for its neighbours, which have an action less, or one of another kind.

use crate::shrink::case::{Case, Override, Part};
use crate::shrink::subject::{Moment, Subject};
use crate::shrink::trials::{Smallest, Stop, Trials};
use drawloom_sim::{Actor, Lane, Place, Profile};
use std::collections::BTreeMap;

/// A case with more actions has too many schedules.
const PARTS_MAX: usize = 4;
/// An action of more statements has too many places.
const STATEMENTS_MAX: usize = 40;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let Smallest { case, course, .. } = &trials.smallest;
    let parts = case.parts();
    if case.network != Profile::Direct || parts.len() > PARTS_MAX || course.order.len() > STATEMENTS_MAX {
        return Ok(());
    }
    for neighbour in neighbours(case, &trials.subject.kinds()) {
        if attempt_all(trials, &neighbour)? {
            return Ok(());
        }
    }
    Ok(())
}

/// The case itself, those with an action less, and those with an action of another kind.
fn neighbours(case: &Case, kinds: &[u32]) -> Vec<Case> {
    let parts = case.parts();
    let mut neighbours = Vec::new();
    for gone in parts.iter().rev() {
        let kept: Vec<Part> = parts.iter().filter(|part| *part != gone).copied().collect();
        if !kept.is_empty() {
            neighbours.push(case.with_parts(&kept));
        }
    }
    // What one action less needs may be larger values, to be lowered again.
    let less = neighbours.clone();
    neighbours.extend(less.iter().filter_map(swapped));
    neighbours.extend(less.iter().flat_map(Case::raised));
    neighbours.push(case.clone());
    for part in &parts {
        let named = (Lane::Work, part.actor, Place { action: part.action, ordinal: 0 });
        let (now, _) = case.answer(named);
        let kind_now = kinds.iter().rev().find(|kind| **kind <= now);
        for kind in kinds.iter().filter(|kind| Some(*kind) != kind_now) {
            neighbours.push(case.with_answer(named, *kind));
        }
    }
    neighbours
}

/// The other of two workers begins.
fn swapped(case: &Case) -> Option<Case> {
    let workers: Vec<Actor> = case.busy().into_iter().collect();
    let [one, other] = workers[..] else { return None };
    Some(case.renamed(|part| {
        let swapped = [(one, other), (other, one)].into_iter().find(|(from, _)| *from == part.actor);
        Some(Part { actor: swapped.map_or(part.actor, |(_, to)| to), ..part })
    }))
}

fn attempt_all<S: Subject>(trials: &mut Trials<'_, S>, case: &Case) -> Result<bool, Stop> {
    if trials.attempt(case.with_overrides(&[]))? {
        return Ok(true);
    }
    for one in places(case, &trials.smallest.course.order) {
        if trials.attempt(case.with_overrides(&[one]))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Every preemption that there can be: after which turn, and in favour of whom.
fn places(case: &Case, order: &[Moment]) -> Vec<Override> {
    let mut statements: BTreeMap<Part, u32> = case.parts().into_iter().map(|part| (part, 4)).collect();
    for moment in order {
        if let Some(statements) = statements.get_mut(&moment.part) {
            let count = order.iter().filter(|other| other.part == moment.part).count();
            *statements = (*statements).max(count as u32);
        }
    }
    let mut actors: Vec<Actor> = case.busy().into_iter().collect();
    actors.extend((!case.faults.kinds.is_empty()).then_some(Actor::FAULTS));
    let mut places = Vec::new();
    for (part, statements) in statements {
        // A worker that begins takes two turns before its first statement.
        for ordinal in 0..=statements + 1 {
            let place = Place { action: part.action, ordinal };
            let others = actors.iter().filter(|worker| **worker != part.actor);
            places.extend(others.map(|next| Override { actor: part.actor, place, next: *next }));
        }
    }
    places
}
