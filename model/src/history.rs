//! Everything observable of a run, in order: the only thing that an oracle sees, and what a replay is
//! compared against.

use crate::backend::SessionId;
use crate::error::SqlError;
use crate::statement::{Reply, Statement, Value};
use drawloom_sim::{Actor, Sim, SimTime, Step};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

/// What a run did, event by event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In the order they happened: steps and times never decrease.
    pub events: Vec<Event>,
}

/// One thing that was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The turn it happened in.
    pub step: Step,
    /// The simulated time.
    pub at: SimTime,
    /// Who caused it.
    pub actor: Actor,
    /// What it was.
    pub what: Observation,
}

/// What can be observed.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A phase of the run begins.
    Phase(Phase),
    /// A worker begins an action.
    Action {
        /// The action's name.
        name: Cow<'static, str>,
    },
    /// The action gave up.
    ActionFailed {
        /// On what.
        error: SqlError,
    },
    /// A session was opened.
    Connected {
        /// Its number.
        session: SessionId,
    },
    /// A session could not be opened.
    ConnectFailed {
        /// Why not.
        error: SqlError,
    },
    /// A client sent a statement.
    Call {
        /// Over which session.
        session: SessionId,
        /// What it sent.
        statement: Rc<Statement>,
    },
    /// The statement waits inside the server.
    Blocked {
        /// Whose statement.
        session: SessionId,
        /// For what.
        on: Cow<'static, str>,
    },
    /// The statement's answer reached the client.
    Answer {
        /// Over which session.
        session: SessionId,
        /// The answer.
        executed: Executed,
    },
    /// No answer to the statement will reach the client: the connection broke, or the client is dead.
    Lost {
        /// Which connection.
        session: SessionId,
        /// What the server did all the same, if it saw the statement: what the client cannot know.
        executed: Option<Executed>,
    },
    /// Something was broken or mended.
    Fault(FaultEvent),
    /// Something the workload's model wants to remember.
    Note(Note),
    /// An invariant does not hold.
    Violation(Box<Violation>),
    /// A worker's code panicked.
    Panic {
        /// The panic's message.
        message: String,
    },
    /// Slots wait for ever: nothing is ready and no timer is set.
    Deadlock {
        /// Who waits, and in what.
        waiting: Vec<(Actor, Cow<'static, str>)>,
    },
    /// The step budget is used up.
    Livelock {
        /// Who is still at it, and in what.
        running: Vec<(Actor, Cow<'static, str>)>,
    },
    /// The database does not come back.
    Unrecovered {
        /// What it says.
        error: SqlError,
    },
}

/// A statement that the server finished.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed {
    /// The turn in which it did.
    pub step: Step,
    /// The simulated time.
    pub at: SimTime,
    /// Whether the session is inside a transaction afterwards.
    pub in_transaction: bool,
    /// The answer.
    pub result: Result<Rc<Reply>, SqlError>,
}

/// The parts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The database is prepared.
    Setup,
    /// The workers work, and things break.
    Work,
    /// The network is healed, nothing breaks any more, and the final state is looked at.
    Probe,
}

/// What the faults did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultEvent {
    /// The database lost power.
    DatabaseCrashed,
    /// The database was shut down in good order.
    DatabaseStopped,
    /// The database is back.
    DatabaseStarted,
    /// The standby took over.
    FailedOver,
    /// The primary of before the failover was stopped, with the sessions that it still had.
    OldPrimaryStopped,
    /// A worker's process died and was started again.
    WorkerCrashed(Actor),
    /// A worker stands still.
    Paused {
        /// Which one.
        worker: Actor,
        /// Until when.
        until: SimTime,
    },
    /// A worker's link is cut.
    Partitioned {
        /// Whose.
        worker: Actor,
        /// Until when.
        until: SimTime,
    },
    /// A worker's statement was cancelled, if it ran one.
    Cancelled(Actor),
}

/// Something the workload's model of the database remembers: an object's id, an acknowledged effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What kind of thing.
    pub label: Cow<'static, str>,
    /// Its values.
    pub values: Vec<Value>,
}

/// An invariant that does not hold, with what is needed to understand it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's name.
    pub invariant: Cow<'static, str>,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
    /// The ids or keys involved.
    pub keys: Vec<String>,
}

impl History {
    /// The notes with this label, in order, each with who made it.
    pub fn notes<'a>(&'a self, label: &'a str) -> impl Iterator<Item = (&'a Event, &'a Note)> + 'a {
        self.events.iter().filter_map(move |event| match &event.what {
            Observation::Note(note) if note.label == label => Some((event, note)),
            _ => None,
        })
    }

    /// The last statement that `actor` sent before the event with this index.
    pub fn last_statement(&self, actor: Actor, before: usize) -> Option<&Statement> {
        self.events[..before].iter().rev().find_map(|event| match &event.what {
            Observation::Call { statement, .. } if event.actor == actor => Some(&**statement),
            _ => None,
        })
    }
}

// A run has thousands of events, and touching memory is what recording them costs.
const _: () = assert!(size_of::<Event>() <= 72);

/// Writes a run's history.
#[derive(Clone)]
pub struct Recorder {
    sim: Sim,
    history: Rc<RefCell<History>>,
}

impl Recorder {
    /// An empty history of this run, with room for so many events.
    pub fn new(sim: Sim, events: usize) -> Recorder {
        let history = History { events: Vec::with_capacity(events) };
        Recorder { sim, history: Rc::new(RefCell::new(history)) }
    }

    /// `actor` caused this, now.
    #[inline]
    pub fn record(&self, actor: Actor, what: Observation) {
        tracing::debug!(step = self.sim.step().0, actor = %actor, ?what, "event");
        let event = Event { step: self.sim.step(), at: self.sim.now(), actor, what };
        self.history.borrow_mut().events.push(event);
    }

    /// Looks at the history so far. Nothing may be recorded meanwhile.
    pub fn read<T>(&self, look: impl FnOnce(&History) -> T) -> T {
        look(&self.history.borrow())
    }

    /// Takes the history; what is recorded afterwards goes nowhere.
    pub fn take(&self) -> History {
        self.history.take()
    }
}
