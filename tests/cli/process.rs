//! drawloom as a process among others: terminals, pipes, full disks, signals, jobs.

use crate::place::{DRAWLOOM, Place, Ran};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};

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
    let before = place.names_in("");
    let full = on_a_full_disk(&place, "run bank --seed 1 --record a.replay").exits(3);
    full.complains(&["a.replay", "nothing was written"]);
    let full = on_a_full_disk(&place, "run bank --variant read-modify-write --seeds 0..50").exits(3);
    full.complains(&["found/bank-read-modify-write-", "nothing was written"]);
    on_a_full_disk(&place, "replay lost.replay --record b.replay").exits(3).complains(&["b.replay"]);
    on_a_full_disk(&place, "replay lost.replay --until 50 --dump c.db").exits(3).complains(&["c.db"]);
    assert_eq!(fs::read_dir(place.path("found")).map_or(0, Iterator::count), 0, "no half-written file");
    let _ = fs::remove_dir(place.path("found"));
    assert_eq!(place.names_in(""), before, "no temporary file");
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
    // What was found is told all the same.
    failed.complains(&["has the finding \"no update is lost\""]);
    fs::create_dir_all(place.path("there/counter-read-add-write-0-shrunk.replay")).unwrap();
    let unshrunk = place.drawloom("run counter --variant read-add-write --seed 0 --out there").exits(3);
    unshrunk.complains(&[
        "no update is lost",
        "(there/counter-read-add-write-0.replay)",
        "could not be shrunk",
    ]);
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
pub fn ended(mut run: Child) -> Ran {
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

/// Interrupts a command once it has said something of its first run, so that it listens; stdout comes without logs.
pub fn interrupted(place: &Place, arguments: &[&str]) -> Ran {
    let log = fs::File::create(place.path("log")).unwrap();
    let mut command = place.command(arguments);
    let run = command.env("RUST_LOG", "debug").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    until("it begins", || (fs::metadata(place.path("log")).unwrap().len() > 0).then_some(()));
    signal("INT", run.id());
    run.wait_with_output().unwrap().into()
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
        assert_eq!(place.names_in(""), BTreeSet::new());
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
fn an_interrupt_while_it_shrinks_keeps_the_smallest_so_far() {
    // Large enough not to be done before the interrupt.
    let large = "run bank --variant read-modify-write --threads 24 --actions 150 --no-swarm --keep-going";
    for seeds in ["--seed 0", "--seeds 0..2 --jobs 1"] {
        let place = Place::new();
        let arguments = format!("{large} {seeds}");
        let mut command = place.command(&arguments.split_whitespace().collect::<Vec<_>>());
        let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let found = place.path("found/bank-read-modify-write-0.replay");
        until("there is a finding", || found.exists().then_some(()));
        signal("INT", run.id());
        ended(run).exits(130).prints(&["found: the total is conserved", "interrupted, so far: "]);
        let shrunk = place.drawloom("replay found/bank-read-modify-write-0-shrunk.replay").exits(1);
        shrunk.prints(&["identical"]);
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
