//! Shrinking: of all cases that fail alike, a smallest one.
//!
//! ```text
//! Replay -> Case (workers, actions, network, faults, tape)
//!             |   ^
//!        pass |   | smaller, and fails alike: what the run really chose is the new tape
//!             v   |
//!          candidate --Subject::attempt--> Alike(course) | Otherwise
//!             |
//!        no pass makes it smaller: once more on a fresh thread -> Replay
//! ```
//!
//! Workload, faults, network and schedule are shrunk together, for each holds the others up: an action less
//! makes a preemption superfluous, and a calm network makes an action superfluous. A candidate counts only if its
//! run has the finding with the same [`Signature`](drawloom_model::Signature), so that shrinking does not slip
//! onto another bug. Edited tapes need not be valid: a run answers calmly what does not fit, and its own record
//! is the next tape, as in Hypothesis (MacIver and Donaldson, "Test-Case Reduction via Test-Case Generation",
//! ECOOP 2020).
//!
//! What is run is a [`Subject`]; nothing but [`planned`] knows that it is SQL.

mod case;
mod passes;
mod planned;
mod size;
mod subject;
mod trials;
mod watch;

pub use case::{Case, Named, Override, Part};
pub use size::Size;
pub use subject::{Attempt, Course, Moment, Subject, What};
pub use trials::{Observer, Progress};
pub use watch::Watched;

use crate::codec;
use crate::replay::{Replay, Verdict};
use crate::run::{RunError, RunOptions};
use crate::search::{self, Confirmed, ReplayError};
use drawloom_model::Signature;
use drawloom_sim::Host;
pub(crate) use planned::{Planned, case_of};

use planned::plan_of;
use trials::{Stop, Trials};

/// So many attempts are enough for what shrinks well; what does not is not worth more.
pub const EXECUTIONS_MAX: u32 = 3_000;

/// What reducing a case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduced {
    /// The smallest case that was found.
    pub case: Case,
    /// What its run did.
    pub course: Course,
    /// Its size.
    pub size: Size,
    /// The size of the case that was given.
    pub size_before: Size,
    /// How many runs it took.
    pub executions: u32,
    /// The observer, or the subject, had enough.
    pub interrupted: bool,
}

/// Reduces a case until no pass makes it smaller, or `executions_max` runs were made. The same case always
/// reduces to the same. `None`: it does not fail, or was interrupted before that was known.
pub fn reduce<S: Subject>(
    subject: &mut S,
    case: Case,
    executions_max: u32,
    observer: Observer<'_>,
) -> Option<Reduced> {
    let mut trials = Trials::begin(subject, case, executions_max, observer).ok()??;
    let size_before = trials.smallest.size.clone();
    let stop = until_nothing_helps(&mut trials).err();
    let Trials { smallest, executions, .. } = trials;
    Some(Reduced {
        case: smallest.case,
        course: smallest.course,
        size: smallest.size,
        size_before,
        executions,
        interrupted: stop == Some(Stop::Interrupted),
    })
}

fn until_nothing_helps<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    loop {
        let before = trials.smallest.size.clone();
        for (name, pass) in passes::all() {
            trials.pass = name;
            pass(trials)?;
        }
        if trials.smallest.size == before {
            return Ok(());
        }
    }
}

/// A shrunk replay.
pub struct Shrunk {
    /// The replay of the smallest case that was found.
    pub replay: Replay,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The size of the replay that was given.
    pub before: Size,
    /// The size of the shrunk one.
    pub after: Size,
    /// How many runs it took.
    pub executions: u32,
    /// The observer had enough; this is the smallest so far.
    pub interrupted: bool,
}

/// Why a replay cannot be shrunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShrinkError {
    /// There is nothing to keep.
    #[error("this replay has no finding, so there is nothing to shrink; give the replay of a failing run")]
    NoFinding,
    /// The run of the tape does not have the finding any more.
    #[error(
        "this replay no longer fails: its run does not have the finding \"{0}\" any more; the workload, the engine or \
         drawloom changed since it was recorded"
    )]
    NoLongerFails(Signature),
    /// What was found on this thread is not what a fresh one finds.
    #[error(
        "the shrunk run is another one on a fresh thread, which is a bug in drawloom; please report it with the replay"
    )]
    NotDeterministic,
    /// It cannot be run here.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

impl From<RunError> for ShrinkError {
    fn from(error: RunError) -> ShrinkError {
        ShrinkError::Replay(error.into())
    }
}

/// Shrinks a failing run to the few statements that matter; its first finding is kept. The same replay always
/// shrinks to the same bytes.
///
/// # Errors
/// See [`ShrinkError`].
pub fn shrink(replay: &Replay, observer: Observer<'_>) -> Result<Shrunk, ShrinkError> {
    shrink_within(replay, EXECUTIONS_MAX, observer)
}

/// The same with so many runs at most.
///
/// # Errors
/// See [`ShrinkError`].
pub fn shrink_within(
    replay: &Replay,
    executions_max: u32,
    observer: Observer<'_>,
) -> Result<Shrunk, ShrinkError> {
    search::refuse_other_engine(replay)?;
    let target = &replay.findings.first().ok_or(ShrinkError::NoFinding)?.signature;
    let mut subject = Planned::new(&replay.plan, target, Host::best());
    let case = case_of(&replay.plan, replay.tape.clone());
    let reduced = reduce(&mut subject, case, executions_max, observer);
    let reduced = reduced.ok_or_else(|| ShrinkError::NoLongerFails(target.clone()))?;
    let bytes = confirm(replay, &reduced.case, target)?;
    Ok(Shrunk {
        replay: codec::decode_among(&bytes, &[replay.plan.workload])
            .expect("what was just written can be read"),
        bytes,
        before: reduced.size_before,
        after: reduced.size,
        executions: reduced.executions,
        interrupted: reduced.interrupted,
    })
}

/// The case once more on a fresh thread, as a replay, and that replayed.
fn confirm(replay: &Replay, case: &Case, target: &Signature) -> Result<Vec<u8>, ShrinkError> {
    let plan = plan_of(&replay.plan, case);
    let again = search::confirm(Host::best(), &plan, replay.header.name, &case.tape)?;
    let fails_alike = |again: &Confirmed| again.findings.iter().any(|it| it.signature == *target);
    let bytes = again.filter(fails_alike).ok_or(ShrinkError::NotDeterministic)?.bytes;
    let replayed = search::replay_among(Host::best(), &bytes, RunOptions::default(), &[plan.workload])?;
    let same = replayed.verdict == Verdict::Identical && replayed.bytes == bytes;
    if same { Ok(bytes) } else { Err(ShrinkError::NotDeterministic) }
}
