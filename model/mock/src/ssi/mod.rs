//! Serializable transactions: snapshot isolation that notices where it goes wrong, as PostgreSQL's predicate.c does
//! (Cahill, Röhm and Fekete, "Serializable isolation for snapshot databases", SIGMOD 2008; Ports and Grittner,
//! "Serializable snapshot isolation in PostgreSQL", VLDB 2012).
//!
//! The executor tells what a transaction reads and writes; from this come conflicts, and from dangerous pairs of
//! conflicts failures. Only serializable transactions are told of: others are as if they were not there.
//!
//! ```text
//!  begin ──> read_*   leave SIREAD locks                    ──┐
//!    │       check, read_past  what others wrote first        ├──> conflicts ──> dangerous? ──> Err, or another
//!    │       write_*  find the SIREAD locks of others       ──┘                                 one is doomed
//!    ├─────> prepare_commit ──> committed ··· kept until nobody overlaps it
//!    └─────> aborted
//! ```
//!
//! What PostgreSQL's plans do:
//!
//! | access                             | calls                                                          |
//! |------------------------------------|----------------------------------------------------------------|
//! | sequential scan                    | `read_relation` of the table, before the first row             |
//! | index scan, bitmap scan            | `read_index` of each leaf page it comes to                     |
//! | a row version is looked at (1)     | `check`, then perhaps `read_past` (2), then perhaps `read_row` |
//! | INSERT                             | `write_row` without a row, `write_index` of every index (3)    |
//! | UPDATE, DELETE                     | `write_row` of the version that is replaced                    |
//! | ... of a column that is indexed    | `write_index` of every index (3)                               |
//! | TRUNCATE, DROP TABLE               | `write_relation`                                               |
//! | a rewrite of the table, DROP INDEX | `widen`                                                        |
//!
//! 1. That includes versions that are not visible, but not those that nobody can see any more.
//! 2. If it is invisible since another one has just written it, or visible though another one has replaced it.
//! 3. Before the check for duplicates: who fails for a duplicate that it could not see cannot be serialized.
//!
//! What goes beyond PostgreSQL: it has room for a number of transactions only, and summarises the oldest if it must,
//! which costs needless failures; here there is room for all of them. What is behind it: of the other transactions
//! only serializable ones count when it decides whether a reader ended before a writer began.

mod conflict;
mod end;
mod failure;
mod reads;
mod target;
mod transaction;

pub use failure::Failure;
pub use target::{Part, Target};

use crate::ids::{Oid, Tid, Xid};
use std::collections::{BTreeMap, VecDeque};
use transaction::{State, Transaction};

/// What is known of the snapshot of a READ ONLY transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// Nothing it reads can be part of an anomaly: it is not tracked any longer.
    Safe,
    /// It may see an anomaly, and may fail. One that is DEFERRABLE begins anew, with a new snapshot.
    Unsafe,
    /// That depends on transactions that have not ended yet.
    Undecided,
}

/// The serializable transactions of a database.
///
/// The transactions are the top-level ones, named by their numbers; a number that was not begun, or that is not
/// tracked any longer, does nothing and fails never.
#[derive(Debug, Default)]
pub struct Ssi {
    transactions: BTreeMap<Xid, Transaction>,
    /// Who holds a SIREAD lock on it, in the order they came.
    readers: BTreeMap<Target, Vec<Xid>>,
    /// Who has not ended yet, in the order they began.
    active: Vec<Xid>,
    /// Who has committed, in that order, and overlaps somebody active.
    finished: VecDeque<Xid>,
    /// How many of those that have not ended are not READ ONLY.
    writers: usize,
    /// The last sequence number: every transaction takes one when it is prepared, and one when it commits.
    last: u64,
    /// The number that the next transaction to write takes.
    number_next: u64,
    /// What was committed up to this number has no writer left that overlaps it.
    clearable: u64,
    /// Up to this number the consequence was drawn.
    cleared: u64,
    /// Something has changed that decides what becomes of others, since this was last unset.
    pub(crate) has_changed: bool,
}

