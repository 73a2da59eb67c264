//! The programs on Shuttle.

use super::{Program, act, script};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::sync::{Arc, Mutex};
use shuttle::{Config, FailurePersistence, Runner, thread};
use std::cell::Cell;
use std::rc::Rc;

/// What a row of schedules did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    pub schedules: u64,
    pub points: u64,
    pub lost: bool,
}

fn once(program: Program) -> bool {
    let accounts: Arc<Vec<Mutex<i64>>> = Arc::new((0..program.accounts()).map(|_| Mutex::new(100)).collect());
    let workers: Vec<_> = (0..3)
        .map(|worker| {
            let accounts = accounts.clone();
            thread::spawn(move || {
                let mut remembered = 0;
                for transfer in script(program, worker) {
                    for (place, todo) in transfer {
                        let mut balance = accounts[place].lock().expect("nobody panics holding it");
                        if !act(todo, &mut balance, &mut remembered) {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker does not panic");
    }
    let total: i64 = accounts.iter().map(|account| *account.lock().expect("nobody panics")).sum();
    total != program.total()
}

/// Counts scheduling points, and ends the search at the first finding if it is to.
struct Watched<S> {
    inner: S,
    ran: Rc<Cell<Ran>>,
    stop: bool,
}

impl<S: Scheduler> Scheduler for Watched<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.stop && self.ran.get().lost {
            return None;
        }
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

/// Runs schedules until the first finding, if `stop`, or until the scheduler has no more.
pub fn run(program: Program, scheduler: impl Scheduler + 'static, stop: bool) -> Ran {
    thread_local! {
        static RAN: Rc<Cell<Ran>> = Rc::default();
    }
    let ran = RAN.with(Rc::clone);
    ran.set(Ran::default());
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.stack_size = 0x8000;
    let watched = Watched { inner: scheduler, ran: ran.clone(), stop };
    Runner::new(watched, config).run(move || {
        let lost = once(program);
        RAN.with(|ran| {
            let before = ran.get();
            ran.set(Ran { schedules: before.schedules + 1, lost: before.lost || lost, ..before });
        });
    });
    ran.get()
}
