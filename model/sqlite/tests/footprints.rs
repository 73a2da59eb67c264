//! What statements say they touch: case by case, and that steps which do not conflict can be swapped.

#[path = "../../tests/swapping/mod.rs"]
mod swapping;

use drawloom_model::access::resource;
use drawloom_model::{Backend, Statement, Value};
use drawloom_sim::footprint::Access;
use drawloom_sim::{Footprint, SimDuration};
use drawloom_sqlite::{Busy, JournalMode, Options, Sqlite};
use proptest::prelude::*;
use swapping::{Database, Program, Subject, statement};

fn sqlite(options: Options) -> Box<dyn Backend> {
    Box::new(Sqlite::new(options))
}

// ------------------------------------------------------------------------------------------ case by case

const TABLES: [&str; 7] = [
    "CREATE TABLE accounts (id INTEGER PRIMARY KEY, owner TEXT, balance INTEGER, tag TEXT COLLATE NOCASE)",
    "CREATE TABLE people (name TEXT PRIMARY KEY, boss TEXT REFERENCES people, born REAL)",
    "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner TEXT, FOREIGN KEY (owner) REFERENCES people (name))",
    "CREATE TABLE log (at TEXT DEFAULT CURRENT_TIMESTAMP, what TEXT)",
    "CREATE UNIQUE INDEX owners ON accounts (owner)",
    "INSERT INTO accounts VALUES (1, 'ann', 5, 'a')",
    "CREATE VIEW rich AS SELECT * FROM accounts WHERE balance > 9",
];

/// A footprint in words: a resource's part goes by the values that the test uses.
fn words(footprint: &Footprint) -> String {
    let names = ["t", "s", "accounts", "people", "pets", "log", " lock", " snapshot", " database"];
    let word = |access: &Access| {
        let name = names.iter().find(|name| resource(name) == access.resource).expect("a known resource");
        let part = match access.part {
            None => String::new(),
            Some(part) if *name == " snapshot" => format!("[session {}]", part.value),
            Some(part) => {
                let columns =
                    ["id", "name", "owner", "balance", "n", "u", "t"].map(|name| (resource(name), name));
                let column =
                    columns.iter().find(|(digest, _)| *digest == part.dimension).expect("a known column");
                let texts = ["ann", "1", "x", "y", "z"].map(|text| (resource(text), format!("'{text}'")));
                let ints = [-1, 1, 2, 3, 4].map(|n: i64| (int(n), n.to_string()));
                let value = texts.iter().chain(&ints).find(|(digest, _)| *digest == part.value);
                format!("[{} = {}]", column.1, value.expect("a known value").1)
            }
        };
        format!(
            "{} {}{part}",
            if access.writes { "writes" } else { "reads" },
            name.trim().replace("lock", "LOCK").replace("snapshot", "SNAPSHOT")
        )
    };
    match footprint {
        Footprint::Unknown => "unknown".to_owned(),
        Footprint::Nothing => "nothing at all".to_owned(),
        Footprint::Known(accesses) if accesses.is_empty() => "nothing".to_owned(),
        Footprint::Known(accesses) => accesses.iter().map(word).collect::<Vec<_>>().join(", "),
    }
}

