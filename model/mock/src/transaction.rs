//! Transactions and savepoints (PostgreSQL's xact.c).

use crate::error::error;
use crate::executor::Executor;
use crate::options::Isolation;
use crate::session::{Block, Level, Savepoint};
use crate::utility::Modes;
use drawloom_model::SqlError;
use std::rc::Rc;

impl Executor {
    /// `BEGIN`
    ///
    /// # Errors
    /// `25001`, where it changes the modes of a transaction that has begun to read.
    pub fn start(&self, modes: Modes) -> Result<(), SqlError> {
        match self.block() {
            None => self.with(|database| database.begin(self.session, Block::Open)),
            // What the text did so far is a part of it.
            Some(Block::Implicit) => self.with(|database| {
                database.session_mut(self.session).transaction_mut().block = Block::Open;
            }),
            Some(Block::Open) => self.warning("there is already a transaction in progress"),
            Some(Block::Failed) => self.refuse_failed()?,
        }
        self.set_modes(modes)
    }

    /// `COMMIT`; a failed transaction is rolled back.
    ///
    /// # Errors
    /// `40001`; `25P01`: AND CHAIN outside a transaction.
    pub async fn conclude(&self, commits: bool, chain: bool) -> Result<(), SqlError> {
        let block = self.block();
        if matches!(block, None | Some(Block::Implicit)) {
            if chain {
                let verb = if commits { "COMMIT" } else { "ROLLBACK" };
                return Err(error(
                    "25P01",
                    format!("{verb} AND CHAIN can only be used in transaction blocks"),
                ));
            }
            self.warning("there is no transaction in progress");
        }
        let modes = self.with(|database| {
            let transaction = database.session(self.session).transaction.as_ref()?;
            Some((transaction.isolation, transaction.is_read_only, transaction.is_deferrable))
        });
        if commits && block != Some(Block::Failed) {
            self.commit().await?;
        } else {
            self.with(|database| database.roll_back(self.session));
        }
        if let Some((isolation, is_read_only, is_deferrable)) = modes.filter(|_| chain) {
            self.with(|database| {
                database.begin(self.session, Block::Open);
                let next = database.session_mut(self.session).transaction_mut();
                (next.isolation, next.is_read_only, next.is_deferrable) =
                    (isolation, is_read_only, is_deferrable);
            });
        }
        Ok(())
    }

    fn block(&self) -> Option<Block> {
        self.with(|database| Some(database.session(self.session).transaction.as_ref()?.block))
    }

    /// Tells the client a notice.
    pub fn notice(&self, text: impl std::fmt::Display) {
        self.with(|database| database.session(self.session).notice(text));
    }

    /// Tells the client a warning.
    pub fn warning(&self, text: impl std::fmt::Display) {
        self.with(|database| database.session(self.session).warning(text));
    }

