//! Why a run fails: the two turns next to each other whose order decides, and how likely it fails the more of the
//! schedule is kept.
//!
//! ```text
//! Replay --directed--> failing course
//!           |              |
//!           |          passing: the same data, another schedule --none--> blame: what broke, or nothing
//!           |              |
//!           |          swap: bisected until two runs differ in two turns --deed, sentence--> "Worker 1 read ..."
//!           |
//!           +--curve: keep the first turns, draw the rest --> where the share of failing runs jumps
//! ```
//!
//! Nothing is said that was not run. Where statements can be executed in the same order on a direct network and the
//! run fails alike, that is what is run: there a statement is a turn, and nothing depends on time.

mod actions;
mod blame;
mod curve;
mod deed;
mod directed;
mod passing;
mod sentence;
mod swap;
mod trials;

pub use curve::{Curve, DRAWN};

use crate::lanes::Style;
use crate::lanes::text::{Page, Paint, Span};
use crate::replay::Replay;
use crate::run::RunError;
use crate::search::{self, ReplayError};
use crate::shrink::{Attempt, Case, Planned, Subject, case_of};
use deed::{Deed, Deeds};
use directed::Rest;
use drawloom_model::{Finding, History, Signature};
use drawloom_sim::{Actor, Host, Profile, Tape};
use passing::Passing;
use std::ops::ControlFlow;
use trials::{Course, Trials};

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is done.
    pub doing: &'static str,
    /// How many schedules were run.
    pub executions: u32,
}

/// Is told how far it is, before every run, and may say that it is enough.
pub type Observer<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Why a run fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What decides.
    pub sentence: String,
    /// What was run to say so.
    pub proof: String,
    /// How likely it fails, the more of the schedule is kept; none where the order does not matter.
    pub curve: Option<Curve>,
    /// How many runs it took.
    pub executions: u32,
}

/// Why nothing can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyError {
    /// There is nothing to explain.
    #[error("this replay has no finding, so there is nothing to explain; give the replay of a failing run")]
    NoFinding,
    /// The run of the tape does not have the finding any more.
    #[error(
        "this replay no longer fails: its run does not have the finding \"{0}\" any more; the workload, the engine or \
         drawloom changed since it was recorded"
    )]
    NoLongerFails(Signature),
    /// The observer had enough.
    #[error("interrupted")]
    Interrupted,
    /// It cannot be run here.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl From<RunError> for WhyError {
    fn from(error: RunError) -> WhyError {
        WhyError::Replay(error.into())
    }
}

/// Says why the run of a replay has its first finding. The same replay always gives the same answer.
///
/// # Errors
/// See [`WhyError`].
pub fn why(replay: &Replay, observer: Observer<'_>) -> Result<Why, WhyError> {
    search::refuse_other_engine(replay)?;
    let finding = replay.findings.first().ok_or(WhyError::NoFinding)?;
    let (plan, tape) = (replay.plan.clone(), replay.tape.clone());
    let doing = "running it again";
    let mut trials = Trials { plan, tape, target: &finding.signature, executions: 0, doing, observer };
    let failing = trials.run(&[], Rest::Tape)?;
    if !failing.fails {
        return Err(WhyError::NoLongerFails(finding.signature.clone()));
    }
    let failing = directly(&mut trials, replay)?.unwrap_or(failing);
    explain(&mut trials, &failing, &replay.history, finding)
}

/// The same statements in the same order on a direct network, if that fails alike.
fn directly(trials: &mut Trials<'_>, replay: &Replay) -> Result<Option<Course>, WhyError> {
    if replay.plan.network == Profile::Direct {
        return Ok(None);
    }
    let Some(tape) = direct_tape(trials, replay) else { return Ok(None) };
    let mut plan = replay.plan.clone();
    plan.network = Profile::Direct;
    let course = trials.run_with(&plan, tape.clone(), &[], Rest::Tape)?;
    let (here, there) = (Deeds::of(&course.history), Deeds::of(&replay.history));
    let same = here.0.iter().all(|deed| there.like(deed, &here).is_some());
    if !course.fails || !same {
        return Ok(None);
    }
    (trials.plan, trials.tape) = (plan, tape);
    Ok(Some(course))
}

fn direct_tape(trials: &mut Trials<'_>, replay: &Replay) -> Option<Tape> {
    let mut subject = Planned::new(&replay.plan, trials.target, Host::best());
    let case = case_of(&replay.plan, replay.tape.clone());
    trials.executions += 2;
    let Attempt::Alike(course) = subject.attempt(&case, None) else { return None };
    let direct = Case { network: Profile::Direct, ..case.with_overrides(&[]) };
    match subject.attempt(&direct, Some(&course.order)) {
        Attempt::Alike(course) => Some(course.tape),
        Attempt::Otherwise | Attempt::Interrupted => None,
    }
}

fn explain(
    trials: &mut Trials<'_>,
    failing: &Course,
    recorded: &History,
    finding: &Finding,
) -> Result<Why, WhyError> {
    trials.doing = "looking for a schedule that passes";
    let mut told = None;
    let actions = passing::actions(trials, failing)?;
    if let Some(passing) = &actions {
        told = tell(trials, failing, recorded, passing)?;
    }
    if told.is_none() {
        told = match passing::order(trials, failing)? {
            Ok(passing) => tell(trials, failing, recorded, &passing)?,
            Err(tried) if actions.is_none() => return orderless(trials, recorded, finding, tried),
            Err(_) => None,
        };
    }
    let (sentence, proof) = match told {
        Some(told) => told,
        None => {
            let none = "It depends on the order, but no two turns could be found whose order alone decides.";
            let broke = blame::blame(trials, recorded, finding)?;
            (broke.unwrap_or_else(|| none.to_owned()), String::new())
        }
    };
    let curve = curve_of(trials, failing, recorded, finding)?;
    Ok(Why { sentence, proof, curve: Some(curve), executions: trials.executions })
}

