//! What is asked of an engine, whichever it is.

use async_trait::async_trait;
use drawloom_mock::{Bug, Isolation};
use drawloom_model::{Dialect, Event, Observation, SqlError};
use drawloom_replays::{Engine, Plan, search};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Host, Profile, SimTime};
use drawloom_sqlite::{Busy, JournalMode, Options};
use drawloom_workloads::{ALL, Action, Client, Variant, Workload};

fn mock(isolation: Isolation, bugs: &[Bug]) -> Engine {
    Engine::Mock(drawloom_mock::Options { isolation, bugs: bugs.iter().copied().collect(), yields: false })
}

#[test]
fn an_engine_is_called_by_its_name_and_what_is_unusual() {
    let usual = Engine::usual("sqlite").unwrap();
    assert_eq!((usual.to_string().as_str(), &usual), ("sqlite", &Engine::default()));
    let options = Options { journal_mode: JournalMode::Delete, busy: Busy::Error, ..Options::USUAL };
    assert_eq!(Engine::Sqlite(options).to_string(), "sqlite (journal_mode delete, busy error)");
    assert_eq!(Engine::usual("mock").unwrap().to_string(), "mock (read-committed)");
    let wrong = mock(Isolation::Serializable, &[Bug::WriteSkew, Bug::DirtyRead]);
    assert_eq!(wrong.to_string(), "mock (serializable, bug dirty-read, bug write-skew)");
    assert_eq!(wrong.called("mock 1.2"), "mock 1.2 (serializable, bug dirty-read, bug write-skew)");
    assert!(Engine::usual("mokc").unwrap_err().to_string().contains("the nearest are mock"));
}

#[test]
fn replays_on_two_engines_have_two_names() {
    let plan = Plan::usual("bank", "correct").unwrap();
    assert_eq!(plan.stem(), "bank-correct");
    let plan = Plan { engine: mock(Isolation::Strict, &[]), ..plan };
    assert_eq!(plan.stem(), "bank-correct-mock");
}

#[test]
fn an_engine_has_its_backends_fingerprint() {
    for name in Engine::NAMES {
        let engine = Engine::usual(name).unwrap();
        assert_eq!(engine.name(), name);
        assert_eq!(engine.backend().fingerprint(), engine.fingerprint());
        assert!(engine.fingerprint().starts_with(name), "{}", engine.fingerprint());
    }
}

/// What finds a bug names workloads and variants that there are.
#[test]
fn bugs_are_found_by_workloads_that_there_are() {
    for bug in Bug::ALL {
        let words: Vec<&str> = bug.workload().split(' ').collect();
        let variant = words.iter().position(|word| *word == "--variant").map(|at| words[at + 1]);
        Plan::usual(words[0], variant.unwrap_or("correct")).unwrap();
    }
}

/// A workload that says in which dialects it is written runs on the engines that speak one of them; every other
/// workload runs on all.
#[test]
fn a_workload_runs_on_the_engines_that_speak_its_sql() {
    let names = |workload: &dyn Workload| -> Vec<&str> {
        Engine::speaking(workload).map(|engine| engine.name()).collect()
    };
    assert_eq!(names(&Doubling { dialects: Dialect::ALL }), Engine::NAMES);
    assert_eq!(names(&Doubling { dialects: &[Dialect::Sqlite] }), ["sqlite"]);
    assert_eq!(names(&Doubling { dialects: &[Dialect::Postgres] }), ["mock"]);
    for workload in ALL {
        let plan = Plan::usual(workload.name(), "correct").unwrap();
        assert_eq!(Some(&plan.engine), Engine::speaking(*workload).next().as_ref());
    }
}

