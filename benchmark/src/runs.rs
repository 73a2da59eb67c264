//! Whole runs of `bank`, and what a replay of one weighs.

use crate::outside::time;
use crate::table::{Table, rate};
use drawloom_model::Observation;
use drawloom_replays::{Plan, codec, search};
use drawloom_sim::{Host, Profile};

const SEEDS: u64 = 200;

pub fn measure(table: &mut Table) {
    for network in Profile::ALL {
        let mut plan = Plan::usual("bank", "correct").expect("there is a bank");
        plan.network = network;
        let took = (0..5)
            .map(|_| {
                time(|| (0..SEEDS).for_each(|seed| drop(search::run_seed(Host::best(), &plan, seed, false))))
            })
            .min()
            .expect("it was measured");
        let runs = SEEDS as f64 / took.as_secs_f64();
        let what = format!("full runs of bank, {}", network.name());
        table.row(&what, rate(runs), "4 workers, 25 actions".to_owned(), "-".to_owned(), "-");

        let (mut largest, mut bytes, mut statements) = (0, 0, 0);
        for seed in 0..SEEDS {
            let replay = search::record(Host::best(), &plan, seed).expect("the setup succeeds");
            largest = largest.max(replay.len());
            bytes += replay.len();
            let replay = codec::decode(&replay).expect("what was written can be read");
            let calls =
                replay.history.events.iter().filter(|event| matches!(event.what, Observation::Call { .. }));
            statements += calls.count();
        }
        let each = format!("{:.1} B", bytes as f64 / statements as f64);
        let what = format!("replay of bank, {}", network.name());
        let mean = format!("{:.1} KiB on average", bytes as f64 / SEEDS as f64 / 1024.0);
        let largest = format!("{:.1} KiB at most", largest as f64 / 1024.0);
        table.row(&what, format!("{each} a statement"), mean, largest, "<= 24 KiB");
    }
}