    /// What BEGIN and SET TRANSACTION say of the transaction.
    ///
    /// # Errors
    /// `25001`: it has begun to read, or a savepoint is open.
    pub fn set_modes(&self, modes: Modes) -> Result<(), SqlError> {
        self.with(|database| {
            let is_strict = database.options.isolation == Isolation::Strict;
            let transaction = database.session_mut(self.session).transaction_mut();
            let is_nested = transaction.levels.len() > 1;
            let has_read = transaction.snapshot.is_some();
            let refused = |message: &str| Err(error("25001", message));
            if let Some(level) = modes.isolation.filter(|level| !is_strict && *level != transaction.isolation)
            {
                if has_read {
                    return refused("SET TRANSACTION ISOLATION LEVEL must be called before any query");
                }
                if is_nested {
                    return refused("SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
                }
                transaction.isolation = level;
            }
            if let Some(is_read_only) = modes.is_read_only {
                if !is_read_only && transaction.is_read_only {
                    if is_nested {
                        return refused(
                            "cannot set transaction read-write mode inside a read-only transaction",
                        );
                    }
                    if has_read {
                        return refused("transaction read-write mode must be set before any query");
                    }
                }
                transaction.is_read_only = is_read_only;
            }
            if let Some(is_deferrable) = modes.is_deferrable {
                if is_nested {
                    return refused(
                        "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction",
                    );
                }
                if has_read {
                    return refused("SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
                }
                transaction.is_deferrable = is_deferrable;
            }
            Ok(())
        })
    }

    /// Commits.
    ///
    /// # Errors
    /// It may not; then it is rolled back.
    pub async fn commit(&self) -> Result<(), SqlError> {
        let checked = self.check_deferred(true).await;
        let checked = checked.and_then(|()| self.end_temporary());
        let held = match checked {
            Ok(()) => self.hold_cursors().await,
            Err(failure) => Err(failure),
        };
        if held.is_ok() {
            self.wait_for_standby(false).await;
        }
        let committed = held.and_then(|()| self.with(|database| database.commit(self.session)));
        if committed.is_err() {
            self.with(|database| database.roll_back(self.session));
        }
        committed
    }

    /// `SAVEPOINT`
    ///
    /// # Errors
    /// `25P01`, `25P02`
    pub fn savepoint(&self, name: Rc<str>) -> Result<(), SqlError> {
        self.require_block("SAVEPOINT")?;
        self.refuse_failed()?;
        self.with(|database| {
            let session = database.session_mut(self.session);
            let settings = Some(session.settings.clone());
            let transaction = session.transaction_mut();
            let changes = transaction.draft.as_ref().map(|draft| draft.changes.clone());
            let checks = transaction.checks.clone();
            let announced = transaction.announcements.len();
            let savepoint = Some(Savepoint { name, changes, checks, announced }.into());
            transaction.levels.push(Level { settings, savepoint, ..Level::default() });
        });
        Ok(())
    }

    /// `RELEASE`
    ///
    /// # Errors
    /// `25P01`, `25P02`; `3B001`: there is no such savepoint.
    pub fn release(&self, name: &str) -> Result<(), SqlError> {
        self.require_block("RELEASE SAVEPOINT")?;
        self.refuse_failed()?;
        self.with(|database| {
            let place = database.session(self.session).transaction().savepoint(name)?;
            while database.session(self.session).transaction().levels.len() > place {
                let depth = database.session(self.session).transaction().depth();
                let transaction = database.session_mut(self.session).transaction_mut();
                let level = transaction.levels.pop().expect("it was counted");
                transaction.level().released.extend(level.xid.into_iter().chain(level.released));
                let cursors = database.session_mut(self.session).cursors.values_mut();
                cursors.filter(|cursor| cursor.depth == depth).for_each(|cursor| cursor.depth -= 1);
                database.locks.get_mut().move_down(self.session, depth);
            }
            Ok(())
        })
    }

    /// `ROLLBACK TO`
    ///
    /// # Errors
    /// `25P01`; `3B001`: there is no such savepoint.
    pub fn roll_back_to(&self, name: &str) -> Result<(), SqlError> {
        self.require_block("ROLLBACK TO SAVEPOINT")?;
        self.with(|database| {
            let place = database.session(self.session).transaction().savepoint(name)?;
            let depth = u32::try_from(place).expect("savepoints fit into memory") + 1;
            let mut first = None;
            while database.session(self.session).transaction().levels.len() > place {
                let transaction = database.session_mut(self.session).transaction_mut();
                let level = transaction.levels.pop().expect("it was counted");
                let draft = transaction.draft.take();
                first = Some((level.settings.clone(), level.savepoint.clone()));
                database.undo(self.session, level, draft);
            }
            database.locks.get_mut().release_since(self.session, depth);
            database.session_mut(self.session).end_cursors(depth);
            let (settings, savepoint) = first.expect("a savepoint is a level");
            let transaction = database.session_mut(self.session).transaction_mut();
            transaction.block = Block::Open;
            transaction.checks = savepoint.as_ref().map(|it| it.checks.clone()).unwrap_or_default();
            transaction.levels.push(Level { settings, savepoint, ..Level::default() });
            Ok(())
        })
    }

    /// The statement stands in a transaction block only.
    ///
    /// # Errors
    /// `25P01`
    fn require_block(&self, statement: &str) -> Result<(), SqlError> {
        match self.block() {
            None | Some(Block::Implicit) => {
                Err(error("25P01", format!("{statement} can only be used in transaction blocks")))
            }
            Some(Block::Open | Block::Failed) => Ok(()),
        }
    }

    /// # Errors
    /// `25P02`: the transaction has failed.
    pub fn refuse_failed(&self) -> Result<(), SqlError> {
        if self.block() == Some(Block::Failed) {
            let message = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(error("25P02", message));
        }
        Ok(())
    }
}

impl crate::session::Transaction {
    /// The place of the last savepoint of this name.
    ///
    /// # Errors
    /// `3B001`: there is none.
    pub fn savepoint(&self, name: &str) -> Result<usize, SqlError> {
        let place = self
            .levels
            .iter()
            .rposition(|level| level.savepoint.as_ref().is_some_and(|it| *it.name == *name));
        place.ok_or_else(|| error("3B001", format!("savepoint \"{name}\" does not exist")))
    }
}
