//! What statements say they touch: case by case, and that steps which do not conflict can be swapped.

use drawloom_mock::{Isolation, Mock, Options};
use drawloom_model::{Backend, Cx, Progress, SessionId, Statement};
use drawloom_sim::decisions::Key;
use drawloom_sim::footprint::Access;
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
struct Database {
    mock: Mock,
    sim: Sim,
}

const TABLES: [&str; 8] = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER)",
    "CREATE TABLE s (name TEXT PRIMARY KEY, n INTEGER UNIQUE, t INTEGER REFERENCES t ON DELETE CASCADE)",
    "CREATE TABLE u (x INTEGER)",
    "CREATE SEQUENCE q",
    "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)",
    "INSERT INTO s VALUES ('a', 1, 1), ('b', 2, NULL)",
    "INSERT INTO u VALUES (1), (2)",
    "SELECT nextval('q')",
];

impl Database {
    fn new(options: Options) -> Database {
        let shape = RunShape { workers: 3, actions: 1 };
        let sim = Executor::new(Box::new(Observer), &shape, false, 1).sim();
        let mut database = Database { mock: Mock::new(options), sim };
        database.mock.start(&Cx::new(&database.sim)).expect("an empty database");
        let session = database.open();
        for sql in TABLES {
            let answer = database.run(session, sql).1;
            assert!(answer.starts_with("rows"), "{sql}: {answer}");
        }
        database
    }

    fn open(&mut self) -> SessionId {
        self.mock.open(&Cx::new(&self.sim)).expect("a session")
    }

    fn run(&mut self, session: SessionId, sql: &str) -> (Footprint, String) {
        let progress = self.mock.submit(&Cx::new(&self.sim), session, &statement(sql));
        self.over(progress)
    }

    fn resume(&mut self, session: SessionId) -> (Footprint, String) {
        let progress = self.mock.resume(&Cx::new(&self.sim), session);
        self.over(progress)
    }

    fn over(&mut self, progress: Progress) -> (Footprint, String) {
        match progress {
            Progress::Blocked { footprint, on, .. } => (footprint, format!("blocked on {on}")),
            Progress::Yielded => unreachable!("it was not told to yield"),
            Progress::Done { reply, footprint, in_transaction: _ } => {
                self.sim.spend(SimDuration::millis(1));
                let answer = match reply {
                    Ok(reply) => format!("rows {:?}, {} changed", reply.rows, reply.affected),
                    Err(error) => format!("{} {}", error.sqlstate, error.message),
                };
                (footprint, answer)
            }
        }
    }
}

fn statement(sql: &str) -> Statement {
    Statement { sql: sql.to_owned().into(), params: Vec::new() }
}

// ------------------------------------------------------------------------------------------ case by case

const KINDS: [&str; 14] = [
    "CATALOG",
    "SNAPSHOT",
    "WAITS",
    "SERIALIZABLE",
    "ROWS",
    "VERSIONS",
    "ORDER",
    "PREDICATES",
    "QUEUE",
    "RELATION",
    "OBJECT",
    "SEQUENCE",
    "KEY",
    "KEYS",
];

/// A footprint in words, without what nearly every statement touches: the catalog and its tables' locks. A part is
/// a star.
fn words(footprint: &Footprint) -> String {
    let word = |access: &Access| {
        let kind = KINDS[(access.resource >> 32) as usize - 1];
        let is_usual = ["CATALOG", "RELATION"].contains(&kind) && !access.writes;
        let verb = if access.writes { "writes" } else { "reads" };
        let part = if access.part.is_some() { "*" } else { "" };
        (!is_usual).then(|| format!("{verb} {kind}{part}"))
    };
    match footprint {
        Footprint::Unknown => "unknown".to_owned(),
        Footprint::Nothing => "nothing at all".to_owned(),
        Footprint::Known(accesses) => {
            let key = |access: &Access| (access.resource >> 32, access.writes, access.part.is_some());
            let mut accesses = accesses.to_vec();
            accesses.sort_by_key(key);
            let mut words: Vec<String> = accesses.iter().filter_map(word).collect();
            words.dedup();
            words.join(", ")
        }
    }
}

