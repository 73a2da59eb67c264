//! Systematic search: every schedule with at most so many preemptions, of those that commute only one.
//!
//! ```text
//! level 0 | level 1 | level 2 ...       branches to be explored, by their preemptions
//!    |
//!    v  the next one
//! execution: follows its branch, then the default policy
//!    |          at every choice: what would another actor's turn lead to?
//!    |             a state that was reached with no more preemptions: cut
//!    |             a preemption of a step that commutes with all that the others are known to do: put aside
//!    |             else: a new branch
//!    v
//! what its steps touched is known from now on; what was put aside and conflicts with it becomes a branch
//! ```
//!
//! A preemption takes the turn from an actor that could go on; to go on with another one when the current one
//! is done or waits is free. Levels are explored in ascending order, so a finding has as few preemptions as
//! any (iterative context bounding: Musuvathi and Qadeer, PLDI 2007).
//!
//! Why cutting is sound. Two prefixes of runs that differ only in the order of commuting steps lead to the same
//! state (see [`Trace`]); whatever follows the one, follows the other for no more preemptions. A cut prefix is
//! always replaced by one of the same length that is explored, so a chain of replacements ends at a run.
//! And a preemption before a step that commutes with everything that anybody does before the actor goes on can
//! be put off until after the step, at no more preemptions. Whether a step may be preempted depends on
//! the step alone, not on where it stands, so replacing prefixes keeps what may be preempted.
//! `tests/bounded.rs` compares with enumeration.

mod trace;

use super::chance::Chance;
use super::random::{Random, scramble};
use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key, Place};
use crate::executor::Outcome;
use crate::footprint::{Access, Footprint};
use crate::units::{Actor, Step};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use trace::Trace;

/// A search through the schedules of one program: the run of one seed.
#[derive(Clone)]
pub struct Bounded {
    search: Rc<RefCell<Search>>,
    seed: u64,
}

/// How far a search came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The runs that were begun.
    pub executions: u64,
    /// Every schedule with at most so many preemptions was explored, or commutes with one that was.
    /// `None`: not even those without any.
    pub preemptions_covered: Option<u32>,
    /// Nothing is left to explore.
    pub complete: bool,
}

/// Where a run leaves the default policy: at the choice with this number, this actor goes next.
type Switch = (u32, Actor);

/// A run to be explored: one that leaves an explored one at its last switch.
struct Branch {
    switches: Rc<[Switch]>,
    preemptions: u32,
    /// The state that the last switch leads to.
    state: u128,
    switched: Switched,
    /// What kinds of switch it has, one after the other, as a digest.
    kind: u64,
}

/// The branches with the same number of preemptions. Of the kinds, the one that was explored least goes
/// first: what happens often in a program would else put off what happens seldom. Within a kind, chance says
/// which: the end of a long row is as good as its beginning.
#[derive(Default)]
struct Level {
    kinds: BTreeMap<u64, (u32, Vec<Branch>)>,
}

impl Level {
    fn is_empty(&self) -> bool {
        self.kinds.values().all(|(_, branches)| branches.is_empty())
    }

    fn push(&mut self, branch: Branch, teaches: bool) {
        let kind = if teaches { scramble(branch.kind) } else { branch.kind };
        self.kinds.entry(kind).or_default().1.push(branch);
    }

    /// All of them, of every kind.
    fn take(&mut self) -> Vec<Branch> {
        self.kinds.values_mut().flat_map(|(_, branches)| std::mem::take(branches)).collect()
    }

    fn pop(&mut self, chance: &mut Chance) -> Option<Branch> {
        let open = self.kinds.values_mut().filter(|(_, branches)| !branches.is_empty());
        let (explored, branches) = open.min_by_key(|(explored, _)| *explored)?;
        *explored += 1;
        let place = chance.below(branches.len() as u64) as usize;
        Some(branches.swap_remove(place))
    }
}

impl Switched {
    fn name(&self) -> (Actor, Place, Actor) {
        (self.from, self.place, self.to)
    }

    /// Who takes the turn from whom, and before a step on what.
    fn kind(&self) -> u64 {
        let resources = self.preempted.iter().flat_map(Footprint::accesses).map(|access| access.resource);
        let actors = u64::from(self.from.code()) << 32 | u64::from(self.to.code()) << 1;
        resources
            .fold(actors | u64::from(self.preempted.is_some()), |kind, resource| scramble(kind ^ resource))
    }
}

