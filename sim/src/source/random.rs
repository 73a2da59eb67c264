//! Uniform random answers, each derived from the seed and the decision's key alone.

use super::chance::TIME_PASSES_OF;
use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key, Lane, Place};
use crate::units::Actor;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Every actor that could go next is equally likely; to let time pass while somebody is ready is rare, so
/// that time-outs happen, but most waits end as they should.
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    /// The stream in use of each lane, by actor, if it was begun.
    streams: [Vec<Option<Stream>>; Lane::ALL.len()],
}

/// The answers of one (lane, actor, action): the n-th output answers the question with ordinal n.
#[derive(Clone, Debug)]
struct Stream {
    next: Place,
    generator: Xoshiro256PlusPlus,
}

impl Random {
    /// The answers of this seed.
    pub fn new(seed: u64) -> Random {
        Random { seed, streams: Default::default() }
    }

    /// The stream of an action begins from the seed and the key, and from nothing else.
    fn stream(&self, key: Key) -> Stream {
        let place = (key.lane as u64) << 48 | u64::from(key.actor.code()) << 32 | u64::from(key.place.action);
        let hash = scramble(scramble(self.seed ^ 0x6A09_E667_F3BC_C908) ^ place);
        let next = Place { action: key.place.action, ordinal: 0 };
        Stream { next, generator: Xoshiro256PlusPlus::seed_from_u64(hash) }
    }

    /// The 64 random bits that belong to this key.
    fn bits(&mut self, key: Key) -> u64 {
        match self.streams[key.lane as usize].get_mut(key.actor.dense()) {
            // The usual case: the next question of the same action.
            Some(Some(stream)) if stream.next == key.place => stream.take(),
            _ => self.seek(key),
        }
    }

    /// Goes to the key's place in its stream: onwards, if the stream is not past it.
    #[cold]
    fn seek(&mut self, key: Key) -> u64 {
        let index = key.actor.dense();
        let streams = &mut self.streams[key.lane as usize];
        if index >= streams.len() {
            streams.resize(index + 1, None);
        }
        let begun = streams[index].take();
        let usable = |stream: &Stream| {
            stream.next.action == key.place.action && stream.next.ordinal <= key.place.ordinal
        };
        let mut stream = begun.filter(usable).unwrap_or_else(|| self.stream(key));
        while stream.next.ordinal < key.place.ordinal {
            stream.take();
        }
        let bits = stream.take();
        self.streams[key.lane as usize][index] = Some(stream);
        bits
    }
}

impl Stream {
    fn take(&mut self) -> u64 {
        self.next.ordinal += 1;
        self.generator.next_u64()
    }
}

/// The finalizer of MurmurHash3: every bit of the input reaches every bit of the output.
pub(super) fn scramble(mut word: u64) -> u64 {
    word = (word ^ (word >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    word = (word ^ (word >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    word ^ (word >> 33)
}

/// 32 random bits as a draw below `bound`, by multiplication: our own formula, so that stored seeds outlive
/// any library's.
pub(super) fn below(bits: u64, bound: u64) -> u64 {
    ((bits & 0xFFFF_FFFF) * bound) >> 32
}

impl Source for Random {
    fn pick(&mut self, key: Key, enabled: &[Enabled], _calm: usize) -> Result<usize, Box<Divergence>> {
        let bits = self.bits(key);
        let last = enabled.len() - 1;
        let mut actors = enabled.len();
        if enabled[last].actor == Actor::CLOCK {
            if below(bits, TIME_PASSES_OF) == 0 {
                return Ok(last);
            }
            actors = last;
        }
        Ok(below(bits >> 32, actors as u64) as usize)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        let bits = self.bits(key) >> 32;
        Ok(match choice.odds {
            Some(odds) => u32::from(below(bits, u64::from(odds.of)) < u64::from(odds.hits)),
            None => below(bits, u64::from(choice.arity)) as u32,
        })
    }
}
