//! Simulated time: a counter and a queue of timers. It moves when work is paid for ([`Clock::spend`]) and
//! when the executor lets time pass to the next deadline; it never looks at the wall clock.

use crate::host;
use crate::units::{SimDuration, SimTime};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::task::Waker;

/// The clock of one run.
#[derive(Default)]
pub(crate) struct Clock {
    now: Cell<SimTime>,
    timers: RefCell<Timers>,
    /// The first key of the queue: asked for at every turn.
    next_deadline: Cell<Option<SimTime>>,
}

#[derive(Default)]
struct Timers {
    next_number: u64,
    /// By deadline; among equal deadlines, in the order they were set.
    queue: BTreeMap<TimerId, Waker>,
}

/// A timer that is set: its deadline and its number.
pub(crate) type TimerId = (SimTime, u64);

impl Clock {
    #[inline]
    pub(crate) fn now(&self) -> SimTime {
        self.now.get()
    }

    pub(crate) fn set_timer(&self, deadline: SimTime, waker: Waker) -> TimerId {
        let mut timers = self.timers.borrow_mut();
        timers.next_number += 1;
        let id = (deadline, timers.next_number);
        timers.queue.insert(id, waker);
        self.note_next(&timers);
        id
    }

    pub(crate) fn cancel_timer(&self, id: TimerId) {
        let mut timers = self.timers.borrow_mut();
        timers.queue.remove(&id);
        self.note_next(&timers);
    }

    fn note_next(&self, timers: &Timers) {
        self.next_deadline.set(timers.queue.first_key_value().map(|(&(deadline, _), _)| deadline));
    }

    pub(crate) fn next_deadline(&self) -> Option<SimTime> {
        self.next_deadline.get()
    }

    /// Work took this long: time passes, and whatever falls due wakes.
    #[inline]
    pub(crate) fn spend(&self, cost: SimDuration) {
        self.advance_to(self.now() + cost);
    }

    /// Time passes until `moment`; every timer due by then wakes, in order of deadline.
    #[inline]
    pub(crate) fn advance_to(&self, moment: SimTime) {
        let passed = moment - self.now();
        if passed > SimDuration::default() {
            self.now.set(moment);
            host::follow(passed, moment);
        }
        while self.next_deadline().is_some_and(|deadline| deadline <= moment) {
            let first = {
                let mut timers = self.timers.borrow_mut();
                let first = timers.queue.pop_first();
                self.note_next(&timers);
                first
            };
            // Woken outside the borrow: a foreign waker may do anything.
            first.expect("a deadline has its timer").1.wake();
        }
    }
}
