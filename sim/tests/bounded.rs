//! Systematic search reaches what enumeration without reduction reaches, and says how far it came.

use drawloom_sim::executor::{Outcome, Until};
use drawloom_sim::footprint::{Access, Part};
use drawloom_sim::source::{Bounded, Source};
use drawloom_sim::{Actor, Executor, Footprint, RunShape, Sim};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

const CELLS: usize = 3;
const LOCKS: usize = 2;

/// One step of a worker.
#[derive(Clone, Debug)]
enum Op {
    Read(usize),
    /// Writes what was last read, and this much more.
    Write(usize, i64),
    /// Reads all cells at once.
    ReadAll,
    Lock(usize),
    Unlock(usize),
    /// Goes on with the next op only if what was last read is odd.
    IfOdd,
    /// Touches nothing.
    Local,
    /// Reads a cell and says nothing of it.
    Silent(usize),
}

#[derive(Default)]
struct Memory {
    cells: [Cell<i64>; CELLS],
    holders: [Cell<Option<u16>>; LOCKS],
    waiting: RefCell<Vec<Waker>>,
}

fn cell(place: usize, writes: bool) -> Footprint {
    let part = Some(Part { dimension: 1, value: place as u64 });
    Footprint::Known(Rc::new([Access { resource: 1, part, writes }]))
}

fn footprint(op: &Op) -> Footprint {
    match op {
        Op::Read(place) => cell(*place, false),
        Op::Write(place, _) => cell(*place, true),
        Op::ReadAll => Footprint::reads(1),
        Op::Lock(lock) | Op::Unlock(lock) => Footprint::writes(10 + *lock as u64),
        Op::IfOdd | Op::Local => Footprint::Nothing,
        Op::Silent(_) => Footprint::Unknown,
    }
}

async fn work(sim: Sim, number: u16, ops: Vec<Op>, memory: Rc<Memory>, log: Rc<RefCell<Vec<i64>>>) {
    sim.touch(Footprint::Nothing);
    let mut last = 0;
    let mut skip = false;
    for op in ops {
        if std::mem::replace(&mut skip, false) {
            continue;
        }
        sim.intend(footprint(&op));
        sim.turn().await;
        match op {
            Op::Read(place) | Op::Silent(place) => last = memory.cells[place].get(),
            Op::ReadAll => last = memory.cells.iter().map(Cell::get).sum(),
            Op::Write(place, more) => memory.cells[place].set(last + more),
            Op::Lock(lock) => {
                poll_fn(|cx| match memory.holders[lock].get() {
                    Some(holder) if holder != number => {
                        memory.waiting.borrow_mut().push(cx.waker().clone());
                        sim.touch(Footprint::Nothing);
                        sim.intend(footprint(&Op::Lock(lock)));
                        Poll::Pending
                    }
                    _ => {
                        memory.holders[lock].set(Some(number));
                        Poll::Ready(())
                    }
                })
                .await;
            }
            Op::Unlock(lock) => {
                if memory.holders[lock].get() == Some(number) {
                    memory.holders[lock].set(None);
                }
                memory.waiting.borrow_mut().drain(..).for_each(Waker::wake);
            }
            Op::IfOdd => skip = last % 2 == 0,
            Op::Local => (),
        }
        log.borrow_mut().push(last);
    }
}

/// What everybody saw, what is left, and who waits for ever.
type Seen = (Vec<Vec<i64>>, Vec<i64>, Vec<Actor>);

fn run(program: &[Vec<Op>], source: Box<dyn Source>) -> Seen {
    let shape = RunShape { workers: program.len() as u16, actions: 1 };
    let mut executor = Executor::new(source, &shape, false, 1_000);
    let sim = executor.sim();
    let memory = Rc::new(Memory::default());
    let logs: Vec<Rc<RefCell<Vec<i64>>>> = program.iter().map(|_| Rc::default()).collect();
    for (number, ops) in (0..).zip(program) {
        let work = work(sim.clone(), number, ops.clone(), memory.clone(), logs[usize::from(number)].clone());
        sim.spawn(Actor::worker(number), "worker", true, work);
    }
    let outcome = executor.run(Until::AllDone);
    let stuck = match &outcome {
        Outcome::Finished => Vec::new(),
        Outcome::Stuck(slots) => slots.iter().map(|slot| slot.actor).collect(),
        other => panic!("{other:?}"),
    };
    executor.finish(&outcome);
    let logs = logs.iter().map(|log| log.take()).collect();
    (logs, memory.cells.iter().map(Cell::get).collect(), stuck)
}

/// Everything that can be seen within so many preemptions, and in how many executions.
fn explore(program: &[Vec<Op>], preemptions: u32, reduce: bool, limit: u64) -> Option<(BTreeSet<Seen>, u64)> {
    explore_and_tell(program, preemptions, reduce, limit, &mut |_, _| ())
}