/// Who does what, and what it touches.
fn check(isolation: Isolation, script: &[(char, &str, &str)]) {
    let mut database = Database::new(Options { isolation, ..Options::default() });
    let sessions = [database.open(), database.open()];
    let mut said = Vec::new();
    for (who, sql, _) in script {
        let session = sessions[usize::from(*who == 'b')];
        let (footprint, _) =
            if *sql == "goes on" { database.resume(session) } else { database.run(session, sql) };
        database.mock.ready(&Cx::new(&database.sim));
        said.push((*who, *sql, words(&footprint)));
    }
    let meant: Vec<_> = script.iter().map(|(who, sql, says)| (*who, *sql, (*says).to_owned())).collect();
    assert_eq!(said, meant);
}

#[test]
fn at_read_committed_rows_are_read_and_versions_are_written() {
    check(
        Isolation::ReadCommitted,
        &[
            ('a', "SELECT 1", ""),
            ('a', "SELECT * FROM t WHERE id = 1", "reads ROWS*"),
            ('a', "SELECT * FROM t WHERE x = 1", "reads ROWS"),
            ('a', "SELECT * FROM s WHERE n = 1", "reads ROWS"),
            ('a', "BEGIN", ""),
            ('a', "SELECT * FROM t WHERE id = 1", "reads ROWS*"),
            (
                'a',
                "UPDATE t SET x = 5 WHERE id = 1",
                "reads ROWS*, reads VERSIONS*, writes VERSIONS*, writes ORDER",
            ),
            ('a', "SAVEPOINT here", ""),
            (
                'a',
                "SELECT * FROM t WHERE id = 2 FOR UPDATE",
                "reads ROWS*, reads VERSIONS*, writes VERSIONS*",
            ),
            ('a', "DELETE FROM u WHERE x = 1", "reads ROWS, reads VERSIONS, writes VERSIONS"),
            ('b', "SELECT * FROM t", "reads ROWS"),
            (
                'b',
                "UPDATE t SET x = 6 WHERE id = 1",
                "reads SNAPSHOT, writes WAITS, reads ROWS*, reads VERSIONS*, writes QUEUE",
            ),
            (
                'a',
                "COMMIT",
                "writes SNAPSHOT*, writes WAITS, writes ROWS, writes ROWS*, writes VERSIONS, writes VERSIONS*",
            ),
            (
                'b',
                "goes on",
                "writes SNAPSHOT*, writes ROWS*, reads VERSIONS*, writes VERSIONS*, writes ORDER, writes QUEUE",
            ),
            ('b', "SELECT nextval('q')", "writes SEQUENCE"),
            ('b', "SELECT pg_advisory_lock(7)", "writes KEY*"),
            ('b', "SELECT pg_try_advisory_xact_lock_shared(1, 2)", "reads KEYS*"),
            ('b', "SELECT now()", "unknown"),
            ('b', "SELECT * FROM pg_locks", "unknown"),
            ('b', "CREATE TABLE v (x INTEGER)", "unknown"),
            ('b', "LOCK TABLE u", ""),
            ('b', "BEGIN", ""),
            ('b', "LOCK TABLE u IN SHARE MODE", "writes RELATION"),
            ('b', "SELECT now()", "unknown"),
            ('b', "COMMIT", "unknown"),
        ],
    );
}

#[test]
fn at_repeatable_read_a_snapshot_is_read_once() {
    check(
        Isolation::RepeatableRead,
        &[
            ('a', "BEGIN", ""),
            ('a', "SELECT * FROM t", "reads SNAPSHOT"),
            ('a', "SELECT * FROM s", ""),
            ('a', "UPDATE t SET x = 5 WHERE id = 1", "reads VERSIONS*, writes VERSIONS*, writes ORDER"),
            ('a', "ROLLBACK", "writes VERSIONS*"),
        ],
    );
}

