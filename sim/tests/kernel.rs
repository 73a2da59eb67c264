//! What the kernel promises: turns, time, ends of slots, and that a tape is the whole of a run.

use drawloom_sim::executor::Until;
use drawloom_sim::source::{Lenient, Random, Strict};
use drawloom_sim::{
    Actor, Choice, Divergence, Enabled, Executor, Host, Key, Lane, Odds, Outcome, Place, RunShape, Sim,
    SimDuration, Source, Step, StuckSlot, Tape,
};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

const STEPS_MAX: u32 = 10_000;

/// What happened, line by line, each with its moment.
#[derive(Clone)]
struct Log {
    sim: Sim,
    lines: Rc<RefCell<Vec<String>>>,
}

impl Log {
    fn add(&self, what: &str) {
        self.lines.borrow_mut().push(format!("{} {what}", self.sim.now()));
    }
}

/// A run and all that is left of it.
#[derive(Debug, PartialEq)]
struct Ran {
    outcome: Outcome,
    lines: Vec<String>,
    panics: Vec<(Actor, String)>,
    tape: Tape,
    digest: u64,
    divergence: Option<Divergence>,
}

fn run_until(source: impl Source + 'static, halt_at: Option<Step>, program: impl FnOnce(&Sim, &Log)) -> Ran {
    let shape = RunShape { workers: 4, actions: 4 };
    let mut executor = Executor::new(Box::new(source), &shape, true, STEPS_MAX);
    executor.halt_at(halt_at);
    let panics = Rc::new(RefCell::new(Vec::new()));
    let caught = panics.clone();
    executor.on_panic(move |actor, message| caught.borrow_mut().push((actor, message)));
    let log = Log { sim: executor.sim(), lines: Rc::default() };
    program(&executor.sim(), &log);
    let outcome = executor.run(Until::AllDone);
    let ending = executor.finish(&outcome);
    let tape = ending.tape.expect("it was recorded");
    let (lines, panics) = (log.lines.take(), panics.take());
    Ran { outcome, lines, panics, tape, digest: ending.digest, divergence: ending.divergence }
}

fn run(source: impl Source + 'static, program: impl FnOnce(&Sim, &Log)) -> Ran {
    run_until(source, None, program)
}

/// Every answer is calm.
fn calm() -> Lenient {
    Lenient::new(Tape::default())
}

/// The least calm answer to everything: the highest number, the last actor, time passing whenever it can.
struct Wild;

impl Source for Wild {
    fn pick(&mut self, _: Key, enabled: &[Enabled], _: usize) -> Result<usize, Box<Divergence>> {
        Ok(enabled.len() - 1)
    }

    fn choose(&mut self, _: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(choice.arity - 1)
    }
}

fn worker(number: u16) -> Actor {
    Actor::worker(number)
}

const fn millis(n: u64) -> SimDuration {
    SimDuration::millis(n)
}

// Turns.

#[test]
fn the_calm_schedule_stays_on_an_actor_and_then_takes_the_lowest() {
    let ran = run(calm(), |sim, log| {
        for number in [2, 0, 1] {
            let (sim, log) = (sim.clone(), log.clone());
            sim.clone().spawn(worker(number), "counts", true, async move {
                for turn in 0..2 {
                    log.add(&format!("{} turn {turn}", sim.actor()));
                    sim.turn().await;
                }
            });
        }
    });
    assert_eq!(ran.outcome, Outcome::Finished);
    let turns =
        (0..3).flat_map(|number| (0..2).map(move |turn| format!("0.000ms worker {number} turn {turn}")));
    assert_eq!(ran.lines, turns.collect::<Vec<_>>());
    assert!(ran.tape.is_empty());
}

#[test]
fn an_actors_slots_run_in_the_order_they_became_ready() {
    let program = |sim: &Sim, log: &Log| {
        for name in ["a", "b", "c"] {
            let (sim, log) = (sim.clone(), log.clone());
            sim.clone().spawn(worker(0), name, true, async move {
                for turn in 0..2 {
                    log.add(&format!("{name}{turn}"));
                    sim.turn().await;
                }
            });
        }
    };
    // There is nothing to choose within one actor, so the source does not matter.
    for ran in [run(calm(), program), run(Wild, program)] {
        let expected = ["a0", "b0", "c0", "a1", "b1", "c1"].map(|turn| format!("0.000ms {turn}"));
        assert_eq!(ran.lines, expected);
    }
}

