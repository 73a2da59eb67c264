//! Exported SQL, executed by an SQLite that drawloom has nothing to do with.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom_model::Value;
use drawloom_replays::{Plan, Replay, RunOptions, codec, export, search};
use drawloom_sim::Profile;
use drawloom_sim::faults::{Fault, FaultPlan};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::BTreeMap;

/// What a script says to do in a session.
enum Deed {
    Statement { sql: String, answer: String },
    Close,
}

/// Reads the scripts of an export back, in the order of their numbers; each with its session. It knows no more
/// than the text says.
fn deeds(text: &str) -> Vec<(u32, Deed)> {
    let mut deeds: Vec<((u32, u32), u32, Deed)> = Vec::new();
    let (mut session, mut last) = (0, 0);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("-- == session ") {
            session = title.split(':').next().unwrap().parse().unwrap();
            continue;
        }
        let Some((number, rest)) = line.strip_prefix("-- [").and_then(|rest| rest.split_once(']')) else {
            continue;
        };
        if let Ok(number) = number.parse::<u32>() {
            let mut sql = lines.next().unwrap().to_owned();
            while !sql.ends_with(';') {
                sql = sql + "\n" + lines.next().unwrap();
            }
            let answer = lines.next().unwrap().strip_prefix("-- ").unwrap().to_owned();
            deeds.push(((number, 0), session, Deed::Statement { sql, answer }));
            last = number;
        } else if rest.contains("; close this connection") {
            let after = rest.strip_prefix(" after [").and_then(|rest| rest.split(']').next());
            let after = after.map_or(last, |number| number.parse().unwrap());
            deeds.push(((after, 1), session, Deed::Close));
        }
    }
    deeds.sort_by_key(|(order, _, _)| *order);
    deeds.into_iter().map(|(_, session, deed)| (session, deed)).collect()
}

/// Executes it, and says what it gives in the words of the export.
fn execute(connection: &Connection, sql: &str) -> String {
    let mut statement = match connection.prepare(sql) {
        Ok(statement) => statement,
        Err(_) => return "error".to_owned(),
    };
    let columns = statement.column_count();
    if columns == 0 {
        return match statement.execute([]) {
            Err(_) => "error".to_owned(),
            Ok(_) if !["INSERT", "UPDATE", "DELETE"].contains(&sql.split(' ').next().unwrap()) => {
                "→ done".to_owned()
            }
            Ok(1) => "→ 1 row changed".to_owned(),
            Ok(n) => format!("→ {n} rows changed"),
        };
    }
    let value = |value: ValueRef<'_>| match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(x) => Value::Real(x),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.to_vec()).unwrap()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    };
    let mut read = statement.query([]).unwrap();
    let mut rows = Vec::new();
    loop {
        match read.next() {
            Err(_) => return "error".to_owned(),
            Ok(None) => break,
            Ok(Some(row)) => {
                let values: Vec<String> =
                    (0..columns).map(|at| value(row.get_ref(at).unwrap()).to_string()).collect();
                rows.push(values.join(", "));
            }
        }
    }
    match &rows[..] {
        [] => "→ no rows".to_owned(),
        [row] => format!("→ {row}"),
        rows if columns == 1 => format!("→ {} rows: {}", rows.len(), rows.join(", ")),
        rows => format!("→ {} rows: ({})", rows.len(), rows.join("), (")),
    }
}

/// Does what the export says, on one real database. Returns the last answer and how many connections there were.
fn follow(text: &str) -> (String, usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut connections: BTreeMap<u32, Option<Connection>> = BTreeMap::new();
    let mut last = String::new();
    for (number, (session, deed)) in deeds(text).into_iter().enumerate() {
        let connection = connections.entry(session).or_insert_with(|| {
            let connection = Connection::open(folder.path().join("state.db")).unwrap();
            connection.pragma_update(None, "journal_mode", "wal").unwrap();
            connection.busy_timeout(std::time::Duration::ZERO).unwrap();
            Some(connection)
        });
        match deed {
            Deed::Close => *connection = None,
            Deed::Statement { sql, answer } => {
                last = execute(connection.as_ref().expect("a closed connection does nothing"), &sql);
                let answer = answer.trim_end_matches(", which its client never heard");
                let answer = if answer.starts_with("error: ") { "error" } else { answer };
                assert_eq!(last, answer, "{}th, session {session}: {sql}\n{text}", number + 1);
            }
        }
    }
    (last, connections.len())
}

