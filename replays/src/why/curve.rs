//! How likely it fails, the more of the schedule is kept.

use super::WhyError;
use super::deed::{Deed, Deeds};
use super::directed::Rest;
use super::trials::{Course, Trials};
use drawloom_sim::source::Random;
use drawloom_sim::{Actor, Step};
use std::collections::BTreeMap;
use std::fmt;

/// So many schedules are drawn for each point.
pub const DRAWN: u32 = 32;
/// Of no more deeds than that every one is a point.
const POINTS_MAX: usize = 24;
/// Of more, every so manieth part is one, and those in between where it rises most.
const PARTS: usize = 8;

/// The share of schedules that fail, of those that are the failing one up to a deed, and drawn from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    /// For each of these numbers of deeds that were kept: how many of [`DRAWN`] fail.
    pub points: BTreeMap<usize, u32>,
    /// The last deed that was kept, by its number, from 1 on.
    pub steps: Vec<Step>,
}

impl Curve {
    /// The deed with which the share rises most, the first of equals: its number, and the share before and after it.
    pub fn jump(&self) -> Option<(usize, u32, u32)> {
        let mut jump: Option<(usize, u32, u32)> = None;
        for ((before, low), (after, high)) in self.points.iter().zip(self.points.iter().skip(1)) {
            let rise = high.saturating_sub(*low);
            if before + 1 == *after && jump.is_none_or(|(_, low, high)| rise > high.saturating_sub(low)) {
                jump = Some((*after, *low, *high));
            }
        }
        jump
    }
}

/// `chance of failing: 22 % ▂▂▄█ 100 %, from 40 % to 100 % with step 16`, and what that means.
impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What rises less may be chance.
        const RISE_MIN: u32 = DRAWN / 8;
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let bar = |fails: u32| BARS[(fails * 7 / DRAWN) as usize];
        let percent = |fails: u32| fails * 100 / DRAWN;
        let line: String = self.points.values().map(|fails| bar(*fails)).collect();
        let ends = (self.points.values().next(), self.points.values().last());
        let (first, last) = (ends.0.map_or(0, |it| percent(*it)), ends.1.map_or(0, |it| percent(*it)));
        write!(f, "chance of failing: {first} % {line} {last} %, ")?;
        match self.jump() {
            Some((number, low, high)) if high >= low + RISE_MIN => {
                let step = self.steps[number - 1];
                writeln!(f, "from {} % to {} % with step {step}", percent(low), percent(high))?;
            }
            _ if first > 50 => {
                writeln!(f, "so likely with any schedule that it tells little: shrink it for more")?
            }
            _ => writeln!(f, "with no step much more than with any other")?,
        }
        writeln!(
            f,
            "  ({DRAWN} schedules each, kept up to one statement after another and drawn from there on)"
        )
    }
}

/// The curve of a run up to the step of its finding.
pub fn draw(trials: &mut Trials<'_>, failing: &Course, until: Step) -> Result<Curve, WhyError> {
    trials.doing = "drawing schedules";
    let deeds = Deeds::of(&failing.history);
    let steps: Vec<Step> =
        deeds.0.iter().map(|deed: &Deed| deed.step).filter(|step| *step <= until).collect();
    let mut curve = Curve { points: BTreeMap::new(), steps };
    let last = curve.steps.len();
    let part = if last <= POINTS_MAX { 1 } else { last.div_ceil(PARTS) };
    for kept in (0..=last).step_by(part).chain([last]) {
        measure(trials, failing, &mut curve, kept)?;
    }
    // Where it rises most it is looked at more closely, until there is nothing in between.
    while let Some((low, high)) = steepest(&curve) {
        if high - low < 2 {
            break;
        }
        measure(trials, failing, &mut curve, low + (high - low) / 2)?;
    }
    Ok(curve)
}

/// The two points next to each other between which it rises most, the first of equals.
fn steepest(curve: &Curve) -> Option<(usize, usize)> {
    let pairs = curve.points.iter().zip(curve.points.iter().skip(1));
    let rises = pairs.map(|((low, before), (high, after))| (after.saturating_sub(*before), (*low, *high)));
    // Of equals `max_by_key` takes the last.
    rises.rev().max_by_key(|(rise, _)| *rise).map(|(_, pair)| pair)
}

fn measure(
    trials: &mut Trials<'_>,
    failing: &Course,
    curve: &mut Curve,
    kept: usize,
) -> Result<(), WhyError> {
    if curve.points.contains_key(&kept) {
        return Ok(());
    }
    // Nothing is kept of what the workers do, but all that comes before.
    let from = |actor: Actor| actor.as_worker().is_some() || actor == Actor::FAULTS;
    let end = match kept.checked_sub(1).map(|last| curve.steps[last]) {
        None => failing.turns.iter().position(|turn| from(turn.actor)).unwrap_or(0),
        Some(step) => failing.turns.iter().position(|turn| turn.step >= step).map_or(0, |place| place + 1),
    };
    let order = &failing.order()[..end];
    let mut fails = 0;
    for seed in 0..u64::from(DRAWN) {
        let course = trials.run(order, Rest::Random(Box::new(Random::new(seed))))?;
        fails += u32::from(course.fails);
    }
    curve.points.insert(kept, fails);
    Ok(())
}
