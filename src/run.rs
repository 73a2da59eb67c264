//! `drawloom run`: try seeds, keep what is found.

use crate::cli::{Done, Format, RunArgs};
use crate::exit::{Exit, Failure};
use crate::jobs::{self, Tally, Tried, Trying};
use crate::outside::{self, Progress};
use crate::{engine, output, prove, shrink};
use drawloom_replays::search::Search;
use drawloom_replays::shrink::Shrunk;
use drawloom_replays::{Engine, Name, Replay, codec, report};
use drawloom_sim::Host;
use drawloom_sim::source::Strategy;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Tries seeds.
pub fn run(args: &RunArgs) -> Done {
    let plan = args.plan()?;
    args.refuse_idle_options()?;
    if let Some(hint) = engine::hint(&plan)
        && !args.as_job
    {
        outside::remark(&hint);
    }
    if let Strategy::Bounded { preemptions } = args.schedule {
        return prove::prove(args, &plan, preemptions);
    }
    let search = Search::new(Host::best(), plan.clone(), args.swarm(), args.schedule)?;
    if args.as_job {
        return jobs::serve(&search, trying(args)).map(|()| Exit::Nothing);
    }
    let (mut tried, kept) = match args.seed {
        Some(name) => run_one(args, &search, name)?,
        None => run_many(args, &search)?,
    };
    tried.tally.coverage.complete(&plan, args.swarm());
    report(args, &plan.engine, &tried, &kept);
    Ok(match (tried.interrupted || kept.iter().any(Kept::is_interrupted), kept.is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Nothing,
        (false, false) => Exit::Finding,
    })
}

fn trying(args: &RunArgs) -> Trying {
    Trying { keep_going: args.keep_going, feedback: !args.no_feedback }
}

/// A finding that was kept.
struct Kept {
    replay: Replay,
    path: PathBuf,
    shrunk: Option<(Shrunk, PathBuf)>,
}

impl Kept {
    fn is_interrupted(&self) -> bool {
        self.shrunk.as_ref().is_some_and(|(shrunk, _)| shrunk.interrupted)
    }
}

/// Keeps a replay with a finding, and what it shrinks to.
fn keep(args: &RunArgs, bytes: &[u8], replay: Replay) -> Result<Kept, Failure> {
    let path = args.record.clone().unwrap_or_else(|| path_of(args, &replay));
    let fails = || {
        let names = replay.findings.iter().map(|finding| format!("\"{}\"", finding.signature.name));
        format!("seed {} has the finding {}", replay.header.name, names.collect::<Vec<_>>().join(", "))
    };
    outside::write(&path, bytes)
        .map_err(|failure| failure.after(&format!("{}, but its replay could not be kept", fails())))?;
    // Who has interrupted does not wait for it to begin.
    if args.no_shrink || outside::is_interrupted() {
        return Ok(Kept { replay, path, shrunk: None });
    }
    let shrunk = shrink::beside(&replay, &path).map_err(|failure| {
        failure.after(&format!("{} ({}), but it could not be shrunk", fails(), path.display()))
    })?;
    Ok(Kept { replay, path, shrunk: Some(shrunk) })
}

fn run_one(args: &RunArgs, search: &Search, name: Name) -> Result<(Tried, Vec<Kept>), Failure> {
    outside::exit_on_interrupt();
    let bytes = search.record(Host::best(), name)?;
    let replay = decode(&bytes);
    let mut tally = Tally { seeds: 1, ..Tally::default() };
    tally.simulated.0 = replay.history.events.last().map_or(0, |event| event.at.0);
    tally.coverage.add(&replay.history);
    let tried = Tried { tally, ..Tried::default() };
    if !replay.findings.is_empty() {
        return Ok((tried, vec![keep(args, &bytes, replay)?]));
    }
    if let Some(path) = &args.record {
        outside::write(path, &bytes)?;
    }
    Ok((tried, Vec::new()))
}

fn run_many(args: &RunArgs, search: &Search) -> Result<(Tried, Vec<Kept>), Failure> {
    let seeds = args.seeds();
    let mut progress = Progress::of(seeds.end - seeds.start);
    let jobs = args.jobs.unwrap_or_else(outside::cores);
    let tried = jobs::try_seeds(seeds, trying(args), jobs, &mut progress);
    let took = progress.end();
    let tried = tried?;
    remark_rate(&tried.tally, took.as_secs_f64());
    let mut keep = jobs::one_of_each(&tried.hits);
    if !args.keep_going {
        keep.truncate(1);
    }
    let kept = keep.into_iter().map(|name| keep_run(args, search, name)).collect::<Result<_, _>>()?;
    Ok((tried, kept))
}

