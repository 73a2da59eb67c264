//! A table's row versions.

use super::{Pages, Reader, Row, State, Transactions};
use crate::ids::{Tid, Xid};

/// How strongly a row is locked (PostgreSQL's manual, 13.3.2), the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowLock {
    KeyShare,
    Share,
    NoKeyUpdate,
    Update,
}

impl RowLock {
    /// How a statement says it.
    pub fn clause(self) -> &'static str {
        match self {
            RowLock::KeyShare => "FOR KEY SHARE",
            RowLock::Share => "FOR SHARE",
            RowLock::NoKeyUpdate => "FOR NO KEY UPDATE",
            RowLock::Update => "FOR UPDATE",
        }
    }
}

impl RowLock {
    /// Whether two transactions cannot hold these at once.
    pub fn conflicts(self, other: RowLock) -> bool {
        use RowLock::{KeyShare, NoKeyUpdate, Share, Update};
        match (self.min(other), self.max(other)) {
            (KeyShare, Update) => true,
            (KeyShare, _) | (Share, Share) => false,
            (Share | NoKeyUpdate | Update, _) => true,
        }
    }
}

/// Who has locked a row version without changing it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locker {
    pub xid: Xid,
    pub mode: RowLock,
}

/// How a version ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// By whom.
    pub xid: Xid,
    /// In which of its commands.
    pub command: u32,
    /// The version that took its place; a row that was deleted has none.
    pub next: Option<Tid>,
    /// It locks the row like this for as long as the transaction runs.
    pub mode: RowLock,
}

/// One version of a row.
#[derive(Debug)]
pub(crate) struct Tuple {
    pub row: Row,
    /// Who wrote it.
    pub xmin: Xid,
    /// In which of its commands.
    pub cmin: u32,
    /// It was updated or deleted, unless who did it was rolled back.
    pub end: Option<End>,
    pub lockers: Vec<Locker>,
}

impl Tuple {
    /// A version that this command writes.
    pub fn new(row: Row, xmin: Xid, cmin: u32) -> Tuple {
        Tuple { row, xmin, cmin, end: None, lockers: Vec::new() }
    }

    /// The end, unless who ended it was rolled back.
    pub fn ended(&self, transactions: &Transactions) -> Option<End> {
        self.end.filter(|end| transactions.state(end.xid) != State::Aborted)
    }

    /// Whether the reader sees this version.
    pub fn is_visible(&self, transactions: &Transactions, reader: &Reader) -> bool {
        reader.sees(transactions, self.xmin, self.cmin)
            && !self.end.is_some_and(|end| reader.sees(transactions, end.xid, end.command))
    }

    /// The transaction whose doing a reader passes by: it has written this version, which he does not see, or
    /// ended it, which he does not see either (PostgreSQL's HeapCheckForSerializableConflictOut).
    pub fn passed_by(&self, transactions: &Transactions, is_visible: bool) -> Option<Xid> {
        let top = |xid| match transactions.state(xid) {
            State::Running { top } | State::Committed { top, .. } => Some(top),
            State::Aborted => None,
        };
        if is_visible { top(self.ended(transactions)?.xid) } else { top(self.xmin) }
    }

    /// Nobody who sees the commits up to `horizon` can see it, and nobody ever will.
    pub fn is_dead(&self, transactions: &Transactions, horizon: u64) -> bool {
        let over = |end: End| matches!(transactions.state(end.xid), State::Committed { sequence, .. } if sequence <= horizon);
        transactions.state(self.xmin) == State::Aborted || self.end.is_some_and(over)
    }
}

/// A table's versions.
pub(crate) type Heap = Pages<Tuple>;
