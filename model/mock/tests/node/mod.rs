//! A server that can be crashed, with as many sessions as one likes.

use drawloom_mock::{Mock, Options};
use drawloom_model::{Backend, Cx, Progress, Reply, SessionId, SqlError, Statement, Value};
use drawloom_sim::source::Random;
use drawloom_sim::{Executor, RunShape, Sim};
use std::rc::Rc;

/// A mock, and who asks it.
pub struct Node {
    pub mock: Mock,
    pub sim: Sim,
}

#[allow(dead_code, reason = "each test uses its part")]
impl Node {
    /// A fresh database; the seed is what it leaves open.
    pub fn new(options: Options, seed: u64) -> Node {
        let shape = RunShape { workers: 1, actions: 1 };
        let sim = Executor::new(Box::new(Random::new(seed)), &shape, false, 1).sim();
        let mut mock = Mock::new(options);
        mock.start(&Cx::new(&sim)).expect("a mock starts");
        Node { mock, sim }
    }

    pub fn open(&mut self) -> SessionId {
        self.mock.open(&Cx::new(&self.sim)).expect("a mock takes everybody")
    }

    /// What comes of a statement, and whether the session is in a transaction then. One that would wait is cancelled.
    pub fn execute(&mut self, session: SessionId, sql: &str) -> (Result<Rc<Reply>, SqlError>, bool) {
        let statement = Statement { sql: sql.to_owned().into(), params: Vec::new() };
        let mut progress = self.mock.submit(&Cx::new(&self.sim), session, &statement);
        loop {
            match progress {
                Progress::Done { reply, in_transaction, .. } => return (reply, in_transaction),
                Progress::Blocked { .. } => self.mock.cancel(&Cx::new(&self.sim), session),
                Progress::Yielded => (),
            }
            progress = self.mock.resume(&Cx::new(&self.sim), session);
        }
    }

    /// The rows that come of it, or the error.
    pub fn lines(&mut self, session: SessionId, sql: &str) -> Vec<String> {
        match self.execute(session, sql).0 {
            Ok(reply) => reply.rows.iter().map(|row| line(row)).collect(),
            Err(failure) => vec![format!("ERROR {} {}", failure.sqlstate, failure.message)],
        }
    }

    /// Power is lost, and comes back.
    pub fn crash(&mut self) {
        self.mock.crash(&Cx::new(&self.sim));
        self.mock.start(&Cx::new(&self.sim)).expect("it recovers");
    }

    /// It shuts down in good order, and comes back.
    pub fn restart(&mut self) {
        self.mock.stop(&Cx::new(&self.sim));
        self.mock.start(&Cx::new(&self.sim)).expect("it comes back");
    }
}

fn line(row: &[Value]) -> String {
    row.iter().map(Value::to_string).collect::<Vec<_>>().join("|")
}
