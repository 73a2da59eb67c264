//! What can be locked.

use crate::ids::{Oid, Tid, Xid};

/// The thing a lock is on (PostgreSQL's `LOCKTAG`; `pg_locks.locktype`), in the order of PostgreSQL's lock types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tag {
    /// A table, an index, a sequence, a view.
    Relation(Oid),
    /// A row version: who stands first in its queue may wait for its locker next.
    Tuple(Oid, Tid),
    /// A transaction or a subtransaction, which holds it exclusively as long as it lasts.
    Transaction(Xid),
    /// A row inserted by ON CONFLICT that is not yet known to stay; the number tells apart those of one transaction.
    Speculative(Xid, u32),
    /// Anything else of the catalog: a schema, a type, a function.
    Object(Oid),
    /// What the application makes of it.
    Advisory(AdvisoryKey),
}

/// The key of an advisory lock. The two forms are two spaces of keys: `Big(1)` and `Pair(0, 1)` differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdvisoryKey {
    /// One `bigint`.
    Big(i64),
    /// Two `integer`.
    Pair(i32, i32),
}

impl Tag {
    /// The kind of thing, as `pg_locks.locktype` says it.
    pub fn kind(self) -> &'static str {
        match self {
            Tag::Relation(_) => "relation",
            Tag::Tuple(..) => "tuple",
            Tag::Transaction(_) => "transactionid",
            Tag::Speculative(..) => "spectoken",
            Tag::Object(_) => "object",
            Tag::Advisory(_) => "advisory",
        }
    }
}
