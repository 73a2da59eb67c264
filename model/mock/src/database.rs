//! Everything that the sessions share.

use crate::bug::Bug;
use crate::catalog::{Catalog, Changes, Naming, Notes, Object, SUPERUSER};
use crate::footprint::Footprints;
use crate::functions::Moment;
use crate::ids::{Oid, Xid};
use crate::locks::Locks;
use crate::log::{Log, Record};
use crate::options::{Isolation, Options};
use crate::sequence::Sequences;
use crate::session::{Block, Draft, Level, NamingInputs, Session, Storage, Transaction};
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::ssi::Ssi;
use crate::store::{File, Reader, Transactions};
use crate::two_phase::PreparedTransactions;
use drawloom_model::{SessionId, SqlError};
use drawloom_sim::SimTime;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Microseconds from the beginning of 2000, where PostgreSQL counts from, to that of 2026, where a run begins.
const EPOCH_US: i64 = 820_540_800_000_000;

/// A database and its sessions.
#[derive(Debug)]
pub(crate) struct Database {
    pub options: Options,
    /// What is committed of it.
    pub catalog: Catalog,
    pub files: BTreeMap<Oid, File>,
    pub transactions: Transactions,
    pub locks: RefCell<Locks>,
    /// What serializable transactions have read.
    pub ssi: RefCell<Ssi>,
    pub sequences: RefCell<Sequences>,
    pub sessions: Sessions,
    pub prepared: PreparedTransactions,
    /// What is durable of it, or will be.
    pub log: RefCell<Log>,
    /// A standby has taken its place: it commits nothing any more.
    pub is_fenced: bool,
    pub footprints: Footprints,
    pub now: SimTime,
    /// Whether some session has a timeout for doing nothing.
    pub ends_idle: bool,
    pub next_oid: u32,
}

impl Database {
    /// An empty one.
    pub fn new(options: Options) -> Database {
        Database {
            options,
            catalog: Catalog::new(),
            files: BTreeMap::new(),
            transactions: Transactions::default(),
            locks: RefCell::default(),
            ssi: RefCell::default(),
            sequences: RefCell::default(),
            sessions: Sessions::default(),
            prepared: PreparedTransactions::default(),
            log: RefCell::default(),
            is_fenced: false,
            footprints: Footprints::default(),
            now: SimTime(0),
            ends_idle: false,
            next_oid: Catalog::first_oid().0,
        }
    }

    /// Whether it is told to have this bug.
    pub fn has(&self, bug: Bug) -> bool {
        self.options.bugs.contains(&bug)
    }

    /// A number for something new.
    pub fn new_oid(&mut self) -> Oid {
        let oid = Oid(self.next_oid);
        self.next_oid += 1;
        oid
    }

    /// Gives a relation that the session's transaction makes a place for its rows.
    pub fn new_file(&mut self, session: SessionId, file: Oid) {
        self.files.insert(file, File::default());
        self.session_mut(session).transaction_mut().storage.push(Storage { file, index: None });
    }

    /// A table's rows.
    pub fn file_mut(&mut self, file: Oid) -> &mut File {
        self.files.get_mut(&file).expect("a table has a file")
    }

    pub fn session(&self, session: SessionId) -> &Session {
        self.sessions.get(session).expect("the server knows its sessions")
    }

    pub fn session_mut(&mut self, session: SessionId) -> &mut Session {
        self.sessions.get_mut(session).expect("the server knows its sessions")
    }

    /// The catalog with what the session's transaction has defined.
    pub fn catalog(&self, session: SessionId) -> &Catalog {
        let transaction = self.session(session).transaction.as_ref();
        transaction
            .and_then(|transaction| transaction.draft.as_ref())
            .map_or(&self.catalog, |draft| &draft.catalog)
    }

    /// Makes the session's draft anew if somebody else has committed changes meanwhile, and finds out anew what
    /// its names stand for.
    pub fn refresh(&mut self, session: SessionId) {
        let Some(state) = self.sessions.get_mut(session) else { return };
        if let Some(draft) = state.transaction.as_mut().and_then(|transaction| transaction.draft.as_mut())
            && draft.base != self.catalog.version()
        {
            draft.base = self.catalog.version();
            draft.catalog = self.catalog.clone();
            draft.catalog.apply(&draft.changes);
        }
        self.rename(session);
    }

    fn rename(&mut self, session: SessionId) {
        let catalog = self.catalog(session);
        let state = self.session(session);
        let is_known =
            |(version, settings): &NamingInputs| *version == catalog.version() && *settings == state.settings;
        if state.naming_inputs.as_ref().is_some_and(is_known) {
            return;
        }
        let own = |name| state.settings.own(name);
        let role = own("role").filter(|role| ***role != *"none").or(own("session_authorization"));
        let user = role.map_or(Some(SUPERUSER), |role| catalog.role(role)).unwrap_or(state.naming.user);
        let search_path = state.settings.get("search_path").expect("it is known");
        let naming = Naming::of(catalog, &search_path, user, state.naming.temporary.clone());
        let inputs = (catalog.version(), state.settings.clone());
        let state = self.session_mut(session);
        (state.naming, state.naming_inputs) = (naming, Some(inputs));
    }

