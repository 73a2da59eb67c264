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
    /// The turns of a run that is `part` of `whole` as long.
    pub fn scaled(&self, part: u64, whole: u64) -> Census {
        assert!(whole > 0, "a run that was counted has a length");
        let scaled = |turns: u64| (turns * part).div_ceil(whole).max(1);
        Census { turns: self.turns.iter().map(|(kind, turns)| (kind.clone(), scaled(*turns))).collect() }
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
