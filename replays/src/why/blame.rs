//! What broke, where it is that and not the order of turns which decides.

use super::WhyError;
use super::directed::Rest;
use super::sentence;
use super::trials::Trials;
use crate::shrink::{Case, case_of};
use drawloom_model::{Event, Finding, History, Observation};
use drawloom_sim::faults::FaultPlan;
use drawloom_sim::{Actor, Lane};

/// What a run takes to fail, if it takes that something breaks: the sentence about it.
pub fn blame(
    trials: &mut Trials<'_>,
    history: &History,
    finding: &Finding,
) -> Result<Option<String>, WhyError> {
    trials.doing = "leaving out what broke";
    let worked = || history.events.iter().take_while(|event| event.step <= finding.step);
    let fault = worked().find(|event| matches!(event.what, Observation::Fault(_)));
    if let Some(event) = fault
        && passes_without_faults(trials)?
    {
        return Ok(Some(told(event, "nothing that breaks")));
    }
    let lost = worked().find(|event| matches!(event.what, Observation::Lost { .. }));
    if let Some(event) = lost
        && passes_without_losses(trials)?
    {
        return Ok(Some(told(event, "no message lost")));
    }
    Ok(None)
}

fn passes_without_faults(trials: &mut Trials<'_>) -> Result<bool, WhyError> {
    let mut plan = trials.plan.clone();
    plan.faults = FaultPlan::default();
    let mut tape = trials.tape.clone();
    tape.decisions.remove(&(Lane::Faults, Actor::FAULTS));
    Ok(!trials.run_with(&plan, tape, &[], Rest::Tape)?.fails)
}

fn passes_without_losses(trials: &mut Trials<'_>) -> Result<bool, WhyError> {
    let plan = trials.plan.clone();
    let case: Case = case_of(&plan, trials.tape.clone());
    let calm: Vec<_> = case.details().into_iter().filter(|(lane, ..)| *lane != Lane::Link).collect();
    let tape = case.with_details(&calm).tape;
    Ok(!trials.run_with(&plan, tape, &[], Rest::Tape)?.fails)
}

/// `Worker 0's answer was lost at step 14: with no message lost it does not fail.`
fn told(event: &Event, without: &str) -> String {
    let Event { step, actor, .. } = event;
    let what = match &event.what {
        Observation::Fault(fault) => sentence::of_fault(fault),
        Observation::Lost { executed: Some(executed), .. } => {
            return format!(
                "{}'s statement was executed at step {}, and its answer was lost; with {without} it does not fail.",
                sentence::capital(&actor.to_string()),
                executed.step
            );
        }
        _ => format!("{actor}'s connection broke"),
    };
    format!("{} at step {step}; with {without} it does not fail.", sentence::capital(&what))
}
