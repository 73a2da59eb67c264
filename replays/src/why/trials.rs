//! One schedule after another of the same data: the same work, the same faults, other turns.

use super::directed::{Directed, Rest, Turn};
use super::{Observer, Progress, WhyError};
use crate::plan::Plan;
use crate::run::{RunOptions, run};
use drawloom_model::{History, Signature};
use drawloom_sim::{Actor, Host, Tape};

/// What came of a schedule.
pub struct Course {
    /// The turns that were taken.
    pub turns: Vec<Turn>,
    /// What was observed.
    pub history: History,
    /// Whether it fails as the replay does.
    pub fails: bool,
}

impl Course {
    /// Whose turns they were.
    pub fn order(&self) -> Vec<Actor> {
        self.turns.iter().map(|turn| turn.actor).collect()
    }
}

/// Tries schedules.
pub struct Trials<'a> {
    /// What is run.
    pub plan: Plan,
    /// The decisions that stay as they are; its schedule is one of many.
    pub tape: Tape,
    /// By what a run fails alike.
    pub target: &'a Signature,
    /// How many runs it took so far.
    pub executions: u32,
    /// What they are for, now.
    pub doing: &'static str,
    pub observer: Observer<'a>,
}

impl Trials<'_> {
    /// The run with its turns in this order, and the rest as said.
    ///
    /// # Errors
    /// The observer had enough, or the setup fails, which it did not when the replay was made.
    pub fn run(&mut self, order: &[Actor], rest: Rest) -> Result<Course, WhyError> {
        self.run_with(&self.plan.clone(), self.tape.clone(), order, rest)
    }

    /// The same with other decisions.
    ///
    /// # Errors
    /// As those of [`run`](Trials::run).
    pub fn run_with(
        &mut self,
        plan: &Plan,
        tape: Tape,
        order: &[Actor],
        rest: Rest,
    ) -> Result<Course, WhyError> {
        if (self.observer)(Progress { doing: self.doing, executions: self.executions }).is_break() {
            return Err(WhyError::Interrupted);
        }
        self.executions += 1;
        let (source, taken) = Directed::new(tape, order, rest);
        let run = Host::best().run(|| run(plan, Box::new(source), RunOptions::default()))?;
        let fails = run.findings.iter().any(|finding| finding.signature == *self.target);
        Ok(Course { turns: taken.take(), history: run.history, fails })
    }
}
