//! What steps on an engine say they touch is enough: systematic search with reduction reaches every outcome that
//! enumeration of all schedules reaches.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use async_trait::async_trait;
use drawloom::mock::{self, Isolation};
use drawloom::model::{Finding, FindingKind, Observation, Phase, SqlError};
use drawloom::sim::decisions::Key;
use drawloom::sim::source::{Bounded, Choice, Enabled};
use drawloom::sim::{Actor, Divergence, Footprint, Outcome, Profile, SimDuration, Source, Step};
use drawloom::sqlite::{Busy, JournalMode};
use drawloom::{Action, Client, Engine, Plan, Variant, Workload, sqlite};
use drawloom_replays::run::Run;
use drawloom_replays::{RunOptions, run};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What takes more schedules is not enumerated.
const EXECUTIONS_MAX: u64 = 400;
const CASES: u32 = 40;

/// Time passes only where nobody can go on: a reduced search lets no wait run out, so neither must this.
struct Timeless(Box<dyn Source>);

impl Source for Timeless {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        let clock = usize::from(enabled.last().is_some_and(|last| last.actor == Actor::CLOCK));
        self.0.pick(key, &enabled[..enabled.len() - clock], calm)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.0.choose(key, choice)
    }

    fn observes(&self) -> bool {
        self.0.observes()
    }

    fn attempted(&mut self, actor: Actor, intended: &Footprint) {
        self.0.attempted(actor, intended);
    }

    fn observe(&mut self, step: Step, actor: Actor, footprint: &Footprint) {
        self.0.observe(step, actor, footprint);
    }

    fn end(&mut self, outcome: &Outcome) -> Result<(), Box<Divergence>> {
        self.0.end(outcome)
    }
}

/// What can be told apart of a run: what every actor was answered and saw, and what was found. When and over
/// which session is not.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Seen {
    answers: BTreeMap<Actor, Vec<String>>,
    findings: BTreeSet<(FindingKind, String)>,
}

fn seen(run: &Run) -> Seen {
    let mut answers = BTreeMap::<Actor, Vec<String>>::new();
    for event in &run.history.events {
        let answer = match &event.what {
            Observation::Answer { executed, .. } => {
                format!("{:?} {}", executed.result, executed.in_transaction)
            }
            Observation::Lost { executed, .. } => format!("lost {}", executed.is_some()),
            Observation::ActionFailed { error } => format!("gives up: {error}"),
            Observation::Note(note) => format!("{note:?}"),
            Observation::Phase(Phase::Probe) => "the final state".to_owned(),
            _ => continue,
        };
        answers.entry(event.actor).or_default().push(answer);
    }
    let signature = |finding: &Finding| (finding.signature.kind, finding.signature.to_string());
    Seen { answers, findings: run.findings.iter().map(signature).collect() }
}

/// Everything that can be seen within so many preemptions, and in how many executions.
fn explore(plan: &Plan, preemptions: u32, reduce: bool) -> Option<(BTreeSet<Seen>, u64)> {
    let search = Bounded::new(0, preemptions, reduce);
    let mut all = BTreeSet::new();
    while let Some(source) = search.next_source() {
        all.insert(seen(&run(plan, Box::new(Timeless(source)), RunOptions::default()).unwrap()));
        if search.explored().executions > EXECUTIONS_MAX {
            return None;
        }
    }
    Some((all, search.explored().executions))
}

/// Asserts that reduction loses nothing, where there is little enough to enumerate. Whether there was.
fn compare(plan: &Plan, preemptions: u32, of: &str) -> bool {
    let Some((all, enumerated)) = explore(plan, preemptions, false) else { return false };
    let (reduced, executions) = explore(plan, preemptions, true).unwrap();
    let missed: Vec<&Seen> = all.difference(&reduced).collect();
    assert!(missed.is_empty(), "missed in {of}, {preemptions} preemptions: {missed:#?}");
    assert_eq!(all.len(), reduced.len(), "{of}");
    assert!(executions <= enumerated, "{of}: {executions} of {enumerated}");
    true
}

/// Compares small programs of every workload's variants; how many there were.
fn compare_workloads(engine: &Engine) -> u32 {
    let mut compared = 0;
    for workload in drawloom_workloads::ALL.iter().filter(|workload| Engine::default().speaks(**workload)) {
        for variant in workload.variants() {
            for (workers, actions, preemptions) in [(2, 1, 2), (3, 1, 0)] {
                let (usual, engine) = (Plan::usual(workload.name(), variant.name).unwrap(), engine.clone());
                let of = format!("{} {} on {engine}, {workers} workers", workload.name(), variant.name);
                let plan = Plan { workers, actions, network: Profile::Direct, engine, ..usual };
                compared += u32::from(compare(&plan, preemptions, &of));
            }
        }
    }
    compared
}

#[test]
fn no_outcome_of_a_workload_is_lost() {
    let compared = compare_workloads(&Engine::default());
    assert!(compared > 20, "{compared}");
}

#[test]
fn no_outcome_of_a_workload_on_the_mock_is_lost() {
    for isolation in Isolation::ALL {
        let compared =
            compare_workloads(&Engine::Mock(mock::Options { isolation, ..mock::Options::default() }));
        assert!(compared > 20, "{compared} at {}", isolation.name());
    }
}

