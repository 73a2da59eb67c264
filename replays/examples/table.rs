#![allow(clippy::disallowed_methods)]
use drawloom_replays::{Plan, codec, lanes, search, shrink};
use drawloom_sim::{Host, Profile};
use drawloom_sim::faults::{Fault, FaultPlan};
use std::ops::ControlFlow;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mode = args.first().map(String::as_str).unwrap_or("lan");
    let only = args.get(1).cloned();
    let draw = args.get(2).is_some();
    let want: usize = std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    for workload in drawloom_workloads::ALL {
        for variant in workload.variants().iter().filter(|v| v.wrong_on.iter().any(|w| w.backend == "sqlite")) {
            let name = format!("{}/{}", workload.name(), variant.name);
            if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) { continue; }
            let mut plan = Plan::usual(workload.name(), variant.name).unwrap();
            if mode == "flaky" { plan.network = Profile::Flaky; plan.faults = FaultPlan { kinds: Fault::ALL.to_vec(), swarm: true }; }
            let mut found = 0;
            for seed in 0..3000 {
                if found == want { break; }
                if search::run_seed(Host::best(), &plan, seed, false).unwrap().findings.is_empty() { continue; }
                found += 1;
                let replay = codec::decode(&search::record(Host::best(), &plan, seed).unwrap()).unwrap();
                let begun = std::time::Instant::now();
                let shrunk = shrink::shrink(&replay, &mut |_| ControlFlow::Continue(())).unwrap();
                let a = &shrunk.after;
                println!("{name:32} seed {seed:4} {:5} ex {:4} ms | w {} a {} f {} k {} net {} st {} len {} pre {} ov {} dec {} sum {} plan {}x{}",
                    shrunk.executions, begun.elapsed().as_millis(), a.workers, a.actions, a.faults, a.fault_kinds, a.network, a.statements, a.length, a.preemptions, a.overrides, a.decisions, a.sum, shrunk.replay.plan.workers, shrunk.replay.plan.actions);
                if draw { println!("{}", lanes::draw(&shrunk.replay.history, &shrunk.replay.findings, &lanes::Style { width: 100, color: false })); println!("{:?}", shrunk.replay.tape); }
            }
        }
    }
}
