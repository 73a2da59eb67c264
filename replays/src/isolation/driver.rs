//! A backend driven by hand: one text a session at a time, and time passes when it is let pass.
//!
//! ```text
//! send -> statement by statement -> Backend::submit -> over | blocked
//!                                        |
//!                     ready: blocked sessions go on at once
//! pass -> the next deadline of a blocked session, or as far as was allowed
//! ```
//!
//! Nothing is left to chance: every choice of the backend is answered calmly.

use super::parts::parts;
use drawloom_model::{Backend, Cx, Notification, Progress, Reply, SessionId, SqlError, Statement};
use drawloom_sim::source::Lenient;
use drawloom_sim::{Executor, RunShape, Sim, SimTime, Tape};
use std::collections::VecDeque;
use std::rc::Rc;

/// A backend with its sessions, numbered from 0.
pub struct Driver {
    sim: Sim,
    backend: Box<dyn Backend>,
    clients: Vec<Client>,
}

/// Who uses a session.
struct Client {
    session: SessionId,
    /// What of its text is still to be begun.
    left: VecDeque<Statement>,
    /// What runs: the statement, and whether it is one of several.
    running: Option<(Statement, bool)>,
    /// The last deadline of what it waits for that passed.
    passed: Option<SimTime>,
    heard: VecDeque<Heard>,
}

/// What a session sends to its client.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// A message that is no answer.
    Notice(Box<str>),
    /// What another session, or this one, has told it.
    Notification(Notification),
    /// How a statement ended.
    Answer(Result<Rc<Reply>, SqlError>),
}

impl Driver {
    /// Starts the backend and opens so many sessions.
    ///
    /// # Errors
    /// The backend does not start, or refuses a session.
    pub fn start(mut backend: Box<dyn Backend>, sessions: usize) -> Result<Driver, SqlError> {
        let calm = Box::new(Lenient::new(Tape::default()));
        let sim = Executor::new(calm, &RunShape { workers: 0, actions: 0 }, false, 0).sim();
        backend.start(&Cx::new(&sim))?;
        let mut driver = Driver { sim, backend, clients: Vec::new() };
        for _ in 0..sessions {
            driver.open()?;
        }
        Ok(driver)
    }

    /// Opens one more session, and says its number.
    ///
    /// # Errors
    /// The backend refuses it.
    pub fn open(&mut self) -> Result<usize, SqlError> {
        let session = self.backend.open(&Cx::new(&self.sim))?;
        let (left, heard) = (VecDeque::new(), VecDeque::new());
        self.clients.push(Client { session, left, running: None, passed: None, heard });
        Ok(self.clients.len() - 1)
    }

    /// Ends a session. It must not be used any more.
    pub fn close(&mut self, client: usize) {
        self.clients[client].running = None;
        self.backend.close(&Cx::new(&self.sim), self.clients[client].session);
        self.grant();
    }

    /// The server loses power and comes back. No session is left, and none must be used any more.
    ///
    /// # Errors
    /// It does not come back.
    pub fn crash(&mut self) -> Result<(), SqlError> {
        self.clients.iter_mut().for_each(|client| client.running = None);
        self.backend.crash(&Cx::new(&self.sim));
        self.backend.start(&Cx::new(&self.sim))
    }

    /// The server is shut down in good order and comes back. No session is left, and none must be used any more.
    ///
    /// # Errors
    /// It does not come back.
    pub fn restart(&mut self) -> Result<(), SqlError> {
        self.clients.iter_mut().for_each(|client| client.running = None);
        self.backend.stop(&Cx::new(&self.sim));
        self.backend.start(&Cx::new(&self.sim))
    }

    /// The simulated time.
    pub fn now(&self) -> SimTime {
        self.sim.now()
    }

    /// Whether this client's text is not over: it waits.
    pub fn is_busy(&self, client: usize) -> bool {
        self.clients[client].running.is_some()
    }

    /// Sends a text, which may hold several statements. It runs as far as it comes, and so does all that waited for
    /// what it lets go.
    ///
    /// # Panics
    /// The client is busy.
    pub fn send(&mut self, client: usize, sql: &str) {
        assert!(!self.is_busy(client), "a client sends one text at a time");
        let statement = |sql: &str| Statement { sql: sql.to_owned().into(), params: Vec::new() };
        let mut left: VecDeque<Statement> = parts(sql).into_iter().map(statement).collect();
        let several = left.len() > 1;
        if let Some(first) = left.pop_front() {
            self.clients[client].left = left;
            self.begin(client, first, several);
            self.grant();
        }
    }

