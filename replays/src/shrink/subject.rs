//! What is run, as far as shrinking is concerned.

use super::case::{Case, Part};
use drawloom_sim::Tape;

/// What a run that fails alike did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// The tape as it was really chosen: what of an edited tape did not fit is gone.
    pub tape: Tape,
    /// How often the schedule left an actor that could have gone on.
    pub preemptions: u32,
    /// How many statements there were until it failed.
    pub statements: u32,
    /// Every statement and every fault, in the order of their execution. Empty where there are none.
    pub order: Vec<Moment>,
}

/// What happened at one moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Whose statement it is, and in which action; of the faults, action 0.
    pub part: Part,
    /// What became of it.
    pub what: What,
}

/// What becomes of a statement, or of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It is executed; a fault strikes.
    Executed,
    /// It waits from here on.
    Waits,
    /// Its wait runs out.
    RunsOut,
}

/// What came of running a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// It fails in the same way.
    Alike(Course),
    /// It does not fail, or in another way.
    Otherwise,
    /// It was not run to its end: shrinking stops here.
    Interrupted,
}

/// Runs cases. The same case must always come to the same.
pub trait Subject {
    /// Runs a case leniently: what of its tape does not fit is answered calmly. With an `order`, the schedule
    /// of the tape is disregarded, and statements are executed in this order as far as that goes.
    fn attempt(&mut self, case: &Case, order: Option<&[Moment]>) -> Attempt;

    /// A run with as many workers and actions as the shape has, drawn from the seed: the case that it is, if it fails
    /// alike. None where cases cannot be drawn.
    fn draw(&mut self, _shape: &Case, _seed: u64) -> Option<Case> {
        None
    }

    /// The least answer for each kind of action that there is; empty where actions are not drawn.
    fn kinds(&self) -> Vec<u32> {
        Vec::new()
    }
}
