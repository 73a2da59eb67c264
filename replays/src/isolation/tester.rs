//! PostgreSQL's isolation tester: the permutations of a spec, step by step, and what it prints of them.
//!
//! ```text
//! permutation: setup -> session setups -> steps -> session teardowns -> teardown
//! step: its session's earlier step is waited for -> sent -> over, or taken to wait
//!         then every step that waits is looked at again, in the order in which they began to
//! ```
//!
//! It does what src/test/isolation/isolationtester.c does, in simulated time: it looks at a step for 10 ms before it
//! takes it to wait, cancels one that it has to wait for after 300 s, and gives up after twice that.

use super::driver::{Driver, Heard};
use super::spec::{Marker, Spec, Turn};
use super::transcript::{Listener, Transcript};
use drawloom_model::{Backend, Notification, SqlError};
use drawloom_sim::SimDuration;

/// How long a step may run before it is taken to wait.
const LOOK: SimDuration = SimDuration::millis(10);
/// How long a step is waited for before it is cancelled.
const STEP_MAX: SimDuration = SimDuration::millis(300_000);
/// The control connection. That of a session comes at its place among the sessions, and one further.
const CONTROL: usize = 0;

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every permutation was run.
    Whole,
    /// The tester gave up, as it said: the setup failed, or steps wait for each other.
    GaveUp,
    /// Whoever listens stopped it.
    Stopped,
}

/// What a test came to, beside what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// How it ended.
    pub ended: Ended,
    /// What the backend said first that it does not support (SQLSTATE 0A000).
    pub lacks: Option<Box<str>>,
}

/// Runs the permutations of a spec on a backend that was not started yet, all on the same sessions. `listener` hears
/// all that is said, and may stop the test between two permutations.
///
/// # Errors
/// The backend does not start, or refuses a session.
pub fn test<'a>(
    spec: &'a Spec,
    backend: Box<dyn Backend>,
    listener: &'a mut Listener<'a>,
) -> Result<Tested, SqlError> {
    let driver = Driver::start(backend, spec.sessions.len() + 1)?;
    let mut tester = Tester {
        spec,
        driver,
        transcript: Transcript::new(listener),
        turns: Vec::new(),
        active: vec![None; spec.sessions.len()],
        waiting: Vec::new(),
        notices: vec![0; spec.sessions.len()],
    };
    let ended = tester.permutations();
    Ok(Tested { ended, lacks: tester.transcript.lacks })
}

/// The tester cannot go on, and has said why.
struct GaveUp;

/// Whether a step is over, for the tester.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Over,
    Waits,
}

/// How the tester looks at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// For the first time, and shortly.
    First,
    /// Again, and shortly.
    Again,
    /// Again, and until it is over.
    ToTheEnd,
}

/// A step that was sent and is not reported as over.
#[derive(Clone, Debug)]
struct Active {
    /// Its place in the permutation.
    turn: usize,
    /// For each of its markers, how many notices the other session must have had.
    notices_due: Vec<u32>,
}

struct Tester<'a> {
    spec: &'a Spec,
    driver: Driver,
    transcript: Transcript<'a>,
    /// The permutation.
    turns: Vec<Turn>,
    /// What each session has under way.
    active: Vec<Option<Active>>,
    /// The steps that wait, by their places in the permutation, in the order in which they began to.
    waiting: Vec<usize>,
    /// How many notices each session had.
    notices: Vec<u32>,
}

