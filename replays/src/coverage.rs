//! Which interesting states runs reached, and which they never did: kinds of action that overlapped, faults
//! that were fired, errors that were seen.

use crate::plan::Plan;
use crate::swarm::Swarm;
use drawloom_model::{Class, Event, FaultEvent, History, Observation};
use drawloom_sim::faults::Fault;
use drawloom_sim::{Actor, Profile};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many runs reached each state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// All runs.
    pub runs: u64,
    /// Two kinds of action, of two workers, under way at the same time; the first name is not the greater.
    pub overlaps: BTreeMap<String, BTreeMap<String, u64>>,
    /// A kind of fault was fired.
    pub faults: BTreeMap<String, u64>,
    /// A class of error was seen.
    pub errors: BTreeMap<String, u64>,
}

/// States.
#[derive(Default)]
struct States<'a> {
    overlaps: BTreeSet<(&'a str, &'a str)>,
    faults: BTreeSet<Fault>,
    errors: BTreeSet<Class>,
}

impl Coverage {
    /// Counts the states that a run reached.
    pub fn add(&mut self, history: &History) {
        self.runs += 1;
        self.count(&reached(history), 1);
    }

    /// Counts what others counted.
    pub fn merge(&mut self, other: Coverage) {
        self.runs += other.runs;
        for (first, others) in other.overlaps {
            merge(self.overlaps.entry(first).or_default(), others);
        }
        merge(&mut self.faults, other.faults);
        merge(&mut self.errors, other.errors);
    }

    /// Adds the states that runs of this plan could reach and none did.
    pub fn complete(&mut self, plan: &Plan, swarm: Swarm) {
        let actions = plan.workload.actions(plan.variant.name);
        let names = actions.iter().map(|(_, action)| action.name());
        let names: Vec<&str> = names.filter(|name| !plan.left_out.contains(name)).collect();
        self.count(&reachable(plan, swarm, &names), 0);
    }

    fn count(&mut self, states: &States<'_>, runs: u64) {
        for (first, second) in &states.overlaps {
            let of_first = self.overlaps.entry((*first).to_owned()).or_default();
            *of_first.entry((*second).to_owned()).or_default() += runs;
        }
        for fault in &states.faults {
            *self.faults.entry(fault.name().to_owned()).or_default() += runs;
        }
        for class in &states.errors {
            *self.errors.entry(class.name().to_owned()).or_default() += runs;
        }
    }

    /// What was never reached, in words; nothing, if nothing was.
    pub fn never(&self) -> Vec<String> {
        let pairs = self.overlaps.iter().flat_map(|(first, others)| {
            others.iter().map(move |(second, runs)| (format!("{first} with {second}"), *runs))
        });
        let single = |states: &BTreeMap<String, u64>| {
            states.iter().map(|(state, runs)| (state.clone(), *runs)).collect::<Vec<_>>()
        };
        let kinds = [
            ("actions that never overlapped", pairs.collect()),
            ("faults never fired", single(&self.faults)),
            ("errors never seen", single(&self.errors)),
        ];
        let line = |(what, states): (&str, Vec<(String, u64)>)| {
            let never: Vec<String> =
                states.into_iter().filter(|(_, runs)| *runs == 0).map(|(state, _)| state).collect();
            (!never.is_empty()).then(|| format!("{what}: {}", never.join(", ")))
        };
        kinds.into_iter().filter_map(line).collect()
    }

    /// How many runs reached what: a matrix of the actions that overlapped, then faults and errors.
    pub fn matrix(&self) -> String {
        let names: BTreeSet<&String> = self
            .overlaps
            .iter()
            .flat_map(|(first, others)| [first].into_iter().chain(others.keys()))
            .collect();
        let runs = |a: &String, b: &String| self.overlaps.get(a).and_then(|others| others.get(b));
        let of_pair = |a, b| runs(a, b).or_else(|| runs(b, a)).copied().unwrap_or(0);
        let counts = self.faults.keys().chain(self.errors.keys());
        let width = names.iter().copied().chain(counts).map(String::len).chain([10]).max().unwrap_or(0);
        let mut text = format!("of {} runs, so many had overlapping actions\n{:width$}", self.runs, "");
        names.iter().for_each(|name| text += &format!("  {name:>width$}"));
        for row in &names {
            text += &format!("\n{row:width$}");
            names.iter().for_each(|column| text += &format!("  {:>width$}", of_pair(row, column)));
        }
        for (what, states) in [("faults", &self.faults), ("errors", &self.errors)] {
            text += &format!("\nso many had {what}\n");
            let lines = states.iter().map(|(state, runs)| format!("{state:width$}  {runs:>width$}"));
            text += &if states.is_empty() { "none".to_owned() } else { lines.collect::<Vec<_>>().join("\n") };
        }
        text + "\n"
    }
}

