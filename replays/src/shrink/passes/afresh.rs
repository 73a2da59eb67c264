//! Draws small runs of the given plan. What shrinks badly, because what is left out moves what comes after it, may
//! fail alike in a run that was small from the beginning.

use crate::shrink::case::Case;
use crate::shrink::subject::Subject;
use crate::shrink::trials::{Stop, Trials};
use drawloom_sim::Tape;

/// What has no more statements is small enough.
const STATEMENTS_FEW: u32 = 9;
/// Workers and actions of each, the smallest first.
const SHAPES: [(u16, u32); 4] = [(1, 1), (1, 2), (2, 1), (2, 2)];
/// So many are drawn of each shape.
const SEEDS: u64 = 64;

pub fn pass<S: Subject>(trials: &mut Trials<'_, S>) -> Result<(), Stop> {
    if trials.smallest.size.statements <= STATEMENTS_FEW {
        return Ok(());
    }
    for (workers, actions) in SHAPES {
        let smallest = &trials.smallest.size;
        // Its runs could be no smaller.
        if usize::from(workers) > smallest.workers
            || u64::from(workers) * u64::from(actions) > smallest.actions as u64
        {
            continue;
        }
        let shape = Case { workers, actions, tape: Tape::default(), ..trials.smallest.case.clone() };
        for seed in 0..SEEDS {
            if trials.attempt_drawn(&shape, seed)? {
                return Ok(());
            }
        }
    }
    Ok(())
}
