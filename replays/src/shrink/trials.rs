//! One candidate after another: run it, unless it was run before, and keep it if it is smaller.

use super::case::Case;
use super::size::Size;
use super::subject::{Attempt, Course, Moment, Subject};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// What is tried: the name of the pass.
    pub pass: &'static str,
    /// How many candidates were run.
    pub executions: u32,
    /// The size of the smallest case so far.
    pub smallest: &'a Size,
}

/// Is told how far it is, before every attempt, and may say that it is enough.
pub type Observer<'a> = &'a mut dyn FnMut(Progress<'_>) -> ControlFlow<()>;

/// Why no more candidates are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody said so.
    Interrupted,
    /// As many were tried as may be.
    Exhausted,
}

/// The smallest case so far.
pub struct Smallest {
    pub case: Case,
    pub course: Course,
    pub size: Size,
}

/// Tries candidates.
pub struct Trials<'a, S> {
    pub subject: &'a mut S,
    pub smallest: Smallest,
    pub executions: u32,
    /// The name of the pass that is at it.
    pub pass: &'static str,
    executions_max: u32,
    /// What was run, as digests: tapes are long, and one that is taken for another is only not tried.
    tried: BTreeSet<u128>,
    observer: Observer<'a>,
}

impl<'a, S: Subject> Trials<'a, S> {
    /// Runs the first case. `Ok(None)`: it does not fail alike.
    pub fn begin(
        subject: &'a mut S,
        case: Case,
        executions_max: u32,
        observer: Observer<'a>,
    ) -> Result<Option<Trials<'a, S>>, Stop> {
        let mut tried = BTreeSet::from([digest(&case.words())]);
        let course = match subject.attempt(&case, None) {
            Attempt::Alike(course) => course,
            Attempt::Otherwise => return Ok(None),
            Attempt::Interrupted => return Err(Stop::Interrupted),
        };
        let case = case.with_tape(course.tape.clone());
        tried.insert(digest(&case.words()));
        let smallest = Smallest { size: Size::of(&case, &course), case, course };
        Ok(Some(Trials { subject, smallest, executions: 1, pass: "", executions_max, tried, observer }))
    }

    /// Whether the candidate fails alike and is smaller; then it is the smallest.
    pub fn attempt(&mut self, candidate: Case) -> Result<bool, Stop> {
        let words = candidate.words();
        self.run(candidate, None, words)
    }

    /// The same with the statements in this order, instead of the candidate's own schedule.
    pub fn attempt_in_order(&mut self, candidate: Case, order: &[Moment]) -> Result<bool, Stop> {
        let candidate = candidate.with_overrides(&[]);
        let mut words = candidate.words();
        words.push(u32::MAX); // no case ends like this
        words.extend(order.iter().map(|it| u32::from(it.part.actor.code()) << 8 | it.what as u32));
        self.run(candidate, Some(order), words)
    }

    /// Whether the run of this shape that is drawn from the seed fails alike and is smaller; then it is the smallest.
    pub fn attempt_drawn(&mut self, shape: &Case, seed: u64) -> Result<bool, Stop> {
        let words = [u32::from(shape.workers), shape.actions, seed as u32, u32::MAX - 1]; // no case ends like this
        if !self.begin_attempt(&words)? {
            return Ok(false);
        }
        let drawn = self.subject.draw(shape, seed);
        self.executions += 1;
        drawn.map_or(Ok(false), |case| self.attempt(case))
    }

    /// How many more may be run.
    pub fn left(&self) -> u32 {
        self.executions_max.saturating_sub(self.executions)
    }

    /// Whether this was not tried before: what came of it then is no better now.
    fn begin_attempt(&mut self, words: &[u32]) -> Result<bool, Stop> {
        if !self.tried.insert(digest(words)) {
            return Ok(false);
        }
        if self.left() == 0 {
            return Err(Stop::Exhausted);
        }
        let smallest = &self.smallest.size;
        let progress = Progress { pass: self.pass, executions: self.executions, smallest };
        if (self.observer)(progress).is_break() {
            return Err(Stop::Interrupted);
        }
        Ok(true)
    }

    fn run(&mut self, case: Case, order: Option<&[Moment]>, words: Vec<u32>) -> Result<bool, Stop> {
        if !self.begin_attempt(&words)? {
            return Ok(false);
        }
        let attempt = self.subject.attempt(&case, order);
        self.executions += 1;
        let course = match attempt {
            Attempt::Alike(course) => course,
            Attempt::Otherwise => return Ok(false),
            Attempt::Interrupted => return Err(Stop::Interrupted),
        };
        let case = case.with_tape(course.tape.clone());
        let size = Size::of(&case, &course);
        self.tried.insert(digest(&case.words()));
        let smaller = size < self.smallest.size;
        if smaller {
            self.smallest = Smallest { case, course, size };
        }
        Ok(smaller)
    }

    /// Tries to leave out parts of a list: all at once, then halves, quarters, and at last one at a time,
    /// the last first, for what comes late seldom matters. `keep` makes the candidate of what is kept.
    pub fn leave_out<T: Clone>(
        &mut self,
        list: impl Fn(&Smallest) -> Vec<T>,
        mut keep: impl FnMut(&mut Self, &[T]) -> Result<bool, Stop>,
    ) -> Result<(), Stop> {
        let mut chunk = list(&self.smallest).len();
        while chunk > 0 {
            let mut end = list(&self.smallest).len();
            while end > 0 {
                let items = list(&self.smallest);
                end = end.min(items.len());
                let start = end.saturating_sub(chunk);
                let kept = [&items[..start], &items[end..]].concat();
                keep(self, &kept)?;
                end = start;
            }
            chunk /= 2;
        }
        Ok(())
    }
}

/// FNV-1a, of 128 bits.
fn digest(words: &[u32]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0100_0000_0000_0000_0000_013b;
    words.iter().fold(OFFSET, |digest, word| (digest ^ u128::from(*word)).wrapping_mul(PRIME))
}
