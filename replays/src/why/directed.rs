//! The source of a trial: whose turns come in a given order, and everything else as it was recorded.

use super::actions::Actions;
use drawloom_sim::source::{Choice, Enabled, Lenient, Random, Source};
use drawloom_sim::{Actor, Divergence, Footprint, Key, Step, Tape};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// A turn that was taken. [`Actor::CLOCK`]'s let time pass, and have the step of the turn before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub actor: Actor,
    /// Its number in the run.
    pub step: Step,
}

/// Whose turns come where no order is given, or none of it can be followed.
#[derive(Clone, Debug)]
pub enum Rest {
    /// Those of the tape.
    Tape,
    /// Whoever is at it goes on, else the lowest.
    Calm,
    /// One action after another.
    Actions(Box<Actions>),
    /// The first of these that can go on.
    Serial(Vec<Actor>),
    /// Anybody's.
    Random(Box<Random>),
}

/// Follows an order of turns as far as it goes: the first in it who can take a turn takes it.
pub struct Directed {
    tape: Lenient,
    order: VecDeque<Actor>,
    rest: Rest,
    taken: Rc<RefCell<Vec<Turn>>>,
}

impl Directed {
    /// The cell tells which turns were taken.
    pub fn new(tape: Tape, order: &[Actor], rest: Rest) -> (Directed, Rc<RefCell<Vec<Turn>>>) {
        let taken = Rc::new(RefCell::default());
        let order = order.iter().copied().collect();
        (Directed { tape: Lenient::new(tape), order, rest, taken: taken.clone() }, taken)
    }

    fn take(&mut self, turn: Turn) {
        if let Some(index) = self.order.iter().position(|actor| *actor == turn.actor) {
            self.order.remove(index);
        }
        self.taken.borrow_mut().push(turn);
    }
}

impl Source for Directed {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        if let Rest::Actions(actions) = &mut self.rest {
            actions.note(key);
        }
        let place = |actor: &Actor| enabled.iter().position(|candidate| candidate.actor == *actor);
        let picked = match self.order.iter().find_map(place) {
            Some(index) => index,
            None => match &mut self.rest {
                Rest::Tape => self.tape.pick(key, enabled, calm)?,
                Rest::Calm => calm,
                Rest::Actions(actions) => actions.pick(enabled).unwrap_or(calm),
                Rest::Serial(actors) => actors.iter().find_map(place).unwrap_or(calm),
                Rest::Random(random) => random.pick(key, enabled, calm)?,
            },
        };
        if enabled[picked].actor == Actor::CLOCK {
            let step = self.taken.borrow().last().map_or(Step::default(), |turn| turn.step);
            self.take(Turn { actor: Actor::CLOCK, step });
        }
        Ok(picked)
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.tape.choose(key, choice)
    }

    /// Turns that are nobody else's to take are not picked; they are observed.
    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, step: Step, actor: Actor, _footprint: &Footprint) {
        self.take(Turn { actor, step });
    }
}
