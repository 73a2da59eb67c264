//! A toy engine, to tell the tester what to expect word by word: locks, notices, errors.
//!
//! ```text
//! ROW a b        a row with these fields     NOTICE a    a notice
//! LOCK a [MS]    waits while another session has the lock, so long at most
//! UNLOCK a       lets it go to the first that waits      FAIL a    an error
//! STUCK          waits for ever, and cannot be cancelled
//! ```

use drawloom_model::{Backend, Class, Cx, Progress, Reply, SessionId, SqlError, Statement, Value};
use drawloom_sim::{Footprint, SimDuration, SimTime};
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Default)]
pub struct Toy {
    opened: u32,
    owners: BTreeMap<String, SessionId>,
    /// Who waits for what, and how long, the first first.
    waits: Vec<Wait>,
    ready: Vec<SessionId>,
    notices: BTreeMap<SessionId, Vec<Box<str>>>,
}

struct Wait {
    session: SessionId,
    lock: String,
    deadline: Option<SimTime>,
    cancelled: bool,
}

fn done(reply: Result<Reply, SqlError>) -> Progress {
    Progress::Done { reply: reply.map(Rc::new), in_transaction: false, footprint: Footprint::Unknown }
}

fn failed(sqlstate: &'static str, message: &str) -> Progress {
    done(Err(SqlError::new(sqlstate, Class::Statement, message)))
}

impl Toy {
    fn lock(&mut self, wait: Wait) -> Progress {
        let owner = *self.owners.entry(wait.lock.clone()).or_insert(wait.session);
        if owner == wait.session && wait.lock != "STUCK" {
            return done(Ok(Reply::default()));
        }
        self.waits.push(wait);
        Progress::Blocked { on: "a lock", footprint: Footprint::Unknown, released: false }
    }

    fn unlock(&mut self, lock: &str) -> Progress {
        self.owners.remove(lock);
        if let Some(first) = self.waits.iter().find(|wait| wait.lock == lock) {
            self.owners.insert(lock.to_owned(), first.session);
            self.ready.push(first.session);
        }
        done(Ok(Reply::default()))
    }
}

impl Backend for Toy {
    fn fingerprint(&self) -> String {
        "toy".to_owned()
    }

    fn open(&mut self, _cx: &Cx<'_>) -> Result<SessionId, SqlError> {
        self.opened += 1;
        Ok(SessionId(self.opened))
    }

    fn submit(&mut self, cx: &Cx<'_>, session: SessionId, statement: &Statement) -> Progress {
        let words: Vec<&str> = statement.sql.split_whitespace().collect();
        let wait = |lock: &str, ms: Option<&str>| Wait {
            session,
            lock: lock.to_owned(),
            deadline: ms.map(|ms| cx.now() + SimDuration::millis(ms.parse().unwrap())),
            cancelled: false,
        };
        match words[..] {
            ["ROW", ref fields @ ..] => done(Ok(Reply {
                columns: (0..fields.len()).map(|n| format!("c{n}")).collect(),
                rows: vec![fields.iter().map(|field| Value::Text((*field).to_owned())).collect()],
                affected: 0,
            })),
            ["NOTICE", text] => {
                self.notices.entry(session).or_default().push(format!("NOTICE:  {text}").into());
                done(Ok(Reply::default()))
            }
            ["LOCK", lock] => self.lock(wait(lock, None)),
            ["LOCK", lock, ms] => self.lock(wait(lock, Some(ms))),
            ["STUCK"] => self.lock(wait("STUCK", None)),
            ["UNLOCK", lock] => self.unlock(lock),
            ["FAIL", text] => failed("XX000", text),
            _ => failed("0A000", &format!("{} is not supported by the toy", statement.sql)),
        }
    }

    fn submit_part(
        &mut self,
        cx: &Cx<'_>,
        session: SessionId,
        statement: &Statement,
        last: bool,
    ) -> Progress {
        match &*statement.sql {
            "PART" => done(Ok(Reply {
                columns: ["last".to_owned()].into(),
                rows: vec![vec![Value::Bool(last)]],
                affected: 0,
            })),
            _ => self.submit(cx, session, statement),
        }
    }

    fn notices(&mut self, session: SessionId) -> Vec<Box<str>> {
        self.notices.remove(&session).unwrap_or_default()
    }

    fn resume(&mut self, cx: &Cx<'_>, session: SessionId) -> Progress {
        let place = self.waits.iter().position(|wait| wait.session == session).unwrap();
        let wait = self.waits.remove(place);
        if wait.cancelled && wait.lock != "STUCK" {
            return failed("57014", "canceling statement due to user request");
        }
        if wait.deadline.is_some_and(|deadline| cx.now() >= deadline) {
            return failed("55P03", "canceling statement due to lock timeout");
        }
        self.lock(wait)
    }

    fn ready(&mut self, _cx: &Cx<'_>) -> Vec<SessionId> {
        std::mem::take(&mut self.ready)
    }

    fn deadline(&self, session: SessionId) -> Option<SimTime> {
        self.waits.iter().find(|wait| wait.session == session)?.deadline
    }

    fn cancel(&mut self, _cx: &Cx<'_>, session: SessionId) {
        for wait in self.waits.iter_mut().filter(|wait| wait.session == session) {
            wait.cancelled = true;
        }
    }

    fn close(&mut self, _cx: &Cx<'_>, _session: SessionId) {}

    fn settle(&mut self) {}

    fn crash(&mut self, _cx: &Cx<'_>) {}

    fn stop(&mut self, _cx: &Cx<'_>) {}

    fn start(&mut self, _cx: &Cx<'_>) -> Result<(), SqlError> {
        Ok(())
    }

    fn snapshot(&mut self, _cx: &Cx<'_>) -> Result<Vec<u8>, SqlError> {
        Ok(Vec::new())
    }
}