/// What is to be said where it fails in so many orders, and in no other.
fn orderless(
    trials: &mut Trials<'_>,
    recorded: &History,
    finding: &Finding,
    tried: usize,
) -> Result<Why, WhyError> {
    let broke = blame::blame(trials, recorded, finding)?;
    let every = match tried {
        1 => "There is only one order, and it fails".to_owned(),
        _ => format!("It fails in all of {tried} orders tried"),
    };
    let (sentence, proof) = match broke {
        Some(sentence) => (sentence, format!("{every}.")),
        None => (format!("{every}: it seems not to depend on the order."), String::new()),
    };
    Ok(Why { sentence, proof, curve: None, executions: trials.executions })
}

/// The curve, with the steps of the recorded run.
fn curve_of(
    trials: &mut Trials<'_>,
    failing: &Course,
    recorded: &History,
    finding: &Finding,
) -> Result<Curve, WhyError> {
    // Up to the step of the finding in the run that was directed.
    let until = drawloom_model::oracle::judge(&failing.history);
    let until = until.iter().find(|it| it.signature == finding.signature).map_or(finding.step, |it| it.step);
    let mut curve = curve::draw(trials, failing, until)?;
    let (here, there) = (Deeds::of(&failing.history), Deeds::of(recorded));
    for (step, deed) in curve.steps.iter_mut().zip(&here.0) {
        if let Some(index) = there.like(deed, &here) {
            *step = there.0[index].step;
        }
    }
    Ok(curve)
}

/// The sentence about two turns whose order decides, with what was run to say so.
fn tell(
    trials: &mut Trials<'_>,
    failing: &Course,
    recorded: &History,
    passing: &Passing,
) -> Result<Option<(String, String)>, WhyError> {
    let Some(swap) = swap::find(trials, failing, passing)? else { return Ok(None) };
    let (fails, passes) = (Deeds::of(&swap.fails.history), Deeds::of(&swap.passes.history));
    let there = Deeds::of(recorded);
    let first = fails.in_turn(swap.first());
    let second = passes.in_turn(swap.second());
    let (Some(first), Some(second)) = (first, second) else { return Ok(None) };
    let second_at = there.like(&second, &passes);
    let second = second_at.map_or(second, |index| there.0[index].clone());
    let Some(first_at) = there.like(&first, &fails) else { return Ok(None) };
    let first = &there.0[first_at];
    if second_at.is_some_and(|second_at| second_at <= first_at) {
        return Ok(None);
    }
    if !first.can_matter_to(&second) {
        return Ok(None);
    }
    let sentence = sentence::sentence(&there, first_at, &second, second_at);
    let proof = if second_at.is_some() && passes_moved(trials, failing, recorded, first, &second)? {
        format!("Run with step {} before step {}, it does not fail.", second.step, first.step)
    } else {
        let (how, step) = (passing.how(), first.step);
        format!("Run {how} from before step {step} on, it does not fail; from after it on, it does.")
    };
    Ok(Some((sentence, proof)))
}

/// Whether the run passes in which nothing is changed but that the second comes before the first.
fn passes_moved(
    trials: &mut Trials<'_>,
    failing: &Course,
    recorded: &History,
    first: &Deed,
    second: &Deed,
) -> Result<bool, WhyError> {
    let (here, there) = (Deeds::of(&failing.history), Deeds::of(recorded));
    let turn = |deed: &Deed| {
        let step = here.0[here.like(deed, &there)?].step;
        failing.turns.iter().position(|turn| turn.step == step && turn.actor == deed.actor)
    };
    let (Some(from), Some(to)) = (turn(first), turn(second)) else { return Ok(false) };
    let order = failing.order();
    let own = |actor: &&Actor| **actor == second.actor;
    let (moved, stay): (Vec<Actor>, Vec<Actor>) = order[from..=to].iter().partition(own);
    let order = [&order[..from], &moved, &stay, &order[to + 1..]].concat();
    let course = trials.run(&order, Rest::Calm)?;
    // Whether it could be moved there hangs on locks.
    let moved = Deeds::of(&course.history);
    let place = |deed: &Deed| moved.like(deed, &there);
    let earlier = place(second).is_some_and(|second| place(first).is_none_or(|first| second < first));
    Ok(!course.fails && earlier)
}

impl Why {
    /// The sentence, what it rests on, and the curve, in lines of this width.
    pub fn draw(&self, style: &Style) -> String {
        let mut page = Page::new(style.width, style.color);
        page.paragraph(&[], &[Span::new(Paint::Heading, &self.sentence)]);
        if !self.proof.is_empty() {
            page.paragraph(&[], &[Span::new(Paint::Plain, &self.proof)]);
        }
        if let Some(curve) = &self.curve {
            page.gap();
            for line in curve.to_string().lines() {
                page.paragraph(&[], &[Span::new(Paint::Plain, line)]);
            }
        }
        page.finish()
    }
}
