//! How `run` searches: strategies, proofs, what a seed draws, mutants, what was reached.

use crate::place::{Place, Ran};
use drawloom::sim::source::Strategy;
use drawloom::sim::{Host, Profile};
use drawloom::{Plan, codec};
use drawloom_replays::Swarm;
use drawloom_replays::feedback::Block;
use drawloom_replays::search::Search;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn every_strategy_finds_it_and_replays() {
    let place = Place::new();
    for strategy in ["random", "pct:2", "pct:4", "urw", "surw", "pos", "portfolio", "bounded:1"] {
        let run = format!(
            "run counter --variant read-add-write --network direct --schedule {strategy} --no-shrink"
        );
        let found = place.drawloom(&format!("{run} --threads 2 --actions 3")).exits(1);
        place.shell(found.command("replay it:")).exits(1).prints(&["identical"]);
    }
    for wrong in ["pct", "pct:0", "pct:5", "bounded", "bounded:9", "bounded:x", "best", ""] {
        let run = ["run", "bank", "--schedule", wrong];
        let refused = Ran::from(place.command(&run).output().unwrap()).exits(2);
        refused.complains(&["random | pct:D (D = 1 to 4) | urw | surw | pos | bounded:P"]);
    }
}

#[test]
fn a_bounded_search_ends_with_a_finding_a_proof_or_how_far_it_came() {
    let place = Place::new();
    let counter = "run counter --threads 2 --actions 1 --schedule bounded:1 --no-shrink";
    place
        .drawloom(&format!("{counter} --variant read-add-write"))
        .exits(1)
        .prints(&["found: no update is lost"]);
    let proved = place.drawloom(counter).exits(0);
    proved.prints(&[
        "proved: all schedules with at most 1 preemption of",
        "these 2 workers",
        "nothing found",
    ]);
    proved.prints(&["direct network, no faults"]);

    let unproved = place.drawloom("run bank --schedule bounded:1 --executions 50").exits(5);
    unproved.prints(&[
        "not proved",
        "these 4 workers",
        "nothing found in 50 executions",
        "preemptions are covered",
    ]);
    assert!(unproved.out.ends_with("or allow more with --executions\n"), "{}", unproved.out);
    let json = place.drawloom("run bank --schedule bounded:1 --executions 50 --format json").exits(5).json();
    assert_eq!((json["executions"].as_u64(), json["proved"].as_bool()), (Some(50), Some(false)), "{json}");
    let one = place.drawloom("run bank --schedule bounded:0 --executions 1").exits(5);
    one.prints(&["in 1 execution;", "not even all schedules without preemptions are covered"]);
}

#[test]
fn an_unproved_search_says_where_reduction_helps() {
    let place = Place::new();
    for elsewhere in ["--network lan", "--network flaky", "--faults crash", "--sqlite-busy-timeout-ms 3"] {
        let search = "run counter --threads 2 --actions 2 --schedule bounded:2 --executions 3";
        let unproved = place.drawloom(&format!("{search} {elsewhere}")).exits(5);
        let hinted = unproved.out.contains("with --network direct, and without --faults");
        assert_eq!(hinted, !elsewhere.contains("busy"), "{}", unproved.out);
    }
}

#[test]
fn a_proof_in_as_many_executions_as_are_allowed_is_one() {
    let place = Place::new();
    let search = "run counter --threads 2 --actions 1 --schedule bounded:1";
    let json = place.drawloom(&format!("{search} --format json")).exits(0).json();
    let executions = json["executions"].as_u64().unwrap();
    place.drawloom(&format!("{search} --executions {executions}")).exits(0).prints(&["proved:"]);
    place.drawloom(&format!("{search} --executions {}", executions - 1)).exits(5).prints(&["not proved:"]);
}

#[test]
fn a_seed_draws_what_no_option_says() {
    let place = Place::new();
    let plan = |options: &str| {
        place.drawloom(&format!("run bank --seed 5 --record a.replay --no-shrink {options}")).exits(0);
        let replay = codec::decode(&fs::read(place.path("a.replay")).unwrap()).unwrap();
        let plan = replay.plan;
        (plan.workers, plan.actions, plan.network.name(), plan.faults.kinds.len(), plan.left_out)
    };
    let drawn = plan("");
    assert_eq!(plan(""), drawn);
    assert_eq!(plan("--no-swarm"), (4, 25, "lan", 0, vec![]));
    // To pin one thing changes no other.
    assert_eq!(plan("--threads 3"), (3, drawn.1, drawn.2, drawn.3, drawn.4.clone()));
    assert_eq!(plan("--network flaky"), (drawn.0, drawn.1, "flaky", drawn.3, drawn.4.clone()));
    assert_eq!(plan("--faults none --actions 7"), (drawn.0, 7, drawn.2, 0, drawn.4.clone()));
    assert_eq!(plan("--mix audit"), (drawn.0, drawn.1, drawn.2, drawn.3, vec!["transfer"]));
    place.drawloom("run bank --mix audi").exits(2).says_only(&["audi\"", "audit", "nearest"]);
    let drawn: BTreeSet<_> = (0..40)
        .map(|seed| {
            place.drawloom(&format!("run bank --seed {seed} --record b.replay")).exits(0);
            let plan = codec::decode(&fs::read(place.path("b.replay")).unwrap()).unwrap().plan;
            (plan.workers, plan.network.name(), plan.faults.kinds.len(), plan.left_out)
        })
        .collect();
    assert!(drawn.len() > 10, "{drawn:?}");
}

