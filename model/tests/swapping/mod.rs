//! That steps which do not conflict can be swapped: the property that makes footprints true, for any engine. The tests
//! of each engine that tells footprints include this module.
//!
//! ```text
//! programs, order --Play--> taken steps, what was seen --two neighbours swapped--> the same is seen
//! ```

use drawloom_model::{Backend, Cx, Progress, SessionId, Statement, Value};
use drawloom_sim::decisions::Key;
use drawloom_sim::source::{Choice, Enabled};
use drawloom_sim::{Divergence, Executor, Footprint, RunShape, Sim, SimDuration, Source};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Answers calmly, and wants to know what steps touch.
struct Observer;

impl Source for Observer {
    fn pick(&mut self, _: Key, _: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        Ok(calm)
    }

    fn choose(&mut self, _: Key, _: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(0)
    }

    fn observes(&self) -> bool {
        true
    }
}

/// A database with nobody but the test in front of it.
pub struct Database {
    pub backend: Box<dyn Backend>,
    sim: Sim,
}

impl Database {
    /// The engine, in which a session has said this.
    pub fn new(backend: Box<dyn Backend>, setup: &[&str]) -> Database {
        let shape = RunShape { workers: 3, actions: 1 };
        let sim = Executor::new(Box::new(Observer), &shape, false, 1).sim();
        let mut database = Database { backend, sim };
        database.backend.start(&Cx::new(&database.sim)).expect("an empty database");
        let session = database.open();
        for sql in setup {
            let answer = database.run(session, sql, &[]).1;
            assert!(answer.ends_with("changed"), "{sql}: {answer}");
        }
        database
    }

    pub fn open(&mut self) -> SessionId {
        self.backend.open(&Cx::new(&self.sim)).expect("a session")
    }

    /// What the statement touches, and its answer.
    pub fn run(&mut self, session: SessionId, sql: &str, params: &[Value]) -> (Footprint, String) {
        self.submit(session, &statement(sql, params))
    }

    pub fn resume(&mut self, session: SessionId) -> (Footprint, String) {
        let progress = self.backend.resume(&Cx::new(&self.sim), session);
        self.over(progress)
    }

    /// Who need not wait any longer.
    pub fn ready(&mut self) -> Vec<SessionId> {
        self.backend.ready(&Cx::new(&self.sim))
    }

    fn submit(&mut self, session: SessionId, statement: &Statement) -> (Footprint, String) {
        let progress = self.backend.submit(&Cx::new(&self.sim), session, statement);
        self.over(progress)
    }

    fn close(&mut self, session: SessionId) -> (Footprint, String) {
        let footprint = self.backend.closing(session);
        self.backend.close(&Cx::new(&self.sim), session);
        (footprint, "gone".to_owned())
    }

    fn over(&mut self, progress: Progress) -> (Footprint, String) {
        match progress {
            Progress::Blocked { footprint, on, .. } => (footprint, format!("blocked on {on}")),
            Progress::Yielded => unreachable!("it was not told to yield"),
            Progress::Done { reply, footprint, in_transaction: _ } => {
                self.sim.spend(SimDuration::millis(1));
                let answer = match reply {
                    Ok(reply) if reply.columns.is_empty() => format!("{} changed", reply.affected),
                    Ok(reply) => format!("{:?}, {} changed", reply.rows, reply.affected),
                    Err(error) => format!("{} {}", error.sqlstate, error.message),
                };
                (footprint, answer)
            }
        }
    }
}

pub fn statement(sql: &str, params: &[Value]) -> Statement {
    Statement { sql: sql.to_owned().into(), params: params.to_vec() }
}

/// A session's statements.
pub type Program = Vec<Statement>;

/// What programs are run on.
pub struct Subject<'a> {
    /// The engine, without a database yet.
    pub backend: &'a dyn Fn() -> Box<dyn Backend>,
    /// What makes the tables.
    pub tables: &'a [&'a str],
    /// What every session says first.
    pub greeting: &'a [&'a str],
    /// What shows the rows that are left at the end.
    pub left: &'a [&'a str],
    /// A footprint in words.
    pub words: fn(&Footprint) -> String,
}

