//! The database server: the backend, the statements that are parked in it, and what breaks it.
//!
//! A statement that blocks is parked here until the backend's `ready` names its session; then its slot is
//! ready, and the schedule decides which of the granted goes first.

use crate::backend::{Backend, Cx, Progress, SessionId};
use crate::error::{Class, SqlError};
use crate::history::{Executed, FaultEvent, Observation, Recorder};
use crate::statement::Statement;
use drawloom_sim::{Actor, Footprint, Sim, SimTime};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// The server of one run.
pub struct Server {
    sim: Sim,
    recorder: Recorder,
    backend: RefCell<Box<dyn Backend>>,
    up: Cell<bool>,
    sessions: RefCell<BTreeMap<SessionId, ServerSession>>,
    /// How many sessions are parked: where none is, nobody need be woken.
    parked: Cell<u32>,
}

struct ServerSession {
    client: Actor,
    state: State,
    /// Nobody reads the answers any more: the session ends with its statement.
    abandoned: bool,
}

enum State {
    Idle,
    Running,
    Parked { waker: Option<Waker>, granted: bool },
}

/// Why a statement is not over.
enum Unfinished {
    Blocked { on: &'static str },
    Yielded,
}

/// Counts a session as parked for as long as it is, also when its client dies meanwhile.
struct Parked<'a>(&'a Cell<u32>);

