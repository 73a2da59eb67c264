//! Two turns next to each other, whose order decides.
//!
//! ```text
//! failing  f0 f1 f2 f3 f4 ...
//! passing  p0 p1 p2 p3 p4 ...
//!
//! f0 .. f(i-1), then the rest as in the passing one      passes for i = 0, fails for i = all: bisect
//! f0 .. f(i-1), p, ..., fi, p, ...                       fails with fi first, passes with it late: bisect
//! ```
//!
//! Neither has to change its mind only once: bisecting ends wherever it finds two neighbours that differ, and both
//! were run. It is delta debugging over thread schedules (Choi and Zeller, "Isolating Failure-Inducing Thread
//! Schedules", ISSTA 2002), on one chain.

use super::WhyError;
use super::directed::{Rest, Turn};
use super::passing::{Passing, without};
use super::trials::{Course, Trials};
use drawloom_sim::Actor;

/// Two runs that are the same up to a turn, and then the one has two turns the other way round.
pub struct Swap {
    /// The one that fails.
    pub fails: Course,
    /// The one that passes.
    pub passes: Course,
    /// The place among the turns where they part.
    pub at: usize,
}

impl Swap {
    /// The turn that comes first where it fails.
    pub fn first(&self) -> Turn {
        self.fails.turns[self.at]
    }

    /// The turn that comes first where it passes.
    pub fn second(&self) -> Turn {
        self.passes.turns[self.at]
    }
}

/// Bisects between the two. `None`: turns cannot be moved so that there are two such runs.
pub fn find(trials: &mut Trials<'_>, failing: &Course, passing: &Passing) -> Result<Option<Swap>, WhyError> {
    trials.doing = "bisecting";
    let order = failing.order();
    let kept = |gone: usize| passing.after(&order[..order.len() - gone]);
    let Some(edge) = bisect(trials, order.len(), kept)? else { return Ok(None) };
    let culprit = order.len() - edge.low - 1;
    // One turn more was kept, and it fails: moved back to where it comes in the run that passes, it does not.
    let rest = without(&edge.passes.order(), &order[..culprit]);
    let actor = order[culprit];
    let late = rest.iter().position(|it| *it == actor).unwrap_or(rest.len());
    let after = &rest[(late + 1).min(rest.len())..];
    let moved = |by: usize| {
        let order = [&order[..culprit], &rest[..by], &[actor], &rest[by..late], after].concat();
        (order, Rest::Calm)
    };
    let Some(Edge { fails, passes, .. }) = bisect(trials, late, moved)? else { return Ok(None) };
    let parted = fails.turns.iter().zip(&passes.turns).position(|(one, other)| one.actor != other.actor);
    let Some(at) = parted else { return Ok(None) };
    let swap = Swap { fails, passes, at };
    let next = |course: &Course| course.turns.get(at + 1).map(|turn| turn.actor);
    // A turn that could not be taken where it was to be taken makes two other runs of them.
    let order = [&order[..culprit], &rest[..at.saturating_sub(culprit)], &[actor]].concat();
    let followed = swap.fails.order().starts_with(&order);
    let swapped = followed
        && next(&swap.fails) == Some(swap.second().actor)
        && next(&swap.passes) == Some(swap.first().actor);
    Ok(swapped.then_some(swap))
}

/// Two neighbours, of which the first fails and the second passes.
struct Edge {
    /// The number of the first.
    low: usize,
    fails: Course,
    passes: Course,
}

/// An edge among the orders from 0 to the last. `None`: order 0 does not fail, or the last does not pass.
fn bisect(
    trials: &mut Trials<'_>,
    last: usize,
    order: impl Fn(usize) -> (Vec<Actor>, Rest),
) -> Result<Option<Edge>, WhyError> {
    let mut run = |number: usize| {
        let (order, rest) = order(number);
        trials.run(&order, rest)
    };
    let (mut low, mut high) = (0, last);
    let (mut fails, mut passes) = (run(low)?, run(high)?);
    if !fails.fails || passes.fails {
        return Ok(None);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let course = run(middle)?;
        if course.fails {
            (low, fails) = (middle, course);
        } else {
            (high, passes) = (middle, course);
        }
    }
    Ok(Some(Edge { low, fails, passes }))
}