#[test]
fn a_run_ends_with_its_essential_slots() {
    let mut executor = Executor::new(Box::new(calm()), &RunShape { workers: 1, actions: 1 }, true, STEPS_MAX);
    let sim = executor.sim();
    let essential = sim.spawn(worker(0), "ends", true, async {});
    let background = sim.spawn(Actor::FAULTS, "waits", false, std::future::pending());
    assert_eq!(executor.run(Until::EssentialDone), Outcome::Finished);
    assert_eq!((sim.is_live(essential), sim.is_live(background)), (false, true));
    assert_eq!(executor.run(Until::AllDone), Outcome::Stuck(vec![stuck(Actor::FAULTS, "waits")]));
}

fn stuck(actor: Actor, name: &'static str) -> StuckSlot {
    StuckSlot { actor, name }
}

#[test]
fn a_deadlock_is_a_result_that_names_who_waits() {
    let ran = run(calm(), |sim, _| {
        sim.spawn(worker(1), "waits for a lock", true, std::future::pending());
        sim.spawn(worker(0), "ends", true, async {});
        sim.spawn(Actor::FAULTS, "waits for trouble", false, std::future::pending());
    });
    let waiting = vec![stuck(worker(1), "waits for a lock"), stuck(Actor::FAULTS, "waits for trouble")];
    assert_eq!(ran.outcome, Outcome::Stuck(waiting));
}

#[test]
fn a_run_that_takes_too_many_steps_names_who_is_at_it() {
    let ran = run(calm(), |sim, _| {
        let turning = sim.clone();
        sim.spawn(worker(0), "turns for ever", true, async move {
            loop {
                turning.turn().await;
            }
        });
    });
    assert_eq!(ran.outcome, Outcome::StepsExhausted(vec![stuck(worker(0), "turns for ever")]));
}

#[test]
fn a_run_halts_before_the_turn_after_the_step() {
    let program = |sim: &Sim, log: &Log| {
        let (sim, log) = (sim.clone(), log.clone());
        sim.clone().spawn(worker(0), "counts", true, async move {
            for _ in 0..5 {
                log.add(&format!("step {}", sim.step()));
                sim.turn().await;
            }
        });
    };
    let ran = run_until(calm(), Some(Step(3)), program);
    assert_eq!(ran.outcome, Outcome::Halted);
    assert_eq!(ran.lines, ["0.000ms step 1", "0.000ms step 2", "0.000ms step 3"]);
    let after_the_end = run_until(calm(), Some(Step(100)), program);
    assert_eq!(after_the_end.outcome, Outcome::Finished);
}

#[test]
fn a_panic_ends_its_slot_and_the_others_go_on() {
    let ran = run(calm(), |sim, log| {
        let panicking = log.clone();
        sim.spawn(worker(0), "panics", true, async move {
            panicking.add("about to panic");
            panic!("a bug of worker {}", 0);
        });
        for actor in [worker(0), worker(1)] {
            let log = log.clone();
            sim.spawn(actor, "goes on", true, async move { log.add(&format!("{actor} goes on")) });
        }
    });
    assert_eq!(ran.outcome, Outcome::Finished);
    assert_eq!(ran.panics, [(worker(0), "a bug of worker 0".to_owned())]);
    assert_eq!(ran.lines, ["0.000ms about to panic", "0.000ms worker 0 goes on", "0.000ms worker 1 goes on"]);
}

// Slots that are held or ended from outside.

#[test]
fn a_paused_slot_takes_its_turn_once_it_is_resumed() {
    let ran = run(calm(), |sim, log| {
        let (sleeping, log_sleeping) = (sim.clone(), log.clone());
        let sleeper = sim.spawn(worker(0), "sleeps", true, async move {
            sleeping.sleep(millis(1)).await;
            log_sleeping.add("the paused slot wakes");
        });
        let log_ready = log.clone();
        let ready =
            sim.spawn(worker(2), "is ready", true, async move { log_ready.add("the ready slot runs") });
        let (other, log_other) = (sim.clone(), log.clone());
        sim.spawn(worker(0), "is not paused", true, async move {
            other.sleep(millis(2)).await;
            log_other.add("the actor's other slot wakes");
        });
        let pausing = sim.clone();
        sim.spawn(worker(1), "pauses", true, async move {
            pausing.pause(sleeper);
            pausing.pause(ready);
            pausing.sleep(millis(5)).await;
            pausing.resume(ready);
            pausing.resume(sleeper);
        });
    });
    assert_eq!(ran.outcome, Outcome::Finished);
    let expected = [
        "2.000ms the actor's other slot wakes",
        "5.000ms the paused slot wakes",
        "5.000ms the ready slot runs",
    ];
    assert_eq!(ran.lines, expected);
}

