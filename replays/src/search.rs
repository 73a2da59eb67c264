//! Runs by seed: many in a row to search, one on a fresh thread to keep.

use crate::plan::Plan;
use crate::replay::{Replay, Verdict, verify};
use crate::run::{Run, RunError, RunOptions, run};
use crate::{codec, lanes};
use drawloom_model::{Finding, SqlError};
use drawloom_sim::source::{Census, Random, Strategy, Survey};
use drawloom_sim::{Host, Step};
use drawloom_workloads::Workload;
use std::ops::Range;

/// A plan and the strategy that its seeds are searched by.
pub struct Search {
    plan: Plan,
    strategy: Strategy,
    census: Census,
}

impl Search {
    /// A search of this plan. Most strategies have to know what its runs are like, and take a look at one.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn new(host: Host, plan: Plan, strategy: Strategy) -> Result<Search, RunError> {
        let mut census = Census::default();
        if strategy.needs_census() {
            let (survey, counted) = Survey::new(0);
            host.run(|| run(&plan, Box::new(survey), RunOptions::default()))?;
            census = counted.take();
        }
        Ok(Search { plan, strategy, census })
    }

    /// The pure run of a seed, on this thread.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn run(&self, host: Host, seed: u64, record: bool) -> Result<Run, RunError> {
        let options = RunOptions { record, ..RunOptions::default() };
        host.run(|| run(&self.plan, self.strategy.source(seed, &self.census), options))
    }

    /// The pure run of a seed on a fresh thread, as the bytes of its replay.
    ///
    /// # Errors
    /// [`RunError`]: the setup failed.
    pub fn record(&self, host: Host, seed: u64) -> Result<Vec<u8>, RunError> {
        host.run_fresh(|| {
            let options = RunOptions { record: true, ..RunOptions::default() };
            let run = run(&self.plan, self.strategy.source(seed, &self.census), options)?;
            Ok(codec::encode(&Replay::new(&self.plan, seed, run)))
        })
    }
}

/// The run of a seed with uniformly random schedules, on this thread.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn run_seed(host: Host, plan: &Plan, seed: u64, record: bool) -> Result<Run, RunError> {
    let options = RunOptions { record, ..RunOptions::default() };
    host.run(|| run(plan, Box::new(Random::new(seed)), options))
}

/// The run of a seed with a uniformly random schedule on a fresh thread, as the bytes of its replay.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn record(host: Host, plan: &Plan, seed: u64) -> Result<Vec<u8>, RunError> {
    host.run_fresh(|| {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = run(plan, Box::new(Random::new(seed)), options)?;
        Ok(codec::encode(&Replay::new(plan, seed, run)))
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
        let here = drawloom_sqlite::fingerprint();
        let made_on = recorded.header.fingerprint.clone();
        if made_on != here {
            return Err(ReplayError::OtherEngine { made_on, here });
        }
        let (verdict, mut run) = verify(&recorded, options)?;
        let (snapshot, steps) = (run.snapshot.take(), run.steps);
        let mut again = Replay::new(&recorded.plan, recorded.header.seed, run);
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

/// The first seed of the range whose run has a finding.
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
    for seed in seeds {
        if run_seed(Host::best(), plan, seed, false)?.findings.is_empty() {
            continue;
        }
        // Once more on a fresh thread, where third-party hash seeds repeat too.
        let found = Host::best().run_fresh(|| {
            let options = RunOptions { record: true, ..RunOptions::default() };
            let run = run(plan, Box::new(Random::new(seed)), options)?;
            let style = lanes::Style { width: 100, color: false };
            let story = lanes::draw(&run.history, &run.findings, &style);
            let findings = run.findings.clone();
            Ok(Found { seed, findings, replay: codec::encode(&Replay::new(plan, seed, run)), story })
        })?;
        assert!(
            !found.findings.is_empty(),
            "seed {seed} fails on one thread only: drawloom is not deterministic"
        );
        return Ok(Some(found));
    }
    Ok(None)
}