fn replay(plan: &Plan, seed: u64) -> Replay {
    codec::decode(&search::record(drawloom_sim::Host::best(), plan, seed).unwrap()).unwrap()
}

#[test]
fn the_statements_in_their_order_break_a_real_database_too() {
    let plan = Plan { workers: 2, actions: 3, ..Plan::usual("bank", "read-modify-write").unwrap() };
    let found = search::first_finding(&plan, 0..100).unwrap().unwrap();
    let replay = codec::decode(&found.replay).unwrap();
    let text = export::sql(&replay);
    let (last, connections) = follow(&text);
    assert_eq!(connections, 4, "setup, two workers, checks\n{text}");
    let balances = last.split_once("rows: ").unwrap().1.split("), (");
    let total: i64 = balances
        .map(|row| row.split(", ").nth(1).unwrap().trim_end_matches(')').parse::<i64>().unwrap())
        .sum();
    assert_ne!(total, 500, "{text}");
    assert!(text.contains("-- found: the total is conserved: expected 500, actual "), "{text}");
}

/// Transactions, waits, lost connections, dead workers and crashes of the database: whatever happened, the
/// numbers are an order in which a real SQLite answers the same.
#[test]
fn whatever_happened_the_answers_are_the_same() {
    let faults = FaultPlan { kinds: vec![Fault::Crash, Fault::Restart, Fault::Pause], swarm: false };
    let (mut waits, mut closes) = (0, 0);
    for (workload, variant) in [("bank", "correct"), ("bank", "read-modify-write-tx"), ("queue", "correct")] {
        for seed in 0..15 {
            let usual = Plan::usual(workload, variant).unwrap();
            let plan =
                Plan { workers: 3, actions: 6, network: Profile::Flaky, faults: faults.clone(), ..usual };
            let text = export::sql(&replay(&plan, seed));
            waits += text.matches("; waits for ").count();
            closes += text.matches("; close this connection").count();
            follow(&text);
        }
    }
    assert!(waits > 10 && closes > 10, "{waits} waits, {closes} closed connections");
}

#[test]
fn a_run_without_a_finding_says_so() {
    let plan = Plan { workers: 1, actions: 1, ..Plan::usual("bank", "correct").unwrap() };
    let replay = replay(&plan, 0);
    let said = "nothing was found in this run";
    assert!(export::sql(&replay).ends_with(&format!("-- {said}\n")));
    assert!(export::rust(&replay, &codec::encode(&replay)).contains(&format!("// {said}\n")));
    assert_eq!(export::json(&replay)["findings"], serde_json::json!([]));
}

/// A run that was stopped leaves statements of which nothing is known, and they are not executed.
#[test]
fn what_nobody_knows_is_a_comment() {
    let plan = Plan { workers: 3, actions: 3, ..Plan::usual("bank", "correct").unwrap() };
    let whole = replay(&plan, 1);
    let options = RunOptions { record: true, halt_at: Some(drawloom_sim::Step(20)), ..RunOptions::default() };
    let source = Box::new(drawloom_sim::source::Random::new(1));
    let run = drawloom_sim::Host::best().run(|| drawloom_replays::run(&plan, source, options)).unwrap();
    let halted = Replay { history: run.history, ..whole };
    let text = export::sql(&halted);
    assert!(text.contains("; no answer: executed or not, nobody knows: "), "{text}");
    follow(&text);
}