fn merge(ours: &mut BTreeMap<String, u64>, theirs: BTreeMap<String, u64>) {
    theirs.into_iter().for_each(|(state, runs)| *ours.entry(state).or_default() += runs);
}

fn pair<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a <= b { (a, b) } else { (b, a) }
}

/// An action of a run: from its first event to its worker's last one before the next action.
struct Span<'a> {
    worker: Actor,
    name: &'a str,
    first: usize,
    last: usize,
}

fn spans(events: &[Event]) -> Vec<Span<'_>> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut current: BTreeMap<Actor, usize> = BTreeMap::new();
    for (index, event) in events.iter().enumerate().filter(|(_, event)| event.actor.as_worker().is_some()) {
        if let Observation::Action { name } = &event.what {
            current.insert(event.actor, spans.len());
            spans.push(Span { worker: event.actor, name, first: index, last: index });
        } else if let Some(span) = current.get(&event.actor) {
            spans[*span].last = index;
        }
    }
    spans
}

fn reached(history: &History) -> States<'_> {
    let mut states = States::default();
    let spans = spans(&history.events);
    for (index, span) in spans.iter().enumerate() {
        // They are in the order of their beginnings.
        let meanwhile = spans[index + 1..].iter().take_while(|other| other.first < span.last);
        for other in meanwhile.filter(|other| other.worker != span.worker) {
            states.overlaps.insert(pair(span.name, other.name));
        }
    }
    for event in &history.events {
        match &event.what {
            Observation::Fault(fault) => states.faults.extend(kind(fault)),
            Observation::Answer { executed, .. } => {
                states.errors.extend(executed.result.as_ref().err().map(|error| error.class));
            }
            Observation::ConnectFailed { error } | Observation::ActionFailed { error } => {
                states.errors.insert(error.class);
            }
            _ => (),
        }
    }
    states
}

fn kind(fault: &FaultEvent) -> Option<Fault> {
    match fault {
        FaultEvent::DatabaseCrashed | FaultEvent::WorkerCrashed(_) => Some(Fault::Crash),
        FaultEvent::DatabaseStopped => Some(Fault::Restart),
        FaultEvent::FailedOver => Some(Fault::Failover),
        FaultEvent::DatabaseStarted | FaultEvent::OldPrimaryStopped => None,
        FaultEvent::Paused { .. } => Some(Fault::Pause),
        FaultEvent::Partitioned { .. } => Some(Fault::Partition),
        FaultEvent::Cancelled(_) => Some(Fault::Cancel),
    }
}

/// What runs of this plan, with these actions, could reach.
fn reachable<'a>(plan: &Plan, swarm: Swarm, actions: &[&'a str]) -> States<'a> {
    let alone = plan.workers == 1;
    let pairs = actions.iter().flat_map(|a| actions.iter().map(|b| pair(a, b)));
    let overlaps = if alone { BTreeSet::new() } else { pairs.collect() };
    let kinds = if swarm.faults { plan.engine.faults() } else { &plan.faults.kinds };
    let faults: BTreeSet<Fault> = kinds.iter().copied().collect();
    let mut errors = BTreeSet::new();
    if !alone {
        errors.extend(plan.engine.conflicts());
    }
    let cuts = |fault: &Fault| !matches!(fault, Fault::Pause | Fault::Cancel);
    if faults.iter().any(cuts) || swarm.network || plan.network == Profile::Flaky {
        errors.insert(Class::Connection);
    }
    if faults.contains(&Fault::Cancel) {
        errors.insert(Class::Cancelled);
    }
    States { overlaps, faults, errors }
}
