//! The loop: who is ready, whose turn it is, one poll; when nobody is ready, time passes.
//!
//! ```text
//! woken slots -> their actors' queues -> enabled actors (+ the clock, if a timer is set)
//!                                            |
//!                                    Decisions::pick          lane Schedule
//!                                            |
//!                          one poll of one slot, or a jump of the clock
//! ```
//!
//! An actor's ready slots run in the order they became ready; only between actors is there a choice. A
//! panic ends its slot, not the run. That nothing is ready and no timer is set is a result, not a panic.

use crate::decisions::{Decisions, Divergence, Tape};
use crate::footprint::Footprint;
use crate::sim::{Order, Sim, Slot, SlotId};
use crate::source::{Enabled, RunShape, Source};
use crate::units::{Actor, Step};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

/// Why the executor came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All that had to end has ended.
    Finished,
    /// Nothing is ready and no timer is set: these slots wait for ever.
    Stuck(Vec<StuckSlot>),
    /// The step budget is used up: these slots are still at it.
    StepsExhausted(Vec<StuckSlot>),
    /// The step to stop at is reached.
    Halted,
    /// The run left its tape: noticed at the latest when there is a choice of turns again.
    Diverged,
}

/// A slot that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StuckSlot {
    /// Whose it is.
    pub actor: Actor,
    /// What it does.
    pub name: &'static str,
}

/// What [`Executor::run`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// No essential slot lives.
    EssentialDone,
    /// No slot lives.
    AllDone,
}

/// What a run leaves in the kernel.
pub struct Ending {
    /// The decisions that were not calm, if they were recorded.
    pub tape: Option<Tape>,
    /// A digest over every decision, the calm ones too.
    pub digest: u64,
    /// Where the run first left its tape.
    pub divergence: Option<Divergence>,
}

/// Polls the slots of one run, one at a time.
pub struct Executor {
    sim: Sim,
    slots: Vec<Option<Slot>>,
    /// The ready slots of each actor, by its dense index.
    queues: Vec<Vec<SlotId>>,
    /// Actors with a ready slot, in order.
    enabled: Vec<Enabled>,
    /// The place among the enabled of the actor whose turn it was, if it is known.
    current: Option<usize>,
    steps_max: u32,
    halt_at: Option<Step>,
    on_panic: Box<dyn FnMut(Actor, String)>,
}

impl Executor {
    /// An executor with no slots. With `record`, the decisions that are not calm are kept; beyond
    /// `steps_max` turns a run is a livelock.
    pub fn new(source: Box<dyn Source>, shape: &RunShape, record: bool, steps_max: u32) -> Executor {
        let observed = source.observes();
        let sim = Sim::new(Decisions::new(source, shape, record));
        sim.core.observed.set(observed);
        Executor {
            sim,
            slots: Vec::new(),
            queues: Vec::new(),
            enabled: Vec::with_capacity(usize::from(shape.workers) + 2),
            current: None,
            steps_max,
            halt_at: None,
            on_panic: Box::new(|_, _| ()),
        }
    }

    /// The handle for whatever runs inside.
    pub fn sim(&self) -> Sim {
        self.sim.clone()
    }

    /// Stops before the turn after `step`.
    pub fn halt_at(&mut self, step: Option<Step>) {
        self.halt_at = step;
    }

    /// Called when a slot panicked, with its actor and the panic's message.
    pub fn on_panic(&mut self, hook: impl FnMut(Actor, String) + 'static) {
        self.on_panic = Box::new(hook);
    }

    /// Takes turns until what was asked for is done, or cannot be.
    pub fn run(&mut self, until: Until) -> Outcome {
        let stop_at = self.halt_at.map_or(self.steps_max, |halt_at| halt_at.0.min(self.steps_max));
        loop {
            self.settle();
            let core = &self.sim.core;
            let left = match until {
                Until::EssentialDone => &core.essential,
                Until::AllDone => &core.live,
            };
            if left.get() == 0 {
                return Outcome::Finished;
            }
            let step = core.step.get();
            if step.0 >= stop_at {
                let halted = self.halt_at.is_some_and(|halt_at| step >= halt_at);
                return if halted { Outcome::Halted } else { Outcome::StepsExhausted(self.live_slots()) };
            }
            let deadline = core.clock.next_deadline();
            if self.enabled.is_empty() {
                match deadline {
                    Some(deadline) => core.clock.advance_to(deadline.max(core.clock.now())),
                    None => return Outcome::Stuck(self.live_slots()),
                }
                continue;
            }
            let actor = match self.pick(deadline.is_some()) {
                Some(actor) => actor,
                None => return Outcome::Diverged,
            };
            match deadline {
                Some(deadline) if actor == Actor::CLOCK => {
                    tracing::trace!(step = step.0, "time passes");
                    self.sim.core.clock.advance_to(deadline.max(self.sim.now()));
                }
                _ => self.take_turn(actor),
            }
        }
    }