impl Ssi {
    /// No transactions.
    pub fn new() -> Ssi {
        Ssi::default()
    }

    /// A transaction takes its snapshot, now. One that is READ ONLY is not even tracked if nobody writes.
    pub fn begin(&mut self, transaction: Xid, read_only: bool) {
        let numbers = self.active.iter().filter_map(|active| self.get(*active).number);
        let number_min = numbers.min().unwrap_or(self.number_next);
        let mut begun = Transaction::new(read_only, self.last, number_min);
        if read_only {
            self.has_changed = true;
            let writes = |xid: &&Xid| !self.get(**xid).is_doomed() && !self.get(**xid).read_only;
            begun.undecided = self.active.iter().filter(writes).copied().collect();
            if begun.undecided.is_empty() {
                return;
            }
            for writer in &begun.undecided {
                self.transactions
                    .get_mut(writer)
                    .expect("who is active is known")
                    .undecided
                    .push(transaction);
            }
        } else {
            self.writers += 1;
        }
        self.active.push(transaction);
        let known = self.transactions.insert(transaction, begun);
        debug_assert!(known.is_none(), "a transaction begins once");
    }

    /// What is known of the snapshot of a transaction that is READ ONLY. If it is DEFERRABLE it waits until that is
    /// decided, and reads only if it is safe; otherwise it is [`Ssi::aborted`] and begins again.
    pub fn safety(&self, transaction: Xid) -> Safety {
        match self.transactions.get(&transaction) {
            None => Safety::Safe,
            Some(tracked) if tracked.endangered => Safety::Unsafe,
            Some(_) => Safety::Undecided,
        }
    }

    /// Whose end a transaction that is READ ONLY DEFERRABLE waits for (`pg_safe_snapshot_blocking_pids`).
    pub fn undecided(&self, transaction: Xid) -> &[Xid] {
        let tracked = self.transactions.get(&transaction);
        tracked.filter(|tracked| tracked.declared_read_only).map_or(&[], |tracked| &tracked.undecided)
    }

    /// It reads the whole of a table.
    pub fn read_relation(&mut self, transaction: Xid, relation: Oid) {
        self.lock(transaction, Target::whole(relation));
    }

    /// It reads a row version that it sees and has not written itself.
    pub fn read_row(&mut self, transaction: Xid, table: Oid, row: Tid) {
        self.lock(transaction, Target::row(table, row));
    }

    /// It looks for a key on this page of an index; a small index is one page, 0.
    pub fn read_index(&mut self, transaction: Xid, index: Oid, page: u32) {
        self.lock(transaction, Target::page(index, page));
    }

    /// It looks at a row version. Fails if the transaction is doomed.
    pub fn check(&self, transaction: Xid) -> Result<(), Failure> {
        match self.transactions.get(&transaction) {
            Some(own) if own.is_doomed() => Err(Failure::DoomedAtRead),
            _ => Ok(()),
        }
    }

    /// It looks at a row version that `writer` has written, which it does not see, or one that it sees and `writer`
    /// has replaced or deleted, which it does not see: `CheckForSerializableConflictOut`.
    pub fn read_past(&mut self, transaction: Xid, writer: Xid) -> Result<(), Failure> {
        self.check(transaction)?;
        let (Some(own), Some(other)) = (self.transactions.get(&transaction), self.transactions.get(&writer))
        else {
            return Ok(());
        };
        let comes_first = own.read_only
            && other.is_committed()
            && other.earliest_out.is_none_or(|earliest| own.snapshot < earliest);
        let sees = other.committed <= own.snapshot;
        if transaction == writer
            || other.is_doomed()
            || comes_first
            || sees
            || self.has_conflict(transaction, writer)
        {
            return Ok(());
        }
        self.conflict(transaction, transaction, writer)
    }