fn int(n: i64) -> u64 {
    n.to_le_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Where a table is written outside a transaction, this comes after it.
const PUBLISHES: &str = ", reads LOCK, writes SNAPSHOT[session 2]";

#[test]
fn what_a_statement_touches_comes_from_its_text() {
    let cases: &[(&str, &[Value], &str)] = &[
        ("SELECT balance FROM accounts WHERE id = $1", &[Value::Int(2)], "reads accounts[id = 2]"),
        (
            "SELECT balance FROM Accounts a WHERE $1 = a.ID AND balance > 0",
            &[Value::Int(2)],
            "reads accounts[id = 2]",
        ),
        ("SELECT * FROM accounts WHERE balance = 3 AND (id IN (-1))", &[], "reads accounts[id = -1]"),
        ("SELECT * FROM accounts WHERE id IN (1, 2)", &[], "reads accounts"),
        ("SELECT * FROM accounts WHERE id = 1 OR balance = 2", &[], "reads accounts"),
        ("SELECT * FROM accounts WHERE id = $1", &[Value::Text("1".into())], "reads accounts"),
        ("SELECT * FROM accounts WHERE id = $1", &[Value::Real(1.0)], "reads accounts"),
        ("SELECT * FROM accounts WHERE id = $1", &[Value::Null], "reads accounts"),
        ("SELECT * FROM accounts WHERE id = ?", &[Value::Int(1)], "reads accounts"),
        ("SELECT * FROM people WHERE name = '1'", &[], "reads people[name = '1']"),
        ("SELECT * FROM people WHERE name = 1", &[], "reads people"),
        ("SELECT * FROM people WHERE born = 1", &[], "reads people"),
        ("SELECT * FROM people WHERE name = 'ann' COLLATE NOCASE", &[], "reads people"),
        ("SELECT * FROM accounts WHERE tag = 'ann'", &[], "reads accounts"),
        ("SELECT * FROM accounts WHERE \"ann\" = 'ann'", &[], "reads accounts"),
        // Whether abs() fails hangs on every row.
        ("SELECT * FROM accounts WHERE id = 1 AND abs(balance) = 2", &[], "reads accounts"),
        (
            "SELECT count(*) FROM accounts JOIN people ON name = owner WHERE id = 1",
            &[],
            "reads accounts, reads people",
        ),
        (
            "SELECT (SELECT max(id) FROM pets) FROM accounts WHERE id = 1",
            &[],
            "reads accounts[id = 1], reads pets",
        ),
        ("SELECT id FROM accounts WHERE id = (SELECT max(id) FROM accounts)", &[], "reads accounts"),
        ("SELECT 1", &[], "nothing"),
        ("SELECT * FROM rich", &[], "unknown"),
        ("SELECT * FROM nowhere", &[], "unknown"),
        ("SELECT * FROM sqlite_schema", &[], "unknown"),
        ("SELECT random()", &[], "unknown"),
        ("SELECT date('now')", &[], "unknown"),
        ("SELECT CURRENT_TIMESTAMP", &[], "unknown"),
        ("WITH w AS (SELECT 1) SELECT * FROM w", &[], "unknown"),
        ("SELECT * FROM json_each('[1]')", &[], "unknown"),
        ("EXPLAIN SELECT 1", &[], "unknown"),
        ("PRAGMA user_version", &[], "unknown"),
        ("SELECT 1 1", &[], "unknown"),
    ];
    check(cases);
}

#[test]
fn what_a_write_touches_hangs_on_its_keys() {
    let cases: &[(&str, &[Value], &str)] = &[
        ("UPDATE accounts SET balance = 1 WHERE id = 1", &[], "writes accounts[id = 1]"),
        ("UPDATE accounts SET balance = 1 WHERE balance = 3", &[], "writes accounts"),
        ("UPDATE accounts SET id = 2 WHERE id = 1", &[], "writes accounts"),
        ("UPDATE accounts SET rowid = 2 WHERE id = 1", &[], "writes accounts"),
        ("UPDATE accounts SET owner = 'ann' WHERE id = 1", &[], "writes accounts"),
        ("UPDATE OR REPLACE accounts SET balance = 1 WHERE id = 1", &[], "writes accounts"),
        (
            "UPDATE accounts SET balance = (SELECT count(*) FROM pets) WHERE id = 1",
            &[],
            "writes accounts[id = 1], reads pets",
        ),
        (
            "UPDATE accounts SET balance = (SELECT max(balance) FROM accounts) WHERE id = 1",
            &[],
            "writes accounts",
        ),
        ("DELETE FROM accounts WHERE id = 1 RETURNING balance", &[], "writes accounts[id = 1]"),
        ("DELETE FROM accounts", &[], "writes accounts"),
        ("INSERT INTO accounts (balance) VALUES (1)", &[], "writes accounts"),
        (
            "INSERT INTO accounts (balance) SELECT born FROM people WHERE name = 'ann'",
            &[],
            "writes accounts, reads people",
        ),
        ("UPDATE people SET born = 1 WHERE name = 'ann'", &[], "writes people[name = 'ann']"),
        ("UPDATE people SET boss = NULL WHERE name = 'ann'", &[], "writes people"),
        ("DELETE FROM people WHERE name = 'ann'", &[], "writes people, writes pets"),
        ("UPDATE people SET name = 'ann' WHERE name = '1'", &[], "writes people, writes pets"),
        ("INSERT INTO people VALUES ('ann', NULL, 1) ON CONFLICT DO NOTHING", &[], "writes people"),
        ("DELETE FROM people", &[], "writes people, writes pets"),
        ("INSERT INTO pets VALUES (1, NULL)", &[], "reads people, writes pets"),
        ("REPLACE INTO people VALUES ('ann', NULL, 1)", &[], "writes people, writes pets"),
        ("UPDATE pets SET owner = NULL WHERE id = 1", &[], "reads people, writes pets[id = 1]"),
        ("DELETE FROM pets WHERE id = 1", &[], "writes pets[id = 1]"),
    ];
    let published: Vec<_> =
        cases.iter().map(|(sql, params, says)| (*sql, *params, format!("{says}{PUBLISHES}"))).collect();
    let published: Vec<_> = published.iter().map(|(sql, params, says)| (*sql, *params, &**says)).collect();
    check(&published);
    check(&[
        ("INSERT INTO log (what) VALUES ('a')", &[], "unknown"),
        ("UPDATE OR ROLLBACK accounts SET balance = 1 WHERE id = 1", &[], "unknown"),
        ("UPDATE accounts SET balance = random() WHERE id = 1", &[], "unknown"),
        ("INSERT INTO nowhere VALUES (1)", &[], "unknown"),
    ]);
}

/// Both what is intended and what is said afterwards, in words whose order is the tables'.
fn check(cases: &[(&str, &[Value], &str)]) {
    let mut database = Database::new(sqlite(Options::USUAL), &TABLES);
    let session = database.open();
    for (sql, params, says) in cases {
        let intended = database.backend.intent(session, &statement(sql, params));
        assert_eq!(words(&intended), *says, "{sql}");
        let touched = database.run(session, sql, params).0;
        assert_eq!(touched, intended, "{sql}");
    }
}

#[test]
fn a_transaction_is_seen_where_it_takes_the_lock_or_a_snapshot_and_where_it_ends() {
    let mut database = Database::new(sqlite(Options { busy: Busy::Error, ..Options::USUAL }), &TABLES);
    let (a, b) = (database.open(), database.open());
    let change = "UPDATE accounts SET balance = 1 WHERE id = 1";
    let script = [
        (a, "BEGIN", "nothing"),
        (a, "SELECT * FROM accounts", "reads SNAPSHOT"),
        (a, "SELECT * FROM pets", "nothing"),
        (a, change, "writes LOCK, reads SNAPSHOT"),
        (a, change, "nothing"),
        (b, "SELECT * FROM accounts", "reads accounts"),
        (b, change, "reads LOCK"),
        (b, "BEGIN IMMEDIATE", "reads LOCK"),
        (b, "BEGIN", "nothing"),
        (b, "SELECT * FROM accounts", "reads SNAPSHOT"),
        (a, "DELETE FROM pets WHERE id = 2", "nothing"),
        (
            a,
            "COMMIT",
            "writes accounts[id = 1], writes pets[id = 2], writes LOCK, writes SNAPSHOT[session 2]",
        ),
        // Its snapshot is no longer the newest, now that something was published.
        (b, "UPDATE pets SET owner = NULL", "writes LOCK, reads SNAPSHOT"),
        (b, "COMMIT", "nothing"),
        (b, "BEGIN IMMEDIATE", "writes LOCK, reads SNAPSHOT"),
        (b, change, "nothing"),
        (b, "ROLLBACK", "writes LOCK"),
        (b, "SAVEPOINT here", "nothing"),
        (b, change, "writes LOCK, reads SNAPSHOT"),
        (b, "ROLLBACK TO here", "nothing"),
        (b, "RELEASE here", "writes accounts[id = 1], writes LOCK, writes SNAPSHOT[session 3]"),
        (b, "COMMIT", "nothing"),
        (b, "BEGIN IMMEDIATE", "writes LOCK, reads SNAPSHOT"),
        (b, "INSERT INTO log (what) VALUES ('a')", "unknown"),
        (b, "COMMIT", "unknown"),
    ];
    let mut said = Vec::new();
    for (session, sql, _) in script {
        said.push((session, sql, words(&database.run(session, sql, &[]).0)));
    }
    let meant: Vec<_> =
        script.iter().map(|(session, sql, says)| (*session, *sql, (*says).to_owned())).collect();
    assert_eq!(said, meant);
}

#[test]
fn after_a_trigger_only_a_beginning_is_known() {
    let mut database = Database::new(sqlite(Options::USUAL), &TABLES);
    let session = database.open();
    let trigger =
        "CREATE TRIGGER noted AFTER UPDATE ON accounts BEGIN INSERT INTO log (what) VALUES ('a'); END";
    let read = "SELECT * FROM pets WHERE id = 1";
    let script = [
        (read, "reads pets[id = 1]"),
        ("CREATE UNIQUE INDEX balances ON accounts (balance)", "unknown"),
        (
            "UPDATE accounts SET balance = 3 WHERE id = 1",
            "writes accounts, reads LOCK, writes SNAPSHOT[session 2]",
        ),
        (trigger, "unknown"),
        (read, "unknown"),
        ("BEGIN", "nothing"),
        ("COMMIT", "unknown"),
    ];
    for (sql, says) in script {
        let (footprint, answer) = database.run(session, sql, &[]);
        assert_eq!(words(&footprint), says, "{sql}: {answer}");
    }
}

// ----------------------------------------------------------- steps that do not conflict can be swapped

/// What the programs run on: a key that is a number and one that is text, a unique column, a foreign key that
/// takes rows along.
const PAIR: [&str; 4] = [
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, u INTEGER UNIQUE)",
    "CREATE TABLE s (name TEXT PRIMARY KEY, n INTEGER, t INTEGER REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE)",
    "INSERT INTO t VALUES (1, 10, 1), (2, 20, 2), (3, 30, NULL)",
    "INSERT INTO s VALUES ('x', 1, 1), ('y', 2, 2), ('z', 3, 3)",
];

