//! Two-phase commit (PostgreSQL's twophase.c): a prepared transaction outlives its session, with its locks and
//! versions. It becomes that of a session of its own, which no client has.

use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::session::{Block, Session};
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

    /// A session for one more; clients count from the other end.
    fn add(&mut self, name: Rc<str>) -> SessionId {
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
        self.with(|database| match &checked {
            Ok(()) => hand_over(database, self.session, name),
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
    pub fn end_prepared(&self, name: &str, commits: bool) -> Result<(), SqlError> {
        self.refuse_block(if commits { "COMMIT PREPARED" } else { "ROLLBACK PREPARED" })?;
        self.with(|database| {
            let session = database.prepared.sessions.remove(name).ok_or_else(|| {
                error("42704", format!("prepared transaction with identifier \"{name}\" does not exist"))
            })?;
            let ended = if commits { database.commit(session) } else { Ok(()) };
            database.close(session);
            ended
        })
    }
}

/// Why a transaction cannot be prepared.
fn refusal(database: &Database, session: SessionId, name: &str) -> Option<SqlError> {
    if name.len() > NAME_BYTES_MAX {
        return Some(error("22023", format!("transaction identifier \"{name}\" is too long")));
    }
    if database.prepared.sessions.contains_key(name) {
        return Some(error("42710", format!("transaction identifier \"{name}\" is already in use")));
    }
    let holds = database.session(session).cursors.values().any(|cursor| cursor.is_held && cursor.depth > 0);
    holds.then(|| error("0A000", "cannot PREPARE a transaction that has created a cursor WITH HOLD"))
}

fn hand_over(database: &mut Database, from: SessionId, name: &Rc<str>) {
    let to = database.prepared.add(name.clone());
    let session = database.session_mut(from);
    let mut transaction = session.transaction.take().expect("a transaction is prepared");
    session.settings.end_local();
    // What was set stays, whatever becomes of the transaction.
    transaction.levels.iter_mut().for_each(|level| level.settings = None);
    transaction.is_prepared = true;
    let mut prepared = Session::new(to, session.settings.clone());
    prepared.transaction = Some(transaction);
    database.sessions.insert(to, prepared);
    database.locks.get_mut().hand_over(from, to);
}
