//! The standby: it has the log as well, and COMMIT answers when both have it (PostgreSQL's manual, section 27.2.8).
//!
//! ```text
//! before     clients --> primary --log--> standby
//! failover   clients --> old primary      standby, recovered: new clients -->
//!                        COMMIT waits for a standby that listens to it no more
//! later                  is stopped: its clients' connections are gone
//! ```
//!
//! That COMMIT waits is what fences the old primary: whoever it does not answer does not believe that his transaction
//! is committed, and it is not. PostgreSQL's own lets a cancel request end that wait, with a warning; here nothing does.

use super::recover;
use crate::bug::Bug;
use crate::database::Database;
use crate::executor::{Executor, pause};
use crate::session::Pause;
use drawloom_model::SqlError;

impl Database {
    /// The standby as the primary that it becomes. `lost` says how many of the last so many records, which nobody
    /// waited for, it has not got.
    ///
    /// # Errors
    /// As for recovery.
    pub fn promote_standby(&mut self, lost: impl FnOnce(u32) -> u32) -> Result<Database, SqlError> {
        let mut log = self.log.take();
        log.crash(self.now, lost);
        self.is_fenced = true;
        recover(self, log)
    }
}

impl Executor {
    /// Waits until the standby has what the transaction is about to commit: on an old primary for ever. `always`,
    /// whatever `synchronous_commit` says, and whether or not it did anything.
    pub async fn wait_for_standby(&self, always: bool) {
        let waits = self.with(|database| {
            let session = database.session(self.session);
            let has_done = session.transaction.as_ref().is_some_and(|transaction| {
                let defines = transaction.draft.as_ref().is_some_and(|draft| !draft.changes.is_empty());
                defines || !transaction.changes.is_empty() || transaction.has_logged.get()
            });
            database.is_fenced
                && !database.has(Bug::UnfencedFailover)
                && (always || (has_done && session.settings.waits_for_standby()))
        });
        if !waits {
            return;
        }
        loop {
            self.with(|database| database.session_mut(self.session).pause = Some(Pause::Standby));
            pause().await;
        }
    }
}
