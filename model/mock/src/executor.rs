//! Executes statements. A statement that has to wait is a future that is not ready: the backend asks it again
//! when its wait is over.
//!
//! ```text
//! submit -> future -> poll -> ready: the reply
//!                          -> pending: the session's `Pause` says why; `resume` polls again
//! ```
//!
//! Most statements never wait. What they need for that is in boxes of its own, made when they do: a future that has
//! room for it all is so large that making it takes longer than executing a short statement.

use crate::bug::Bug;
use crate::catalog::Table;
use crate::database::Database;
use crate::error::error;
use crate::expression::Context;
use crate::functions::Moment;
use crate::ids::{Oid, Xid};
use crate::locks::{Acquired, Mode, Tag};
use crate::session::Pause;
use crate::ssi::Safety;
use crate::store::Reader;
use crate::types::Datum;
use crate::world::{Memo, Want, World};
use drawloom_model::{SessionId, SqlError};
use drawloom_sim::{SimDuration, SimTime};
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// Who executes a session's statement.
#[derive(Clone, Debug)]
pub(crate) struct Executor {
    pub database: Rc<RefCell<Database>>,
    pub session: SessionId,
}

impl Executor {
    /// Does something to the database at once.
    pub fn with<T>(&self, act: impl FnOnce(&mut Database) -> T) -> T {
        act(&mut self.database.borrow_mut())
    }

    /// The statement touches what is not told.
    pub fn touch_unknown(&self) {
        self.with(|database| database.footprints.touch_unknown());
    }

    /// Whether the database is told to have this bug.
    pub fn has(&self, bug: Bug) -> bool {
        self.database.borrow().has(bug)
    }

    /// What functions of time say.
    pub fn moment(&self) -> Moment {
        self.database.borrow().moment(self.session)
    }

