//! Who has locked what, who waits for whom, and who waits in vain: PostgreSQL's heavyweight locks
//! (`src/backend/storage/lmgr`: lock.c, proc.c, deadlock.c).
//!
//! They are a data structure without a clock: who is told to wait comes back with [`Locks::withdraw`] when his time
//! is up, and with [`Locks::deadlock`] when his `deadlock_timeout` is.
//!
//! ```text
//!  acquire ──> Granted                      release, release_since, release_transaction, withdraw
//!     │   └──> Deadlock: the two wait for      │ what they leave behind
//!     │        each other, here and now        v
//!     └──────> Waits ··· queue ············> grant ──> whoever waits no longer
//!                │                             ^
//!                └──> deadlock ── None ────────┘ perhaps with a queue in another order
//!                         └────── the cycle: somebody must give way
//! ```

mod deadlock;
mod journal;
mod lock;
mod mode;
mod report;
mod table;
mod tag;

pub use deadlock::{Blocked, Deadlock};
pub use mode::Mode;
pub use tag::{AdvisoryKey, Tag};

use crate::ids::Xid;
use drawloom_model::SessionId;
use journal::Journal;
use lock::{Place, Waiter};
use mode::Modes;
use std::collections::BTreeMap;
use table::{Slot, Table};

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// The owner holds the lock.
    Granted,
    /// The owner stands in the queue.
    Waits,
    /// He and somebody in the queue would wait for each other, whatever their order. He does not stand in the queue,
    /// and holds what he held.
    Deadlock(Deadlock),
}

/// A lock that is held or awaited, as a row of `pg_locks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// On what.
    pub tag: Tag,
    /// Whose.
    pub owner: SessionId,
    /// How.
    pub mode: Mode,
    /// Held, not awaited.
    pub granted: bool,
}

/// A session, by what it has to do with locks.
#[derive(Debug, Default)]
struct Owner {
    /// The locks it holds, each once.
    held: Vec<Slot>,
    /// The transactions it is in, and their depths, as long as nobody waits for them: then they are among the locks.
    transactions: Vec<(Xid, u32)>,
    /// The lock it waits for.
    awaited: Option<Slot>,
}

/// Every lock of a database.
///
/// A lock belongs to a depth: 0 is the session itself (advisory locks of the session), 1 the transaction, and each
/// savepoint is one deeper. It is held as often as it was acquired, for each depth and mode by itself.
#[derive(Debug, Default)]
pub struct Locks {
    table: Table,
    owners: BTreeMap<SessionId, Owner>,
    /// Where somebody may have to wait no longer.
    changed: Vec<Slot>,
    journal: Journal,
}

impl Locks {
    /// No locks.
    pub fn new() -> Locks {
        Locks::default()
    }

    /// Asks for a lock, and waits for it if need be. The owner must not be waiting.
    pub fn acquire(&mut self, owner: SessionId, tag: Tag, mode: Mode, depth: u32) -> Acquired {
        debug_assert!(!self.is_waiting(owner), "an owner waits for one lock at a time");
        let slot = self.slot(tag);
        self.note(slot, owner, mode);
        let lock = self.table.lock_mut(slot);
        if !lock.is_free_for(owner, mode) {
            self.journal.waits = true;
            match lock.place(owner, mode) {
                Place::Granted => {}
                Place::At(place) => {
                    lock.queue.insert(place, Waiter { owner, mode, depth });
                    self.owners.entry(owner).or_default().awaited = Some(slot);
                    return Acquired::Waits;
                }
                Place::Deadlock(waiter) => {
                    return Acquired::Deadlock(Deadlock::between(tag, (owner, mode), waiter));
                }
            }
        }
        self.hold(slot, owner, mode, depth);
        Acquired::Granted
    }

    /// Takes the lock if that needs no wait: NOWAIT, SKIP LOCKED, `pg_try_advisory_lock`. As PostgreSQL before 17
    /// does, it also refuses where a waiter conflicts whom [`Locks::acquire`] would have passed by.
    pub fn try_acquire(&mut self, owner: SessionId, tag: Tag, mode: Mode, depth: u32) -> bool {
        let slot = self.slot(tag);
        self.note(slot, owner, mode);
        let free = self.table.lock(slot).is_free_for(owner, mode);
        if free {
            self.hold(slot, owner, mode, depth);
        }
        free
    }

