//! The command line, end to end: exit codes, messages, JSON, files.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom::sim::source::Strategy;
use drawloom::sim::{Host, Profile};
use drawloom::{Plan, codec, search};
use drawloom_replays::Swarm;
use drawloom_replays::feedback::Block;
use drawloom_replays::search::Search;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const DRAWLOOM: &str = env!("CARGO_BIN_EXE_drawloom");

/// What a command did.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    #[track_caller]
    fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.err.contains("panicked"), "{self:#?}");
        self
    }

    /// Nothing on stdout, and one line on stderr with all these words.
    #[track_caller]
    fn says_only(&self, words: &[&str]) {
        assert_eq!(self.out, "", "{self:#?}");
        assert_eq!(self.err.lines().count(), 1, "{self:#?}");
        self.complains(words);
    }

    #[track_caller]
    fn complains(&self, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "no \"{word}\" in {self:#?}");
        }
    }

    #[track_caller]
    fn prints(&self, words: &[&str]) {
        for word in words {
            assert!(self.out.contains(word), "no \"{word}\" in {self:#?}");
        }
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// A working directory of its own.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(DRAWLOOM);
        command.args(arguments).current_dir(self.0.path());
        for name in ["RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    fn drawloom(&self, arguments: &str) -> Ran {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        self.command(&arguments).output().unwrap().into()
    }

    fn shell(&self, script: &str) -> Ran {
        let output = Command::new("sh").args(["-c", script]).current_dir(self.0.path()).output();
        output.unwrap().into()
    }

    /// The bytes of a replay with a finding, in `lost.replay`.
    fn with_finding(&self) -> Vec<u8> {
        let seed = first_seed("counter", "read-add-write");
        self.drawloom(&format!("run counter --variant read-add-write --seed {seed} --record lost.replay"))
            .exits(1);
        fs::read(self.path("lost.replay")).unwrap()
    }

    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn first_seed(workload: &str, variant: &str) -> u64 {
    let plan = drawloom::Plan::usual(workload, variant).unwrap();
    search::first_finding(&plan, 0..100).unwrap().unwrap().seed
}

/// The command after this label.
fn printed_command<'a>(out: &'a str, label: &str) -> &'a str {
    out.lines().find_map(|line| line.strip_prefix(label)).expect("the command is printed").trim()
}

