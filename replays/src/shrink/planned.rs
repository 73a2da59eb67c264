//! The subject that is a plan: SQL, run as every plan is.

use super::case::{Case, Part, parts_of};
use super::subject::{Attempt, Course, Moment, Subject, What};
use super::watch::Watched;
use crate::plan::Plan;
use crate::run::{Run, RunOptions, run};
use drawloom_model::{Class, Executed, FaultEvent, History, Observation, Signature};
use drawloom_sim::source::Random;
use drawloom_sim::{Actor, Host, Step, Tape};
use std::collections::BTreeMap;

/// A plan whose runs are to have this finding.
pub struct Planned<'a> {
    plan: &'a Plan,
    target: &'a Signature,
    host: Host,
}

impl<'a> Planned<'a> {
    pub fn new(plan: &'a Plan, target: &'a Signature, host: Host) -> Planned<'a> {
        Planned { plan, target, host }
    }
}

/// The case that a plan and its tape are.
pub fn case_of(plan: &Plan, tape: Tape) -> Case {
    let Plan { workers, actions, network, .. } = *plan;
    Case { workers, actions, network, faults: plan.faults.clone(), tape }
}

/// The plan with the case's parameters.
pub fn plan_of(plan: &Plan, case: &Case) -> Plan {
    let Case { workers, actions, network, .. } = *case;
    Plan { workers, actions, network, faults: case.faults.clone(), ..plan.clone() }
}

impl Subject for Planned<'_> {
    fn attempt(&mut self, case: &Case, order: Option<&[Moment]>) -> Attempt {
        let plan = plan_of(self.plan, case);
        let (source, preemptions) = match order {
            Some(order) => Watched::in_order(case.tape.clone(), order),
            None => Watched::new(case.tape.clone()),
        };
        let options = RunOptions { record: true, ..RunOptions::default() };
        // That a setup fails in a smaller plan is no finding.
        let Ok(run) = self.host.run(|| run(&plan, Box::new(source), options)) else {
            return Attempt::Otherwise;
        };
        let found = run.findings.iter().find(|finding| finding.signature == *self.target);
        let Some(step) = found.map(|finding| finding.step) else { return Attempt::Otherwise };
        let Run { tape, history, .. } = run;
        let tape = tape.expect("the run was recorded");
        let order = order_of(&history, &parts_of(&tape));
        let statements = statements(&history, step);
        Attempt::Alike(Course { tape, preemptions: preemptions.get(), statements, order })
    }

    fn draw(&mut self, shape: &Case, seed: u64) -> Option<Case> {
        // The network and the faults are those that it was found with.
        let plan = Plan { workers: shape.workers, actions: shape.actions, ..self.plan.clone() };
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = self.host.run(|| run(&plan, Box::new(Random::new(seed)), options)).ok()?;
        let alike = run.findings.iter().any(|finding| finding.signature == *self.target);
        alike.then(|| case_of(&plan, run.tape.expect("the run was recorded")))
    }

    fn kinds(&self) -> Vec<u32> {
        let actions = self.plan.workload.actions(self.plan.variant.name);
        let weights = actions.iter().map(|(weight, _)| *weight);
        let ends = weights.scan(1, |end, weight| Some(std::mem::replace(end, *end + weight)));
        ends.collect()
    }
}

/// How many statements the workers sent up to this step, other than to begin and end transactions.
pub fn statements(history: &History, until: Step) -> u32 {
    let sent = history.events.iter().take_while(|event| event.step <= until);
    let sent = sent.filter(|event| event.actor.as_worker().is_some());
    let counts = sent.filter(|event| match &event.what {
        Observation::Call { statement, .. } => !is_transaction_control(&statement.sql),
        _ => false,
    });
    counts.count() as u32
}

fn is_transaction_control(sql: &str) -> bool {
    let word = sql.split_whitespace().next().unwrap_or_default();
    ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}

/// Every statement and fault, in the order of execution. The n-th action that a worker began is the n-th of its
/// parts.
fn order_of(history: &History, parts: &[Part]) -> Vec<Moment> {
    let mut numbers: BTreeMap<Actor, Vec<u32>> = BTreeMap::new();
    for part in parts {
        numbers.entry(part.actor).or_default().push(part.action);
    }
    let mut begun: BTreeMap<Actor, usize> = BTreeMap::new();
    let mut moments: Vec<(Step, Moment)> = Vec::new();
    for event in &history.events {
        let actor = event.actor;
        let (step, what) = match &event.what {
            Observation::Action { .. } => {
                *begun.entry(actor).or_default() += 1;
                continue;
            }
            // It ends a fault.
            Observation::Fault(FaultEvent::DatabaseStarted | FaultEvent::OldPrimaryStopped) => continue,
            Observation::Fault(_) => (event.step, What::Executed),
            Observation::Blocked { .. } => (event.step, What::Waits),
            Observation::Answer { executed, .. } | Observation::Lost { executed: Some(executed), .. } => {
                (executed.step, if ran_out(executed) { What::RunsOut } else { What::Executed })
            }
            _ => continue,
        };
        let action = match actor {
            Actor::FAULTS => Some(0),
            _ => begun.get(&actor).and_then(|begun| numbers.get(&actor)?.get(begun.checked_sub(1)?).copied()),
        };
        moments.extend(action.map(|action| (step, Moment { part: Part { actor, action }, what })));
    }
    moments.sort_by_key(|(step, _)| *step);
    moments.into_iter().map(|(_, moment)| moment).collect()
}

fn ran_out(executed: &Executed) -> bool {
    executed.result.as_ref().is_err_and(|error| error.class == Class::LockTimeout)
}
