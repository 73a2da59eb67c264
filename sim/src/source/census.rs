//! What the runs of a plan are like: how many turns each worker takes, and what they touch. Strategies that
//! spread their choices evenly over a run have to know about how long it is.

use super::{Choice, Enabled, Random, Source};
use crate::decisions::{Divergence, Key};
use crate::footprint::{Access, Footprint};
use crate::units::{Actor, Step};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Turns by worker and by what they touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    turns: BTreeMap<(Actor, Vec<Access>), u64>,
}

impl Census {
    /// The census of a run with these workers, each with `actions` of the actions that were counted for it.
    pub fn of(&self, workers: u16, actions: u32, counted: u32) -> Census {
        assert!(counted > 0, "a worker that was counted has actions");
        let (part, whole) = (u64::from(actions), u64::from(counted));
        let of_run = |turns: u64| (turns * part).div_ceil(whole).max(1);
        let works = |actor: &Actor| actor.as_worker().is_some_and(|worker| worker < workers);
        let turns = self.turns.iter().filter(|((actor, _), _)| works(actor));
        Census { turns: turns.map(|(kind, turns)| (kind.clone(), of_run(*turns))).collect() }
    }

    /// Who takes turns.
    pub(super) fn actors(&self) -> Vec<Actor> {
        self.kinds().map(|kind| kind.actor).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Every kind of turn.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind<'_>> {
        self.turns.iter().map(|((actor, touches), turns)| Kind { actor: *actor, touches, turns: *turns })
    }

    /// What is touched: each resource, or part of one, once, as something that is written.
    pub(super) fn spots(&self) -> Vec<Access> {
        let touched = self.turns.keys().flat_map(|(_, touches)| touches);
        let spots: BTreeSet<Access> = touched.map(|access| Access { writes: true, ..*access }).collect();
        spots.into_iter().collect()
    }
}

/// Turns of one actor that touch the same. What touches nothing, or what is not known to touch something,
/// has no accesses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'a> {
    pub actor: Actor,
    pub touches: &'a [Access],
    pub turns: u64,
}

/// Counts what a calm run touches.
pub struct Survey {
    data: Random,
    census: Rc<RefCell<Census>>,
}

impl Survey {
    /// A calm run with the data of this seed, and where its census will be found.
    pub fn new(seed: u64) -> (Survey, Rc<RefCell<Census>>) {
        let census = Rc::<RefCell<Census>>::default();
        (Survey { data: Random::new(seed), census: census.clone() }, census)
    }
}

impl Source for Survey {
    fn pick(&mut self, _key: Key, _enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        Ok(calm)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.data.choose(key, choice)
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        if actor.as_worker().is_some() && *footprint != Footprint::Nothing {
            let kind = (actor, footprint.accesses().to_vec());
            *self.census.borrow_mut().turns.entry(kind).or_default() += 1;
        }
    }
}
