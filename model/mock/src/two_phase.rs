//! Two-phase commit (PostgreSQL's twophase.c): a prepared transaction outlives its session, with its locks and
//! versions. It becomes that of a session of its own, which no client has.

use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::Tag;
use crate::log::{Prepared, Record};
use crate::session::{Block, Draft, Level, Session, Transaction};
use drawloom_model::{SessionId, SqlError};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How long the name of a prepared transaction may be.
const NAME_BYTES_MAX: usize = 199;

/// The transactions that are prepared.
#[derive(Debug, Default)]
pub(crate) struct PreparedTransactions {
    sessions: BTreeMap<Rc<str>, SessionId>,
    count: u32,
}

impl PreparedTransactions {
    /// Whether a session is that of a prepared transaction.
    pub fn has(&self, session: SessionId) -> bool {
        self.sessions.values().any(|prepared| *prepared == session)
    }

    /// Their names, each with its session.
    pub fn all(&self) -> impl Iterator<Item = (&Rc<str>, SessionId)> {
        self.sessions.iter().map(|(name, session)| (name, *session))
    }

    /// The session of the one of this name.
    pub fn session(&self, name: &str) -> Option<SessionId> {
        self.sessions.get(name).copied()
    }

    /// A session for one more; clients count from the other end.
    pub fn add(&mut self, name: Rc<str>) -> SessionId {
        self.count += 1;
        let session = SessionId(u32::MAX - self.count);
        self.sessions.insert(name, session);
        session
    }
}

impl Executor {
    /// `PREPARE TRANSACTION`; a failed one is rolled back.
    ///
    /// # Errors
    /// The transaction cannot be prepared, and is rolled back.
    pub async fn prepare_transaction(&self, name: &Rc<str>) -> Result<(), SqlError> {
        let block = self.with(|database| Some(database.session(self.session).transaction.as_ref()?.block));
        if matches!(block, None | Some(Block::Failed)) {
            return self.conclude(false, false).await;
        }
        let refused = self.with(|database| refusal(database, self.session, name));
        if let Some(refused) = refused {
            self.with(|database| database.roll_back(self.session));
            return Err(refused);
        }
        let checked = self.check_prepared().await;
        if checked.is_ok() {
            self.wait_for_standby(true).await;
        }
        self.with(|database| match &checked {
            Ok(()) => {
                let prepared = database.preparation(self.session, name);
                hand_over(database, self.session, name);
                database.log(Record::Prepare(prepared.into()), true);
            }
            Err(_) => database.roll_back(self.session),
        });
        checked
    }

    /// All there is to check before a commit.
    async fn check_prepared(&self) -> Result<(), SqlError> {
        self.hold_cursors().await?;
        self.check_deferred(true).await?;
        self.with(|database| match database.watched(self.session) {
            Some(xid) => Ok(database.ssi.get_mut().prepare_commit(xid)?),
            None => Ok(()),
        })
    }

    /// `COMMIT PREPARED` and `ROLLBACK PREPARED`.
    ///
    /// # Errors
    /// `25001`: inside a transaction; `42704`: there is none of this name.
    pub async fn end_prepared(&self, name: &str, commits: bool) -> Result<(), SqlError> {
        self.refuse_block(if commits { "COMMIT PREPARED" } else { "ROLLBACK PREPARED" })?;
        if self.with(|database| database.prepared.sessions.contains_key(name)) {
            self.wait_for_standby(true).await;
        }
        self.with(|database| {
            let session = database.prepared.sessions.remove(name).ok_or_else(|| {
                error("42704", format!("prepared transaction with identifier \"{name}\" does not exist"))
            })?;
            let ended = if commits { database.commit(session) } else { Ok(()) };
            if !commits {
                database.log(Record::RollBack(name.into()), true);
            }
            database.close(session);
            ended
        })
    }
}

