//! The programs on drawloom's kernel, over accounts in memory.

use super::{Act, Program, act, script};
use drawloom_sim::executor::Until;
use drawloom_sim::source::Source;
use drawloom_sim::{Actor, Executor, Footprint, Outcome, RunShape, Sim, Tape};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Workers of each program.
pub const WORKERS: u16 = 3;

type Script = Rc<[Vec<(usize, Act)>]>;

/// A program, ready to be run again and again.
pub struct Prepared {
    program: Program,
    scripts: Vec<Script>,
    footprints: Rc<[Footprint]>,
}

/// What a run was.
pub struct Ran {
    pub lost: bool,
    pub points: u32,
    /// What was decided, if it was recorded.
    pub tape: Option<Tape>,
}

struct Account {
    balance: Cell<i64>,
    taken: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Prepared {
    pub fn new(program: Program) -> Prepared {
        Prepared {
            program,
            scripts: (0..WORKERS).map(|worker| script(program, usize::from(worker)).into()).collect(),
            footprints: (0..program.accounts() as u64).map(Footprint::writes).collect(),
        }
    }

    /// One run. Workers that wait for each other would be a bug of this program.
    pub fn run(&self, source: Box<dyn Source>, record: bool) -> Ran {
        let shape = RunShape { workers: WORKERS, actions: 1 };
        let mut executor = Executor::new(source, &shape, record, 10_000);
        let sim = executor.sim();
        let account =
            || Account { balance: Cell::new(100), taken: Cell::new(false), waiting: RefCell::default() };
        let accounts: Rc<[Account]> = (0..self.program.accounts()).map(|_| account()).collect();
        for (worker, script) in (0..WORKERS).zip(&self.scripts) {
            let work = work(sim.clone(), accounts.clone(), script.clone(), self.footprints.clone());
            sim.spawn(Actor::worker(worker), "worker", true, work);
        }
        let outcome = executor.run(Until::AllDone);
        assert_eq!(outcome, Outcome::Finished);
        let total: i64 = accounts.iter().map(|account| account.balance.get()).sum();
        let points = sim.step().0;
        let tape = executor.finish(&outcome).tape;
        Ran { lost: total != self.program.total(), points, tape }
    }
}

async fn work(sim: Sim, accounts: Rc<[Account]>, script: Script, footprints: Rc<[Footprint]>) {
    sim.touch(Footprint::Nothing);
    sim.begin_action();
    let mut remembered = 0;
    for transfer in script.iter() {
        for (place, todo) in transfer {
            let (account, footprint) = (&accounts[*place], &footprints[*place]);
            sim.intend(footprint.clone());
            sim.turn().await;
            account.take(&sim, footprint).await;
            let mut balance = account.balance.get();
            let goes_on = act(*todo, &mut balance, &mut remembered);
            account.balance.set(balance);
            sim.intend(footprint.clone());
            sim.turn().await;
            account.release();
            if !goes_on {
                break;
            }
        }
    }
}

impl Account {
    async fn take(&self, sim: &Sim, footprint: &Footprint) {
        poll_fn(|cx| {
            if self.taken.get() {
                self.waiting.borrow_mut().push(cx.waker().clone());
                sim.touch(Footprint::Nothing);
                sim.intend(footprint.clone());
                return Poll::Pending;
            }
            self.taken.set(true);
            Poll::Ready(())
        })
        .await;
    }

    fn release(&self) {
        self.taken.set(false);
        self.waiting.borrow_mut().drain(..).for_each(Waker::wake);
    }
}