/// On the mock a variant is wrong at the levels that it names, and right at all others but READ UNCOMMITTED, where
/// whoever looks may see a transfer half done.
#[test]
fn variants_are_wrong_at_the_levels_they_say() {
    for (workload, variant) in ALL.iter().flat_map(|it| it.variants().iter().map(move |of| (it, of))) {
        let named = variant.wrong_on.iter().filter(|wrong| wrong.backend == "mock");
        let wrong: Vec<&str> = named.flat_map(|wrong| wrong.levels.iter().copied()).collect();
        for level in Isolation::ALL {
            let usual = Plan::usual(workload.name(), variant.name).unwrap();
            let faults = FaultPlan { kinds: Fault::ALL.to_vec(), swarm: true };
            let plan = Plan { network: Profile::Flaky, faults, engine: mock(level, &[]), ..usual };
            let is_wrong = wrong.contains(&level.name());
            if !is_wrong && level == Isolation::ReadUncommitted {
                continue;
            }
            let found = search::first_finding(&plan, 0..if is_wrong { 1_000 } else { 12 }).unwrap();
            let of = format!("{} {}, {}", workload.name(), variant.name, level.name());
            assert_eq!(found.is_some(), is_wrong, "{of}: {}", found.map_or(String::new(), |it| it.story));
        }
    }
}

/// Writes what it has read.
struct Doubling {
    dialects: &'static [Dialect],
}

#[async_trait(?Send)]
impl Workload for Doubling {
    fn name(&self) -> &'static str {
        "doubling"
    }

    fn about(&self) -> &'static str {
        "doubles a number"
    }

    fn variants(&self) -> &'static [Variant] {
        const VARIANTS: &[Variant] =
            &[Variant { name: "correct", about: "reads, then writes", wrong_on: &[] }];
        VARIANTS
    }

    fn dialects(&self) -> &'static [Dialect] {
        self.dialects
    }

    fn actions(&self, _variant: &'static str) -> Vec<(u32, Box<dyn Action>)> {
        vec![(1, Box::new(Double))]
    }

    async fn setup(&self, client: &mut Client) -> Result<(), SqlError> {
        client.sql("CREATE TABLE numbers (n INTEGER NOT NULL)", []).await?;
        client.sql("INSERT INTO numbers VALUES (1)", []).await.map(drop)
    }

    async fn check(&self, client: &mut Client) -> Result<(), SqlError> {
        let n = client.sql("SELECT n FROM numbers", []).await?.int().unwrap_or(0);
        let doubled = client.noted("doubled").len() as u32;
        client.expect("every doubling counts", n == 1 << doubled, 1i64 << doubled, n, []);
        Ok(())
    }
}

struct Double;

#[async_trait(?Send)]
impl Action for Double {
    fn name(&self) -> &'static str {
        "double"
    }

    async fn run(&self, client: &mut Client) -> Result<(), SqlError> {
        client.begin_to_write().await?;
        let n = client.sql("SELECT n FROM numbers", []).await?.int().expect("there is one number");
        client.sql("UPDATE numbers SET n = $1", [(2 * n).into()]).await?;
        client.commit().await?;
        client.note("doubled", [n.into()]);
        Ok(())
    }
}

/// Whoever gives up has waited as long as it may; after `BEGIN` alone SQLite does not let it wait.
#[test]
fn on_sqlite_who_begins_to_write_waits_for_its_turn() {
    let usual = Plan::usual("counter", "correct").unwrap();
    const DOUBLING: &Doubling = &Doubling { dialects: Dialect::ALL };
    let plan = Plan { workload: DOUBLING, variant: &DOUBLING.variants()[0], workers: 3, actions: 4, ..usual };
    for seed in 0..20 {
        let run = search::run_seed(Host::best(), &plan, seed, false).unwrap();
        assert_eq!(run.findings, [], "seed {seed}");
        let gave_up = |event: &&Event| matches!(event.what, Observation::ActionFailed { .. });
        let soonest = run.history.events.iter().find(gave_up).map(|event| event.at);
        assert!(soonest.is_none_or(|at| at >= SimTime(5_000_000)), "seed {seed}: {soonest:?}");
    }
}
