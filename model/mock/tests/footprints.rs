//! What statements say they touch: case by case, and that steps which do not conflict can be swapped.

#[path = "../../tests/swapping/mod.rs"]
mod swapping;

use drawloom_mock::{Isolation, Mock, Options};
use drawloom_model::Backend;
use drawloom_sim::Footprint;
use drawloom_sim::footprint::Access;
use proptest::prelude::*;
use swapping::{Database, Program, Subject, statement};

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

fn mock(isolation: Isolation) -> Box<dyn Backend> {
    Box::new(Mock::new(Options { isolation, ..Options::default() }))
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
    let mut database = Database::new(mock(isolation), &TABLES);
    let sessions = [database.open(), database.open()];
    let mut said = Vec::new();
    for (who, sql, _) in script {
        let session = sessions[usize::from(*who == 'b')];
        let (footprint, _) =
            if *sql == "goes on" { database.resume(session) } else { database.run(session, sql, &[]) };
        database.ready();
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

fn program() -> impl Strategy<Value = Program> {
    let all = |pieces: Vec<Vec<&str>>| pieces.concat().into_iter().map(|sql| statement(sql, &[])).collect();
    prop::collection::vec(piece(), 1..4).prop_map(all)
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
        let subject = Subject {
            backend: &|| mock(isolation),
            tables: &TABLES,
            greeting: &[],
            left: &["SELECT ctid, * FROM t", "SELECT ctid, * FROM s", "SELECT ctid, * FROM u", "SELECT * FROM q"],
            words,
        };
        subject.commutes(&programs, &order)?;
    }
}
