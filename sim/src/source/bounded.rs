//! Systematic search: every schedule with at most so many preemptions, of those that commute only one.
//!
//! ```text
//! level 0 | level 1 | level 2 ...       branches to be explored, by their preemptions
//!    |
//!    v  the next one of the lowest level
//! execution: follows its branch, then the default policy
//!    |          at every choice: what would another actor's turn lead to?
//!    |             a state that was reached with no more preemptions: cut
//!    |             an idle switch, as far as is known: put aside
//!    |             else: a new branch
//!    v
//! what its steps touched is known from now on; what was put aside and is not idle any more becomes a branch
//! ```
//!
//! A preemption takes the turn from an actor that could go on; to go on with another one when the current one
//! is done or waits is free. Levels are explored in ascending order, and what is said of a level holds whenever
//! nothing of it waits, so no schedule with fewer preemptions shows a finding that this one shows (iterative
//! context bounding: Musuvathi and Qadeer, PLDI 2007).
//!
//! # Why nothing is lost
//!
//! *States.* Two prefixes that differ only in the order of commuting steps lead to the same state (see
//! [`Trace`]), and with the same actor to go, whatever follows the one follows the other for no more
//! preemptions. A prefix that is cut is replaced by one of the same length that is explored.
//!
//! *Idle switches.* A switch is idle if
//!
//! - it preempts a step that conflicts with nothing that others do: the step can as well be taken first, and
//!   whoever took it is preempted after it, if at all; or
//! - it goes from an actor to a lower one, of which no step conflicts with any of the other: the two rows of
//!   steps beside it can as well change places. (That whoever is left could go on or not is the same before and
//!   after, for neither does anything that the other waits for.)
//!
//! Neither change costs a preemption. Each leaves fewer rows of steps, or as many with lower actors first, or
//! the same with longer ones first, so they come to an end: every schedule has an equal without idle switches.
//! The search finds that one, prefix by prefix: whether a switch is idle depends on who and on what, not on what
//! came before, so replacing a prefix makes no later switch idle.
//!
//! *What is not known yet.* What a step touches hangs on what it saw, and the first thing in which it sees
//! another's doing is among what it touches wherever it stands. Suppose a step within the bound touched something
//! unknown; take the first such. What comes before it is known, so that has an equal that was explored, up to
//! steps and rows that commute with all that is known and can be moved away from before it; and then it was seen.
//!
//! *Waiting.* An attempt that only finds out that it must wait may touch [`Footprint::Nothing`], if it is made
//! again whenever the reason may have gone: it is as if the actor could not have gone on, so to preempt it is to
//! preempt what comes after it. What it intended is known from then on, for whoever stands in its way decides
//! whether it waits.
//!
//! `tests/bounded.rs` and, on a database, `tests/proof.rs` of the whole compare with enumeration.

mod execution;
mod known;
mod levels;
mod trace;

use super::Source;
use super::chance::Chance;
use super::random::Random;
use crate::footprint::Footprint;
use execution::{Execution, Path};
use known::Known;
use levels::{Branch, Level, Name, Switched};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A search through the schedules of one program: the run of one seed.
#[derive(Clone)]
pub struct Bounded {
    search: Rc<RefCell<Search>>,
    seed: u64,
}

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explored {
    /// The runs that were begun.
    pub executions: u64,
    /// Every schedule with at most so many preemptions was explored, or commutes with one that was.
    /// `None`: not even those without any.
    pub preemptions_covered: Option<u32>,
    /// Nothing is left to explore.
    pub complete: bool,
    /// Of schedules that differ in the order of commuting steps, one stood for all.
    pub reduced: bool,
}

struct Search {
    preemptions_max: u32,
    reduce: bool,
    levels: Vec<Level>,
    /// So many levels were explored to their end.
    covered: u32,
    /// The states that were reached, each with who went next, and the fewest preemptions it took.
    reached: BTreeMap<u128, u32>,
    known: Known,
    /// Branches that are not needed, as far as is known.
    aside: Vec<Branch>,
    /// The switches that led to something that had not been seen: what taught something after one beginning may
    /// do so after another.
    teachers: BTreeSet<Name>,
    executions: u64,
    chance: Chance,
}

