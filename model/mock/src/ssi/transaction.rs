//! A serializable transaction, for as long as it matters to others.

use super::target::Target;
use crate::ids::Xid;
use std::collections::BTreeMap;

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    /// Somebody else has decided that it is to fail, when it reads, writes or commits next.
    Doomed,
    /// It has passed the last check, and cannot fail any more.
    Prepared,
    Committed,
}

/// A transaction's lock on a target, or the count of those on its parts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Siread {
    pub held: bool,
    pub parts: u32,
}

/// Of the sequence numbers, [`u64::MAX`] stands for one that is not given yet: it comes after all others.
#[derive(Debug)]
pub(super) struct Transaction {
    pub state: State,
    /// It was declared READ ONLY, or has committed without a write.
    pub read_only: bool,
    /// It was declared READ ONLY.
    pub declared_read_only: bool,
    /// READ ONLY, and a transaction it overlaps has turned out to be a danger to its snapshot.
    pub endangered: bool,
    /// It reads the state after this sequence number.
    pub snapshot: u64,
    pub prepared: u64,
    pub committed: u64,
    /// The first of those to commit that it has a conflict out to and that committed before it did.
    pub earliest_out: Option<u64>,
    /// Those that wrote what it had read before they did, or reads as it was before.
    pub out: Vec<Xid>,
    /// Those that have a conflict out to it.
    pub into: Vec<Xid>,
    /// Of one that is READ ONLY: whoever may make its snapshot unsafe. Of another: whose snapshot it may make so.
    pub undecided: Vec<Xid>,
    /// Its number among those that write, given with the first write: what PostgreSQL's transaction id is.
    pub number: Option<u64>,
    /// The first number that may have been in progress at its snapshot: PostgreSQL's `xmin`.
    pub number_min: u64,
    /// The number that was to be given next when it ended.
    pub ended_before: u64,
    pub reads: BTreeMap<Target, Siread>,
}

impl Transaction {
    pub fn new(read_only: bool, snapshot: u64, number_min: u64) -> Transaction {
        Transaction {
            state: State::Active,
            read_only,
            declared_read_only: read_only,
            endangered: false,
            snapshot,
            prepared: u64::MAX,
            committed: u64::MAX,
            earliest_out: None,
            out: Vec::new(),
            into: Vec::new(),
            undecided: Vec::new(),
            number: None,
            number_min,
            ended_before: u64::MAX,
            reads: BTreeMap::new(),
        }
    }

    pub fn is_doomed(&self) -> bool {
        self.state == State::Doomed
    }

    pub fn is_committed(&self) -> bool {
        self.state == State::Committed
    }

    /// Prepared or committed.
    pub fn is_prepared(&self) -> bool {
        matches!(self.state, State::Prepared | State::Committed)
    }

    /// True if it holds a lock on the target or on what that is part of.
    pub fn has_read(&self, target: Target) -> bool {
        std::iter::successors(Some(target), |target| target.parent())
            .any(|target| self.reads.get(&target).is_some_and(|read| read.held))
    }
}
