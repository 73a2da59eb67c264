//! `drawloom run --schedule bounded:P`: every schedule of a program, or how far that came.

use crate::cli::{Done, Format, RunArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::outside::{self, Status};
use crate::run;
use drawloom_replays::Plan;
use drawloom_replays::proof::{self, Ended};
use drawloom_replays::report::{self, counted};
use drawloom_sim::Host;
use drawloom_sim::source::Explored;
use serde_json::json;
use std::ops::ControlFlow;

/// Searches the program of each seed, until one has a finding.
pub fn prove(args: &RunArgs, plan: &Plan, preemptions: u32) -> Done {
    let found =
        match outside::heed_interrupts(|interrupted| prove_each(args, plan, preemptions, interrupted))? {
            Proved::Found(bytes) => bytes,
            Proved::Ended(exit) => return Ok(exit),
        };
    run::keep_found(args, &found)
}

/// How a search of several seeds ended.
enum Proved {
    /// With this replay of a finding.
    Found(Vec<u8>),
    /// Without any.
    Ended(Exit),
}

fn prove_each(
    args: &RunArgs,
    plan: &Plan,
    preemptions: u32,
    interrupted: &dyn Fn() -> bool,
) -> Result<Proved, Failure> {
    let mut exit = Exit::Nothing;
    let seeds = args.seeds();
    // The last seed of all has no end after it.
    for seed in args.seed.map_or(seeds.start..=seeds.end - 1, |name| name.seed..=name.seed) {
        let (ended, stopped) = search(args, plan, preemptions, seed, interrupted)?;
        let explored = match ended {
            Ended::Found(bytes) => return Ok(Proved::Found(bytes)),
            Ended::Proved(explored) => explored,
            Ended::Unfinished(explored) => {
                exit = Exit::Unproved;
                explored
            }
        };
        outside::print(&tell(args, plan, preemptions, seed, explored));
        if stopped {
            return Ok(Proved::Ended(Exit::Interrupted));
        }
    }
    Ok(Proved::Ended(exit))
}

/// One seed's search, and whether the user stopped it.
fn search(
    args: &RunArgs,
    plan: &Plan,
    preemptions: u32,
    seed: u64,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Ended, bool), Failure> {
    let status = Status::new();
    let mut stopped = false;
    let ended = proof::search(Host::best(), plan, seed, preemptions, &mut |explored| {
        status.show(|| {
            format!("seed {seed}: {}, {}", counted(explored.executions, "execution"), so_far(explored))
        });
        stopped = interrupted();
        if stopped || explored.executions >= args.executions() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    status.end();
    Ok((ended?, stopped))
}

fn so_far(explored: &Explored) -> String {
    match explored.preemptions_covered {
        None => "not even all schedules without preemptions are covered".to_owned(),
        Some(0) => "all schedules without preemptions are covered".to_owned(),
        Some(preemptions) => {
            format!("all schedules with at most {} are covered", counted(preemptions.into(), "preemption"))
        }
    }
}

fn tell(args: &RunArgs, plan: &Plan, preemptions: u32, seed: u64, explored: Explored) -> String {
    if args.format == Format::Json {
        let document = json!({
            "workload": args.workload,
            "variant": args.variant,
            "seed": seed,
            "preemptions": preemptions,
            "executions": explored.executions,
            "preemptions_covered": explored.preemptions_covered,
            "proved": explored.complete,
            "reduced": explored.reduced,
            "found": [],
        });
        return output::document(&output::on(&plan.engine, document));
    }
    let workers =
        if plan.workers == 1 { "this worker".to_owned() } else { format!("these {} workers", plan.workers) };
    let faults: Vec<&str> = plan.faults.kinds.iter().map(|kind| kind.name()).collect();
    let faults =
        if faults.is_empty() { "no faults".to_owned() } else { format!("faults {}", faults.join(", ")) };
    // A run that takes as long as a wait may is not reduced.
    let waits = if explored.reduced { ", no wait timing out" } else { "" };
    let left_out = match plan.left_out.join(", ") {
        names if names.is_empty() => names,
        names => format!(" without {names}"),
    };
    let what = format!(
        "{}, {}{}, {} each{left_out} of {workers} with the data of seed {seed}, {} network, {faults}{waits}",
        args.workload,
        args.variant,
        report::on(&plan.engine),
        counted(plan.actions.into(), "action"),
        plan.network.name(),
    );
    if explored.complete {
        return format!(
            "proved: all schedules with at most {} of {what}: {}, nothing found\n",
            counted(preemptions.into(), "preemption"),
            counted(explored.executions, "execution"),
        );
    }
    let hint = match proof::steps_commute(plan) {
        true => "",
        false => "with --network direct, and without --faults, one of all schedules that commute is enough\n",
    };
    format!(
        "not proved: {what}: nothing found in {}; {}\n\
         make it smaller with --threads and --actions, or allow more with --executions\n{hint}",
        counted(explored.executions, "execution"),
        so_far(&explored)
    )
}
