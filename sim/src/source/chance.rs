//! What strategies have in common: the data of the seed, a generator of their own for the schedule, and how
//! seldom they let time pass.

use super::random::{Random, below};
use super::{Choice, Enabled, Source};
use crate::decisions::Key;
use crate::units::Actor;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// One turn in so many lets time pass, if it can: so that time-outs happen, but most waits end as they should.
pub(super) const TIME_PASSES_OF: u64 = 32;

/// The chance of one seed, for one purpose. In a run everything but the schedule is answered as [`Random`]
/// answers it, so that a seed has the same data whatever the strategy.
pub struct Chance {
    data: Random,
    generator: Xoshiro256PlusPlus,
}

impl Chance {
    /// The chance of this seed, for the strategy, or whatever it is, with this name.
    pub fn new(seed: u64, purpose: &str) -> Chance {
        let tag = purpose.bytes().fold(seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(29)
        });
        Chance { data: Random::new(seed), generator: Xoshiro256PlusPlus::seed_from_u64(tag) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// One of the numbers below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is something to choose from");
        below(self.bits(), bound)
    }

    /// One of the numbers below the number of weights, each as likely as its weight says. The weights are
    /// not all 0.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut place = self.below(weights.clone().sum());
        let found = weights.enumerate().find(|(_, weight)| {
            let here = place < *weight;
            place = place.wrapping_sub(*weight);
            here
        });
        found.expect("a draw below the total falls on one of them").0
    }

    /// An answer to anything but the schedule.
    pub(super) fn choose(&mut self, key: Key, choice: &Choice) -> u32 {
        self.data.choose(key, choice).expect("chance has an answer to everything")
    }

    /// Whether time passes instead of anybody's turn, and if not, how many of the enabled are actors.
    pub(super) fn actors(&mut self, enabled: &[Enabled]) -> Result<usize, TimePasses> {
        let actors = enabled.len() - usize::from(enabled[enabled.len() - 1].actor == Actor::CLOCK);
        if actors < enabled.len() && self.below(TIME_PASSES_OF) == 0 { Err(TimePasses) } else { Ok(actors) }
    }
}

/// The last of the enabled, the clock, is picked.
pub(super) struct TimePasses;
