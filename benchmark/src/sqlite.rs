//! Simulated statements beside a bare rusqlite loop on the same VFS, both with cached prepared statements.

use crate::outside::best_of_turns;
use crate::table::{Table, rate};
use async_trait::async_trait;
use drawloom_model::{Event, History, Observation, SqlError, Statement};
use drawloom_replays::{Plan, RunOptions, run};
use drawloom_sim::source::Random;
use drawloom_sim::{Host, Profile};
use drawloom_sqlite::disk::Disk;
use drawloom_sqlite::vfs;
use drawloom_workloads::{Action, Client, Variant, Workload};
use rusqlite::Connection;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

const TURNS: u32 = 60;

pub fn measure(table: &mut Table) {
    bank(table);
    point_selects(table);
    fresh(table);
}

fn simulated(plan: &Plan) -> History {
    let ran = Host::best().run(|| run(plan, Box::new(Random::new(1)), RunOptions::default()));
    ran.expect("the setup succeeds").history
}

/// Simulates, and counts the statements.
fn simulate(plan: &Plan) -> u64 {
    let answered = |event: &&Event| matches!(event.what, Observation::Answer { .. });
    simulated(plan).events.iter().filter(answered).count() as u64
}

/// What the workers of a run sent, action by action: whose it was, and its statements.
fn actions(history: &History) -> Vec<(usize, Vec<Rc<Statement>>)> {
    let mut actions: Vec<(usize, Vec<Rc<Statement>>)> = Vec::new();
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    for event in &history.events {
        let Some(worker) = event.actor.as_worker().map(usize::from) else { continue };
        match &event.what {
            Observation::Action { .. } => {
                last.insert(worker, actions.len());
                actions.push((worker, Vec::new()));
            }
            Observation::Call { statement, .. } => actions[last[&worker]].1.push(statement.clone()),
            _ => (),
        }
    }
    actions
}

/// Runs the bank of one worker alone, for a profiler.
pub fn repeat(runs: u64) {
    let mut plan = Plan::usual("bank", "correct").expect("there is a bank");
    (plan.workers, plan.actions, plan.network) = (1, 500, Profile::Direct);
    assert!((0..runs).map(|_| simulate(&plan)).sum::<u64>() > 0);
}

/// The bank's correct transfers and audits: simulated, and the very same statements in a loop.
fn bank(table: &mut Table) {
    let mut plan = Plan::usual("bank", "correct").expect("there is a bank");
    plan.network = Profile::Direct;
    for (workers, actions) in [(1, 500), (4, 125)] {
        (plan.workers, plan.actions) = (workers, actions);
        let what = format!("SQLite, bank's mix, {workers} workers");
        beside_loop(table, &what, &plan, ">= 0.6");
    }
}

fn point_selects(table: &mut Table) {
    let mut plan = Plan::usual("bank", "correct").expect("there is a bank");
    plan.workload = &PointSelects;
    (plan.workers, plan.actions, plan.network) = (1, 40, Profile::Direct);
    beside_loop(table, "SQLite, point selects", &plan, ">= 0.3");
}

fn beside_loop(table: &mut Table, what: &str, plan: &Plan, asked: &str) {
    let actions = actions(&simulated(plan));
    let (in_simulation, in_loop) = (Cell::new(0), Cell::new(0));
    let (ours, bare) = best_of_turns(
        TURNS,
        || in_simulation.set(simulate(plan)),
        || in_loop.set(bare_loop(usize::from(plan.workers), &actions)),
    );
    compare(table, what, in_simulation.get(), ours, in_loop.get(), bare, asked);
}

/// Statements one after the other, each action's over its worker's own connection, all rows read.
fn bare_loop(connections: usize, actions: &[(usize, Vec<Rc<Statement>>)]) -> u64 {
    let (_mount, connections) = bare_database(connections);
    let mut statements = 6;
    for (worker, action) in actions {
        let connection = &connections[*worker];
        for Statement { sql, params } in action.iter().map(|statement| &**statement) {
            let mut prepared = connection.prepare_cached(sql).expect("the statement is valid");
            for (index, value) in params.iter().enumerate() {
                let value = value.as_int().expect("the bank has numbers only");
                prepared.raw_bind_parameter(index + 1, value).expect("there is such a parameter");
            }
            let mut rows = prepared.raw_query();
            while let Some(row) = rows.next().expect("nobody is in the way") {
                assert!(row.get::<_, i64>(0).expect("a number") < 1_000_000);
            }
            statements += 1;
        }
        // An action that gave up leaves its transaction to be rolled back.
        if !connection.is_autocommit() {
            execute(connection, "ROLLBACK", &[]);
        }
    }
    statements
}

