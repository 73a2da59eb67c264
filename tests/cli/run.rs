//! `drawloom run` and `list`: exit codes, messages, JSON, files.

use crate::place::{Place, Ran};
use crate::process::ended;
use drawloom::Engine;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

fn names_in(json: &Value) -> Vec<&str> {
    json.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn a_finding_is_explained_and_its_command_replays_it() {
    let place = Place::new();
    let found = place.drawloom("run bank --variant read-modify-write --seeds 0..100 --no-shrink").exits(1);
    found.prints(&["found: ", "  expected ", "  actual ", "  seed ", ", step ", "  replay ", "found/bank-"]);
    assert!(found.err.contains("seed"), "the summary is progress: {found:#?}");
    let command = found.command("replay it:");
    let replayed = place.shell(command).exits(1);
    replayed.prints(&["identical", "found: "]);
    // The finding is told as before.
    let finding = |out: &str| {
        let from = out.find("found: ").unwrap();
        out[from..].split("\n\n").next().unwrap().trim_end().to_owned()
    };
    assert_eq!(finding(&replayed.out), finding(&found.out));
    place.shell(found.command("see it:")).exits(1).prints(&["worker 0"]);
}

#[test]
fn a_finding_is_shrunk_to_a_few_statements() {
    let place = Place::new();
    let found = place.drawloom("run bank --variant read-modify-write").exits(1);
    found.prints(&["shrunk: 2 workers, 2 actions, 4 statements, 1 preemption (from 4 workers"]);
    let story: Vec<&str> = found.out.split("executions\n\n").nth(1).unwrap().lines().take(6).collect();
    assert!(
        story[0].contains("  worker 0  ▸ transfer  SELECT balance FROM accounts WHERE id = "),
        "{found:#?}"
    );
    assert!(story[5].starts_with("✗ the total is conserved: expected 500, actual "), "{found:#?}");
    assert!(
        found.out.contains(&format!("{}\n\nreplay it:", story[5])),
        "the story has six lines: {found:#?}"
    );
    let command = found.command("replay it:");
    assert!(command.contains("-shrunk.replay"), "{command}");
    place.shell(command).exits(1).prints(&["identical", "found: the total is conserved"]);
    let again = place.drawloom("run bank --variant read-modify-write --out again --jobs 1").exits(1);
    again.prints(&["shrunk: "]);
    let shrunk = |folder: &str| {
        let files = fs::read_dir(place.path(folder)).unwrap().map(|entry| entry.unwrap().path());
        let mut shrunk = files.filter(|file| file.to_str().unwrap().ends_with("-shrunk.replay"));
        fs::read(shrunk.next().unwrap()).unwrap()
    };
    assert!(shrunk("found") == shrunk("again"), "the same bytes");
}

#[test]
fn the_printed_command_can_be_pasted_into_a_shell() {
    let place = Place::new();
    for folder in ["with space", "it's", "$(touch oops)", "*", "ünï"] {
        let arguments = ["run", "counter", "--variant", "read-add-write", "--out", folder];
        let found = Ran::from(place.command(&arguments).output().unwrap()).exits(1);
        place.shell(found.command("replay it:")).exits(1).prints(&["identical"]);
        place.shell(found.command("see it:")).exits(1);
        let json = [&arguments[..], &["--format", "json"]].concat();
        let found = Ran::from(place.command(&json).output().unwrap()).exits(1).json();
        place.shell(found["found"][0]["command"].as_str().unwrap()).exits(1).prints(&["identical"]);
    }
    assert!(!place.path("oops").exists());
}

#[test]
fn silence_is_exit_0() {
    let place = Place::new();
    let silent = place.drawloom("run bank --seeds 0..40").exits(0);
    silent.prints(&["nothing found", "bank", "correct", "0..40"]);
    silent.complains(&["40 seeds"]);
    let one = place.drawloom("run bank --seed 7 --network flaky --faults crash,pause").exits(0);
    one.prints(&["nothing found"]);
    assert_eq!(place.names_in(""), BTreeSet::new(), "nothing is left behind");
}

#[test]
fn a_single_seed_finds_what_the_search_found() {
    let place = Place::new();
    let search =
        place.drawloom("run counter --variant read-add-write --out many --format json").exits(1).json();
    let found = &search["found"][0];
    let seed = &found["seed"];
    let single = place
        .drawloom(&format!("run counter --variant read-add-write --out one --seed {seed} --format json"));
    let single = single.exits(1).json();
    assert_eq!(single["found"][0]["findings"], found["findings"]);
    let bytes = |json: &Value| fs::read(place.path(json["found"][0]["replay"].as_str().unwrap())).unwrap();
    assert!(bytes(&single) == bytes(&search));
}

#[test]
fn unknown_names_are_usage_and_the_nearest_are_shown() {
    let place = Place::new();
    for (arguments, words) in [
        ("run bnak", &["bnak", "bank", "nearest"][..]),
        ("run chekout", &["chekout", "checkout"]),
        ("run bank --variant read-modify", &["read-modify\"", "read-modify-write"]),
        ("run", &["WORKLOAD"]),
        ("run bank --network flakey", &["flakey", "flaky", "direct", "lan"]),
        ("run bank --faults crsh", &["crsh", "crash", "swarm"]),
        ("run bank --faults none,crash", &["none"]),
        ("run bank --faults crash,", &["crash"]),
        ("run bank --backend sqlit", &["sqlit", "sqlite"]),
        ("run bank --sqlite-journal-mode wall", &["wall", "wal", "delete"]),
        ("run bank --theads 3", &["--theads", "--threads"]),
        ("run bank --format jsn", &["jsn", "json"]),
        ("ru bank", &["ru", "run"]),
        ("list worklods", &["worklods", "workloads"]),
        ("replay", &["FILE"]),
        ("explain a.replay --width 10", &["10"]),
    ] {
        let ran = place.drawloom(arguments).exits(2);
        assert_eq!(ran.out, "", "{arguments}: {ran:#?}");
        ran.complains(words);
    }
}

#[test]
fn numbers_that_make_no_sense_are_usage() {
    let place = Place::new();
    for arguments in [
        "--seeds 5..5",
        "--seeds 6..5",
        "--seeds 5",
        "--seeds ..",
        "--seeds 0..",
        "--seeds a..b",
        "--seeds -1..5",
        "--seeds 0..5..7",
        "--seeds 0..18446744073709551616",
        "--seed -1",
        "--seed 1.5",
        "--seed 1 --seeds 0..5",
        "--threads 0",
        "--threads 10001",
        "--actions 0",
        "--jobs 0",
        "--sqlite-busy-timeout-ms -1",
    ] {
        let ran = place.drawloom(&format!("run bank {arguments}")).exits(2);
        assert_eq!(ran.out, "", "{arguments}: {ran:#?}");
        assert!(!ran.err.is_empty(), "{arguments}");
    }
    place.drawloom("run bank --seeds 5").exits(2).complains(&["0..1000"]);
}

#[test]
fn the_last_seeds_are_seeds_too() {
    let place = Place::new();
    let arguments = ["run", "bank", "--seeds", "18446744073709551600..18446744073709551615", "--jobs", "2"];
    let run = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Where the numbers overflow it would go on with the first seeds, for ever.
    let last = ended(run).exits(0);
    last.complains(&["15 seeds"]);
    let last = place.drawloom("run bank --seed 18446744073709551615 --record a.replay").exits(0);
    last.prints(&["18446744073709551615"]);
    place.drawloom("replay a.replay").exits(0).prints(&["identical"]);
}

#[test]
fn help_and_version_are_no_errors() {
    let place = Place::new();
    place.drawloom("--help").exits(0).prints(&["run", "replay", "explain", "list", "Exit codes"]);
    place.drawloom("--version").exits(0).prints(&[env!("CARGO_PKG_VERSION")]);
    for command in ["run", "replay", "explain", "list"] {
        place.drawloom(&format!("{command} --help")).exits(0).prints(&["Usage"]);
    }
    place.drawloom("").exits(2);
}

#[test]
fn recording_goes_with_one_seed() {
    let place = Place::new();
    place.drawloom("run bank --record a.replay").exits(2).complains(&["--seed"]);
    place.drawloom("run bank --record a.replay --seeds 0..5").exits(2);
    assert_eq!(place.names_in(""), BTreeSet::new());
}

#[test]
fn run_speaks_json() {
    let place = Place::new();
    let json =
        place.drawloom("run bank --variant check-then-debit --format json --seeds 0..500").exits(1).json();
    assert_eq!(json["workload"], "bank");
    assert_eq!(json["variant"], "check-then-debit");
    assert_eq!(json["interrupted"], false);
    assert_eq!(json["seeds"]["to"], 500);
    let found = &json["found"][0];
    assert!(place.path(found["replay"].as_str().unwrap()).is_file(), "{json}");
    let finding = &found["findings"][0];
    for key in ["kind", "name", "signature", "expected", "actual", "actor"] {
        assert!(!finding[key].as_str().unwrap().is_empty(), "{key} in {json}");
    }
    assert!(finding["step"].as_u64() > Some(0) && finding["at_us"].as_u64() > Some(0), "{json}");
    place.shell(found["command"].as_str().unwrap()).exits(1).prints(&["identical"]);

    let silent = place.drawloom("run bank --seeds 0..20 --format json").exits(0).json();
    assert_eq!(silent["tried"], 20);
    assert_eq!(silent["found"], Value::Array(Vec::new()));
}

#[test]
fn list_names_everything() {
    let place = Place::new();
    let json = place.drawloom("list workloads --format json").exits(0).json();
    let text = place.drawloom("list").exits(0);
    let names: Vec<&str> = drawloom_workloads::ALL.iter().map(|workload| workload.name()).collect();
    assert_eq!(names_in(&json), names);
    for workload in ["bank", "counter", "checkout", "queue", "signup", "ids", "sync", "oncall", "migration"] {
        assert!(names.contains(&workload), "{workload}");
    }
    for (listed, workload) in json.as_array().unwrap().iter().zip(drawloom_workloads::ALL) {
        text.prints(&[workload.name(), workload.about()]);
        let on: Vec<&str> = Engine::speaking(*workload).map(|engine| engine.name()).collect();
        assert_eq!(listed["backends"], serde_json::json!(on), "{listed}");
        let variants = &listed["variants"];
        let names: Vec<&str> = workload.variants().iter().map(|variant| variant.name).collect();
        assert_eq!(names_in(variants), names);
        assert_eq!(names[0], "correct");
        for (listed, variant) in variants.as_array().unwrap().iter().zip(workload.variants()) {
            text.prints(&[variant.name, variant.about]);
            assert_eq!(listed["correct"], variant.name == "correct", "{listed}");
            let wrong_on = listed["wrong_on"].as_array().unwrap();
            assert_eq!(wrong_on.is_empty(), variant.name == "correct", "{listed}");
            for wrong in wrong_on {
                assert!(!wrong["backend"].as_str().unwrap().is_empty(), "{listed}");
                assert!(!wrong["levels"].as_array().unwrap().is_empty(), "{listed}");
            }
        }
    }
    let backends = place.drawloom("list backends --format json").exits(0).json();
    assert_eq!(names_in(&backends), ["sqlite", "mock"]);
    for (what, expected) in [("faults", "partition"), ("networks", "flaky")] {
        let json = place.drawloom(&format!("list {what} --format json")).exits(0).json();
        assert!(json.as_array().unwrap().contains(&expected.into()), "{json}");
        place.drawloom(&format!("list {what}")).exits(0).prints(&[expected]);
    }
}

/// The JSON without what depends on where the replays go.
fn without_paths(mut json: Value) -> Value {
    for found in json["found"].as_array_mut().unwrap() {
        for key in ["replay", "command"] {
            found.as_object_mut().unwrap().remove(key);
        }
    }
    // How many seeds were tried beyond the lowest hit is the jobs' affair.
    for key in ["tried", "hits"] {
        json.as_object_mut().unwrap().remove(key);
    }
    json
}

#[test]
fn however_many_jobs_the_lowest_seed_is_found() {
    let place = Place::new();
    let find = |jobs: u32| {
        let arguments =
            "run bank --variant check-then-debit --threads 2 --actions 2 --no-shrink --format json";
        without_paths(place.drawloom(&format!("{arguments} --jobs {jobs} --out jobs-{jobs}")).exits(1).json())
    };
    let alone = find(1);
    let seed = alone["found"][0]["seed"].as_u64().unwrap();
    assert!(seed >= 16, "seed {seed} is in the first block: choose a rarer finding");
    for jobs in [2, 3, 7] {
        assert_eq!(find(jobs), alone, "{jobs} jobs");
    }
    let names: Vec<_> =
        fs::read_dir(place.path("jobs-3")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [format!("bank-check-then-debit-{seed}.replay").as_str()]);
}

#[test]
fn to_keep_going_keeps_one_replay_of_every_kind() {
    let place = Place::new();
    let keep = |jobs: u32| {
        let arguments =
            "run bank --variant check-then-debit --seeds 0..60 --keep-going --no-shrink --format json";
        let out = format!("jobs-{jobs}");
        let json = place.drawloom(&format!("{arguments} --jobs {jobs} --out {out}")).exits(1).json();
        assert_eq!(json["tried"], 60, "{json}");
        let found = json["found"].as_array().unwrap();
        let kinds: BTreeSet<&str> =
            found.iter().map(|found| found["findings"][0]["signature"].as_str().unwrap()).collect();
        assert_eq!(kinds.len(), found.len(), "{json}");
        assert!(json["hits"].as_u64().unwrap() >= found.len() as u64, "{json}");
        assert_eq!(fs::read_dir(place.path(&out)).unwrap().count(), found.len(), "{json}");
        (json["hits"].clone(), without_paths(json))
    };
    let alone = keep(1);
    assert!(alone.0.as_u64() > Some(1), "there is more than one hit: {}", alone.0);
    assert_eq!(keep(3), alone);
    let text = place.drawloom("run counter --variant read-add-write --seeds 0..20 --keep-going").exits(1);
    text.prints(&["runs have a finding"]);
}

#[test]
fn every_workload_runs_with_every_option() {
    let place = Place::new();
    let options = "--backend sqlite --threads 3 --actions 4 --network flaky --faults crash,cancel,swarm \
        --sqlite-journal-mode truncate --sqlite-synchronous extra --jobs 1 --seeds 3..9";
    for workload in drawloom_workloads::ALL.iter().filter(|it| Engine::default().speaks(**it)) {
        for busy in ["--sqlite-busy error", "--sqlite-busy wait --sqlite-busy-timeout-ms 10"] {
            place.drawloom(&format!("run {} {options} {busy}", workload.name())).exits(0);
        }
    }
}