/// A workload of nothing but statements.
struct Scripts(Vec<Vec<&'static str>>);

struct Script(Vec<Vec<&'static str>>);

#[async_trait(?Send)]
impl Workload for Scripts {
    fn name(&self) -> &'static str {
        "scripts"
    }

    fn about(&self) -> &'static str {
        "statements in a row"
    }

    fn variants(&self) -> &'static [Variant] {
        &[Variant { name: "correct", about: "as they are", wrong_on: &[] }]
    }

    fn actions(&self, _variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(1_000_000, Box::new(Script(self.0.clone())))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        for table in ["a", "b"] {
            client
                .sql(format!("CREATE TABLE {table} (id INTEGER PRIMARY KEY, x INTEGER NOT NULL)"), [])
                .await?;
            client.sql(format!("INSERT INTO {table} VALUES (1, 0), (2, 0)"), []).await?;
        }
        Ok(())
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("SELECT * FROM a ORDER BY id", []).await?;
        client.sql("SELECT * FROM b ORDER BY id", []).await.map(drop)
    }
}

#[async_trait(?Send)]
impl Action for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        for sql in &self.0[client.worker() as usize] {
            // What it says is in the history.
            let _ = client.sql(*sql, []).await;
        }
        Ok(())
    }
}

/// Statements that meet in every way: by row and by table, in transactions and outside them.
const STATEMENTS: &[&str] = &[
    "BEGIN",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "COMMIT",
    "ROLLBACK",
    "SELECT x FROM a WHERE id = 1",
    "SELECT sum(x) FROM a",
    "SELECT x FROM b WHERE id = 2",
    "UPDATE a SET x = x + 1 WHERE id = 1",
    "UPDATE a SET x = x * 2 + 1 WHERE id = 2",
    "UPDATE b SET x = (SELECT max(x) FROM a) + 1 WHERE id = 2",
    "INSERT INTO a VALUES (3, 5)",
    "DELETE FROM a WHERE x > 1",
    "UPDATE a SET x = 3 WHERE id = 9",
];

/// And in the ways of PostgreSQL.
const POSTGRES_STATEMENTS: &[&str] = &[
    "BEGIN",
    "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE",
    "COMMIT",
    "COMMIT",
    "ROLLBACK",
    "SELECT x FROM a WHERE id = 1",
    "SELECT * FROM a",
    "SELECT x FROM b WHERE id = 2",
    "SELECT x FROM a WHERE id = 1 FOR UPDATE",
    "SELECT x FROM a ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
    "UPDATE a SET x = x + 1 WHERE id = 1",
    "UPDATE a SET x = x * 2 + 1 WHERE id = 2",
    "UPDATE b SET x = (SELECT max(x) FROM a) + 1 WHERE id = 2",
    "INSERT INTO a VALUES (3, 5)",
    "INSERT INTO a VALUES (3, 5) ON CONFLICT (id) DO UPDATE SET x = 7",
    "DELETE FROM a WHERE x > 1",
    "UPDATE a SET x = 3 WHERE id = 9",
    "SELECT pg_advisory_xact_lock(1)",
    "LOCK TABLE b",
];

fn scripts(statements: &'static [&'static str]) -> impl Strategy<Value = Vec<Vec<&'static str>>> {
    let script = || prop::collection::vec(prop::sample::select(statements), 1..6);
    prop_oneof![3 => prop::collection::vec(script(), 2), 1 => prop::collection::vec(script(), 3)]
}

fn sqlite() -> impl Strategy<Value = Engine> {
    let journal_mode = prop_oneof![3 => Just(JournalMode::Wal), 1 => Just(JournalMode::Delete)];
    (journal_mode, any::<bool>()).prop_map(|(journal_mode, waits)| {
        let busy = if waits { Busy::Wait { timeout: SimDuration::millis(5_000) } } else { Busy::Error };
        Engine::Sqlite(sqlite::Options { journal_mode, busy, ..sqlite::Options::USUAL })
    })
}

fn mock() -> impl Strategy<Value = Engine> {
    let isolation = prop::sample::select(&Isolation::ALL[..]);
    isolation.prop_map(|isolation| Engine::Mock(mock::Options { isolation, ..mock::Options::default() }))
}

/// Whether the scripts were few enough to be compared.
fn compare_scripts(
    scripts: Vec<Vec<&'static str>>,
    preemptions: u32,
    engine: Engine,
) -> Result<(), TestCaseError> {
    let of = format!("{scripts:?} on {engine}");
    let workers = scripts.len() as u16;
    let workload: &'static Scripts = Box::leak(Box::new(Scripts(scripts)));
    let usual = Plan::usual("counter", "correct").unwrap();
    let variant = &workload.variants()[0];
    let plan = Plan { workload, variant, workers, actions: 1, network: Profile::Direct, engine, ..usual };
    if !compare(&plan, preemptions, &of) {
        return Err(TestCaseError::reject("too large to enumerate"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn no_outcome_of_scripts_is_lost(
        scripts in scripts(STATEMENTS),
        preemptions in 0u32..3,
        engine in sqlite(),
    ) {
        compare_scripts(scripts, preemptions, engine)?;
    }

    #[test]
    fn no_outcome_of_scripts_on_the_mock_is_lost(
        scripts in scripts(POSTGRES_STATEMENTS),
        preemptions in 0u32..3,
        engine in mock(),
    ) {
        compare_scripts(scripts, preemptions, engine)?;
    }
}
