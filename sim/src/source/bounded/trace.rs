//! What a run did so far, up to the order of commuting steps.

use crate::footprint::{Access, Footprint};
use crate::units::Actor;

/// A digest of the steps taken: for each step, whose it is, the how-manyth of its actor, and which
/// conflicting steps came before it. Two runs with the same digest differ only in the order of steps that
/// commute (Mazurkiewicz, 1977), so they are in the same state. 128 bits: a search reaches millions of states,
/// and two that are taken for one would make its proof a lie.
#[derive(Default)]
pub(super) struct Trace {
    /// The last step of each actor, by its dense index; 0 before its first.
    last: Vec<u128>,
    /// What was touched, and not since by a step that conflicts with all that this one conflicts with.
    touched: Vec<Touched>,
    /// All steps of which nothing is known, and all that touched something.
    unknown: u128,
    all: u128,
    /// The last steps of all actors, as a sum.
    steps: u128,
}

struct Touched {
    access: Access,
    by: Actor,
    step: u128,
}

impl Touched {
    /// Whether this access of a later step says all that the earlier one says: whatever conflicts with the
    /// earlier conflicts with it too, and it comes after it in every order.
    fn is_covered_by(&self, access: &Access, by: Actor) -> bool {
        let earlier = &self.access;
        earlier.resource == access.resource
            && (access.part.is_none() || access.part == earlier.part)
            && (access.writes || !earlier.writes && self.by == by)
    }
}

impl Trace {
    /// A step of this actor touched this.
    pub fn step(&mut self, actor: Actor, footprint: &Footprint) {
        let dependencies = match footprint {
            Footprint::Nothing => return,
            Footprint::Unknown => self.all,
            Footprint::Known(accesses) => self.dependencies(accesses),
        };
        let index = actor.dense();
        if index >= self.last.len() {
            self.last.resize(index + 1, 0);
        }
        let before = self.last[index];
        // Multiplied, for what it depends on may be the same step.
        let step = mix(numbered(before, actor).wrapping_add(dependencies));
        self.last[index] = step;
        self.steps = self.steps.wrapping_sub(before).wrapping_add(step);
        self.all = self.all.wrapping_add(step);
        if *footprint == Footprint::Unknown {
            self.unknown = self.unknown.wrapping_add(step);
        }
        for access in footprint.accesses() {
            self.touched.retain(|earlier| !earlier.is_covered_by(access, actor));
            self.touched.push(Touched { access: *access, by: actor, step });
        }
    }

    /// The steps that a step which touches this has to come after, as a sum.
    fn dependencies(&self, accesses: &[Access]) -> u128 {
        let conflicts = |earlier: &&Touched| accesses.iter().any(|access| access.conflicts(&earlier.access));
        let conflicting = self.touched.iter().filter(conflicts);
        conflicting.fold(self.unknown, |sum, earlier| sum.wrapping_add(earlier.step))
    }

    /// The state after these steps, with `next` to go.
    pub fn state(&self, next: Actor) -> u128 {
        numbered(self.steps, next)
    }
}

/// Different for different actors.
fn numbered(word: u128, actor: Actor) -> u128 {
    const ODD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
    word.wrapping_add(u128::from(actor.code()) + 1).wrapping_mul(ODD)
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
