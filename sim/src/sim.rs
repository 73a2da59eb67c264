//! The handle by which everything inside a run reaches the run: time, chance, turns, slots.

use crate::clock::{Clock, TimerId};
use crate::decisions::{Decisions, Lane};
use crate::footprint::Footprint;
use crate::units::{Actor, Odds, SimDuration, SimTime, Step};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::ThreadId;

/// A handle to the run, cheap to clone. It lives and dies with the run's thread.
#[derive(Clone)]
pub struct Sim {
    pub(crate) core: Rc<Core>,
}

/// What the handle and the executor share. Cells where a turn looks, borrows where it seldom does.
pub(crate) struct Core {
    pub clock: Clock,
    pub decisions: RefCell<Decisions>,
    /// Whose turn it is.
    pub actor: Cell<Actor>,
    pub step: Cell<Step>,
    /// The running slot asked for another turn.
    pub again: Cell<bool>,
    /// The source wants to know what steps touch.
    pub observed: Cell<bool>,
    /// The running step did work that takes time.
    pub worked: Cell<bool>,
    /// What the running step touches, if it said so.
    pub touched: Cell<Option<Footprint>>,
    /// What the running slot will touch in its next turn, if it said so.
    pub intended: Cell<Option<Footprint>>,
    pub live: Cell<u32>,
    pub essential: Cell<u32>,
    pub registry: RefCell<Registry>,
    pub woken: Arc<Woken>,
    /// Something is in `orders`.
    pub ordered: Cell<bool>,
    pub orders: RefCell<Vec<Order>>,
}

/// What a turn wants done to slots, once it is over.
pub(crate) enum Order {
    Spawn(SlotId, Slot),
    Kill(SlotId),
    Pause(SlotId, bool),
}

/// A slot of the executor. Numbers are reused, generations are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Which slots there are.
#[derive(Default)]
pub(crate) struct Registry {
    /// The generation of each slot, and whether it lives.
    entries: Vec<(u32, bool)>,
    free: Vec<u32>,
}

impl Registry {
    fn add(&mut self) -> SlotId {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push((0, false));
            self.entries.len() as u32 - 1
        });
        let (generation, live) = &mut self.entries[index as usize];
        assert!(!*live, "a free slot does not live");
        *live = true;
        SlotId { index, generation: *generation }
    }

    pub(crate) fn is_live(&self, id: SlotId) -> bool {
        self.entries.get(id.index as usize) == Some(&(id.generation, true))
    }

    pub(crate) fn remove(&mut self, id: SlotId) {
        assert!(self.is_live(id), "only a live slot ends");
        self.entries[id.index as usize] = (id.generation + 1, false);
        self.free.push(id.index);
    }
}

/// Something to be polled.
pub(crate) struct Slot {
    pub generation: u32,
    pub actor: Actor,
    pub name: &'static str,
    pub essential: bool,
    pub future: Pin<Box<dyn Future<Output = ()>>>,
    pub waker: Waker,
    pub flag: Arc<Flag>,
    /// Gets no turn, even when it is ready.
    pub paused: bool,
    /// Became ready while it was paused.
    pub held: bool,
    /// What its next turn is known to touch.
    pub intent: Footprint,
}

/// The queue that wakers write to.
pub(crate) struct Woken {
    pub any: AtomicBool,
    pub queue: Mutex<Vec<SlotId>>,
    thread: ThreadId,
}

/// A slot's wake-up flag: set while the slot is in the queue or ready.
pub(crate) struct Flag {
    pub id: SlotId,
    pub set: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A wake-up from another thread would race the schedule, which nothing could replay.
        assert_eq!(std::thread::current().id(), self.woken.thread, "a slot is woken on the run's own thread");
        // Not a swap: there is only this thread.
        if !self.set.load(Relaxed) {
            self.set.store(true, Relaxed);
            self.woken.queue.lock().expect("nobody panics holding the queue").push(self.id);
            self.woken.any.store(true, Relaxed);
        }
    }
}

impl Sim {
    pub(crate) fn new(decisions: Decisions) -> Sim {
        let woken = Woken {
            any: AtomicBool::new(false),
            queue: Mutex::default(),
            thread: std::thread::current().id(),
        };
        Sim {
            core: Rc::new(Core {
                clock: Clock::default(),
                decisions: RefCell::new(decisions),
                // Nobody has had a turn yet.
                actor: Cell::new(Actor::CLOCK),
                step: Cell::default(),
                again: Cell::default(),
                observed: Cell::default(),
                worked: Cell::default(),
                touched: Cell::default(),
                intended: Cell::default(),
                live: Cell::default(),
                essential: Cell::default(),
                registry: RefCell::default(),
                woken: Arc::new(woken),
                ordered: Cell::default(),
                orders: RefCell::default(),
            }),
        }
    }

    /// The simulated time.
    #[inline]
    pub fn now(&self) -> SimTime {
        self.core.clock.now()
    }

    /// The number of the running turn.
    #[inline]
    pub fn step(&self) -> Step {
        self.core.step.get()
    }

    /// Whose turn it is.
    #[inline]
    pub fn actor(&self) -> Actor {
        self.core.actor.get()
    }