/// The same; after every execution somebody is told what is covered, and what was seen so far.
fn explore_and_tell(
    program: &[Vec<Op>],
    preemptions: u32,
    reduce: bool,
    limit: u64,
    told: &mut dyn FnMut(Option<u32>, &BTreeSet<Seen>),
) -> Option<(BTreeSet<Seen>, u64)> {
    let search = Bounded::new(0, preemptions, reduce);
    let mut seen = BTreeSet::new();
    while let Some(source) = search.next_source() {
        seen.insert(run(program, source));
        told(search.explored().preemptions_covered, &seen);
        if search.explored().executions >= limit {
            return None;
        }
    }
    let explored = search.explored();
    assert!(explored.complete);
    assert_eq!(explored.preemptions_covered, Some(preemptions));
    Some((seen, explored.executions))
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (0..CELLS).prop_map(Op::Read),
        3 => (0..CELLS, 1i64..3).prop_map(|(place, more)| Op::Write(place, more)),
        1 => Just(Op::ReadAll),
        2 => (0..LOCKS).prop_map(Op::Lock),
        2 => (0..LOCKS).prop_map(Op::Unlock),
        1 => Just(Op::IfOdd),
        1 => Just(Op::Local),
        1 => (0..CELLS).prop_map(Op::Silent),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_missed_at_any_time(
        program in prop::collection::vec(prop::collection::vec(op(), 1..5), 2..4),
        preemptions in 0u32..4,
    ) {
        let Some((all, enumerated)) = explore(&program, preemptions, false, 4_000) else {
            return Err(TestCaseError::reject("too large to enumerate"));
        };
        let mut next = 0;
        let mut keeps_its_word = |covered: Option<u32>, seen: &BTreeSet<Seen>| {
            while covered.is_some_and(|covered| covered >= next) {
                let (all, _) = explore(&program, next, false, u64::MAX).expect("there is no limit");
                assert!(all.is_subset(seen), "{next} preemptions are said to be covered");
                next += 1;
            }
        };
        let explored = explore_and_tell(&program, preemptions, true, u64::MAX, &mut keeps_its_word);
        let (reduced, executions) = explored.expect("there is no limit");
        prop_assert_eq!(&reduced, &all);
        prop_assert!(executions <= enumerated, "{} of {}", executions, enumerated);
    }
}

#[test]
fn a_lost_update_takes_one_preemption() {
    let worker = vec![Op::Read(0), Op::Write(0, 1)];
    let program = [worker.clone(), worker];
    let lost = |seen: &BTreeSet<Seen>| seen.iter().any(|(_, cells, _)| cells[0] == 1);
    let (calm, _) = explore(&program, 0, true, 100).expect("it is small");
    assert!(!lost(&calm));
    let (seen, executions) = explore(&program, 1, true, 100).expect("it is small");
    assert!(lost(&seen));
    assert!(executions < 10, "{executions}");
}

#[test]
fn steps_apart_need_one_execution() {
    let program = [0, 1, 2].map(|place| vec![Op::Read(place), Op::Write(place, 1), Op::Write(place, 2)]);
    let (seen, executions) = explore(&program, 3, true, 100).expect("it is small");
    assert_eq!(seen.len(), 1);
    let (_, enumerated) = explore(&program, 3, false, 1_000_000).expect("it can be enumerated");
    // The first runs begin with everybody once: nothing was known yet.
    assert!(executions <= 6, "{executions} beside {enumerated}");
    assert!(enumerated > 1_000, "{enumerated}");
}

#[test]
fn a_deadlock_is_reached() {
    let worker =
        |first, second| vec![Op::Lock(first), Op::Lock(second), Op::Unlock(second), Op::Unlock(first)];
    let program = [worker(0, 1), worker(1, 0)];
    let (seen, _) = explore(&program, 1, true, 1_000).expect("it is small");
    assert!(seen.iter().any(|(_, _, stuck)| stuck.len() == 2));
    let (calm, _) = explore(&program, 0, true, 1_000).expect("it is small");
    assert!(calm.iter().all(|(_, _, stuck)| stuck.is_empty()));
}

#[test]
fn who_only_waits_is_in_the_way_too() {
    // Worker 1 wants the lock only if it saw worker 0's write, and in the calm run it is too late for it.
    let program = [vec![Op::Write(0, 1), Op::Lock(1)], vec![Op::Read(0), Op::IfOdd, Op::Lock(1)]];
    let (seen, _) = explore(&program, 1, true, 100).expect("it is small");
    assert!(seen.iter().any(|(_, _, stuck)| *stuck == [Actor::worker(0)]));
}

#[test]
fn a_search_says_how_far_it_came() {
    let worker = vec![Op::Read(0), Op::Write(0, 1), Op::Read(0), Op::Write(0, 1)];
    let program = [worker.clone(), worker.clone(), worker];
    let search = Bounded::new(0, 2, true);
    let mut covered = Vec::new();
    while let Some(source) = search.next_source() {
        run(&program, source);
        covered.push(search.explored().preemptions_covered);
    }
    assert_eq!(covered[0], None);
    assert!(covered.contains(&Some(0)));
    assert!(covered.contains(&Some(1)));
    assert_eq!(search.explored().preemptions_covered, Some(2));
    let again = Bounded::new(0, 2, true);
    let mut executions = 0;
    while let Some(source) = again.next_source() {
        run(&program, source);
        executions += 1;
    }
    assert_eq!(executions, covered.len(), "the same seed explores the same");
}
