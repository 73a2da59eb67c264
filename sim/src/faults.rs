//! What breaks, and when: one slot of the actor `faults` that waits, decides, breaks something, and mends
//! it. What breaking means is the [`Target`]'s affair.

use crate::decisions::Lane;
use crate::network::Network;
use crate::sim::Sim;
use crate::units::{Actor, Odds, SimDuration, SimTime};
use std::rc::Rc;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The database, or one worker, dies at once; it comes back.
    Crash,
    /// The database shuts down in good order and comes back.
    Restart,
    /// A worker gets no turn for a while, as under a long garbage collection.
    Pause,
    /// A worker's link is cut for a while.
    Partition,
    /// A worker's statement is cancelled, if it runs one.
    Cancel,
    /// The database's standby takes over; the old primary lives on for a while.
    Failover,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Fault; 6] =
        [Fault::Crash, Fault::Restart, Fault::Pause, Fault::Partition, Fault::Cancel, Fault::Failover];

    /// Those that a database has that has no standby.
    pub const WITHOUT_STANDBY: [Fault; 5] =
        [Fault::Crash, Fault::Restart, Fault::Pause, Fault::Partition, Fault::Cancel];

    /// The kind's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Crash => "crash",
            Fault::Restart => "restart",
            Fault::Pause => "pause",
            Fault::Partition => "partition",
            Fault::Cancel => "cancel",
            Fault::Failover => "failover",
        }
    }
}

/// Which faults a run may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// The kinds that may happen.
    pub kinds: Vec<Fault>,
    /// Each run draws which of the kinds it has, and how often something breaks.
    pub swarm: bool,
}

/// What faults are done to.
pub trait Target {
    /// How many workers there are to choose from.
    fn workers(&self) -> u16;
    /// The database dies, un-synced writes are lost.
    fn crash_database(&self);
    /// The database shuts down in good order.
    fn stop_database(&self);
    /// The database comes back, recovering if it has to.
    fn start_database(&self);
    /// The database's standby takes over. Who is connected stays so, with the old primary, until that is stopped.
    fn fail_over(&self);
    /// The old primary is stopped.
    fn stop_old_primary(&self);
    /// The worker's process dies and is started again, where its next action begins.
    fn crash_worker(&self, worker: Actor);
    /// The worker's statement is cancelled.
    fn cancel(&self, worker: Actor);
    /// The worker stands still until then.
    fn pause(&self, worker: Actor, until: SimTime);
    /// The worker's link is cut until then.
    fn partition(&self, worker: Actor, until: SimTime);
}

/// How often a run may break something: more would be another run.
const OCCASIONS_MAX: u32 = 64;
const WAIT_MIN: SimDuration = SimDuration::millis(2);
const DOWN_MIN: SimDuration = SimDuration::millis(1);
const PAUSE_MIN: SimDuration = SimDuration::millis(1);

/// Breaks things until there were enough occasions, or the slot is killed.
pub async fn inject(sim: Sim, network: Rc<Network>, plan: FaultPlan, target: Rc<dyn Target>) {
    let (kinds, odds) = draw_plan(&sim, &plan);
    if kinds.is_empty() {
        return;
    }
    for _ in 0..OCCASIONS_MAX {
        let wait = sim.choose(Lane::Faults, "wait", 8);
        sim.sleep(SimDuration(WAIT_MIN.0 << wait)).await;
        if !sim.chance(Lane::Faults, "break something", odds) {
            continue;
        }
        let kind = kinds[sim.choose(Lane::Faults, "which fault", kinds.len() as u32) as usize];
        break_something(&sim, &network, kind, &*target).await;
    }
}

fn draw_plan(sim: &Sim, plan: &FaultPlan) -> (Vec<Fault>, Odds) {
    if !plan.swarm {
        return (plan.kinds.clone(), Odds::new(1, 2));
    }
    let mut kinds = plan.kinds.clone();
    kinds.retain(|_| sim.chance(Lane::Faults, "has this kind", Odds::new(1, 2)));
    let rare = [16, 8, 4, 2];
    (kinds, Odds::new(1, rare[sim.choose(Lane::Faults, "how often", 4) as usize]))
}

async fn break_something(sim: &Sim, network: &Network, kind: Fault, target: &dyn Target) {
    let any_worker = |sim: &Sim| {
        let number = sim.choose(Lane::Faults, "which worker", u32::from(target.workers()));
        Actor::worker(number as u16)
    };
    match kind {
        Fault::Crash => {
            let victim = sim.choose(Lane::Faults, "who crashes", 1 + u32::from(target.workers()));
            if victim > 0 {
                target.crash_worker(Actor::worker(victim as u16 - 1));
                return;
            }
            target.crash_database();
            stay_down(sim).await;
            target.start_database();
        }
        Fault::Restart => {
            target.stop_database();
            stay_down(sim).await;
            target.start_database();
        }
        Fault::Pause => {
            let worker = any_worker(sim);
            let length = sim.choose(Lane::Faults, "pause", 12);
            target.pause(worker, sim.now() + SimDuration(PAUSE_MIN.0 << length));
        }
        Fault::Partition => {
            let worker = any_worker(sim);
            let length = sim.choose(Lane::Faults, "partition", 13);
            let until = sim.now() + SimDuration(PAUSE_MIN.0 << length);
            target.partition(worker, until);
            network.cut(worker, until);
        }
        Fault::Cancel => target.cancel(any_worker(sim)),
        Fault::Failover => {
            target.fail_over();
            let length = sim.choose(Lane::Faults, "old primary", 8);
            sim.sleep(SimDuration(PAUSE_MIN.0 << length)).await;
            target.stop_old_primary();
        }
    }
}

async fn stay_down(sim: &Sim) {
    let length = sim.choose(Lane::Faults, "down", 8);
    sim.sleep(SimDuration(DOWN_MIN.0 << length)).await;
}
