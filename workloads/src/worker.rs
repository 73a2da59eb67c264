//! A worker: actions in a row.

use crate::{Client, Workload};
use drawloom_model::Observation;
use drawloom_sim::{Footprint, Lane};
use std::rc::Rc;

/// What a worker of a run is to do.
#[derive(Clone)]
pub struct WorkerPlan {
    /// The workload.
    pub workload: &'static dyn Workload,
    /// Its variant.
    pub variant: &'static str,
    /// How many actions the worker has, those it rests in counted too.
    pub actions: u32,
    /// The kinds of action that this run does without.
    pub left_out: Rc<[&'static str]>,
}

/// Does the actions that the worker has left. A worker that died goes on here with its next one.
///
/// What an action is, is one decision: 0 is to rest, so that an action can be left out of a tape without
/// moving any other.
pub async fn work(plan: WorkerPlan, mut client: Client) {
    let mut actions = plan.workload.actions(plan.variant);
    actions.retain(|(_, action)| !plan.left_out.contains(&action.name()));
    let total: u32 = actions.iter().map(|(weight, _)| weight).sum();
    let sim = client.wiring().sim.clone();
    // Up to its first statement a worker only draws, and its draws are its own.
    sim.touch(Footprint::Nothing);
    while sim.action() < plan.actions {
        sim.begin_action();
        let drawn = sim.choose(Lane::Work, "action", 1 + total);
        let Some(mut place) = drawn.checked_sub(1) else { continue };
        let action = actions.iter().find_map(|(weight, action)| {
            let here = place < *weight;
            place = place.wrapping_sub(*weight);
            here.then_some(action)
        });
        let action = action.expect("a draw below the total weight falls on an action");
        client.record(Observation::Action { name: action.name().into() });
        let done = match client.connect().await {
            Ok(()) => action.run(&mut client).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            client.record(Observation::ActionFailed { error });
        }
        if let Err(error) = client.rollback().await {
            client.record(Observation::ActionFailed { error });
        }
    }
}