/// A switch from one actor to another.
struct Switched {
    from: Actor,
    /// The turn of `from` that it comes after.
    place: Place,
    to: Actor,
    /// What `from` would have done next, if it could have.
    preempted: Option<Footprint>,
}

struct Search {
    preemptions_max: u32,
    reduce: bool,
    levels: Vec<Level>,
    /// The states that were reached, each with who went next, and the fewest preemptions it took.
    reached: BTreeMap<u128, u32>,
    /// What each actor was seen to touch; whether it took steps of which nothing is known.
    known: BTreeMap<Actor, (BTreeSet<Access>, bool)>,
    /// Something was added to `known` since it was last looked at.
    learned: bool,
    /// Branches that are not needed, as far as is known.
    aside: Vec<Branch>,
    /// The switches that led to something that had not been seen: what taught something after one beginning may
    /// do so after another.
    teachers: BTreeSet<(Actor, Place, Actor)>,
    executions: u64,
    chance: Chance,
}

impl Bounded {
    /// A search with at most `preemptions_max` preemptions, whose data are those of the seed. Without `reduce`,
    /// no steps commute: every schedule is an execution.
    pub fn new(seed: u64, preemptions_max: u32, reduce: bool) -> Bounded {
        let mut levels: Vec<Level> = (0..=preemptions_max).map(|_| Level::default()).collect();
        let switched =
            Switched { from: Actor::SETUP, place: Place::default(), to: Actor::SETUP, preempted: None };
        levels[0].push(Branch { switches: Rc::new([]), preemptions: 0, state: 0, switched, kind: 0 }, false);
        let search = Search {
            preemptions_max,
            reduce,
            levels,
            reached: BTreeMap::new(),
            known: BTreeMap::new(),
            learned: false,
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
        let branch = search.next_branch()?;
        search.executions += 1;
        Some(Box::new(Execution {
            search: self.search.clone(),
            data: Random::new(self.seed),
            branch,
            picks: 0,
            cut: false,
            trace: Trace::default(),
            at: None,
            open: None,
        }))
    }

    /// How far the search came.
    pub fn coverage(&self) -> Coverage {
        let search = self.search.borrow();
        let open = search.levels.iter().position(|level| !level.is_empty());
        let covered = open.unwrap_or(search.levels.len());
        Coverage {
            executions: search.executions,
            preemptions_covered: u32::try_from(covered).ok().and_then(|covered| covered.checked_sub(1)),
            complete: open.is_none(),
        }
    }
}

impl Search {
    /// Whether the order of this step of `actor` and any step of anybody else is known to matter.
    fn may_conflict(&self, actor: Actor, footprint: &Footprint) -> bool {
        let others = || self.known.iter().filter(|(other, _)| **other != actor).map(|(_, known)| known);
        match footprint {
            Footprint::Nothing => false,
            Footprint::Unknown => true,
            Footprint::Known(accesses) => others().any(|(theirs, unknown)| {
                *unknown || accesses.iter().any(|ours| theirs.iter().any(|their| ours.conflicts(their)))
            }),
        }
    }

    /// Whether any step of the one may conflict with any of the other.
    fn pair_conflicts(&self, a: Actor, b: Actor) -> bool {
        let (Some((ours, unknown)), Some((theirs, unknown_too))) = (self.known.get(&a), self.known.get(&b))
        else {
            return true; // of one of them nothing is known yet
        };
        *unknown || *unknown_too || ours.iter().any(|our| theirs.iter().any(|their| our.conflicts(their)))
    }

    /// Whether a schedule may need this switch, as far as is known.
    fn may_matter(&self, switched: &Switched) -> bool {
        let Switched { from, to, preempted, .. } = switched;
        if !self.reduce {
            return true;
        }
        let reorders = preempted.as_ref().is_none_or(|footprint| self.may_conflict(*from, footprint));
        reorders && (to > from || self.pair_conflicts(*from, *to))
    }

    fn learn(&mut self, actor: Actor, footprint: &Footprint) {
        let (accesses, unknown) = self.known.entry(actor).or_default();
        match footprint {
            Footprint::Nothing => (),
            Footprint::Unknown => self.learned |= !std::mem::replace(unknown, true),
            Footprint::Known(touched) => {
                for access in touched.iter() {
                    self.learned |= accesses.insert(*access);
                }
            }
        }
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
            let branch = self.levels.iter_mut().find_map(|level| level.pop(&mut self.chance))?;
            if !self.may_matter(&branch.switched) {
                self.aside.push(branch);
            } else if self.reach(branch.state, branch.preemptions) {
                return Some(branch);
            }
        }
    }

