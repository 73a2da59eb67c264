//! Branches that wait to be explored.

use super::super::chance::Chance;
use super::super::random::scramble;
use crate::decisions::Place;
use crate::footprint::Footprint;
use crate::units::Actor;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Where a run leaves the default policy: at the choice with this number, this actor goes next.
pub(super) type Switch = (u32, Actor);

/// A run to be explored: one that leaves an explored one at a choice after its last switch.
pub(super) struct Branch {
    /// The switches of the run that it leaves.
    pub parent: Rc<[Switch]>,
    /// The choice that it leaves it at.
    pub pick: u32,
    pub preemptions: u32,
    /// The state that the new switch leads to.
    pub state: u128,
    pub switched: Switched,
    /// What kinds of switch it has, one after the other, as a digest.
    pub kind: u64,
}

impl Branch {
    /// All its switches.
    pub fn switches(&self) -> Rc<[Switch]> {
        self.parent.iter().copied().chain([(self.pick, self.switched.to)]).collect()
    }
}

/// A switch from one actor to another.
pub(super) struct Switched {
    pub from: Actor,
    /// The turn of `from` that it comes after.
    pub place: Place,
    pub to: Actor,
    /// What `from` would have done next, if it could have.
    pub preempted: Option<Footprint>,
}

/// A switch, whatever comes before it.
pub(super) type Name = (Actor, Place, Actor);

impl Switched {
    pub fn name(&self) -> Name {
        (self.from, self.place, self.to)
    }

    /// Who takes the turn from whom, and before a step on what.
    pub fn kind(&self) -> u64 {
        let resources = self.preempted.iter().flat_map(Footprint::accesses).map(|access| access.resource);
        let actors = u64::from(self.from.code()) << 32 | u64::from(self.to.code()) << 1;
        resources
            .fold(actors | u64::from(self.preempted.is_some()), |kind, resource| scramble(kind ^ resource))
    }
}

/// The branches with the same number of preemptions. Of the kinds, the one that was explored least goes
/// first: what happens often in a program would else put off what happens seldom. Within a kind, chance says
/// which: the end of a long row is as good as its beginning.
#[derive(Default)]
pub(super) struct Level {
    kinds: BTreeMap<u64, Kind>,
    /// The kinds with branches that wait, each behind how many of it were explored.
    waiting: BTreeSet<(u32, u64)>,
}

#[derive(Default)]
struct Kind {
    explored: u32,
    branches: Vec<Branch>,
}

impl Level {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn push(&mut self, branch: Branch, teaches: bool) {
        let name = if teaches { scramble(branch.kind) } else { branch.kind };
        let kind = self.kinds.entry(name).or_default();
        if kind.branches.is_empty() {
            self.waiting.insert((kind.explored, name));
        }
        kind.branches.push(branch);
    }

    /// All of them, of every kind.
    pub fn take(&mut self) -> Vec<Branch> {
        self.waiting.clear();
        self.kinds.values_mut().flat_map(|kind| std::mem::take(&mut kind.branches)).collect()
    }

    pub fn pop(&mut self, chance: &mut Chance) -> Option<Branch> {
        let (_, name) = self.waiting.pop_first()?;
        let kind = self.kinds.get_mut(&name).expect("a kind that waits is there");
        kind.explored += 1;
        let place = chance.below(kind.branches.len() as u64) as usize;
        let branch = kind.branches.swap_remove(place);
        if !kind.branches.is_empty() {
            self.waiting.insert((kind.explored, name));
        }
        Some(branch)
    }
}