#[test]
fn a_paused_slot_that_nobody_resumes_is_stuck() {
    let ran = run(calm(), |sim, _| {
        let slot = sim.spawn(worker(0), "is paused", true, async {});
        sim.pause(slot);
    });
    assert_eq!(ran.outcome, Outcome::Stuck(vec![stuck(worker(0), "is paused")]));
}

/// Uses the handle when it is dropped.
struct LastWords(Log);

impl Drop for LastWords {
    fn drop(&mut self) {
        let Log { sim, .. } = &self.0;
        self.0.add("dropped");
        let log = self.0.clone();
        sim.spawn(worker(3), "was spawned by a drop", true, async move { log.add("mourned") });
    }
}

#[test]
fn a_killed_slot_is_dropped_and_its_drop_may_use_the_handle() {
    let ran = run(calm(), |sim, log| {
        let (sleeping, words) = (sim.clone(), LastWords(log.clone()));
        let victim = sim.spawn(worker(0), "sleeps", true, async move {
            sleeping.sleep(millis(9)).await;
            words.0.add("not reached");
        });
        let (killing, log) = (sim.clone(), log.clone());
        sim.spawn(worker(1), "kills", true, async move {
            killing.sleep(millis(1)).await;
            killing.kill(victim);
            // Ending what has ended is nothing.
            killing.kill(victim);
            log.add("killed");
            assert!(killing.is_live(victim));
            killing.turn().await;
            assert!(!killing.is_live(victim));
        });
    });
    assert_eq!(ran.outcome, Outcome::Finished);
    assert_eq!(ran.panics, []);
    assert_eq!(ran.lines, ["1.000ms killed", "1.000ms dropped", "1.000ms mourned"]);
}

// Time.

#[test]
fn timers_fire_in_order_of_deadline_and_then_of_setting() {
    let program = |spent: u64| {
        move |sim: &Sim, log: &Log| {
            for (name, after) in [("late", 3), ("first", 1), ("second", 1), ("middle", 2)] {
                let (sim, log) = (sim.clone(), log.clone());
                // All of one actor: between actors the order would be the schedule's.
                sim.clone().spawn(worker(0), name, true, async move {
                    sim.sleep(millis(after)).await;
                    log.add(name);
                });
            }
            let spending = sim.clone();
            sim.spawn(worker(1), "spends", true, async move { spending.spend(millis(spent)) });
        }
    };
    let jumped = run(calm(), program(0));
    assert_eq!(jumped.lines, ["1.000ms first", "1.000ms second", "2.000ms middle", "3.000ms late"]);
    let spent = run(calm(), program(7));
    assert_eq!(spent.lines, ["7.000ms first", "7.000ms second", "7.000ms middle", "7.000ms late"]);
}

#[test]
fn a_sleep_of_no_duration_is_a_turn() {
    let ran = run(calm(), |sim, log| {
        for name in ["a", "b"] {
            let (sim, log) = (sim.clone(), log.clone());
            sim.clone().spawn(worker(0), name, true, async move {
                log.add(name);
                sim.sleep(millis(0)).await;
                log.add(name);
            });
        }
    });
    assert_eq!(ran.lines, ["0.000ms a", "0.000ms b", "0.000ms a", "0.000ms b"]);
}

/// One worker waits for a timer, the other turns until the first is awake.
fn impatient(sim: &Sim, log: &Log) {
    let awake = Rc::new(Cell::new(false));
    let (sleeping, waking, log) = (sim.clone(), awake.clone(), log.clone());
    sim.spawn(worker(0), "sleeps", true, async move {
        sleeping.sleep(millis(4)).await;
        log.add("awake");
        waking.set(true);
    });
    let turning = sim.clone();
    sim.spawn(worker(1), "turns", true, async move {
        while !awake.get() {
            turning.turn().await;
        }
    });
}

