//! Replays exported as specs, and run again from them.

use drawloom_model::{Class, Event, Executed, History, Observation, SessionId, SqlError, Statement, Value};
use drawloom_replays::isolation::{Ended, Said, Spec, rows, test};
use drawloom_replays::{Engine, Plan, Replay, codec, export, search};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Actor, Host, Profile, SimTime, Step};
use std::ops::ControlFlow;
use std::rc::Rc;

fn replay(plan: &Plan, seed: u64) -> Replay {
    codec::decode(&search::record(Host::best(), plan, seed).unwrap()).unwrap()
}

/// What the last check saw, as the tester prints it.
fn last_check(history: &History) -> String {
    let rows_of = |event: &Event| match &event.what {
        Observation::Answer { executed: Executed { result: Ok(reply), .. }, .. }
            if event.actor == Actor::CHECKS =>
        {
            let columns: Vec<&str> = reply.columns.iter().map(String::as_str).collect();
            let field = |value: &Value| match value {
                Value::Text(text) => Some(text.clone()),
                value => Some(value.to_string()),
            };
            let fields: Vec<Vec<Option<String>>> =
                reply.rows.iter().map(|row| row.iter().map(field).collect()).collect();
            Some(rows::print(&columns, &fields))
        }
        _ => None,
    };
    history.events.iter().rev().find_map(rows_of).unwrap()
}

fn printed(spec: &str) -> (String, Ended) {
    let spec = Spec::parse(spec).unwrap_or_else(|error| panic!("{error}\n{spec}"));
    let mut printed = String::new();
    let mut listener = |said: Said<'_>| {
        printed += said.text();
        ControlFlow::Continue(())
    };
    let tested = Host::best().run(|| test(&spec, Engine::default().backend(), &mut listener)).unwrap();
    (printed, tested.ended)
}

/// Transactions, waits, lost connections, dead workers and crashes: whatever happened, the steps in their order leave
/// the same database, and none waits but one that waited in vain.
#[test]
fn the_steps_in_their_order_leave_the_same_database() {
    let faults = FaultPlan { kinds: vec![Fault::Crash, Fault::Restart, Fault::Pause], swarm: false };
    let mut ends = 0;
    for (workload, variant) in [("bank", "correct"), ("bank", "read-modify-write-tx"), ("queue", "correct")] {
        for seed in 0..12 {
            let usual = Plan::usual(workload, variant).unwrap();
            let plan =
                Plan { workers: 3, actions: 6, network: Profile::Flaky, faults: faults.clone(), ..usual };
            let replay = replay(&plan, seed);
            let spec = export::spec(&replay).unwrap();
            let (printed, ended) = printed(&spec);
            assert_eq!(ended, Ended::Whole, "{spec}\n{printed}");
            let expected = last_check(&replay.history);
            assert!(printed.ends_with(&expected), "expected\n{expected}\n{spec}\n{printed}");
            let waits = printed.matches("<waiting ...>").count();
            let in_vain = printed.matches("<... completed>\nERROR:  database is locked\n").count();
            assert_eq!(waits, in_vain, "{spec}\n{printed}");
            ends += spec.matches("{ ROLLBACK; }").count();
        }
    }
    assert!(ends > 10, "{ends} lost sessions");
}

