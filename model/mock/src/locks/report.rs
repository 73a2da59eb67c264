//! What one can ask about locks.

use super::lock::{Lock, Waiter};
use super::{Locks, Mode, Owner, Row, Tag, deadlock};
use crate::ids::Xid;
use drawloom_model::SessionId;
use std::collections::BTreeSet;

impl Locks {
    /// Whether the owner would get the lock without a wait.
    pub fn would_grant(&self, owner: SessionId, tag: Tag, mode: Mode) -> bool {
        self.table.find(tag).is_none_or(|slot| self.table.lock(slot).is_free_for(owner, mode))
    }

    /// True if somebody may have to wait no longer, as [`Locks::grant`] finds out.
    pub fn have_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// True if the owner stands in a queue.
    pub fn is_waiting(&self, owner: SessionId) -> bool {
        self.owners.get(&owner).is_some_and(|held| held.awaited.is_some())
    }

    /// True if the owner holds the lock in this mode, at any depth.
    pub fn holds(&self, owner: SessionId, tag: Tag, mode: Mode) -> bool {
        let begun = |held: &Owner| held.transactions.iter().any(|(it, _)| Tag::Transaction(*it) == tag);
        self.table.find(tag).is_some_and(|slot| self.table.lock(slot).modes_of(owner).contains(mode))
            || (mode == Mode::Exclusive && self.owners.get(&owner).is_some_and(begun))
    }

    /// Whether the owner holds something both for its session and for its transaction.
    pub fn holds_twice(&self, owner: SessionId) -> bool {
        let slots = self.owners.get(&owner).into_iter().flat_map(|it| &it.held);
        slots.map(|slot| self.table.lock(*slot)).any(|lock| {
            let mut own = lock.holders.iter().filter(|it| it.owner == owner).map(|it| it.depth == 0);
            own.clone().any(|is_session| is_session) && own.any(|is_session| !is_session)
        })
    }

    /// What the owner holds for its transaction, beside the transaction itself.
    pub fn of_transaction(&self, owner: SessionId) -> BTreeSet<(Tag, Mode)> {
        let slots = self.owners.get(&owner).into_iter().flat_map(|it| &it.held);
        let locks = slots.map(|slot| self.table.lock(*slot));
        let own = |lock: &&Lock| !matches!(lock.tag, Tag::Transaction(_));
        let held = locks.filter(own).flat_map(|lock| lock.holders.iter().map(|holder| (lock.tag, holder)));
        held.filter(|(_, it)| it.owner == owner && it.depth > 0).map(|(tag, it)| (tag, it.mode)).collect()
    }

    /// Whom the owner waits for: first who holds what he waits for, then who stands before him in the queue
    /// (`pg_blocking_pids`). Each once.
    pub fn blockers(&self, owner: SessionId) -> Vec<SessionId> {
        let mut blockers = Vec::new();
        if let Some(lock) = self.awaited(owner) {
            for (blocker, _) in deadlock::edges(lock, owner, lock.queue.iter()) {
                if !blockers.contains(&blocker) {
                    blockers.push(blocker);
                }
            }
        }
        blockers
    }

    /// Every lock that is held or awaited: tag by tag, first the holders, then the queue. A mode held at several
    /// depths is one row.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for lock in self.table.iter() {
            let start = rows.len();
            for holder in &lock.holders {
                let row = Row { tag: lock.tag, owner: holder.owner, mode: holder.mode, granted: true };
                if !rows[start..].contains(&row) {
                    rows.push(row);
                }
            }
            let awaited = |it: &Waiter| Row { tag: lock.tag, owner: it.owner, mode: it.mode, granted: false };
            rows.extend(lock.queue.iter().map(awaited));
        }
        for (owner, held) in &self.owners {
            let begun = |(transaction, _): &(Xid, u32)| Tag::Transaction(*transaction);
            rows.extend(held.transactions.iter().map(begun).map(|tag| Row {
                tag,
                owner: *owner,
                mode: Mode::Exclusive,
                granted: true,
            }));
        }
        rows.sort_by_key(|row| row.tag);
        rows
    }

    /// The lock the owner waits for.
    pub(super) fn awaited(&self, owner: SessionId) -> Option<&Lock> {
        self.owners.get(&owner)?.awaited.map(|slot| self.table.lock(slot))
    }
}