impl Bounded {
    /// A search with at most `preemptions_max` preemptions, whose data are those of the seed. Without `reduce`,
    /// no steps commute: every schedule is an execution.
    pub fn new(seed: u64, preemptions_max: u32, reduce: bool) -> Bounded {
        let search = Search {
            preemptions_max,
            reduce,
            levels: (0..=preemptions_max).map(|_| Level::default()).collect(),
            covered: 0,
            reached: BTreeMap::new(),
            known: Known::default(),
            aside: Vec::new(),
            teachers: BTreeSet::new(),
            executions: 0,
            chance: Chance::new(seed, "bounded"),
        };
        Bounded { search: Rc::new(RefCell::new(search)), seed }
    }

    /// The source of the next execution; `None`: there is nothing left to explore. One at a time: it ends
    /// before the next one begins.
    pub fn next_source(&self) -> Option<Box<dyn Source>> {
        let mut search = self.search.borrow_mut();
        let path = match search.executions {
            0 => Path::default(),
            _ => search.next_branch()?.into(),
        };
        search.executions += 1;
        Some(Box::new(Execution::new(self.search.clone(), Random::new(self.seed), path)))
    }

    /// How far the search came.
    pub fn explored(&self) -> Explored {
        let search = self.search.borrow();
        Explored {
            executions: search.executions,
            preemptions_covered: search.covered.checked_sub(1),
            complete: search.executions > 0 && search.levels.iter().all(Level::is_empty),
            reduced: search.reduce,
        }
    }
}

impl Search {
    /// Whether a schedule may need this switch, as far as is known.
    fn may_matter(&self, switched: &Switched) -> bool {
        let Switched { from, to, preempted, .. } = switched;
        let reorders = || preempted.as_ref().is_none_or(|step| self.known.may_conflict(*from, step));
        !self.reduce || (to > from || self.known.pair_conflicts(*from, *to)) && reorders()
    }

    /// Whether the state with who goes next is reached for the first time, or with fewer preemptions.
    fn reach(&mut self, state: u128, preemptions: u32) -> bool {
        if !self.reduce {
            return true;
        }
        let fewest = self.reached.entry(state).or_insert(u32::MAX);
        let fewer = preemptions < *fewest;
        *fewest = preemptions.min(*fewest);
        fewer
    }

    /// The next branch that is still needed.
    fn next_branch(&mut self) -> Option<Branch> {
        loop {
            let Some(branch) = self.levels.iter_mut().find_map(|level| level.pop(&mut self.chance)) else {
                self.note_covered();
                return None;
            };
            if !self.may_matter(&branch.switched) {
                self.aside.push(branch);
            } else if self.reach(branch.state, branch.preemptions) {
                return Some(branch);
            }
        }
    }

    fn add(&mut self, branch: Branch) {
        if self.reduce && branch.switched.preempted == Some(Footprint::Nothing) {
            return; // to preempt it is to preempt what comes after it
        }
        if self.may_matter(&branch.switched) {
            let teaches = self.teachers.contains(&branch.switched.name());
            self.levels[branch.preemptions as usize].push(branch, teaches);
        } else {
            self.aside.push(branch);
        }
    }

    /// A run is over that took this switch last: what was put aside becomes a branch where that is no longer
    /// certain not to matter.
    fn reconsider(&mut self, last: Option<Name>) {
        if self.known.take_learned() {
            self.teachers.extend(last);
            let waiting = self.levels.iter_mut().flat_map(Level::take);
            let all: Vec<Branch> = waiting.chain(std::mem::take(&mut self.aside)).collect();
            all.into_iter().for_each(|branch| self.add(branch));
        }
        self.note_covered();
    }

    /// No run is under way. What was explored to its end stays so, whatever is learned later.
    fn note_covered(&mut self) {
        let covered = self.levels.iter().take_while(|level| level.is_empty()).count();
        self.covered = self.covered.max(u32::try_from(covered).expect("there are few levels"));
    }
}
