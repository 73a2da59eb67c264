//! What a run did so far, up to the order of commuting steps.

use crate::footprint::{Access, Footprint};
use crate::units::Actor;
use std::collections::BTreeMap;

/// A digest of the steps taken: for each step, whose it is, the how-manyth of its actor, and which
/// conflicting steps came before it. Two runs with the same digest differ only in the order of steps that
/// commute (Mazurkiewicz, 1977), so they are in the same state. 128 bits: a search reaches millions of states,
/// and two that are taken for one would make its proof a lie.
#[derive(Default)]
pub(super) struct Trace {
    /// The last step of each actor.
    last: BTreeMap<Actor, u128>,
    /// The steps that touched a resource, and what of it.
    touched: BTreeMap<u64, Vec<(Access, u128)>>,
    /// All steps of which nothing is known, and all that touched something.
    unknown: u128,
    all: u128,
}

impl Trace {
    /// A step of this actor touched this.
    pub fn step(&mut self, actor: Actor, footprint: &Footprint) {
        if *footprint == Footprint::Nothing {
            return;
        }
        let before = self.last.get(&actor).copied().unwrap_or_default();
        let mut dependencies = self.unknown;
        match footprint {
            Footprint::Nothing => unreachable!("nothing was touched"),
            Footprint::Unknown => dependencies = self.all,
            Footprint::Known(accesses) => {
                for access in accesses.iter() {
                    let earlier = self.touched.get(&access.resource).into_iter().flatten();
                    let conflicting = earlier.filter(|(other, _)| other.conflicts(access));
                    dependencies = conflicting.fold(dependencies, |sum, (_, step)| sum.wrapping_add(*step));
                }
            }
        }
        let step = mix(mix(before ^ u128::from(actor.code())) ^ dependencies);
        self.last.insert(actor, step);
        match footprint {
            Footprint::Nothing => unreachable!("nothing was touched"),
            Footprint::Unknown => self.unknown = self.unknown.wrapping_add(step),
            Footprint::Known(accesses) => {
                for access in accesses.iter() {
                    self.touched.entry(access.resource).or_default().push((*access, step));
                }
            }
        }
        self.all = self.all.wrapping_add(step);
    }

    /// The state after these steps, with `next` to go.
    pub fn state(&self, next: Actor) -> u128 {
        let steps = self.last.values().fold(0u128, |sum, step| sum.wrapping_add(mix(*step)));
        mix(steps ^ u128::from(next.code()) << 64)
    }
}

/// Every bit of the input reaches every bit of the output.
fn mix(word: u128) -> u128 {
    let (mut low, mut high) = (word as u64, (word >> 64) as u64);
    for constant in [0x9E37_79B9_7F4A_7C15_u64, 0xD6E8_FEB8_6659_FD93, 0xA076_1D64_78BD_642F] {
        let product = u128::from(low ^ constant) * u128::from(high ^ constant.rotate_left(32) | 1);
        (low, high) = (high ^ product as u64, low.wrapping_add((product >> 64) as u64) ^ constant);
    }
    u128::from(high) << 64 | u128::from(low)
}
