//! A schedule of the same data that passes, as near to the failing one as is easily found.

use super::WhyError;
use super::actions::Actions;
use super::directed::Rest;
use super::trials::{Course, Trials};
use drawloom_model::Observation;
use drawloom_sim::source::Random;
use drawloom_sim::{Actor, Tape};
use std::collections::{BTreeMap, BTreeSet};

/// Of more overrides than that not every one is left out alone.
const SINGLES_MAX: usize = 16;
/// So many schedules are drawn where no plain one passes.
const DRAWN: u64 = 64;

/// A schedule that passes, and how a run goes on with it that was another one up to some turn.
pub enum Passing {
    /// One action after another.
    Actions(Actions),
    /// This order of turns.
    Order(Vec<Actor>),
}

impl Passing {
    /// The orders of the run that is the failing one for these turns.
    pub fn after(&self, kept: &[Actor]) -> (Vec<Actor>, Rest) {
        match self {
            Passing::Actions(actions) => (kept.to_vec(), Rest::Actions(Box::new(actions.clone()))),
            Passing::Order(order) => ([kept, &without(order, kept)].concat(), Rest::Calm),
        }
    }

    /// It in words.
    pub fn how(&self) -> &'static str {
        match self {
            Passing::Actions(_) => "one action after another",
            Passing::Order(_) => "in another order",
        }
    }
}

/// The order without the first so many turns of each actor that these are.
pub fn without(order: &[Actor], gone: &[Actor]) -> Vec<Actor> {
    let mut counts: BTreeMap<Actor, usize> = BTreeMap::new();
    for actor in gone {
        *counts.entry(*actor).or_default() += 1;
    }
    let mut stays = |actor: &Actor| match counts.get_mut(actor) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    order.iter().copied().filter(|actor| stays(actor)).collect()
}

/// One action after another, as they began, if that passes.
pub fn actions(trials: &mut Trials<'_>, failing: &Course) -> Result<Option<Passing>, WhyError> {
    let passing = Passing::Actions(Actions::new(starts(failing)));
    let (order, rest) = passing.after(&[]);
    Ok((!trials.run(&order, rest)?.fails).then_some(passing))
}

/// The first order that passes, of: the given schedule with a single override less; nobody interrupted; the workers
/// one after another, in several orders; drawn ones. `Err`: none of so many different ones does.
pub fn order(trials: &mut Trials<'_>, failing: &Course) -> Result<Result<Passing, usize>, WhyError> {
    let mut tried = BTreeSet::from([failing.order()]);
    let less = less(&trials.tape).into_iter().map(|tape| (tape, Rest::Tape));
    let plain = serials(failing).into_iter().map(Rest::Serial);
    let drawn = (0..DRAWN).map(|seed| Rest::Random(Box::new(Random::new(seed))));
    let others = [Rest::Calm].into_iter().chain(plain).chain(drawn);
    let tape = trials.tape.clone();
    for (tape, rest) in less.chain(others.map(|rest| (tape.clone(), rest))) {
        let course = trials.run_with(&trials.plan.clone(), tape, &[], rest)?;
        if !course.fails {
            return Ok(Ok(Passing::Order(course.order())));
        }
        tried.insert(course.order());
    }
    Ok(Err(tried.len()))
}

/// Whose actions begin, in order.
fn starts(failing: &Course) -> Vec<Actor> {
    let begun =
        failing.history.events.iter().filter(|event| matches!(event.what, Observation::Action { .. }));
    begun.map(|event| event.actor).collect()
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
