//! How many seeds it takes until something is found, strategy by strategy, in every wrong variant of every
//! workload: in the plans that `run` draws, and in a small one, where there is seldom anything to find. And how
//! much oftener than a seed a mutant fails.

use crate::table;
use drawloom_replays::feedback::Block;
use drawloom_replays::name::BLOCK;
use drawloom_replays::search::Search;
use drawloom_replays::{Plan, Run, Swarm};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::source::Strategy;
use drawloom_sim::{Host, Profile};
use drawloom_workloads::{Variant, Workload};

const STRATEGIES: [&str; 9] =
    ["random", "pct:1", "pct:2", "pct:3", "pct:4", "urw", "surw", "pos", "portfolio"];
/// Trials that a mean is taken over. Each begins at a seed of its own, the same one for all strategies: a
/// seed's data are the same under each of them.
const TRIALS: u64 = 50;
/// How far apart the trials begin.
const APART: u64 = 10_000;
/// Seeds after which a trial is given up.
const SEEDS_MAX: u64 = 1_000;
/// If so many trials all end without a finding, there are no more.
const HOPELESS: usize = 5;

/// Blocks whose seeds and mutants are compared.
const BLOCKS: u64 = 10;

/// Prints a table for each size of plan, and one for the mutants.
pub fn print() {
    println!("Seeds to the first finding: the mean of {TRIALS} trials; > where some ended without one after");
    println!("{SEEDS_MAX} seeds.");
    for small in [false, true] {
        println!("\n{}:\n", if small { "Small plans, direct network" } else { "Drawn plans" });
        let head: Vec<&str> = ["workload, variant", "its plan has"].into_iter().chain(STRATEGIES).collect();
        table::print(
            &head,
            wrong_variants().map(|(workload, variant)| row(workload, variant, small)).collect(),
        );
    }
    println!("\nRuns with a finding, of {BLOCKS} blocks of {BLOCK} seeds and of their mutants, portfolio:\n");
    let head = ["workload, variant", "drawn: seeds", "mutants", "small: seeds", "mutants"];
    table::print(&head, wrong_variants().map(|(workload, variant)| mutants(workload, variant)).collect());
}

fn wrong_variants() -> impl Iterator<Item = (&'static dyn Workload, &'static Variant)> {
    let all = drawloom_workloads::ALL.iter();
    let variants =
        all.flat_map(|workload| workload.variants().iter().map(move |variant| (*workload, variant)));
    variants.filter(|(_, variant)| variant.wrong_on.iter().any(|wrong| wrong.backend == "sqlite"))
}

fn row(workload: &'static dyn Workload, variant: &'static Variant, small: bool) -> Vec<String> {
    let name = format!("{} {}", workload.name(), variant.name);
    let (plan, needs) = plan(workload, variant, small);
    let cell = |strategy| {
        let seeds = seeds_to_finding(&plan, swarm(small), strategy);
        eprintln!("{name}, {strategy}, {}: {seeds} seeds", if small { "small" } else { "drawn" });
        seeds
    };
    [name.clone(), needs.to_owned()].into_iter().chain(STRATEGIES.map(cell)).collect()
}

/// What each seed draws for itself.
fn swarm(small: bool) -> Swarm {
    if small { Swarm::NONE } else { Swarm::FULL }
}

/// The plan, and in the words of the command line what it has for something to be found at all.
fn plan(workload: &'static dyn Workload, variant: &'static Variant, small: bool) -> (Plan, &'static str) {
    let usual = Plan::usual(workload.name(), variant.name).expect("it is in the registry");
    if !small {
        return (usual, "");
    }
    let plan = Plan { workers: 2, actions: 2, network: Profile::Direct, ..usual };
    match variant.name {
        // Only what is lost is tried again.
        "retry-without-key" => (Plan { network: Profile::Flaky, ..plan }, "--network flaky"),
        // Somebody dies in between.
        "charge-before-commit" | "acknowledge-before-work" => {
            let faults = FaultPlan { kinds: vec![Fault::Crash], swarm: false };
            (Plan { faults, ..plan }, "--faults crash")
        }
        _ => (plan, ""),
    }
}

/// The mean number of seeds until the first finding.
fn seeds_to_finding(plan: &Plan, swarm: Swarm, strategy: &str) -> String {
    let fails = failing(plan, swarm, strategy);
    let mut trials: Vec<Option<u64>> = Vec::new();
    let hopeless = |trials: &[Option<u64>]| trials.len() >= HOPELESS && trials.iter().all(Option::is_none);
    while (trials.len() as u64) < TRIALS && !hopeless(&trials) {
        let begin = trials.len() as u64 * APART;
        trials.push((0..SEEDS_MAX).find(|seed| fails(begin + seed)));
    }
    let seeds: u64 = trials.iter().map(|found| found.map_or(SEEDS_MAX, |seed| seed + 1)).sum();
    let mean = seeds as f64 / trials.len() as f64;
    let given_up = if trials.contains(&None) { "> " } else { "" };
    format!("{given_up}{mean:.*}", if mean < 100.0 { 1 } else { 0 })
}

/// Whether a seed's run has a finding.
fn failing(plan: &Plan, swarm: Swarm, strategy: &str) -> impl Fn(u64) -> bool + use<> {
    let strategy = strategy.parse().expect("it is a strategy");
    let search = Search::new(Host::best(), plan.clone(), swarm, strategy).expect("the setup succeeds");
    move |seed| {
        let run = search.run(Host::best(), seed, false).expect("the setup succeeds");
        !run.findings.is_empty()
    }
}

fn mutants(workload: &'static dyn Workload, variant: &'static Variant) -> Vec<String> {
    let name = format!("{} {}", workload.name(), variant.name);
    let shares = [false, true].map(|small| {
        let (plan, _) = plan(workload, variant, small);
        let search = Search::new(Host::best(), plan, swarm(small), Strategy::Portfolio);
        let search = search.expect("the setup succeeds");
        let (mut pure, mut mutants) = (Share::default(), Share::default());
        for first in (0..BLOCKS).map(|block| block * BLOCK) {
            let mut block = Block::new(&search, Host::best());
            (first..first + BLOCK).for_each(|seed| pure.add(&block.pure(seed).expect("the setup succeeds")));
            while let Some((_, run)) = block.mutant().expect("the setup succeeds") {
                mutants.add(&run);
            }
        }
        eprintln!("{name}: {} of seeds, {} of mutants", pure.text(), mutants.text());
        [pure.text(), mutants.text()]
    });
    [name].into_iter().chain(shares.into_iter().flatten()).collect()
}

/// How many of some runs have a finding.
#[derive(Default)]
struct Share {
    failed: u32,
    runs: u32,
}

impl Share {
    fn add(&mut self, run: &Run) {
        self.runs += 1;
        self.failed += u32::from(!run.findings.is_empty());
    }

    fn text(&self) -> String {
        let percent = 100.0 * f64::from(self.failed) / f64::from(self.runs.max(1));
        format!("{percent:.1} % of {}", self.runs)
    }
}
