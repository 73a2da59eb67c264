//! Stores a row version: in the table, and in every index.

use super::Target;
use super::target::TargetIndex;
use crate::bug::Bug;
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::footprint::Change;
use crate::ids::{Oid, Tid, Xid};
use crate::session::Transaction;
use crate::store::{File, Key, Locker, Reader, Row, State, Tuple};
use crate::types::Datum;
use drawloom_model::{SessionId, SqlError};
use smallvec::SmallVec;

/// Who else has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Nobody,
    /// A transaction that is not over: it may be rolled back.
    Perhaps(Xid),
    /// This version.
    Taken(Tid),
}

/// A row's key in each index that has it, and whether the version that it takes the place of has the same.
pub(super) type Keys = SmallVec<[(Option<Key>, bool); 2]>;

/// How many versions of one key there may be before those are looked for that nobody needs.
const VERSIONS_KEPT: usize = 3;

impl Executor {
    /// Writes a version into the table's indexes. Where a key is taken by a transaction that is not over, it waits
    /// for its end. `before` is the version that it takes the place of.
    ///
    /// # Errors
    /// `23505`: a unique key is taken.
    pub(super) async fn enter(
        &self,
        target: &Target,
        tid: Tid,
        row: &Row,
        before: Option<&[Datum]>,
    ) -> Result<(), SqlError> {
        let keys = self.with(|database| database.keys(target, row, before))?;
        // PostgreSQL leaves the indexes alone where no key has changed (heap-only tuples).
        let stays = keys.iter().all(|(_, same)| *same);
        for (index, (key, same)) in target.indexes.iter().zip(keys) {
            let Some(key) = key else { continue };
            let is_missed = before.is_some() && self.has(Bug::IndexMissesRow);
            if index.is_unique && !same {
                match index.deferral {
                    None => self.wait_until_free(target, index, &key, tid).await?,
                    Some(_) => self.note_repeated(target, index, &key, tid),
                }
            }
            if !stays {
                self.watch_key(target, index.oid, &key)?;
            }
            if is_missed {
                continue;
            }
            self.with(|database| database.enter_key(target, index.oid, key, tid));
        }
        Ok(())
    }

    /// A row's key in an index, if the index has it.
    ///
    /// # Errors
    /// What the index's expressions say.
    pub(super) fn key(
        &self,
        target: &Target,
        index: &TargetIndex,
        row: &[Datum],
    ) -> Result<Option<Key>, SqlError> {
        self.with(|database| database.file_mut(target.table.file).index(index.oid).key(row))
    }

    /// Waits until nobody else has a key.
    ///
    /// # Errors
    /// `23505`: somebody keeps it; those of waiting.
    pub(super) async fn wait_until_free(
        &self,
        target: &Target,
        index: &TargetIndex,
        key: &Key,
        own: Tid,
    ) -> Result<(), SqlError> {
        loop {
            match self.holder(target, index, key, Some(own)) {
                Holder::Nobody => return Ok(()),
                Holder::Perhaps(xid) => Box::pin(self.wait_for(xid)).await?,
                Holder::Taken(_) => {
                    // Who fails for a row that he could not see cannot be serialized.
                    self.watch_key(target, index.oid, key)?;
                    let message =
                        format!("duplicate key value violates unique constraint \"{}\"", index.name);
                    return Err(error("23505", message));
                }
            }
        }
    }

    /// Who has this key, whatever one's snapshot says.
    pub(super) fn holder(&self, target: &Target, index: &TargetIndex, key: &Key, own: Option<Tid>) -> Holder {
        self.with(|database| database.holder(self.session, target, index, key, own))
    }
}

/// Whose doing a version is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer {
    pub session: SessionId,
    pub xid: Xid,
    pub command: u32,
}

impl Database {
    /// The running command of the session's transaction.
    pub(super) fn writer(&mut self, session: SessionId) -> Writer {
        let xid = self.xid(session);
        Writer { session, xid, command: self.session(session).transaction().command }
    }