impl Tester<'_> {
    fn permutations(&mut self) -> Ended {
        for name in self.spec.unused_steps() {
            self.transcript.remark(&format!("unused step name: {name}\n"));
        }
        self.transcript.say(&format!("Parsed test spec with {} sessions\n", self.spec.sessions.len()));
        for turns in self.spec.permutations() {
            if self.transcript.stopped {
                return Ended::Stopped;
            }
            self.turns = turns;
            if self.permutation().is_err() {
                return Ended::GaveUp;
            }
        }
        Ended::Whole
    }

    fn permutation(&mut self) -> Result<(), GaveUp> {
        let spec = self.spec;
        let names: Vec<&str> = self.turns.iter().map(|turn| spec.step(turn).name.as_str()).collect();
        self.transcript.say(&format!("\nstarting permutation: {}\n", names.join(" ")));
        for sql in &spec.setups {
            self.prepare(CONTROL, sql, "setup")?;
        }
        for (index, session) in spec.sessions.iter().enumerate() {
            let Some(sql) = &session.setup else { continue };
            self.prepare(index + 1, sql, &format!("setup of session {}", session.name))?;
        }
        for turn in 0..self.turns.len() {
            self.take(turn)?;
        }
        self.look_at_waiting(Look::ToTheEnd)?;
        if !self.waiting.is_empty() {
            self.transcript.remark("failed to complete permutation due to mutually-blocking steps\n");
            return Err(GaveUp);
        }
        for (index, session) in spec.sessions.iter().enumerate() {
            let Some(sql) = &session.teardown else { continue };
            // That a teardown fails is said, and no more.
            self.side(index + 1, sql, &format!("teardown of session {}", session.name))?;
        }
        if let Some(sql) = &spec.teardown {
            self.side(CONTROL, sql, "teardown")?;
        }
        Ok(())
    }

    /// Sends what must succeed before the steps.
    fn prepare(&mut self, client: usize, sql: &str, what: &str) -> Result<(), GaveUp> {
        if self.side(client, sql, what)? { Ok(()) } else { Err(GaveUp) }
    }

    /// Sends what is no step, waits for its end, and prints the rows of its last statement. Whether it succeeded.
    fn side(&mut self, client: usize, sql: &str, what: &str) -> Result<bool, GaveUp> {
        self.driver.send(client, sql);
        if !self.driver.wait(client, self.driver.now() + STEP_MAX) {
            // PostgreSQL's tester would wait for ever.
            self.transcript.remark(&format!("{what} waits for another session; it is canceled\n"));
            self.driver.cancel(client);
            if !self.driver.wait(client, self.driver.now() + STEP_MAX) {
                return Err(GaveUp);
            }
        }
        let mut last = None;
        for heard in self.driver.take_heard(client) {
            match heard {
                Heard::Notice(text) => self.notice(client, &text),
                Heard::Notification(_) => (),
                Heard::Answer(answer) => last = Some(answer),
            }
        }
        match last {
            Some(Err(error)) => {
                let error = self.transcript.error(&error);
                self.transcript.remark(&format!("{what} failed: {error}"));
                return Ok(false);
            }
            Some(answer) => self.transcript.answer(&answer),
            None => (),
        }
        Ok(true)
    }

    /// Runs a step, once its session is done with the one before.
    fn take(&mut self, turn: usize) -> Result<(), GaveUp> {
        let session = self.turns[turn].session;
        self.await_session(session)?;
        let due = |marker: &Marker| match marker {
            Marker::Notices { step: (other, _), count } => self.notices[*other].saturating_add(*count),
            Marker::Waits | Marker::After { .. } => 0,
        };
        let notices_due = self.turns[turn].markers.iter().map(due).collect();
        self.active[session] = Some(Active { turn, notices_due });
        self.driver.send(session + 1, &self.spec.step(&self.turns[turn]).sql);
        let standing = self.look_at(turn, Look::First)?;
        self.look_at_waiting(Look::Again)?;
        if standing == Standing::Waits {
            self.waiting.push(turn);
        }
        Ok(())
    }

    /// Waits until the session has nothing under way.
    fn await_session(&mut self, session: usize) -> Result<(), GaveUp> {
        let limit = self.driver.now() + STEP_MAX + STEP_MAX;
        while let Some(Active { turn, .. }) = self.active[session] {
            if self.look_at(turn, Look::ToTheEnd)? == Standing::Over {
                self.waiting.retain(|waiting| *waiting != turn);
            }
            self.look_at_waiting(Look::Again)?;
            if self.active[session].is_none() {
                return Ok(());
            }
            // It is kept from being over by a marker.
            if self.driver.now() > limit {
                let active = self.active.iter().flatten().map(|it| it.turn);
                let active: Vec<&str> = active.map(|turn| self.name(turn)).collect();
                let active = active.join(" ");
                let gave_up = self.give_up(turn);
                self.transcript.remark(&format!("active steps are: {active}\n"));
                return Err(gave_up);
            }
            self.driver.pass(limit + LOOK);
        }
        Ok(())
    }

    /// Looks at the steps that wait, and again while that may free one of those with markers.
    fn look_at_waiting(&mut self, look: Look) -> Result<(), GaveUp> {
        loop {
            let notices: u32 = self.notices.iter().sum();
            let before = self.waiting.len();
            let mut is_marked = false;
            for turn in std::mem::take(&mut self.waiting) {
                match self.look_at(turn, look) {
                    Ok(Standing::Over) => (),
                    Ok(Standing::Waits) => {
                        is_marked |= !self.turns[turn].markers.is_empty();
                        self.waiting.push(turn);
                    }
                    Err(gave_up) => return Err(gave_up),
                }
            }
            let news = self.waiting.len() < before || self.notices.iter().sum::<u32>() > notices;
            if !is_marked || !news {
                return Ok(());
            }
        }
    }

    /// Looks at a step that was sent, and reports it if it is over.
    fn look_at(&mut self, turn: usize, look: Look) -> Result<Standing, GaveUp> {
        let session = self.turns[turn].session;
        if look == Look::First && self.turns[turn].markers.contains(&Marker::Waits) {
            return Ok(self.waits(turn, look));
        }
        let is_over = match look {
            Look::First | Look::Again => self.driver.wait(session + 1, self.driver.now() + LOOK),
            Look::ToTheEnd => self.wait_to_the_end(turn).map(|()| true)?,
        };
        self.print_notices(session + 1);
        if !is_over || self.is_held(turn) {
            return Ok(self.waits(turn, look));
        }
        self.report(turn, look);
        Ok(Standing::Over)
    }

    fn waits(&mut self, turn: usize, look: Look) -> Standing {
        if look == Look::First {
            let step = self.spec.step(&self.turns[turn]);
            self.transcript.say(&format!("step {}: {} <waiting ...>\n", step.name, step.sql));
        }
        Standing::Waits
    }

    /// Waits for a step, and cancels it if that takes too long.
    fn wait_to_the_end(&mut self, turn: usize) -> Result<(), GaveUp> {
        let client = self.turns[turn].session + 1;
        let start = self.driver.now();
        if self.driver.wait(client, start + STEP_MAX) {
            return Ok(());
        }
        self.print_notices(client);
        let seconds = STEP_MAX.0 / 1_000_000;
        self.transcript
            .say(&format!("isolationtester: canceling step {} after {seconds} seconds\n", self.name(turn)));
        self.driver.cancel(client);
        if self.driver.wait(client, start + STEP_MAX + STEP_MAX) { Ok(()) } else { Err(self.give_up(turn)) }
    }

    fn give_up(&mut self, turn: usize) -> GaveUp {
        let seconds = 2 * STEP_MAX.0 / 1_000_000;
        self.transcript.remark(&format!("step {} timed out after {seconds} seconds\n", self.name(turn)));
        GaveUp
    }

    /// Whether a marker keeps the step from being reported as over.
    fn is_held(&self, turn: usize) -> bool {
        let Turn { session, markers, .. } = &self.turns[turn];
        let active = self.active[*session].as_ref().expect("a step that is looked at is active");
        markers.iter().zip(&active.notices_due).any(|(marker, due)| match marker {
            Marker::Waits => false,
            Marker::After { step: (other, step) } => {
                self.active[*other].as_ref().is_some_and(|active| self.turns[active.turn].step == *step)
            }
            Marker::Notices { step: (other, _), .. } => self.notices[*other] < *due,
        })
    }

    /// Prints what a step that is over came to.
    fn report(&mut self, turn: usize, look: Look) {
        let session = self.turns[turn].session;
        let step = self.spec.step(&self.turns[turn]);
        let line = match look {
            Look::First => format!("step {}: {}\n", step.name, step.sql),
            Look::Again | Look::ToTheEnd => format!("step {}: <... completed>\n", step.name),
        };
        self.transcript.say(&line);
        for heard in self.driver.take_heard(session + 1) {
            match heard {
                Heard::Notice(text) => self.notice(session + 1, &text),
                Heard::Notification(told) => self.notification(session, &told),
                Heard::Answer(answer) => self.transcript.answer(&answer),
            }
        }
        self.active[session] = None;
    }

    /// Prints the notices that came before the first answer.
    fn print_notices(&mut self, client: usize) {
        while let Some(text) = self.driver.take_notice(client) {
            self.notice(client, &text);
        }
    }

    /// Nobody wants to hear those of the control connection.
    fn notice(&mut self, client: usize, text: &str) {
        let Some(session) = client.checked_sub(1) else { return };
        self.transcript.say(&format!("{}: {text}\n", self.spec.sessions[session].name));
        self.notices[session] = self.notices[session].saturating_add(1);
    }

    fn notification(&mut self, session: usize, told: &Notification) {
        let sessions = &self.spec.sessions;
        let from = match self.driver.client_of(told.from).map(|client| client.checked_sub(1)) {
            Some(Some(from)) => sessions[from].name.clone(),
            Some(None) => "control connection".to_owned(),
            None => format!("PID {}", told.from.0),
        };
        let Notification { channel, payload, .. } = told;
        let name = &sessions[session].name;
        self.transcript
            .say(&format!("{name}: NOTIFY \"{channel}\" with payload \"{payload}\" from {from}\n"));
    }

    fn name(&self, turn: usize) -> &str {
        &self.spec.step(&self.turns[turn]).name
    }
}
