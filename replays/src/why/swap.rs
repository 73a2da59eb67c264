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
pub fn find(trials: &mut Trials<'_>, failing: &Course, passing: &Course) -> Result<Option<Swap>, WhyError> {
    trials.doing = "bisecting";
    let (failing, passing) = (failing.order(), passing.order());
    let kept = |count: usize| [&failing[..count], &without(&passing, &failing[..count])[..]].concat();
    let edge = bisect(trials, failing.len(), |count| kept(failing.len() - count))?;
    let Some((fails_at, ..)) = edge else { return Ok(None) };
    let culprit = failing.len() - fails_at - 1;
    // One turn more was kept, and it fails: moved back, it passes.
    let rest = without(&passing, &failing[..culprit]);
    let actor = failing[culprit];
    let late = rest.iter().position(|it| *it == actor).unwrap_or(rest.len());
    let after = &rest[(late + 1).min(rest.len())..];
    let moved = |by: usize| [&failing[..culprit], &rest[..by], &[actor], &rest[by..late], after].concat();
    let Some((_, fails, passes)) = bisect(trials, late, moved)? else { return Ok(None) };
    let parted = fails.turns.iter().zip(&passes.turns).position(|(one, other)| one.actor != other.actor);
    let Some(at) = parted else { return Ok(None) };
    let swap = Swap { fails, passes, at };
    let swapped = swap.fails.turns.get(at + 1).map(|turn| turn.actor) == Some(swap.second().actor)
        && swap.passes.turns.get(at + 1).map(|turn| turn.actor) == Some(swap.first().actor);
    Ok(swapped.then_some(swap))
}

/// The order without the first so many turns of each actor that these are.
fn without(order: &[Actor], gone: &[Actor]) -> Vec<Actor> {
    let mut gone =
        gone.iter().fold(std::collections::BTreeMap::<Actor, usize>::new(), |mut counts, actor| {
            *counts.entry(*actor).or_default() += 1;
            counts
        });
    let stays = |actor: &&Actor| match gone.get_mut(*actor) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    order.iter().filter(stays).copied().collect()
}

/// A number whose order fails while the next one's passes, with both runs. `None`: order 0 does not fail, or the
/// last does not pass.
fn bisect(
    trials: &mut Trials<'_>,
    last: usize,
    order: impl Fn(usize) -> Vec<Actor>,
) -> Result<Option<(usize, Course, Course)>, WhyError> {
    let (mut low, mut high) = (0, last);
    let mut fails = trials.run(&order(low), Rest::Calm)?;
    let mut passes = trials.run(&order(high), Rest::Calm)?;
    if !fails.fails || passes.fails || low == high {
        return Ok(None);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let course = trials.run(&order(middle), Rest::Calm)?;
        if course.fails {
            (low, fails) = (middle, course);
        } else {
            (high, passes) = (middle, course);
        }
    }
    Ok(Some((low, fails, passes)))
}