#[test]
fn time_may_pass_while_somebody_is_ready_but_not_calmly() {
    let calm = run(calm(), impatient);
    assert_eq!(
        calm.outcome,
        Outcome::StepsExhausted(vec![stuck(worker(0), "sleeps"), stuck(worker(1), "turns")])
    );
    assert!(calm.lines.is_empty());
    let passed = run(PassTime, impatient);
    assert_eq!(passed.outcome, Outcome::Finished);
    assert_eq!(passed.lines, ["4.000ms awake"]);
    let mut overrides = passed.tape.overrides.values().flat_map(|track| track.entries());
    assert!(overrides.any(|(_, actor)| *actor == Actor::CLOCK), "that time passed is on the tape");
}

/// Calm, but lets time pass whenever it can.
struct PassTime;

impl Source for PassTime {
    fn pick(&mut self, _: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        Ok(enabled.iter().position(|candidate| candidate.actor == Actor::CLOCK).unwrap_or(calm))
    }

    fn choose(&mut self, _: Key, _: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(0)
    }
}

// Chance.

#[test]
fn a_random_answer_depends_on_its_key_alone() {
    let choice = Choice { site: "any", arity: 1_000, odds: None };
    let keys: Vec<Key> = Lane::ALL[1..]
        .iter()
        .flat_map(|&lane| [0, 1].map(|number| (lane, worker(number))))
        .flat_map(|(lane, actor)| [0, 1].map(|action| (lane, actor, action)))
        .flat_map(|(lane, actor, action)| {
            (0..5).map(move |ordinal| Key { lane, actor, place: Place { action, ordinal } })
        })
        .collect();
    let ask = |random: &mut Random, key: &Key| random.choose(*key, &choice).expect("random always answers");
    let mut in_order = Random::new(7);
    let answers: Vec<u32> = keys.iter().map(|key| ask(&mut in_order, key)).collect();
    let mut backwards = Random::new(7);
    let mut reversed: Vec<u32> = keys.iter().rev().map(|key| ask(&mut backwards, key)).collect();
    reversed.reverse();
    assert_eq!(answers, reversed);
    let alone: Vec<u32> = keys.iter().map(|key| ask(&mut Random::new(7), key)).collect();
    assert_eq!(answers, alone);
    let distinct: std::collections::BTreeSet<u32> = answers.iter().copied().collect();
    assert!(distinct.len() > keys.len() * 9 / 10, "different keys have different answers");
}

/// Three workers of four actions over a shared counter, with sleeps, and faults that pause and kill.
fn busy(sim: &Sim, log: &Log) {
    let counter = Rc::new(Cell::new(0));
    let mut slots = Vec::new();
    for number in 0..3 {
        let (sim, log, counter) = (sim.clone(), log.clone(), counter.clone());
        slots.push(sim.clone().spawn(worker(number), "works", true, async move {
            for _ in 0..4 {
                let action = sim.begin_action();
                let amount = sim.choose(Lane::Work, "amount", 5);
                let before = counter.get();
                sim.turn().await;
                if sim.chance(Lane::Link, "slow", Odds::new(1, 3)) {
                    sim.sleep(SimDuration(100 + u64::from(amount))).await;
                }
                counter.set(before + amount);
                log.add(&format!("{} action {action}: {before} + {amount}", sim.actor()));
                sim.spend(SimDuration(10));
            }
        }));
    }
    let (sim, log) = (sim.clone(), log.clone());
    sim.clone().spawn(Actor::FAULTS, "breaks", false, async move {
        let victim = sim.choose(Lane::Faults, "victim", 3) as usize;
        sim.sleep(SimDuration(150)).await;
        sim.pause(slots[victim]);
        log.add(&format!("{victim} pauses"));
        sim.sleep(SimDuration(150)).await;
        sim.resume(slots[victim]);
        if sim.chance(Lane::Faults, "kill", Odds::new(1, 2)) {
            sim.kill(slots[victim]);
            log.add(&format!("{victim} is killed"));
        }
    });
}

#[test]
fn seeds_differ() {
    let (one, other) = (run(Random::new(1), busy), run(Random::new(2), busy));
    assert_ne!(one.lines, other.lines);
    assert_ne!(one.digest, other.digest);
}

