//! Partial-order sampling: every turn that waits to be taken has a random priority, and the highest goes; the
//! turns that conflict with it draw again. Orders of conflicting turns are sampled about evenly, without
//! knowing how long the run is (Yuan, Yang and Gu, CAV 2018).

use super::chance::Chance;
use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key};
use crate::units::Actor;
use std::collections::BTreeMap;

/// One run of it.
pub(super) struct Pos {
    chance: Chance,
    priorities: BTreeMap<Actor, u64>,
}

impl Pos {
    pub fn new(seed: u64) -> Pos {
        Pos { chance: Chance::new(seed, "pos"), priorities: BTreeMap::new() }
    }
}

impl Source for Pos {
    fn pick(&mut self, _key: Key, enabled: &[Enabled], _calm: usize) -> Result<usize, Box<Divergence>> {
        let Ok(actors) = self.chance.actors(enabled) else { return Ok(enabled.len() - 1) };
        let enabled = &enabled[..actors];
        let chance = &mut self.chance;
        let priorities = &mut self.priorities;
        let mut priority =
            |candidate: &Enabled| *priorities.entry(candidate.actor).or_insert_with(|| chance.bits());
        let highest =
            (0..actors).max_by_key(|place| priority(&enabled[*place])).expect("somebody is enabled");
        let taken = &enabled[highest];
        for candidate in enabled {
            if candidate.actor == taken.actor || candidate.footprint.conflicts(&taken.footprint) {
                self.priorities.remove(&candidate.actor);
            }
        }
        Ok(highest)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(self.chance.choose(key, choice))
    }

    fn observes(&self) -> bool {
        true
    }
}
