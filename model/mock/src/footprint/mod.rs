//! What statements touch that other sessions may touch too.
//!
//! Everything that executes a statement says here what it touches, as it does it; where nobody observes, nothing
//! is kept.
//!
//! ```text
//! CATALOG         read by every statement; who defines something is Unknown, and so is his COMMIT
//! ROWS table      what is committed: read by who looks for rows and sees the latest; written by COMMIT
//! SNAPSHOT        all that is committed: read by who takes a snapshot that outlasts the step; written by COMMIT,
//!                 in a part of its own
//! VERSIONS table  what is not committed yet, and who has locked what: read and written by who writes or locks rows
//!                 and by who looks whether a key is free; written by COMMIT and ROLLBACK; read by a dirty reader
//! ORDER table     where the next version goes: written by who writes one, since a scan gives rows in that order
//! RELATION, OBJECT, KEY   locks: modes that many may hold at once are reads, all others are writes
//! QUEUE table     who may wait for a row's locker next: written by who waits for a row
//! WAITS           who waits for whom: written by who begins to wait, or ends another one's wait. Whether a wait
//!                 closes a circle hangs on all others
//! SEQUENCE        written by nextval and setval
//! PREDICATES table  what serializable transactions read and write there
//! SERIALIZABLE    the conflicts among them: read by each of their statements, written by who finds one or ends
//! ```
//!
//! Of ROWS and VERSIONS a part may be touched: the rows with one key in the table's first index. Publications do not
//! conflict with each other, and all of them do with who takes a snapshot. A statement of READ COMMITTED that reads
//! within one step reads ROWS only; one that waits keeps its snapshot meanwhile, so it has read SNAPSHOT. From
//! REPEATABLE READ on a transaction reads SNAPSHOT once, and no ROWS but where it looks at the latest ones.
//!
//! A failure undoes what its transaction did, so it writes VERSIONS as ROLLBACK does. At strict serializability the one
//! lock that every transaction takes is an OBJECT.
//!
//! What is not named here is `Unknown`: definitions, cursors, prepared transactions, system views; and what was
//! cancelled, ran out of time or asks what time it is. Footprints do not tell time, nor in which order sessions were
//! opened: a transaction that began earlier has an earlier `now()`, a session that was opened earlier a lower number.

mod intent;
mod name;

use crate::database::Database;
use crate::ids::{Oid, Tid};
use crate::store::Reader;
use crate::types::Datum;
use drawloom_model::SessionId;
use drawloom_sim::Footprint;
use drawloom_sim::footprint::{Access, Part};
use name::{Thing, at};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// What the running step has touched, and what each transaction has written.
#[derive(Debug, Default)]
pub(crate) struct Footprints {
    listens: Cell<bool>,
    touched: RefCell<BTreeSet<Access>>,
    is_unknown: Cell<bool>,
    /// Of each session's open transaction; `None` if that is not known.
    written: RefCell<BTreeMap<SessionId, Option<BTreeSet<Written>>>>,
}

/// Row versions that a transaction has written or locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    table: Oid,
    part: Option<Part>,
    /// A commit changes what is visible.
    shows: bool,
}

/// What becomes of a row version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Locked,
    Ended,
    New,
}

impl Footprints {
    /// Whether anybody wants to know what the step touches.
    pub fn are_wanted(&self) -> bool {
        self.listens.get()
    }

    fn touch(&self, access: Access) {
        if self.listens.get() {
            self.touched.borrow_mut().insert(access);
        }
    }

    /// The step touches what is not told.
    pub fn touch_unknown(&self) {
        self.is_unknown.set(true);
    }

    /// The step takes a snapshot that outlasts it.
    pub fn take_snapshot(&self) {
        self.touch(Thing::Snapshot.read());
    }

    /// The step reads how far a sequence is, or moves it.
    pub fn touch_sequence(&self, sequence: Oid, moves: bool) {
        self.touch(if moves { Thing::Sequence(sequence).write() } else { Thing::Sequence(sequence).read() });
    }

    /// The transaction is over: all that it wrote is there for everybody, or as if it had never been.
    pub fn end(&self, session: SessionId, commits: bool) {
        if !self.listens.get() {
            return;
        }
        match self.written.borrow_mut().remove(&session) {
            None => (),
            Some(None) => self.touch_unknown(),
            Some(Some(written)) => ending(session, &written, commits).for_each(|access| self.touch(access)),
        }
    }

    /// Some of what the transaction wrote is undone.
    pub fn undo(&self, session: SessionId) {
        if self.listens.get()
            && let Some(Some(written)) = self.written.borrow().get(&session)
        {
            ending(session, written, false).for_each(|access| self.touch(access));
        }
    }
}

/// What is touched by the end of a transaction that has written this.
fn ending(
    session: SessionId,
    written: &BTreeSet<Written>,
    commits: bool,
) -> impl Iterator<Item = Access> + use<'_> {
    let shows = move |it: &&Written| commits && it.shows;
    let versions = written.iter().map(|it| at(it.part, Thing::Versions(it.table).write()));
    let rows = written.iter().filter(shows).map(|it| at(it.part, Thing::Rows(it.table).write()));
    let published = written.iter().find(shows).map(|_| name::publication(session));
    versions.chain(rows).chain(published)
}

