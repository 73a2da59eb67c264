//! The same seed gives the same bytes: on every host, on every thread, in every process, in every build.
//!
//! `golden/digests.txt` holds digests of replays. Debug, release, and a build without `--cfg madsim` all
//! compare with that one table, so `cargo test`, `cargo test --release` and
//! `RUSTFLAGS="" cargo test --test determinism` together prove that they write the same bytes. It also tells
//! whoever changes what a seed means. `UPDATE_GOLDENFILES=1` rewrites it, when the change was meant.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom::sim::faults::{Fault, FaultPlan};
use drawloom::sim::source::{Random, Strategy};
use drawloom::sim::{Host, Profile};
use drawloom::sqlite::{Busy, JournalMode, Options, Synchronous};
use drawloom::{Engine, Plan, Replay, codec, mock, search};
use drawloom_replays::{RunOptions, Swarm, run};
use drawloom_workloads::ALL;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// A network, and what breaks.
type Surroundings = (Profile, &'static str);

const SURROUNDINGS: [Surroundings; 3] =
    [(Profile::Direct, "none"), (Profile::Lan, "none"), (Profile::Flaky, "swarm")];

fn plan(workload: &str, variant: &str, (network, faults): Surroundings) -> Plan {
    let faults = match faults {
        "none" => FaultPlan::default(),
        "swarm" => FaultPlan { kinds: Fault::WITHOUT_STANDBY.to_vec(), swarm: true },
        kind => FaultPlan {
            kinds: Fault::WITHOUT_STANDBY.into_iter().filter(|fault| fault.name() == kind).collect(),
            swarm: false,
        },
    };
    Plan { network, faults, ..Plan::usual(workload, variant).unwrap() }
}

/// The correct and the last wrong variant of every workload, in every surroundings, on every engine.
fn plans() -> impl Iterator<Item = (Plan, Surroundings)> {
    let usual = ALL.iter().flat_map(|workload| {
        let variants = workload.variants();
        let names = [variants[0].name, variants[variants.len() - 1].name];
        names.into_iter().flat_map(move |variant| {
            SURROUNDINGS.into_iter().map(move |around| (plan(workload.name(), variant, around), around))
        })
    });
    usual.flat_map(|(plan, around)| {
        Engine::speaking(plan.workload).map(move |engine| {
            let mut plan = Plan { engine, ..plan.clone() };
            if plan.faults.swarm {
                plan.faults.kinds = plan.engine.faults().to_vec();
            }
            (plan, around)
        })
    })
}

fn named(plan: &Plan, (network, faults): Surroundings) -> String {
    let engine = if plan.engine.name() == "sqlite" { "" } else { "mock " };
    format!("{engine}{} {} {} {faults}", plan.workload.name(), plan.variant.name, network.name())
}

fn same(name: &str, how: &str, one: &[u8], other: &[u8]) {
    let place = one.iter().zip(other).position(|(a, b)| a != b);
    assert!(one == other, "{name}, {how}: {} and {} bytes, byte {place:?} differs", one.len(), other.len());
}

#[test]
fn twice_in_a_process() {
    for (plan, around) in plans() {
        let once = search::record(Host::best(), &plan, 11).unwrap();
        let twice = search::record(Host::best(), &plan, 11).unwrap();
        same(&named(&plan, around), "twice", &once, &twice);
        assert_ne!(once, search::record(Host::best(), &plan, 12).unwrap(), "the seed matters");
    }
}

#[test]
fn on_every_host() {
    #[cfg(madsim)]
    let hosts = [0, 1, 0xDEAD_BEEF, u64::MAX].map(|seed| Host::Madsim { seed });
    #[cfg(not(madsim))]
    let hosts = [Host::Plain];
    for (plan, around) in plans() {
        let plain = search::record(Host::Plain, &plan, 5).unwrap();
        for host in hosts {
            let other = search::record(host, &plan, 5).unwrap();
            same(&named(&plan, around), &format!("{host:?} and plain"), &other, &plain);
        }
    }
}

#[test]
fn on_a_thread_that_ran_others_before() {
    let on_this_thread = |plan: &Plan, seed| {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = Host::best().run(|| run(plan, Box::new(Random::new(seed)), options).unwrap());
        codec::encode(&Replay::new(plan, seed, run))
    };
    for (plan, around) in plans() {
        let fresh = search::record(Host::best(), &plan, 3).unwrap();
        same(&named(&plan, around), "a fresh and a used thread", &fresh, &on_this_thread(&plan, 3));
        // The search runs without recording, many in a row.
        let searched = search::run_seed(Host::best(), &plan, 3, false).unwrap();
        let recorded = codec::decode(&fresh).unwrap();
        assert!(searched.history == recorded.history, "{}: recording changes the run", named(&plan, around));
        assert_eq!(searched.findings, recorded.findings);
        assert_eq!(searched.decisions_digest, recorded.decisions_digest);
    }
}

#[test]
fn in_several_threads_at_once() {
    let plans: Vec<Plan> = SURROUNDINGS.into_iter().map(|around| plan("queue", "correct", around)).collect();
    let alone: Vec<_> = plans.iter().map(|plan| search::record(Host::best(), plan, 8).unwrap()).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .flat_map(|_| plans.iter().zip(&alone))
            .map(|(plan, alone)| scope.spawn(move || (search::record(Host::best(), plan, 8).unwrap(), alone)))
            .collect();
        for thread in threads {
            let (bytes, alone) = thread.join().unwrap();
            same("queue", "alone and beside others", alone, &bytes);
        }
    });
}

