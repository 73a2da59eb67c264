//! Stores a row version: in the table, and in every index.

use super::Target;
use super::target::TargetIndex;
use crate::bug::Bug;
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::footprint::Change;
use crate::ids::{Tid, Xid};
use crate::store::{Key, Locker, Row, State, Tuple};
use crate::types::Datum;
use drawloom_model::SqlError;

/// Who else has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Nobody,
    /// A transaction that is not over: it may be rolled back.
    Perhaps(Xid),
    /// This version.
    Taken(Tid),
}

/// How many versions of one key there may be before those are looked for that nobody needs.
const VERSIONS_KEPT: usize = 3;

impl Executor {
    /// Writes a version into the table.
    pub(super) fn write(&self, target: &Target, row: Row, lockers: Vec<Locker>) -> Tid {
        self.with(|database| {
            let xid = database.xid(self.session);
            let command = database.session(self.session).transaction().command;
            let tuple = Tuple { lockers, ..Tuple::new(row, xid, command) };
            let tid = database.file_mut(target.table.file).heap.push(tuple);
            database.touch_change(self.session, (target.oid, target.table.file), tid, Change::New);
            tid
        })
    }

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
        let keys = self.keys(target, row, before)?;
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
            self.with(|database| {
                let entries = database.file_mut(target.table.file).index_mut(index.oid);
                let versions = entries.insert(key, tid);
                if versions.len() > VERSIONS_KEPT {
                    let versions = versions.to_vec();
                    let horizon = database.horizon();
                    let Database { files, transactions, .. } = database;
                    let file = files.get_mut(&target.table.file).expect("a table has a file");
                    file.prune(&versions, transactions, horizon);
                }
            });
        }
        Ok(())
    }

    /// A row's key in each index that has it, and whether the version that it takes the place of has the same.
    fn keys(
        &self,
        target: &Target,
        row: &[Datum],
        before: Option<&[Datum]>,
    ) -> Result<Vec<(Option<Key>, bool)>, SqlError> {
        self.with(|database| {
            let file = database.file_mut(target.table.file);
            let mut keys = Vec::with_capacity(target.indexes.len());
            for index in &target.indexes {
                let index = file.index(index.oid);
                let key = index.key(row)?;
                let same = match before {
                    Some(before) => index.key(before)? == key,
                    None => false,
                };
                keys.push((key, same));
            }
            Ok(keys)
        })
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

    /// Who has this key, whatever one's snapshot says (PostgreSQL's `_bt_check_unique`).
    pub(super) fn holder(&self, target: &Target, index: &TargetIndex, key: &Key, own: Option<Tid>) -> Holder {
        // NULL is like nothing else.
        if index.nulls_distinct && key.iter().any(Datum::is_null) {
            return Holder::Nobody;
        }
        self.with(|database| {
            database.touch_holder((target.oid, target.table.file), index.oid, key);
            let sees_own_snapshot = database.has(Bug::UncheckedUniqueKey);
            let reader = database.reader(self.session);
            let top = database.session(self.session).transaction().top();
            let transactions = &database.transactions;
            let file = database.files.get(&target.table.file).expect("a table has a file");
            let others = file.index(index.oid).exactly(key).iter().filter(|tid| Some(**tid) != own);
            for tid in others {
                let tuple = file.heap.get(*tid).expect("an index names versions that there are");
                match transactions.state(tuple.xmin) {
                    State::Aborted => continue,
                    _ if sees_own_snapshot && !tuple.is_visible(transactions, &reader) => continue,
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
        })
    }
}
