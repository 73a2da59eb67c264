//! Swarm: every seed draws its own configuration. A run in which everything happens a little finds less than
//! many runs in each of which some things happen a lot (Groce et al., ISSTA 2012).

use crate::plan::Plan;
use drawloom_sim::Profile;
use drawloom_sim::faults::FaultPlan;
use drawloom_sim::source::Chance;

/// Which parts of a plan every seed draws for itself; the others are as the plan has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swarm {
    /// Up to as many workers as the plan has, at least 2.
    pub workers: bool,
    /// Up to as many actions as the plan has.
    pub actions: bool,
    /// The network's behaviour.
    pub network: bool,
    /// Which kinds of fault there are, if any.
    pub faults: bool,
    /// Which kinds of action there are.
    pub mix: bool,
}

/// Half the seeds have at most so many actions: a short run is a short story, and takes less time.
const FEW_ACTIONS: u32 = 6;

impl Swarm {
    /// Everything is drawn.
    pub const FULL: Swarm = Swarm { workers: true, actions: true, network: true, faults: true, mix: true };
    /// Nothing is drawn.
    pub const NONE: Swarm =
        Swarm { workers: false, actions: false, network: false, faults: false, mix: false };

    /// The plan of this seed.
    pub fn draw(self, plan: &Plan, seed: u64) -> Plan {
        let mut chance = Chance::new(seed, "swarm");
        let mut drawn = plan.clone();
        // Everything is drawn, and what is pinned is not used: to pin one thing changes no other.
        let workers = 2 + chance.below(u64::from(plan.workers).saturating_sub(1).max(1)) as u16;
        let few = chance.below(2) == 0;
        let actions_max = if few { plan.actions.min(FEW_ACTIONS) } else { plan.actions };
        let actions = 1 + chance.below(u64::from(actions_max.max(1))) as u32;
        let network =
            [Profile::Direct, Profile::Direct, Profile::Lan, Profile::Flaky][chance.below(4) as usize];
        let (calm, often) = (chance.below(2) == 0, chance.below(2) == 0);
        let all = plan.engine.faults();
        let one = all[chance.below(all.len() as u64) as usize];
        let kinds = all.iter().copied().filter(|kind| chance.below(2) == 0 || *kind == one).collect();
        let names: Vec<&str> =
            plan.workload.actions(plan.variant.name).iter().map(|(_, action)| action.name()).collect();
        let kept = chance.below(names.len() as u64) as usize;
        let mut left_out = names.clone();
        left_out.remove(kept);
        left_out.retain(|_| chance.below(4) == 0);
        if self.workers {
            drawn.workers = workers.min(plan.workers);
        }
        if self.actions {
            drawn.actions = actions.min(plan.actions);
        }
        if self.network {
            drawn.network = network;
        }
        if self.faults {
            drawn.faults = FaultPlan { kinds: if calm { Vec::new() } else { kinds }, swarm: !often };
        }
        if self.mix {
            drawn.left_out = left_out;
        }
        drawn
    }
}
