//! A table's row versions.

use super::{Reader, Row, State, Transactions};
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

/// How many versions stand together.
const PAGE_VERSIONS: usize = 64;

/// A table's versions, in the order in which they were written. They are found by their numbers, which are given in
/// that order; where all versions of a page are forgotten, so is the page.
#[derive(Debug, Default)]
pub(crate) struct Heap {
    pages: Vec<Page>,
    written: u32,
    len: usize,
}

/// Versions with numbers that follow on each other.
#[derive(Debug, Default)]
struct Page {
    tuples: Vec<Option<Tuple>>,
    len: usize,
}

impl Page {
    fn forget(&mut self, slot: usize) -> Option<Tuple> {
        let tuple = self.tuples.get_mut(slot)?.take()?;
        self.len -= 1;
        if self.len == 0 && self.tuples.len() == PAGE_VERSIONS {
            self.tuples = Vec::new();
        }
        Some(tuple)
    }
}

/// The page of a version, and its place there.
fn place(tid: Tid) -> (usize, usize) {
    let before = (tid.0 as usize).wrapping_sub(1);
    (before / PAGE_VERSIONS, before % PAGE_VERSIONS)
}

impl Heap {
    /// The number that the next version will have.
    pub fn next(&self) -> Tid {
        Tid(self.written + 1)
    }

    /// Writes a version.
    pub fn push(&mut self, tuple: Tuple) -> Tid {
        let tid = self.next();
        self.written = tid.0;
        self.len += 1;
        let (page, _) = place(tid);
        if page == self.pages.len() {
            self.pages.push(Page::default());
        }
        let page = &mut self.pages[page];
        page.tuples.push(Some(tuple));
        page.len += 1;
        tid
    }

    /// Puts a version back where it was.
    pub fn restore(&mut self, tid: Tid, tuple: Tuple) {
        self.written = self.written.max(tid.0);
        let (page, slot) = place(tid);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, Page::default);
        }
        let page = &mut self.pages[page];
        if slot >= page.tuples.len() {
            page.tuples.resize_with(slot + 1, || None);
        }
        if page.tuples[slot].replace(tuple).is_none() {
            page.len += 1;
            self.len += 1;
        }
    }

    pub fn get(&self, tid: Tid) -> Option<&Tuple> {
        let (page, slot) = place(tid);
        self.pages.get(page)?.tuples.get(slot)?.as_ref()
    }

    pub fn get_mut(&mut self, tid: Tid) -> Option<&mut Tuple> {
        let (page, slot) = place(tid);
        self.pages.get_mut(page)?.tuples.get_mut(slot)?.as_mut()
    }

    pub fn remove(&mut self, tid: Tid) -> Option<Tuple> {
        let (page, slot) = place(tid);
        let tuple = self.pages.get_mut(page)?.forget(slot)?;
        self.len -= 1;
        Some(tuple)
    }

    /// Every version, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Tid, &Tuple)> {
        self.pages.iter().zip(0..).flat_map(|(page, number)| {
            let tids = (number * PAGE_VERSIONS as u32 + 1..).map(Tid);
            page.tuples.iter().zip(tids).filter_map(|(tuple, tid)| Some((tid, tuple.as_ref()?)))
        })
    }

    /// Every version, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Tuple> {
        self.pages.iter_mut().flat_map(|page| page.tuples.iter_mut().flatten())
    }

    pub fn len(&self) -> usize {
        self.len
    }
}
