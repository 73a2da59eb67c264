//! `drawloom explain --why`, end to end: what it says, that it says it again, and how it ends.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom::{Plan, codec, search, shrinking, sim};
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A working directory of its own.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drawloom"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        for name in ["RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What is said of a replay before it is drawn.
    #[track_caller]
    fn why(&self, replay: &[u8]) -> String {
        fs::write(self.path("a.replay"), replay).unwrap();
        let done = self.run("explain a.replay --why");
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        assert!(done.stderr.is_empty(), "{done:?}");
        let printed = String::from_utf8(done.stdout).unwrap();
        let drawn = String::from_utf8(self.run("explain a.replay").stdout).unwrap();
        printed.strip_suffix(&drawn).expect("the drawing follows").to_owned()
    }

    #[track_caller]
    fn refuses(&self, code: i32, replay: &[u8], words: &[&str]) {
        fs::write(self.path("a.replay"), replay).unwrap();
        let Output { status, stdout, stderr } = self.run("explain a.replay --why");
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(code), 0, 1), "{said}");
        for word in words {
            assert!(said.contains(word), "no \"{word}\" in {said}");
        }
    }
}

fn failing(workload: &str, variant: &str) -> Vec<u8> {
    let plan = Plan::usual(workload, variant).unwrap();
    search::first_finding(&plan, 0..100).unwrap().unwrap().replay
}

fn shrunk(replay: &[u8]) -> Vec<u8> {
    let replay = codec::decode(replay).unwrap();
    shrinking::shrink(&replay, &mut |_| ControlFlow::Continue(())).unwrap().bytes
}

/// What is said, in one line, up to the first end of a sentence.
fn sentence(said: &str) -> String {
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = words.find(". ").map_or(words.len(), |end| end + 1);
    words[..end].to_owned()
}

#[test]
fn the_two_statements_are_named_whose_order_decides() {
    let place = Place::new();
    let said = place.why(&shrunk(&failing("counter", "read-add-write")));
    assert_eq!(
        said,
        "\
Worker 1 read counter 1 at step 11, between worker 0's read (step 8) and its write (step 13).
Run with step 13 before step 11, it does not fail.

chance of failing: 31 % ▃▂███ 100 %, from 25 % to 100 % with step 11
  (32 schedules each, kept up to one statement after another and drawn from there on)

"
    );
}

#[test]
fn every_race_has_its_sentence() {
    let place = Place::new();
    let races = [
        ("bank", "read-modify-write", "read accounts at step ", "'s write of account "),
        ("bank", "check-then-debit", "read account ", "'s read (step "),
        ("ids", "max-plus-one", "read documents at step ", " and its insert (step "),
        ("queue", "select-then-update", "read jobs with state 'ready' at step ", " and its commit (step "),
        ("signup", "check-then-insert", "read accounts with address '", " and its commit (step "),
    ];
    for (workload, variant, deed, other) in races {
        let said = place.why(&shrunk(&failing(workload, variant)));
        let sentence = sentence(&said);
        assert!(sentence.contains(deed) && sentence.contains(", between worker "), "{sentence}");
        assert!(sentence.contains(other), "{sentence}");
        assert!(said.contains(", it does not fail."), "{said}");
        assert!(said.contains("chance of failing: "), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    }
}

#[test]
fn what_was_not_shrunk_is_explained_too_and_always_alike() {
    let place = Place::new();
    let replay = failing("counter", "read-add-write");
    let said = place.why(&replay);
    assert!(sentence(&said).contains(" read counter "), "{said}");
    assert!(said.contains("does not fail"), "{said}");
    assert_eq!(said, place.why(&replay));
}

#[test]
fn where_the_order_does_not_matter_it_says_so() {
    let place = Place::new();
    let said = place.why(&shrunk(&failing("sync", "last-write-wins")));
    assert_eq!(said, "There is only one order, and it fails: it seems not to depend on the order.\n\n");
}

#[test]
fn what_broke_is_named() {
    let place = Place::new();
    let kinds = vec![sim::faults::Fault::Crash];
    let plan = Plan {
        workers: 1,
        actions: 4,
        faults: sim::faults::FaultPlan { kinds, swarm: false },
        ..Plan::usual("checkout", "charge-before-commit").unwrap()
    };
    let found = search::first_finding(&plan, 0..100).unwrap().unwrap();
    let said = place.why(&shrunk(&found.replay));
    let sentence = sentence(&said);
    assert!(sentence.starts_with("Worker 0 died at step "), "{said}");
    assert!(sentence.contains(", after its "), "{said}");
    assert!(sentence.ends_with("; had it not, it would not have failed."), "{said}");
    let plan = Plan { network: sim::Profile::Flaky, ..Plan::usual("checkout", "retry-without-key").unwrap() };
    let found = search::first_finding(&plan, 0..100).unwrap().unwrap();
    let said = place.why(&shrunk(&found.replay));
    assert!(self::sentence(&said).contains("the answer was lost; had it come,"), "{said}");
}

#[test]
fn what_does_not_fail_is_not_explained() {
    let place = Place::new();
    assert_eq!(place.run("run bank --seed 1 --record silent.replay").status.code(), Some(0));
    let silent = fs::read(place.path("silent.replay")).unwrap();
    place.refuses(2, &silent, &["a.replay", "no finding", "nothing to explain"]);
    place.refuses(2, b"hello", &["a.replay", "not a drawloom replay"]);
    let mut calm = codec::decode(&failing("counter", "read-add-write")).unwrap();
    calm.plan.variant = calm.plan.workload.variants().first().unwrap();
    place.refuses(4, &codec::encode(&calm), &["a.replay", "no longer fails", "no update is lost"]);
    calm.header.fingerprint = "sqlite 3.99.0".to_owned();
    place.refuses(4, &codec::encode(&calm), &["sqlite 3.99.0", "use the drawloom that made it"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it waits for another process; no simulation runs here")]
fn an_interrupt_ends_it() {
    let place = Place::new();
    // Large enough not to be done before the interrupt.
    let large = "run bank --variant read-modify-write --threads 24 --actions 150 --seed 0 --no-shrink --record a.replay";
    assert_eq!(place.run(large).status.code(), Some(1));
    let log = File::create(place.path("log")).unwrap();
    let mut command = place.command("explain a.replay --why");
    let explain = command.env("RUST_LOG", "debug").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    // Its first run has begun, so it listens.
    let mut looks = 0;
    while fs::metadata(place.path("log")).unwrap().len() == 0 {
        looks += 1;
        assert!(looks < 6_000, "it begins");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let sent = Command::new("kill").args(["-INT", &explain.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = explain.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.len()), (Some(130), 0), "{ended:?}");
}
