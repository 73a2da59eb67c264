//! Systematic search of one program: it ends with a finding, with a proof, or with how far it came.

use crate::plan::Plan;
use crate::run::{Run, RunError, RunOptions, run};
use crate::search;
use drawloom_sim::source::{Bounded, Explored};
use drawloom_sim::{Host, Profile};
use std::ops::ControlFlow;

/// How a systematic search ended.
pub enum Ended {
    /// With a finding: the bytes of its replay.
    Found(Vec<u8>),
    /// Every schedule was explored, or commutes with one that was.
    Proved(Explored),
    /// It was to go no further.
    Unfinished(Explored),
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
    observer: &mut dyn FnMut(&Explored) -> ControlFlow<()>,
) -> Result<Ended, RunError> {
    let mut reduce = steps_commute(plan);
    let mut search = Bounded::new(seed, preemptions, reduce);
    while let Some(source) = search.next_source() {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let ran = host.run(|| run(plan, source, options))?;
        if !ran.findings.is_empty() {
            let tape = ran.tape.expect("it was recorded");
            let confirmed = search::confirm(host, plan, seed.into(), &tape)?;
            return Ok(Ended::Found(confirmed.expect("a run repeats on a fresh thread").bytes));
        }
        if reduce && may_time_out(plan, &ran) {
            reduce = false;
            search = Bounded::new(seed, preemptions, reduce);
        }
        let explored = search.explored();
        if observer(&explored).is_break() && !explored.complete {
            return Ok(Ended::Unfinished(explored));
        }
    }
    Ok(Ended::Proved(search.explored()))
}

/// Whether what steps touch says all about their order: not where messages take their time, or things break.
pub fn steps_commute(plan: &Plan) -> bool {
    plan.network == Profile::Direct && plan.faults.kinds.is_empty()
}

/// Whether a run was so long that a wait could run out in it. Footprints do not tell time: of two runs that
/// differ only in the order of commuting steps, it might run out in one.
fn may_time_out(plan: &Plan, ran: &Run) -> bool {
    plan.engine.patience().is_some_and(|patience| ran.duration.0 >= patience.0)
}
