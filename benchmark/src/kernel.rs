//! The kernel beside shuttle: 8 tasks, 1,000 yields each, every turn a recorded random decision.

use crate::outside::best_of_turns;
use crate::table::{Table, rate};
use drawloom_sim::executor::Until;
use drawloom_sim::source::Random;
use drawloom_sim::{Actor, Executor, Host, Outcome, RunShape};

const TASKS: u16 = 8;
const YIELDS: u32 = 1_000;
const RUNS: u64 = 20;

pub fn measure(table: &mut Table) {
    let (ours, shuttle) = best_of_turns(7, || (0..RUNS).for_each(ours), shuttles);
    let steps = (RUNS * u64::from(TASKS) * u64::from(YIELDS)) as f64;
    let (ours, shuttle) = (steps / ours.as_secs_f64(), steps / shuttle.as_secs_f64());
    let ratio = format!("{:.1} x", ours / shuttle);
    table.row("kernel, steps", rate(ours), format!("shuttle {}", rate(shuttle)), ratio, ">= 5 x");
}

/// Runs the toy alone, for a profiler.
pub fn repeat(runs: u64) {
    (0..runs).for_each(ours);
}

fn ours(seed: u64) {
    let shape = RunShape { workers: TASKS, actions: 0 };
    Host::best().run(|| {
        let mut executor = Executor::new(Box::new(Random::new(seed)), &shape, true, u32::MAX);
        let sim = executor.sim();
        for task in 0..TASKS {
            let yielding = sim.clone();
            sim.spawn(Actor::worker(task), "toy", true, async move {
                for _ in 0..YIELDS {
                    yielding.turn().await;
                }
            });
        }
        let outcome = executor.run(Until::AllDone);
        assert_eq!(outcome, Outcome::Finished);
        let ending = executor.finish(&outcome);
        assert!(!ending.tape.expect("it was recorded").is_empty());
    });
}

fn shuttles() {
    let toy = || {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                shuttle::thread::spawn(|| {
                    for _ in 0..YIELDS {
                        shuttle::thread::yield_now();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.join().expect("the toy does not panic");
        }
    };
    shuttle::check_random(toy, RUNS as usize);
}
