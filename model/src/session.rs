//! A client's connection: a statement goes out, crosses the link, is executed, and its answer comes back,
//! or does not.
//!
//! On a direct link the statement runs within the client's own turn. On any other it travels in a slot of
//! its own, so that it is executed even when its client dies meanwhile.

use crate::backend::SessionId;
use crate::error::{Class, SqlError};
use crate::history::{Executed, Observation, Recorder};
use crate::server::Server;
use crate::statement::{Reply, Statement, Value};
use drawloom_sim::{Actor, Footprint, Network, Sim, SlotId, Transit};
use std::borrow::Cow;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// What a session needs of its run.
#[derive(Clone)]
pub struct Wiring {
    /// The run.
    pub sim: Sim,
    /// The links.
    pub network: Rc<Network>,
    /// The other end.
    pub server: Rc<Server>,
    /// Where everything is written down.
    pub recorder: Recorder,
}

/// One client's SQL session. It connects when it is first used, and again after it broke.
pub struct Session {
    wiring: Wiring,
    client: Actor,
    id: Option<SessionId>,
    in_transaction: bool,
    /// The slot that its last statement travelled in.
    flight: Option<SlotId>,
}

/// What came of a statement under way.
enum Delivery {
    Answered(Executed),
    /// The connection broke, before or after the server finished the statement.
    Broken(Option<Executed>),
}

impl Delivery {
    /// What is observed of it where nobody reads it.
    fn unread(self, session: SessionId) -> Observation {
        let executed = match self {
            Delivery::Answered(executed) => Some(executed),
            Delivery::Broken(executed) => executed,
        };
        Observation::Lost { session, executed }
    }
}

#[derive(Default)]
struct Mailbox {
    delivery: Option<Delivery>,
    waker: Option<Waker>,
}

impl Session {
    /// A session of this client, not connected yet.
    pub fn new(wiring: Wiring, client: Actor) -> Session {
        Session { wiring, client, id: None, in_transaction: false, flight: None }
    }

    /// Whether the server is inside a transaction of this session, as its last answer said.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Connects, if it is not connected.
    ///
    /// # Errors
    /// `Class::Connection`: the server is down, or the attempt was lost.
    pub async fn connect(&mut self) -> Result<SessionId, SqlError> {
        if let Some(id) = self.id {
            return Ok(id);
        }
        let Wiring { sim, network, server, recorder } = &self.wiring;
        // Who has which number hangs on who connects first; but numbers are only names.
        sim.intend(server.opening());
        if network.is_direct() {
            sim.turn().await;
        }
        let there = hop(&self.wiring, self.client, server.opening()).await;
        let connected = match there {
            Transit::Arrived => server.connect(self.client),
            Transit::Lost => Err(SqlError::connection_refused()),
        };
        // From here on the session is this client's to leave behind, should it die now.
        self.id = connected.as_ref().ok().copied();
        let back = hop(&self.wiring, self.client, server.opening()).await;
        let result = match (connected, back) {
            (Ok(id), Transit::Lost) => {
                server.hang_up(id);
                Err(SqlError::connection_refused())
            }
            (connected, _) => connected,
        };
        let what = match &result {
            Ok(session) => Observation::Connected { session: *session },
            Err(error) => Observation::ConnectFailed { error: error.clone() },
        };
        recorder.record(self.client, what);
        self.id = result.as_ref().ok().copied();
        result
    }

    /// Sends one statement and waits for its answer.
    ///
    /// # Errors
    /// What the engine says; or `Class::Connection`, with effect `Unknown` if the statement was under way.
    /// After that the session is not connected.
    pub async fn execute(
        &mut self,
        sql: Cow<'static, str>,
        params: Vec<Value>,
    ) -> Result<Rc<Reply>, SqlError> {
        let statement = Rc::new(Statement { sql, params });
        let id = match self.id {
            Some(id) => id,
            None => self.connect().await?,
        };
        let delivery = if self.wiring.network.is_direct() {
            self.execute_in_turn(id, statement).await
        } else {
            self.execute_in_flight(id, statement).await
        };
        self.receive(id, delivery)
    }

    async fn execute_in_turn(&mut self, id: SessionId, statement: Rc<Statement>) -> Delivery {
        self.wiring.sim.intend(self.wiring.server.intent(id, &statement));
        self.wiring.sim.turn().await;
        let call = Observation::Call { session: id, statement: statement.clone() };
        self.wiring.recorder.record(self.client, call);
        let executed = self.wiring.server.execute(id, &statement).await;
        executed.map_or(Delivery::Broken(None), Delivery::Answered)
    }

