//! SIREAD locks: who has read what. They hinder nobody; who writes looks at them.
//!
//! Many small locks of a transaction become a greater one: the third row on a page locks the page.

use super::Ssi;
use super::target::Target;
use crate::ids::{Oid, Xid};

impl Ssi {
    /// The transaction has read the target, unless it has locked that already, or what it is part of.
    pub(super) fn lock(&mut self, transaction: Xid, target: Target) {
        let Some(reader) = self.transactions.get_mut(&transaction) else { return };
        if reader.has_read(target) {
            return;
        }
        reader.reads.entry(target).or_default().held = true;
        self.readers.entry(target).or_default().push(transaction);
        let mut greater = None;
        for parent in std::iter::successors(target.parent(), |target| target.parent()) {
            let read = reader.reads.entry(parent).or_default();
            read.parts += 1;
            if read.parts > parent.parts_max() {
                greater = Some(parent);
            }
        }
        match greater {
            Some(greater) => self.lock(transaction, greater),
            None => self.unlock_parts(transaction, target),
        }
    }

    /// The lock on the target covers those on its parts.
    fn unlock_parts(&mut self, transaction: Xid, target: Target) {
        let (Some(parts), Some(reader)) = (target.parts(), self.transactions.get(&transaction)) else {
            return;
        };
        let held = reader.reads.range(parts).filter(|(_, read)| read.held);
        let held: Vec<Target> = held.map(|(part, _)| *part).collect();
        for part in held {
            self.unlock(transaction, part);
        }
    }

    pub(super) fn unlock(&mut self, transaction: Xid, target: Target) {
        self.forget_read(transaction, target);
        let Some(reader) = self.transactions.get_mut(&transaction) else { return };
        if let Some(read) = reader.reads.get_mut(&target) {
            read.held = false;
        }
        for parent in std::iter::successors(target.parent(), |target| target.parent()) {
            if let Some(read) = reader.reads.get_mut(&parent) {
                read.parts = read.parts.saturating_sub(1);
            }
        }
        for target in std::iter::successors(Some(target), |target| target.parent()) {
            if reader.reads.get(&target).is_some_and(|read| !read.held && read.parts == 0) {
                reader.reads.remove(&target);
            }
        }
    }

    /// Gives back all locks of the transaction.
    pub(super) fn unlock_all(&mut self, transaction: Xid) {
        let Some(reader) = self.transactions.get_mut(&transaction) else { return };
        for (target, read) in std::mem::take(&mut reader.reads) {
            if read.held {
                self.forget_read(transaction, target);
            }
        }
    }

    /// The row versions of the table, or the pages of its index, are gone or are others now: whoever has read some of
    /// the relation has read all of the table from now on (`TransferPredicateLocksToHeapRelation`).
    pub fn widen(&mut self, relation: Oid, table: Oid) {
        let whole = Target::whole(table);
        let on_relation = self.readers.range(Target::all(relation)).filter(|(target, _)| **target != whole);
        let locks = on_relation.flat_map(|(target, readers)| readers.iter().map(|reader| (*target, *reader)));
        for (target, reader) in locks.collect::<Vec<_>>() {
            self.unlock(reader, target);
            let read = self
                .transactions
                .get_mut(&reader)
                .expect("a reader is known")
                .reads
                .entry(whole)
                .or_default();
            if !std::mem::replace(&mut read.held, true) {
                self.readers.entry(whole).or_default().push(reader);
            }
        }
    }

    fn forget_read(&mut self, transaction: Xid, target: Target) {
        if let Some(readers) = self.readers.get_mut(&target) {
            readers.retain(|reader| *reader != transaction);
            if readers.is_empty() {
                self.readers.remove(&target);
            }
        }
    }
}
