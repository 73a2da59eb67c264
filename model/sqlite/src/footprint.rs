//! What statements touch on SQLite, before and after they are executed.
//!
//! In WAL mode there is one writer at a time, and a transaction reads the state in which it first read. So,
//! beside the tables, there are two resources of SQLite's own:
//!
//! ```text
//! LOCK      who may write       written by who takes it or gives it back, read by who must find it free
//! SNAPSHOT  what is committed   written by who publishes, in a part of its own; read by who begins to read
//!
//! outside a transaction   read     its tables
//!                         write    its tables; reads LOCK; publishes
//! in a transaction        first read          reads SNAPSHOT
//!                         first write, IMMEDIATE   writes LOCK, reads SNAPSHOT
//!                         from then on        nothing: it has its snapshot, or the lock
//!                         COMMIT after a write     what was written; writes LOCK; publishes
//!                         ROLLBACK after a write   writes LOCK
//! ```
//!
//! Publishing is a write of the session's own part of SNAPSHOT: publications do not conflict with each other,
//! and all of them do with who takes a snapshot and reads it as a whole. A transaction that holds LOCK needs to say
//! no more: everybody who publishes reads or writes it, so what it finds committed cannot change unseen.
//!
//! A statement that waits for LOCK touches nothing until it has it: an attempt that is refused changes nothing,
//! nobody is told of it, and it is made again whenever LOCK is given back. Where the refusal is the answer
//! (`busy=error`, or a snapshot too old to write), it reads LOCK, and in a transaction SNAPSHOT.
//!
//! Times are not compared: that a statement was executed a millisecond sooner changes no answer, but where a
//! lock is waited for, it moves the deadline. So a statement whose wait ran out is `Unknown`.

use drawloom_model::access::{Plan, Tables, Touch, resource};
use drawloom_model::{SessionId, Statement};
use drawloom_sim::Footprint;
use drawloom_sim::footprint::{Access, Part};
use rusqlite::{Connection, TransactionState};
use std::collections::{BTreeMap, BTreeSet};

/// What a connection's transaction is to others, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is none.
    Outside,
    /// It has read and written nothing.
    Begun,
    /// It has its snapshot.
    Reading,
    /// It has the lock for writing.
    Writing,
}

impl Standing {
    /// SQLite says so itself.
    pub(crate) fn of(connection: &Connection) -> Standing {
        if connection.is_autocommit() {
            return Standing::Outside;
        }
        match connection.transaction_state(Some("main")) {
            Ok(TransactionState::None) => Standing::Begun,
            Ok(TransactionState::Read) => Standing::Reading,
            // What SQLite cannot name is the most it could be.
            _ => Standing::Writing,
        }
    }
}

/// How a statement that was executed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With an answer.
    Answered,
    /// With an error.
    Failed,
    /// The lock was not to be had, and that is the answer.
    Refused,
    /// The lock was not to be had, and it will be tried again.
    Waits,
    /// Its wait for the lock ran out.
    TimedOut,
}

/// What is known of the database, to tell what statements touch.
pub(crate) struct Footprints {
    tables: Tables,
    /// Readers and a writer do not exclude each other.
    wal: bool,
    /// What each open transaction has written; `None` if that is not known.
    written: BTreeMap<SessionId, Option<BTreeSet<Access>>>,
}

impl Footprints {
    pub(crate) fn new(wal: bool) -> Footprints {
        Footprints { tables: Tables::default(), wal, written: BTreeMap::new() }
    }

    /// What executing the statement touches.
    pub(crate) fn intent(&mut self, session: SessionId, at: Standing, statement: &Statement) -> Footprint {
        let plan = self.tables.plan(&statement.sql);
        if self.wal { self.of_wal(session, at, &plan, statement) } else { of_rollback_journal(&plan) }
    }

    fn of_wal(&self, session: SessionId, at: Standing, plan: &Plan, statement: &Statement) -> Footprint {
        let touched =
            |touches: &[Touch]| touches.iter().map(|touch| touch.access(&statement.params)).collect();
        match (plan, at) {
            (Plan::Opaque, _) => Footprint::Unknown,
            (Plan::Reads(touches), Standing::Outside) => known(touched(touches)),
            (Plan::Writes(touches), Standing::Outside) => {
                let mut accesses: Vec<Access> = touched(touches);
                accesses.extend([lock(false), publication(session)]);
                known(accesses)
            }
            (Plan::Reads(_), Standing::Begun) => known(vec![snapshot()]),
            (Plan::Writes(_), Standing::Begun | Standing::Reading) => known(vec![lock(true), snapshot()]),
            // In a transaction it is an error, but SQLite takes the lock before it says so, and keeps it.
            (Plan::Begin { immediate: true }, Standing::Outside | Standing::Begun | Standing::Reading) => {
                known(vec![lock(true), snapshot()])
            }
            (Plan::Commit, Standing::Writing) => match self.written.get(&session) {
                Some(None) => Footprint::Unknown,
                written => {
                    let mut accesses: Vec<Access> =
                        written.into_iter().flatten().flatten().copied().collect();
                    accesses.extend([lock(true), publication(session)]);
                    known(accesses)
                }
            },
            (Plan::Rollback, Standing::Writing) => known(vec![lock(true)]),
            // It has its snapshot, or the lock, or nothing.
            (Plan::Reads(_) | Plan::Writes(_), _) => nothing(),
            (Plan::Begin { .. } | Plan::Savepoint | Plan::Commit | Plan::Rollback, _) => nothing(),
        }
    }