fn compare(
    table: &mut Table,
    what: &str,
    simulated: u64,
    ours: std::time::Duration,
    looped: u64,
    bare: std::time::Duration,
    asked: &str,
) {
    let (ours, bare) = (simulated as f64 / ours.as_secs_f64(), looped as f64 / bare.as_secs_f64());
    table.row(what, rate(ours), format!("bare loop {}", rate(bare)), format!("{:.2}", ours / bare), asked);
}

/// A database on a fresh simulated disk, with nothing of drawloom's above the VFS.
fn bare_database(connections: usize) -> (vfs::Mount, Vec<Connection>) {
    let mount = vfs::mount(Rc::new(Disk::new(1)));
    mount.make_current();
    vfs::reseed();
    let open = |_| {
        let connection = vfs::open(&mount, "main.db").expect("a disk has room");
        connection.set_prepared_statement_cache_capacity(128);
        connection
    };
    let connections: Vec<Connection> = (0..connections).map(open).collect();
    connections[0].pragma_update(None, "journal_mode", "wal").expect("WAL is there");
    execute(&connections[0], "CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)", &[]);
    for id in 1..=5 {
        execute(&connections[0], "INSERT INTO accounts VALUES ($1, $2)", &[id, 100]);
    }
    (mount, connections)
}

fn execute(connection: &Connection, sql: &str, params: &[i64]) -> usize {
    let mut statement = connection.prepare_cached(sql).expect("the statement is valid");
    statement.execute(rusqlite::params_from_iter(params)).expect("nobody is in the way")
}

fn select(connection: &Connection, sql: &str, params: &[i64]) -> i64 {
    let mut statement = connection.prepare_cached(sql).expect("the statement is valid");
    let mut rows = statement.query(rusqlite::params_from_iter(params)).expect("nobody is in the way");
    let mut sum = 0;
    while let Some(row) = rows.next().expect("nobody is in the way") {
        sum += row.get::<_, i64>(0).expect("a number");
    }
    sum
}

const SELECT: &str = "SELECT balance FROM accounts WHERE id = $1";
const SELECTS: u32 = 100;

/// A fresh database with schema and rows and four connections, beside the bare cost.
fn fresh(table: &mut Table) {
    const FRESH: u32 = 20;
    let mut plan = Plan::usual("bank", "correct").expect("there is a bank");
    plan.workload = &Greetings;
    (plan.workers, plan.actions, plan.network) = (4, 1, Profile::Direct);
    let (ours, bare) = best_of_turns(
        TURNS,
        || (0..FRESH).for_each(|_| assert!(simulate(&plan) > 4)),
        || {
            for _ in 0..FRESH {
                let (_mount, connections) = bare_database(4);
                connections.iter().for_each(|connection| assert_eq!(select(connection, SELECT, &[1]), 100));
            }
        },
    );
    let micros = |time: std::time::Duration| time.as_secs_f64() * 1e6 / f64::from(FRESH);
    let (ours, bare) = (micros(ours), micros(bare));
    let cost = |micros: f64| format!("{micros:.0} us");
    let ratio = format!("{:.2} x", ours / bare);
    table.row("fresh database, 4 sessions", cost(ours), format!("bare {}", cost(bare)), ratio, "<= 2 x");
}

async fn set_up(client: &mut Client) -> Result<(), SqlError> {
    client.sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)", []).await?;
    for id in 1..=5 {
        client.sql("INSERT INTO accounts VALUES ($1, $2)", [id.into(), 100.into()]).await?;
    }
    Ok(())
}

const VARIANTS: &[Variant] = &[Variant { name: "correct", about: "", wrong_on: &[] }];

struct PointSelects;

#[async_trait(?Send)]
impl Workload for PointSelects {
    fn name(&self) -> &'static str {
        "point-selects"
    }

    fn about(&self) -> &'static str {
        "reads one account at a time"
    }

    fn variants(&self) -> &'static [Variant] {
        VARIANTS
    }

    fn actions(&self, _variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(1_000_000, Box::new(Select { times: SELECTS }))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        set_up(client).await
    }

    async fn check(&self, _client: &mut Client) -> Result<(), SqlError> {
        Ok(())
    }
}

/// Every worker connects and reads once.
struct Greetings;

#[async_trait(?Send)]
impl Workload for Greetings {
    fn name(&self) -> &'static str {
        "greetings"
    }

    fn about(&self) -> &'static str {
        "every worker connects and reads once"
    }

    fn variants(&self) -> &'static [Variant] {
        VARIANTS
    }

    fn actions(&self, _variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(1_000_000, Box::new(Select { times: 1 }))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        set_up(client).await
    }

    async fn check(&self, _client: &mut Client) -> Result<(), SqlError> {
        Ok(())
    }
}

struct Select {
    times: u32,
}

#[async_trait(?Send)]
impl Action for Select {
    fn name(&self) -> &'static str {
        "select"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        for number in 0..i64::from(self.times) {
            client.sql(SELECT, [(1 + number % 5).into()]).await?;
        }
        Ok(())
    }
}
