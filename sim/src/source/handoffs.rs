//! What an interleaving is like: of everything that is touched, who handed it over to whom.

use super::random::scramble;
use super::{Choice, Enabled, RunShape, Source};
use crate::decisions::{Divergence, Key};
use crate::executor::Outcome;
use crate::footprint::{Access, Footprint, Part};
use crate::units::{Actor, Step};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One actor touches what another one touched last, and one of the two writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// Who touched it first.
    pub from: Actor,
    /// Who touched it next.
    pub to: Actor,
    /// How it was touched next.
    pub access: Access,
    /// How many times it had been asked whose turn it is, when it was touched first.
    pub picks: u32,
}

/// The first handoff of each kind: what, from whom, to whom, read or written, as a digest.
pub type Handoffs = BTreeMap<u64, Handoff>;

/// Another source, whose run's handoffs are taken down.
pub struct WithHandoffs {
    inner: Box<dyn Source>,
    /// Who touched what last.
    last: BTreeMap<(u64, Option<Part>), Touch>,
    picks: u32,
    handoffs: Rc<RefCell<Handoffs>>,
}

#[derive(Clone, Copy)]
struct Touch {
    actor: Actor,
    writes: bool,
    picks: u32,
}

impl WithHandoffs {
    /// This source, and where the handoffs of its run will be found.
    pub fn new(inner: Box<dyn Source>) -> (WithHandoffs, Rc<RefCell<Handoffs>>) {
        let handoffs = Rc::<RefCell<Handoffs>>::default();
        (WithHandoffs { inner, last: BTreeMap::new(), picks: 0, handoffs: handoffs.clone() }, handoffs)
    }

    fn touch(&mut self, actor: Actor, access: Access) {
        let now = Touch { actor, writes: access.writes, picks: self.picks };
        let Some(before) = self.last.insert((access.resource, access.part), now) else { return };
        if before.actor == actor || !(before.writes || now.writes) {
            return;
        }
        let part = access.part.map_or(0, |part| scramble(part.dimension ^ scramble(part.value)));
        let who = u64::from(before.actor.code()) << 32 | u64::from(actor.code()) << 2;
        let how = u64::from(before.writes) << 1 | u64::from(now.writes);
        let kind = scramble(access.resource ^ scramble(part ^ scramble(who | how)));
        let handoff = Handoff { from: before.actor, to: actor, access, picks: before.picks };
        self.handoffs.borrow_mut().entry(kind).or_insert(handoff);
    }
}

impl Source for WithHandoffs {
    fn begin(&mut self, shape: &RunShape) {
        self.inner.begin(shape);
    }

    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        self.picks += 1;
        self.inner.pick(key, enabled, calm)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.inner.choose(key, choice)
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, step: Step, actor: Actor, footprint: &Footprint) {
        if actor.as_worker().is_some() {
            for access in footprint.accesses() {
                self.touch(actor, *access);
                if access.part.is_some() {
                    self.touch(actor, Access { part: None, ..*access });
                }
            }
        }
        if self.inner.observes() {
            self.inner.observe(step, actor, footprint);
        }
    }

    fn worked(&mut self, actor: Actor) {
        self.inner.worked(actor);
    }

    fn end(&mut self, outcome: &Outcome) -> Result<(), Box<Divergence>> {
        self.inner.end(outcome)
    }
}
