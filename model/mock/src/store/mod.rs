//! Tables in memory: every row's versions, the indexes over them, and which transactions they belong to.
//!
//! ```text
//! Transactions   xid -> running | committed at | aborted          who is visible to whom
//! Heap           tid -> Tuple { row, xmin, end: xmax + next }     versions in the order they were written
//! Index          key -> tids                                     an entry for every version
//! ```
//!
//! As in PostgreSQL a version is never changed: an UPDATE ends it and writes the next one, and a reader finds
//! by its snapshot which of a row's versions it sees.

mod bucket;
mod heap;
mod index;
mod key;
mod pages;
mod transactions;

pub(crate) use heap::{End, Heap, Locker, RowLock, Tuple};
pub(crate) use index::{Index, Span};
pub(crate) use key::Key;
pub(crate) use pages::Pages;
pub(crate) use transactions::{Reader, State, Transactions};

use crate::ids::{Oid, Tid};
use crate::types::Datum;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One version's values, one for each column that the table ever had.
pub(crate) type Row = Rc<[Datum]>;

/// What a table's rows and its indexes hold.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub heap: Heap,
    /// By the index's number in the catalog.
    pub indexes: BTreeMap<Oid, Index>,
}

impl File {
    pub fn index(&self, index: Oid) -> &Index {
        self.indexes.get(&index).expect("an index of the catalog has entries")
    }

    /// Forgets versions of these that nobody can see any more: who wants to see commits up to `horizon` sees
    /// a later version, or none.
    pub fn prune(&mut self, tids: &[Tid], transactions: &Transactions, horizon: u64) {
        let is_dead = |tid: &Tid| {
            let tuple = self.heap.get(*tid);
            tuple.is_some_and(|tuple| tuple.is_dead(transactions, horizon))
        };
        let dead: Vec<Tid> = tids.iter().copied().filter(is_dead).collect();
        self.forget(&dead, None);
    }

    /// Forgets these versions; one index has already.
    pub fn forget(&mut self, dead: &[Tid], done: Option<Oid>) {
        for (_, index) in self.indexes.iter_mut().filter(|(oid, _)| Some(**oid) != done) {
            let row = |tid: &Tid| Some((*tid, &self.heap.get(*tid)?.row));
            index.remove(dead.iter().filter_map(row));
        }
        for tid in dead {
            self.heap.remove(*tid);
        }
    }
}
