//! The source of an attempt: lenient, and it counts preemptions.

use super::case::Part;
use drawloom_sim::source::{Choice, Enabled, Lenient, Source};
use drawloom_sim::{Actor, Divergence, Footprint, Key, Step, Tape};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

/// Follows a tape as far as it goes, or an order of statements.
pub struct Watched {
    tape: Lenient,
    order: Option<Order>,
    preemptions: Rc<Cell<u32>>,
}

impl Watched {
    /// Follows this tape, its schedule too. The cell tells how often an actor was left that could have gone on.
    pub fn new(tape: Tape) -> (Watched, Rc<Cell<u32>>) {
        let preemptions = Rc::new(Cell::new(0));
        (Watched { tape: Lenient::new(tape), order: None, preemptions: preemptions.clone() }, preemptions)
    }

    /// Follows this tape, but instead of its schedule this order of statements.
    pub fn in_order(tape: Tape, order: &[Part]) -> (Watched, Rc<Cell<u32>>) {
        let (watched, preemptions) = Watched::new(tape);
        let order = Order(order.iter().map(|part| part.actor).collect());
        (Watched { order: Some(order), ..watched }, preemptions)
    }
}

impl Source for Watched {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        let picked = match &mut self.order {
            Some(order) => order.pick(enabled).unwrap_or(calm),
            None => self.tape.pick(key, enabled, calm)?,
        };
        // The calm pick stays wherever it can.
        let leaves = picked != calm && enabled[calm].actor == key.actor;
        self.preemptions.set(self.preemptions.get() + u32::from(leaves));
        Ok(picked)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.tape.choose(key, choice)
    }

    fn observe(&mut self, _step: Step, actor: Actor, _footprint: &Footprint) {
        if let Some(order) = &mut self.order {
            order.executed(actor);
        }
    }
}

/// Whose statements are still to be executed, in this order.
struct Order(VecDeque<Actor>);

impl Order {
    /// Whoever is to execute the next statement, of those that can go on. What breaks does so in time.
    fn pick(&self, enabled: &[Enabled]) -> Option<usize> {
        let place = |actor: Actor| enabled.iter().position(|candidate| candidate.actor == actor);
        place(Actor::FAULTS).or_else(|| self.0.iter().find_map(|actor| place(*actor)))
    }

    fn executed(&mut self, by: Actor) {
        if let Some(place) = self.0.iter().position(|actor| *actor == by) {
            self.0.remove(place);
        }
    }
}
