//! Uniform random walk: an actor is as likely to go next as it has turns left, so that every interleaving of
//! the actors' turns is about as likely as any other.

use super::census::Census;
use super::chance::Chance;
use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key};
use crate::footprint::Footprint;
use crate::units::{Actor, Step};
use std::collections::BTreeMap;

/// One run of it.
pub(super) struct Urw {
    chance: Chance,
    left: BTreeMap<Actor, u64>,
}

impl Urw {
    pub fn new(seed: u64, census: &Census) -> Urw {
        let mut left = BTreeMap::new();
        for kind in census.kinds() {
            *left.entry(kind.actor).or_default() += kind.turns;
        }
        Urw { chance: Chance::new(seed, "urw"), left }
    }
}

impl Source for Urw {
    fn pick(&mut self, _key: Key, enabled: &[Enabled], _calm: usize) -> Result<usize, Box<Divergence>> {
        let Ok(actors) = self.chance.actors(enabled) else { return Ok(enabled.len() - 1) };
        // Somebody who has more turns than expected is about to end.
        let left = &self.left;
        let weights = enabled[..actors].iter().map(|it| left.get(&it.actor).copied().unwrap_or(0).max(1));
        Ok(self.chance.weighted(weights))
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(self.chance.choose(key, choice))
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        if *footprint != Footprint::Nothing
            && let Some(left) = self.left.get_mut(&actor)
        {
            *left = left.saturating_sub(1);
        }
    }
}