#[test]
fn serializable_transactions_tell_what_they_read() {
    check(
        Isolation::Serializable,
        &[
            ('a', "BEGIN", ""),
            ('a', "SELECT * FROM t", "reads SNAPSHOT, reads SERIALIZABLE, reads PREDICATES"),
            ('b', "BEGIN", ""),
            ('b', "SELECT * FROM t WHERE id = 1", "reads SNAPSHOT, reads SERIALIZABLE, reads PREDICATES"),
            (
                'b',
                "UPDATE t SET x = 5 WHERE id = 1",
                "reads SERIALIZABLE, writes SERIALIZABLE, reads VERSIONS*, writes VERSIONS*, writes ORDER, \
                 reads PREDICATES, writes PREDICATES",
            ),
            ('a', "SELECT * FROM s", "reads SERIALIZABLE, reads PREDICATES"),
            (
                'b',
                "COMMIT",
                "writes SNAPSHOT*, reads SERIALIZABLE, writes SERIALIZABLE, writes ROWS*, writes VERSIONS*",
            ),
        ],
    );
}

#[test]
fn dirty_reads_read_versions_and_strict_transactions_one_lock() {
    check(Isolation::ReadUncommitted, &[('a', "SELECT * FROM t", "reads ROWS, reads VERSIONS")]);
    check(
        Isolation::Strict,
        &[
            ('a', "BEGIN", ""),
            ('a', "SELECT * FROM t", "reads SNAPSHOT, writes OBJECT"),
            ('a', "SELECT * FROM t", ""),
            ('b', "SELECT * FROM s", "reads SNAPSHOT, writes WAITS, writes OBJECT"),
            ('a', "COMMIT", "writes WAITS, writes OBJECT"),
        ],
    );
}

// ----------------------------------------------------------- steps that do not conflict can be swapped

/// Statements that meet in every way.
const STATEMENTS: [&str; 34] = [
    "SELECT * FROM t",
    "SELECT ctid, * FROM t WHERE id = 1",
    "SELECT * FROM t WHERE id = 2",
    "SELECT sum(x) FROM t WHERE x > 1",
    "SELECT * FROM s WHERE name = 'a'",
    "SELECT * FROM s WHERE n = 2",
    "SELECT * FROM s JOIN t ON t.id = s.t",
    "SELECT * FROM u",
    "SELECT * FROM t WHERE id = 1 FOR UPDATE",
    "SELECT * FROM t WHERE id = 2 FOR SHARE",
    "SELECT * FROM t ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
    "SELECT * FROM t WHERE id = 3 FOR UPDATE NOWAIT",
    "UPDATE t SET x = x + 1 WHERE id = 1",
    "UPDATE t SET x = x * 2 WHERE id = 2",
    "UPDATE t SET x = 9 WHERE x < 3",
    "UPDATE t SET id = 5 WHERE id = 3",
    "UPDATE s SET n = 7 WHERE name = 'a'",
    "UPDATE s SET t = 2 WHERE name = 'b'",
    "UPDATE u SET x = x + 1",
    "INSERT INTO t VALUES (4, 4)",
    "INSERT INTO t VALUES (5, 0) ON CONFLICT (id) DO UPDATE SET x = t.x + 10",
    "INSERT INTO s VALUES ('c', 7, 1)",
    "INSERT INTO s VALUES ('d', 8, 4) ON CONFLICT DO NOTHING",
    "INSERT INTO u SELECT x FROM t",
    "INSERT INTO u VALUES (nextval('q'))",
    "DELETE FROM t WHERE id = 1",
    "DELETE FROM t WHERE id = 4",
    "DELETE FROM u WHERE x = 1",
    "SELECT nextval('q')",
    "SELECT currval('q')",
    "SELECT pg_advisory_xact_lock(1)",
    "SELECT pg_try_advisory_lock_shared(1)",
    "SELECT pg_advisory_unlock_shared(1)",
    "LOCK TABLE u IN SHARE MODE",
];

const BEGINS: [&str; 4] = [
    "BEGIN",
    "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
    "BEGIN ISOLATION LEVEL REPEATABLE READ",
];

const ENDS: [&str; 3] = ["COMMIT", "COMMIT", "ROLLBACK"];

fn piece() -> impl Strategy<Value = Vec<&'static str>> {
    let one = || prop::sample::select(&STATEMENTS[..]);
    let word = prop_oneof![6 => one(), 1 => prop::sample::select(&["SAVEPOINT a", "ROLLBACK TO a"][..])];
    let inside = prop::collection::vec(word, 1..4);
    let transaction = (prop::sample::select(&BEGINS[..]), inside, prop::sample::select(&ENDS[..]))
        .prop_map(|(begin, inside, end)| [vec![begin], inside, vec![end]].concat());
    prop_oneof![2 => one().prop_map(|one| vec![one]), 3 => transaction]
}