    /// It inserts a row (`None`), or replaces or deletes this version of one: `CheckForSerializableConflictIn`.
    /// `in_savepoint` says that a ROLLBACK TO may still take that back.
    pub fn write_row(
        &mut self,
        transaction: Xid,
        table: Oid,
        row: Option<Tid>,
        in_savepoint: bool,
    ) -> Result<(), Failure> {
        let part = row.map_or(Target::whole(table), |row| Target::row(table, row));
        self.write_parts(transaction, part, in_savepoint)
    }

    /// It enters a key on this page of an index.
    pub fn write_index(&mut self, transaction: Xid, index: Oid, page: u32) -> Result<(), Failure> {
        self.write_parts(transaction, Target::page(index, page), false)
    }

    /// It deletes all rows of the table at once: `CheckTableForSerializableConflictIn`.
    pub fn write_relation(&mut self, transaction: Xid, table: Oid) -> Result<(), Failure> {
        if !self.begin_write(transaction)? {
            return Ok(());
        }
        let readers: Vec<Xid> =
            self.readers.range(Target::all(table)).flat_map(|(_, readers)| readers.iter().copied()).collect();
        for reader in readers {
            if reader != transaction && !self.has_conflict(reader, transaction) {
                self.conflict(transaction, reader, transaction)?;
            }
        }
        Ok(())
    }

    /// The last check before a commit; afterwards the transaction cannot fail any more.
    pub fn prepare_commit(&mut self, transaction: Xid) -> Result<(), Failure> {
        let Some(own) = self.transactions.get(&transaction) else { return Ok(()) };
        if own.is_doomed() {
            return Err(Failure::DoomedAtCommit);
        }
        self.has_changed = true;
        self.doom_pivots(transaction)?;
        self.last += 1;
        let prepared = self.last;
        let own = self.get_mut(transaction);
        own.state = State::Prepared;
        own.prepared = prepared;
        Ok(())
    }

    /// The transaction is committed, after [`Ssi::prepare_commit`].
    pub fn committed(&mut self, transaction: Xid) {
        debug_assert!(self.transactions.get(&transaction).is_none_or(Transaction::is_prepared));
        self.end(transaction, true);
    }

    /// The transaction has failed, or was rolled back.
    pub fn aborted(&mut self, transaction: Xid) {
        self.end(transaction, false);
    }

    /// The SIREAD locks there are, of transactions that are active or overlap one that is (`pg_locks`).
    pub fn reads(&self) -> impl Iterator<Item = (Target, Xid)> {
        self.readers.iter().flat_map(|(target, readers)| readers.iter().map(|reader| (*target, *reader)))
    }

    /// True if nothing needs to be known of any transaction.
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty() && self.readers.is_empty()
    }

    /// From the part to the whole: a transaction whose locks have become greater meanwhile is not overlooked.
    fn write_parts(&mut self, own: Xid, part: Target, in_savepoint: bool) -> Result<(), Failure> {
        if self.begin_write(own)? {
            for target in std::iter::successors(Some(part), |target| target.parent()) {
                self.write(own, target, in_savepoint)?;
            }
        }
        Ok(())
    }

    /// False if the transaction is not tracked.
    fn begin_write(&mut self, transaction: Xid) -> Result<bool, Failure> {
        let Some(own) = self.transactions.get_mut(&transaction) else { return Ok(false) };
        if own.is_doomed() {
            return Err(Failure::DoomedAtWrite);
        }
        if own.number.is_none() {
            own.number = Some(self.number_next);
            self.number_next += 1;
            self.has_changed = true;
        }
        Ok(true)
    }

    fn get(&self, transaction: Xid) -> &Transaction {
        self.transactions.get(&transaction).expect("who is in a list is known")
    }

    fn get_mut(&mut self, transaction: Xid) -> &mut Transaction {
        self.transactions.get_mut(&transaction).expect("who is in a list is known")
    }
}