#[test]
fn in_another_process_with_another_environment() {
    let folder = tempfile::tempdir().unwrap();
    for (plan, around @ (network, faults)) in plans() {
        let search =
            search::Search::new(Host::best(), plan.clone(), Swarm::NONE, Strategy::Portfolio).unwrap();
        let here = search.record(Host::best(), 21.into()).unwrap();
        let file = folder.path().join("a.replay");
        let mut command = Command::new(env!("CARGO_BIN_EXE_drawloom"));
        command.args([
            "run",
            plan.workload.name(),
            "--variant",
            plan.variant.name,
            "--seed",
            "21",
            "--no-shrink",
            "--no-swarm",
        ]);
        command
            .args([
                "--backend",
                plan.engine.name(),
                "--network",
                network.name(),
                "--faults",
                faults,
                "--record",
            ])
            .arg(&file);
        command.current_dir(folder.path()).env("TZ", "Asia/Kathmandu").env("LANG", "de_DE.UTF-8");
        let output = command.env("HOME", "/nowhere").output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
        let there = std::fs::read(&file).unwrap();
        same(&named(&plan, around), "another process", &here, &there);
    }
}

#[test]
fn whatever_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let record = |log: &str| {
        let file = folder.path().join("a.replay");
        let mut command = Command::new(env!("CARGO_BIN_EXE_drawloom"));
        command.args(["run", "checkout", "--seed", "4", "--network", "flaky", "--faults", "swarm"]);
        let output = command.arg("--record").arg(&file).env("RUST_LOG", log).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        (std::fs::read(&file).unwrap(), output)
    };
    let (quiet, _) = record("off");
    let (loud, output) = record("trace");
    same("checkout", "with and without logs", &quiet, &loud);
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("turn") && log.contains("event"), "events are logged, with RUST_LOG=trace");
    assert!(!String::from_utf8(output.stdout).unwrap().contains("TRACE"), "and not to stdout");
}

