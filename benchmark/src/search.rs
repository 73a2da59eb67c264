//! The strategies on the three programs, beside Shuttle and Loom.

use crate::outside::time;
use crate::programs::ours::Prepared;
use crate::programs::{Program, looms};
use drawloom_sim::source::{Bounded, Census, Strategy, Survey};

fn census(prepared: &Prepared) -> Census {
    let (survey, census) = Survey::new(0);
    prepared.run(Box::new(survey), false);
    census.take()
}

pub fn random(trials: u64) {
    for program in Program::ALL {
        let prepared = Prepared::new(program);
        let census = census(&prepared);
        let limit = if program == Program::Hard { 20_000 } else { 5_000 };
        for strategy in ["pct:4", "surw", "portfolio"] {
            let strategy: Strategy = strategy.parse().expect("it is one");
            let n = if program == Program::Hard { trials } else { trials };
            let mut all: Vec<u64> = (0..n)
                .map(|trial| {
                    (0..limit)
                        .find(|run| prepared.run(strategy.source(trial * limit + run, &census), false).lost)
                        .map_or(limit, |run| run + 1)
                })
                .collect();
            all.sort();
            let found = all.iter().filter(|n| **n < limit).count();
            let n = all.len();
            let took = time(|| {
                for seed in 0..20_000 {
                    prepared.run(strategy.source(seed, &census), false);
                }
            });
            println!(
                "{} {strategy}: found {found}/{n} mean {:.1} median {} max {}; {:.0}/s",
                program.name(),
                all.iter().sum::<u64>() as f64 / n as f64,
                all[n / 2],
                all[n - 1],
                20_000.0 / took.as_secs_f64()
            );
        }
    }
}

pub fn bounded() {
    for program in Program::ALL {
        let prepared = Prepared::new(program);
        for preemptions in 0..4 {
            let search = Bounded::new(0, preemptions, true);
            let mut found = None;
            while let Some(source) = search.next_source() {
                let ran = prepared.run(source, false);
                if ran.lost && found.is_none() {
                    found = Some(search.coverage().executions);
                }
                if search.coverage().executions > 200_000 {
                    break;
                }
            }
            println!("{} bounded:{preemptions}: {:?} found {found:?}", program.name(), search.coverage());
        }
        let mut all: Vec<u64> = (0..1000)
            .map(|seed| {
                let search = Bounded::new(seed, 2, true);
                while let Some(source) = search.next_source() {
                    if prepared.run(source, false).lost {
                        break;
                    }
                }
                search.coverage().executions
            })
            .collect();
        all.sort();
        println!("mean {} median {} max {}", all.iter().sum::<u64>() as f64 / 1000.0, all[500], all[999]);
        println!("loom {} {}", looms::executions(program, 2, false), looms::executions(program, 2, true));
    }
}