fn remark_rate(tally: &Tally, seconds: f64) {
    let simulated = tally.simulated.0 as f64 / 1e6;
    outside::remark(&format!(
        "{} in {seconds:.1} s ({:.0} runs/s), {simulated:.0} s simulated ({:.0} times as fast as time)",
        counted_runs(tally),
        (tally.seeds + tally.mutants) as f64 / seconds.max(1e-9),
        simulated / seconds.max(1e-9)
    ));
}

fn counted_runs(tally: &Tally) -> String {
    let seeds = report::counted(tally.seeds, "seed");
    match tally.mutants {
        0 => seeds,
        mutants => format!("{seeds} and {}", report::counted(mutants, "mutant")),
    }
}

/// Runs it again on a fresh thread, and keeps its replay.
fn keep_run(args: &RunArgs, search: &Search, name: Name) -> Result<Kept, Failure> {
    let bytes = search.record(Host::best(), name)?;
    let replay = decode(&bytes);
    if replay.findings.is_empty() {
        return Err(Failure::infrastructure(format!(
            "seed {name} had a finding in a job and has none on a fresh thread: drawloom is not deterministic here, \
             which is a bug in drawloom; please report it with the command line"
        )));
    }
    keep(args, &bytes, replay)
}

fn decode(bytes: &[u8]) -> Replay {
    codec::decode(bytes).expect("what was just written can be read")
}

fn path_of(args: &RunArgs, replay: &Replay) -> PathBuf {
    args.out.join(format!("{}-{}.replay", replay.plan.stem(), replay.header.name))
}

/// Keeps and reports what a systematic search found.
pub(crate) fn keep_found(args: &RunArgs, bytes: &[u8]) -> Done {
    let kept = keep(args, bytes, decode(bytes))?;
    let (interrupted, engine) = (kept.is_interrupted(), kept.replay.plan.engine.clone());
    let tally = Tally { seeds: 1, ..Tally::default() };
    report(args, &engine, &Tried { tally, ..Tried::default() }, &[kept]);
    Ok(if interrupted { Exit::Interrupted } else { Exit::Finding })
}

fn report(args: &RunArgs, engine: &Engine, tried: &Tried, kept: &[Kept]) {
    outside::print(&match args.format {
        Format::Human => text(args, engine, tried, kept),
        Format::Json => output::document(&output::on(engine, document(args, tried, kept))),
    });
}

fn text(args: &RunArgs, engine: &Engine, tried: &Tried, kept: &[Kept]) -> String {
    let mut text = String::new();
    let seeds = args.seeds();
    for Kept { replay, path, .. } in kept {
        let path = path.display().to_string();
        for finding in &replay.findings {
            text += &report::finding(finding, replay.header.name, &replay.plan.engine, Some(&path));
        }
    }
    if tried.interrupted {
        text += &format!("interrupted after {} of {} seeds\n", tried.tally.seeds, seeds.end - seeds.start);
    } else if kept.is_empty() {
        let tried = match args.seed {
            Some(name) => format!("seed {name}"),
            None => format!("seeds {}..{}", seeds.start, seeds.end),
        };
        let on = report::on(engine);
        text += &format!("nothing found: {}, {}{on}, {tried}\n", args.workload, args.variant);
        if let Some(path) = &args.record {
            text += &format!("recorded in {}\n", path.display());
        }
    }
    if args.keep_going && !kept.is_empty() {
        let (hits, kinds) = (tried.hits.len(), kept.len());
        text += &format!("{hits} runs have a finding, of {}\n", report::counted(kinds as u64, "kind"));
    }
    let coverage = &tried.tally.coverage;
    if args.coverage {
        text += &format!("\n{}", coverage.matrix());
    } else if args.seed.is_none() && !tried.interrupted && (args.keep_going || kept.is_empty()) {
        // What was cut short says nothing about what is not reached.
        coverage.never().iter().for_each(|line| text += &format!("{line}\n"));
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
                "seed": kept.replay.header.name.seed,
                "mutant": kept.replay.header.name.mutant,
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
        "tried": tried.tally.seeds,
        "mutants": tried.tally.mutants,
        "hits": tried.hits.len().max(kept.len()),
        "interrupted": tried.interrupted || kept.iter().any(Kept::is_interrupted),
        "coverage": tried.tally.coverage,
        "found": findings,
    })
}
