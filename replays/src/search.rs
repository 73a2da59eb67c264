//! Runs by seed: many in a row to search, one on a fresh thread to keep.

use crate::name::{BLOCK, Name};
use crate::plan::Plan;
use crate::replay::{Replay, Verdict, verify};
use crate::run::{Run, RunError, RunOptions, run};
use crate::swarm::Swarm;
use crate::{codec, feedback, lanes};
use drawloom_model::{Finding, SqlError};
use drawloom_sim::source::{Census, Source, Strategy, Strict, Survey};
use drawloom_sim::{Host, Step, Tape};
use drawloom_workloads::Workload;
use std::ops::Range;

/// What is searched, and how: the plan, which parts of it every seed draws for itself, and the strategy.
pub struct Search {
    plan: Plan,
    swarm: Swarm,
    strategy: Strategy,
    census: Census,
}

/// Why there is no replay of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Feedback makes no such mutant.
    #[error(
        "there is no run {name}: with these arguments the seeds {first} to {last} have no such mutant; mutants have \
         the names that `run` gave them, with the same arguments",
        first = name.block(), last = name.block().saturating_add(BLOCK - 1)
    )]
    NoSuchMutant {
        /// The name.
        name: Name,
    },
    /// The run could not even begin.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Search {
    /// A search of this plan. Most strategies have to know what its runs are like, and take a look at one.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn new(host: Host, plan: Plan, swarm: Swarm, strategy: Strategy) -> Result<Search, RunError> {
        let mut census = Census::default();
        if strategy.needs_census() {
            let (survey, counted) = Survey::new(0);
            host.run(|| run(&plan, Box::new(survey), RunOptions::default()))?;
            census = counted.take();
        }
        Ok(Search { plan, swarm, strategy, census })
    }

    /// The plan of this seed.
    pub fn plan_of(&self, seed: u64) -> Plan {
        self.swarm.draw(&self.plan, seed)
    }

    /// What answers the choices of this seed's pure run.
    pub fn source(&self, seed: u64) -> Box<dyn Source> {
        if self.swarm == Swarm::NONE {
            return self.strategy.source(seed, &self.census);
        }
        let Plan { workers, actions, .. } = self.plan_of(seed);
        self.strategy.source(seed, &self.census.of(workers, actions, self.plan.actions))
    }

    /// The pure run of a seed, on this thread.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn run(&self, host: Host, seed: u64, record: bool) -> Result<Run, RunError> {
        let options = RunOptions { record, ..RunOptions::default() };
        host.run(|| run(&self.plan_of(seed), self.source(seed), options))
    }

    /// The run of this name on a fresh thread, as the bytes of its replay.
    ///
    /// # Errors
    /// See [`RecordError`].
    pub fn record(&self, host: Host, name: Name) -> Result<Vec<u8>, RecordError> {
        let mutant = match name.mutant {
            0 => None,
            _ => Some(feedback::tape_of(self, host, name)?.ok_or(RecordError::NoSuchMutant { name })?),
        };
        Ok(self.record_fresh(host, name, mutant)?)
    }

    /// The run of this name on a fresh thread, of these decisions or the pure one, as the bytes of its replay.
    fn record_fresh(&self, host: Host, name: Name, decisions: Option<Tape>) -> Result<Vec<u8>, RunError> {
        host.run_fresh(|| {
            let options = RunOptions { record: true, ..RunOptions::default() };
            let plan = self.plan_of(name.seed);
            let source = match decisions {
                Some(tape) => Box::new(Strict::new(tape)),
                None => self.source(name.seed),
            };
            let run = run(&plan, source, options)?;
            assert!(run.divergence.is_none(), "a run repeats on a fresh thread: {:?}", run.divergence);
            Ok(codec::encode(&Replay::new(&plan, name, run)))
        })
    }

    /// Uniformly random schedules of this plan, which need no look at one of its runs.
    fn random(plan: &Plan) -> Search {
        let (swarm, strategy) = (Swarm::NONE, Strategy::Random);
        Search { plan: plan.clone(), swarm, strategy, census: Census::default() }
    }
}

/// The run of a seed with a uniformly random schedule, on this thread.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn run_seed(host: Host, plan: &Plan, seed: u64, record: bool) -> Result<Run, RunError> {
    Search::random(plan).run(host, seed, record)
}

/// The run of a seed with a uniformly random schedule on a fresh thread, as the bytes of its replay.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn record(host: Host, plan: &Plan, seed: u64) -> Result<Vec<u8>, RunError> {
    Search::random(plan).record_fresh(host, seed.into(), None)
}

/// A run that was repeated on a fresh thread.
pub struct Confirmed {
    /// The bytes of its replay.
    pub bytes: Vec<u8>,
    /// What was found, the earliest first.
    pub findings: Vec<Finding>,
}

