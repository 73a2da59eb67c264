//! The quantities of a run, each a type of its own, so that a step is never added to a time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A moment of simulated time, in microseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimTime(pub u64);

/// A length of simulated time, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimDuration(pub u64);

impl SimDuration {
    /// `n` microseconds.
    pub const fn micros(n: u64) -> Self {
        Self(n)
    }

    /// `n` milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(n * 1_000)
    }

    /// `n` seconds.
    pub const fn secs(n: u64) -> Self {
        Self(n * 1_000_000)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = SimTime;
    fn add(self, duration: SimDuration) -> SimTime {
        SimTime(self.0.saturating_add(duration.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, duration: SimDuration) {
        *self = *self + duration;
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, earlier: SimTime) -> SimDuration {
        assert!(self >= earlier, "simulated time never runs backwards");
        SimDuration(self.0 - earlier.0)
    }
}

/// Milliseconds with three decimals: `12.345ms`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}ms", self.0 / 1_000, self.0 % 1_000)
    }
}

/// The number of a turn: the executor's n-th poll of a slot, counted from 1; a jump of the clock is none.
/// 0 is before the first turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step(pub u32);

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who causes something. Workers come first in the order, the clock last: "the lowest id" of the default
/// schedule therefore means a worker before anything reserved, and never the passing of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor(u16);

impl Actor {
    /// Prepares the database before the workers start.
    pub const SETUP: Actor = Actor(0xFFFC);
    /// Looks at the database after the workers are done.
    pub const CHECKS: Actor = Actor(0xFFFD);
    /// Breaks things.
    pub const FAULTS: Actor = Actor(0xFFFE);
    /// Lets time pass.
    pub const CLOCK: Actor = Actor(0xFFFF);
    /// How many workers a run can have.
    pub const WORKERS_MAX: u16 = 10_000;

    const RESERVED: u16 = 4;

    /// The worker with this number.
    pub fn worker(number: u16) -> Actor {
        assert!(number < Self::WORKERS_MAX, "a run has at most {} workers", Self::WORKERS_MAX);
        Actor(number)
    }

    /// The worker's number, if it is one.
    pub fn as_worker(self) -> Option<u16> {
        (self.0 < Self::WORKERS_MAX).then_some(self.0)
    }

    /// The number that stands for this actor in a replay.
    pub fn code(self) -> u16 {
        self.0
    }

    /// The actor behind a number read from a replay.
    pub fn from_code(code: u16) -> Option<Actor> {
        let reserved = Self::SETUP.0..;
        (code < Self::WORKERS_MAX || reserved.contains(&code)).then_some(Actor(code))
    }

    /// A small dense index: reserved actors first, then the workers.
    pub(crate) fn dense(self) -> usize {
        usize::from(self.0.wrapping_add(Self::RESERVED))
    }

    /// The actor with this dense index.
    pub(crate) fn from_dense(index: usize) -> Actor {
        let index = u16::try_from(index).expect("there are fewer actors than that");
        Actor(index.wrapping_sub(Self::RESERVED))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Actor::SETUP => f.write_str("setup"),
            Actor::CHECKS => f.write_str("checks"),
            Actor::FAULTS => f.write_str("faults"),
            Actor::CLOCK => f.write_str("clock"),
            Actor(number) => write!(f, "worker {number}"),
        }
    }
}

/// A chance as whole numbers: `hits` out of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Odds {
    /// How many of `of` equally likely cases are a hit.
    pub hits: u32,
    /// How many cases there are.
    pub of: u32,
}

impl Odds {
    /// `hits` out of `of`.
    pub const fn new(hits: u32, of: u32) -> Odds {
        assert!(of > 0);
        assert!(hits <= of);
        Odds { hits, of }
    }
}
