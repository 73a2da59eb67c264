//! The source of an attempt: lenient, and it counts preemptions.

use super::case::BREAK;
use super::subject::{Moment, What};
use drawloom_sim::source::{Choice, Enabled, Lenient, Source};
use drawloom_sim::{Actor, Divergence, Key, Tape};
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
    pub fn in_order(tape: Tape, order: &[Moment]) -> (Watched, Rc<Cell<u32>>) {
        let (watched, preemptions) = Watched::new(tape);
        let order = Order(order.iter().map(|moment| (moment.part.actor, moment.what)).collect());
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
        let index = self.tape.choose(key, choice)?;
        if let Some(order) = &mut self.order
            && choice.site == BREAK
            && index > 0
        {
            order.executed(Actor::FAULTS);
        }
        Ok(index)
    }

    fn worked(&mut self, actor: Actor) {
        if let Some(order) = &mut self.order {
            order.executed(actor);
        }
    }
}

/// What is still to happen, in this order.
struct Order(VecDeque<(Actor, What)>);

impl Order {
    /// Whoever is to act next, of those that can go on. Time passes for a wait that is to run out, and for a
    /// fault that is to strike; faults never strike before.
    fn pick(&mut self, enabled: &[Enabled]) -> Option<usize> {
        let place = |actor: Actor| enabled.iter().position(|candidate| candidate.actor == actor);
        while let Some((actor, What::Waits)) = self.0.front()
            && place(*actor).is_none()
        {
            self.0.pop_front(); // it does
        }
        let (first, what) = *self.0.front()?;
        if place(first).is_none() && (what == What::RunsOut || first == Actor::FAULTS) {
            return place(Actor::CLOCK);
        }
        let mut next = self.0.iter().filter(|(actor, _)| *actor == first || *actor != Actor::FAULTS);
        next.find_map(|(actor, _)| place(*actor))
    }

    fn executed(&mut self, by: Actor) {
        let of = |(actor, what): &(Actor, What)| *actor == by && *what != What::Waits;
        if let Some(end) = self.0.iter().position(of) {
            self.0.remove(end);
            // Where it did not wait after all.
            let mut index = 0;
            self.0.retain(|(actor, _)| {
                index += 1;
                index > end || *actor != by
            });
        }
    }
}