#[test]
fn mutants_have_names_and_shards_find_the_same_ones() {
    let place = Place::new();
    let plan =
        "run queue --variant select-then-update --threads 2 --actions 2 --network direct --faults none";
    let sweep = |seeds: &str, options: &str| {
        let arguments = format!("{plan} --seeds {seeds} --keep-going --no-shrink --format json {options}");
        place.drawloom(&arguments).exits(1).json()
    };
    let whole = sweep("0..512", "--jobs 2");
    let count = |json: &Value, what: &str| json[what].as_u64().unwrap();
    let shards = [sweep("0..256", "--jobs 1"), sweep("256..512", "--jobs 2")];
    for what in ["tried", "mutants", "hits"] {
        assert_eq!(count(&whole, what), shards.iter().map(|shard| count(shard, what)).sum::<u64>(), "{what}");
    }
    assert!(count(&whole, "mutants") > 0, "{whole}");
    let pure = sweep("0..512", "--no-feedback");
    assert_eq!((count(&pure, "mutants"), count(&pure, "tried")), (0, 512));
    assert!(count(&pure, "hits") <= count(&whole, "hits"));
    // What is no whole block has no mutants.
    assert_eq!(count(&sweep("1..256", ""), "mutants"), 0);
    place.drawloom(&format!("{plan} --seed 3~4000")).exits(2).says_only(&[
        "3~4000",
        "0 to 255",
        "same arguments",
    ]);
    place.drawloom(&format!("{plan} --seed 3~x")).exits(2).complains(&["57~3"]);
}

#[test]
fn a_mutant_is_run_again_by_its_name() {
    let usual = Plan::usual("counter", "read-add-write").unwrap();
    let plan = Plan { workers: 2, actions: 2, network: Profile::Direct, ..usual };
    let search = Search::new(Host::best(), plan, Swarm::NONE, Strategy::Portfolio).unwrap();
    let mut block = Block::new(&search, Host::best());
    (0..256).for_each(|seed| drop(block.pure(seed).unwrap()));
    let (name, run) = block.mutant().unwrap().expect("something new was kept");

    let place = Place::new();
    let plan = "counter --variant read-add-write --threads 2 --actions 2 --network direct --faults none";
    let seed = format!("run {plan} --no-swarm --no-shrink --seed {name} --record a.replay --format json");
    let ran = place.drawloom(&seed).exits(i32::from(!run.findings.is_empty()));
    if let Some(found) = ran.json()["found"].get(0) {
        assert_eq!(
            (found["seed"].as_u64(), found["mutant"].as_u64()),
            (Some(name.seed), Some(name.mutant.into()))
        );
    }
    let bytes = fs::read(place.path("a.replay")).unwrap();
    let replay = codec::decode(&bytes).unwrap();
    assert_eq!((replay.header.name, &replay.history), (name, &run.history));
    place.drawloom("replay a.replay --record b.replay").prints(&["identical"]);
    assert!(fs::read(place.path("b.replay")).unwrap() == bytes);
}

#[test]
fn what_was_never_reached_is_told() {
    let place = Place::new();
    let alone = "run bank --seeds 0..3 --threads 2 --actions 1 --network direct --faults crash";
    let told = place.drawloom(alone).exits(0);
    told.prints(&["actions that never overlapped: ", "errors never seen: "]);
    let matrix = place.drawloom("run bank --seeds 0..30 --coverage").exits(0);
    matrix.prints(&[
        "of 30 runs, so many had overlapping actions",
        "transfer",
        "audit",
        "so many had faults",
        "crash",
    ]);
    let json = place.drawloom("run bank --seeds 0..30 --format json").exits(0).json();
    assert_eq!(json["coverage"]["runs"], 30);
    assert!(json["coverage"]["overlaps"]["audit"]["transfer"].as_u64() > Some(0), "{json}");
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let place = Place::new();
    for (arguments, words) in [
        ("--executions 5", ["--executions", "bounded"]),
        ("--schedule bounded:1 --seed 3~1", ["--seed", "mutant"]),
        ("--schedule bounded:1 --seed 3 --record a.replay", ["--record", "bounded"]),
        ("--schedule bounded:1 --keep-going", ["--keep-going", "bounded"]),
        ("--schedule bounded:1 --coverage", ["--coverage", "bounded"]),
        ("--schedule bounded:1 --jobs 2", ["--jobs", "bounded"]),
        ("--mix transfer,", ["--mix", "names of actions"]),
    ] {
        place.drawloom(&format!("run bank {arguments}")).exits(2).says_only(&words);
    }
    for name in ["+3", "3~0", "3~+1", "3~", "~3", "3~4~5"] {
        place.drawloom(&format!("run bank --seed {name}")).exits(2).complains(&["57~3"]);
    }
}

#[test]
fn the_last_seed_is_searched_too() {
    let place = Place::new();
    let last = format!("run counter --variant read-add-write --threads 2 --actions 1 --seed {}", u64::MAX);
    place
        .drawloom(&format!("{last} --schedule bounded:2 --no-shrink"))
        .exits(1)
        .prints(&["found: no update is lost"]);
    let mutant = place.drawloom(&format!("{last}~1")).exits(2);
    mutant.says_only(&["18446744073709551615~1", "to 18446744073709551615"]);
}
