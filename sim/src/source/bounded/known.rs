//! What each actor was seen to touch in any run of a search so far.

use crate::footprint::{Access, Footprint};
use crate::units::Actor;

/// Of every actor, everything that its steps touched.
#[derive(Default)]
pub(super) struct Known {
    /// By the actor's dense index.
    actors: Vec<Option<Touched>>,
    /// Something was added since it was last asked for.
    learned: bool,
}

#[derive(Default)]
struct Touched {
    /// In order.
    accesses: Vec<Access>,
    /// It took steps of which nothing is known.
    unknown: bool,
}

impl Known {
    /// A step of this actor touched this.
    pub fn learn(&mut self, actor: Actor, footprint: &Footprint) {
        let index = actor.dense();
        if index >= self.actors.len() {
            self.actors.resize_with(index + 1, || None);
        }
        let touched = self.actors[index].get_or_insert_default();
        match footprint {
            Footprint::Nothing => (),
            Footprint::Unknown => self.learned |= !std::mem::replace(&mut touched.unknown, true),
            Footprint::Known(accesses) => {
                for access in accesses.iter() {
                    if let Err(place) = touched.accesses.binary_search(access) {
                        touched.accesses.insert(place, *access);
                        self.learned = true;
                    }
                }
            }
        }
    }

    /// Whether anything was learned since this was last asked.
    pub fn take_learned(&mut self) -> bool {
        std::mem::replace(&mut self.learned, false)
    }

    /// Whether the order of this step of `actor` and any step of anybody else is known to matter.
    pub fn may_conflict(&self, actor: Actor, footprint: &Footprint) -> bool {
        let accesses = match footprint {
            Footprint::Nothing => return false,
            Footprint::Unknown => return true,
            Footprint::Known(accesses) => accesses,
        };
        let others = self.actors.iter().enumerate().filter(|(index, _)| *index != actor.dense());
        others.filter_map(|(_, touched)| touched.as_ref()).any(|touched| touched.conflicts(accesses))
    }

    /// Whether any step of the one may conflict with any of the other; so they may while one of them was not
    /// seen yet.
    pub fn pair_conflicts(&self, a: Actor, b: Actor) -> bool {
        let touched = |actor: Actor| self.actors.get(actor.dense()).and_then(Option::as_ref);
        let (Some(ours), Some(theirs)) = (touched(a), touched(b)) else { return true };
        ours.unknown || theirs.conflicts(&ours.accesses)
    }
}

impl Touched {
    fn conflicts(&self, accesses: &[Access]) -> bool {
        self.unknown || accesses.iter().any(|ours| self.accesses.iter().any(|their| ours.conflicts(their)))
    }
}
