//! A small database under snapshot isolation, whose transactions are tracked as serializable: tables of keys, each
//! with an index on the key. It tells the tracker what PostgreSQL would, and remembers who saw what.

use drawloom_mock::ids::{Oid, Tid, Xid};
use drawloom_mock::ssi::{Failure, Ssi};
use std::collections::{BTreeMap, BTreeSet};

/// Why an access was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The transaction cannot be serialized, and has failed.
    Unserializable(Failure),
    /// Another one has written the row in the meantime, or a row with its key: the transaction has failed.
    Concurrent,
    /// It would wait for another one; nothing was done.
    Blocked,
}

struct Version {
    table: u32,
    key: u32,
    tid: Tid,
    creator: Xid,
    ender: Option<Xid>,
}

#[derive(Default)]
struct Transaction {
    snapshot: u64,
    committed: Option<u64>,
    /// The tables and keys it has looked for.
    reads: BTreeSet<(u32, u32)>,
}

#[derive(Default)]
pub struct Database {
    pub ssi: Ssi,
    versions: Vec<Version>,
    transactions: BTreeMap<Xid, Transaction>,
    commits: u64,
    /// Each key has a page of the index to itself; otherwise the index is one page.
    pages_apart: bool,
}

/// Who wrote the rows that were there from the start.
const FIRST: Xid = Xid(0);
/// What is added to a table's number to name its index.
const INDEX: u32 = 1_000;

impl Database {
    pub fn new(pages_apart: bool) -> Database {
        Database { pages_apart, ..Database::default() }
    }

    pub fn row(&mut self, table: u32, key: u32) {
        self.transactions.insert(FIRST, Transaction { committed: Some(0), ..Transaction::default() });
        self.create(FIRST, table, key);
    }

    pub fn begin(&mut self, own: Xid, read_only: bool) {
        self.ssi.begin(own, read_only);
        self.transactions.insert(own, Transaction { snapshot: self.commits, ..Transaction::default() });
    }

    /// A sequential scan.
    pub fn scan(&mut self, own: Xid, table: u32) -> Result<(), Fault> {
        self.ssi.read_relation(own, Oid(table));
        for at in 0..self.versions.len() {
            if self.versions[at].table == table {
                self.look(own, at)?;
            }
        }
        let reads = &mut self.transactions.get_mut(&own).unwrap().reads;
        reads.extend((0..16).map(|key| (table, key)));
        Ok(())
    }

    /// An index scan for one key: the version seen, if there is one.
    pub fn find(&mut self, own: Xid, table: u32, key: u32) -> Result<Option<usize>, Fault> {
        self.ssi.read_index(own, Oid(table + INDEX), self.page(key));
        self.transactions.get_mut(&own).unwrap().reads.insert((table, key));
        for at in 0..self.versions.len() {
            let version = &self.versions[at];
            if (version.table, version.key) != (table, key) || !self.look(own, at)? {
                continue;
            }
            let Version { tid, creator, .. } = self.versions[at];
            if creator != own {
                self.ssi.read_row(own, Oid(table), tid);
            }
            return Ok(Some(at));
        }
        Ok(None)
    }

    /// Writes a new version of the row, which its old entries in the indexes lead to.
    pub fn update(&mut self, own: Xid, table: u32, key: u32) -> Result<(), Fault> {
        if let Some(old) = self.replace(own, table, key)? {
            self.versions[old].ender = Some(own);
            self.create(own, table, key);
        }
        Ok(())
    }

    /// Writes a new version of the row with another key.
    pub fn rename(&mut self, own: Xid, table: u32, key: u32, new: u32) -> Result<(), Fault> {
        self.wait(own, table, new)?;
        if let Some(old) = self.replace(own, table, key)? {
            self.versions[old].ender = Some(own);
            self.enter(own, table, new)?;
        }
        Ok(())
    }

    pub fn delete(&mut self, own: Xid, table: u32, key: u32) -> Result<(), Fault> {
        if let Some(old) = self.replace(own, table, key)? {
            self.versions[old].ender = Some(own);
        }
        Ok(())
    }

    pub fn insert(&mut self, own: Xid, table: u32, key: u32) -> Result<(), Fault> {
        self.wait(own, table, key)?;
        self.ssi.write_row(own, Oid(table), None, false).map_err(Fault::Unserializable)?;
        self.enter(own, table, key)
    }

    pub fn truncate(&mut self, own: Xid, table: u32) -> Result<(), Fault> {
        self.ssi.write_relation(own, Oid(table)).map_err(Fault::Unserializable)
    }

    pub fn prepare(&mut self, own: Xid) -> Result<(), Fault> {
        self.ssi.prepare_commit(own).map_err(Fault::Unserializable)
    }

    pub fn commit(&mut self, own: Xid) {
        self.ssi.committed(own);
        self.commits += 1;
        self.transactions.get_mut(&own).unwrap().committed = Some(self.commits);
    }

