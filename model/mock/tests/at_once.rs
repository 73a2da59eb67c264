//! Statements that are over at once do what they would do the usual way, which all go while somebody observes: the
//! same answers, the same waits, the same database.

use drawloom_mock::{Isolation, Mock, Options};
use drawloom_model::{Backend, Cx, Progress, SessionId, Statement};
use drawloom_sim::decisions::Key;
use drawloom_sim::source::{Choice, Enabled};
use drawloom_sim::{Divergence, Executor, RunShape, Sim, Source};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Answers calmly, and observes or does not.
struct Calm {
    observes: bool,
}

impl Source for Calm {
    fn pick(&mut self, _: Key, _: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        Ok(calm)
    }

    fn choose(&mut self, _: Key, _: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(0)
    }

    fn observes(&self) -> bool {
        self.observes
    }
}

const TABLES: &[&str] = &[
    "create table t (id int primary key, a int check (a < 100), b text default 'new')",
    "create table p (x int, y int, n int unique, primary key (x, y))",
    "create table c (id serial primary key, t int references t on delete cascade, x int, y int)",
    "create table d (id int, k int unique deferrable initially deferred, twice int generated always as (k * 2) stored)",
    "create index on t (a)",
    "create index on t (upper(b)) where a > 1",
    "create view v as select a, count(*) from t group by a",
    "insert into t values (1, 1, 'x'), (2, 2, 'y'), (3, null, null)",
    "insert into p values (1, 1, 1), (1, 2, null), (2, 1, 3)",
    "insert into c (t, x, y) values (1, 1, 1), (2, null, 2)",
    "insert into d values (1, 1), (2, 2)",
];

const STATEMENTS: &[&str] = &[
    "select * from t where id = 1",
    "select a, b from t where id = 2 and a = 2 and b <> 'q'",
    "select id, ctid from t order by id desc limit 2",
    "select * from t where id = 1 / (select a - a from t where id = 1)",
    "select t.id, c.id from t left join c on c.t = t.id where t.id = 1",
    "select * from p where x = 1 and y = 2",
    "select * from p where n = 3 or x in (1, 2)",
    "select * from v",
    "select (select max(a) from t where id <= c.t) from c",
    "select * from t where id = 1 for update",
    "select * from t where id = 2 for key share",
    "select sum(k), sum(twice) from d",
    "select * from nowhere",
    "insert into t values (4, 4)",
    "insert into t values (5, 5), (6, 6), (5, 7)",
    "insert into t values (7, 99), (8, 100)",
    "insert into t (id, a) values (9, (select count(*) from t)) returning id, a, b, ctid",
    "insert into t values (1, 1) on conflict do nothing",
    "insert into p values (3, 1, 3)",
    "insert into p values (3, 2, 4), (3, 3, null), (3, 4, null)",
    "insert into p values (null, 1, 9)",
    "insert into c (t) values (4)",
    "insert into d values (3, 1)",
    "insert into d values (4, 4) returning *",
    "update t set a = a + 1 where id = 1",
    "update t set a = 60 + a where id = 2 returning a, b, ctid",
    "update t set id = id + 10 where id = 3",
    "update t set id = 1 where id = 2",
    "update t set a = 1 / (a - 2) where id = 2",
    "update t set b = b || b where id = 4",
    "update p set n = 7 where x = 1 and y = 1",
    "update p set n = 3 where x = 1 and y = 2",
    "update p set y = y + 1 where x = 1 and y = 1",
    "update d set k = 2 where k = 1",
    "update c set t = 2 where id = 1",
    "update c set x = c.id from t where c.id = 2 and t.id = c.t",
    "delete from t where id = 1",
    "delete from t where id = 4",
    "delete from p where x = 1 and y = 2 returning *",
    "delete from d where k = 2",
    "delete from c where id = 2 returning id",
    "begin",
    "begin isolation level repeatable read",
    "commit",
    "rollback",
    "savepoint s",
    "rollback to s",
    "lock table t in share mode",
    "lock table p",
    "set default_transaction_isolation = 'serializable'",
    "set default_transaction_read_only = on",
    "reset all",
];

/// Who says what.
type Line = (usize, &'static str);

fn a_program() -> impl Strategy<Value = Vec<Line>> {
    prop::collection::vec((0..3_usize, prop::sample::select(STATEMENTS)), 1..40)
}

/// A mock with three sessions, and all that was seen of it.
struct Play {
    mock: Mock,
    sim: Sim,
    sessions: Vec<SessionId>,
    waiting: BTreeSet<SessionId>,
    seen: String,
}

impl Play {
    fn new(isolation: Isolation, observes: bool) -> Play {
        let shape = RunShape { workers: 3, actions: 1 };
        let sim = Executor::new(Box::new(Calm { observes }), &shape, false, 1).sim();
        let mut mock = Mock::new(Options { isolation, ..Options::default() });
        mock.start(&Cx::new(&sim)).expect("a mock starts");
        let sessions = (0..3).map(|_| mock.open(&Cx::new(&sim)).expect("a session")).collect();
        let mut play = Play { mock, sim, sessions, waiting: BTreeSet::new(), seen: String::new() };
        TABLES.iter().for_each(|sql| play.submit(0, sql));
        play
    }

    fn submit(&mut self, session: usize, sql: &str) {
        let session = self.sessions[session];
        if self.waiting.contains(&session) {
            return;
        }
        let statement = Statement { sql: sql.to_owned().into(), params: Vec::new() };
        let progress = self.mock.submit(&Cx::new(&self.sim), session, &statement);
        self.see(session, sql, progress);
        loop {
            let ready = self.mock.ready(&Cx::new(&self.sim));
            if ready.is_empty() {
                break;
            }
            for session in ready {
                let progress = self.mock.resume(&Cx::new(&self.sim), session);
                self.see(session, "goes on", progress);
            }
        }
    }

    fn see(&mut self, session: SessionId, what: &str, progress: Progress) {
        let notices = self.mock.notices(session);
        let seen = match progress {
            Progress::Done { reply, in_transaction, .. } => {
                self.waiting.remove(&session);
                format!("{reply:?} {in_transaction}")
            }
            Progress::Blocked { on, .. } => {
                self.waiting.insert(session);
                format!("waits for {on}")
            }
            Progress::Yielded => unreachable!("nothing yields that is not told to"),
        };
        writeln!(self.seen, "{session:?} {what}: {seen} {notices:?}").expect("a string takes it");
    }

    /// All that was seen, and the database as it is after everybody has gone, and as its log tells it.
    fn end(mut self) -> String {
        let sessions = self.sessions.clone();
        sessions.iter().for_each(|session| self.mock.close(&Cx::new(&self.sim), *session));
        let before = self.dump();
        self.mock.crash(&Cx::new(&self.sim));
        self.mock.start(&Cx::new(&self.sim)).expect("it recovers");
        let after = self.dump();
        format!("{}{before}{after}", self.seen)
    }

    fn dump(&mut self) -> String {
        let dump = self.mock.snapshot(&Cx::new(&self.sim)).expect("what there is can be written down");
        String::from_utf8(dump).expect("a script is text")
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn both_ways_lead_to_the_same(
        isolation in prop::sample::select(&Isolation::ALL[..]),
        program in a_program(),
    ) {
        let play = |observes| {
            let mut play = Play::new(isolation, observes);
            program.iter().for_each(|(session, sql)| play.submit(*session, sql));
            play.end()
        };
        prop_assert_eq!(play(false), play(true));
    }
}
