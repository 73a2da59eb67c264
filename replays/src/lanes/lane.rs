//! A worker's lane: what goes on in its newest session, and how its rail shows it.

use drawloom_model::SessionId;

/// What goes on in a worker's newest session.
#[derive(Clone, Copy, Default)]
pub struct Lane {
    session: Option<SessionId>,
    in_transaction: bool,
    waiting: bool,
}

/// What a row does to the lane it stands in, or, if it stands across, to every lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    None,
    /// The session's statement waits from here on.
    Waits(SessionId),
    /// The session's statement is over, and with it its wait.
    Executed {
        session: SessionId,
        in_transaction: bool,
    },
    /// This session is over.
    Ends(SessionId),
    /// Whatever session there is, it is over.
    Closes,
}

impl Change {
    fn session(self) -> Option<SessionId> {
        match self {
            Change::Waits(session) | Change::Executed { session, .. } | Change::Ends(session) => {
                Some(session)
            }
            Change::None | Change::Closes => None,
        }
    }
}

impl Lane {
    /// The lane as the change finds it: a newer session begins outside a transaction.
    pub fn before(self, change: Change) -> Lane {
        match change.session() {
            // They are numbered in the order they were opened.
            newest if newest > self.session => Lane { session: newest, ..Lane::default() },
            _ => self,
        }
    }

    /// The lane as the change leaves it. What a dead client's session still does is not the newest's.
    pub fn after(self, change: Change) -> Lane {
        let lane = self.before(change);
        if change.session().is_some() && change.session() != lane.session {
            return lane;
        }
        match change {
            Change::None => lane,
            Change::Waits(_) => Lane { waiting: true, ..lane },
            Change::Executed { in_transaction, .. } => Lane { waiting: false, in_transaction, ..lane },
            Change::Ends(_) | Change::Closes => Lane { session: lane.session, ..Lane::default() },
        }
    }

    /// Its rail beside the rows of others.
    pub fn rail(self) -> &'static str {
        match (self.in_transaction, self.waiting) {
            (false, false) => "│",
            (true, false) => "┃",
            (false, true) => "┊",
            (true, true) => "┋",
        }
    }

    /// Its rail beside line `index` of `count` of a row of its own that turns it into `after`.
    pub fn own_rail(self, after: Lane, index: usize, count: usize) -> &'static str {
        let closes = self.in_transaction && !after.in_transaction;
        match (self.in_transaction, after.in_transaction) {
            _ if closes && index + 1 == count => "┗",
            _ if closes && index > 0 => "┃",
            (false, true) if index == 0 => "┏",
            (true, _) if index == 0 => "┣",
            _ if index == 0 => "├",
            _ => after.rail(),
        }
    }
}
