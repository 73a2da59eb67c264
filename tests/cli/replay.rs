//! `drawloom replay`, and `explain` without more: what is proved, what is refused, what is left.

use crate::place::Place;
use drawloom::codec;
use std::collections::BTreeSet;
use std::fs;

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
    assert_eq!(place.names_in(""), BTreeSet::from(replays), "no temporary file is left");
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

    let files: [(&str, &[u8], i32, &[&str]); 8] = [
        ("empty", b"", 2, &["not a drawloom replay"]),
        ("text", b"hello\n", 2, &["not a drawloom replay"]),
        ("truncated", &whole[..whole.len() - 1], 2, &["truncated"]),
        ("corrupt", &corrupt, 2, &["corrupt"]),
        ("newer", &frame(codec::VERSION + 1, body), 2, &["newer", "5", "4"]),
        ("older", &frame(codec::VERSION - 1, body), 2, &["older", "3", "4"]),
        ("foreign", &frame(codec::VERSION, &foreign), 4, &["not for this drawloom", "coulter", "counter"]),
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
fn a_replay_leaves_the_database_of_a_step() {
    let place = Place::new();
    place.drawloom("run bank --seed 3 --record a.replay").exits(0);
    let events = codec::decode(&fs::read(place.path("a.replay")).unwrap()).unwrap().history.events;
    let last = events.last().unwrap().step.0;
    for step in [8, last / 3, last / 2, last, last + 100] {
        let dumped = place.drawloom(&format!("replay a.replay --until {step} --dump state.db")).exits(0);
        dumped.prints(&["identical", "state.db", &format!("step {}", step.min(last))]);
        let names = ["a.replay", "state.db"].map(str::to_owned);
        assert_eq!(place.names_in(""), BTreeSet::from(names), "one file is enough");
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
