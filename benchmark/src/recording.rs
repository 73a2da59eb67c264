//! What recording costs, in instructions, and what a replay costs, in time.

use crate::outside::{best_of_turns, instructions};
use crate::table::Table;
use drawloom_replays::{Plan, Replay, RunOptions, codec, run, search, verify};
use drawloom_sim::Host;
use drawloom_sim::source::Random;

const RUNS: u64 = 40;

fn plan() -> Plan {
    Plan::usual("bank", "correct").expect("there is a bank")
}

pub fn measure(table: &mut Table) {
    // Both counts include the program's start; a longer and a shorter one differ by the runs alone.
    let count = |kind| Some(instructions(&["runs", kind, "60"])? - instructions(&["runs", kind, "20"])?);
    match (count("bare"), count("recorded")) {
        (Some(bare), Some(recorded)) => {
            let added = 100.0 * (recorded as f64 / bare as f64 - 1.0);
            let per_run = |count: u64| format!("{:.2} M instructions a run", count as f64 / 40.0 / 1e6);
            table.row(
                "recording bank",
                per_run(recorded),
                per_run(bare),
                format!("+{added:.1} %"),
                "<= +5 %",
            );
        }
        _ => table.row(
            "recording bank",
            "SKIPPED".to_owned(),
            "no valgrind here".to_owned(),
            "-".to_owned(),
            "<= +5 %",
        ),
    }
    let (bare, recorded) = best_of_turns(9, || repeat("bare", RUNS), || repeat("recorded", RUNS));
    let millis = |time: std::time::Duration| format!("{:.3} ms", time.as_secs_f64() * 1e3 / RUNS as f64);
    let ratio = |ours: std::time::Duration, beside: std::time::Duration| {
        format!("{:.2} x", ours.as_secs_f64() / beside.as_secs_f64())
    };
    table.row("recording bank, time", millis(recorded), millis(bare), ratio(recorded, bare), "-");

    let plan = plan();
    let replays: Vec<Replay> = (0..RUNS)
        .map(|seed| search::record(Host::best(), &plan, seed).expect("the setup succeeds"))
        .map(|bytes| codec::decode(&bytes).expect("what was written can be read"))
        .collect();
    let replay_all = || {
        for replay in &replays {
            let verified = Host::best().run(|| verify(replay, RunOptions::default()));
            assert_eq!(verified.expect("the setup succeeds").0, drawloom_replays::Verdict::Identical);
        }
    };
    let (bare, replayed) = best_of_turns(9, || repeat("bare", RUNS), replay_all);
    table.row("replaying bank, time", millis(replayed), millis(bare), ratio(replayed, bare), "<= 1.2 x");
}

/// Runs seeds, and records and encodes them if that is the kind.
pub fn repeat(kind: &str, runs: u64) {
    let plan = plan();
    let record = kind == "recorded";
    for seed in 0..runs {
        let options = RunOptions { record, ..RunOptions::default() };
        let ended = Host::best().run(|| run(&plan, Box::new(Random::new(seed)), options));
        let ended = ended.expect("the setup succeeds");
        if record {
            assert!(!codec::encode(&Replay::new(&plan, seed, ended)).is_empty());
        }
    }
}
