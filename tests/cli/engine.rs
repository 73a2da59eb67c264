//! The engine of a run on the command line, and of a replay in what is said of it.

use crate::place::Place;
use drawloom::mock::{Bug, Isolation, Options};
use drawloom::{Engine, codec};
use serde_json::Value;

#[test]
fn an_option_of_another_engine_is_refused() {
    let place = Place::new();
    for (arguments, words) in [
        ("--faults crash,failover", ["--faults failover: sqlite has no standby"]),
        ("--isolation serializable", ["--isolation goes with --backend mock alone"]),
        ("--bug dirty-read", ["--bug goes with --backend mock alone"]),
        ("--yields --backend sqlite", ["--yields goes with --backend mock alone"]),
        (
            "--backend mock --sqlite-journal-mode wal",
            ["--sqlite-journal-mode goes with --backend sqlite alone"],
        ),
        (
            "--backend mock --sqlite-synchronous full",
            ["--sqlite-synchronous goes with --backend sqlite alone"],
        ),
        ("--backend mock --sqlite-busy wait", ["--sqlite-busy goes with --backend sqlite alone"]),
        (
            "--backend mock --sqlite-busy-timeout-ms 5",
            ["--sqlite-busy-timeout-ms goes with --backend sqlite"],
        ),
        ("--sqlite-busy error --sqlite-busy-timeout-ms 5", ["--sqlite-busy error, which does not wait"]),
    ] {
        place.drawloom(&format!("run bank {arguments}")).exits(2).says_only(&words);
    }
}

#[test]
fn a_workload_is_refused_by_an_engine_that_does_not_speak_its_sql() {
    let place = Place::new();
    let others = ["migration", "sqlite", "but mock does", "drawloom run migration --backend mock"];
    place.drawloom("run migration --backend sqlite").exits(2).says_only(&others);
    place.drawloom("run migration --sqlite-busy error").exits(2).says_only(&["--backend sqlite"]);
    place.drawloom("run migration --seed 0").exits(0).prints(&["mock"]);
    place.drawloom("list").exits(0).prints(&["runs on mock\n"]);
}

#[test]
fn unknown_engines_levels_and_bugs_are_usage_and_the_nearest_are_shown() {
    let place = Place::new();
    for (arguments, words) in [
        ("--backend mok", ["mok", "mock"]),
        ("--backend mock --isolation serialisable", ["serialisable", "'serializable'"]),
        ("--backend mock --bug dirty-raed", ["dirty-raed", "the nearest are dirty-read"]),
    ] {
        let ran = place.drawloom(&format!("run bank {arguments}")).exits(2);
        assert_eq!(ran.out, "", "{arguments}: {ran:#?}");
        ran.complains(&words);
    }
}

/// A search that cannot find anything says so; one that can is silent, and so is one for a bug of the engine.
#[test]
fn a_variant_that_is_not_wrong_there_is_told_where_it_is() {
    let place = Place::new();
    let elsewhere =
        "but on mock (read-uncommitted, read-committed, repeatable-read); see --backend and --isolation";
    for (arguments, hint) in [
        ("oncall --variant unlocked", Some("unlocked is not wrong on sqlite (serializable), ")),
        (
            "oncall --variant unlocked --backend mock --isolation strict",
            Some("unlocked is not wrong on mock (strict), "),
        ),
        (
            "oncall --variant unlocked --threads 2 --actions 1 --schedule bounded:0",
            Some("unlocked is not wrong on sqlite (serializable), "),
        ),
        ("oncall --variant unlocked --backend mock", None),
        ("oncall --variant unlocked --backend mock --isolation strict --bug dirty-read", None),
        ("oncall", None),
        ("bank --variant read-modify-write", None),
    ] {
        let err = place.drawloom(&format!("run {arguments} --seed 1 --no-shrink")).err;
        let hints: Vec<&str> = err.lines().filter(|line| line.contains("is not wrong")).collect();
        let expected: Vec<String> = hint.iter().map(|hint| format!("{hint}{elsewhere}")).collect();
        assert_eq!(hints, expected, "{arguments}");
    }
    let many = place.drawloom("run oncall --variant unlocked --seeds 0..600 --jobs 2").exits(0);
    assert_eq!(many.err.matches("is not wrong").count(), 1, "{many:#?}");
}

