//! What was done with locks since this was last asked, for footprints.

use super::lock::Lock;
use super::{Locks, Mode, Tag};
use drawloom_model::SessionId;

#[derive(Debug, Default)]
pub(super) struct Journal {
    pub listens: bool,
    pub touched: Vec<(Tag, Mode)>,
    /// Somebody began to wait, or does not wait for this any longer.
    pub waits: bool,
}

impl Journal {
    pub fn note(&mut self, tag: Tag, mode: Mode) {
        if self.listens {
            self.touched.push((tag, mode));
        }
    }

    /// The lock is given back.
    pub fn give(&mut self, lock: &Lock, mode: Mode) {
        self.note(lock.tag, mode);
        self.waits |= self.listens && lock.queue.iter().any(|waiter| waiter.mode.conflicts(mode));
    }
}

impl Locks {
    /// Whether what is done with locks is to be kept.
    pub(crate) fn listen(&mut self, listens: bool) {
        self.journal.listens = listens;
    }

    /// Whoever waited for this lock has it now, and goes on.
    pub(crate) fn touch(&mut self, tag: Tag, mode: Mode) {
        self.journal.note(tag, mode);
    }

    /// The locks that were taken, asked for or given back, and whether that has to do with a wait.
    pub(crate) fn take_touched(&mut self) -> (Vec<(Tag, Mode)>, bool) {
        (std::mem::take(&mut self.journal.touched), std::mem::take(&mut self.journal.waits))
    }

    /// The locks that the owner holds or waits for, its transactions' own ones aside as long as nobody waits for
    /// them.
    pub(crate) fn held(&self, owner: SessionId) -> impl Iterator<Item = (Tag, Mode)> {
        let known = self.owners.get(&owner);
        let slots = known.into_iter().flat_map(|it| it.held.iter().copied().chain(it.awaited));
        slots.flat_map(move |slot| {
            let lock = self.table.lock(slot);
            let held = lock.holders.iter().filter(move |it| it.owner == owner).map(|it| it.mode);
            let awaited = lock.queue.iter().filter(move |it| it.owner == owner).map(|it| it.mode);
            held.chain(awaited).map(|mode| (lock.tag, mode))
        })
    }
}
