//! The strategies on the three programs, beside Shuttle and Loom: how many schedules a second, and how many
//! until the bug shows.

use crate::outside::best_of_turns;
use crate::programs::ours::Prepared;
use crate::programs::shuttles::{self, Ran};
use crate::programs::{Program, looms};
use crate::table::{Table, rate};
use drawloom_sim::source::{Bounded, Census, Strategy, Survey};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, UrwRandomScheduler};
use std::cell::Cell;
use std::time::Duration;

/// Runs that a rate is measured over in a turn.
const RUNS: u64 = 5_000;
const TURNS: u32 = 5;
/// Trials that a mean is taken over.
const TRIALS: u64 = 1_000;
/// Runs after which a trial is given up.
const RUNS_MAX: u64 = 20_000;
const PREEMPTIONS: u32 = 2;

pub fn measure(table: &mut Table) {
    for program in Program::ALL {
        let prepared = Prepared::new(program);
        let census = census(&prepared);
        rates(table, program, &prepared, &census);
        for strategy in ["random", "urw", "surw", "pct:4", "portfolio"] {
            means(table, program, &prepared, &census, strategy.parse().expect("it is a strategy"));
        }
        bounded(table, program, &prepared);
    }
}

/// What the program's runs are like.
pub fn census(prepared: &Prepared) -> Census {
    let (survey, census) = Survey::new(0);
    prepared.run(Box::new(survey), false);
    census.take()
}

/// Schedules a second, strategy by strategy. All of them are prepared once a turn, on either side.
fn rates(table: &mut Table, program: Program, prepared: &Prepared, census: &Census) {
    let iterations = RUNS as usize;
    let shuttle = |strategy: &str| match strategy {
        "random" => shuttles::run(program, RandomScheduler::new_from_seed(1, iterations)),
        "pct:3" => shuttles::run(program, PctScheduler::new_from_seed(1, 3, iterations)),
        _ => shuttles::run(program, UrwRandomScheduler::new_from_seed(1, iterations)),
    };
    for strategy in ["random", "pct:3", "urw"] {
        let ours = || sample(prepared, census, strategy.parse().expect("it is a strategy"));
        beside_shuttle(table, program, strategy, ours, strategy, || shuttle(strategy));
    }
    // To explore each schedule, as Shuttle's `dfs` does, and to know of most that they need not be explored,
    // are two kinds of work.
    for (what, reduce) in [("bounded:3", true), ("bounded:3, not reduced", false)] {
        let executions = explore(prepared, reduce).schedules;
        let searches = (RUNS / executions).max(1);
        let dfs = || shuttles::run(program, DfsScheduler::new(Some(executions as usize), false));
        let what = format!("{what}, searches of {executions}");
        let ours = || (0..searches).map(|_| explore(prepared, reduce)).sum();
        beside_shuttle(table, program, &what, ours, "dfs", || (0..searches).map(|_| dfs()).sum());
    }
}

/// One row: schedules a second.
fn beside_shuttle(
    table: &mut Table,
    program: Program,
    what: &str,
    ours: impl Fn() -> Ran,
    scheduler: &str,
    theirs: impl Fn() -> Ran,
) {
    let (our, their) = (Cell::new(Ran::default()), Cell::new(Ran::default()));
    let (ours, theirs) = best_of_turns(TURNS, || our.set(ours()), || their.set(theirs()));
    let per_second = |ran: Ran, took: Duration| ran.schedules as f64 / took.as_secs_f64();
    let (ours, theirs) = (per_second(our.get(), ours), per_second(their.get(), theirs));
    let per_run = |ran: Ran| ran.points as f64 / ran.schedules as f64;
    let points = |ran: Ran| format!("{:.0} points", per_run(ran));
    let ratio = ours / theirs;
    let ratio_of_points = ratio * per_run(our.get()) / per_run(their.get());
    table.row(
        &format!("{}, {what}", program.name()),
        format!("{}, {}", rate(ours), points(our.get())),
        format!("shuttle {scheduler} {}, {}", rate(theirs), points(their.get())),
        format!("{ratio:.2} x ({ratio_of_points:.2} x in points)"),
        ">= 1 x",
    );
}

