//! What survives a crash: every acknowledged commit, whole, and no others.

mod node;

use drawloom_mock::{Bug, Options};
use drawloom_model::{Backend, Cx, Progress, SessionId, Statement};
use node::Node;
use proptest::prelude::*;

const IDS: u32 = 4;
const SESSIONS: usize = 3;

/// What happens to a database.
#[derive(Clone, Debug)]
enum Step {
    Execute { session: usize, sql: String },
    Crash,
}

fn a_change() -> impl Strategy<Value = String> {
    (0..IDS, 0..100_u32, "[ab]").prop_flat_map(|(id, value, table)| {
        prop::sample::select(vec![
            format!("insert into {table} (id, v) values ({id}, {value})"),
            format!(
                "insert into {table} (id, v) values ({id}, {value}) on conflict (id) do update set v = {value}"
            ),
            format!("update {table} set v = v + 1 where id = {id}"),
            format!("update {table} set id = {id} where v < {value}"),
            format!("update {table} set v = v + {value}"),
            format!("delete from {table} where id = {id}"),
            format!("select * from {table} where id = {id} for update"),
        ])
    })
}

fn a_statement(others: &'static [&'static str]) -> impl Strategy<Value = String> {
    let others: [&[&str]; 3] = [
        &["begin", "begin isolation level repeatable read", "commit", "commit", "rollback"],
        &["savepoint s", "rollback to s", "release s"],
        others,
    ];
    prop_oneof![3 => a_change(), 2 => prop::sample::select(others.concat()).prop_map(str::to_owned)]
}

fn steps(others: &'static [&'static str]) -> impl Strategy<Value = Vec<Step>> {
    let execute =
        (0..SESSIONS, a_statement(others)).prop_map(|(session, sql)| Step::Execute { session, sql });
    prop::collection::vec(prop_oneof![20 => execute, 1 => Just(Step::Crash)], 1..80)
}

const DEFINITIONS: &[&str] = &[
    "prepare transaction 'p'",
    "prepare transaction 'q'",
    "commit prepared 'p'",
    "commit prepared 'q'",
    "rollback prepared 'p'",
    "create table b (id int primary key, v int)",
    "create table b as select * from a",
    "create table b (id int generated always as (v + 1) stored, v int unique)",
    "drop table b",
    "truncate a",
    "alter table a add column w int default 7",
    "alter table a drop column w",
    "alter table a alter column v type bigint",
    "create index extra on a (v)",
    "drop index extra",
    "create view c as select v from a",
    "drop view c",
    "create temporary table b (id int, v int)",
];

fn fresh(seed: u64) -> (Node, Vec<SessionId>) {
    let mut node = Node::new(Options::default(), seed);
    let sessions = (0..SESSIONS).map(|_| node.open()).collect::<Vec<_>>();
    assert!(node.lines(sessions[0], "create table a (id int primary key, v int)").is_empty());
    (node, sessions)
}