#[test]
fn the_list_has_every_bug() {
    let place = Place::new();
    let listed = place.drawloom("list bugs --format json").exits(0).json();
    let listed = listed.as_array().unwrap();
    let text = place.drawloom("list bugs").exits(0);
    assert!(listed.len() >= 24 && listed.len() == Bug::ALL.len(), "{listed:?}");
    for (bug, listed) in Bug::ALL.iter().zip(listed) {
        assert_eq!(listed["name"], bug.name());
        text.prints(&[bug.sentence(), listed["command"].as_str().unwrap()]);
    }
}

/// Every bug that the engine has is found by the search that the list names, and by the oracle; what is left of it is
/// short, and is the same when it is replayed.
#[test]
fn every_bug_of_the_list_is_found() {
    let listed = Place::new().drawloom("list bugs --format json").exits(0).json();
    let bugs = listed.as_array().unwrap();
    let [left, right] = [0, 1].map(|part| bugs.iter().skip(part).step_by(2));
    std::thread::scope(|scope| {
        scope.spawn(|| left.for_each(is_found));
        right.for_each(is_found);
    });
}

fn is_found(bug: &Value) {
    let place = Place::new();
    let found = place.shell(bug["command"].as_str().unwrap()).exits(1);
    found.prints(&[&format!("bug {}", bug["name"].as_str().unwrap())]);
    if let Some(invariant) = bug["seen_by"].as_str().unwrap().strip_prefix("invariant: ") {
        found.prints(&[&format!("found: {invariant}\n")]);
    }
    let shrunk = found.out.lines().find_map(|line| line.strip_prefix("shrunk: ")).expect("it is shrunk");
    let statements =
        shrunk.split(", ").find_map(|part| part.split_once(" statement")).expect("it says how far").0;
    assert!(statements.parse::<u32>().unwrap() <= 12, "{}: {shrunk}", bug["name"]);
    let replay = found.out.lines().find_map(|line| line.strip_prefix("replay it:")).expect("it says how");
    let file = replay.split_whitespace().last().expect("a file");
    place.drawloom(&format!("replay {file}")).exits(1).prints(&["identical"]);
}

/// A replay that says that it was made on the mock, whose engine is of another version.
fn on_mock(place: &Place) {
    let mut replay = codec::decode(&place.with_finding()).unwrap();
    let bugs = [Bug::DirtyRead].into();
    replay.plan.engine = Engine::Mock(Options { isolation: Isolation::RepeatableRead, bugs, yields: false });
    replay.header.fingerprint = "mock 0.0.1".to_owned();
    place.write("mock.replay", codec::encode(&replay));
}

#[test]
fn a_replay_says_which_engine_it_is_of() {
    let place = Place::new();
    on_mock(&place);
    let called = "mock (repeatable-read, bug dirty-read)";
    place.drawloom("explain mock.replay").exits(1).prints(&[&format!("on {called}\n\n")]);
    let place_line = "-- Every connection has: SET default_transaction_isolation = 'repeatable read';";
    let sql = place.drawloom("export mock.replay --format sql").exits(0);
    sql.prints(&[" on mock 0.0.1 (repeatable-read, bug dirty-read)\n", place_line]);
    let plan = place.drawloom("export mock.replay --format json").exits(0).json()["plan"].clone();
    assert_eq!(plan["backend"], "mock", "{plan}");
    assert_eq!(plan["mock"]["isolation"], "repeatable-read", "{plan}");
    assert_eq!(plan["mock"]["bugs"], serde_json::json!(["dirty-read"]), "{plan}");
    place
        .drawloom("export mock.replay --format rust")
        .exits(0)
        .prints(&["fn counter_read_add_write_mock_seed_"]);
    let usual = place.drawloom("export lost.replay --format json").exits(0).json()["plan"].clone();
    assert_eq!((&usual["backend"], &usual["sqlite"]["busy"]), (&"sqlite".into(), &"wait".into()), "{usual}");
}

#[test]
fn a_replay_is_for_the_version_of_its_own_engine() {
    let place = Place::new();
    on_mock(&place);
    let here = Engine::usual("mock").unwrap().fingerprint();
    let refused = place.drawloom("replay mock.replay").exits(4);
    refused.says_only(&["was made on mock 0.0.1", &format!("this drawloom has {here}")]);
    place.drawloom("corpus add mock.replay").exits(4).says_only(&["mock 0.0.1"]);
}
