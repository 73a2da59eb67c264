//! LISTEN, UNLISTEN and NOTIFY (PostgreSQL's async.c): they come true when their transaction commits.
//!
//! ```text
//! LISTEN, NOTIFY, pg_notify -> the transaction's announcements -- ROLLBACK TO --> fewer
//!                                            | COMMIT
//!          first who listens to what changes, then each session that listens is told, in that order
//! ```

use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use drawloom_model::{Notification, SessionId, SqlError};
use std::rc::Rc;

/// How long a channel's name may be, and what is told with it.
const CHANNEL_BYTES_MAX: usize = 63;
const PAYLOAD_BYTES_MAX: usize = 7_999;

/// What comes true at COMMIT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Announcement {
    Listen(Rc<str>),
    /// All channels, if none is named.
    Unlisten(Option<Rc<str>>),
    Notify {
        channel: Rc<str>,
        payload: Rc<str>,
    },
}

impl Announcement {
    /// # Errors
    /// `22023`: the channel has no name, or one of these is too long.
    pub fn notify(channel: &str, payload: &str) -> Result<Announcement, SqlError> {
        let refused = |message: &str| Err(error("22023", message));
        if channel.is_empty() {
            return refused("channel name cannot be empty");
        }
        if channel.len() > CHANNEL_BYTES_MAX {
            return refused("channel name too long");
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return refused("payload string too long");
        }
        Ok(Announcement::Notify { channel: channel.into(), payload: payload.into() })
    }
}

impl Executor {
    /// Announces something for COMMIT; the same thing is told once.
    pub fn announce(&self, announcement: Announcement) {
        self.with(|database| {
            let transaction = database.session_mut(self.session).transaction_mut();
            let is_told = matches!(announcement, Announcement::Notify { .. })
                && transaction.announcements.contains(&announcement);
            if !is_told {
                transaction.announcements.push(announcement);
            }
        });
    }
}

impl Database {
    /// Does what a transaction that has just been committed has announced.
    pub fn publish(&mut self, from: SessionId, announcements: Vec<Announcement>) {
        let mut told = Vec::new();
        for announcement in announcements {
            let channels = &mut self.session_mut(from).channels;
            match announcement {
                Announcement::Listen(channel) => drop(channels.insert(channel)),
                Announcement::Unlisten(Some(channel)) => drop(channels.remove(&channel)),
                Announcement::Unlisten(None) => channels.clear(),
                Announcement::Notify { channel, payload } => told.push((channel, payload)),
            }
        }
        for (channel, payload) in told {
            for (_, session) in self.sessions.iter_mut().filter(|(_, it)| it.channels.contains(&channel)) {
                let (channel, payload) = (channel.to_string(), payload.to_string());
                session.notifications.push(Notification { from, channel, payload });
            }
        }
    }
}