/// What there is, by what a new session sees of it.
fn state(node: &mut Node) -> Vec<String> {
    let observer = node.open();
    let mut state = node.lines(
        observer,
        "select table_name, column_name, data_type from information_schema.columns \
         where table_schema = 'public' order by table_name, ordinal_position",
    );
    state.extend(node.lines(observer, "select tablename, indexname from pg_indexes order by 1, 2"));
    for table in ["a", "b", "c"] {
        state.extend(node.lines(observer, &format!("select '{table}', * from {table} order by v")));
        for id in 0..IDS {
            state.extend(node.lines(observer, &format!("select * from {table} where id = {id} order by v")));
        }
    }
    node.mock.close(&Cx::new(&node.sim), observer);
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A database that crashes answers ever after as one that is shut down in good order at that moment.
    #[test]
    fn a_crash_loses_what_is_not_committed_and_nothing_else(steps in steps(DEFINITIONS)) {
        let (mut crashing, mut sessions) = fresh(0);
        let (mut careful, _) = fresh(0);
        for step in &steps {
            match step {
                Step::Execute { session, sql } => {
                    let answers = [&mut crashing, &mut careful].map(|node| node.execute(sessions[*session], sql));
                    prop_assert_eq!(&answers[0], &answers[1], "{}", sql);
                }
                Step::Crash => {
                    crashing.crash();
                    careful.restart();
                    sessions = sessions.iter().map(|_| crashing.open()).collect();
                    (0..SESSIONS).for_each(|_| assert!(sessions.contains(&careful.open())));
                    prop_assert_eq!(state(&mut crashing), state(&mut careful));
                }
            }
        }
        crashing.crash();
        careful.restart();
        prop_assert_eq!(state(&mut crashing), state(&mut careful));
    }

    /// Where COMMIT does not wait, a crash takes the database back to what it was after some commit, and never behind
    /// one that waited.
    #[test]
    fn what_nobody_waited_for_is_lost_from_the_end(
        steps in steps(&["set synchronous_commit = off"]),
        seed in any::<u64>(),
    ) {
        let (mut node, mut sessions) = fresh(seed);
        let mut states = vec![state(&mut node)];
        let mut waits = [true; SESSIONS];
        for step in &steps {
            match step {
                Step::Execute { session, sql } => {
                    let (answer, _) = node.execute(sessions[*session], sql);
                    let now = state(&mut node);
                    if states.last() != Some(&now) {
                        states.push(now);
                        if waits[*session] {
                            states.drain(..states.len() - 1);
                        }
                    }
                    // What a transaction sets goes with it: then nobody can tell.
                    waits[*session] &= !(sql.starts_with("set") && answer.is_ok());
                }
                Step::Crash => {
                    node.crash();
                    let now = state(&mut node);
                    prop_assert!(states.contains(&now), "{now:#?}\nis none of\n{states:#?}");
                    (states, waits) = (vec![now], [true; SESSIONS]);
                    sessions = sessions.iter().map(|_| node.open()).collect();
                }
            }
        }
    }
}

#[test]
fn time_makes_durable_what_nobody_waited_for() {
    for seed in 0..20 {
        let (mut node, sessions) = fresh(seed);
        node.lines(sessions[0], "set synchronous_commit = off");
        node.lines(sessions[0], "insert into a values (1, 1), (2, 2)");
        node.mock.settle();
        node.crash();
        let session = node.open();
        assert_eq!(node.lines(session, "select id from a"), ["1", "2"]);
    }
}

#[test]
fn a_sequence_goes_on_behind_what_the_log_has_heard_of() {
    let (mut node, sessions) = fresh(0);
    node.lines(sessions[0], "create sequence s");
    node.lines(sessions[0], "create sequence t increment -2 minvalue -7 maxvalue 1 start 1 cycle");
    let next = "select nextval('s'), nextval('t')";
    assert_eq!(node.lines(sessions[0], next), ["1|1"]);
    assert_eq!(node.lines(sessions[0], next), ["2|-1"]);
    node.crash();
    let session = node.open();
    assert_eq!(node.lines(session, "select last_value, log_cnt, is_called from s"), ["33|0|true"]);
    assert_eq!(node.lines(session, next), ["34|1"]);
    node.restart();
    let session = node.open();
    assert_eq!(node.lines(session, next), ["35|-1"]);
    assert_eq!(node.lines(session, "select setval('s', 100, false)"), ["100"]);
    node.crash();
    let session = node.open();
    assert_eq!(node.lines(session, next), ["100|1"]);
}

#[test]
fn a_prepared_transaction_keeps_its_locks_in_a_crash() {
    let (mut node, sessions) = fresh(0);
    for sql in [
        "insert into a values (1, 1), (2, 2), (3, 3)",
        "begin",
        "update a set v = 10 where id = 1",
        "select * from a where id = 2 for update",
        "create table b (id int primary key)",
        "insert into b values (1)",
        "prepare transaction 'p'",
    ] {
        node.lines(sessions[0], sql);
    }
    node.crash();
    let session = node.open();
    for (sql, expected) in [
        ("select id, v from a order by id", vec!["1|1", "2|2", "3|3"]),
        ("update a set v = 0 where id = 1", vec!["ERROR 57014 canceling statement due to user request"]),
        ("delete from a where id = 2", vec!["ERROR 57014 canceling statement due to user request"]),
        ("update a set v = 30 where id = 3", vec![]),
        ("create table b (id int)", vec!["ERROR 57014 canceling statement due to user request"]),
        ("commit prepared 'p'", vec![]),
        ("select id, v from a order by id", vec!["1|10", "2|2", "3|30"]),
        (
            "insert into b values (1)",
            vec!["ERROR 23505 duplicate key value violates unique constraint \"b_pkey\""],
        ),
        (
            "rollback prepared 'p'",
            vec!["ERROR 42704 prepared transaction with identifier \"p\" does not exist"],
        ),
    ] {
        assert_eq!(node.lines(session, sql), expected, "{sql}");
    }
    node.crash();
    let session = node.open();
    assert_eq!(node.lines(session, "select id, v from a order by id"), ["1|10", "2|2", "3|30"]);
}

