//! `drawloom run`: try seeds, keep what is found.

use crate::cli::{Done, Format, RunArgs};
use crate::exit::{Exit, Failure};
use crate::jobs::{self, Tried};
use crate::outside::{self, Progress};
use crate::{output, prove, shrink};
use drawloom_replays::search::Search;
use drawloom_replays::shrink::Shrunk;
use drawloom_replays::{Replay, codec, report};
use drawloom_sim::Host;
use drawloom_sim::source::Strategy;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Tries seeds.
pub fn run(args: &RunArgs) -> Done {
    let plan = args.plan()?;
    if let Strategy::Bounded { preemptions } = args.schedule {
        return prove::prove(args, &plan, preemptions);
    }
    let search = Search::new(Host::best(), plan, args.schedule)?;
    if args.as_job {
        return jobs::serve(&search, args.keep_going).map(|()| Exit::Nothing);
    }
    let (tried, kept) = match args.seed {
        Some(seed) => run_one(args, &search, seed)?,
        None => run_many(args, &search)?,
    };
    report(args, &tried, &kept);
    Ok(match (tried.interrupted, kept.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Nothing,
        (false, false) => Exit::Finding,
    })
}

/// A finding that was kept.
pub(crate) struct Kept {
    replay: Replay,
    path: PathBuf,
    shrunk: Option<(Shrunk, PathBuf)>,
}

/// Keeps a replay with a finding, and what it shrinks to.
pub(crate) fn keep(args: &RunArgs, seed: u64, bytes: &[u8]) -> Result<Kept, Failure> {
    let path = args.record.clone().unwrap_or_else(|| path_of(args, seed));
    outside::write(&path, bytes)?;
    let replay = codec::decode(bytes).expect("what was just written can be read");
    let shrunk = if args.no_shrink { None } else { Some(shrink::beside(&replay, &path)?) };
    Ok(Kept { replay, path, shrunk })
}

fn run_one(args: &RunArgs, search: &Search, seed: u64) -> Result<(Tried, Vec<Kept>), Failure> {
    outside::exit_on_interrupt();
    let bytes = search.record(Host::best(), seed)?;
    let replay = codec::decode(&bytes).expect("what was just written can be read");
    let simulated = replay.history.events.last().map_or(0, |event| event.at.0);
    let tried = Tried { seeds: 1, simulated: drawloom_sim::SimDuration(simulated), ..Tried::default() };
    if !replay.findings.is_empty() {
        return Ok((tried, vec![keep(args, seed, &bytes)?]));
    }
    if let Some(path) = &args.record {
        outside::write(path, &bytes)?;
    }
    Ok((tried, Vec::new()))
}

fn run_many(args: &RunArgs, search: &Search) -> Result<(Tried, Vec<Kept>), Failure> {
    let seeds = args.seeds();
    let progress = Progress::of(seeds.end - seeds.start);
    let jobs = args.jobs.unwrap_or_else(outside::cores);
    let tried = jobs::try_seeds(seeds, args.keep_going, jobs, &progress);
    let took = progress.end();
    let tried = tried?;
    remark_rate(&tried, took.as_secs_f64());
    let mut keep = jobs::one_of_each(&tried.hits);
    if !args.keep_going {
        keep.truncate(1);
    }
    let kept = keep.into_iter().map(|seed| keep_seed(args, search, seed)).collect::<Result<_, _>>()?;
    Ok((tried, kept))
}

fn remark_rate(tried: &Tried, seconds: f64) {
    let simulated = tried.simulated.0 as f64 / 1e6;
    outside::remark(&format!(
        "{} seed{} in {seconds:.1} s ({:.0} seeds/s), {simulated:.0} s simulated ({:.0} times as fast as time)",
        tried.seeds,
        if tried.seeds == 1 { "" } else { "s" },
        tried.seeds as f64 / seconds.max(1e-9),
        simulated / seconds.max(1e-9)
    ));
}

/// Runs a seed again on a fresh thread, and keeps its replay.
fn keep_seed(args: &RunArgs, search: &Search, seed: u64) -> Result<Kept, Failure> {
    let bytes = search.record(Host::best(), seed)?;
    let replay = codec::decode(&bytes).expect("what was just written can be read");
    if replay.findings.is_empty() {
        return Err(Failure::infrastructure(format!(
            "seed {seed} had a finding in a job and has none on a fresh thread: drawloom is not deterministic here, \
             which is a bug in drawloom; please report it with the command line"
        )));
    }
    keep(args, seed, &bytes)
}

fn path_of(args: &RunArgs, seed: u64) -> PathBuf {
    args.out.join(format!("{}-{}-{seed}.replay", args.workload, args.variant))
}

/// Reports what a systematic search found.
pub(crate) fn report_found(args: &RunArgs, kept: &[Kept]) {
    report(args, &Tried { seeds: 1, ..Tried::default() }, kept);
}

fn report(args: &RunArgs, tried: &Tried, kept: &[Kept]) {
    outside::print(&match args.format {
        Format::Human => text(args, tried, kept),
        Format::Json => output::document(&document(args, tried, kept)),
    });
}

fn text(args: &RunArgs, tried: &Tried, kept: &[Kept]) -> String {
    let mut text = String::new();
    let seeds = args.seeds();
    for Kept { replay, path, .. } in kept {
        let path = path.display().to_string();
        for finding in &replay.findings {
            text += &report::finding(finding, replay.header.seed, Some(&path));
        }
    }
    if tried.interrupted {
        text += &format!("interrupted after {} of {} seeds\n", tried.seeds, seeds.end - seeds.start);
    } else if kept.is_empty() {
        let tried = match args.seed {
            Some(seed) => format!("seed {seed}"),
            None => format!("seeds {}..{}", seeds.start, seeds.end),
        };
        text += &format!("nothing found: {}, {}, {tried}\n", args.workload, args.variant);
        if let Some(path) = &args.record {
            text += &format!("recorded in {}\n", path.display());
        }
    }
    if args.keep_going && !kept.is_empty() {
        let (hits, kinds) = (tried.hits.len(), kept.len());
        let plural = if kinds == 1 { "" } else { "s" };
        text += &format!("{hits} seeds have a finding, of {kinds} kind{plural}\n");
    }
    for (index, kept) in kept.iter().enumerate() {
        if index == 0 {
            text += "\n";
        }
        text += &match &kept.shrunk {
            Some((shrunk, path)) => shrink::text(shrunk, path),
            None => shrink::commands(&kept.path),
        };
    }
    text
}

fn document(args: &RunArgs, tried: &Tried, kept: &[Kept]) -> Value {
    let findings: Vec<Value> = kept
        .iter()
        .map(|kept| {
            let findings: Vec<Value> = kept.replay.findings.iter().map(output::finding).collect();
            json!({
                "seed": kept.replay.header.seed,
                "replay": kept.path.display().to_string(),
                "command": shrink::command("replay", &kept.path),
                "shrunk": kept.shrunk.as_ref().map(|(_, path)| path.display().to_string()),
                "findings": findings,
            })
        })
        .collect();
    let seeds = args.seeds();
    json!({
        "workload": args.workload,
        "variant": args.variant,
        "seeds": { "from": seeds.start, "to": seeds.end },
        "tried": tried.seeds,
        "hits": tried.hits.len().max(kept.len()),
        "interrupted": tried.interrupted,
        "found": findings,
    })
}