/// One schedule a seed.
fn sample(prepared: &Prepared, census: &Census, strategy: Strategy) -> Ran {
    let ran = |seed| prepared.run(strategy.source(seed, census), false);
    let points = (0..RUNS).map(|seed| u64::from(ran(seed).points)).sum();
    Ran { schedules: RUNS, points }
}

/// One systematic search, as far as it is worth measuring.
fn explore(prepared: &Prepared, reduce: bool) -> Ran {
    let search = Bounded::new(0, 3, reduce);
    let mut explored = Ran::default();
    while explored.schedules < RUNS
        && let Some(source) = search.next_source()
    {
        explored.schedules += 1;
        explored.points += u64::from(prepared.run(source, false).points);
    }
    explored
}

/// How many schedules it takes to the bug, on average. Where a strategy has to look at a run first, that run
/// counts.
fn means(table: &mut Table, program: Program, prepared: &Prepared, census: &Census, strategy: Strategy) {
    // What hardly ever finds it need not be tried a thousand times.
    let hopeless =
        program == Program::Hard && matches!(strategy, Strategy::Random | Strategy::Urw | Strategy::Surw);
    let trials = if hopeless { TRIALS / 100 } else { TRIALS };
    let looks = u64::from(strategy.needs_census());
    let tried = (0..trials).map(|trial| {
        let seeds = trial * RUNS_MAX..(trial + 1) * RUNS_MAX;
        let found = seeds.clone().find(|seed| prepared.run(strategy.source(*seed, census), false).lost);
        found.map_or(RUNS_MAX, |seed| seed - seeds.start + 1 + looks)
    });
    let mut tried: Vec<u64> = tried.collect();
    tried.sort_unstable();
    let found = tried.iter().filter(|runs| **runs < RUNS_MAX).count();
    let mean = tried.iter().sum::<u64>() as f64 / trials as f64;
    let at = |part: usize| tried[(tried.len() * part / 100).min(tried.len() - 1)];
    let more = if found < tried.len() { "> " } else { "" };
    let asked = match (program, strategy) {
        (Program::Mid, Strategy::Portfolio) => "mean <= 6",
        (Program::Hard, Strategy::Portfolio) => "<= 1,000, <= 2 x the best",
        _ => "-",
    };
    table.row(
        &format!("{} to the bug, {strategy}", program.name()),
        format!("mean {more}{mean:.1}, median {}", at(50)),
        format!("95 of 100 within {}", at(95)),
        format!("{found} of {trials} found"),
        asked,
    );
}

/// How many executions a proof takes, and how many it takes to the bug.
fn bounded(table: &mut Table, program: Program, prepared: &Prepared) {
    let proof = Bounded::new(0, PREEMPTIONS, true);
    while let Some(source) = proof.next_source() {
        prepared.run(source, false);
    }
    let (ours, theirs) =
        (proof.explored().executions, looms::executions(program, PREEMPTIONS as usize, false));
    let row = |table: &mut Table, what: &str, ours: String, mean: f64, theirs: u64, asked: &str| {
        let what = format!("{} {what}, bounded:{PREEMPTIONS}", program.name());
        table.row(&what, ours, format!("loom {theirs}"), format!("{:.2}", mean / theirs as f64), asked);
    };
    let asked = if program == Program::Hard { "<= 1,437" } else { "-" };
    row(table, "proof", format!("{ours} executions"), ours as f64, theirs, asked);

    let to_bug = |seed| {
        let search = Bounded::new(seed, PREEMPTIONS, true);
        while let Some(source) = search.next_source() {
            if prepared.run(source, false).lost {
                break;
            }
        }
        search.explored().executions
    };
    let found: Vec<u64> = (0..TRIALS).map(to_bug).collect();
    let (mean, most) = (found.iter().sum::<u64>() as f64 / TRIALS as f64, found.iter().max().copied());
    let theirs = looms::executions(program, PREEMPTIONS as usize, true);
    let asked = if program == Program::Hard { "<= 200" } else { "-" };
    let ours = format!("mean {mean:.1}, at most {}", most.unwrap_or_default());
    row(table, "to the bug", ours, mean, theirs, asked);
}
