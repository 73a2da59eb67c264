//! A replay: what a run leaves, and the proof that another run is the same.

use crate::name::Name;
use crate::plan::Plan;
use crate::run::{Run, RunError, RunOptions, run};
use drawloom_model::{Event, Finding, History};
use drawloom_sim::source::Strict;
use drawloom_sim::{Step, Tape};

/// Who made a replay, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// drawloom's version.
    pub drawloom: String,
    /// The engine and its version.
    pub fingerprint: String,
    /// The seed that the run started from, and which mutant of it the run is.
    pub name: Name,
}

/// What a run leaves behind: enough to understand it, and to do it again.
pub struct Replay {
    /// Who made it.
    pub header: Header,
    /// What was run.
    pub plan: Plan,
    /// The decisions that were not calm.
    pub tape: Tape,
    /// Everything observable.
    pub history: History,
    /// What was found, the earliest first.
    pub findings: Vec<Finding>,
    /// A digest over every decision, the calm ones too.
    pub decisions_digest: u64,
}

impl Replay {
    /// What the recorded run of this plan and name leaves. A seed is the name of its pure run.
    pub fn new(plan: &Plan, name: impl Into<Name>, run: Run) -> Replay {
        Replay {
            header: Header {
                drawloom: env!("CARGO_PKG_VERSION").to_owned(),
                fingerprint: run.fingerprint,
                name: name.into(),
            },
            plan: plan.clone(),
            tape: run.tape.expect("a run is recorded to become a replay"),
            history: run.history,
            findings: run.findings,
            decisions_digest: run.decisions_digest,
        }
    }
}

/// What a strict replay proves.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every decision and everything observable is the same.
    Identical,
    /// The first difference.
    Diverged {
        /// The step of the difference.
        step: Step,
        /// What the replay recorded.
        expected: String,
        /// What happened now.
        found: String,
    },
}

/// Runs a replay again, strictly, and compares everything.
///
/// # Errors
/// [`RunError`]: the setup failed, which it did not when the replay was made.
pub fn verify(replay: &Replay, options: RunOptions) -> Result<(Verdict, Run), RunError> {
    let run = run(&replay.plan, Box::new(Strict::new(replay.tape.clone())), options)?;
    let verdict = compare(replay, &run, options.halt_at);
    Ok((verdict, run))
}

fn compare(replay: &Replay, run: &Run, halt_at: Option<Step>) -> Verdict {
    let within = |step: Step| halt_at.is_none_or(|halt_at| step <= halt_at);
    let differ = |step: Step, expected: &Event, found: &Event| {
        let (shown_expected, shown_found) = (show(expected), show(found));
        if shown_expected == shown_found {
            // They differ in something that is seldom worth a word.
            return (step, format!("{expected:?}"), format!("{found:?}"));
        }
        (step, shown_expected, shown_found)
    };
    let expected = replay.history.events.iter().filter(|event| within(event.step));
    let mut found = run.history.events.iter();
    let observed = 'first: {
        for event in expected {
            match found.next() {
                Some(same) if same == event => (),
                Some(other) => break 'first Some(differ(other.step.min(event.step), event, other)),
                // The halted run may have stopped between two events of its last step.
                None if Some(event.step) == halt_at => break 'first None,
                None => break 'first Some((event.step, show(event), "the run is over".to_owned())),
            }
        }
        found.next().map(|event| (event.step, "the run is over".to_owned(), show(event)))
    };
    let decided = run.divergence.as_ref().map(|it| (it.step, it.expected.clone(), it.found.clone()));
    // Whichever comes first is the cause, the other its consequence.
    let first = match (decided, observed) {
        (Some(decided), Some(observed)) if observed.0 < decided.0 => Some(observed),
        (decided, observed) => decided.or(observed),
    };
    match first {
        Some((step, expected, found)) => Verdict::Diverged { step, expected, found },
        None if halt_at.is_some() => Verdict::Identical,
        None if run.decisions_digest != replay.decisions_digest => Verdict::Diverged {
            step: run.steps,
            expected: format!("decisions with digest {:016x}", replay.decisions_digest),
            found: format!("decisions with digest {:016x}", run.decisions_digest),
        },
        None => compare_findings(&replay.findings, &run.findings).unwrap_or(Verdict::Identical),
    }
}

/// The same run that no longer fails, or fails otherwise, is judged otherwise: that is a difference too.
fn compare_findings(recorded: &[Finding], now: &[Finding]) -> Option<Verdict> {
    let first = (0..recorded.len().max(now.len())).find(|index| recorded.get(*index) != now.get(*index))?;
    let show = |finding: Option<&Finding>| match finding {
        Some(finding) => format!(
            "the finding \"{}\": expected {}, actual {}",
            finding.signature, finding.expected, finding.actual
        ),
        None => "no such finding".to_owned(),
    };
    let (expected, found) = (recorded.get(first), now.get(first));
    let step = expected.or(found).map_or(Step::default(), |finding| finding.step);
    Some(Verdict::Diverged { step, expected: show(expected), found: show(found) })
}

fn show(event: &Event) -> String {
    let what = crate::report::observation(&event.what);
    format!("{} at step {}, {}: {what}", event.actor, event.step, event.at)
}
