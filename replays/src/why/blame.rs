//! What broke, where it is that and not the order of turns which decides.

use super::WhyError;
use super::deed::{Deeds, What};
use super::directed::Rest;
use super::sentence;
use super::trials::{Course, Trials};
use crate::report::counted;
use crate::shrink::{Named, case_of};
use drawloom_model::{Event, Finding, History, Observation};
use drawloom_sim::faults::FaultPlan;
use drawloom_sim::{Actor, Lane, Step};

/// The question by which a message is lost.
const RESET: &str = "reset";
/// Of more messages that are late or lost than that not every one is left alone.
const SINGLES_MAX: usize = 200;

/// What a run takes to fail, if it takes that something breaks: the sentence about it.
pub fn blame(
    trials: &mut Trials<'_>,
    recorded: &History,
    finding: &Finding,
) -> Result<Option<String>, WhyError> {
    trials.doing = "leaving out what broke";
    let deeds = Deeds::of(recorded);
    let is_fault = |what: &What| matches!(what, What::Fault(_));
    let mut faults = deeds.0.iter().filter(|deed| is_fault(&deed.what) && deed.step <= finding.step);
    if let Some(first) = faults.next()
        && !without_faults(trials)?.fails
    {
        let told = sentence::capital(&sentence::with_last(&deeds, first));
        return Ok(Some(match faults.count() {
            0 => format!("{told}; had it not, it would not have failed."),
            more => format!(
                "{told}, and {} followed; with none of them it does not fail.",
                counted(more as u64, "more fault")
            ),
        }));
    }
    blame_message(trials, recorded, finding.step)
}

fn without_faults(trials: &mut Trials<'_>) -> Result<Course, WhyError> {
    let mut plan = trials.plan.clone();
    plan.faults = FaultPlan::default();
    let mut tape = trials.tape.clone();
    tape.decisions.remove(&(Lane::Faults, Actor::FAULTS));
    trials.run_with(&plan, tape, &[], Rest::Tape)
}

/// The message without whose loss it does not fail; or that it takes such losses.
fn blame_message(
    trials: &mut Trials<'_>,
    recorded: &History,
    until: Step,
) -> Result<Option<String>, WhyError> {
    let lost = recorded.events.iter().filter(|event| is_loss(event) && event.step <= until).count();
    if lost == 0 || without_messages(trials, |_| true)?.fails {
        return Ok(None);
    }
    let case = case_of(&trials.plan, trials.tape.clone());
    let messages: Vec<Named> = case.details().into_iter().filter(|(lane, ..)| *lane == Lane::Link).collect();
    // The last one of them all: without an earlier one the later ones of its action are not lost either.
    let mut last: Option<usize> = None;
    for message in messages.iter().filter(|_| messages.len() <= SINGLES_MAX) {
        let course = without_messages(trials, |named| named == *message)?;
        if course.fails {
            continue;
        }
        let both = recorded.events.iter().zip(&course.history.events);
        let same = both.take_while(|(one, other)| one == other).count();
        let lost = recorded.events[same..].iter().position(|event| is_loss(event) && event.step <= until);
        last = last.max(lost.map(|place| same + place));
    }
    Ok(Some(match last {
        Some(place) => of_loss(recorded, &recorded.events[place]),
        None => format!("It takes lost messages: {lost} were lost, and with none lost it does not fail."),
    }))
}

fn is_loss(event: &Event) -> bool {
    matches!(event.what, Observation::Lost { .. } | Observation::ConnectFailed { .. })
}

/// The run in which these messages are not lost.
fn without_messages(trials: &mut Trials<'_>, gone: impl Fn(Named) -> bool) -> Result<Course, WhyError> {
    let plan = trials.plan.clone();
    let case = case_of(&plan, trials.tape.clone());
    let is_reset = |(lane, actor, place): Named| {
        let track = case.tape.decisions.get(&(lane, actor));
        lane == Lane::Link && track.and_then(|track| track.get(place)).is_some_and(|it| it.site == RESET)
    };
    let stays = |named: &Named| !is_reset(*named) || !gone(*named);
    let kept: Vec<Named> = case.details().into_iter().filter(stays).collect();
    trials.run_with(&plan, case.with_details(&kept).tape, &[], Rest::Tape)
}

/// `Worker 0 committed at step 41, and the answer was lost; had it come, it would not have failed.`
fn of_loss(recorded: &History, event: &Event) -> String {
    let Event { step, actor, .. } = event;
    let executed = match &event.what {
        Observation::Lost { executed: Some(executed), .. } => Some(executed.step),
        _ => None,
    };
    let deeds = Deeds::of(recorded);
    let deed = deeds.0.iter().find(|deed| deed.actor == *actor && Some(deed.step) == executed);
    let (what, otherwise) = match deed {
        Some(deed) => {
            let clause = sentence::clause(deed);
            (format!("{clause} at step {}, and the answer was lost", deed.step), "had it come")
        }
        None => (format!("{actor}'s connection broke at step {step}"), "had it not"),
    };
    format!("{}; {otherwise}, it would not have failed.", sentence::capital(&what))
}
