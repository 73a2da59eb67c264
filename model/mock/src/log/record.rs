//! What the log says: the records, as plain values.

use crate::catalog;
use crate::ids::{Oid, Tid, Xid};
use crate::locks::{Mode, Tag};
use crate::options::Isolation;
use crate::sequence;
use crate::session::Storage;
use crate::store::{Row, RowLock};
use smallvec::SmallVec;
use std::rc::Rc;

/// One entry of the log.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// A transaction is committed.
    Commit(Commit),
    /// A transaction is prepared.
    Prepare(Rc<Prepared>),
    /// The prepared transaction of this name is rolled back.
    RollBack(Rc<str>),
    /// A sequence's values up to there may have been handed out, whatever becomes of the transaction that asked.
    Sequence { file: Oid, state: sequence::State },
}

/// What a transaction did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commit {
    pub changes: RowChanges,
    pub definition: Option<Box<Definition>>,
    /// The name that it was prepared by.
    pub prepared: Option<Rc<str>>,
}

/// What was done to rows. Most transactions do one thing.
pub(crate) type RowChanges = SmallVec<[Change; 1]>;

/// A row version that was written, or ended, or took the place of another one.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub file: Oid,
    /// By this transaction or subtransaction.
    pub xid: Xid,
    pub before: Option<(Tid, RowLock)>,
    pub after: Option<(Tid, Row)>,
}

/// What a transaction changed beside rows.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub objects: catalog::Changes,
    /// The files that it made, and the rows in them.
    pub files: Vec<(Oid, Vec<(Tid, Row)>)>,
    /// Where the sequences are that it made or changed.
    pub sequences: Vec<(Oid, sequence::State)>,
}

/// A prepared transaction: all that it needs to be committed later, and what it holds until then.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub name: Rc<str>,
    pub commit: Commit,
    /// Its numbers, its own first.
    pub xids: Vec<Xid>,
    pub isolation: Isolation,
    pub storage: Vec<Storage>,
    pub locks: Vec<(Tag, Mode)>,
    /// The rows that it has locked and not changed.
    pub rows: Vec<(Oid, Tid, RowLock)>,
}