impl Subject<'_> {
    /// Runs the programs in this order as far as it goes. What can be seen of it.
    pub fn see(&self, programs: &[Program], order: &[usize]) -> Seen {
        self.play(programs, order).1
    }

    fn play(&self, programs: &[Program], order: &[usize]) -> (Vec<Taken>, Seen) {
        Play::new(self, programs).finish(order)
    }

    /// Whether the same is seen of the programs with any two neighbouring steps swapped that do not conflict, and with
    /// any left out that only waits.
    ///
    /// # Errors
    /// Two steps whose order shows.
    pub fn commutes(&self, programs: &[Program], order: &[usize]) -> Result<(), TestCaseError> {
        let (taken, seen) = self.play(programs, order);
        let order: Vec<usize> = taken.iter().map(|taken| taken.who).collect();
        for place in 1..taken.len() {
            let (a, b) = (&taken[place - 1], &taken[place]);
            if b.only_waits() {
                let mut spared = order.clone();
                spared.remove(place);
                prop_assert_eq!(&self.see(programs, &spared), &seen, "{} was spared", b.what);
            }
            if a.who == b.who || a.only_waits() || b.only_waits() || a.footprint.conflicts(&b.footprint) {
                continue;
            }
            let mut swapped = order.clone();
            swapped.swap(place - 1, place);
            let (taken_swapped, seen_swapped) = self.play(programs, &swapped);
            let order_swapped: Vec<usize> = taken_swapped.iter().map(|taken| taken.who).collect();
            let [a, b] = [a, b].map(|it| format!("{} ({})", it.what, (self.words)(&it.footprint)));
            prop_assert_eq!(&order_swapped, &swapped, "{} and {} cannot be swapped", a, b);
            prop_assert_eq!(&seen_swapped, &seen, "{} and {} were swapped", a, b);
            for (before, after) in [(place - 1, place), (place, place - 1)] {
                prop_assert_eq!(&taken[before].footprint, &taken_swapped[after].footprint, "{} or {}", a, b);
            }
        }
        Ok(())
    }
}

/// A step that was taken.
struct Taken {
    who: usize,
    what: String,
    footprint: Footprint,
}

impl Taken {
    /// Nobody is told of an attempt that will be made again: it is as if it had not been made.
    fn only_waits(&self) -> bool {
        self.footprint == Footprint::Nothing
    }
}

/// What can be seen of a run: every session's answers in order, and what is left.
#[derive(Debug, PartialEq)]
pub struct Seen {
    answers: Vec<Vec<String>>,
    left: Vec<String>,
}

/// Sessions under way.
struct Play<'a> {
    subject: &'a Subject<'a>,
    database: Database,
    programs: &'a [Program],
    sessions: Vec<SessionId>,
    /// The next statement of each; one past the last is to hang up.
    next: Vec<usize>,
    waiting: Vec<bool>,
    ready: BTreeSet<SessionId>,
    intents: Vec<Footprint>,
    taken: Vec<Taken>,
}

impl<'a> Play<'a> {
    fn new(subject: &'a Subject<'a>, programs: &'a [Program]) -> Play<'a> {
        let mut database = Database::new((subject.backend)(), subject.tables);
        let count = programs.len();
        let sessions: Vec<SessionId> = programs.iter().map(|_| database.open()).collect();
        for session in &sessions {
            for sql in subject.greeting {
                database.run(*session, sql, &[]);
            }
        }
        let mut play = Play {
            subject,
            database,
            programs,
            sessions,
            next: vec![0; count],
            waiting: vec![false; count],
            ready: BTreeSet::new(),
            intents: vec![Footprint::Unknown; count],
            taken: Vec::new(),
        };
        (0..count).for_each(|who| play.intend(who));
        play
    }

    fn is_enabled(&self, who: usize) -> bool {
        self.next[who] <= self.programs[who].len()
            && (!self.waiting[who] || self.ready.contains(&self.sessions[who]))
    }

    /// What the session says of its next step before anybody else takes another.
    fn intend(&mut self, who: usize) {
        let (session, backend) = (self.sessions[who], &self.database.backend);
        self.intents[who] = match self.programs[who].get(self.next[who]) {
            Some(statement) => backend.intent(session, statement),
            None => backend.closing(session),
        };
    }

    fn step(&mut self, who: usize) {
        let session = self.sessions[who];
        let (footprint, what) = match self.programs[who].get(self.next[who]) {
            Some(_) if self.waiting[who] => {
                self.ready.remove(&session);
                self.database.resume(session)
            }
            Some(statement) => self.database.submit(session, statement),
            None => self.database.close(session),
        };
        self.waiting[who] = what.starts_with("blocked");
        let [intended, touched] = [&self.intents[who], &footprint].map(self.subject.words);
        assert!(self.intents[who].covers(&footprint), "{what}: intended {intended}, touched {touched}");
        if !self.waiting[who] {
            self.next[who] += 1;
        }
        self.ready.extend(self.database.ready());
        if self.next[who] <= self.programs[who].len() {
            self.intend(who);
        }
        self.taken.push(Taken { who, what, footprint });
    }

    /// To the end, in this order as far as it goes.
    fn finish(mut self, order: &[usize]) -> (Vec<Taken>, Seen) {
        let mut order = order.iter();
        let everybody = 0..self.programs.len();
        loop {
            let enabled: Vec<usize> = everybody.clone().filter(|who| self.is_enabled(*who)).collect();
            let wanted = order.next().copied().filter(|who| enabled.contains(who));
            match wanted.or(enabled.first().copied()) {
                Some(who) => self.step(who),
                None => break,
            }
        }
        let look = self.database.open();
        let left = self.subject.left.iter().map(|sql| self.database.run(look, sql, &[]).1).collect();
        let told = |taken: &&Taken, who| taken.who == who && !taken.only_waits();
        let of = |who| self.taken.iter().filter(|it| told(it, who)).map(|it| it.what.clone()).collect();
        let answers = everybody.map(of).collect();
        (self.taken, Seen { answers, left })
    }
}