/// What is asked and done, with every combination of a few parameters: an id or a name that is there, and a
/// number of which one is taken and one is free.
fn statements(templates: &[(&'static str, &[&str])]) -> Vec<Statement> {
    let value = |text: &&str| text.parse::<i64>().map_or_else(|_| Value::from(*text), Value::from);
    let with_seconds = |sql: &'static str, first: Value| match sql.contains("$2") {
        true => [2, 4].map(|second: i64| statement(sql, &[first.clone(), second.into()])).to_vec(),
        false => vec![statement(sql, &[first])],
    };
    let with_all = |(sql, firsts): &(&'static str, &[&str])| match firsts {
        [] => vec![plain(sql)],
        _ => firsts.iter().map(value).flat_map(|first| with_seconds(sql, first)).collect(),
    };
    templates.iter().flat_map(with_all).collect()
}

const IDS: &[&str] = &["1", "2"];
const NAMES: &[&str] = &["x", "y"];

fn reads() -> Vec<Statement> {
    statements(&[
        ("SELECT * FROM t WHERE id = $1", IDS),
        ("SELECT id FROM t WHERE u = $1", IDS),
        ("SELECT name FROM s WHERE t = $1 AND n > 0", IDS),
        ("SELECT n FROM s WHERE name IN ($1)", NAMES),
        ("SELECT count(*), sum(n), max(id) FROM t", &[]),
        ("SELECT s.name, t.n FROM s LEFT JOIN t ON t.id = s.t", &[]),
    ])
}

fn writes() -> Vec<Statement> {
    statements(&[
        ("UPDATE t SET n = n + 1 WHERE id = $1 RETURNING n", IDS),
        ("UPDATE t SET n = n * 2 WHERE u = $1", IDS),
        ("UPDATE t SET u = $2 WHERE id = $1", IDS),
        ("UPDATE t SET id = $2 WHERE id = $1", IDS),
        ("UPDATE OR REPLACE t SET u = $2 WHERE id = $1", IDS),
        ("UPDATE t SET n = (SELECT sum(n) FROM s WHERE t = $2) WHERE id = $1", IDS),
        ("DELETE FROM t WHERE id = $1", IDS),
        ("INSERT INTO t VALUES ($1 + 3, 7, $2)", IDS),
        ("INSERT INTO t (n) VALUES ($1) RETURNING id", IDS),
        ("INSERT INTO t VALUES ($1, 8, $2) ON CONFLICT DO UPDATE SET n = 0", IDS),
        ("REPLACE INTO t VALUES ($1, 9, $2)", IDS),
        ("UPDATE s SET n = $2 WHERE name = $1", NAMES),
        ("UPDATE s SET t = $2 WHERE name = $1", NAMES),
        ("UPDATE s SET n = n + $2 WHERE name <> $1", NAMES),
        ("DELETE FROM s WHERE name = $1 AND n < $2", NAMES),
        ("INSERT INTO s VALUES ($1, 5, $2)", &["x", "v"]),
        ("INSERT INTO s SELECT 'w' || id, n, id FROM t WHERE id = 2", &[]),
        ("DELETE FROM t", &[]),
    ])
}

fn reading() -> impl Strategy<Value = Statement> {
    proptest::sample::select(reads())
}

fn writing() -> impl Strategy<Value = Statement> {
    proptest::sample::select(writes())
}

fn plain(sql: &'static str) -> Statement {
    statement(sql, &[])
}

/// One statement by itself, or a transaction.
fn piece() -> impl Strategy<Value = Vec<Statement>> {
    let inside =
        || prop_oneof![reading(), writing(), Just(plain("SAVEPOINT p")), Just(plain("ROLLBACK TO p"))];
    let begin = prop_oneof![Just("BEGIN"), Just("BEGIN"), Just("BEGIN IMMEDIATE"), Just("SAVEPOINT o")];
    let end = prop_oneof![Just("COMMIT"), Just("COMMIT"), Just("ROLLBACK"), Just("RELEASE p")];
    let transaction = (begin, proptest::collection::vec(inside(), 1..4), end)
        .prop_map(|(begin, inside, end)| [vec![plain(begin)], inside, vec![plain(end)]].concat());
    prop_oneof![
        3 => reading().prop_map(|one| vec![one]),
        4 => writing().prop_map(|one| vec![one]),
        2 => transaction,
    ]
}

fn program() -> impl Strategy<Value = Program> {
    proptest::collection::vec(piece(), 2..5).prop_map(|pieces| pieces.concat())
}

fn options() -> impl Strategy<Value = Options> {
    let wait = Busy::Wait { timeout: SimDuration::secs(5) };
    let busy = prop_oneof![Just(wait), Just(Busy::Error)];
    let mode = prop_oneof![3 => Just(JournalMode::Wal), 1 => Just(JournalMode::Delete)];
    (mode, busy).prop_map(|(journal_mode, busy)| Options { journal_mode, busy, ..Options::USUAL })
}

/// The engine with the tables that the programs run on.
fn subject(backend: &dyn Fn() -> Box<dyn Backend>) -> Subject<'_> {
    Subject {
        backend,
        tables: &PAIR,
        greeting: &["PRAGMA foreign_keys = ON"],
        left: &["SELECT * FROM t", "SELECT rowid, * FROM s ORDER BY name"],
        words,
    }
}

