//! Drops faults: all of them, those after a while, single ones; and kinds that do not strike.

use super::attempt_same_order;
use crate::shrink::case::{Case, is_break};
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::faults::FaultPlan;
use drawloom_sim::{Actor, Decision, Lane, Place, Profile, Tape, Track};

const FAULTS: (Lane, Actor) = (Lane::Faults, Actor::FAULTS);
/// What a fault asks, once it strikes: at most which one, whom, and how long.
const ASKED_MAX: u32 = 3;

/// Drops all of them: the less a run has besides them the less they were needed.
pub fn none<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    if !trials.smallest.case.faults.kinds.is_empty() {
        attempt(trials, FaultPlan::default(), Vec::new())?;
    }
    Ok(())
}

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    none(trials)?;
    if trials.smallest.case.faults.kinds.is_empty() {
        return Ok(());
    }
    // The later ones, more and more of them; then each by itself.
    let mut kept = 0;
    while kept < breaks(&trials.smallest.case).len() {
        let end = breaks(&trials.smallest.case)[kept];
        let entries = entries(&trials.smallest.case).into_iter().filter(|(place, _)| *place < end).collect();
        let faults = trials.smallest.case.faults.clone();
        if attempt(trials, faults, entries)? {
            break;
        }
        kept = kept * 2 + 1;
    }
    for place in breaks(&trials.smallest.case).into_iter().rev() {
        drop_one(trials, place)?;
    }
    single_kind(trials)
}

fn entries(case: &Case) -> Vec<(Place, Decision)> {
    case.tape.decisions.get(&FAULTS).map(|track| track.entries().to_vec()).unwrap_or_default()
}

/// Where something breaks.
fn breaks(case: &Case) -> Vec<Place> {
    let entries = entries(case).into_iter().filter(|(_, decision)| is_break(Lane::Faults, decision));
    entries.map(|(place, _)| place).collect()
}

/// Without the fault at this place. What is asked later then has lower numbers: by as many as it asked.
fn drop_one<S: Subject>(trials: &mut Trials<'_, S>, at: Place) -> Result<(), Stop> {
    for asked in 0..=ASKED_MAX {
        let shifted = entries(&trials.smallest.case).into_iter().filter_map(|(place, decision)| {
            if place < at {
                return Some((place, decision));
            }
            let later = place.ordinal > at.ordinal + asked;
            later.then(|| (Place { ordinal: place.ordinal - asked, ..place }, decision))
        });
        let shifted = shifted.collect();
        let faults = trials.smallest.case.faults.clone();
        if attempt(trials, faults, shifted)? {
            return Ok(());
        }
    }
    Ok(())
}

/// One kind alone, named outright: what chose among kinds is gone.
fn single_kind<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    let FaultPlan { kinds, swarm } = trials.smallest.case.faults.clone();
    if kinds.len() == 1 && !swarm {
        return Ok(());
    }
    let drawn = if swarm { kinds.len() as u32 + 1 } else { 0 };
    for kind in kinds {
        let kept = entries(&trials.smallest.case).into_iter().filter_map(|(place, decision)| {
            let ordinal = place.ordinal.checked_sub(drawn)?;
            (decision.site != "which fault").then_some((Place { ordinal, ..place }, decision))
        });
        let kept = kept.collect();
        if attempt(trials, FaultPlan { kinds: vec![kind], swarm: false }, kept)? {
            break;
        }
    }
    Ok(())
}

/// Tries other faults: with the statements in the same order, where there is one, or at the same time.
fn attempt<S: Subject>(
    trials: &mut Trials<'_, S>,
    faults: FaultPlan,
    entries: Vec<(Place, Decision)>,
) -> Result<bool, Stop> {
    let case = &trials.smallest.case;
    let mut track = Track::default();
    for (place, decision) in entries {
        track.push(place, decision).expect("a part of a track is in its order");
    }
    let mut tape = Tape { overrides: case.tape.overrides.clone(), decisions: case.tape.decisions.clone() };
    tape.decisions.remove(&FAULTS);
    if !track.entries().is_empty() {
        tape.decisions.insert(FAULTS, track);
    }
    let direct = case.network == Profile::Direct;
    let candidate = Case { faults, ..case.with_tape(tape) };
    if direct && attempt_same_order(trials, candidate.clone())? {
        return Ok(true);
    }
    trials.attempt(candidate)
}
