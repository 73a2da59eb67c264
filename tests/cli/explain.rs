//! `drawloom explain --why`, end to end: what it says, that it says it again, and how it ends.

use crate::place::Place;
use crate::process::interrupted;
use drawloom::{Plan, codec, search, shrinking, sim};
use std::fs;
use std::ops::ControlFlow;

/// What is said of a replay before it is drawn.
#[track_caller]
fn why(place: &Place, replay: &[u8]) -> String {
    place.write("a.replay", replay);
    let done = place.drawloom("explain a.replay --why").exits(1);
    assert_eq!(done.err, "");
    let drawn = place.drawloom("explain a.replay").out;
    done.out.strip_suffix(&drawn).expect("the drawing follows").to_owned()
}

#[track_caller]
fn refuses(place: &Place, code: i32, replay: &[u8], words: &[&str]) {
    place.write("a.replay", replay);
    place.drawloom("explain a.replay --why").exits(code).says_only(words);
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
    let said = why(&place, &shrunk(&failing("counter", "read-add-write")));
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
        let said = why(&place, &shrunk(&failing(workload, variant)));
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
    let said = why(&place, &replay);
    assert!(sentence(&said).contains(" read counter "), "{said}");
    assert!(said.contains("does not fail"), "{said}");
    assert_eq!(said, why(&place, &replay));
}

#[test]
fn where_the_order_does_not_matter_it_says_so() {
    let place = Place::new();
    let said = why(&place, &shrunk(&failing("sync", "last-write-wins")));
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
    let said = why(&place, &shrunk(&found.replay));
    let sentence = sentence(&said);
    assert!(sentence.starts_with("Worker 0 died at step "), "{said}");
    assert!(sentence.contains(", after its "), "{said}");
    assert!(sentence.ends_with("; had it not, it would not have failed."), "{said}");
    let plan = Plan { network: sim::Profile::Flaky, ..Plan::usual("checkout", "retry-without-key").unwrap() };
    let found = search::first_finding(&plan, 0..100).unwrap().unwrap();
    let said = why(&place, &shrunk(&found.replay));
    assert!(self::sentence(&said).contains("the answer was lost; had it come,"), "{said}");
}

#[test]
fn what_does_not_fail_is_not_explained() {
    let place = Place::new();
    assert_eq!(place.drawloom("run bank --seed 1 --record silent.replay").code, Some(0));
    let silent = fs::read(place.path("silent.replay")).unwrap();
    refuses(&place, 2, &silent, &["a.replay", "no finding", "nothing to explain"]);
    refuses(&place, 2, b"hello", &["a.replay", "not a drawloom replay"]);
    let mut calm = codec::decode(&failing("counter", "read-add-write")).unwrap();
    calm.plan.variant = calm.plan.workload.variants().first().unwrap();
    refuses(&place, 4, &codec::encode(&calm), &["a.replay", "no longer fails", "no update is lost"]);
    calm.header.fingerprint = "sqlite 3.99.0".to_owned();
    refuses(&place, 4, &codec::encode(&calm), &["sqlite 3.99.0", "use the drawloom that made it"]);
}

#[test]
fn an_interrupt_ends_it() {
    let place = Place::new();
    // Large enough not to be done before the interrupt.
    let large = "run bank --variant read-modify-write --threads 24 --actions 150 --seed 0 --no-shrink --record a.replay";
    place.drawloom(large).exits(1);
    assert_eq!(interrupted(&place, &["explain", "a.replay", "--why"]).exits(130).out, "");
}
