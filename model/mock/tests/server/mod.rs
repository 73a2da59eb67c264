//! A server with one session, asked from outside as a client does.

use drawloom_mock::{Mock, Options};
use drawloom_model::{Backend, Cx, Progress, Reply, SessionId, SqlError, Statement, Value};
use drawloom_sim::source::Random;
use drawloom_sim::{Executor, RunShape, Sim};
use std::rc::Rc;

/// A mock, and who asks it.
pub struct Server {
    mock: Mock,
    sim: Sim,
    session: SessionId,
}

impl Server {
    /// A fresh database with one session.
    pub fn new() -> Server {
        let shape = RunShape { workers: 1, actions: 1 };
        let sim = Executor::new(Box::new(Random::new(0)), &shape, false, 1).sim();
        let mut mock = Mock::new(Options::default());
        let cx = Cx::new(&sim);
        mock.start(&cx).expect("a mock starts");
        let session = mock.open(&cx).expect("a mock takes everybody");
        Server { mock, sim, session }
    }

    /// What comes of a statement.
    pub fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Rc<Reply>, SqlError> {
        let statement = Statement { sql: sql.to_owned().into(), params };
        match self.mock.submit(&Cx::new(&self.sim), self.session, &statement) {
            Progress::Done { reply, .. } => reply,
            Progress::Blocked { on, .. } => panic!("alone, and blocked on {on}: {sql}"),
            Progress::Yielded => panic!("alone, and yielding: {sql}"),
        }
    }

    /// What comes of it as lines: the columns' names and the rows, or the error.
    pub fn lines(&mut self, sql: &str, params: Vec<Value>) -> Vec<String> {
        match self.execute(sql, params) {
            Ok(reply) if reply.columns.is_empty() && reply.rows.is_empty() => Vec::new(),
            Ok(reply) => {
                let rows = reply.rows.iter().map(|row| line(row.iter().map(written)));
                std::iter::once(line(reply.columns.iter().cloned())).chain(rows).collect()
            }
            Err(failure) => vec![format!("ERROR {} {}", failure.sqlstate, failure.message)],
        }
    }
}

fn line(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("|").replace('\n', "\\n")
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(truth) => if *truth { "t" } else { "f" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    }
}