    /// Defines, changes or removes an object in the session's transaction. What is new belongs to the session's user.
    pub fn define(&mut self, session: SessionId, oid: Oid, object: Option<Object>) {
        // Who defines something has a number, for others to wait for.
        self.xid(session);
        let user = self.session(session).naming.user;
        let draft = self.draft(session);
        let is_new = draft.catalog.object(oid).is_none();
        match &object {
            Some(object) => draft.catalog.put(oid, object.clone()),
            None => draft.catalog.remove(oid),
        }
        let is_owned = is_new && object.is_some() && user != SUPERUSER;
        draft.changes.define(oid, object);
        if is_owned {
            self.note(session, oid, Notes::of(user));
        }
    }

    /// Says something else of an object in the session's transaction.
    pub fn note(&mut self, session: SessionId, oid: Oid, notes: Notes) {
        self.xid(session);
        let draft = self.draft(session);
        let notes = Rc::new(notes);
        draft.catalog.note(oid, notes.clone());
        draft.changes.notes.insert(oid, notes);
    }

    fn draft(&mut self, session: SessionId) -> &mut Draft {
        self.footprints.touch_unknown();
        let committed = &self.catalog;
        let session = self.sessions.get_mut(session).expect("the server knows its sessions");
        session.transaction_mut().draft.get_or_insert_with(|| Draft {
            base: committed.version(),
            catalog: committed.clone(),
            changes: Changes::default(),
        })
    }

    /// The number of the session's transaction, where what it reads is watched.
    pub fn watched(&self, session: SessionId) -> Option<Xid> {
        let transaction = self.session(session).transaction.as_ref()?;
        let is_watched = transaction.isolation == Isolation::Serializable && !self.has(Bug::WriteSkew);
        transaction.top().filter(|_| is_watched)
    }

    /// The number of the session's running transaction or subtransaction, which it gets now if it has none.
    pub fn xid(&mut self, session: SessionId) -> Xid {
        let Database { sessions, transactions, locks, .. } = self;
        let state = sessions.get_mut(session).expect("the server knows its sessions");
        let levels = &mut state.transaction_mut().levels;
        number(session, levels, transactions, locks.get_mut())
    }

    /// What the session's running statement sees.
    pub fn reader(&mut self, session: SessionId) -> Reader {
        let commits = self.transactions.commits();
        let transaction = self.session_mut(session).transaction_mut();
        let keeps = transaction.keeps_snapshot();
        let is_first = transaction.snapshot.is_none();
        if is_first || !keeps {
            transaction.snapshot = Some(commits);
        }
        if is_first && keeps {
            self.footprints.take_snapshot();
        }
        if is_first && self.session(session).transaction().isolation == Isolation::Serializable {
            self.watch(session);
        }
        let transaction = self.session(session).transaction();
        let snapshot = transaction.snapshot.expect("it has just been taken");
        Reader {
            sequence: if transaction.reads_latest { commits } else { snapshot },
            top: transaction.top(),
            command: transaction.command,
            dirty: transaction.isolation == Isolation::ReadUncommitted || self.has(Bug::DirtyRead),
        }
    }

    /// Watches what the session's transaction reads and writes from now on.
    fn watch(&mut self, session: SessionId) {
        let Database { sessions, transactions, locks, ssi, .. } = self;
        let state = sessions.get_mut(session).expect("the server knows its sessions");
        let transaction = state.transaction_mut();
        let top = number(session, &mut transaction.levels[..1], transactions, locks.get_mut());
        ssi.get_mut().begin(top, transaction.is_read_only);
    }

    /// What functions of time say in the session's statement.
    pub fn moment(&self, session: SessionId) -> Moment {
        let at =
            |time: SimTime| EPOCH_US + i64::try_from(time.0).expect("a run is shorter than 292,000 years");
        let session = self.session(session);
        let began = session.transaction.as_ref().map_or(self.now, |transaction| transaction.began);
        Moment {
            transaction_us: at(began),
            statement_us: at(session.statement_began),
            clock_us: at(self.now),
        }
    }

    /// The oldest commit that anybody may yet have to see undone.
    pub fn horizon(&self) -> u64 {
        self.sessions.horizon(self.transactions.commits())
    }

    /// The session is gone, and what it has not committed.
    pub fn close(&mut self, session: SessionId) {
        self.roll_back(session);
        self.drop_temporary(session);
        self.locks.get_mut().release_all(session);
        self.sequences.get_mut().forget(session);
        self.sessions.remove(session);
    }

