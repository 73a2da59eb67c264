//! Systematic search of one program: it ends with a finding, with a proof, or with how far it came.

use crate::codec;
use crate::plan::Plan;
use crate::replay::Replay;
use crate::run::{RunError, RunOptions, run};
use drawloom_sim::source::{Bounded, Coverage, Strict};
use drawloom_sim::{Host, Profile, Tape};
use std::ops::ControlFlow;

/// How a systematic search ended.
pub enum Ended {
    /// With a finding: the bytes of its replay.
    Found(Vec<u8>),
    /// Every schedule was explored, or commutes with one that was.
    Proved(Coverage),
    /// It was to go no further.
    Unfinished(Coverage),
}

/// Explores every schedule of the seed's program with at most `preemptions` preemptions, until there is a
/// finding, nothing is left, or the observer, which is told after every execution, says that it is enough.
///
/// # Errors
/// [`RunError`]: the setup failed.
pub fn search(
    host: Host,
    plan: &Plan,
    seed: u64,
    preemptions: u32,
    observer: &mut dyn FnMut(&Coverage) -> ControlFlow<()>,
) -> Result<Ended, RunError> {
    let search = Bounded::new(seed, preemptions, steps_commute(plan));
    while let Some(source) = search.next_source() {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let ran = host.run(|| run(plan, source, options))?;
        if !ran.findings.is_empty() {
            let tape = ran.tape.expect("it was recorded");
            return Ok(Ended::Found(confirm(host, plan, seed, tape)?));
        }
        if observer(&search.coverage()).is_break() {
            return Ok(Ended::Unfinished(search.coverage()));
        }
    }
    Ok(Ended::Proved(search.coverage()))
}

/// Whether what steps touch says all about their order: not where messages take their time, or things break.
fn steps_commute(plan: &Plan) -> bool {
    plan.network == Profile::Direct && plan.faults.kinds.is_empty()
}

/// The same run once more on a fresh thread, as the bytes of its replay.
fn confirm(host: Host, plan: &Plan, seed: u64, tape: Tape) -> Result<Vec<u8>, RunError> {
    host.run_fresh(|| {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let ran = run(plan, Box::new(Strict::new(tape)), options)?;
        assert!(ran.divergence.is_none(), "a run repeats on a fresh thread: {:?}", ran.divergence);
        Ok(codec::encode(&Replay::new(plan, seed, ran)))
    })
}
