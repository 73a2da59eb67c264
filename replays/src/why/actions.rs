//! One action after another: who is in the middle of one comes to its end before anybody begins another.

use drawloom_sim::source::Enabled;
use drawloom_sim::{Actor, Key};
use std::collections::BTreeMap;

/// Where the actors stand in their actions, and who is to begin next.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    /// Whose actions begin, in this order.
    starts: Vec<Actor>,
    /// The action that each actor is in the middle of, and the how-manieth to begin it was.
    begun: BTreeMap<Actor, (u32, usize)>,
    /// How many began.
    count: usize,
}

impl Actions {
    /// Actions are to begin in this order.
    pub fn new(starts: Vec<Actor>) -> Actions {
        Actions { starts, ..Actions::default() }
    }

    /// The turn before this key is taken: its actor has taken so many in its action.
    pub fn note(&mut self, key: Key) {
        if key.actor.as_worker().is_none() {
            return;
        }
        let known = self.begun.get(&key.actor).is_some_and(|(action, _)| *action == key.place.action);
        if key.place.ordinal == 0 {
            self.begun.remove(&key.actor);
        } else if !known {
            self.count += 1;
            self.begun.insert(key.actor, (key.place.action, self.count));
            if let Some(start) = self.starts.iter().position(|actor| *actor == key.actor) {
                self.starts.remove(start);
            }
        }
    }

    /// Whose turn it is: whoever began first of those that are at it; else whoever is to begin.
    pub fn pick(&self, enabled: &[Enabled]) -> Option<usize> {
        let place = |actor: &Actor| enabled.iter().position(|candidate| candidate.actor == *actor);
        let mut at_it: Vec<(usize, Actor)> =
            self.begun.iter().map(|(actor, (_, began))| (*began, *actor)).collect();
        at_it.sort_unstable();
        at_it.iter().find_map(|(_, actor)| place(actor)).or_else(|| self.starts.iter().find_map(place))
    }
}
