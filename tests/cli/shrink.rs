//! `drawloom shrink`, end to end: what it prints, what it leaves, and how it ends.

use crate::place::Place;
use crate::process::interrupted;
use drawloom::{Plan, codec, search, sim};
use serde_json::Value;
use std::fs;

/// A place with a failing replay in it.
fn with_failing() -> Place {
    let place = Place::new();
    place.write("lost.replay", failing());
    place
}

fn failing() -> Vec<u8> {
    let plan = Plan::usual("bank", "read-modify-write").unwrap();
    search::first_finding(&plan, 0..100).unwrap().unwrap().replay
}

#[test]
fn a_finding_shrinks_to_a_replay_beside_it() {
    let place = with_failing();
    let printed = place.drawloom("shrink lost.replay").exits(1).out;
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
        place.shell(command).exits(1);
    }
    assert!(place.drawloom("replay lost-shrunk.replay").exits(1).out.starts_with("identical"));
    assert!(place.read("lost-shrunk.replay").len() < place.read("lost.replay").len() / 4);
    assert!(place.read("lost.replay") == failing(), "what was given stays as it is");
    // The same again, elsewhere; and what is shrunk stays as it is.
    place.drawloom("shrink lost.replay --out new/folder/small").exits(1);
    assert!(place.read("new/folder/small") == place.read("lost-shrunk.replay"));
    place.drawloom("shrink new/folder/small").exits(1);
    assert!(place.read("new/folder/small-shrunk.replay") == place.read("lost-shrunk.replay"));
}

#[test]
fn shrink_speaks_json() {
    let place = with_failing();
    let json: Value =
        serde_json::from_str(&place.drawloom("shrink lost.replay --format json").exits(1).out).unwrap();
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
    place.shell(json["command"].as_str().unwrap()).exits(1);
}

#[test]
fn what_cannot_be_shrunk_is_usage() {
    let place = with_failing();
    place.drawloom("run bank --seed 1 --record silent.replay").exits(0);
    place.drawloom("shrink silent.replay").exits(2).says_only(&["silent.replay", "no finding"]);
    place.drawloom("shrink nowhere.replay").exits(2).says_only(&["nowhere.replay"]);
    fs::write(place.path("text.replay"), "hello\n").unwrap();
    place.drawloom("shrink text.replay").exits(2).says_only(&["text.replay", "not a drawloom replay"]);
    place
        .drawloom("shrink lost.replay --out lost.replay")
        .exits(2)
        .says_only(&["lost.replay", "replace the replay itself"]);
    place.drawloom("shrink lost.replay --out ./lost.replay").exits(2).says_only(&["name another file"]);
    place.drawloom("shrink").exits(2);
    assert!(!place.path("silent-shrunk.replay").exists());
}

#[test]
fn a_replay_of_an_unknown_workload_is_usage() {
    let place = with_failing();
    let mut bytes = failing();
    let body = 24..bytes.len() - 4;
    let name = bytes.windows(4).position(|window| window == b"bank").unwrap();
    bytes[name..name + 4].copy_from_slice(b"tank");
    let checksum = crc32fast::hash(&bytes[body.clone()]).to_le_bytes();
    bytes[body.end..].copy_from_slice(&checksum);
    fs::write(place.path("foreign.replay"), bytes).unwrap();
    place.drawloom("shrink foreign.replay").exits(2).says_only(&[
        "foreign.replay",
        "not for this drawloom",
        "tank",
        "bank",
    ]);
}

#[test]
fn a_replay_that_no_longer_fails_is_exit_4() {
    let place = with_failing();
    let mut calm = codec::decode(&failing()).unwrap();
    calm.tape = sim::Tape::default();
    fs::write(place.path("calm.replay"), codec::encode(&calm)).unwrap();
    place.drawloom("shrink calm.replay").exits(4).says_only(&[
        "calm.replay",
        "no longer fails",
        "the total is conserved",
    ]);
    let mut other = codec::decode(&failing()).unwrap();
    other.header.fingerprint = "sqlite 3.99.0".to_owned();
    fs::write(place.path("other.replay"), codec::encode(&other)).unwrap();
    place
        .drawloom("shrink other.replay")
        .exits(4)
        .says_only(&["sqlite 3.99.0", "use the drawloom that made it"]);
    assert!(!place.path("calm-shrunk.replay").exists());
}

#[test]
fn a_place_that_cannot_be_written_to_is_the_machine_s_failure() {
    let place = with_failing();
    fs::write(place.path("file"), "").unwrap();
    place
        .drawloom("shrink lost.replay --out file/below.replay")
        .exits(3)
        .says_only(&["file/below.replay", "cannot write"]);
}

#[test]
fn an_interrupt_leaves_the_smallest_so_far() {
    let place = with_failing();
    // Large enough not to be done before the interrupt.
    let large = "run bank --variant read-modify-write --threads 24 --actions 150 --seed 0 --no-shrink";
    place.drawloom(&format!("{large} --record large.replay")).exits(1);
    let shrunk = interrupted(&place, &["shrink", "large.replay"]).exits(130);
    assert!(shrunk.out.starts_with("interrupted, so far: "), "{shrunk:?}");
    assert!(place.drawloom("replay large-shrunk.replay").exits(1).out.starts_with("identical"));
}