    /// Writes a version into the table.
    pub(super) fn write(&mut self, by: Writer, target: &Target, row: Row, lockers: Vec<Locker>) -> Tid {
        let tuple = Tuple { lockers, ..Tuple::new(row, by.xid, by.command) };
        let tid = self.file_mut(target.table.file).heap.push(tuple);
        self.touch_change(by.session, (target.oid, target.table.file), tid, Change::New);
        tid
    }

    /// A row's key in each index that has it, and whether the version that it takes the place of has the same.
    pub(super) fn keys(
        &self,
        target: &Target,
        row: &[Datum],
        before: Option<&[Datum]>,
    ) -> Result<Keys, SqlError> {
        let file = self.files.get(&target.table.file).expect("a table has a file");
        let mut keys = Keys::new();
        for index in &target.indexes {
            let entries = file.index(index.oid);
            let key = entries.key(row)?;
            let same = match (before, &index.columns) {
                (None, _) => false,
                (Some(before), Some(columns)) => columns.iter().all(|place| before[*place] == row[*place]),
                (Some(before), None) => entries.key(before)? == key,
            };
            keys.push((key, same));
        }
        Ok(keys)
    }

    /// Writes a version into an index. Where many have its key, those are forgotten that nobody needs.
    pub(super) fn enter_key(&mut self, target: &Target, index: Oid, key: Key, tid: Tid) {
        let Database { files, sessions, transactions, .. } = self;
        let file = files.get_mut(&target.table.file).expect("a table has a file");
        let File { heap, indexes } = file;
        let versions = indexes.get_mut(&index).expect("an index has entries").insert(key, tid);
        if versions.len() <= VERSIONS_KEPT {
            return;
        }
        let horizon = sessions.horizon(transactions.commits());
        let is_dead = |tid: &Tid| heap.get(*tid).is_some_and(|tuple| tuple.is_dead(transactions, horizon));
        let dead: SmallVec<[Tid; 8]> = versions.iter().copied().filter(is_dead).collect();
        versions.retain(|tid| !dead.contains(tid));
        file.forget(&dead, Some(index));
    }

    /// Who has this key, whatever one's snapshot says (PostgreSQL's `_bt_check_unique`).
    pub(super) fn holder(
        &mut self,
        session: SessionId,
        target: &Target,
        index: &TargetIndex,
        key: &Key,
        own: Option<Tid>,
    ) -> Holder {
        // NULL is like nothing else.
        if index.nulls_distinct && key.iter().any(Datum::is_null) {
            return Holder::Nobody;
        }
        self.touch_holder((target.oid, target.table.file), index.oid, key);
        let snapshot = self.has(Bug::UncheckedUniqueKey).then(|| self.reader(session));
        let top = self.session(session).transaction.as_ref().and_then(Transaction::top);
        let transactions = &self.transactions;
        let file = self.files.get(&target.table.file).expect("a table has a file");
        let others = file.index(index.oid).exactly(key).iter().filter(|tid| Some(**tid) != own);
        for tid in others {
            let tuple = file.heap.get(*tid).expect("an index names versions that there are");
            let is_hidden = |reader: Reader| !tuple.is_visible(transactions, &reader);
            match transactions.state(tuple.xmin) {
                State::Aborted => continue,
                _ if snapshot.is_some_and(is_hidden) => continue,
                State::Running { top: other } if Some(other) != top => {
                    return Holder::Perhaps(tuple.xmin);
                }
                State::Running { .. } | State::Committed { .. } => (),
            }
            let Some(end) = tuple.ended(transactions) else { return Holder::Taken(*tid) };
            if transactions.running(end.xid).is_some_and(|other| Some(other) != top) {
                return Holder::Perhaps(end.xid);
            }
        }
        Holder::Nobody
    }
}