/// Why a transaction cannot be prepared, in the order in which PostgreSQL looks (PrepareTransaction in xact.c).
fn refusal(database: &Database, session: SessionId, name: &str) -> Option<SqlError> {
    let unsupported = |what: &str| Some(error("0A000", format!("cannot PREPARE {what}")));
    if database.session(session).cursors.values().any(|cursor| cursor.is_held && cursor.depth > 0) {
        return unsupported("a transaction that has created a cursor WITH HOLD");
    }
    if uses_temporary(database, session) {
        return unsupported("a transaction that has operated on temporary objects");
    }
    if name.len() > NAME_BYTES_MAX {
        return Some(error("22023", format!("transaction identifier \"{name}\" is too long")));
    }
    if database.prepared.sessions.contains_key(name) {
        return Some(error("42710", format!("transaction identifier \"{name}\" is already in use")));
    }
    if !database.session(session).transaction().announcements.is_empty() {
        return unsupported("a transaction that has executed LISTEN, UNLISTEN, or NOTIFY");
    }
    if database.locks.borrow().holds_twice(session) {
        return unsupported(
            "while holding both session-level and transaction-level locks on the same object",
        );
    }
    None
}

/// Whether the transaction has locked something that is the session's own, which goes with it.
fn uses_temporary(database: &Database, session: SessionId) -> bool {
    let Some(own) = database.temporary_schema(session) else { return false };
    // It may have been dropped, or made, by the transaction.
    let catalogs = [database.catalog(session), &database.catalog];
    let is_own = |oid: Oid| {
        let mut objects = catalogs.iter().filter_map(|catalog| catalog.object(oid));
        objects.any(|object| object.place() == Some(own))
    };
    let locks = database.locks.borrow();
    locks.held(session).any(|(tag, _)| matches!(tag, Tag::Relation(oid) if is_own(oid)))
}

/// Brings a prepared transaction back, with what it wrote and what it holds.
pub(crate) fn restore(database: &mut Database, prepared: &Prepared) {
    let session = database.prepared.add(prepared.name.clone());
    database.sessions.insert(session, Session::new(session, database.settings()));
    let mut transaction = Transaction::new(Block::Open, prepared.isolation, false, database.now);
    let (own, released) = match prepared.xids.split_first() {
        Some((own, released)) => (Some(*own), released.to_vec()),
        None => (None, Vec::new()),
    };
    transaction.levels = smallvec::smallvec![Level { xid: own, released, ..Level::default() }];
    transaction.prepared = Some(prepared.name.clone());
    transaction.storage = prepared.storage.clone();
    transaction.changes = prepared.commit.changes.clone();
    transaction.draft = prepared.commit.definition.as_ref().map(|definition| {
        let mut catalog = database.catalog.clone();
        catalog.apply(&definition.objects);
        Draft { base: database.catalog.version(), catalog, changes: definition.objects.clone() }
    });
    database.session_mut(session).transaction = Some(transaction);
    let locks = database.locks.get_mut();
    prepared.xids.iter().for_each(|xid| locks.begin_transaction(session, *xid, 1));
    for (tag, mode) in &prepared.locks {
        let is_free = locks.try_acquire(session, *tag, *mode, 1);
        debug_assert!(is_free, "prepared transactions did not stand in each other's way before");
    }
}

fn hand_over(database: &mut Database, from: SessionId, name: &Rc<str>) {
    let to = database.prepared.add(name.clone());
    let session = database.session_mut(from);
    let mut transaction = session.transaction.take().expect("a transaction is prepared");
    session.settings.end_local();
    // What was set stays, whatever becomes of the transaction.
    transaction.levels.iter_mut().for_each(|level| level.settings = None);
    transaction.prepared = Some(name.clone());
    let mut prepared = Session::new(to, session.settings.clone());
    prepared.transaction = Some(transaction);
    database.sessions.insert(to, prepared);
    database.locks.get_mut().hand_over(from, to);
}
