//! Executes these statements.

use super::{Discard, Utility};
use crate::executor::Executor;
use drawloom_model::{Reply, SqlError};

impl Executor {
    /// Executes a statement about the session.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn session_utility(&self, utility: &Utility) -> Result<Reply, SqlError> {
        if !utility.ends_failure() {
            self.refuse_failed()?;
        }
        if let Some(reply) = self.transaction_utility(utility).await? {
            return Ok(reply);
        }
        self.open_transaction()?;
        match utility {
            Utility::SetTransaction(modes) => self.set_transaction(*modes)?,
            Utility::SetModes(modes) => self.set_default_modes(*modes)?,
            Utility::Set { name, values, local } => self.set(name, values.as_deref(), *local)?,
            Utility::Reset(name) => self.reset(name.as_deref())?,
            Utility::Show(name) => return self.show(name),
            Utility::Discard(what) => self.discard(*what)?,
            Utility::Prepare { name, types, statement } => self.prepare(name, types, statement)?,
            Utility::Execute { name, arguments } => return self.execute_prepared(name, arguments).await,
            Utility::Deallocate(name) => self.deallocate(name.as_deref())?,
            Utility::Declare(declare) => self.declare(declare).await?,
            Utility::Fetch { cursor, direction, moves } => {
                return self.fetch(cursor, *direction, *moves).await;
            }
            Utility::Close(name) => self.close(name.as_deref())?,
            Utility::Maintain(maintenance) => self.maintain(maintenance).await?,
            Utility::Checkpoint => (),
            Utility::Announce(announcement) => self.announce(announcement.clone()),
            _ => unreachable!("it was the transaction's"),
        }
        Ok(Reply::default())
    }

    /// Executes what begins or ends a transaction or a savepoint.
    async fn transaction_utility(&self, utility: &Utility) -> Result<Option<Reply>, SqlError> {
        match utility {
            Utility::Begin(modes) => self.start(*modes)?,
            Utility::Commit { chain } => self.conclude(true, *chain).await?,
            Utility::RollBack { chain } => self.conclude(false, *chain).await?,
            Utility::Savepoint(name) => self.savepoint(name.clone())?,
            Utility::Release(name) => self.release(name)?,
            Utility::RollBackTo(name) => self.roll_back_to(name)?,
            Utility::PrepareTransaction(name) => self.prepare_transaction(name).await?,
            Utility::CommitPrepared(name) => self.end_prepared(name, true).await?,
            Utility::RollBackPrepared(name) => self.end_prepared(name, false).await?,
            _ => return Ok(None),
        }
        Ok(Some(Reply::default()))
    }

    fn discard(&self, what: Discard) -> Result<(), SqlError> {
        if what == Discard::All {
            self.refuse_block("DISCARD ALL")?;
        }
        self.with(|database| {
            let session = database.session_mut(self.session);
            if what == Discard::All {
                session.settings.reset_all();
                session.transaction_mut().levels[0].settings = None;
                session.cursors.clear();
                session.prepared.clear();
                session.channels.clear();
            }
            if matches!(what, Discard::All | Discard::Sequences) {
                database.sequences.get_mut().forget(self.session);
            }
            if what == Discard::All {
                database.locks.get_mut().release_advisory(self.session);
            }
        });
        Ok(())
    }
}
