//! Many runs of mixed workloads, each replayed: a run that is not the same again is a divergence.

use drawloom_replays::{Plan, Replay, RunOptions, Verdict, codec, plan, run, verify};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::source::Random;
use drawloom_sim::{Host, Profile};

/// Runs and replays so many seeds, over all variants, networks and faults in turn. Ends the program with 1
/// if any diverges.
pub fn count(runs: u64) {
    let variants: Vec<(&str, &str)> = drawloom_workloads::ALL
        .iter()
        .flat_map(|workload| workload.variants().iter().map(|variant| (workload.name(), variant.name)))
        .collect();
    let mut diverged = 0;
    for seed in 0..runs {
        let (workload, variant) = variants[(seed % variants.len() as u64) as usize];
        let plan = mixed(workload, variant, seed / variants.len() as u64);
        let options = RunOptions { record: true, ..RunOptions::default() };
        let first = Host::best().run(|| run(&plan, Box::new(Random::new(seed)), options)).expect("it begins");
        let replay = Replay::new(&plan, seed, first);
        let (verdict, again) = Host::best().run(|| verify(&replay, options)).expect("it begins");
        let same_bytes = codec::encode(&replay) == codec::encode(&Replay::new(&plan, seed, again));
        if verdict != Verdict::Identical || !same_bytes {
            diverged += 1;
            println!("DIVERGED: {workload} {variant} seed {seed}: {verdict:?}");
        }
        if seed % 1_000 == 999 {
            eprintln!("{} runs, {diverged} divergences", seed + 1);
        }
    }
    println!("{runs} runs of {} variants, each replayed: {diverged} divergences", variants.len());
    if diverged > 0 {
        std::process::exit(1);
    }
}

fn mixed(workload: &str, variant: &str, number: u64) -> Plan {
    let usual = Plan::usual(workload, variant).expect("it is in the registry");
    let network = Profile::ALL[(number % 3) as usize];
    let faults = match number / 3 % 2 {
        0 => FaultPlan::default(),
        _ => FaultPlan { kinds: Fault::WITHOUT_STANDBY.to_vec(), swarm: true },
    };
    let variant = plan::variant(usual.workload, variant).expect("it is in the registry");
    Plan { variant, network, faults, actions: 10, ..usual }
}
