//! `drawloom shrink`, end to end: what it prints, what it leaves, and how it ends.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom::{Plan, codec, search, sim};
use serde_json::Value;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A working directory of its own, with a failing replay in it.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        fs::write(place.path("lost.replay"), failing()).unwrap();
        place
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

    /// What a command prints that ends with this exit code.
    #[track_caller]
    fn exits(&self, code: i32, arguments: &str) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The command prints nothing but one line on stderr, with all these words.
    #[track_caller]
    fn refuses(&self, code: i32, arguments: &str, words: &[&str]) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(code), 0, 1), "{said}");
        for word in words {
            assert!(said.contains(word), "no \"{word}\" in {said}");
        }
    }

    fn shell(&self, script: &str) -> Output {
        Command::new("sh").args(["-c", script]).current_dir(self.0.path()).output().unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

fn failing() -> Vec<u8> {
    let plan = Plan::usual("bank", "read-modify-write").unwrap();
    search::first_finding(&plan, 0..100).unwrap().unwrap().replay
}

#[test]
fn a_finding_shrinks_to_a_replay_beside_it() {
    let place = Place::new();
    let printed = place.exits(1, "shrink lost.replay");
    let first = printed.lines().next().unwrap();
    assert!(
        first.starts_with("shrunk: 2 workers, 2 actions, 4 statements, 1 preemption (from 4 workers, "),
        "{first}"
    );
    assert!(first.ends_with(" executions"), "{first}");
    let story: Vec<&str> = printed.split("\n\n").nth(1).unwrap().lines().collect();
    assert!(story.len() <= 6 && story.iter().all(|line| line.chars().count() <= 100), "{printed}");
    assert!(story[0].contains("  worker 0  ▸ transfer  SELECT balance FROM accounts"), "{printed}");
    assert!(
        story.last().unwrap().starts_with("✗ the total is conserved: expected 500, actual "),
        "{printed}"
    );
    for label in ["replay it:  ", "see it:     "] {
        let command = printed.lines().find_map(|line| line.strip_prefix(label)).unwrap();
        let done = place.shell(command);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
    }
    assert!(place.exits(1, "replay lost-shrunk.replay").starts_with("identical"));
    assert!(place.bytes("lost-shrunk.replay").len() < place.bytes("lost.replay").len() / 4);
    assert!(place.bytes("lost.replay") == failing(), "what was given stays as it is");
    // The same again, elsewhere; and what is shrunk stays as it is.
    place.exits(1, "shrink lost.replay --out new/folder/small");
    assert!(place.bytes("new/folder/small") == place.bytes("lost-shrunk.replay"));
    place.exits(1, "shrink new/folder/small");
    assert!(place.bytes("new/folder/small-shrunk.replay") == place.bytes("lost-shrunk.replay"));
}

#[test]
fn shrink_speaks_json() {
    let place = Place::new();
    let json: Value = serde_json::from_str(&place.exits(1, "shrink lost.replay --format json")).unwrap();
    assert_eq!((&json["workload"], &json["variant"]), (&"bank".into(), &"read-modify-write".into()));
    assert_eq!((&json["replay"], &json["shrunk"]), (&"lost.replay".into(), &"lost-shrunk.replay".into()));
    assert_eq!(json["interrupted"], false);
    for (key, before, after) in [("workers", 4, 2), ("preemptions", 10, 1), ("actions", 50, 2)] {
        assert!(json["before"][key].as_u64().unwrap() >= before, "{json}");
        assert_eq!(json["after"][key], after, "{json}");
    }
    assert_eq!((&json["before"]["network"], &json["after"]["network"]), (&"lan".into(), &"direct".into()));
    assert!(json["executions"].as_u64().unwrap() <= 400);
    assert_eq!(json["findings"][0]["name"], "the total is conserved");
    let replayed = place.shell(json["command"].as_str().unwrap());
    assert_eq!(replayed.status.code(), Some(1), "{replayed:?}");
}

#[test]
fn what_cannot_be_shrunk_is_usage() {
    let place = Place::new();
    place.exits(0, "run bank --seed 1 --record silent.replay");
    place.refuses(2, "shrink silent.replay", &["silent.replay", "no finding"]);
    place.refuses(2, "shrink nowhere.replay", &["nowhere.replay"]);
    fs::write(place.path("text.replay"), "hello\n").unwrap();
    place.refuses(2, "shrink text.replay", &["text.replay", "not a drawloom replay"]);
    place.refuses(2, "shrink lost.replay --out lost.replay", &["lost.replay", "replace the replay itself"]);
    place.refuses(2, "shrink lost.replay --out ./lost.replay", &["name another file"]);
    assert_eq!(place.command("shrink").output().unwrap().status.code(), Some(2));
    assert!(!place.path("silent-shrunk.replay").exists());
}

#[test]
fn a_replay_of_an_unknown_workload_is_usage() {
    let place = Place::new();
    let mut bytes = failing();
    let body = 24..bytes.len() - 4;
    let name = bytes.windows(4).position(|window| window == b"bank").unwrap();
    bytes[name..name + 4].copy_from_slice(b"tank");
    let checksum = crc32fast::hash(&bytes[body.clone()]).to_le_bytes();
    bytes[body.end..].copy_from_slice(&checksum);
    fs::write(place.path("foreign.replay"), bytes).unwrap();
    place.refuses(2, "shrink foreign.replay", &["foreign.replay", "another workload", "tank", "bank"]);
}

#[test]
fn a_replay_that_no_longer_fails_is_exit_4() {
    let place = Place::new();
    let mut calm = codec::decode(&failing()).unwrap();
    calm.tape = sim::Tape::default();
    fs::write(place.path("calm.replay"), codec::encode(&calm)).unwrap();
    place.refuses(4, "shrink calm.replay", &["calm.replay", "no longer fails", "the total is conserved"]);
    let mut other = codec::decode(&failing()).unwrap();
    other.header.fingerprint = "sqlite 3.99.0".to_owned();
    fs::write(place.path("other.replay"), codec::encode(&other)).unwrap();
    place.refuses(4, "shrink other.replay", &["sqlite 3.99.0", "use the drawloom that made it"]);
    assert!(!place.path("calm-shrunk.replay").exists());
}

#[test]
fn a_place_that_cannot_be_written_to_is_the_machine_s_failure() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    place.refuses(3, "shrink lost.replay --out file/below.replay", &["file/below.replay", "cannot write"]);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it waits for another process; no simulation runs here")]
fn an_interrupt_leaves_the_smallest_so_far() {
    let place = Place::new();
    // Large enough not to be done before the interrupt.
    place.exits(
        1,
        "run bank --variant read-modify-write --threads 24 --actions 150 --seed 0 --record large.replay",
    );
    let log = File::create(place.path("log")).unwrap();
    let mut command = place.command("shrink large.replay");
    let shrink = command.env("RUST_LOG", "debug").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    // Its first run has begun, so it listens.
    let mut looks = 0;
    while fs::metadata(place.path("log")).unwrap().len() == 0 {
        looks += 1;
        assert!(looks < 6_000, "the shrink begins");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let sent = Command::new("kill").args(["-INT", &shrink.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = shrink.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert!(String::from_utf8(ended.stdout).unwrap().starts_with("interrupted, so far: "));
    assert!(place.exits(1, "replay large-shrunk.replay").starts_with("identical"));
}
