//! Strategies by name.

use super::census::Census;
use super::pct::Pct;
use super::pos::Pos;
use super::surw::Surw;
use super::urw::Urw;
use super::{Random, Source};
use std::fmt;
use std::str::FromStr;

/// How schedules are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Everybody who could go next is equally likely.
    Random,
    /// Probabilistic concurrency testing, for bugs of this depth.
    Pct {
        /// How many steps the bug needs in order: 1 to 4.
        depth: u32,
    },
    /// Uniform random walk.
    Urw,
    /// Selectively uniform random walk.
    Surw,
    /// Partial-order sampling.
    Pos,
    /// Every schedule with at most so many preemptions.
    Bounded {
        /// The most preemptions a schedule has.
        preemptions: u32,
    },
    /// The others, but `Bounded`, in turns: no one of them is best for every bug.
    Portfolio,
}

/// The seeds take these in turns. What finds deep bugs has every second one, what finds shallow ones most of
/// the others: measured on the benchmark's three programs, where the best for one finds nothing in another.
const PORTFOLIO: [Strategy; 16] = [
    Strategy::Surw,
    Strategy::Pct { depth: 4 },
    Strategy::Random,
    Strategy::Pct { depth: 4 },
    Strategy::Surw,
    Strategy::Pct { depth: 4 },
    Strategy::Urw,
    Strategy::Pct { depth: 4 },
    Strategy::Surw,
    Strategy::Pct { depth: 4 },
    Strategy::Surw,
    Strategy::Pct { depth: 4 },
    Strategy::Pos,
    Strategy::Pct { depth: 4 },
    Strategy::Surw,
    Strategy::Pct { depth: 4 },
];

impl Strategy {
    /// How a strategy is written.
    pub const GRAMMAR: &str =
        "random | pct:D (D = 1 to 4) | urw | surw | pos | bounded:P (P = 0 to 8) | portfolio";

    /// What this seed is searched by: a strategy that is no portfolio.
    pub fn of_seed(self, seed: u64) -> Strategy {
        match self {
            Strategy::Portfolio => PORTFOLIO[(seed % PORTFOLIO.len() as u64) as usize],
            strategy => strategy,
        }
    }

    /// Whether the strategy needs to know what runs are like.
    pub fn needs_census(self) -> bool {
        !matches!(self, Strategy::Random | Strategy::Pos | Strategy::Bounded { .. })
    }

    /// The source of this seed's run.
    ///
    /// # Panics
    /// `Bounded` is a search, not one run: see [`super::Bounded`].
    pub fn source(self, seed: u64, census: &Census) -> Box<dyn Source> {
        match self.of_seed(seed) {
            Strategy::Random => Box::new(Random::new(seed)),
            Strategy::Pct { depth } => Box::new(Pct::new(seed, depth, census)),
            Strategy::Urw => Box::new(Urw::new(seed, census)),
            Strategy::Surw => Box::new(Surw::new(seed, census)),
            Strategy::Pos => Box::new(Pos::new(seed)),
            Strategy::Bounded { .. } => panic!("a bounded search has many runs"),
            Strategy::Portfolio => unreachable!("a portfolio is made of others"),
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Strategy::Random => f.write_str("random"),
            Strategy::Pct { depth } => write!(f, "pct:{depth}"),
            Strategy::Urw => f.write_str("urw"),
            Strategy::Surw => f.write_str("surw"),
            Strategy::Pos => f.write_str("pos"),
            Strategy::Bounded { preemptions } => write!(f, "bounded:{preemptions}"),
            Strategy::Portfolio => f.write_str("portfolio"),
        }
    }
}

/// A text that is no strategy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {grammar}", grammar = Strategy::GRAMMAR)]
pub struct NoStrategy;

impl FromStr for Strategy {
    type Err = NoStrategy;

    fn from_str(text: &str) -> Result<Strategy, NoStrategy> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number.parse::<u32>().map_err(|_| NoStrategy)?)),
            None => (text, None),
        };
        match (name, number) {
            ("random", None) => Ok(Strategy::Random),
            ("pct", Some(depth @ 1..=4)) => Ok(Strategy::Pct { depth }),
            ("urw", None) => Ok(Strategy::Urw),
            ("surw", None) => Ok(Strategy::Surw),
            ("pos", None) => Ok(Strategy::Pos),
            ("bounded", Some(preemptions @ 0..=8)) => Ok(Strategy::Bounded { preemptions }),
            ("portfolio", None) => Ok(Strategy::Portfolio),
            _ => Err(NoStrategy),
        }
    }
}
