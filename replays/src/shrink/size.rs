//! When a case is smaller than another.

use super::case::{Case, is_break};
use super::subject::{Course, What};

/// How large a failing case is. The fields stand in the order in which they count, the first that differs
/// deciding: shortlex, as in Hypothesis, so that what costs a reader most goes first.
///
/// Who takes part is what one must keep in mind throughout, what is done comes next, then what breaks and what
/// the network does to it; only then how it is interleaved, and what happens. The values are last, for they
/// are read in passing. The tape itself makes the order total: of two equal stories always the same one stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// Workers that do something.
    pub workers: usize,
    /// Actions that are not rested in.
    pub actions: usize,
    /// Faults that strike.
    pub faults: usize,
    /// Kinds of fault that may.
    pub fault_kinds: usize,
    /// How the network behaves, the calmest first.
    pub network: u8,
    /// Switches away from an actor that could have gone on.
    pub preemptions: u32,
    /// Statements up to the finding.
    pub statements: u32,
    /// Statements altogether.
    pub length: usize,
    /// Decisions of the schedule that are not calm.
    pub overrides: usize,
    /// Other decisions that are not calm.
    pub decisions: usize,
    /// The sum of their answers.
    pub sum: u64,
    /// Workers and actions of the plan, those that rest too.
    pub planned: u64,
    /// The case itself.
    words: Vec<u32>,
}

impl Size {
    /// The size of a case that took this course.
    pub fn of(case: &Case, course: &Course) -> Size {
        let tape = &case.tape;
        let decisions = || {
            let tracks = tape.decisions.iter();
            tracks.flat_map(|((lane, _), track)| track.entries().iter().map(|(_, it)| (*lane, it)))
        };
        Size {
            workers: case.busy().len(),
            actions: case.parts().len(),
            faults: decisions().filter(|(lane, decision)| is_break(*lane, decision)).count(),
            fault_kinds: case.faults.kinds.len() + usize::from(case.faults.swarm),
            network: case.network as u8,
            preemptions: course.preemptions,
            statements: course.statements,
            length: course.order.iter().filter(|moment| moment.what != What::Waits).count(),
            overrides: tape.overrides.values().map(|track| track.entries().len()).sum(),
            decisions: decisions().count(),
            sum: decisions().map(|(_, decision)| u64::from(decision.index)).sum(),
            planned: u64::from(case.workers) + u64::from(case.actions),
            words: case.words(),
        }
    }
}
