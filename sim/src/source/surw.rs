//! Selectively uniform random walk: the order of the turns that touch what was selected is uniform, whatever
//! other turns there are (Zhao et al., ASPLOS 2025).
//!
//! Each run selects from what the census knows to be touched. The actor whose selected turn is to be the next
//! one is drawn by how many selected turns each has left; until it has taken it, nobody else may take one.

use super::census::Census;
use super::chance::Chance;
use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key};
use crate::footprint::{Access, Footprint};
use crate::units::{Actor, Step};
use std::collections::BTreeMap;

/// One run of it.
pub(super) struct Surw {
    chance: Chance,
    selected: Vec<Access>,
    /// The selected turns that each actor has left.
    left: BTreeMap<Actor, u64>,
    intended: Option<Actor>,
}

impl Surw {
    pub fn new(seed: u64, census: &Census) -> Surw {
        let mut chance = Chance::new(seed, "surw");
        let selected = select(&mut chance, census);
        let mut left = BTreeMap::new();
        for kind in census.kinds() {
            if touches(&selected, kind.touches) {
                *left.entry(kind.actor).or_default() += kind.turns;
            }
        }
        Surw { chance, selected, left, intended: None }
    }

    fn is_selected(&self, footprint: &Footprint) -> bool {
        match footprint {
            Footprint::Nothing => false,
            Footprint::Unknown => true,
            Footprint::Known(accesses) => touches(&self.selected, accesses),
        }
    }

    /// Whose selected turn is the next one, of those that are enabled.
    fn intend(&mut self, enabled: &[Enabled]) -> Actor {
        let left = &self.left;
        let weights = enabled.iter().map(|it| left.get(&it.actor).copied().unwrap_or(0).max(1));
        enabled[self.chance.weighted(weights)].actor
    }
}

/// Mostly one thing that several touch; sometimes another one with it; seldom everything.
fn select(chance: &mut Chance, census: &Census) -> Vec<Access> {
    let spots = census.spots();
    if spots.is_empty() {
        return spots;
    }
    let shared = |spot: &&Access| {
        let mut actors =
            census.kinds().filter(|kind| touches(&[**spot], kind.touches)).map(|kind| kind.actor);
        let first = actors.next();
        actors.any(|actor| Some(actor) != first)
    };
    let shared: Vec<Access> = spots.iter().filter(shared).copied().collect();
    let mut any = |of: &[Access]| of[chance.below(of.len() as u64) as usize];
    let first = any(if shared.is_empty() { &spots } else { &shared });
    let second = any(&spots);
    match chance.below(8) {
        0 => spots,
        1 | 2 => vec![first, second],
        _ => vec![first],
    }
}

fn touches(selected: &[Access], touched: &[Access]) -> bool {
    touched.is_empty() || touched.iter().any(|access| selected.iter().any(|spot| spot.conflicts(access)))
}

impl Source for Surw {
    fn pick(&mut self, _key: Key, enabled: &[Enabled], _calm: usize) -> Result<usize, Box<Divergence>> {
        let Ok(actors) = self.chance.actors(enabled) else { return Ok(enabled.len() - 1) };
        let enabled = &enabled[..actors];
        if self.intended.is_none_or(|intended| !enabled.iter().any(|it| it.actor == intended)) {
            self.intended = Some(self.intend(enabled));
        }
        let intended = self.intended;
        let may_go = |it: &Enabled| Some(it.actor) == intended || !self.is_selected(&it.footprint);
        let candidates: Vec<usize> = (0..actors).filter(|place| may_go(&enabled[*place])).collect();
        Ok(candidates[self.chance.below(candidates.len() as u64) as usize])
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(self.chance.choose(key, choice))
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        if !self.is_selected(footprint) {
            return;
        }
        if let Some(left) = self.left.get_mut(&actor) {
            *left = left.saturating_sub(1);
        }
        if self.intended == Some(actor) {
            self.intended = None;
        }
    }
}