    /// The owner is in this transaction or subtransaction from now on: it holds [`Tag::Transaction`] exclusively,
    /// which costs next to nothing until somebody waits for it, and is given back with the others of its depth.
    pub fn begin_transaction(&mut self, owner: SessionId, transaction: Xid, depth: u32) {
        self.owners.entry(owner).or_default().transactions.push((transaction, depth));
    }

    /// Gives back what was acquired once. False if the owner does not hold it.
    pub fn release(&mut self, owner: SessionId, tag: Tag, mode: Mode, depth: u32) -> bool {
        let Some(slot) = self.table.find(tag) else { return false };
        let lock = self.table.lock_mut(slot);
        let same = |holder: &lock::Holder| (holder.owner, holder.mode, holder.depth) == (owner, mode, depth);
        let Some(at) = lock.holders.iter().position(same) else { return false };
        self.journal.give(lock, mode);
        lock.holders[at].count -= 1;
        if lock.holders[at].count == 0 {
            lock.holders.remove(at);
            self.changed(slot);
            if !self.table.lock(slot).is_held_by(owner) {
                self.owner_mut(owner).held.retain(|held| *held != slot);
                self.table.tidy(slot);
            }
        }
        true
    }

    /// Gives back all that belongs to this depth or a deeper one: ROLLBACK TO.
    pub fn release_since(&mut self, owner: SessionId, depth: u32) {
        let Some(held) = self.owners.get_mut(&owner) else { return };
        held.transactions.retain(|(_, begun)| *begun < depth);
        let mut slots = std::mem::take(&mut held.held);
        slots.retain(|slot| {
            let lock = self.table.lock_mut(*slot);
            let count = lock.holders.len();
            let stays = |holder: &lock::Holder| holder.owner != owner || holder.depth < depth;
            let given = lock.holders.iter().filter(|holder| !stays(holder));
            given.for_each(|holder| self.journal.give(lock, holder.mode));
            lock.holders.retain(stays);
            if lock.holders.len() < count {
                self.changed(*slot);
            }
            let keeps = self.table.lock(*slot).is_held_by(owner);
            if !keeps {
                self.table.tidy(*slot);
            }
            keeps
        });
        self.owner_mut(owner).held = slots;
    }

    /// What belongs to a session's transaction is another's from now on: PREPARE TRANSACTION.
    pub fn hand_over(&mut self, from: SessionId, to: SessionId) {
        let Some(owner) = self.owners.get_mut(&from) else { return };
        let mut transactions = std::mem::take(&mut owner.transactions);
        transactions.iter_mut().for_each(|(_, depth)| *depth = 1);
        let (mut kept, mut given) = (Vec::new(), Vec::new());
        for slot in std::mem::take(&mut owner.held) {
            let lock = self.table.lock_mut(slot);
            while let Some(at) = lock.holders.iter().position(|it| it.owner == from && it.depth > 0) {
                let holder = lock.holders.remove(at);
                lock.hold(to, holder.mode, 1, holder.count);
            }
            if lock.is_held_by(to) {
                given.push(slot);
            }
            if lock.is_held_by(from) {
                kept.push(slot);
            }
        }
        owner.held = kept;
        let heir = self.owners.entry(to).or_default();
        (heir.held, heir.transactions) = (given, transactions);
    }

    /// Gives back every advisory lock of the session: `pg_advisory_unlock_all`.
    pub fn release_advisory(&mut self, owner: SessionId) {
        let Some(held) = self.owners.get(&owner) else { return };
        let mut locks = Vec::new();
        for slot in &held.held {
            let lock = self.table.lock(*slot);
            let own = |holder: &&lock::Holder| holder.owner == owner && holder.depth == 0;
            if matches!(lock.tag, Tag::Advisory(_)) {
                locks.extend(
                    lock.holders.iter().filter(own).map(|holder| (lock.tag, holder.mode, holder.count)),
                );
            }
        }
        for (tag, mode, count) in locks {
            for _ in 0..count {
                self.release(owner, tag, mode, 0);
            }
        }
    }