fn program() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(piece(), 1..4).prop_map(|pieces| pieces.concat())
}

/// A step that was taken.
struct Taken {
    who: usize,
    what: String,
    footprint: Footprint,
}

/// What can be seen of a run: every session's answers in order, and what is left.
#[derive(Debug, PartialEq)]
struct Seen {
    answers: Vec<Vec<String>>,
    left: Vec<String>,
}

/// A session's statements.
type Program = Vec<&'static str>;

/// Sessions under way.
struct Play<'a> {
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

impl Play<'_> {
    fn new(isolation: Isolation, programs: &[Program]) -> Play<'_> {
        let mut database = Database::new(Options { isolation, ..Options::default() });
        let count = programs.len();
        let sessions = programs.iter().map(|_| database.open()).collect();
        let mut play = Play {
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
        let session = self.sessions[who];
        self.intents[who] = match self.programs[who].get(self.next[who]) {
            Some(sql) => self.database.mock.intent(session, &statement(sql)),
            None => self.database.mock.closing(session),
        };
    }

    fn step(&mut self, who: usize) {
        let session = self.sessions[who];
        let (footprint, what) = match self.programs[who].get(self.next[who]) {
            Some(_) if self.waiting[who] => {
                self.ready.remove(&session);
                self.database.resume(session)
            }
            Some(sql) => self.database.run(session, sql),
            None => {
                let footprint = self.database.mock.closing(session);
                self.database.mock.close(&Cx::new(&self.database.sim), session);
                (footprint, "gone".to_owned())
            }
        };
        self.waiting[who] = what.starts_with("blocked");
        let (intended, touched) = (words(&self.intents[who]), words(&footprint));
        assert!(self.intents[who].covers(&footprint), "{what}: intended {intended}, touched {touched}");
        if !self.waiting[who] {
            self.next[who] += 1;
        }
        self.ready.extend(self.database.mock.ready(&Cx::new(&self.database.sim)));
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
        let left = ["t", "s", "u"].map(|table| format!("SELECT ctid, * FROM {table}"));
        let left = left.iter().map(String::as_str).chain(["SELECT * FROM q"]);
        let left = left.map(|sql| self.database.run(look, sql).1).collect();
        let of = |who| self.taken.iter().filter(|it| it.who == who).map(|it| it.what.clone()).collect();
        let answers = everybody.map(of).collect();
        (self.taken, Seen { answers, left })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(120) })]

    #[test]
    fn steps_that_do_not_conflict_can_be_swapped(
        isolation in prop::sample::select(&Isolation::ALL[..]),
        programs in prop_oneof![
            prop::collection::vec(program(), 2),
            prop::collection::vec(program(), 3),
        ],
        order in prop::collection::vec(0..3_usize, 40),
    ) {
        let (taken, seen) = Play::new(isolation, &programs).finish(&order);
        let order: Vec<usize> = taken.iter().map(|taken| taken.who).collect();
        for place in 1..taken.len() {
            let (a, b) = (&taken[place - 1], &taken[place]);
            if a.who == b.who || a.footprint.conflicts(&b.footprint) {
                continue;
            }
            let mut swapped = order.clone();
            swapped.swap(place - 1, place);
            let (taken_swapped, seen_swapped) = Play::new(isolation, &programs).finish(&swapped);
            let order_swapped: Vec<usize> = taken_swapped.iter().map(|taken| taken.who).collect();
            let (a, b) = (
                format!("{} ({})", a.what, words(&a.footprint)),
                format!("{} ({})", b.what, words(&b.footprint)),
            );
            prop_assert_eq!(&order_swapped, &swapped, "at {}: {} and {} cannot be swapped", isolation.name(), a, b);
            prop_assert_eq!(&seen_swapped, &seen, "at {}: {} and {} were swapped", isolation.name(), a, b);
            for (before, after) in [(place - 1, place), (place, place - 1)] {
                prop_assert_eq!(&taken[before].footprint, &taken_swapped[after].footprint, "{} or {}", a, b);
            }
        }
    }
}