    /// What a statement touched that began there and is over; `now` is where it left the session.
    pub(crate) fn settle(
        &mut self,
        session: SessionId,
        (before, now): (Standing, Standing),
        statement: &Statement,
        end: End,
    ) -> Footprint {
        let plan = self.tables.plan(&statement.sql);
        let intended = self.intent(session, before, statement);
        // UPDATE OR FAIL leaves what it did before it failed.
        if matches!(end, End::Answered | End::Failed) && now == Standing::Writing {
            self.remember(session, &plan, statement);
        }
        self.tables.learn(&statement.sql, end == End::Answered);
        if now == Standing::Outside {
            self.written.remove(&session);
        }
        match (end, &*plan) {
            (End::TimedOut, _) => Footprint::Unknown,
            // It is as if it had not been sent yet: it changed nothing, and nobody was told anything.
            (End::Waits, Plan::Writes(_) | Plan::Begin { .. }) if self.wal && before == now => {
                Footprint::Nothing
            }
            // It got no further than the lock; or it had the lock, and found its snapshot too old to write.
            (End::Refused | End::Waits, Plan::Writes(_) | Plan::Begin { .. }) if self.wal => {
                let saw = now == Standing::Reading;
                known(saw.then(snapshot).into_iter().chain([lock(false)]).collect())
            }
            // Whoever else is refused in WAL mode was so for no reason that is known here.
            (End::Refused | End::Waits, _) if self.wal => Footprint::Unknown,
            // An error that ends the transaction, such as a full disk.
            (End::Failed, _) if self.wal && before == Standing::Writing && now == Standing::Outside => {
                intended.join(known(vec![lock(true)]))
            }
            _ => intended,
        }
    }

    /// Keeps what the transaction that is open now will publish.
    fn remember(&mut self, session: SessionId, plan: &Plan, statement: &Statement) {
        let written = self.written.entry(session).or_insert_with(|| Some(BTreeSet::new()));
        match (plan, &mut *written) {
            (Plan::Opaque, _) => *written = None,
            (Plan::Writes(touches), Some(written)) => {
                written.extend(touches.iter().map(|touch| touch.access(&statement.params)));
            }
            _ => (),
        }
    }

    /// What opening a session touches. In the other modes its settings read the database, and may be refused.
    pub(crate) fn opening(&self) -> Footprint {
        match self.tables.are_obscure() {
            true => Footprint::Unknown,
            false if self.wal => nothing(),
            false => database(true),
        }
    }

    /// What closing a session touches whose transaction stands there.
    pub(crate) fn closing(&self, at: Standing) -> Footprint {
        match at {
            _ if self.tables.are_obscure() => Footprint::Unknown,
            _ if !self.wal => database(true),
            Standing::Writing => known(vec![lock(true)]),
            Standing::Outside | Standing::Begun | Standing::Reading => nothing(),
        }
    }

    /// A session is gone, and its transaction with it.
    pub(crate) fn forget(&mut self, session: SessionId) {
        self.written.remove(&session);
    }

    /// Every session is gone.
    pub(crate) fn forget_all(&mut self) {
        self.written.clear();
    }
}

/// With a rollback journal readers and writers lock each other out, for as long as their transactions last:
/// all is one resource. That is enough, for two reads only ever share the lock, and what is neither a read nor
/// a transaction's beginning, which takes no lock, is a write.
fn of_rollback_journal(plan: &Plan) -> Footprint {
    match plan {
        Plan::Opaque => Footprint::Unknown,
        Plan::Begin { immediate: false } => nothing(),
        Plan::Reads(_) => database(false),
        _ => database(true),
    }
}

/// Nothing that another session could see. But who takes the power away ends this session too, and says no
/// more than [`Footprint::Unknown`]; so it is not [`Footprint::Nothing`], which goes before or after anything.
fn nothing() -> Footprint {
    known(Vec::new())
}

fn known(accesses: Vec<Access>) -> Footprint {
    Footprint::Known(accesses.into())
}

// No table has a name with a space in front.

fn database(writes: bool) -> Footprint {
    known(vec![Access { resource: resource(" database"), part: None, writes }])
}

fn lock(writes: bool) -> Access {
    Access { resource: resource(" lock"), part: None, writes }
}

fn snapshot() -> Access {
    Access { resource: resource(" snapshot"), part: None, writes: false }
}

fn publication(session: SessionId) -> Access {
    let part = Part { dimension: 0, value: u64::from(session.0) };
    Access { resource: resource(" snapshot"), part: Some(part), writes: true }
}
