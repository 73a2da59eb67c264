//! A schedule of the same data that passes, as near to the failing one as is easily found.

use super::WhyError;
use super::directed::Rest;
use super::trials::{Course, Trials};
use drawloom_sim::source::Random;
use drawloom_sim::{Actor, Tape};
use std::collections::BTreeSet;

/// Of more overrides than that not every one is left out alone.
const SINGLES_MAX: usize = 16;
/// So many schedules are drawn where no plain one passes.
const DRAWN: u64 = 64;

/// The first schedule that passes, of: the given one with a single override less; nobody interrupted; the workers one
/// after another, in several orders; drawn ones.
pub fn nearest(trials: &mut Trials<'_>, failing: &Course) -> Result<Option<Course>, WhyError> {
    trials.doing = "looking for a schedule that passes";
    for tape in less(&trials.tape) {
        let course = trials.run_with(&trials.plan.clone(), tape, &[], Rest::Tape)?;
        if !course.fails {
            return Ok(Some(course));
        }
    }
    let serial = serials(failing).into_iter().map(Rest::Serial);
    let drawn = (0..DRAWN).map(|seed| Rest::Random(Box::new(Random::new(seed))));
    for rest in [Rest::Calm].into_iter().chain(serial).chain(drawn) {
        let course = trials.run(&[], rest)?;
        if !course.fails {
            return Ok(Some(course));
        }
    }
    Ok(None)
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