fn names_in(json: &Value) -> Vec<&str> {
    json.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[test]
fn a_finding_is_explained_and_its_command_replays_it() {
    let place = Place::new();
    let found = place.drawloom("run bank --variant read-modify-write --seeds 0..100 --no-shrink").exits(1);
    found.prints(&["found: ", "  expected ", "  actual ", "  seed ", ", step ", "  replay ", "found/bank-"]);
    assert!(found.err.contains("seed"), "the summary is progress: {found:#?}");
    let command = printed_command(&found.out, "replay it:");
    let replayed = place.shell(command).exits(1);
    replayed.prints(&["identical", "found: "]);
    // The finding is told as before.
    let finding = |out: &str| {
        let from = out.find("found: ").unwrap();
        out[from..].split("\n\n").next().unwrap().trim_end().to_owned()
    };
    assert_eq!(finding(&replayed.out), finding(&found.out));
    place.shell(printed_command(&found.out, "see it:")).exits(1).prints(&["worker 0"]);
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
    let command = printed_command(&found.out, "replay it:");
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
fn every_strategy_finds_it_and_replays() {
    let place = Place::new();
    for strategy in ["random", "pct:2", "pct:4", "urw", "surw", "pos", "portfolio", "bounded:1"] {
        let run = format!(
            "run counter --variant read-add-write --network direct --schedule {strategy} --no-shrink"
        );
        let found = place.drawloom(&format!("{run} --threads 2 --actions 3")).exits(1);
        place.shell(printed_command(&found.out, "replay it:")).exits(1).prints(&["identical"]);
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
fn the_printed_command_can_be_pasted_into_a_shell() {
    let place = Place::new();
    for folder in ["with space", "it's", "$(touch oops)", "*", "ünï"] {
        let arguments = ["run", "counter", "--variant", "read-add-write", "--out", folder];
        let found = Ran::from(place.command(&arguments).output().unwrap()).exits(1);
        place.shell(printed_command(&found.out, "replay it:")).exits(1).prints(&["identical"]);
        place.shell(printed_command(&found.out, "see it:")).exits(1);
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
    assert_eq!(place.names(), BTreeSet::new(), "nothing is left behind");
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
    assert_eq!(place.names(), BTreeSet::new());
}

#[test]
fn records_are_equal_and_a_replay_records_itself_again() {
    let place = Place::new();
    let run = "run checkout --variant retry-without-key --network flaky --faults swarm --seed 3 --record";
    let code = place.drawloom(&format!("{run} a.replay")).code;
    let again = place.drawloom(&format!("{run} b.replay"));
    assert!(matches!(code, Some(0 | 1)) && code == again.code, "{code:?}, {again:#?}");
    let replayed = place.drawloom("replay a.replay --record c.replay");
    assert_eq!(replayed.code, code, "{replayed:#?}");
    replayed.prints(&["identical"]);
    let bytes = |name| fs::read(place.path(name)).unwrap();
    assert!(bytes("a.replay") == bytes("b.replay") && bytes("a.replay") == bytes("c.replay"));
    let silent = place.drawloom("run bank --seed 1 --record silent.replay").exits(0);
    silent.prints(&["nothing found"]);
    place.drawloom("replay silent.replay").exits(0).prints(&["identical"]);
    // Into a folder that is not there yet, and over a file that is.
    place.drawloom("run bank --seed 1 --record new/folder/a.replay").exits(0);
    place.drawloom("run bank --seed 2 --record a.replay").exits(0);
    assert!(bytes("new/folder/a.replay") == bytes("silent.replay"));
    assert!(bytes("a.replay") != bytes("b.replay"));
    let replays = ["a.replay", "b.replay", "c.replay", "new", "silent.replay"].map(str::to_owned);
    assert_eq!(place.names(), BTreeSet::from(replays), "no temporary file is left");
}

/// A body in a frame of this version whose checksums are right: the layout stands in the codec.
fn frame(version: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"DRAWLOOM".to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes
}

#[test]
fn a_file_that_is_no_replay_for_us_gets_one_clear_line() {
    let place = Place::new();
    let whole = place.with_finding();
    let body = &whole[24..whole.len() - 4];
    let mut corrupt = whole.clone();
    corrupt[whole.len() / 2] ^= 4;
    let mut foreign = body.to_vec();
    let name = foreign.windows(7).position(|window| window == b"counter").unwrap();
    foreign[name..name + 7].copy_from_slice(b"coulter");
    let mut of_other_sqlite = codec::decode(&whole).unwrap();
    of_other_sqlite.header.fingerprint = "sqlite 3.99.0".to_owned();
    let of_other_sqlite = codec::encode(&of_other_sqlite);

    let files: [(&str, &[u8], i32, &[&str]); 7] = [
        ("empty", b"", 2, &["not a drawloom replay"]),
        ("text", b"hello\n", 2, &["not a drawloom replay"]),
        ("truncated", &whole[..whole.len() - 1], 2, &["truncated"]),
        ("corrupt", &corrupt, 2, &["corrupt"]),
        ("newer", &frame(codec::VERSION + 1, body), 2, &["newer", "2"]),
        ("foreign", &frame(codec::VERSION, &foreign), 4, &["another workload", "coulter", "counter"]),
        ("other", &of_other_sqlite, 4, &["sqlite 3.99.0", "use the drawloom that made it"]),
    ];
    for (name, bytes, code, words) in files {
        let file = format!("{name}.replay");
        fs::write(place.path(&file), bytes).unwrap();
        for more in ["", " --until 5 --dump state.db", " --record again.replay", " --format json"] {
            if name == "other" && more == " --format json" {
                continue; // there is a lenient result
            }
            let refused = place.drawloom(&format!("replay {file}{more}")).exits(code);
            refused.says_only(words);
            refused.says_only(&[&file]);
        }
        assert!(!place.path("state.db").exists() && !place.path("again.replay").exists(), "{name}");
        if name != "other" {
            place.drawloom(&format!("explain {file}")).exits(code).says_only(&[&file]);
        }
    }
    // To read it no SQLite is needed.
    place.drawloom("explain other.replay").exits(1);
}

#[test]
fn a_file_that_cannot_be_read_is_usage() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    for command in ["replay", "explain"] {
        place.drawloom(&format!("{command} nowhere.replay")).exits(2).says_only(&["nowhere.replay"]);
        place.drawloom(&format!("{command} folder")).exits(2).says_only(&["folder"]);
    }
}

#[test]
fn a_replay_that_diverged_is_exit_4_and_shows_where() {
    let place = Place::new();
    let mut replay = codec::decode(&place.with_finding()).unwrap();
    let place_of_event = replay.history.events.len() / 2;
    let event = &mut replay.history.events[place_of_event];
    event.what = drawloom::model::Observation::Panic { message: "\u{1b}[31maltered".to_owned() };
    let step = event.step;
    fs::write(place.path("altered.replay"), codec::encode(&replay)).unwrap();
    let diverged = place.drawloom("replay altered.replay").exits(4);
    diverged.prints(&["diverged", &format!("step {step}"), "expected", "altered", "found"]);
    assert!(!diverged.out.contains('\u{1b}'), "{diverged:#?}");
    let json = place.drawloom("replay altered.replay --format json").exits(4).json();
    assert_eq!(json["result"]["verdict"], "diverged");
    assert_eq!(json["result"]["step"], step.0);
    // What comes before the difference is as it was.
    place.drawloom(&format!("replay altered.replay --until {}", step.0 - 1)).prints(&["identical"]);
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
fn replay_speaks_json() {
    let place = Place::new();
    let recorded = codec::decode(&place.with_finding()).unwrap();
    let json = place.drawloom("replay lost.replay --format json").exits(1).json();
    assert_eq!(json["result"]["verdict"], "identical");
    assert_eq!(json["workload"], "counter");
    assert_eq!(json["seed"], recorded.header.name.seed);
    assert_eq!(json["findings"][0]["name"], recorded.findings[0].signature.name);
}

#[test]
fn list_names_everything() {
    let place = Place::new();
    let json = place.drawloom("list workloads --format json").exits(0).json();
    let text = place.drawloom("list").exits(0);
    let names: Vec<&str> = drawloom_workloads::ALL.iter().map(|workload| workload.name()).collect();
    assert_eq!(names_in(&json), names);
    for workload in ["bank", "counter", "checkout", "queue", "signup", "ids", "sync"] {
        assert!(names.contains(&workload), "{workload}");
    }
    for (listed, workload) in json.as_array().unwrap().iter().zip(drawloom_workloads::ALL) {
        text.prints(&[workload.name(), workload.about()]);
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
    assert_eq!(names_in(&backends), ["sqlite"]);
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
fn a_replay_leaves_the_database_of_a_step() {
    let place = Place::new();
    place.drawloom("run bank --seed 3 --record a.replay").exits(0);
    let events = codec::decode(&fs::read(place.path("a.replay")).unwrap()).unwrap().history.events;
    let last = events.last().unwrap().step.0;
    for step in [8, last / 3, last / 2, last, last + 100] {
        let dumped = place.drawloom(&format!("replay a.replay --until {step} --dump state.db")).exits(0);
        dumped.prints(&["identical", "state.db", &format!("step {}", step.min(last))]);
        let names = ["a.replay", "state.db"].map(str::to_owned);
        assert_eq!(place.names(), BTreeSet::from(names), "one file is enough");
        let connection = rusqlite::Connection::open(place.path("state.db")).unwrap();
        let one =
            |sql: &str| connection.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
        assert_eq!(one("PRAGMA journal_mode"), "delete".to_owned().into());
        assert_eq!(one("PRAGMA integrity_check"), "ok".to_owned().into());
        assert_eq!(one("SELECT count(*) FROM accounts"), 5.into());
        assert_eq!(one("SELECT sum(balance) FROM accounts"), 500.into());
        // Another tool may write it too.
        connection.execute("UPDATE accounts SET balance = 0", []).unwrap();
    }
    // All of it, without a step.
    place.drawloom("replay a.replay --dump whole.db").exits(0).prints(&["whole.db"]);
    assert!(place.path("whole.db").is_file());
    let json = place.drawloom(&format!("replay a.replay --until {} --format json", last / 2)).exits(0).json();
    assert_eq!(json["steps"], last / 2);
}

#[test]
fn what_cannot_be_dumped_or_recorded_is_usage() {
    let place = Place::new();
    place.with_finding();
    place.drawloom("replay lost.replay --until 0 --dump state.db").exits(2).says_only(&["no database"]);
    assert!(!place.path("state.db").exists());
    place.drawloom("replay lost.replay --until 9 --record a.replay").exits(2);
    place.drawloom("replay lost.replay --until -1").exits(2);
}

/// Stopped before the finding, a replay has not found it.
#[test]
fn a_replay_that_stops_early_tells_only_what_was_found_so_far() {
    let place = Place::new();
    let step = codec::decode(&place.with_finding()).unwrap().findings[0].step.0;
    let before = place.drawloom(&format!("replay lost.replay --until {}", step - 1)).exits(0);
    before.prints(&["identical"]);
    assert!(!before.out.contains("found: "), "{before:#?}");
    place.drawloom(&format!("replay lost.replay --until {step}")).exits(1).prints(&["identical", "found: "]);
}

#[test]
fn explain_draws_for_a_pipe() {
    let place = Place::new();
    let runs = [
        ("bank", "correct", "lan", "none", 4, 0),
        ("checkout", "retry-without-key", "flaky", "swarm", 4, 3),
        ("sync", "last-write-wins", "flaky", "crash", 3, 5),
        ("queue", "select-then-update", "flaky", "partition,cancel,pause", 9, 8),
        ("signup", "check-then-insert", "direct", "restart", 40, 13),
    ];
    for (workload, variant, network, faults, threads, seed) in runs {
        let options =
            format!("--variant {variant} --network {network} --faults {faults} --threads {threads}");
        let run = format!("run {workload} {options} --seed {seed} --record a.replay");
        let code = place.drawloom(&run).code.unwrap();
        let drawn = place.drawloom("explain a.replay").exits(code);
        assert_eq!(drawn.err, "", "{run}");
        assert!(drawn.out.chars().all(|c| c == '\n' || !c.is_control()), "{run}");
        let widest = drawn.out.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{run}: {widest:?}");
        assert_eq!(drawn.out.contains("nothing found"), code == 0, "{run}");
        let drawn = place.drawloom("explain a.replay --width 60").exits(code);
        assert!(drawn.out.lines().all(|line| line.chars().count() <= 60), "{run}");
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    let place = Place::new();
    place.with_finding();
    let explain = |name: &str, value: &str| {
        let mut command = place.command(&["explain", "lost.replay"]);
        Ran::from(command.env(name, value).output().unwrap()).exits(1).out
    };
    let plain = place.drawloom("explain lost.replay").exits(1).out;
    assert_eq!(explain("NO_COLOR", "1"), plain);
    assert!(explain("CLICOLOR_FORCE", "1").contains("\u{1b}["));
    let mut command = place.command(&["explain", "lost.replay"]);
    let both = Ran::from(command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1").output().unwrap());
    assert_eq!(both.out, plain, "who says no means it");
}

#[test]
fn logs_go_to_stderr() {
    let place = Place::new();
    let run = |log: &str| {
        let mut command =
            place.command(&["run", "bank", "--seed", "1", "--actions", "2", "--format", "json"]);
        Ran::from(command.env("RUST_LOG", log).output().unwrap()).exits(0)
    };
    let (quiet, loud) = (run("off"), run("debug"));
    assert_eq!(quiet.out, loud.out);
    assert!(loud.err.lines().count() > 20 && quiet.err.lines().count() < 3, "{quiet:#?}");
    assert!(
        loud.err.contains("ms") && !loud.err.contains('\u{1b}'),
        "simulated time, and no colours in a pipe"
    );
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let place = Place::new();
    place.with_finding();
    for arguments in [
        "list",
        "--help",
        "list workloads --format json",
        "explain lost.replay",
        "replay lost.replay",
        "run counter --variant read-add-write --seeds 0..20",
    ] {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran: Ran = place.command(&arguments).stdout(writer).output().unwrap().into();
        assert!(matches!(ran.code, Some(0 | 1)), "{arguments:?}: {ran:#?}");
        assert!(!ran.err.contains("panicked") && !ran.err.contains("roken pipe"), "{arguments:?}: {ran:#?}");
    }
    let head = place.shell(&format!("'{DRAWLOOM}' list | head -n 1")).exits(0);
    assert_eq!((head.out.lines().count(), head.err.as_str()), (1, ""));
    // Nor one that has gone for the progress and the errors.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran: Ran = place.command(&["replay", "nowhere"]).stderr(writer).output().unwrap().into();
    ran.exits(2);
}

/// No file may grow: what a full disk does, without one.
fn on_a_full_disk(place: &Place, arguments: &str) -> Ran {
    place.shell(&format!("ulimit -f 0; trap '' XFSZ; exec '{DRAWLOOM}' {arguments}"))
}

#[test]
fn a_full_disk_is_exit_3_and_leaves_nothing() {
    let place = Place::new();
    place.with_finding();
    let before = place.names();
    let full = on_a_full_disk(&place, "run bank --seed 1 --record a.replay").exits(3);
    full.complains(&["a.replay", "nothing was written"]);
    let full = on_a_full_disk(&place, "run bank --variant read-modify-write --seeds 0..50").exits(3);
    full.complains(&["found/bank-read-modify-write-", "nothing was written"]);
    on_a_full_disk(&place, "replay lost.replay --record b.replay").exits(3).complains(&["b.replay"]);
    on_a_full_disk(&place, "replay lost.replay --until 50 --dump c.db").exits(3).complains(&["c.db"]);
    assert_eq!(fs::read_dir(place.path("found")).map_or(0, Iterator::count), 0, "no half-written file");
    let _ = fs::remove_dir(place.path("found"));
    assert_eq!(place.names(), before, "no temporary file");
    // A file that was there is not lost.
    let whole = fs::read(place.path("lost.replay")).unwrap();
    on_a_full_disk(&place, "run bank --seed 1 --record lost.replay").exits(3);
    assert!(fs::read(place.path("lost.replay")).unwrap() == whole);
}

#[test]
fn a_folder_that_cannot_be_made_is_exit_3() {
    let place = Place::new();
    fs::write(place.path("file"), "").unwrap();
    let failed = place.drawloom("run counter --variant read-add-write --out file").exits(3);
    failed.complains(&["file", "--out"]);
    place.drawloom("run bank --seed 1 --record file/a.replay").exits(3).complains(&["file/a.replay"]);
}

/// How often something is looked for, every hundredth of a second.
const LOOKS_MAX: u32 = 6_000;

/// Looks again and again, for about a minute at most.
#[expect(clippy::disallowed_methods, reason = "it waits for another process; no simulation runs here")]
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(seen) = look() {
            return seen;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited in vain: {what}");
}

/// The fields of `/proc/PID/stat` from the state on, for what is no zombie.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<String> = text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect();
    (fields[0] != "Z" && fields[0] != "X").then_some(fields)
}

fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|stat| stat[1] == parent.to_string())).collect()
}

/// Starts a run of many seeds, waits until each job has tried some, and gives the jobs' pids.
fn start_many(place: &Place, arguments: &str) -> (Child, Vec<u32>) {
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let mut command = place.command(&arguments);
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let busy = |pid: &u32| {
        // User time, in hundredths of a second.
        stat(*pid).is_some_and(|stat| stat[11].parse::<u64>().unwrap() >= 20)
    };
    let jobs = until("the jobs try seeds", || {
        let jobs = children(run.id());
        (jobs.len() == 2 && jobs.iter().all(busy)).then_some(jobs)
    });
    (run, jobs)
}

fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits for the end of a run, and ends it if it does not end by itself.
fn ended(mut run: Child) -> Ran {
    let mut looks = 0;
    let status = until("the run ends", || {
        looks += 1;
        if looks == LOOKS_MAX - 100 {
            run.kill().unwrap();
        }
        run.try_wait().unwrap()
    });
    let (mut out, mut err) = (String::new(), String::new());
    run.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    run.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    Ran { code: status.code(), out, err }
}

fn no_orphans(jobs: &[u32]) {
    until("the jobs are gone", || jobs.iter().all(|pid| stat(*pid).is_none()).then_some(()));
}

#[test]
fn an_interrupt_ends_with_a_summary_and_no_orphans() {
    for name in ["INT", "TERM"] {
        let place = Place::new();
        let (run, jobs) = start_many(&place, "run bank --seeds 0..100000000 --jobs 2");
        signal(name, run.id());
        let ran = ended(run).exits(130);
        ran.prints(&["interrupted after", "100000000 seeds"]);
        ran.complains(&["runs/s"]);
        no_orphans(&jobs);
        assert_eq!(place.names(), BTreeSet::new());
    }
}

#[test]
fn an_interrupted_proof_says_how_far_it_came() {
    let place = Place::new();
    let search = "run bank --schedule bounded:3 --executions 100000000";
    let mut command = place.command(&search.split(' ').collect::<Vec<_>>());
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let tasks = format!("/proc/{}/task", run.id());
    // Its second thread is the one that waits for signals.
    until("signals are waited for", || (fs::read_dir(&tasks).unwrap().count() > 1).then_some(()));
    signal("INT", run.id());
    ended(run).exits(130).prints(&["not proved", "nothing found in", "are covered"]);
}

#[test]
fn an_interrupt_keeps_what_was_found() {
    let place = Place::new();
    let many =
        "run counter --variant read-add-write --seeds 0..100000000 --jobs 2 --keep-going --format json";
    let (run, jobs) = start_many(&place, many);
    signal("INT", run.id());
    let ran = ended(run).exits(130);
    no_orphans(&jobs);
    let json = ran.json();
    assert_eq!(json["interrupted"], true);
    let kept = json["found"].as_array().unwrap();
    assert!(!kept.is_empty(), "{json}");
    for found in kept {
        let replay = found["replay"].as_str().unwrap();
        place.drawloom(&format!("replay {replay}")).exits(1).prints(&["identical"]);
    }
}

#[test]
fn jobs_do_not_outlive_a_run_that_is_killed() {
    let place = Place::new();
    let (mut run, jobs) = start_many(&place, "run bank --seeds 0..100000000 --jobs 2");
    run.kill().unwrap();
    run.wait().unwrap();
    no_orphans(&jobs);
}

#[test]
fn a_job_that_dies_is_exit_3() {
    let place = Place::new();
    let (run, jobs) = start_many(&place, "run bank --seeds 0..100000000 --jobs 2");
    signal("KILL", jobs[0]);
    let ran = ended(run).exits(3);
    ran.complains(&["job died", "--seeds"]);
    no_orphans(&jobs);
}

#[test]
fn every_workload_runs_with_every_option() {
    let place = Place::new();
    let options = "--backend sqlite --threads 3 --actions 4 --network flaky --faults crash,cancel,swarm \
        --sqlite-journal-mode truncate --sqlite-synchronous extra --sqlite-busy error \
        --sqlite-busy-timeout-ms 10 --jobs 1 --seeds 3..9";
    for workload in drawloom_workloads::ALL {
        place.drawloom(&format!("run {} {options}", workload.name())).exits(0);
    }
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
        "0..256",
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