    /// Whose turn is next; `None` once the run has left its tape.
    fn pick(&mut self, timer_set: bool) -> Option<Actor> {
        let core = &self.sim.core;
        let current = core.actor.get();
        // The default policy: stay on the current actor, else the lowest id.
        let place = || self.enabled.binary_search_by_key(&current, |candidate| candidate.actor).unwrap_or(0);
        let calm = self.current.unwrap_or_else(place);
        if timer_set {
            self.enabled.push(Enabled { actor: Actor::CLOCK, footprint: Footprint::Nothing });
        }
        let picked = core.decisions.borrow_mut().pick(core.step.get(), &self.enabled, calm, current)?;
        let actor = self.enabled[picked].actor;
        self.current = Some(picked);
        if timer_set {
            self.enabled.pop();
            if actor == Actor::CLOCK {
                self.current = None;
            }
        }
        Some(actor)
    }

    /// One poll of the actor's first ready slot.
    fn take_turn(&mut self, actor: Actor) {
        let core = &self.sim.core;
        let queue = &mut self.queues[actor.dense()];
        let id = *queue.first().expect("an enabled actor has a ready slot");
        let step = Step(core.step.get().0 + 1);
        core.step.set(step);
        core.actor.set(actor);
        // A slot that is killed ends between turns, and what that touches was the killer's doing.
        core.touched.take();
        let slot = self.slots[id.index as usize].as_mut().expect("a ready slot lives");
        slot.flag.set.store(false, Relaxed);
        tracing::trace!(step = step.0, actor = %actor, "turn");

        let (future, waker) = (&mut slot.future, &slot.waker);
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(waker))));

        let intended = std::mem::replace(&mut slot.intent, core.intended.take().unwrap_or_default());
        let again = core.again.replace(false);
        match poll {
            Ok(Poll::Pending) if again && !slot.flag.set.load(Relaxed) => {
                slot.flag.set.store(true, Relaxed);
                // Behind the actor's other ready slots, if it has any.
                if queue.len() > 1 {
                    queue.rotate_left(1);
                }
                self.note_intent(actor);
            }
            Ok(Poll::Pending) => {
                queue.remove(0);
                self.set_enabled(actor);
            }
            Ok(Poll::Ready(())) => self.end_slot(id),
            Err(panic) => {
                let message = panic_message(&*panic);
                tracing::debug!(step = step.0, actor = %actor, message, "panic");
                (self.on_panic)(actor, message);
                self.end_slot(id);
            }
        }
        if self.sim.core.worked.replace(false) {
            self.sim.core.decisions.borrow_mut().worked(actor);
        }
        let touched = self.sim.core.touched.take();
        if self.sim.observed() {
            let mut decisions = self.sim.core.decisions.borrow_mut();
            if touched == Some(Footprint::Nothing) {
                decisions.attempted(actor, &intended);
            }
            decisions.observe(step, actor, &touched.unwrap_or(intended));
        }
    }

    /// What an enabled actor's next turn touches is what its first ready slot intends.
    fn note_intent(&mut self, actor: Actor) {
        if !self.sim.observed() {
            return;
        }
        let id = self.queues[actor.dense()][0];
        let intent = self.slots[id.index as usize].as_ref().expect("a ready slot lives").intent.clone();
        let place = self.enabled.binary_search_by_key(&actor, |candidate| candidate.actor);
        self.enabled[place.expect("an actor with a ready slot is enabled")].footprint = intent;
    }

    /// Brings the queues up to date with what the last turn did: spawns, kills, pauses, wake-ups.
    #[inline]
    fn settle(&mut self) {
        let core = &self.sim.core;
        if core.ordered.get() || core.woken.any.load(Relaxed) {
            self.settle_changes();
        }
    }

    #[cold]
    fn settle_changes(&mut self) {
        while self.sim.core.ordered.replace(false) {
            let orders = self.sim.core.orders.take();
            for order in orders {
                match order {
                    Order::Spawn(id, slot) => self.add_slot(id, slot),
                    Order::Kill(id) => self.end_slot(id),
                    Order::Pause(id, paused) => self.set_paused(id, paused),
                }
            }
        }
        let woken = &self.sim.core.woken;
        if woken.any.load(Relaxed) {
            woken.any.store(false, Relaxed);
            let ids = std::mem::take(&mut *woken.queue.lock().expect("nobody panics holding the queue"));
            for id in ids {
                self.make_ready(id);
            }
        }
    }

    fn add_slot(&mut self, id: SlotId, slot: Slot) {
        let index = id.index as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, || None);
        }
        slot.flag.set.store(true, Relaxed);
        let before = self.slots[index].replace(slot);
        assert!(before.is_none(), "a slot that is spawned was free");
        self.make_ready(id);
    }

    fn live_slot(&mut self, id: SlotId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(id.index as usize)?.as_mut()?;
        (slot.generation == id.generation).then_some(slot)
    }

    fn set_paused(&mut self, id: SlotId, paused: bool) {
        let Some(slot) = self.live_slot(id) else { return };
        let (actor, was_held) = (slot.actor, slot.held);
        let queue = self.queue(actor);
        let waiting = queue.len();
        queue.retain(|ready| *ready != id);
        let ready = was_held || queue.len() < waiting;
        if ready && !paused {
            queue.push(id);
        }
        self.set_enabled(actor);
        let slot = self.live_slot(id).expect("it lived a moment ago");
        (slot.paused, slot.held) = (paused, ready && paused);
    }

    /// Ends a slot now. Its future is dropped with nothing borrowed: dropping may use the handle.
    fn end_slot(&mut self, id: SlotId) {
        let Some(slot) = self.live_slot(id) else { return };
        let actor = slot.actor;
        let slot = self.slots[id.index as usize].take().expect("it lived a moment ago");
        let core = &self.sim.core;
        core.live.set(core.live.get() - 1);
        core.essential.set(core.essential.get() - u32::from(slot.essential));
        core.registry.borrow_mut().remove(id);
        self.queue(actor).retain(|ready| *ready != id);
        self.set_enabled(actor);
        drop(slot);
    }

    fn make_ready(&mut self, id: SlotId) {
        let Some(slot) = self.live_slot(id) else { return };
        let actor = slot.actor;
        if slot.paused {
            slot.held = true;
            return;
        }
        self.queue(actor).push(id);
        self.set_enabled(actor);
    }

    fn queue(&mut self, actor: Actor) -> &mut Vec<SlotId> {
        let index = actor.dense();
        if index >= self.queues.len() {
            self.queues.resize_with(index + 1, Vec::new);
        }
        &mut self.queues[index]
    }

    fn set_enabled(&mut self, actor: Actor) {
        let enabled = !self.queue(actor).is_empty();
        match self.enabled.binary_search_by_key(&actor, |candidate| candidate.actor) {
            Ok(place) if !enabled => {
                self.current = None;
                self.enabled.remove(place);
            }
            Err(place) if enabled => {
                self.current = None;
                self.enabled.insert(place, Enabled { actor, footprint: Footprint::Unknown });
                self.note_intent(actor);
            }
            _ if enabled => self.note_intent(actor),
            _ => (),
        }
    }

    fn live_slots(&self) -> Vec<StuckSlot> {
        let live = self.slots.iter().flatten();
        live.map(|slot| StuckSlot { actor: slot.actor, name: slot.name }).collect()
    }

    /// Ends the run: drops every slot that is left and gives back what the kernel knows of it.
    pub fn finish(mut self, outcome: &Outcome) -> Ending {
        self.settle();
        for index in 0..self.slots.len() {
            if let Some(slot) = &self.slots[index] {
                self.end_slot(SlotId { index: index as u32, generation: slot.generation });
            }
        }
        let core = &self.sim.core;
        let (tape, digest, divergence) = core.decisions.borrow_mut().finish(outcome, core.step.get());
        // What dropping the slots still spawned would keep the run alive through its own handle.
        core.orders.take();
        Ending { tape, digest, divergence }
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