    /// What this client heard first, if that is a notice. PostgreSQL's library reads on after an answer without rows
    /// until something else than a notice comes, so a notice behind such an answer counts as well.
    pub fn take_notice(&mut self, client: usize) -> Option<Box<str>> {
        let heard = &mut self.clients[client].heard;
        let is_bare = |heard: &Heard| matches!(heard, Heard::Answer(Ok(reply)) if reply.columns.is_empty());
        let place = usize::from(heard.front().is_some_and(is_bare));
        match heard.get(place) {
            Some(Heard::Notice(_)) => match heard.remove(place) {
                Some(Heard::Notice(text)) => Some(text),
                _ => unreachable!("it was looked at"),
            },
            _ => None,
        }
    }

    /// All that this client heard.
    pub fn take_heard(&mut self, client: usize) -> VecDeque<Heard> {
        std::mem::take(&mut self.clients[client].heard)
    }

    /// Waits for the end of this client's text, until `limit` at the latest. Whether it came.
    pub fn wait(&mut self, client: usize, limit: SimTime) -> bool {
        while self.is_busy(client) && self.now() < limit {
            self.pass(limit);
        }
        !self.is_busy(client)
    }

    /// Lets time pass to the next deadline of a blocked session, or to `limit` if that comes first.
    pub fn pass(&mut self, limit: SimTime) {
        let due = (0..self.clients.len()).filter_map(|client| Some((self.deadline(client)?, client))).min();
        let until = due.map_or(limit, |(deadline, _)| deadline.min(limit)).max(self.now());
        self.sim.spend(until - self.now());
        if let Some((deadline, client)) = due.filter(|(deadline, _)| *deadline <= limit) {
            self.clients[client].passed = Some(deadline);
            self.resume(client);
            self.grant();
        }
    }

    /// Which client has this session.
    pub fn client_of(&self, session: SessionId) -> Option<usize> {
        self.clients.iter().position(|client| client.session == session)
    }

    /// Cancels what this client runs.
    pub fn cancel(&mut self, client: usize) {
        let session = self.clients[client].session;
        self.backend.cancel(&Cx::new(&self.sim), session);
        self.grant();
        if self.is_busy(client) {
            self.resume(client);
            self.grant();
        }
    }

    /// When the wait of this client runs out, if that is still to come.
    fn deadline(&self, client: usize) -> Option<SimTime> {
        let Client { session, running, passed, .. } = &self.clients[client];
        running.as_ref()?;
        self.backend.deadline(*session).filter(|deadline| passed.is_none_or(|passed| passed < *deadline))
    }

    /// Lets every session go on that need not wait any more.
    fn grant(&mut self) {
        loop {
            let ready = self.backend.ready(&Cx::new(&self.sim));
            if ready.is_empty() {
                return;
            }
            for session in ready {
                let client = self.clients.iter().position(|client| client.session == session);
                if let Some(client) = client.filter(|client| self.is_busy(*client)) {
                    self.resume(client);
                }
            }
        }
    }

    fn begin(&mut self, client: usize, statement: Statement, several: bool) {
        let progress = self.submit(client, statement, several);
        self.follow(client, progress);
    }

    fn resume(&mut self, client: usize) {
        let progress = self.backend.resume(&Cx::new(&self.sim), self.clients[client].session);
        self.follow(client, progress);
    }

    fn submit(&mut self, client: usize, statement: Statement, several: bool) -> Progress {
        let Client { session, left, running, passed, .. } = &mut self.clients[client];
        let cx = Cx::new(&self.sim);
        let progress = match several {
            true => self.backend.submit_part(&cx, *session, &statement, left.is_empty()),
            false => self.backend.submit(&cx, *session, &statement),
        };
        *running = Some((statement, several));
        *passed = None;
        progress
    }

    /// Takes a statement, and then those after it, as far as they come.
    fn follow(&mut self, client: usize, mut progress: Progress) {
        let session = self.clients[client].session;
        loop {
            while let Progress::Yielded = progress {
                progress = self.backend.resume(&Cx::new(&self.sim), session);
            }
            let it = &mut self.clients[client];
            it.heard.extend(self.backend.notices(session).into_iter().map(Heard::Notice));
            let Progress::Done { reply, .. } = progress else { return };
            let (statement, several) = it.running.take().expect("what ends was running");
            if reply.is_err() {
                // PostgreSQL skips the rest of the text.
                it.left.clear();
            }
            it.heard.push_back(Heard::Answer(reply));
            self.sim.spend(self.backend.cost(&statement));
            let Some(next) = self.clients[client].left.pop_front() else {
                let told = self.backend.notifications(session).into_iter().map(Heard::Notification);
                self.clients[client].heard.extend(told);
                return;
            };
            progress = self.submit(client, next, several);
        }
    }
}