    async fn execute_in_flight(&mut self, id: SessionId, statement: Rc<Statement>) -> Delivery {
        let call = Observation::Call { session: id, statement: statement.clone() };
        self.wiring.recorder.record(self.client, call);
        let mailbox = Rc::new(RefCell::new(Mailbox::default()));
        let flight = deliver(self.wiring.clone(), self.client, id, statement, mailbox.clone());
        self.flight = Some(self.wiring.sim.spawn(self.client, "statement under way", false, flight));
        self.wiring.sim.intend(Footprint::Nothing);
        let awaited = Awaited { recorder: self.wiring.recorder.clone(), client: self.client, id, mailbox };
        poll_fn(|cx| {
            let mut mailbox = awaited.mailbox.borrow_mut();
            match mailbox.delivery.take() {
                Some(delivery) => Poll::Ready(delivery),
                None => {
                    mailbox.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn receive(&mut self, id: SessionId, delivery: Delivery) -> Result<Rc<Reply>, SqlError> {
        let recorder = &self.wiring.recorder;
        match delivery {
            Delivery::Answered(executed) => {
                self.in_transaction = executed.in_transaction;
                let result = executed.result.clone();
                if result.as_ref().is_err_and(|error| error.class == Class::Connection) {
                    self.id = None;
                }
                recorder.record(self.client, Observation::Answer { session: id, executed });
                result
            }
            Delivery::Broken(executed) => {
                recorder.record(self.client, Observation::Lost { session: id, executed });
                self.id = None;
                self.in_transaction = false;
                Err(SqlError::connection_lost())
            }
        }
    }

    /// Leaves no transaction open: rolls back if there is one.
    ///
    /// # Errors
    /// Those of [`Session::execute`]; that the connection is gone is none, for so is the transaction.
    pub async fn reset(&mut self) -> Result<(), SqlError> {
        if !self.in_transaction {
            return Ok(());
        }
        match self.execute("ROLLBACK".into(), Vec::new()).await {
            Err(error) if error.class != Class::Connection => Err(error),
            _ => Ok(()),
        }
    }
}

/// An answer that a client waits for.
struct Awaited {
    recorder: Recorder,
    client: Actor,
    id: SessionId,
    mailbox: Rc<RefCell<Mailbox>>,
}

/// A client that dies before it read an answer that was there.
impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(delivery) = self.mailbox.borrow_mut().delivery.take() {
            self.recorder.record(self.client, delivery.unread(self.id));
        }
    }
}

/// One message's way, which ends in a turn that touches this, if it takes one.
async fn hop(wiring: &Wiring, client: Actor, intent: Footprint) -> Transit {
    wiring.sim.intend(intent);
    let transit = wiring.network.carry(&wiring.sim, client).await;
    // What comes next says for itself what it intends.
    wiring.sim.intend(Footprint::Unknown);
    transit
}

/// One statement's journey to the server and back.
async fn deliver(
    wiring: Wiring,
    client: Actor,
    id: SessionId,
    statement: Rc<Statement>,
    mailbox: Rc<RefCell<Mailbox>>,
) {
    let server = &wiring.server;
    let intent = server.intent(id, &statement).join(server.closing(id));
    let delivery = match hop(&wiring, client, intent).await {
        Transit::Lost => {
            server.hang_up(id);
            Delivery::Broken(None)
        }
        Transit::Arrived => match server.execute(id, &statement).await {
            None => Delivery::Broken(None),
            Some(executed) => {
                server.end_if_abandoned(id);
                match hop(&wiring, client, server.closing(id)).await {
                    Transit::Arrived => Delivery::Answered(executed),
                    Transit::Lost => {
                        server.hang_up(id);
                        Delivery::Broken(Some(executed))
                    }
                }
            }
        },
    };
    server.end_if_abandoned(id);
    if Rc::strong_count(&mailbox) == 1 {
        // The client died meanwhile. What became of its statement is worth knowing all the same.
        wiring.recorder.record(client, delivery.unread(id));
        return;
    }
    let waker = {
        let mut mailbox = mailbox.borrow_mut();
        mailbox.delivery = Some(delivery);
        mailbox.waker.take()
    };
    waker.into_iter().for_each(Waker::wake);
}

/// A client that dies, or is done, leaves its session to the server.
impl Drop for Session {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let in_flight = self.flight.is_some_and(|slot| self.wiring.sim.is_live(slot));
            self.wiring.server.abandon(id, in_flight);
        }
    }
}
