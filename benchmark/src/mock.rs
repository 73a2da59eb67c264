//! The mock: point statements beside SQLite's, a fresh database, and whole runs of the easy program in SQL beside
//! Shuttle's of the same program in memory.

use crate::outside::{best_of_turns, time};
use crate::programs::{Program, shuttles};
use crate::table::{Table, rate};
use async_trait::async_trait;
use drawloom_mock::{Mock, Options};
use drawloom_model::{Backend, Cx, Progress, SessionId, SqlError, Statement, Value};
use drawloom_replays::{Engine, Plan, RunOptions, run};
use drawloom_sim::source::Random;
use drawloom_sim::{Executor, Host, Profile, RunShape, Sim};
use drawloom_workloads::{Action, Client, Variant, Workload};
use shuttle::scheduler::RandomScheduler;
use std::cell::RefCell;
use std::time::Duration;

const TURNS: u32 = 7;
const ROWS: i64 = 1_000;
const STATEMENTS: i64 = 20_000;
const RUNS: usize = 2_000;

pub fn measure(table: &mut Table) {
    points(table);
    fresh(table);
    easy(table);
}

/// A backend with a session and accounts in it.
struct Bench {
    sim: Sim,
    backend: Box<dyn Backend>,
    session: SessionId,
    inserted: i64,
}

impl Bench {
    fn new(engine: &Engine) -> Bench {
        let shape = RunShape { workers: 1, actions: 1 };
        let sim = Executor::new(Box::new(Random::new(0)), &shape, false, 1).sim();
        let mut backend = engine.backend();
        backend.start(&Cx::new(&sim)).expect("a database comes up");
        let session = backend.open(&Cx::new(&sim)).expect("a session is opened");
        let mut bench = Bench { sim, backend, session, inserted: 0 };
        bench.execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)", vec![]);
        (0..ROWS).for_each(|_| bench.insert());
        bench
    }

    fn execute(&mut self, sql: &'static str, params: Vec<Value>) {
        let statement = Statement { sql: sql.into(), params };
        match self.backend.submit(&Cx::new(&self.sim), self.session, &statement) {
            Progress::Done { reply: Ok(_), .. } => (),
            other => panic!("{statement}: {other:?}"),
        }
    }

    fn insert(&mut self) {
        self.inserted += 1;
        self.execute("INSERT INTO accounts VALUES ($1, 100)", vec![Value::Int(self.inserted)]);
    }

    fn select(&mut self, id: i64) {
        self.execute("SELECT balance FROM accounts WHERE id = $1", vec![Value::Int(id)]);
    }

    fn update(&mut self, id: i64) {
        self.execute("UPDATE accounts SET balance = balance + 1 WHERE id = $1", vec![Value::Int(id)]);
    }
}

/// A statement, for a number.
type Point = fn(&mut Bench, i64);

const POINTS: [(&str, Point); 3] = [
    ("point SELECT", Bench::select),
    ("point UPDATE", Bench::update),
    ("INSERT of a row", |bench, _| bench.insert()),
];

/// One of the measured things alone, so many times: what a profiler looks at.
pub fn repeat(what: &str, times: usize) {
    let point = match what {
        "fresh" => return repeat_fresh(times),
        "easy" => return Host::best().run(|| repeat_easy(times)),
        what => {
            POINTS
                .iter()
                .find(|(name, _)| name.contains(what))
                .expect("SELECT, UPDATE, INSERT, fresh or easy")
                .1
        }
    };
    let mut bench = Bench::new(&Engine::usual("mock").expect("there is a mock"));
    (0..times as i64).for_each(|number| point(&mut bench, 1 + number * 7 % ROWS));
}

