//! The locks there are, found by tag or by slot. A slot is used again, with the memory of its lock, so that the
//! coming and going of locks allocates nothing.

use super::Tag;
use super::lock::Lock;
use std::collections::BTreeMap;

/// The place of a lock in the table, at least as long as somebody holds it or waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(u32);

#[derive(Debug, Default)]
pub(super) struct Table {
    slots: BTreeMap<Tag, Slot>,
    locks: Vec<Lock>,
    free: Vec<Slot>,
}

impl Table {
    pub fn find(&self, tag: Tag) -> Option<Slot> {
        self.slots.get(&tag).copied()
    }

    /// The slot of the tag's lock, which is made if there is none.
    pub fn slot(&mut self, tag: Tag) -> Slot {
        let Table { slots, locks, free } = self;
        *slots.entry(tag).or_insert_with(|| match free.pop() {
            Some(slot) => {
                locks[slot.0 as usize].tag = tag;
                slot
            }
            None => {
                locks.push(Lock::new(tag));
                Slot(locks.len() as u32 - 1)
            }
        })
    }

    pub fn lock(&self, slot: Slot) -> &Lock {
        &self.locks[slot.0 as usize]
    }

    pub fn lock_mut(&mut self, slot: Slot) -> &mut Lock {
        &mut self.locks[slot.0 as usize]
    }

    /// Forgets the lock if nobody holds it or waits for it, unless it is a relation's, which every statement takes again.
    pub fn tidy(&mut self, slot: Slot) {
        let lock = &self.locks[slot.0 as usize];
        if lock.is_free() && !matches!(lock.tag, Tag::Relation(_)) && self.slots.get(&lock.tag) == Some(&slot)
        {
            self.slots.remove(&lock.tag);
            self.free.push(slot);
        }
    }

    /// In the order of the tags.
    pub fn iter(&self) -> impl Iterator<Item = &Lock> {
        self.slots.values().map(|slot| self.lock(*slot))
    }
}