/// The run of this tape once more on a fresh thread. `None`: it left the tape, so it is another run there.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn confirm(host: Host, plan: &Plan, name: Name, tape: &Tape) -> Result<Option<Confirmed>, RunError> {
    host.run_fresh(|| {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = run(plan, Box::new(Strict::new(tape.clone())), options)?;
        let (left, findings) = (run.divergence.is_some(), run.findings.clone());
        Ok((!left).then(|| Confirmed { bytes: codec::encode(&Replay::new(plan, name, run)), findings }))
    })
}

/// What came of replaying on a fresh thread.
pub struct Replayed {
    /// Whether the run is the same.
    pub verdict: Verdict,
    /// The replay that the run left; equal to the one replayed, if the verdict is `Identical`.
    pub bytes: Vec<u8>,
    /// The database, if it was asked for.
    pub snapshot: Option<Result<Vec<u8>, SqlError>>,
    /// How many turns the run took.
    pub steps: Step,
}

/// Why a replay could not be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The bytes are no replay for this drawloom.
    #[error(transparent)]
    Read(#[from] codec::ReadError),
    /// Another engine, or another version of it, would answer.
    #[error("this replay was made on {made_on}, and this drawloom has {here}; use the drawloom that made it")]
    OtherEngine {
        /// What the replay was made on.
        made_on: String,
        /// What there is here.
        here: String,
    },
    /// The run could not even begin.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// Refuses a replay that was made on another version of its engine than there is here.
///
/// # Errors
/// [`ReplayError::OtherEngine`].
pub(crate) fn refuse_other_engine(replay: &Replay) -> Result<(), ReplayError> {
    let (made_on, here) = (replay.header.fingerprint.clone(), replay.plan.engine.fingerprint());
    if made_on == here { Ok(()) } else { Err(ReplayError::OtherEngine { made_on, here }) }
}

/// Replays a run of one of drawloom's own workloads strictly, on a fresh thread.
///
/// # Errors
/// See [`ReplayError`].
pub fn replay_bytes(host: Host, bytes: &[u8], options: RunOptions) -> Result<Replayed, ReplayError> {
    replay_among(host, bytes, options, drawloom_workloads::ALL)
}

/// Replays a run of one of these workloads strictly, on a fresh thread.
///
/// # Errors
/// See [`ReplayError`].
pub fn replay_among(
    host: Host,
    bytes: &[u8],
    options: RunOptions,
    workloads: &[&'static dyn Workload],
) -> Result<Replayed, ReplayError> {
    let options = RunOptions { record: true, ..options };
    host.run_fresh(|| {
        let recorded = codec::decode_among(bytes, workloads)?;
        refuse_other_engine(&recorded)?;
        let (verdict, mut run) = verify(&recorded, options)?;
        let (snapshot, steps) = (run.snapshot.take(), run.steps);
        let mut again = Replay::new(&recorded.plan, recorded.header.name, run);
        // Who recorded it first is kept: the file is the same file.
        again.header.drawloom = recorded.header.drawloom;
        Ok(Replayed { verdict, bytes: codec::encode(&again), snapshot, steps })
    })
}

/// A seed whose run has findings.
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// What was found, the earliest first.
    pub findings: Vec<Finding>,
    /// The bytes of the replay.
    pub replay: Vec<u8>,
    /// The interleaving, drawn in at most 100 columns, for the message of a test that fails.
    pub story: String,
}

/// The first seed of the range whose run has a finding, searched by the portfolio of strategies.
///
/// ```
/// use drawloom_replays::{Plan, search};
///
/// let plan = Plan::usual("counter", "read-add-write").unwrap();
/// let found = search::first_finding(&plan, 0..100).unwrap().expect("an update is lost");
/// assert_eq!(found.findings[0].signature.name, "no update is lost");
/// ```
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn first_finding(plan: &Plan, seeds: Range<u64>) -> Result<Option<Found>, RunError> {
    let host = Host::best();
    let search = Search::new(host, plan.clone(), Swarm::NONE, Strategy::Portfolio)?;
    for seed in seeds {
        if search.run(host, seed, false)?.findings.is_empty() {
            continue;
        }
        // Once more on a fresh thread, where third-party hash seeds repeat too.
        let bytes = search.record_fresh(host, seed.into(), None)?;
        let replay = codec::decode_among(&bytes, &[plan.workload]);
        let replay = replay.expect("what was just written can be read");
        assert!(
            !replay.findings.is_empty(),
            "seed {seed} fails on one thread only: drawloom is not deterministic"
        );
        let style = lanes::Style { width: 100, color: false };
        let story = lanes::draw(&replay.history, &replay.findings, &style);
        return Ok(Some(Found { seed, findings: replay.findings, replay: bytes, story }));
    }
    Ok(None)
}
