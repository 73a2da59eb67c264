//! One run of a search.

use super::super::random::Random;
use super::super::{Choice, Enabled, Source};
use super::Search;
use super::levels::{Branch, Name, Switch, Switched};
use super::trace::Trace;
use crate::decisions::{Divergence, Key, Place};
use crate::executor::Outcome;
use crate::footprint::Footprint;
use crate::source::random::scramble;
use crate::units::{Actor, Step};
use std::cell::RefCell;
use std::rc::Rc;

/// The way of a run: its switches, and what they come to. The first run of a search has none.
#[derive(Default)]
pub(super) struct Path {
    pub switches: Rc<[Switch]>,
    pub preemptions: u32,
    pub kind: u64,
    /// The last switch.
    pub last: Option<Name>,
}

impl From<Branch> for Path {
    fn from(branch: Branch) -> Path {
        let Branch { preemptions, kind, .. } = branch;
        Path { switches: branch.switches(), preemptions, kind, last: Some(branch.switched.name()) }
    }
}

/// A run: it follows its path, then the default policy.
pub(super) struct Execution {
    search: Rc<RefCell<Search>>,
    data: Random,
    path: Path,
    /// How many of its switches are behind it.
    followed: usize,
    picks: u32,
    /// The rest of the run is explored elsewhere.
    cut: bool,
    trace: Trace,
    /// The state of the last choice: steps that touch nothing do not leave it.
    at: Option<u128>,
    /// The last choice: its other answers become branches when it is known what the step touched.
    open: Option<Open>,
    others: Vec<Actor>,
}

/// A choice whose step is under way.
struct Open {
    pick: u32,
    /// The turn that it comes after.
    from: Actor,
    place: Place,
    preempts: bool,
}

impl Execution {
    pub fn new(search: Rc<RefCell<Search>>, data: Random, path: Path) -> Execution {
        Execution {
            search,
            data,
            path,
            followed: 0,
            picks: 0,
            cut: false,
            trace: Trace::default(),
            at: None,
            open: None,
            others: Vec::new(),
        }
    }

    /// A choice where the run follows the default policy.
    fn look_around(&mut self, key: Key, pick: u32, enabled: &[Enabled], actor: Actor) {
        let mut search = self.search.borrow_mut();
        let here = self.trace.state(actor);
        if self.at != Some(here) {
            self.cut = !search.reach(here, self.path.preemptions);
            self.at = Some(here);
        }
        // Of a state that others reached too: to go on with somebody else may have cost them more.
        let Key { actor: from, place, .. } = key;
        let preempts = actor == from;
        if self.path.preemptions + u32::from(preempts) > search.preemptions_max {
            return;
        }
        // Time-outs are left out where steps commute: what a deadline is to others nobody says.
        let timeless = search.reduce;
        let others = enabled.iter().map(|it| it.actor);
        let others = others.filter(|other| *other != actor && !(timeless && *other == Actor::CLOCK));
        self.others.clear();
        self.others.extend(others);
        self.open = Some(Open { pick, from, place, preempts });
    }

    /// The other answers to the last choice, now that its step is known to touch this.
    fn branch_off(&mut self, footprint: &Footprint) {
        let Some(open) = self.open.take() else { return };
        let mut search = self.search.borrow_mut();
        let preemptions = self.path.preemptions + u32::from(open.preempts);
        for to in self.others.drain(..) {
            let preempted = open.preempts.then(|| footprint.clone());
            let switched = Switched { from: open.from, place: open.place, to, preempted };
            search.add(Branch {
                parent: self.path.switches.clone(),
                pick: open.pick,
                preemptions,
                state: self.trace.state(to),
                kind: scramble(self.path.kind) ^ switched.kind(),
                switched,
            });
        }
    }
}

impl Source for Execution {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        let pick = self.picks;
        self.picks += 1;
        let mut actor = enabled[calm].actor;
        match self.path.switches.get(self.followed) {
            Some((at, to)) if *at == pick => {
                actor = *to;
                self.followed += 1;
                self.at = Some(self.trace.state(actor));
            }
            Some(_) => (),
            None if self.cut => (),
            None => self.look_around(key, pick, enabled, actor),
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

    fn attempted(&mut self, actor: Actor, intended: &Footprint) {
        // It touches nothing now, but whether it can is what others decide.
        if let Footprint::Known(_) = intended {
            self.search.borrow_mut().known.learn(actor, intended);
        }
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        // Setup and checks have the run to themselves.
        if actor != Actor::SETUP && actor != Actor::CHECKS {
            self.search.borrow_mut().known.learn(actor, footprint);
        }
        self.branch_off(footprint);
        if !self.cut {
            self.trace.step(actor, footprint);
        }
    }

    fn end(&mut self, _outcome: &Outcome) -> Result<(), Box<Divergence>> {
        self.open = None;
        self.search.borrow_mut().reconsider(self.path.last);
        Ok(())
    }
}
