//! A schedule of the same data that passes, as near to the failing one as is easily found.

use super::WhyError;
use super::directed::Rest;
use super::trials::{Course, Trials};
use drawloom_model::{History, Observation};
use drawloom_sim::source::Random;
use drawloom_sim::{Actor, Step, Tape};
use std::collections::{BTreeMap, BTreeSet};

/// Of more overrides than that not every one is left out alone.
const SINGLES_MAX: usize = 16;
/// So many schedules are drawn where no plain one passes.
const DRAWN: u64 = 64;

/// A schedule that passes.
pub struct Passing {
    /// Its run.
    pub course: Course,
    /// What is plain about it.
    pub how: &'static str,
}

/// The first schedule that passes, of: one action after another, as they began; the given schedule with a single
/// override less; nobody interrupted; the workers one after another, in several orders; drawn ones. `Err`: none of
/// so many different ones does.
pub fn nearest(trials: &mut Trials<'_>, failing: &Course) -> Result<Result<Passing, usize>, WhyError> {
    trials.doing = "looking for a schedule that passes";
    let mut tried = BTreeSet::from([failing.order()]);
    let course = trials.run(&one_after_another(failing), Rest::Calm)?;
    if !course.fails {
        return Ok(Ok(Passing { course, how: "one action after another" }));
    }
    tried.insert(course.order());
    let how = "in another order";
    for tape in less(&trials.tape) {
        let course = trials.run_with(&trials.plan.clone(), tape, &[], Rest::Tape)?;
        if !course.fails {
            return Ok(Ok(Passing { course, how }));
        }
        tried.insert(course.order());
    }
    let serial = serials(failing).into_iter().map(Rest::Serial);
    let drawn = (0..DRAWN).map(|seed| Rest::Random(Box::new(Random::new(seed))));
    for rest in [Rest::Calm].into_iter().chain(serial).chain(drawn) {
        let course = trials.run(&[], rest)?;
        if !course.fails {
            return Ok(Ok(Passing { course, how }));
        }
        tried.insert(course.order());
    }
    Ok(Err(tried.len()))
}

/// The turns with each action's together, the action that began first first. So whoever is in the middle of an
/// action, wherever the failing schedule is left, comes to its end before anybody begins another.
fn one_after_another(failing: &Course) -> Vec<Actor> {
    let begun = begun(&failing.history);
    let mut actions: BTreeMap<(Actor, usize), usize> = BTreeMap::new();
    let mut spans: Vec<Vec<Actor>> = Vec::new();
    for turn in failing.turns.iter().filter(|turn| turn.actor != Actor::CLOCK) {
        let action = begun.get(&turn.actor).map(|steps| steps.partition_point(|step| *step < turn.step));
        let worker = turn.actor.as_worker().is_some();
        let span = match action.filter(|_| worker) {
            Some(action) => *actions.entry((turn.actor, action)).or_insert(spans.len()),
            None => spans.len(),
        };
        if span == spans.len() {
            spans.push(Vec::new());
        }
        spans[span].push(turn.actor);
    }
    spans.concat()
}

/// In which turns each actor's actions begin.
fn begun(history: &History) -> BTreeMap<Actor, Vec<Step>> {
    let mut begun: BTreeMap<Actor, Vec<Step>> = BTreeMap::new();
    for event in &history.events {
        if matches!(event.what, Observation::Action { .. }) {
            begun.entry(event.actor).or_default().push(event.step);
        }
    }
    begun
}

/// The tape with each of its overrides left out, the last of each actor first.
fn less(tape: &Tape) -> Vec<Tape> {
    let places = tape
        .overrides
        .iter()
        .flat_map(|(actor, track)| track.entries().iter().rev().map(|(place, _)| (*actor, *place)));
    let places: Vec<_> = places.collect();
    if places.len() > SINGLES_MAX {
        return Vec::new();
    }
    let without = |(actor, gone)| {
        let mut tape = tape.clone();
        if let Some(track) = tape.overrides.get_mut(&actor) {
            track.retain(|place, _| place != gone);
        }
        tape
    };
    places.into_iter().map(without).collect()
}

/// The workers from the lowest to the highest and back, and in both each of them first once.
fn serials(course: &Course) -> Vec<Vec<Actor>> {
    let workers: BTreeSet<Actor> =
        course.turns.iter().map(|turn| turn.actor).filter(|actor| actor.as_worker().is_some()).collect();
    let up: Vec<Actor> = workers.into_iter().collect();
    let down: Vec<Actor> = up.iter().rev().copied().collect();
    let turned = |order: &Vec<Actor>| {
        let order = order.clone();
        (0..order.len()).map(move |first| [&order[first..], &order[..first]].concat())
    };
    [up, down].iter().flat_map(turned).collect()
}
