//! What a transaction writes to the log, and when it waits for the disk.

use super::{Change, Commit, Definition, Prepared, Record, RowChanges};
use crate::bug::Bug;
use crate::catalog::{Catalog, Changes, Object};
use crate::database::Database;
use crate::ids::{Oid, Tid, Xid};
use crate::sequence::State;
use crate::session::Transaction;
use crate::store::{Reader, Row};
use drawloom_model::SessionId;
use std::rc::Rc;

impl Database {
    /// What the session's transaction did, if it did anything that lasts. `changes` are those that it has noted.
    pub fn doings(&self, session: SessionId, mut changes: RowChanges) -> Option<Commit> {
        let transaction = self.session(session).transaction.as_ref()?;
        changes.retain(|change| !self.transactions.is_aborted(change.xid));
        let defined = transaction.draft.as_ref().filter(|draft| !draft.changes.is_empty());
        let definition = defined.map(|draft| {
            let files = self.files_made(transaction, &draft.catalog);
            changes.retain(|change| files.iter().all(|(file, _)| *file != change.file));
            let sequences = self.sequences_of(&draft.changes);
            Box::new(Definition { objects: draft.changes.clone(), files, sequences })
        });
        if changes.is_empty() && definition.is_none() && transaction.prepared.is_none() {
            return None;
        }
        Some(Commit { changes, definition, prepared: transaction.prepared.clone() })
    }

    /// The files that a transaction has made for tables that there still are, and what it sees in them.
    fn files_made(&self, transaction: &Transaction, catalog: &Catalog) -> Vec<(Oid, Vec<(Tid, Row)>)> {
        let reader = Reader {
            sequence: self.transactions.commits(),
            top: transaction.top(),
            command: u32::MAX,
            dirty: false,
        };
        let made = transaction.storage.iter().filter(|storage| storage.index.is_none());
        let known = made.filter(|storage| catalog.tables().any(|table| table.file == storage.file));
        known
            .map(|storage| {
                let tuples = self.files[&storage.file].heap.iter();
                let seen = tuples.filter(|(_, tuple)| tuple.is_visible(&self.transactions, &reader));
                (storage.file, seen.map(|(tid, tuple)| (tid, tuple.row.clone())).collect())
            })
            .collect()
    }

    fn sequences_of(&self, changes: &Changes) -> Vec<(Oid, State)> {
        let sequences = changes.objects.values().filter_map(|object| match object {
            Some(Object::Sequence(sequence)) => Some(sequence),
            _ => None,
        });
        let states = self.sequences.borrow();
        sequences.map(|sequence| (sequence.file, states.state(sequence).ahead(sequence))).collect()
    }

    /// All that there is to know of a transaction that the session's is about to become.
    pub fn preparation(&self, session: SessionId, name: &Rc<str>) -> Prepared {
        let transaction = self.session(session).transaction();
        let commit = self.doings(session, transaction.changes.clone()).unwrap_or_default();
        let xids: Vec<Xid> = transaction.xids().collect();
        let mut rows = Vec::new();
        for (file, content) in &self.files {
            for (tid, tuple) in content.heap.iter() {
                let own = tuple.lockers.iter().filter(|locker| xids.contains(&locker.xid));
                rows.extend(own.map(|locker| (*file, tid, locker.mode)));
            }
        }
        Prepared {
            name: name.clone(),
            commit,
            isolation: transaction.isolation,
            storage: transaction.storage.clone(),
            locks: self.locks.borrow().of_transaction(session).into_iter().collect(),
            rows,
            xids,
        }
    }

    /// Notes what the session's transaction does to a row.
    pub fn log_change(&mut self, session: SessionId, change: Change) {
        self.session_mut(session).transaction_mut().changes.push(change);
    }

    /// A sequence's values up to there may have been handed out.
    pub fn log_sequence(&self, session: SessionId, file: Oid, state: State) {
        self.log.borrow_mut().append(self.now, Record::Sequence { file, state });
        self.session(session).transaction().has_logged.set(true);
    }

    /// Writes a record and waits for the disk, if `waits`.
    pub fn log(&mut self, record: Record, waits: bool) {
        let now = self.now;
        self.log.get_mut().append(now, record);
        self.flush(waits);
    }

    /// Waits for the disk, if `waits`.
    pub fn flush(&mut self, waits: bool) {
        if waits && !self.has(Bug::EarlyAcknowledgement) {
            self.log.get_mut().sync();
        }
    }
}