    /// Asks chance: one of `arity` answers to `site`, 0 being the calm one, in the running actor's lane.
    pub fn choose(&self, lane: Lane, site: &'static str, arity: u32) -> u32 {
        self.core.decisions.borrow_mut().choose(self.step(), self.actor(), lane, site, arity, None)
    }

    /// Asks chance whether something happens; `false` is the calm answer.
    pub fn chance(&self, lane: Lane, site: &'static str, odds: Odds) -> bool {
        let mut decisions = self.core.decisions.borrow_mut();
        decisions.choose(self.step(), self.actor(), lane, site, 2, Some(odds)) == 1
    }

    /// The running actor begins its next action; its decisions are counted from 0 again. Returns the
    /// action's number.
    pub fn begin_action(&self) -> u32 {
        self.core.decisions.borrow_mut().begin_action(self.actor())
    }

    /// The number of the running actor's action; 0 before its first.
    pub fn action(&self) -> u32 {
        self.core.decisions.borrow_mut().action(self.actor())
    }

    /// Ends the turn. Whoever is picked next may be somebody else.
    #[inline]
    pub fn turn(&self) -> Turn<'_> {
        Turn { core: &self.core, over: false }
    }

    /// Ends the turn and is not ready again until `duration` has passed. Of no duration, it is a turn.
    pub fn sleep(&self, duration: SimDuration) -> Sleep {
        self.sleep_until(self.now() + duration)
    }

    /// Ends the turn and is not ready again before `deadline`.
    pub fn sleep_until(&self, deadline: SimTime) -> Sleep {
        Sleep { core: self.core.clone(), deadline, timer: None, begun: false }
    }

    /// The running work takes this long: time passes for everybody.
    #[inline]
    pub fn spend(&self, cost: SimDuration) {
        self.core.worked.set(true);
        self.core.clock.spend(cost);
    }

    /// Whether anybody wants to know what steps touch: where it takes work to tell, that can be spared.
    #[inline]
    pub fn observed(&self) -> bool {
        self.core.observed.get()
    }

    /// Says what the running step touches, beside what it said already. Of a step that says nothing, what it
    /// intended counts; if it intended nothing either, it is [`Footprint::Unknown`].
    #[inline]
    pub fn touch(&self, footprint: Footprint) {
        let touched = match self.core.touched.take() {
            Some(before) => before.join(footprint),
            None => footprint,
        };
        self.core.touched.set(Some(touched));
    }

    /// Says what the running slot will touch when it gets its next turn, for a source to choose by. It holds
    /// until that turn.
    #[inline]
    pub fn intend(&self, footprint: Footprint) {
        self.core.intended.set(Some(footprint));
    }

    /// A new slot, ready at once. The run goes on while any essential slot lives. `name` says what the slot
    /// does, for the report of a deadlock.
    pub fn spawn(
        &self,
        actor: Actor,
        name: &'static str,
        essential: bool,
        future: impl Future<Output = ()> + 'static,
    ) -> SlotId {
        let id = self.core.registry.borrow_mut().add();
        let flag = Arc::new(Flag { id, set: AtomicBool::new(false), woken: self.core.woken.clone() });
        let slot = Slot {
            generation: id.generation,
            actor,
            name,
            essential,
            future: Box::pin(future),
            waker: Waker::from(flag.clone()),
            flag,
            paused: false,
            held: false,
            intent: Footprint::Unknown,
        };
        self.core.live.set(self.core.live.get() + 1);
        self.core.essential.set(self.core.essential.get() + u32::from(essential));
        self.order(Order::Spawn(id, slot));
        id
    }

    fn order(&self, order: Order) {
        self.core.orders.borrow_mut().push(order);
        self.core.ordered.set(true);
    }

    /// Ends a slot after this turn, wherever it is: its future is dropped.
    pub fn kill(&self, slot: SlotId) {
        self.order(Order::Kill(slot));
    }

    /// Whether the slot has not ended.
    pub fn is_live(&self, slot: SlotId) -> bool {
        self.core.registry.borrow().is_live(slot)
    }

    /// From the next turn on the slot gets none, until it is resumed. Its actor's other slots go on.
    pub fn pause(&self, slot: SlotId) {
        self.order(Order::Pause(slot, true));
    }

    /// Ends a pause.
    pub fn resume(&self, slot: SlotId) {
        self.order(Order::Pause(slot, false));
    }
}

/// See [`Sim::turn`].
#[must_use = "a turn ends only when it is awaited"]
pub struct Turn<'a> {
    core: &'a Core,
    over: bool,
}

impl Future for Turn<'_> {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.over {
            return Poll::Ready(());
        }
        self.over = true;
        // Not through the waker: this is the hottest path of a run.
        self.core.again.set(true);
        Poll::Pending
    }
}

/// See [`Sim::sleep`].
#[must_use = "a sleep does nothing unless it is awaited"]
pub struct Sleep {
    core: Rc<Core>,
    deadline: SimTime,
    timer: Option<TimerId>,
    begun: bool,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let due = self.core.clock.now() >= self.deadline;
        if due && self.begun {
            self.timer = None; // it fired, or never was
            return Poll::Ready(());
        }
        if due {
            self.begun = true;
            self.core.again.set(true);
        } else if !self.begun {
            self.begun = true;
            self.timer = Some(self.core.clock.set_timer(self.deadline, cx.waker().clone()));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.timer.take() {
            self.core.clock.cancel_timer(id);
        }
    }
}
