//! Probabilistic concurrency testing: the actor with the highest priority goes, and at `depth - 1` places of
//! the run the one whose turn it is falls behind all others. A bug that needs `depth` ordered steps has a
//! guaranteed chance (Burckhardt et al., ASPLOS 2010).
//!
//! Where it differs from the paper: a place is drawn in three steps, first the actor, another one for each
//! place as long as there are, then what it touches, then the how-manyth turn that touches it, so that what
//! is touched seldom is not drowned by what is touched always. What touches nothing is no place to fall
//! behind at.

use super::census::Census;
use super::chance::Chance;
use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key};
use crate::footprint::{Access, Footprint};
use crate::units::{Actor, Step};
use std::collections::BTreeMap;

/// One run of it.
pub(super) struct Pct {
    chance: Chance,
    /// Priorities: drawn ones in the upper half, those of the fallen below.
    priorities: BTreeMap<Actor, u64>,
    places: Vec<Place>,
    fallen: u64,
    observes: bool,
}

/// A place to fall behind at: before the actor's `left`-th turn from here that touches this.
struct Place {
    actor: Actor,
    touches: Vec<Access>,
    left: u64,
}

const DRAWN: u64 = 1 << 63;

impl Pct {
    pub fn new(seed: u64, depth: u32, census: &Census) -> Pct {
        assert!(depth >= 1, "a bug has at least one step");
        let mut chance = Chance::new(seed, "pct");
        let mut places = Vec::new();
        let mut actors: Vec<Actor> = Vec::new();
        for _ in 1..depth {
            if actors.is_empty() {
                actors = census.actors();
            }
            if actors.is_empty() {
                break; // nothing is known: only the first priorities count
            }
            let actor = actors.swap_remove(chance.below(actors.len() as u64) as usize);
            let kinds: Vec<_> = census.kinds().filter(|kind| kind.actor == actor).collect();
            let kind = kinds[chance.below(kinds.len() as u64) as usize];
            places.push(Place { actor, touches: kind.touches.to_vec(), left: 1 + chance.below(kind.turns) });
        }
        Pct { chance, priorities: BTreeMap::new(), observes: !places.is_empty(), places, fallen: 0 }
    }

    fn priority(&mut self, actor: Actor) -> u64 {
        let chance = &mut self.chance;
        *self.priorities.entry(actor).or_insert_with(|| DRAWN | chance.bits())
    }

    fn highest(&mut self, enabled: &[Enabled]) -> usize {
        let priorities = enabled.iter().map(|candidate| self.priority(candidate.actor));
        let highest = priorities.enumerate().max_by_key(|(_, priority)| *priority);
        highest.expect("somebody is enabled").0
    }

    /// Whether the actor falls behind before this turn.
    fn falls(&mut self, actor: Actor, footprint: &Footprint) -> bool {
        let here =
            |place: &Place| place.left == 1 && place.actor == actor && place.touches == footprint.accesses();
        let Some(found) = self.places.iter().position(here) else { return false };
        self.places.swap_remove(found);
        self.fallen += 1;
        self.priorities.insert(actor, DRAWN - self.fallen);
        true
    }
}

impl Source for Pct {
    fn pick(&mut self, _key: Key, enabled: &[Enabled], _calm: usize) -> Result<usize, Box<Divergence>> {
        let Ok(actors) = self.chance.actors(enabled) else { return Ok(enabled.len() - 1) };
        loop {
            let highest = self.highest(&enabled[..actors]);
            let candidate = &enabled[highest];
            if candidate.footprint == Footprint::Nothing || !self.falls(candidate.actor, &candidate.footprint)
            {
                return Ok(highest);
            }
        }
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(self.chance.choose(key, choice))
    }

    fn observes(&self) -> bool {
        self.observes
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        if *footprint == Footprint::Nothing {
            return;
        }
        for place in &mut self.places {
            if place.actor == actor && place.touches == footprint.accesses() {
                // It stays at 1 where the actor was alone: the next turn of this kind will do.
                place.left = place.left.saturating_sub(1).max(1);
            }
        }
    }
}