/// Every two statements by themselves, of which one writes.
#[test]
fn statements_that_do_not_conflict_can_be_swapped() {
    let mut database = Database::new(sqlite(Options::USUAL), &PAIR);
    let session = database.open();
    let intend = |statement: Statement| {
        let intent = database.backend.intent(session, &statement);
        // Nobody publishes in another's part.
        let others = intent.accesses().iter().filter(|access| access.resource != resource(" snapshot"));
        (statement, Footprint::Known(others.copied().collect()))
    };
    let writes = writes();
    let all: Vec<_> = [writes.clone(), reads()].concat().into_iter().map(intend).collect();
    drop(database);
    let backend = || sqlite(Options::USUAL);
    let subject = subject(&backend);
    let mut swapped = 0;
    for (place, (first, touched)) in all.iter().enumerate().take(writes.len()) {
        for (second, also_touched) in &all[place + 1..] {
            if touched.conflicts(also_touched) {
                continue;
            }
            swapped += 1;
            let programs = [vec![first.clone()], vec![second.clone()]];
            let [seen, seen_swapped] = [[0, 1], [1, 0]].map(|order| subject.see(&programs, &order));
            assert_eq!(
                seen,
                seen_swapped,
                "{first} and {second}: {}, {}",
                words(touched),
                words(also_touched)
            );
        }
    }
    assert!(swapped > 300, "only {swapped} pairs do not conflict");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn steps_that_do_not_conflict_can_be_swapped(
        options in options(),
        first in program(),
        second in program(),
        order in proptest::collection::vec(0..2_usize, 24),
    ) {
        subject(&|| sqlite(options)).commutes(&[first, second], &order)?;
    }
}
