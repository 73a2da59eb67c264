//! The programs on Shuttle.

use super::Program;
use super::threads::on_threads;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, Runner};
use std::cell::Cell;
use std::iter::Sum;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// What a row of schedules did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    pub schedules: u64,
    pub points: u64,
}

impl Sum for Ran {
    fn sum<I: Iterator<Item = Ran>>(rows: I) -> Ran {
        let both = |one: Ran, other: Ran| Ran {
            schedules: one.schedules + other.schedules,
            points: one.points + other.points,
        };
        rows.fold(Ran::default(), both)
    }
}

on_threads!(shuttle);

/// Counts scheduling points.
struct Watched<S> {
    inner: S,
    ran: Rc<Cell<Ran>>,
}

impl<S: Scheduler> Scheduler for Watched<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.inner.new_execution()
    }

    fn next_task(&mut self, ready: &[&Task], current: Option<TaskId>, yielding: bool) -> Option<TaskId> {
        let ran = self.ran.get();
        self.ran.set(Ran { points: ran.points + 1, ..ran });
        self.inner.next_task(ready, current, yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}

/// Runs schedules until the scheduler has no more.
pub fn run(program: Program, scheduler: impl Scheduler + 'static) -> Ran {
    let ran = Rc::<Cell<Ran>>::default();
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.stack_size = 0x8000;
    let schedules = Arc::new(AtomicU64::new(0));
    let counted = schedules.clone();
    Runner::new(Watched { inner: scheduler, ran: ran.clone() }, config).run(move || {
        lost(program);
        counted.fetch_add(1, SeqCst);
    });
    Ran { schedules: schedules.load(SeqCst), ..ran.get() }
}
