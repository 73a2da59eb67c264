//! Any text as statements of two sessions: no panic, and every error has an SQLSTATE of its own and a place in its text.
//!
//! A line is a statement of the first session, or of the session that `T2>` and the like before it name: the scripts
//! of `tests/scripts` are the seeds.

#![no_main]

use drawloom_mock::{Mock, Options};
use drawloom_model::{Backend, Class, Cx, Progress, SessionId, SqlError, Statement};
use drawloom_sim::source::Random;
use drawloom_sim::{Executor, RunShape, Sim};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

/// How many statements of an input are executed.
const STATEMENTS_MAX: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut server = Server::new();
    for line in text.lines().filter(|line| !line.starts_with(['#', ' '])).take(STATEMENTS_MAX) {
        server.execute(line);
    }
});

struct Server {
    mock: Mock,
    sim: Sim,
    sessions: [SessionId; 2],
    /// The texts of the statements that wait.
    waiting: BTreeMap<SessionId, String>,
}

impl Server {
    fn new() -> Server {
        let shape = RunShape { workers: 1, actions: 1 };
        let sim = Executor::new(Box::new(Random::new(0)), &shape, false, 1).sim();
        let mut mock = Mock::new(Options::default());
        let cx = Cx::new(&sim);
        mock.start(&cx).expect("a mock starts");
        let sessions = [(); 2].map(|()| mock.open(&cx).expect("a mock takes everybody"));
        Server { mock, sim, sessions, waiting: BTreeMap::new() }
    }

    fn execute(&mut self, line: &str) {
        let (second, sql) = match line.split_once("> ") {
            Some((name, sql)) if name.len() == 2 => (name != "T1", sql),
            _ => (false, line),
        };
        let session = self.sessions[usize::from(second)];
        if self.waiting.contains_key(&session) {
            self.mock.cancel(&Cx::new(&self.sim), session);
            self.resume();
        }
        assert!(!self.waiting.contains_key(&session), "a cancelled statement is over");
        let statement = Statement { sql: sql.to_owned().into(), params: Vec::new() };
        let progress = self.mock.submit(&Cx::new(&self.sim), session, &statement);
        self.progressed(session, sql.to_owned(), progress);
        self.resume();
    }

    /// Goes on with what waits no longer.
    fn resume(&mut self) {
        loop {
            let ready = self.mock.ready(&Cx::new(&self.sim));
            if ready.is_empty() {
                return;
            }
            for session in ready {
                let sql = self.waiting.remove(&session).expect("only what waits is ready");
                let progress = self.mock.resume(&Cx::new(&self.sim), session);
                self.progressed(session, sql, progress);
            }
        }
    }

    fn progressed(&mut self, session: SessionId, sql: String, progress: Progress) {
        match progress {
            Progress::Done { reply: Err(failure), .. } => check(&sql, &failure),
            Progress::Done { .. } => (),
            Progress::Blocked { .. } | Progress::Yielded => drop(self.waiting.insert(session, sql)),
        }
    }
}

fn check(sql: &str, failure: &SqlError) {
    assert!(failure.class != Class::Internal, "{sql}: {failure}");
    let end = sql.chars().count() + 1;
    let is_inside = failure.position.is_none_or(|place| (1..=end).contains(&(place as usize)));
    assert!(is_inside, "{sql}: {failure}");
}