    /// Reads: works something out over the database, as often as it takes to get what it waits for.
    ///
    /// # Errors
    /// Those of `read`, and those of waiting.
    pub async fn read<T>(
        &self,
        reader: Reader,
        parameters: &[Datum],
        read: impl Fn(&Context<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        let moment = self.moment();
        let mut memos = Vec::new();
        loop {
            match self.attempt_to_read(reader, &moment, parameters, &memos, &read) {
                Ok(result) => return result,
                Err(wanted) => memos.extend(Box::pin(self.satisfy(*wanted, reader, parameters)).await?),
            }
        }
    }

    /// Works something out once. `Err`: what it has to wait for before.
    fn attempt_to_read<T>(
        &self,
        reader: Reader,
        moment: &Moment,
        parameters: &[Datum],
        memos: &[Memo],
        read: impl Fn(&Context<'_>) -> Result<T, SqlError>,
    ) -> Result<Result<T, SqlError>, Box<Want>> {
        let database = self.database.borrow();
        let world = World::new(&database, self.session, reader, memos);
        let cx = Context { world: Some(&world), moment, parameters, outer: None };
        let result = read(&cx);
        let (wanted, kept) = (world.wanted.take(), world.kept.take());
        drop(database);
        // While it waits, only a query that locks rows sees what was worked out before it.
        if !kept.is_empty() && matches!(wanted, None | Some(Want::Rows { .. })) {
            self.with(|database| database.session_mut(self.session).kept.extend(kept));
        }
        wanted.map_or(Ok(result), |wanted| Err(wanted.into()))
    }

    /// Waits for what an expression wants; what came of it, if it would ask for it again.
    async fn satisfy(
        &self,
        wanted: Want,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Option<Memo>, SqlError> {
        Ok(Some(match wanted {
            Want::Lock { tag, mode, depth } => {
                self.lock_at(tag, mode, depth, "an advisory lock").await?;
                Memo::Over
            }
            Want::Relation(oid, mode) => {
                self.lock(Tag::Relation(oid), mode, "a table's lock").await?;
                self.with(|database| database.refresh(self.session));
                return Ok(None);
            }
            Want::Sleep(duration) => {
                self.sleep(duration).await?;
                Memo::Over
            }
            Want::Set { name, value, local } => {
                self.configure(&name, value, local)?;
                Memo::Over
            }
            Want::Announce(announcement) => {
                self.touch_unknown();
                self.announce(announcement);
                Memo::Over
            }
            Want::Rows { query, outer } => {
                let rows = Box::pin(self.lock_rows(&query, reader, parameters, &outer)).await?;
                Memo::Rows(Rc::new(rows))
            }
        }))
    }

    /// Locks something for the transaction, or for the savepoint that it is in.
    ///
    /// # Errors
    /// `40P01`, `55P03`, `57014`: it was not to be had.
    pub async fn lock(&self, tag: Tag, mode: Mode, on: &'static str) -> Result<(), SqlError> {
        let depth = self.with(|database| database.session(self.session).transaction().depth());
        self.lock_at(tag, mode, depth, on).await
    }

    async fn lock_at(&self, tag: Tag, mode: Mode, depth: u32, on: &'static str) -> Result<(), SqlError> {
        let acquired = self.with(|database| database.locks.get_mut().acquire(self.session, tag, mode, depth));
        match acquired {
            Acquired::Granted => Ok(()),
            Acquired::Deadlock(_) => Err(deadlock()),
            Acquired::Waits => Box::pin(self.wait_in_queue(tag, mode, on)).await,
        }
    }

    async fn wait_in_queue(&self, tag: Tag, mode: Mode, on: &'static str) -> Result<(), SqlError> {
        // Whoever closes a circle of waits gives way.
        let closed = !self.has(Bug::UndetectedDeadlock)
            && self.with(|database| {
                let closed = database.locks.get_mut().deadlock(self.session).is_some();
                if closed {
                    database.locks.get_mut().withdraw(self.session);
                }
                closed
            });
        if closed {
            return Err(deadlock());
        }
        let now = self.with(|database| database.now);
        loop {
            self.with(|database| {
                let session = database.session_mut(self.session);
                let deadline = session.deadline(now);
                session.pause = Some(Pause::Lock { on, deadline, named: false });
            });
            pause().await;
            if !self.with(|database| database.locks.get_mut().is_waiting(self.session)) {
                self.with(|database| database.locks.get_mut().touch(tag, mode));
                return Ok(());
            }
            self.check_interrupt(Some(now)).inspect_err(|_| {
                self.with(|database| database.locks.get_mut().withdraw(self.session));
            })?;
        }
    }

    /// Whether the statement was cancelled or has taken too long; `waits_since` is when it began to wait for a lock.
    fn check_interrupt(&self, waits_since: Option<SimTime>) -> Result<(), SqlError> {
        self.with(|database| {
            let now = database.now;
            let session = database.session_mut(self.session);
            if std::mem::take(&mut session.is_cancelled) {
                return Err(error("57014", "canceling statement due to user request"));
            }
            let over = |began: SimTime, name| {
                session.settings.timeout(name).is_some_and(|timeout| now >= began + timeout)
            };
            if waits_since.is_some_and(|since| over(since, "lock_timeout")) {
                return Err(error("55P03", "canceling statement due to lock timeout"));
            }
            if over(session.statement_began, "statement_timeout") {
                return Err(error("57014", "canceling statement due to statement timeout"));
            }
            Ok(())
        })
    }

    /// Waits until a transaction is over.
    ///
    /// # Errors
    /// As for a lock.
    pub async fn wait_for(&self, xid: Xid) -> Result<(), SqlError> {
        while self.with(|database| database.transactions.running(xid)).is_some() {
            let tag = Tag::Transaction(xid);
            self.lock(tag, Mode::Share, "another transaction").await?;
            self.with(|database| {
                let depth = database.session(self.session).transaction().depth();
                database.locks.get_mut().release(self.session, tag, Mode::Share, depth)
            });
        }
        Ok(())
    }

    async fn sleep(&self, duration: SimDuration) -> Result<(), SqlError> {
        let until = self.with(|database| database.now) + duration;
        while self.with(|database| database.now) < until {
            self.with(|database| {
                database.session_mut(self.session).pause = Some(Pause::Sleep { until, named: false });
            });
            pause().await;
            self.check_interrupt(None)?;
        }
        Ok(())
    }

    /// Takes the snapshot of a transaction that is READ ONLY DEFERRABLE, anew until nothing can go wrong in it
    /// (PostgreSQL's GetSafeSnapshot). The wait is none for a lock: no lock timeout ends it.
    ///
    /// # Errors
    /// `57014`: it was cancelled meanwhile, or has taken too long.
    pub async fn await_safe_snapshot(&self) -> Result<(), SqlError> {
        while self.with(|database| database.session(self.session).defers()) {
            self.touch_unknown();
            self.reader();
            let Some(xid) = self.with(|database| database.watched(self.session)) else { return Ok(()) };
            while self.with(|database| database.ssi.get_mut().safety(xid)) == Safety::Undecided {
                self.with(|database| {
                    let session = database.session_mut(self.session);
                    let timeout = session.settings.timeout("statement_timeout");
                    let deadline = timeout.map(|timeout| session.statement_began + timeout);
                    session.pause = Some(Pause::Snapshot { deadline, named: false });
                });
                pause().await;
                self.check_interrupt(None)?;
            }
            self.with(|database| {
                if database.ssi.get_mut().safety(xid) == Safety::Unsafe {
                    database.ssi.get_mut().aborted(xid);
                    database.session_mut(self.session).transaction_mut().snapshot = None;
                }
            });
        }
        Ok(())
    }

    /// Lets others go first, if a statement may pause inside.
    ///
    /// # Errors
    /// `57014`: it was cancelled meanwhile, or has taken too long.
    pub async fn breathe(&self) -> Result<(), SqlError> {
        if !self.database.borrow().options.yields {
            return Ok(());
        }
        self.with(|database| database.session_mut(self.session).pause = Some(Pause::Yield));
        pause().await;
        self.check_interrupt(None)
    }

    /// Locks the relations that a statement uses.
    ///
    /// # Errors
    /// As for a lock.
    pub async fn lock_relations(&self, uses: &[(Oid, Mode)]) -> Result<(), SqlError> {
        for (oid, mode) in uses {
            self.lock(Tag::Relation(*oid), *mode, "a table's lock").await?;
        }
        Ok(())
    }

    /// What the running statement sees.
    pub fn reader(&self) -> Reader {
        self.with(|database| database.reader(self.session))
    }

    /// The session's own transaction's number, which it gets now if it has none.
    pub fn xid(&self) -> Xid {
        self.with(|database| database.xid(self.session))
    }

    /// A table as the session's transaction has it.
    pub fn table(&self, oid: Oid) -> Option<Rc<Table>> {
        self.with(|database| database.catalog(self.session).table(oid).cloned())
    }
}

fn deadlock() -> SqlError {
    error("40P01", "deadlock detected")
}

/// Is not ready the first time.
pub(crate) async fn pause() {
    let mut paused = false;
    poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
