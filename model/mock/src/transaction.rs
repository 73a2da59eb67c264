//! Transactions and savepoints (PostgreSQL's xact.c).

use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::options::Isolation;
use crate::session::{Block, Level};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

use crate::catalog::identifier;

impl Executor {
    /// Executes a statement that begins or ends a transaction or a savepoint, if it is one.
    ///
    /// # Errors
    /// It may not stand here.
    pub async fn control(&self, ast: &ast::Statement) -> Result<Option<Reply>, SqlError> {
        match ast {
            ast::Statement::StartTransaction { modes, .. } => self.start(modes)?,
            ast::Statement::Commit { chain: false, .. } => {
                let failed = self.block() == Some(Block::Failed);
                if failed {
                    self.with(|database| database.roll_back(self.session));
                } else {
                    self.commit().await?;
                }
            }
            ast::Statement::Rollback { chain: false, savepoint: None } => {
                self.with(|database| database.roll_back(self.session));
            }
            ast::Statement::Rollback { chain: false, savepoint: Some(name) } => {
                self.roll_back_to(&identifier(name))?
            }
            ast::Statement::Commit { .. } | ast::Statement::Rollback { .. } => {
                return Err(unsupported("AND CHAIN"));
            }
            ast::Statement::Savepoint { name } => self.savepoint(identifier(name))?,
            ast::Statement::ReleaseSavepoint { name } => self.release(&identifier(name))?,
            _ => return Ok(None),
        }
        Ok(Some(Reply::default()))
    }

    fn block(&self) -> Option<Block> {
        self.with(|database| Some(database.session(self.session).transaction.as_ref()?.block))
    }

    fn start(&self, modes: &[ast::TransactionMode]) -> Result<(), SqlError> {
        if self.block().is_some() {
            // PostgreSQL warns, and goes on.
            return Ok(());
        }
        self.with(|database| database.begin(self.session, Block::Open));
        self.set_modes(modes)
    }

    /// What BEGIN and SET TRANSACTION say of the transaction.
    ///
    /// # Errors
    /// `25001`: it has begun to read.
    pub fn set_modes(&self, modes: &[ast::TransactionMode]) -> Result<(), SqlError> {
        self.with(|database| {
            let is_strict = database.options.isolation == Isolation::Strict;
            let transaction = database.session_mut(self.session).transaction_mut();
            for mode in modes {
                match mode {
                    ast::TransactionMode::AccessMode(access) => {
                        transaction.is_read_only = *access == ast::TransactionAccessMode::ReadOnly;
                    }
                    ast::TransactionMode::IsolationLevel(level) => {
                        if transaction.snapshot.is_some() {
                            let message = "SET TRANSACTION ISOLATION LEVEL must be called before any query";
                            return Err(error("25001", message));
                        }
                        let level = match level {
                            ast::TransactionIsolationLevel::ReadUncommitted => Isolation::ReadUncommitted,
                            ast::TransactionIsolationLevel::ReadCommitted => Isolation::ReadCommitted,
                            ast::TransactionIsolationLevel::RepeatableRead => Isolation::RepeatableRead,
                            ast::TransactionIsolationLevel::Serializable => Isolation::Serializable,
                            ast::TransactionIsolationLevel::Snapshot => {
                                return Err(error("42601", "syntax error at or near \"SNAPSHOT\""));
                            }
                        };
                        if !is_strict {
                            transaction.isolation = level;
                        }
                    }
                }
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
        let committed = checked.and_then(|()| self.with(|database| database.commit(self.session)));
        if committed.is_err() {
            self.with(|database| database.roll_back(self.session));
        }
        committed
    }

    fn savepoint(&self, name: Rc<str>) -> Result<(), SqlError> {
        self.require_block("SAVEPOINT")?;
        self.refuse_failed()?;
        self.with(|database| {
            let session = database.session_mut(self.session);
            let settings = Some(session.settings.clone());
            let transaction = session.transaction_mut();
            let changes = transaction.draft.as_ref().map(|draft| draft.changes.clone());
            let checks = transaction.checks.clone();
            let level = Level { savepoint: Some(name), changes, settings, checks, ..Level::default() };
            transaction.levels.push(level);
        });
        Ok(())
    }

    fn release(&self, name: &str) -> Result<(), SqlError> {
        self.require_block("RELEASE SAVEPOINT")?;
        self.refuse_failed()?;
        self.with(|database| {
            let place = database.session(self.session).transaction().savepoint(name)?;
            while database.session(self.session).transaction().levels.len() > place {
                let depth = database.session(self.session).transaction().depth();
                let transaction = database.session_mut(self.session).transaction_mut();
                let level = transaction.levels.pop().expect("it was counted");
                transaction.level().released.extend(level.xid.into_iter().chain(level.released));
                database.locks.get_mut().move_down(self.session, depth);
            }
            Ok(())
        })
    }

    fn roll_back_to(&self, name: &str) -> Result<(), SqlError> {
        self.require_block("ROLLBACK TO SAVEPOINT")?;
        self.with(|database| {
            let place = database.session(self.session).transaction().savepoint(name)?;
            let depth = u32::try_from(place).expect("savepoints fit into memory") + 1;
            let mut first = None;
            while database.session(self.session).transaction().levels.len() > place {
                let transaction = database.session_mut(self.session).transaction_mut();
                let level = transaction.levels.pop().expect("it was counted");
                let draft = transaction.draft.take();
                let (settings, checks) = (level.settings.clone(), level.checks.clone());
                first = Some((level.savepoint.clone(), level.changes.clone(), settings, checks));
                database.undo(self.session, level, draft);
            }
            database.locks.get_mut().release_since(self.session, depth);
            let (savepoint, changes, settings, checks) = first.expect("a savepoint is a level");
            let transaction = database.session_mut(self.session).transaction_mut();
            transaction.block = Block::Open;
            transaction.checks = checks.clone();
            transaction.levels.push(Level { savepoint, changes, settings, checks, ..Level::default() });
            Ok(())
        })
    }

    fn require_block(&self, statement: &str) -> Result<(), SqlError> {
        match self.block() {
            None | Some(Block::Implicit) => {
                Err(error("25P01", format!("{statement} can only be used in transaction blocks")))
            }
            Some(Block::Open | Block::Failed) => Ok(()),
        }
    }

    fn refuse_failed(&self) -> Result<(), SqlError> {
        if self.block() == Some(Block::Failed) {
            let message = "current transaction is aborted, commands ignored until end of transaction block";
            return Err(error("25P02", message));
        }
        Ok(())
    }
}

impl crate::session::Transaction {
    /// The place of the last savepoint of this name.
    fn savepoint(&self, name: &str) -> Result<usize, SqlError> {
        let place = self.levels.iter().rposition(|level| level.savepoint.as_deref() == Some(name));
        place.ok_or_else(|| error("3B001", format!("savepoint \"{name}\" does not exist")))
    }
}
