//! Shrinking as a whole: subjects whose smallest case is known, and every wrong variant of every workload.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom_replays::shrink::{
    Attempt, Case, Course, Moment, Override, Reduced, ShrinkError, Shrunk, Subject, reduce,
};
use drawloom_replays::{Plan, Replay, RunOptions, Verdict, codec, lanes, search, shrink};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Actor, Decision, Host, Lane, Place, Profile, Tape, Track};
use drawloom_workloads::Variant;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

fn go_on(_: shrink::Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

// Subjects that are no SQL.

/// Fails if and only if these overrides are there and these answers are high enough.
#[derive(Clone, Debug)]
struct Needs {
    overrides: Vec<Override>,
    answers: Vec<(u32, u32)>,
    executions: u32,
}

const AT: fn(u32) -> Place = |ordinal| Place { action: 0, ordinal };

impl Subject for Needs {
    fn attempt(&mut self, case: &Case, _: Option<&[Moment]>) -> Attempt {
        self.executions += 1;
        let there = case.overrides();
        let scheduled = self.overrides.iter().all(|one| there.contains(one));
        let answer = |ordinal| case.answer((Lane::Work, Actor::worker(0), AT(ordinal))).0;
        let answered = self.answers.iter().all(|(ordinal, least)| answer(*ordinal) >= *least);
        if !(scheduled && answered) {
            return Attempt::Otherwise;
        }
        let preemptions = there.len() as u32;
        Attempt::Alike(Course { tape: case.tape.clone(), preemptions, ..Course::default() })
    }
}

/// A toy: one schedule lane, and some answers of worker 0.
fn toy(overrides: &[Override], answers: &BTreeMap<u32, u32>) -> Case {
    let mut track = Track::default();
    for (ordinal, index) in answers {
        track.push(AT(*ordinal), Decision { site: "value".into(), arity: 1_000, index: *index }).unwrap();
    }
    let mut tape = Tape::default();
    if !answers.is_empty() {
        tape.decisions.insert((Lane::Work, Actor::worker(0)), track);
    }
    let case = Case { workers: 3, actions: 1, network: Profile::Direct, faults: FaultPlan::default(), tape };
    case.with_overrides(overrides)
}

fn schedule(count: u32) -> Vec<Override> {
    let one = |ordinal: u32| {
        let actor = ordinal % 3;
        let next = (actor + 1 + ordinal / 3 % 2) % 3;
        let worker = |number: u32| Actor::worker(number as u16);
        Override { actor: worker(actor), place: AT(ordinal / 3), next: worker(next) }
    };
    let mut all: Vec<Override> = (0..count).map(one).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_minimum_is_found(
        count in 1u32..60,
        needed in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        answers in prop::collection::btree_map(0u32..12, (1u32..1_000, 1u32..1_000), 0..8),
    ) {
        let all = schedule(count);
        let needed: BTreeSet<Override> = needed.into_iter().map(|index| all[index.index(all.len())]).collect();
        let overrides: Vec<Override> = needed.into_iter().collect();
        // Every other answer is needed, at least as high as the lower of the two.
        let high: BTreeMap<u32, u32> = answers.iter().map(|(at, (a, b))| (*at, *a.max(b))).collect();
        let least = answers.iter().map(|(at, (a, b))| (*at, *a.min(b)));
        let least: BTreeMap<u32, u32> = least.filter(|(at, _)| at % 2 == 0).collect();
        let mut subject =
            Needs { overrides: overrides.clone(), answers: least.clone().into_iter().collect(), executions: 0 };
        let reduced = reduce(&mut subject, toy(&all, &high), 100_000, &mut go_on).unwrap();
        prop_assert_eq!(&reduced.case, &toy(&overrides, &least));
        prop_assert_eq!(reduced.executions, subject.executions, "every run is counted");
        prop_assert!(!reduced.interrupted);
    }
}

#[test]
fn long_toy_schedules_shrink_to_two_preemptions() {
    for case in 0..40u32 {
        let all = schedule(14 + case * 56 / 39);
        let at = |nth: u32| all[(nth + case) as usize % all.len()];
        let mut subject = Needs { overrides: vec![at(1), at(10)], answers: Vec::new(), executions: 0 };
        let reduced = reduce(&mut subject, toy(&all, &BTreeMap::new()), 10_000, &mut go_on).unwrap();
        assert_eq!(reduced.size.preemptions, 2);
        assert!(subject.executions <= 200, "{} of {}", subject.executions, all.len());
    }
}

#[test]
fn nothing_is_run_twice() {
    struct Once(BTreeSet<String>, Needs);
    impl Subject for Once {
        fn attempt(&mut self, case: &Case, order: Option<&[Moment]>) -> Attempt {
            assert!(self.0.insert(format!("{case:?} {order:?}")), "{case:?} was run before");
            self.1.attempt(case, order)
        }
    }
    let all = schedule(20);
    let needs = Needs { overrides: vec![all[3], all[8], all[9]], answers: vec![(2, 40)], executions: 0 };
    let case = toy(&all, &BTreeMap::from([(1, 7), (2, 90), (3, 1)]));
    reduce(&mut Once(BTreeSet::new(), needs), case, 10_000, &mut go_on).unwrap();
}

#[test]
fn what_does_not_fail_is_not_reduced() {
    let all = schedule(4);
    let mut subject = Needs { overrides: vec![], answers: vec![(5, 1)], executions: 0 };
    assert_eq!(reduce(&mut subject, toy(&all, &BTreeMap::new()), 100, &mut go_on), None);
}

#[test]
fn whoever_has_had_enough_keeps_the_smallest_so_far() {
    let all = schedule(40);
    let subject = Needs { overrides: all[10..14].to_vec(), answers: Vec::new(), executions: 0 };
    let whole = toy(&all, &BTreeMap::new());
    let mut sizes = Vec::new();
    for enough in [0, 1, 40, 60, 100_000] {
        let mut observer = |progress: shrink::Progress<'_>| {
            if progress.executions > enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let Reduced { case, executions, interrupted, size, .. } =
            reduce(&mut subject.clone(), whole.clone(), 100_000, &mut observer).unwrap();
        assert_eq!(interrupted, enough < 100_000);
        assert!(executions <= enough + 1);
        assert!(matches!(subject.clone().attempt(&case, None), Attempt::Alike(_)));
        sizes.push(size.preemptions);
    }
    assert!(sizes.is_sorted_by(|a, b| a >= b), "{sizes:?}");
    assert_eq!((sizes[0], sizes[4]), (40, 4));
    // A bound is no interruption.
    let bounded = reduce(&mut subject.clone(), whole, 45, &mut go_on).unwrap();
    assert_eq!((bounded.executions, bounded.interrupted), (45, false));
}

// Workloads.

fn swarm() -> FaultPlan {
    FaultPlan { kinds: Fault::WITHOUT_STANDBY.to_vec(), swarm: true }
}

fn plan(workload: &str, variant: &str, flaky: bool) -> Plan {
    let usual = Plan::usual(workload, variant).unwrap();
    if flaky { Plan { network: Profile::Flaky, faults: swarm(), ..usual } } else { usual }
}

/// The replays of the first seeds with a finding.
fn failing(plan: &Plan, count: usize) -> Vec<Replay> {
    let fails = |seed: &u64| !search::run_seed(Host::best(), plan, *seed, false).unwrap().findings.is_empty();
    let record = |seed| codec::decode(&search::record(Host::best(), plan, seed).unwrap()).unwrap();
    (0..300).filter(fails).take(count).map(record).collect()
}

fn shrunk(replay: &Replay) -> Shrunk {
    shrink::shrink(replay, &mut go_on).unwrap()
}

#[track_caller]
fn replays_identically(shrunk: &Shrunk) {
    let again = search::replay_bytes(Host::best(), &shrunk.bytes, RunOptions::default()).unwrap();
    assert_eq!(again.verdict, Verdict::Identical);
    assert!(again.bytes == shrunk.bytes);
}

/// The lines of the drawing that stand for a statement or a finding.
fn event_lines(replay: &Replay) -> usize {
    let style = lanes::Style { width: 200, color: false };
    let drawn = lanes::draw(&replay.history, &replay.findings, &style);
    let workers = drawn.lines().skip_while(|line| !line.trim_start().starts_with("step"));
    let workers = workers.take_while(|line| !line.contains("── checks"));
    let said = ["SELECT", "UPDATE", "INSERT", "DELETE", "✗"];
    workers.filter(|line| said.iter().any(|word| line.contains(word))).count()
}

#[test]
fn a_lost_transfer_shrinks_to_four_statements_and_one_preemption() {
    let replays = failing(&plan("bank", "read-modify-write", false), 20);
    assert_eq!(replays.len(), 20);
    for replay in replays {
        let shrunk = shrunk(&replay);
        let seed = replay.header.name;
        assert!(shrunk.executions <= 400, "seed {seed}: {} executions", shrunk.executions);
        assert_eq!((shrunk.after.workers, shrunk.after.actions), (2, 2), "seed {seed}");
        assert!(shrunk.after.statements <= 4, "seed {seed}: {:?}", shrunk.after);
        assert_eq!(shrunk.after.preemptions, 1, "seed {seed}");
        assert_eq!(shrunk.replay.plan.network, Profile::Direct, "seed {seed}");
        assert_eq!((shrunk.replay.plan.workers, shrunk.replay.plan.actions), (2, 1), "seed {seed}");
        assert!(event_lines(&shrunk.replay) <= 6, "seed {seed}");
        assert_eq!(shrunk.replay.header.name, seed);
        assert_eq!(shrunk.replay.findings[0].signature, replay.findings[0].signature);
        replays_identically(&shrunk);
    }
}

#[test]
fn every_wrong_variant_comes_down_to_what_matters() {
    println!(
        "                                          executions  workers actions statements preemptions faults"
    );
    for workload in drawloom_workloads::ALL {
        let wrong = |variant: &&Variant| variant.wrong_on.iter().any(|wrong| wrong.backend == "sqlite");
        for variant in workload.variants().iter().filter(wrong) {
            for flaky in [false, true] {
                // Where nothing is lost, nobody retries.
                if variant.name == "retry-without-key" && !flaky {
                    continue;
                }
                for replay in failing(&plan(workload.name(), variant.name, flaky), 2) {
                    let shrunk = shrunk(&replay);
                    let name = format!("{} {} {}", workload.name(), variant.name, replay.header.name);
                    let after = &shrunk.after;
                    println!(
                        "{name:36} {} {:10} {:8} {:7} {:10} {:11} {:6}",
                        if flaky { "flaky" } else { "lan  " },
                        shrunk.executions,
                        after.workers,
                        after.actions,
                        after.statements,
                        after.preemptions,
                        after.faults
                    );
                    replays_identically(&shrunk);
                    assert_eq!(shrunk.replay.findings[0].signature, replay.findings[0].signature, "{name}");
                    // Twelve are in stock: that the thirteenth is charged needs thirteen orders.
                    let stock = variant.name == "charge-before-commit";
                    let (actions_max, statements_max) = if stock { (13, 65) } else { (3, 9) };
                    assert!(after.workers <= 2, "{name}: {after:?}");
                    assert!(after.actions <= actions_max, "{name}: {after:?}");
                    assert!(after.statements <= statements_max, "{name}: {after:?}");
                    assert!(after.preemptions <= 3 && after.faults <= 1, "{name}: {after:?}");
                }
            }
        }
    }
}

#[test]
fn the_same_replay_shrinks_to_the_same_bytes() {
    for (workload, variant, flaky) in
        [("counter", "read-add-write", false), ("queue", "acknowledge-before-work", true)]
    {
        let replay = &failing(&plan(workload, variant, flaky), 1)[0];
        let (one, other) = (shrunk(replay), shrunk(replay));
        assert!(one.bytes == other.bytes);
        assert_eq!(one.executions, other.executions);
    }
}

#[test]
fn what_is_shrunk_stays_as_it_is() {
    let replay = &failing(&plan("counter", "read-add-write", false), 1)[0];
    let once = shrunk(replay);
    let twice = shrunk(&once.replay);
    assert!(once.bytes == twice.bytes);
    assert_eq!(once.after, twice.before);
}

#[test]
fn a_replay_that_cannot_be_shrunk_says_why() {
    let plan = plan("counter", "read-add-write", false);
    let failing = &mut failing(&plan, 1)[0];
    let silent = Plan::usual("counter", "correct").unwrap();
    let silent = codec::decode(&search::record(Host::best(), &silent, 0).unwrap()).unwrap();
    assert_eq!(shrink::shrink(&silent, &mut go_on).err(), Some(ShrinkError::NoFinding));
    failing.tape = Tape::default();
    let target = failing.findings[0].signature.clone();
    assert_eq!(shrink::shrink(failing, &mut go_on).err(), Some(ShrinkError::NoLongerFails(target)));
    failing.header.fingerprint = "sqlite 3.99.0".to_owned();
    assert!(matches!(shrink::shrink(failing, &mut go_on), Err(ShrinkError::Replay(_))));
}

#[test]
fn an_interrupted_shrink_leaves_a_replay_that_replays() {
    let replay = &failing(&plan("bank", "read-modify-write", false), 1)[0];
    for enough in [0, 3, 30] {
        let mut observer = |progress: shrink::Progress<'_>| {
            if progress.executions > enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let shrunk = shrink::shrink(replay, &mut observer).unwrap();
        assert!(shrunk.interrupted);
        assert!(shrunk.after <= shrunk.before);
        replays_identically(&shrunk);
    }
}