impl Database {
    /// A step of the session's statement begins; whether anybody wants to know what it touches.
    pub fn listen(&mut self, session: SessionId, observed: bool) {
        self.footprints.listens.set(observed);
        self.locks.get_mut().listen(observed);
        if observed {
            self.footprints.touched.get_mut().clear();
            // What ends idle sessions ends them in anybody's step.
            self.footprints.is_unknown.set(self.ends_idle);
            self.locks.get_mut().take_touched();
            self.ssi.get_mut().has_changed = false;
            self.footprints.touch(Thing::Catalog.read());
            self.touch_conflicts(session);
        }
    }

    /// What the step has touched that ends now. A statement that goes on keeps its snapshot.
    pub fn touched(&mut self, session: SessionId, goes_on: bool) -> Footprint {
        if !self.footprints.listens.get() {
            return Footprint::Unknown;
        }
        let (locks, waits) = self.locks.get_mut().take_touched();
        locks
            .into_iter()
            .filter_map(|(tag, mode)| name::lock(tag, mode))
            .for_each(|it| self.footprints.touch(it));
        if waits {
            self.footprints.touch(Thing::Waits.write());
        }
        if self.ssi.get_mut().has_changed {
            self.footprints.touch(Thing::Serializable.write());
        }
        self.touch_conflicts(session);
        if goes_on {
            self.footprints.take_snapshot();
        }
        let is_unknown = self.footprints.is_unknown.get();
        let written = self.footprints.written.get_mut();
        if self.sessions.get(session).is_none_or(|session| session.transaction.is_none()) {
            written.remove(&session);
        } else if is_unknown {
            written.insert(session, None);
        }
        if is_unknown {
            return Footprint::Unknown;
        }
        Footprint::Known(std::mem::take(self.footprints.touched.get_mut()).into_iter().collect())
    }

    fn touch_conflicts(&self, session: SessionId) {
        if self.watched(session).is_some() {
            self.footprints.touch(Thing::Serializable.read());
        }
    }

    /// The statement looks for a table's rows.
    pub fn touch_rows(&self, session: SessionId, reader: &Reader, table: Oid) {
        if self.footprints.listens.get() {
            self.touch_rows_at(session, reader, table, None);
        }
    }

    /// The statement looks for the rows with this key in an index.
    pub fn touch_key(
        &self,
        session: SessionId,
        reader: &Reader,
        (table, file): (Oid, Oid),
        index: Oid,
        key: &[Datum],
    ) {
        if self.footprints.listens.get() {
            self.touch_rows_at(session, reader, table, self.part_of_key(file, index, key));
        }
    }

    fn touch_rows_at(&self, session: SessionId, reader: &Reader, table: Oid, part: Option<Part>) {
        let transaction = self.session(session).transaction();
        if !transaction.keeps_snapshot() || transaction.reads_latest {
            self.footprints.touch(at(part, Thing::Rows(table).read()));
        }
        if reader.dirty {
            self.footprints.touch(at(part, Thing::Versions(table).read()));
        }
        if self.watched(session).is_some() {
            self.footprints.touch(Thing::Predicates(table).read());
        }
    }

    /// The statement looks who has a key, whoever may see it.
    pub fn touch_holder(&self, (table, file): (Oid, Oid), index: Oid, key: &[Datum]) {
        if self.footprints.listens.get() {
            let part = self.part_of_key(file, index, key);
            self.footprints.touch(at(part, Thing::Versions(table).read()));
        }
    }

    /// The statement looks what became of a version.
    pub fn touch_version(&self, (table, file): (Oid, Oid), tid: Tid) {
        if self.footprints.listens.get() {
            self.footprints.touch(at(self.part_of_version(file, tid), Thing::Versions(table).read()));
        }
    }

    /// The session's transaction writes or locks a version.
    pub fn touch_change(&self, session: SessionId, (table, file): (Oid, Oid), tid: Tid, change: Change) {
        if !self.footprints.listens.get() {
            return;
        }
        let part = self.part_of_version(file, tid);
        self.footprints.touch(at(part, Thing::Versions(table).write()));
        if change == Change::New {
            self.footprints.touch(Thing::Order(table).write());
        }
        if change != Change::Locked && self.watched(session).is_some() {
            self.footprints.touch(Thing::Predicates(table).write());
        }
        let mut written = self.footprints.written.borrow_mut();
        if let Some(written) = written.entry(session).or_insert_with(|| Some(BTreeSet::new())) {
            written.insert(Written { table, part, shows: change != Change::Locked });
        }
    }

    /// All parts of a table are told apart by its first index.
    fn part_of_key(&self, file: Oid, index: Oid, key: &[Datum]) -> Option<Part> {
        let (first, known) = self.files.get(&file)?.indexes.first_key_value()?;
        if *first == index && known.keys.len() == key.len() { name::part(index, key) } else { None }
    }

    fn part_of_version(&self, file: Oid, tid: Tid) -> Option<Part> {
        let file = self.files.get(&file)?;
        let (index, known) = file.indexes.first_key_value()?;
        let key = known.key(&file.heap.get(tid)?.row).ok()??;
        name::part(*index, &key)
    }
}
