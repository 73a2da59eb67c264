//! What answers choices. One file a strategy; recording, replaying, searching and shrinking are all
//! sources behind this one seam.

mod bounded;
mod census;
mod chance;
mod handoffs;
mod mutant;
mod pct;
mod pos;
mod random;
mod round_robin;
mod strategy;
mod surw;
mod tape;
mod urw;

pub use bounded::{Bounded, Explored};
pub use census::{Census, Survey};
pub use chance::Chance;
pub use handoffs::{Handoff, Handoffs, WithHandoffs};
pub use mutant::Mutant;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use strategy::{NoStrategy, Strategy};
pub use tape::{Lenient, Strict};

use crate::decisions::{Divergence, Key};
use crate::executor::Outcome;
use crate::footprint::Footprint;
use crate::units::{Actor, Odds, Step};

/// An actor that could take the next turn.
#[derive(Clone, Debug)]
pub struct Enabled {
    /// Who. [`Actor::CLOCK`], always the last of the enabled, stands for "let time pass".
    pub actor: Actor,
    /// What its next step is known to touch.
    pub footprint: Footprint,
}

/// A question put to chance, other than whose turn it is.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// What is asked, for people to read and for a strict tape to compare.
    pub site: &'static str,
    /// How many answers there are: at least 2, and answer 0 is the calm one.
    pub arity: u32,
    /// For a yes-or-no question, how likely "yes" (1) should be. A source may disregard it.
    pub odds: Option<Odds>,
}

/// How large a run is, told to the source before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunShape {
    /// The number of workers.
    pub workers: u16,
    /// Actions of each worker.
    pub actions: u32,
}

/// Answers the choices of one run after another.
///
/// A source must be a function of its own state and of what it is asked: the same run asks the same
/// questions in the same order.
pub trait Source {
    /// A run begins.
    fn begin(&mut self, _shape: &RunShape) {}

    /// Whose turn is next: an index into `enabled`, which has at least two entries, sorted by actor.
    /// `calm` is the index of the default policy's choice.
    ///
    /// # Errors
    /// Only a strict tape fails: the run asks what the tape cannot answer.
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>>;

    /// An answer below `choice.arity`.
    ///
    /// # Errors
    /// Only a strict tape fails: the run asks what the tape cannot answer.
    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>>;

    /// Whether the source wants to know what steps touch, before and after they are taken. Asked once.
    fn observes(&self) -> bool {
        false
    }

    /// What the step just taken touched.
    fn observe(&mut self, _step: Step, _actor: Actor, _footprint: &Footprint) {}

    /// The step that is about to be observed intended this and touches nothing: it could not have it, and waits.
    fn attempted(&mut self, _actor: Actor, _intended: &Footprint) {}

    /// The step just taken did work that takes time (see [`crate::Sim::spend`]).
    fn worked(&mut self, _actor: Actor) {}

    /// The run is over.
    ///
    /// # Errors
    /// Only a strict tape fails: something on it was never asked for.
    fn end(&mut self, _outcome: &Outcome) -> Result<(), Box<Divergence>> {
        Ok(())
    }
}