    /// Every session is gone; prepared transactions stay.
    pub fn close_all(&mut self) {
        let sessions: Vec<SessionId> = self.sessions.ids().collect();
        for session in sessions {
            if !self.prepared.has(session) {
                self.close(session);
            }
        }
    }

    /// The level of a session's next transaction, if it asks for none.
    pub fn isolation(&self, session: &Session) -> Isolation {
        session.settings.isolation().unwrap_or(self.options.isolation)
    }

    /// Begins a transaction.
    pub fn begin(&mut self, session: SessionId, block: Block) {
        let isolation = self.isolation(self.session(session));
        let now = self.now;
        let state = self.session_mut(session);
        let mut transaction = Transaction::new(block, isolation, state.settings.is_read_only(), now);
        transaction.is_deferrable = state.settings.is_on_by_default("default_transaction_deferrable");
        transaction.levels[0].settings = Some(state.settings.clone());
        state.transaction = Some(transaction);
    }

    /// Commits the session's transaction.
    ///
    /// # Errors
    /// `40001`: it may not, at SERIALIZABLE. Then it is still there.
    pub fn commit(&mut self, session: SessionId) -> Result<(), SqlError> {
        let watched = self.watched(session);
        let is_prepared = self.session(session).transaction.as_ref().is_some_and(|it| it.prepared.is_some());
        if let Some(xid) = watched.filter(|_| !is_prepared) {
            self.ssi.get_mut().prepare_commit(xid)?;
        }
        let noted = self.sessions.get_mut(session).and_then(|session| session.transaction.as_mut());
        let changes = noted.map(|transaction| std::mem::take(&mut transaction.changes));
        let doings = self.doings(session, changes.unwrap_or_default());
        let Some(transaction) = self.session_mut(session).transaction.take() else { return Ok(()) };
        self.footprints.end(session, true);
        if let Some(xid) = watched {
            self.ssi.get_mut().committed(xid);
        }
        if transaction.top().is_some() {
            self.transactions.commit(transaction.xids());
        }
        let mut storage = transaction.storage;
        if let Some(draft) = transaction.draft {
            storage.extend(draft.changes.objects.keys().filter_map(|oid| self.catalog.storage(*oid)));
            if draft.base == self.catalog.version() {
                self.catalog = draft.catalog;
            } else {
                self.catalog.apply(&draft.changes);
            }
        }
        let waits = self.session(session).settings.waits_for_disk();
        self.session_mut(session).settings.end_local();
        self.publish(session, transaction.announcements);
        let frees = !self.has(Bug::DroppedTable) && self.sweep(&storage);
        // What frees storage, or was prepared, always waits (PostgreSQL's RecordTransactionCommit).
        let waits = waits || frees || is_prepared;
        match doings {
            Some(doings) => self.log(Record::Commit(doings), waits),
            None if transaction.has_logged.get() => self.flush(waits),
            None => (),
        }
        self.locks.borrow_mut().release_transaction(session);
        Ok(())
    }

    /// Rolls the session's transaction back.
    pub fn roll_back(&mut self, session: SessionId) {
        if let Some(xid) = self.watched(session) {
            self.ssi.get_mut().aborted(xid);
        }
        let Some(mut transaction) = self.session_mut(session).transaction.take() else { return };
        self.footprints.end(session, false);
        self.session_mut(session).end_cursors(1);
        for level in transaction.levels.drain(..).rev() {
            self.undo(session, level, None);
        }
        self.sweep(&transaction.storage);
        self.locks.borrow_mut().release_transaction(session);
    }

    /// Frees what the committed catalog does not know: who dropped it, or made it, had locked it for himself. Whether
    /// there was any.
    pub fn sweep(&mut self, storage: &[Storage]) -> bool {
        let mut frees = false;
        for Storage { file, index } in storage {
            let is_known = self.catalog.tables().any(|table| table.file == *file);
            match (is_known, index) {
                (false, _) => frees |= self.files.remove(file).is_some(),
                (true, Some(index)) if self.catalog.index(*index).is_none() => {
                    frees |= self.file_mut(*file).indexes.remove(index).is_some();
                }
                (true, _) => (),
            }
        }
        frees
    }

    /// The settings that a new session begins with.
    pub fn settings(&self) -> Settings {
        Settings::default()
    }
}

/// The number of the last of these levels, which it gets now if it has none; those around it get theirs first.
fn number(
    session: SessionId,
    levels: &mut [Level],
    transactions: &mut Transactions,
    locks: &mut Locks,
) -> Xid {
    if let Some(xid) = levels.last().and_then(|level| level.xid) {
        return xid;
    }
    let mut top = levels[0].xid;
    for (level, depth) in levels.iter_mut().zip(1..) {
        if level.xid.is_none() {
            let xid = transactions.begin(top);
            level.xid = Some(xid);
            locks.begin_transaction(session, xid, depth);
        }
        top = top.or(level.xid);
    }
    levels.last().and_then(|level| level.xid).expect("it has just got one")
}
