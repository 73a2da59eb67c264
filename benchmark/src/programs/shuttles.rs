//! The programs on Shuttle.

use super::{Program, act, script};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use shuttle::sync::Mutex;
use shuttle::{Config, FailurePersistence, Runner, thread};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// What a row of schedules did.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ran {
    pub schedules: u64,
    pub points: u64,
}

fn once(program: Program) {
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
    let _total: i64 = accounts.iter().map(|account| *account.lock().expect("nobody panics")).sum();
}

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
        once(program);
        counted.fetch_add(1, SeqCst);
    });
    Ran { schedules: schedules.load(SeqCst), ..ran.get() }
}