    fn add(&mut self, branch: Branch) {
        if branch.switched.preempted == Some(Footprint::Nothing) {
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
    fn reconsider(&mut self, switched: &Switched) {
        if !std::mem::replace(&mut self.learned, false) {
            return;
        }
        self.teachers.insert(switched.name());
        let waiting = self.levels.iter_mut().flat_map(Level::take);
        let all: Vec<Branch> = waiting.chain(std::mem::take(&mut self.aside)).collect();
        all.into_iter().for_each(|branch| self.add(branch));
    }
}

/// One run of a search.
struct Execution {
    search: Rc<RefCell<Search>>,
    data: Random,
    branch: Branch,
    picks: u32,
    /// The rest of the run is explored elsewhere.
    cut: bool,
    trace: Trace,
    /// The state of the last choice: steps that touch nothing do not leave it.
    at: Option<u128>,
    /// The last choice: its other answers become branches when it is known what the step touched.
    open: Option<Open>,
}

/// A choice whose step is under way.
struct Open {
    pick: u32,
    /// The turn that it comes after.
    from: Actor,
    place: Place,
    preempts: bool,
    others: Vec<(Actor, u128)>,
}

impl Execution {
    fn follow(&self, pick: u32) -> Option<Actor> {
        let place = self.branch.switches.binary_search_by_key(&pick, |(pick, _)| *pick).ok()?;
        Some(self.branch.switches[place].1)
    }

    /// The other answers to the last choice, now that its step is known to touch this.
    fn branch_off(&mut self, footprint: &Footprint) {
        let Some(open) = self.open.take() else { return };
        let mut search = self.search.borrow_mut();
        let preemptions = self.branch.preemptions + u32::from(open.preempts);
        if preemptions > search.preemptions_max {
            return;
        }
        for (to, state) in open.others {
            let switches = self.branch.switches.iter().copied().chain([(open.pick, to)]).collect();
            let preempted = open.preempts.then(|| footprint.clone());
            let switched = Switched { from: open.from, place: open.place, to, preempted };
            let kind = scramble(self.branch.kind) ^ switched.kind();
            search.add(Branch { switches, preemptions, state, switched, kind });
        }
    }
}

impl Source for Execution {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        let pick = self.picks;
        self.picks += 1;
        let actor = self.follow(pick).unwrap_or(enabled[calm].actor);
        let beyond = self.branch.switches.last().is_none_or(|(last, _)| pick > *last);
        if beyond && !self.cut {
            let state = |actor| self.trace.state(actor);
            let here = state(actor);
            if self.at != Some(here) {
                self.cut = !self.search.borrow_mut().reach(here, self.branch.preemptions);
                self.at = Some(here);
            }
            // Of a state that others reached too: to go on with somebody else may have cost them more.
            // Time-outs are left out where steps commute: what a deadline is to others nobody says.
            let timeless = self.search.borrow().reduce;
            let others = enabled.iter().map(|it| it.actor).filter(|other| *other != actor);
            let others = others.filter(|other| !(timeless && *other == Actor::CLOCK));
            let others = others.map(|other| (other, state(other))).collect();
            let Key { actor: from, place, .. } = key;
            self.open = Some(Open { pick, from, place, preempts: actor == from, others });
        } else if !beyond {
            self.at = Some(self.trace.state(actor));
        }
        if actor == Actor::CLOCK {
            self.trace.step(actor, &Footprint::Unknown);
        }
        let index = enabled.iter().position(|candidate| candidate.actor == actor);
        Ok(index.expect("an execution repeats the run that it branches off from"))
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.data.choose(key, choice)
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        // Setup and checks have the run to themselves.
        if actor != Actor::SETUP && actor != Actor::CHECKS {
            self.search.borrow_mut().learn(actor, footprint);
        }
        self.branch_off(footprint);
        self.trace.step(actor, footprint);
    }

    fn end(&mut self, _outcome: &Outcome) -> Result<(), Box<Divergence>> {
        self.open = None;
        self.search.borrow_mut().reconsider(&self.branch.switched);
        Ok(())
    }
}
