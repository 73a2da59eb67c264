//! Sessions that do nothing for too long are ended: `idle_in_transaction_session_timeout`, `idle_session_timeout`.
//!
//! Nobody asks for a session that does nothing. So the database looks for such whenever it is asked for anything, and
//! whoever waits for a lock is asked again when the next one is due: it may have what he waits for.

use crate::database::Database;
use crate::error::error;
use crate::session::Session;
use drawloom_model::{SessionId, SqlError};
use drawloom_sim::SimTime;

impl Session {
    /// When it is ended, if it says nothing until then.
    pub fn idle_deadline(&self) -> Option<SimTime> {
        let name = match self.is_in_block() {
            true => "idle_in_transaction_session_timeout",
            false => "idle_session_timeout",
        };
        Some(self.idle_since? + self.settings.timeout(name)?)
    }

    /// What its client hears when it has been ended.
    fn farewell(&self) -> SqlError {
        match self.is_in_block() {
            true => error("25P03", "terminating connection due to idle-in-transaction timeout"),
            false => error("57P05", "terminating connection due to idle-session timeout"),
        }
    }
}

impl Database {
    /// When the next session is ended for doing nothing.
    pub fn idle_deadline(&self) -> Option<SimTime> {
        if !self.ends_idle {
            return None;
        }
        self.sessions.iter().filter_map(|(_, session)| session.idle_deadline()).min()
    }

    /// Ends the sessions that have done nothing for too long; whether there were such.
    pub fn end_idle(&mut self) -> bool {
        if !self.ends_idle {
            return false;
        }
        let due = |(id, session): (SessionId, &Session)| {
            let deadline = session.idle_deadline().filter(|deadline| *deadline <= self.now)?;
            Some((deadline, id, session.farewell()))
        };
        let mut due: Vec<(SimTime, SessionId, SqlError)> = self.sessions.iter().filter_map(due).collect();
        due.sort_by_key(|(deadline, id, _)| (*deadline, *id));
        let has_ended = !due.is_empty();
        for (_, id, farewell) in due {
            self.close(id);
            let settings = self.settings();
            self.sessions.insert(id, Session { ended: Some(farewell), ..Session::new(id, settings) });
        }
        has_ended
    }
}
