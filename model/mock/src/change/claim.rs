//! Claims a row version, to lock it, to update it or to delete it: waits for whoever has it, and finds out what
//! became of it meanwhile (PostgreSQL's heap_lock_tuple, heap_update and heap_delete in heapam.c).
//!
//! ```text
//! standing -> Free       it is ours
//!          -> Busy       wait: first in the version's own queue, then for each transaction that has it; again
//!          -> Updated    READ COMMITTED goes on with the next version, the others fail
//!          -> Deleted    READ COMMITTED skips it, the others fail
//! ```

use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::{Tid, Xid};
use crate::locks::{Mode, Tag};
use crate::query::Waits;
use crate::session::Transaction;
use crate::store::{Locker, RowLock, State, Transactions, Tuple};
use drawloom_model::{SessionId, SqlError};

/// What is claimed, and what for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub table: &'a crate::catalog::Table,
    pub oid: crate::ids::Oid,
    pub tid: Tid,
    pub mode: RowLock,
    pub waits: Waits,
    /// It is to be locked, and stays as it is.
    pub locks_only: bool,
}

/// What stands in the way of a claim.
#[derive(Debug)]
enum Standing {
    Free,
    /// These transactions have it.
    Busy(Vec<Xid>),
    Updated(Tid),
    Deleted,
    OwnCommand,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// The version is ours.
    Taken,
    /// It has a newer version.
    Updated(Tid),
    Deleted,
    /// The statement itself has already changed it.
    OwnCommand,
    /// Somebody has it, and one does not wait.
    Skipped,
}

impl RowLock {
    /// How one stands in the queue of a version that one wants so.
    fn queue_mode(self) -> Mode {
        match self {
            RowLock::KeyShare => Mode::AccessShare,
            RowLock::Share => Mode::RowShare,
            RowLock::NoKeyUpdate => Mode::Exclusive,
            RowLock::Update => Mode::AccessExclusive,
        }
    }
}

impl Executor {
    /// Claims a version. What is done with it is up to the caller, before he lets anybody else run.
    ///
    /// # Errors
    /// `55P03`: NOWAIT; and those of waiting.
    pub(super) async fn claim(&self, request: Request<'_>) -> Result<Claim, SqlError> {
        let Request { table, oid, tid, mode, waits, .. } = request;
        let tag = Tag::Tuple(oid, tid);
        let mut queued = false;
        let claim = loop {
            let (standing, is_locker) = self.with(|database| database.standing(self.session, request));
            let xids = match standing {
                Standing::Free => break Claim::Taken,
                Standing::Updated(next) => break Claim::Updated(next),
                Standing::Deleted => break Claim::Deleted,
                Standing::OwnCommand => break Claim::OwnCommand,
                Standing::Busy(xids) => xids,
            };
            match waits {
                Waits::Wait => (),
                Waits::Skip => break Claim::Skipped,
                Waits::Fail => {
                    let message = format!("could not obtain lock on row in relation \"{}\"", table.name);
                    return Err(error("55P03", message));
                }
            }
            // Who has locked it already does not queue behind those who wait for him.
            if !queued && !is_locker {
                self.lock(tag, mode.queue_mode(), "a row's lock").await?;
                queued = true;
            }
            for xid in xids {
                Box::pin(self.wait_for(xid)).await?;
            }
        };
        if queued {
            self.with(|database| {
                let depth = database.session(self.session).transaction().depth();
                database.locks.get_mut().release(self.session, tag, mode.queue_mode(), depth)
            });
        }
        Ok(claim)
    }
}

impl Database {
    /// What stands in the way of a claim, and whether the session's transaction has locked the version already.
    fn standing(&self, session: SessionId, request: Request<'_>) -> (Standing, bool) {
        self.touch_version((request.oid, request.table.file), request.tid);
        let transaction = self.session(session).transaction.as_ref();
        let (top, command) = (transaction.and_then(Transaction::top), transaction.map_or(0, |it| it.command));
        let file = self.files.get(&request.table.file).expect("a table has a file");
        let Some(tuple) = file.heap.get(request.tid) else { return (Standing::Deleted, false) };
        let standing = tuple.standing(&self.transactions, top, command, request);
        (standing, tuple.held_by(&self.transactions, top).is_some())
    }

    /// Whether a version is free to be claimed.
    pub(super) fn is_free(&self, session: SessionId, request: Request<'_>) -> bool {
        matches!(self.standing(session, request), (Standing::Free, _))
    }
}

impl Tuple {
    /// How strongly this transaction has locked the version.
    pub(crate) fn held_by(&self, transactions: &Transactions, top: Option<Xid>) -> Option<RowLock> {
        let own = |locker: &&Locker| top.is_some() && transactions.running(locker.xid) == top;
        self.lockers.iter().filter(own).map(|locker| locker.mode).max()
    }

    fn standing(
        &self,
        transactions: &Transactions,
        top: Option<Xid>,
        command: u32,
        Request { mode, locks_only, .. }: Request<'_>,
    ) -> Standing {
        // Who has locked it strongly enough needs nothing more.
        if locks_only && self.held_by(transactions, top).is_some_and(|held| held >= mode) {
            return Standing::Free;
        }
        let mut busy = Vec::new();
        if let Some(end) = self.ended(transactions) {
            let after = end.next.map_or(Standing::Deleted, Standing::Updated);
            match transactions.state(end.xid) {
                State::Running { top: other } if Some(other) == top => {
                    return if end.command >= command { Standing::OwnCommand } else { after };
                }
                State::Running { .. } if end.mode.conflicts(mode) => busy.push(end.xid),
                State::Running { .. } | State::Aborted => (),
                // What others refer to is still the same.
                State::Committed { .. } if locks_only && !end.mode.conflicts(mode) => (),
                State::Committed { .. } => return after,
            }
        }
        let is_other = |xid: Xid| transactions.running(xid).is_some_and(|other| Some(other) != top);
        let in_the_way = self.lockers.iter().filter(|it| it.mode.conflicts(mode) && is_other(it.xid));
        busy.extend(in_the_way.map(|locker| locker.xid));
        if busy.is_empty() { Standing::Free } else { Standing::Busy(busy) }
    }
}