#[test]
fn the_host_does_not_matter() {
    let plain = Host::Plain.run(|| run(Random::new(3), busy));
    assert_eq!(plain, Host::best().run_fresh(|| run(Random::new(3), busy)));
    #[cfg(madsim)]
    for seed in [1, 2] {
        assert_eq!(plain, Host::Madsim { seed }.run(|| run(Random::new(3), busy)));
    }
}

// Tapes.

/// Asks one question and then competes with another worker for a turn.
fn asks(site: &'static str, arity: u32, competitor: Actor) -> impl FnOnce(&Sim, &Log) {
    move |sim, _| {
        for actor in [worker(0), competitor] {
            let sim = sim.clone();
            sim.clone().spawn(actor, "asks", true, async move {
                if actor == worker(0) {
                    sim.choose(Lane::Work, site, arity);
                }
                sim.turn().await;
            });
        }
    }
}

/// A strict tape of `asks("apple", 3, worker(1))`, its answers wild, does not fit this program, and says so.
fn notices(program: impl FnOnce(&Sim, &Log), found: &str, expected: &str) {
    let recorded = run(Wild, asks("apple", 3, worker(1)));
    let divergence = run(Strict::new(recorded.tape), program).divergence.expect("the run left its tape");
    assert_eq!(divergence.to_string(), format!("{found}, where the tape has {expected}"));
}

#[test]
fn a_strict_tape_notices_another_question() {
    let expected = r#""apple" with answer 2 of 3 (work decision 0 of worker 0's action 0)"#;
    notices(asks("pear", 3, worker(1)), r#"at step 3: "pear" of 3 is asked"#, expected);
    notices(asks("apple", 2, worker(1)), r#"at step 3: "apple" of 2 is asked"#, expected);
}

#[test]
fn a_strict_tape_notices_who_is_not_ready() {
    let found = "at step 0: worker 1 is not ready (ready: worker 0, worker 2)";
    let expected = "worker 1 going next (schedule decision 0 of clock's action 0)";
    notices(asks("apple", 3, worker(2)), found, expected);
}

#[test]
fn a_strict_tape_notices_what_nobody_asked_for() {
    let found = "at step 0: the run is over after 0 of them were asked for";
    notices(|_, _| (), found, "2 decisions");
}

/// What to do with an entry of a tape.
#[derive(Clone, Copy, Debug)]
enum Edit {
    Keep,
    Delete,
    /// Another answer, or another actor.
    Alter(u16),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![3 => Just(Edit::Keep), 1 => Just(Edit::Delete), 2 => (0..7u16).prop_map(Edit::Alter)]
}

/// Applies the edits to the entries in order, over and over.
fn edited(mut tape: Tape, edits: &[Edit]) -> Tape {
    let mut edits = edits.iter().copied().cycle();
    let mut next = || edits.next().expect("there is an edit");
    for track in tape.overrides.values_mut() {
        track.retain(|_, actor| match next() {
            Edit::Keep => true,
            Edit::Delete => false,
            Edit::Alter(number) => {
                *actor = if number == 6 { Actor::CLOCK } else { worker(number) };
                true
            }
        });
    }
    for track in tape.decisions.values_mut() {
        track.retain(|_, decision| match next() {
            Edit::Keep => true,
            Edit::Delete => false,
            Edit::Alter(index) => {
                decision.index = u32::from(index);
                true
            }
        });
    }
    tape
}

proptest! {
    #[test]
    fn a_strict_tape_repeats_a_random_run(seed: u64) {
        let recorded = run(Random::new(seed), busy);
        let replayed = run(Strict::new(recorded.tape.clone()), busy);
        prop_assert_eq!(&replayed.divergence, &None);
        prop_assert_eq!(replayed, recorded);
    }

    #[test]
    fn an_edited_tape_runs_leniently_and_what_ran_replays(
        seed: u64,
        edits in prop::collection::vec(edit(), 1..40),
    ) {
        let recorded = run(Random::new(seed), busy);
        let lenient = run(Lenient::new(edited(recorded.tape, &edits)), busy);
        prop_assert!(lenient.panics.is_empty());
        prop_assert_eq!(&lenient.divergence, &None);
        let replayed = run(Strict::new(lenient.tape.clone()), busy);
        prop_assert_eq!(replayed, lenient);
    }
}