    pub fn abort(&mut self, own: Xid) {
        self.ssi.aborted(own);
        self.transactions.remove(&own);
        self.versions.retain(|version| version.creator != own);
        for version in &mut self.versions {
            version.ender = version.ender.filter(|ender| *ender != own);
        }
    }

    /// True if no serial order of those that have committed explains what they read and wrote.
    pub fn has_cycle(&self) -> bool {
        let mut before: BTreeMap<Xid, BTreeSet<Xid>> = BTreeMap::new();
        let mut edge = |from: Xid, to: Xid| {
            if from != to {
                before.entry(to).or_default().insert(from);
            }
        };
        for (reader, transaction) in &self.transactions {
            let read = |version: &&Version| transaction.reads.contains(&(version.table, version.key));
            for version in self.versions.iter().filter(read) {
                for writer in [Some(version.creator), version.ender].into_iter().flatten() {
                    if self.sees(*reader, writer) { edge(writer, *reader) } else { edge(*reader, writer) }
                }
            }
        }
        for version in &self.versions {
            version.ender.into_iter().for_each(|ender| edge(version.creator, ender));
        }
        // Those that nobody is before go, until nobody is left or nobody can go.
        let mut left: BTreeSet<Xid> = self.transactions.keys().copied().collect();
        loop {
            let first =
                left.iter().copied().find(|it| before.get(it).is_none_or(|them| them.is_disjoint(&left)));
            match first {
                Some(first) => left.remove(&first),
                None => return !left.is_empty(),
            };
        }
    }

    fn page(&self, key: u32) -> u32 {
        if self.pages_apart { key } else { 0 }
    }

    fn sees(&self, own: Xid, other: Xid) -> bool {
        let committed = self.transactions[&other].committed;
        own == other || committed.is_some_and(|at| at <= self.transactions[&own].snapshot)
    }

    /// True if the version is visible.
    fn look(&mut self, own: Xid, at: usize) -> Result<bool, Fault> {
        if self.is_dead(at) {
            return Ok(false);
        }
        self.ssi.check(own).map_err(Fault::Unserializable)?;
        let Version { creator, ender, .. } = self.versions[at];
        let visible = self.sees(own, creator) && !ender.is_some_and(|ender| self.sees(own, ender));
        let past = if visible { ender } else { Some(creator) };
        if let Some(writer) = past {
            self.ssi.read_past(own, writer).map_err(Fault::Unserializable)?;
        }
        Ok(visible)
    }

    /// True if nobody sees the version any more: PostgreSQL may have thrown it away.
    fn is_dead(&self, at: usize) -> bool {
        let active = self.transactions.values().filter(|it| it.committed.is_none());
        let oldest = active.map(|it| it.snapshot).min();
        let ended = self.versions[at].ender.and_then(|ender| self.transactions[&ender].committed);
        ended.is_some_and(|ended| Some(ended) <= oldest)
    }

    /// The visible version of the row, which is about to be replaced.
    fn replace(&mut self, own: Xid, table: u32, key: u32) -> Result<Option<usize>, Fault> {
        let visible = |version: &Version| {
            (version.table, version.key) == (table, key)
                && self.sees(own, version.creator)
                && !version.ender.is_some_and(|ender| self.sees(own, ender))
        };
        let Some(at) = self.versions.iter().position(visible) else { return Ok(None) };
        if let Some(ender) = self.versions[at].ender {
            return Err(self.in_the_way(ender));
        }
        let tid = self.versions[at].tid;
        self.ssi.write_row(own, Oid(table), Some(tid), false).map_err(Fault::Unserializable)?;
        Ok(Some(at))
    }

    /// Whether the key is free may depend on others.
    fn wait(&self, own: Xid, table: u32, key: u32) -> Result<(), Fault> {
        let open = |xid: &Xid| *xid != own && self.transactions[xid].committed.is_none();
        let versions = self.versions.iter().filter(|it| (it.table, it.key) == (table, key));
        let mut writers = versions.flat_map(|it| [Some(it.creator), it.ender]).flatten();
        if writers.any(|writer| open(&writer)) { Err(Fault::Blocked) } else { Ok(()) }
    }

    /// Enters a new row into the index.
    fn enter(&mut self, own: Xid, table: u32, key: u32) -> Result<(), Fault> {
        self.ssi.write_index(own, Oid(table + INDEX), self.page(key)).map_err(Fault::Unserializable)?;
        for version in self.versions.iter().filter(|it| (it.table, it.key) == (table, key)) {
            let gone =
                version.ender.filter(|ender| self.transactions[ender].committed.is_some() || *ender == own);
            if gone.is_none() {
                return Err(Fault::Concurrent);
            }
        }
        self.create(own, table, key);
        Ok(())
    }

    fn in_the_way(&self, other: Xid) -> Fault {
        if self.transactions[&other].committed.is_some() { Fault::Concurrent } else { Fault::Blocked }
    }

    fn create(&mut self, creator: Xid, table: u32, key: u32) {
        let tid = Tid(self.versions.iter().map(|version| version.tid.0 + 1).max().unwrap_or(0));
        self.versions.push(Version { table, key, tid, creator, ender: None });
    }
}