/// A file that ends with its own CRC has the same CRC whatever is in it, so the table needs another hash.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What the table holds: workload, variant, surroundings, seed.
const GOLDEN: [(&str, &str, Surroundings, u64); 20] = [
    ("bank", "correct", (Profile::Direct, "none"), 0),
    ("bank", "correct", (Profile::Lan, "none"), 1),
    ("bank", "correct", (Profile::Flaky, "swarm"), 2),
    ("bank", "read-modify-write", (Profile::Flaky, "crash"), 3),
    ("checkout", "correct", (Profile::Flaky, "restart"), 4),
    ("checkout", "retry-without-key", (Profile::Flaky, "swarm"), 5),
    ("counter", "correct", (Profile::Lan, "partition"), 6),
    ("ids", "max-plus-one", (Profile::Direct, "cancel"), 7),
    ("queue", "correct", (Profile::Flaky, "swarm"), u64::MAX),
    ("queue", "select-then-update", (Profile::Lan, "pause"), 1 << 40),
    ("signup", "correct", (Profile::Flaky, "crash"), 8),
    ("signup", "check-then-insert", (Profile::Direct, "none"), 9),
    ("sync", "correct", (Profile::Flaky, "swarm"), 10),
    ("sync", "cursor-by-timestamp", (Profile::Lan, "swarm"), 11),
    ("oncall", "correct", (Profile::Flaky, "swarm"), 14),
    ("oncall", "unlocked", (Profile::Direct, "none"), 15),
    ("migration", "correct", (Profile::Flaky, "swarm"), 16),
    ("migration", "two-transactions", (Profile::Lan, "none"), 17),
    ("report", "correct", (Profile::Flaky, "swarm"), 18),
    ("report", "offset", (Profile::Lan, "none"), 19),
];

/// SQLite's settings, each in one more row: a rollback journal writes elsewhere than a log.
const SETTINGS: [(JournalMode, Synchronous, Busy); 3] = [
    (JournalMode::Delete, Synchronous::Extra, Options::USUAL.busy),
    (JournalMode::Wal, Synchronous::Normal, Busy::Error),
    (JournalMode::Memory, Synchronous::Off, Options::USUAL.busy),
];

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's golden file is rewritten on request")]
fn in_every_build() {
    let mut table =
        String::from("# workload variant network faults settings seed: bytes of its replay, FNV-1a\n");
    let mut row = |name: String, plan: &Plan, seed| {
        let bytes = search::record(Host::best(), plan, seed).unwrap();
        writeln!(table, "{name} {seed}: {}, {:016x}", bytes.len(), fnv1a(&bytes)).unwrap();
    };
    for (workload, variant, around, seed) in GOLDEN {
        let plan = plan(workload, variant, around);
        row(format!("{} usual", named(&plan, around)), &plan, seed);
    }
    for (journal_mode, synchronous, busy) in SETTINGS {
        let around = (Profile::Flaky, "swarm");
        let engine = Engine::Sqlite(Options { journal_mode, synchronous, busy });
        let plan = Plan { engine, ..plan("bank", "correct", around) };
        let busy = if busy == Busy::Error { "error" } else { "wait" };
        let settings = format!("{},{},{busy}", journal_mode.name(), synchronous.name());
        row(format!("{} {settings}", named(&plan, around)), &plan, 12);
    }
    for isolation in mock::Isolation::ALL {
        let around = (Profile::Flaky, "swarm");
        for (workload, yields) in [("bank", false), ("queue", true)] {
            let engine = Engine::Mock(mock::Options { isolation, yields, ..Default::default() });
            let plan = Plan { engine, ..plan(workload, "correct", around) };
            let yields = if yields { ",yields" } else { "" };
            row(format!("{} {}{yields}", named(&plan, around), isolation.name()), &plan, 13);
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/digests.txt");
    if std::env::var("UPDATE_GOLDENFILES").is_ok_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &table).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (now, before) in table.lines().zip(golden.lines()) {
        assert_eq!(now, before, "this seed means another run now; if it should, UPDATE_GOLDENFILES=1");
    }
    assert_eq!(table, golden, "UPDATE_GOLDENFILES=1 rewrites the table");
}