/// What a session does.
enum Deed {
    Sends(&'static str, Vec<Value>),
    Waits,
    Hears(Result<(), Class>),
}
use Deed::{Hears, Sends, Waits};

/// The deeds of the setup, session 1, and of a worker for each other session.
fn exported(deeds: Vec<(u16, Deed)>) -> Result<String, export::NoSpec> {
    let mut history = History::default();
    for (index, (number, deed)) in deeds.into_iter().enumerate() {
        let session = SessionId(number.into());
        let actor = if number == 1 { Actor::SETUP } else { Actor::worker(number - 2) };
        let (step, at) = (Step(index as u32 + 1), SimTime::default());
        let what = match deed {
            Sends(sql, params) => {
                Observation::Call { session, statement: Statement { sql: sql.into(), params }.into() }
            }
            Waits => Observation::Blocked { session, on: "a row".into() },
            Hears(result) => {
                let result =
                    result.map(|()| Rc::default()).map_err(|class| SqlError::new("XX000", class, "no"));
                Observation::Answer {
                    session,
                    executed: Executed { step, at, in_transaction: false, result },
                }
            }
        };
        history.events.push(Event { step, at, actor, what });
    }
    let replay = replay(&Plan { workers: 1, actions: 1, ..Plan::usual("bank", "correct").unwrap() }, 0);
    let plan = Plan { engine: Engine::usual("mock").unwrap(), ..replay.plan };
    let spec = export::spec(&Replay { history, plan, ..replay })?;
    let (_, spec) = spec.split_once("\n\n").unwrap();
    Spec::parse(spec).unwrap();
    Ok(spec.to_owned())
}

/// A statement that is executed at once, or fails.
fn runs(session: u16, sql: &'static str, params: Vec<Value>, result: Result<(), Class>) -> [(u16, Deed); 2] {
    [(session, Sends(sql, params)), (session, Hears(result))]
}

#[test]
fn what_waits_stands_where_it_began_to() {
    let update = "UPDATE t SET a = $1";
    let spec = exported(
        runs(1, "CREATE TABLE t (a int)", vec![], Ok(()))
            .into_iter()
            .chain(runs(2, "BEGIN", vec![], Ok(())))
            .chain(runs(2, update, vec![Value::Int(-2)], Ok(())))
            .chain([(3, Sends(update, vec![Value::Null])), (3, Waits)])
            .chain([(4, Sends("LOCK t", vec![])), (4, Waits), (4, Hears(Err(Class::Deadlock)))])
            .chain([(2, Sends("COMMIT", vec![])), (2, Hears(Ok(()))), (3, Hears(Ok(())))])
            .chain([(4, Sends("SELECT 1", vec![]))])
            .collect(),
    );
    assert_eq!(
        spec.unwrap(),
        "setup { CREATE TABLE t (a int); }\nteardown { DROP TABLE t; }\n\n\
         # worker 0\nsession s2\nstep s2_1 { BEGIN; }\nstep s2_2 { UPDATE t SET a = -2; }\nstep s2_3 { COMMIT; }\n\n\
         # worker 1\nsession s3\nstep s3_1 { UPDATE t SET a = NULL; }\n\n\
         # worker 2\nsession s4\nstep s4_1 { LOCK t; }\n# not executed, or nobody knows: SELECT 1;\n\n\
         permutation s2_1 s2_2 s3_1 s4_1(*) s2_3\n"
    );
}

#[test]
fn braces_are_written_otherwise() {
    let text = vec![Value::Text("it's {\\}".to_owned())];
    let spec = exported(
        runs(1, "CREATE UNLOGGED TABLE IF NOT EXISTS s . \"T\" (a text)", vec![], Ok(()))
            .into_iter()
            .chain(runs(1, "create view v as select 1", vec![], Ok(())))
            .chain(runs(1, "CREATE TABLE u", vec![], Err(Class::Statement)))
            .chain(runs(1, "CREATE INDEX i ON v (a)", vec![], Ok(())))
            .chain(runs(2, "SELECT '{}', E'\\n}' -- }", vec![], Ok(())))
            .chain(runs(2, "SELECT $1", text, Err(Class::Deadlock)))
            .collect(),
    );
    assert_eq!(
        spec.unwrap(),
        "setup { CREATE UNLOGGED TABLE IF NOT EXISTS s . \"T\" (a text); }\n\
         setup { create view v as select 1; }\nsetup { CREATE INDEX i ON v (a); }\n\
         teardown { DROP VIEW v; DROP TABLE s.\"T\"; }\n\n\
         # worker 0\nsession s2\nstep s2_1 { SELECT E'{\\175', E'\\n\\175' -- )\n; }\n\
         step s2_2 { SELECT E'it''s {\\\\\\175'; }\n\n\
         permutation s2_1 s2_2\n"
    );
    let refused = exported(runs(2, "DO $$ } $$", vec![], Ok(())).into()).unwrap_err();
    assert_eq!(refused.to_string(), "a spec has no way to write the closing brace in: DO $$ } $$;");
    let empty = exported(runs(1, "SELECT 1", vec![], Ok(())).into()).unwrap_err();
    assert_eq!(empty, export::NoSpec::NoSteps);
}