#[test]
fn what_is_temporary_is_gone() {
    let (mut node, sessions) = fresh(0);
    node.lines(sessions[0], "create temporary table b (id int primary key)");
    node.crash();
    let session = node.open();
    let left = "select relname from pg_class where relname like 'b%' union \
                select nspname from pg_namespace where nspname like 'pg_temp%'";
    assert_eq!(node.lines(session, left), [""; 0]);
}

/// With the bug, a power loss may take what was acknowledged; without, never.
#[test]
fn an_early_acknowledgement_loses_commits() {
    let loses = |bugs: &[Bug]| {
        (0..20).any(|seed| {
            let options = Options { bugs: bugs.iter().copied().collect(), ..Options::default() };
            let mut node = Node::new(options, seed);
            let session = node.open();
            node.lines(session, "create table a (id int)");
            node.mock.settle();
            node.lines(session, "insert into a values (1)");
            node.crash();
            let session = node.open();
            node.lines(session, "select * from a").is_empty()
        })
    };
    assert!(loses(&[Bug::EarlyAcknowledgement]) && !loses(&[]));
}

#[test]
fn half_a_recovery_brings_back_half_of_the_last_transaction() {
    let options = Options { bugs: [Bug::HalfRecovery].into(), ..Options::default() };
    let mut node = Node::new(options, 0);
    let session = node.open();
    node.lines(session, "create table a (id int)");
    node.lines(session, "insert into a values (1), (2)");
    node.mock.settle();
    for sql in ["begin", "insert into a values (3)", "insert into a values (4)", "commit"] {
        node.lines(session, sql);
    }
    node.crash();
    let session = node.open();
    assert_eq!(node.lines(session, "select id from a order by id"), ["1", "2", "3"]);
}

/// What happens on the two sides of a failover, with these bugs: the answers, or that there is none.
fn fail_over(bugs: &[Bug]) -> Vec<String> {
    let mut node = Node::new(Options { bugs: bugs.iter().copied().collect(), ..Options::default() }, 0);
    let old = node.open();
    let waiting = node.open();
    for sql in ["create table a (id int primary key, v int)", "insert into a values (1, 0)"] {
        node.lines(old, sql);
    }
    node.lines(waiting, "begin");
    node.lines(waiting, "update a set v = 1");
    assert!(node.mock.fail_over(&Cx::new(&node.sim)));
    let new = node.open();
    let mut answers = node.lines(new, "update a set v = v + 10 returning v");
    answers.extend(node.lines(old, "select v from a"));
    let commit = Statement { sql: "commit".into(), params: Vec::new() };
    answers.push(match node.mock.submit(&Cx::new(&node.sim), waiting, &commit) {
        Progress::Done { reply, .. } => format!("{:?}", reply.map(|reply| reply.affected)),
        Progress::Blocked { on, .. } => format!("waits for {on}"),
        Progress::Yielded => "yields".to_owned(),
    });
    node.mock.cancel(&Cx::new(&node.sim), waiting);
    assert!(node.mock.ready(&Cx::new(&node.sim)).is_empty(), "nothing ends that wait");
    assert_eq!(node.mock.stop_old_primary(), [old, waiting]);
    assert_eq!(node.mock.stop_old_primary(), []);
    answers.extend(node.lines(new, "select v from a"));
    node.crash();
    let new = node.open();
    answers.extend(node.lines(new, "select v from a"));
    answers
}

#[test]
fn an_old_primary_answers_questions_and_commits_nothing() {
    assert_eq!(fail_over(&[]), ["10", "0", "waits for the standby", "10", "10"]);
    assert_eq!(fail_over(&[Bug::UnfencedFailover]), ["10", "0", "Ok(0)", "10", "10"]);
}