impl<'a> Parked<'a> {
    fn count(parked: &'a Cell<u32>) -> Parked<'a> {
        parked.set(parked.get() + 1);
        Parked(parked)
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Server {
    /// A server on this backend, not up yet.
    pub fn new(sim: Sim, recorder: Recorder, backend: Box<dyn Backend>) -> Server {
        Server {
            sim,
            recorder,
            backend: RefCell::new(backend),
            up: Cell::new(false),
            sessions: RefCell::default(),
            parked: Cell::new(0),
        }
    }

    pub(crate) fn connect(&self, client: Actor) -> Result<SessionId, SqlError> {
        if !self.up.get() {
            return Err(SqlError::connection_refused());
        }
        self.sim.touch(self.opening());
        let id = self.backend.borrow_mut().open(&Cx::new(&self.sim))?;
        let session = ServerSession { client, state: State::Idle, abandoned: false };
        let before = self.sessions.borrow_mut().insert(id, session);
        assert!(before.is_none(), "a backend numbers its sessions once");
        Ok(id)
    }

    /// What opening a session touches.
    pub(crate) fn opening(&self) -> Footprint {
        if self.sim.observed() { self.backend.borrow().opening() } else { Footprint::Unknown }
    }

    /// What executing the statement now would touch.
    pub(crate) fn intent(&self, id: SessionId, statement: &Statement) -> Footprint {
        if self.sim.observed() && self.sessions.borrow().contains_key(&id) {
            return self.backend.borrow().intent(id, statement);
        }
        Footprint::Unknown
    }

    /// What closing the session now would touch.
    pub(crate) fn closing(&self, id: SessionId) -> Footprint {
        if self.sim.observed() && self.sessions.borrow().contains_key(&id) {
            return self.backend.borrow().closing(id);
        }
        Footprint::Unknown
    }

    /// Runs a statement to its end. `None`: the session is gone.
    pub(crate) async fn execute(&self, id: SessionId, statement: &Statement) -> Option<Executed> {
        if !self.sessions.borrow().contains_key(&id) {
            return None;
        }
        let progress = self.backend.borrow_mut().submit(&Cx::new(&self.sim), id, statement);
        // Most are over at once.
        let executed = match self.progressed(statement, progress) {
            Ok(executed) => executed,
            Err(unfinished) => self.finish(id, statement, unfinished).await?,
        };
        if executed.result.as_ref().is_err_and(|error| error.class == Class::Connection) {
            // The server has ended it.
            self.hang_up(id);
        }
        Some(executed)
    }

    /// Goes on with a statement that is not over, parking whenever it blocks. `None`: the session is gone.
    async fn finish(
        &self,
        id: SessionId,
        statement: &Statement,
        mut unfinished: Unfinished,
    ) -> Option<Executed> {
        let mut recorded = false;
        loop {
            match unfinished {
                Unfinished::Blocked { on } => {
                    if !recorded {
                        recorded = true;
                        let client = self.sessions.borrow().get(&id)?.client;
                        self.recorder.record(client, Observation::Blocked { session: id, on: on.into() });
                    }
                    self.sim.intend(self.intent(id, statement));
                    self.park(id).await?;
                }
                Unfinished::Yielded => {
                    self.sessions.borrow_mut().get_mut(&id)?.state = State::Running;
                    self.sim.intend(self.intent(id, statement));
                    self.sim.turn().await;
                }
            }
            // The server may have crashed meanwhile.
            self.sessions.borrow_mut().get_mut(&id)?.state = State::Idle;
            let progress = self.backend.borrow_mut().resume(&Cx::new(&self.sim), id);
            match self.progressed(statement, progress) {
                Ok(executed) => {
                    self.end_if_abandoned(id);
                    return Some(executed);
                }
                Err(still) => unfinished = still,
            }
        }
    }

    fn progressed(&self, statement: &Statement, progress: Progress) -> Result<Executed, Unfinished> {
        let (reply, in_transaction, footprint) = match progress {
            Progress::Done { reply, in_transaction, footprint } => (reply, in_transaction, footprint),
            Progress::Blocked { on, footprint, released } => {
                self.sim.touch(footprint);
                if released {
                    self.wake_granted();
                }
                return Err(Unfinished::Blocked { on });
            }
            Progress::Yielded => return Err(Unfinished::Yielded),
        };
        self.sim.touch(footprint);
        let cost = self.backend.borrow().cost(statement);
        self.sim.spend(cost);
        self.wake_granted();
        Ok(Executed { step: self.sim.step(), at: self.sim.now(), in_transaction, result: reply })
    }

    /// Waits until the session is granted what it waits for, or its wait runs out. `None`: it is gone.
    async fn park(&self, id: SessionId) -> Option<()> {
        self.sessions.borrow_mut().get_mut(&id)?.state = State::Parked { waker: None, granted: false };
        let _parked = Parked::count(&self.parked);
        let deadline = self.backend.borrow().deadline(id).unwrap_or(SimTime(u64::MAX));
        let mut timer = std::pin::pin!(self.sim.sleep_until(deadline));
        poll_fn(|cx| {
            {
                let mut sessions = self.sessions.borrow_mut();
                let Some(session) = sessions.get_mut(&id) else { return Poll::Ready(None) };
                match &mut session.state {
                    State::Parked { granted: true, .. } => return Poll::Ready(Some(())),
                    State::Parked { waker, .. } => *waker = Some(cx.waker().clone()),
                    State::Idle | State::Running => unreachable!("a parked session stays parked"),
                }
            }
            if deadline < SimTime(u64::MAX) && timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(()));
            }
            Poll::Pending
        })
        .await
    }

    /// Wakes the parked sessions whose wait may be over.
    fn wake_granted(&self) {
        if self.parked.get() == 0 {
            return;
        }
        let ready = self.backend.borrow_mut().ready(&Cx::new(&self.sim));
        let mut wakers = Vec::new();
        for id in ready {
            if let Some(session) = self.sessions.borrow_mut().get_mut(&id)
                && let State::Parked { waker, granted } = &mut session.state
            {
                *granted = true;
                wakers.extend(waker.take());
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The connection is gone: what waits is cancelled, what is open is rolled back.
    pub(crate) fn hang_up(&self, id: SessionId) {
        let parked = {
            let mut sessions = self.sessions.borrow_mut();
            let Some(session) = sessions.get_mut(&id) else { return };
            match &mut session.state {
                State::Running => {
                    session.abandoned = true;
                    return;
                }
                State::Idle => None,
                State::Parked { waker, .. } => waker.take(),
            }
        };
        self.sim.touch(self.closing(id));
        self.sessions.borrow_mut().remove(&id);
        self.backend.borrow_mut().close(&Cx::new(&self.sim), id);
        parked.into_iter().for_each(Waker::wake);
        self.wake_granted();
    }

    /// The client of this session will read no more answers, but what it sent still arrives.
    pub(crate) fn abandon(&self, id: SessionId, in_flight: bool) {
        let parked = {
            let mut sessions = self.sessions.borrow_mut();
            let Some(session) = sessions.get_mut(&id) else { return };
            session.abandoned = true;
            matches!(session.state, State::Parked { .. })
        };
        if parked || !in_flight {
            self.hang_up(id);
        }
    }

    /// Ends the session if nobody reads its answers any more.
    pub(crate) fn end_if_abandoned(&self, id: SessionId) {
        if self.sessions.borrow().get(&id).is_some_and(|session| session.abandoned) {
            self.hang_up(id);
        }
    }

    /// Cancels whatever the client's sessions run.
    pub fn cancel(&self, client: Actor) {
        let ids: Vec<SessionId> = {
            let sessions = self.sessions.borrow();
            sessions.iter().filter(|(_, session)| session.client == client).map(|(id, _)| *id).collect()
        };
        for id in ids {
            self.backend.borrow_mut().cancel(&Cx::new(&self.sim), id);
        }
        self.wake_granted();
    }

    /// What was written so far is long since durable.
    pub fn settle(&self) {
        self.backend.borrow_mut().settle();
    }

    /// Power is lost: sessions and un-synced writes are gone.
    pub fn crash(&self) {
        self.go_down(|backend, cx| backend.crash(cx), FaultEvent::DatabaseCrashed);
    }

    /// Shuts down in good order.
    pub fn stop(&self) {
        self.go_down(|backend, cx| backend.stop(cx), FaultEvent::DatabaseStopped);
    }

    /// The standby takes over, if there is one. Sessions stay with the old primary.
    pub fn fail_over(&self) {
        if !self.up.get() {
            return;
        }
        self.stop_old_primary();
        if self.backend.borrow_mut().fail_over(&Cx::new(&self.sim)) {
            self.recorder.record(self.sim.actor(), Observation::Fault(FaultEvent::FailedOver));
        }
    }

    /// The old primary is stopped, if there is one: its sessions are gone.
    pub fn stop_old_primary(&self) {
        let gone = self.backend.borrow_mut().stop_old_primary();
        if gone.is_empty() {
            return;
        }
        self.recorder.record(self.sim.actor(), Observation::Fault(FaultEvent::OldPrimaryStopped));
        for id in gone {
            let session = self.sessions.borrow_mut().remove(&id);
            if let Some(ServerSession { state: State::Parked { waker: Some(waker), .. }, .. }) = session {
                waker.wake();
            }
        }
    }

    fn go_down(&self, how: impl FnOnce(&mut dyn Backend, &Cx<'_>), event: FaultEvent) {
        if !self.up.replace(false) {
            return;
        }
        self.recorder.record(self.sim.actor(), Observation::Fault(event));
        let gone = self.sessions.take();
        how(&mut **self.backend.borrow_mut(), &Cx::new(&self.sim));
        for session in gone.into_values() {
            if let State::Parked { waker: Some(waker), .. } = session.state {
                waker.wake();
            }
        }
    }

    /// Comes up for the first time.
    ///
    /// # Errors
    /// The backend cannot create its database.
    pub fn boot(&self) -> Result<(), SqlError> {
        self.backend.borrow_mut().start(&Cx::new(&self.sim))?;
        self.up.set(true);
        Ok(())
    }

    /// Comes back; that it cannot is recorded.
    pub fn start(&self) {
        if self.up.get() {
            return;
        }
        let started = self.backend.borrow_mut().start(&Cx::new(&self.sim));
        let what = match started {
            Ok(()) => {
                self.up.set(true);
                Observation::Fault(FaultEvent::DatabaseStarted)
            }
            Err(error) => Observation::Unrecovered { error },
        };
        self.recorder.record(self.sim.actor(), what);
    }

    /// The committed state as one file.
    ///
    /// # Errors
    /// The engine cannot read its own state.
    pub fn snapshot(&self) -> Result<Vec<u8>, SqlError> {
        self.backend.borrow_mut().snapshot(&Cx::new(&self.sim))
    }
}