    /// What belongs to this depth belongs to the one before it from now on: RELEASE SAVEPOINT. No depth is before 0.
    pub fn move_down(&mut self, owner: SessionId, depth: u32) {
        let (Some(held), Some(below)) = (self.owners.get_mut(&owner), depth.checked_sub(1)) else { return };
        held.transactions.iter_mut().filter(|(_, at)| *at == depth).for_each(|(_, at)| *at = below);
        for slot in &held.held {
            let lock = self.table.lock_mut(*slot);
            while let Some(at) = lock.holders.iter().position(|it| it.owner == owner && it.depth == depth) {
                let holder = lock.holders.remove(at);
                lock.hold(owner, holder.mode, below, holder.count);
            }
        }
    }

    /// Gives back all but what belongs to the session.
    pub fn release_transaction(&mut self, owner: SessionId) {
        self.release_since(owner, 1);
    }

    /// The session is over: gives back everything, and waits no longer.
    pub fn release_all(&mut self, owner: SessionId) {
        self.withdraw(owner);
        self.release_since(owner, 0);
        self.owners.remove(&owner);
    }

    /// Waits no longer: a cancel, a timeout, the victim of a deadlock.
    pub fn withdraw(&mut self, owner: SessionId) {
        let Some(slot) = self.owners.get_mut(&owner).and_then(|held| held.awaited.take()) else { return };
        let lock = self.table.lock_mut(slot);
        let own = lock.queue.iter().find(|waiter| waiter.owner == owner);
        own.into_iter().for_each(|waiter| self.journal.note(lock.tag, waiter.mode));
        self.journal.waits = true;
        lock.queue.retain(|waiter| waiter.owner != owner);
        self.changed(slot);
        self.table.tidy(slot);
    }

    /// Who has got the lock he waited for, since the last time this was asked: lock by lock in the order in which
    /// they were given back, on each in the order of its queue. Where several could be next of whom one keeps the
    /// others out, `choose` is asked with their number (2 or more); 0 is PostgreSQL's order, first come first served.
    pub fn grant(&mut self, choose: &mut dyn FnMut(u32) -> u32) -> Vec<SessionId> {
        let mut granted = Vec::new();
        for slot in std::mem::take(&mut self.changed) {
            let new = granted.len();
            self.table.lock_mut(slot).grant(choose, &mut granted);
            for owner in &granted[new..] {
                let owner = self.owners.get_mut(owner).expect("a waiter is an owner");
                owner.awaited = None;
                if !owner.held.contains(&slot) {
                    owner.held.push(slot);
                }
            }
        }
        granted
    }

    /// The slot of the tag's lock. A transaction becomes a lock here.
    fn slot(&mut self, tag: Tag) -> Slot {
        if let Tag::Transaction(transaction) = tag
            && self.table.find(tag).is_none()
        {
            let slot = self.table.slot(tag);
            for (owner, held) in &mut self.owners {
                if let Some(at) = held.transactions.iter().position(|(begun, _)| *begun == transaction) {
                    let (_, depth) = held.transactions.remove(at);
                    held.held.push(slot);
                    self.table.lock_mut(slot).hold(*owner, Mode::Exclusive, depth, 1);
                }
            }
            return slot;
        }
        self.table.slot(tag)
    }

    fn hold(&mut self, slot: Slot, owner: SessionId, mode: Mode, depth: u32) {
        let lock = self.table.lock_mut(slot);
        let known = lock.is_held_by(owner);
        lock.hold(owner, mode, depth, 1);
        if !known {
            self.owners.entry(owner).or_default().held.push(slot);
        }
    }

    /// Somebody may have to wait no longer for this lock.
    fn changed(&mut self, slot: Slot) {
        if !self.table.lock(slot).queue.is_empty() && !self.changed.contains(&slot) {
            self.changed.push(slot);
        }
    }

    /// Whoever has a lock already touches nothing that others could see.
    fn note(&mut self, slot: Slot, owner: SessionId, mode: Mode) {
        if self.journal.listens && !self.table.lock(slot).modes_of(owner).contains(mode) {
            let tag = self.table.lock(slot).tag;
            self.journal.note(tag, mode);
        }
    }

    fn owner_mut(&mut self, owner: SessionId) -> &mut Owner {
        self.owners.get_mut(&owner).expect("a holder is an owner")
    }
}