/// Point statements a second, through the same seam, each a transaction of its own.
fn points(table: &mut Table) {
    let mock = RefCell::new(Bench::new(&Engine::usual("mock").expect("there is a mock")));
    let sqlite = RefCell::new(Bench::new(&Engine::default()));
    for (what, statement) in POINTS {
        let repeat = |bench: &RefCell<Bench>| {
            let mut bench = bench.borrow_mut();
            (0..STATEMENTS).for_each(|number| statement(&mut bench, 1 + number * 7 % ROWS));
        };
        let (ours, beside) = best_of_turns(TURNS, || repeat(&mock), || repeat(&sqlite));
        let per_second = |took: Duration| STATEMENTS as f64 / took.as_secs_f64();
        let (ours, beside) = (per_second(ours), per_second(beside));
        let what = format!("mock, {what}");
        table.row(
            &what,
            rate(ours),
            format!("SQLite {}", rate(beside)),
            format!("{:.1} x", ours / beside),
            ">= 1 M/s, >= 3 x",
        );
    }
}

fn fresh(table: &mut Table) {
    const FRESH: usize = 10_000;
    let took = time(|| repeat_fresh(FRESH));
    let micros = format!("{:.2} us", took.as_secs_f64() * 1e6 / FRESH as f64);
    table.row("mock, fresh database", micros.clone(), "-".to_owned(), micros, "<= 10 us");
}

fn repeat_fresh(times: usize) {
    let shape = RunShape { workers: 1, actions: 1 };
    let sim = Executor::new(Box::new(Random::new(0)), &shape, false, 1).sim();
    for _ in 0..times {
        let mut mock = Mock::new(Options::default());
        mock.start(&Cx::new(&sim)).expect("a mock comes up");
    }
}

/// Whole runs a second: setup, three workers with one transfer each, and the check.
fn easy(table: &mut Table) {
    let theirs = || {
        let ran = shuttles::run(Program::Easy, RandomScheduler::new_from_seed(1, RUNS));
        assert_eq!(ran.schedules, RUNS as u64);
    };
    let (ours, theirs) = best_of_turns(TURNS, || Host::best().run(|| repeat_easy(RUNS)), theirs);
    let per_second = |took: Duration| RUNS as f64 / took.as_secs_f64();
    let (ours, theirs) = (per_second(ours), per_second(theirs));
    let beside = format!("shuttle random, in memory {}", rate(theirs));
    table.row("mock, easy in SQL, runs", rate(ours), beside, format!("{:.2} x", ours / theirs), ">= 30 k/s");
}

fn repeat_easy(times: usize) {
    let engine = Engine::usual("mock").expect("there is a mock");
    let usual = Plan::usual("bank", "correct").expect("there is a bank");
    let (workload, variant) = (&Easy as &dyn Workload, &VARIANTS[0]);
    let plan = Plan { workload, variant, workers: 3, actions: 1, network: Profile::Direct, engine, ..usual };
    for seed in 0..times as u64 {
        let ran = run(&plan, Box::new(Random::new(seed)), RunOptions::default());
        assert!(ran.expect("the setup succeeds").findings.len() < 10);
    }
}

const VARIANTS: &[Variant] = &[Variant { name: "correct", about: "", wrong_on: &[] }];

/// The easy program in SQL: three workers, one transfer each, which reads and writes in separate statements.
struct Easy;

#[async_trait(?Send)]
impl Workload for Easy {
    fn name(&self) -> &'static str {
        "easy"
    }

    fn about(&self) -> &'static str {
        "three workers, one unlocked transfer each"
    }

    fn variants(&self) -> &'static [Variant] {
        VARIANTS
    }

    fn actions(&self, _variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(1_000_000, Box::new(Transfer))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)", []).await?;
        client.sql("INSERT INTO accounts VALUES (1, 100), (2, 100), (3, 100)", []).await.map(drop)
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        let sum = client.sql("SELECT sum(balance) FROM accounts", []).await?.int();
        client.expect("the total is conserved", sum == Some(300), 300, format!("{sum:?}"), []);
        Ok(())
    }
}

struct Transfer;

#[async_trait(?Send)]
impl Action for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        let from = 1 + client.worker() % 3;
        for (id, amount) in [(from, -10), (1 + from % 3, 10)] {
            let reply = client.sql("SELECT balance FROM accounts WHERE id = $1", [id.into()]).await?;
            let balance = reply.int().expect("every account has a balance") + amount;
            const WRITE: &str = "UPDATE accounts SET balance = $1 WHERE id = $2";
            client.sql(WRITE, [balance.into(), id.into()]).await?;
        }
        Ok(())
    }
}
