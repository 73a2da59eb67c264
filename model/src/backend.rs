//! The seam to an SQL engine. A backend is synchronous: it answers within the call, or says that the
//! statement is blocked; it owns no clock and no thread.

use crate::error::SqlError;
use crate::statement::{Reply, Statement};
use drawloom_sim::{Footprint, Lane, Sim, SimDuration, SimTime};
use std::rc::Rc;

/// A session of the server, numbered from 1 in the order they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId(pub u32);

/// What a backend may ask of the run: the time, and decisions of the lane `Backend`.
pub struct Cx<'a> {
    sim: &'a Sim,
}

impl<'a> Cx<'a> {
    /// The context of the running step.
    #[inline]
    pub fn new(sim: &'a Sim) -> Cx<'a> {
        Cx { sim }
    }

    /// The simulated time.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.sim.now()
    }

    /// Whether anybody wants to know what statements touch.
    #[inline]
    pub fn observed(&self) -> bool {
        self.sim.observed()
    }

    /// One of `arity` answers to what the engine leaves open; 0 is the calm one.
    pub fn choose(&self, site: &'static str, arity: u32) -> u32 {
        self.sim.choose(Lane::Backend, site, arity)
    }
}

/// How far a statement came.
#[derive(Clone, Debug)]
pub enum Progress {
    /// It is over.
    Done {
        /// The reply, or why there is none.
        reply: Result<Rc<Reply>, SqlError>,
        /// Whether the session is inside a transaction now.
        in_transaction: bool,
        /// What it touched. Where nobody observes, it may be [`Footprint::Unknown`].
        footprint: Footprint,
    },
    /// It waits for another session; `ready` will name it.
    Blocked {
        /// What it waits for, for people.
        on: &'static str,
        /// What finding that out touched.
        footprint: Footprint,
        /// Whether it has given something up on the way, so that `ready` may name others.
        released: bool,
    },
    /// It paused inside and can go on at once.
    Yielded,
}

/// What a session tells those that listen to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Who says it.
    pub from: SessionId,
    /// Where.
    pub channel: String,
    /// What is said, if anything.
    pub payload: String,
}

/// An SQL engine with its data. Every session number it is given it has handed out itself, and not closed.
pub trait Backend {
    /// The engine and its exact version: a replay made with another one may differ.
    fn fingerprint(&self) -> String;

    /// A new session.
    ///
    /// # Errors
    /// The engine refuses: too many sessions, or a database that cannot be opened.
    fn open(&mut self, cx: &Cx<'_>) -> Result<SessionId, SqlError>;

    /// Begins a statement. The session runs no other.
    fn submit(&mut self, cx: &Cx<'_>, session: SessionId, statement: &Statement) -> Progress;

    /// Begins one of several statements that came as one text; `last` ends it. PostgreSQL makes a transaction of them
    /// all where none is open: it ends with the last, or where one fails ("implicit transaction block", its manual,
    /// section 55.2.2.1). An engine that knows no such thing begins them one by one.
    fn submit_part(
        &mut self,
        cx: &Cx<'_>,
        session: SessionId,
        statement: &Statement,
        _last: bool,
    ) -> Progress {
        self.submit(cx, session, statement)
    }

    /// What the session was told since this was last asked, beside the answers to its statements: each with its
    /// severity, as `NOTICE:  text`.
    fn notices(&mut self, _session: SessionId) -> Vec<Box<str>> {
        Vec::new()
    }

    /// What the session was told by others since this was last asked, as far as it may hear that now: a session that is
    /// inside a transaction hears nothing before its end (PostgreSQL's manual, NOTIFY). Whoever runs a session asks
    /// when it has read the answers to what it sent.
    fn notifications(&mut self, _session: SessionId) -> Vec<Notification> {
        Vec::new()
    }

    /// What executing this statement now would touch, as far as that can be told before: at least as much as
    /// it will say it touched. Asked only where somebody observes.
    fn intent(&self, _session: SessionId, _statement: &Statement) -> Footprint {
        Footprint::Unknown
    }

    /// What opening a session touches.
    fn opening(&self) -> Footprint {
        Footprint::Unknown
    }

    /// What closing this session now would touch.
    fn closing(&self, _session: SessionId) -> Footprint {
        Footprint::Unknown
    }

    /// Goes on with a statement that yielded, or whose wait is over.
    fn resume(&mut self, cx: &Cx<'_>, session: SessionId) -> Progress;

    /// Blocked sessions whose wait may be over, each named once a wait.
    fn ready(&mut self, cx: &Cx<'_>) -> Vec<SessionId>;

    /// When a blocked session is to be asked again, if nothing else ends its wait: lock and statement timeouts are the
    /// backend's, in simulated time, and so is the end of a session that does nothing for too long. That may have what
    /// this one waits for; of itself such a session is told when it says something again: a failure of
    /// `Class::Connection`, after which it is gone.
    fn deadline(&self, session: SessionId) -> Option<SimTime>;

    /// Cancels the session's statement, if it runs one; its next `resume` says so.
    fn cancel(&mut self, cx: &Cx<'_>, session: SessionId);

    /// Ends the session; its transaction is rolled back.
    fn close(&mut self, cx: &Cx<'_>, session: SessionId);

    /// Time has passed: all that is written is durable by now.
    fn settle(&mut self);

    /// Power is lost: every session is gone, and every write that was not synced.
    fn crash(&mut self, cx: &Cx<'_>);

    /// Shuts down in good order: every session is closed.
    fn stop(&mut self, cx: &Cx<'_>);

    /// Comes up, at first with an empty database, or comes back after `crash` or `stop`, recovering if it
    /// has to.
    ///
    /// # Errors
    /// The database cannot be opened any more.
    fn start(&mut self, cx: &Cx<'_>) -> Result<(), SqlError>;

    /// The standby takes over: it has all that a synchronous COMMIT acknowledged, and new sessions are its own. The
    /// sessions that there are stay with the old primary, which may commit nothing any more, until it is stopped.
    /// False: there is no standby.
    fn fail_over(&mut self, _cx: &Cx<'_>) -> bool {
        false
    }

    /// The old primary is stopped: its sessions, which are gone.
    fn stop_old_primary(&mut self) -> Vec<SessionId> {
        Vec::new()
    }

    /// The committed state of the database as one file that the engine's own tools open. The running
    /// database is not disturbed.
    ///
    /// # Errors
    /// The engine cannot read its own state.
    fn snapshot(&mut self, cx: &Cx<'_>) -> Result<Vec<u8>, SqlError>;

    /// The simulated time that a statement takes.
    fn cost(&self, _statement: &Statement) -> SimDuration {
        SimDuration::millis(1)
    }
}
