//! Each pass alone, on a small case, over a subject that is not SQL.

use super::all;
use crate::shrink::case::{Case, Override, Part};
use crate::shrink::subject::{Attempt, Course, Moment, Subject, What};
use crate::shrink::trials::Trials;
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Actor, Decision, Lane, Place, Profile, Tape, Track};
use std::ops::ControlFlow;

/// Fails whenever `fails` says so of the case and the order of its statements: one an action.
struct Fake<F> {
    fails: F,
    kinds: Vec<u32>,
}

impl<F: FnMut(&Case, &[Part]) -> bool> Subject for Fake<F> {
    fn attempt(&mut self, case: &Case, order: Option<&[Moment]>) -> Attempt {
        let usual = case.parts().into_iter().map(|part| Moment { part, what: What::Executed });
        let order = order.map_or_else(|| usual.collect(), <[Moment]>::to_vec);
        let parts: Vec<Part> = order.iter().map(|moment| moment.part).collect();
        if !(self.fails)(case, &parts) {
            return Attempt::Otherwise;
        }
        let preemptions = case.overrides().len() as u32;
        Attempt::Alike(Course { tape: case.tape.clone(), preemptions, statements: 0, order })
    }

    fn kinds(&self) -> Vec<u32> {
        self.kinds.clone()
    }
}

fn part(worker: u16, action: u32) -> Part {
    Part { actor: Actor::worker(worker), action }
}

fn track<T: Clone>(entries: &[(u32, u32, T)]) -> Track<T> {
    let mut track = Track::default();
    for (action, ordinal, value) in entries {
        track.push(Place { action: *action, ordinal: *ordinal }, value.clone()).unwrap();
    }
    track
}

fn decision(site: &'static str, arity: u32, index: u32) -> Decision {
    Decision { site: site.into(), arity, index }
}

/// So many workers, with so many actions each, and nothing else.
fn case(workers: u16, actions: u32) -> Case {
    let mut tape = Tape::default();
    for worker in 0..workers {
        let entries: Vec<_> = (1..=actions).map(|action| (action, 0, decision("action", 31, 1))).collect();
        tape.decisions.insert((Lane::Work, Actor::worker(worker)), track(&entries));
    }
    Case { workers, actions, network: Profile::Direct, faults: FaultPlan::default(), tape }
}

fn with(mut case: Case, lane: Lane, actor: Actor, entries: &[(u32, u32, Decision)]) -> Case {
    let before = case.tape.decisions.remove(&(lane, actor)).unwrap_or_default();
    let mut all: Vec<_> =
        before.entries().iter().map(|(place, it)| (place.action, place.ordinal, it.clone())).collect();
    all.extend_from_slice(entries);
    all.sort_by_key(|(action, ordinal, _)| (*action, *ordinal));
    case.tape.decisions.insert((lane, actor), track(&all));
    case
}

fn override_of(worker: u16, action: u32, ordinal: u32, next: u16) -> Override {
    Override { actor: Actor::worker(worker), place: Place { action, ordinal }, next: Actor::worker(next) }
}

/// What one pass makes of a case, and in how many attempts.
#[track_caller]
fn after(pass: &str, case: Case, fails: impl FnMut(&Case, &[Part]) -> bool) -> (Case, u32) {
    after_kinds(pass, &[], case, fails)
}

#[track_caller]
fn after_kinds(
    pass: &str,
    kinds: &[u32],
    case: Case,
    fails: impl FnMut(&Case, &[Part]) -> bool,
) -> (Case, u32) {
    let mut subject = Fake { fails, kinds: kinds.to_vec() };
    let mut go_on = |_: crate::shrink::Progress<'_>| ControlFlow::Continue(());
    let mut trials =
        Trials::begin(&mut subject, case, 10_000, &mut go_on).unwrap().expect("it fails at first");
    let (_, run) = all().into_iter().find(|(name, _)| *name == pass).expect("there is such a pass");
    run(&mut trials).unwrap();
    (trials.smallest.case, trials.executions - 1)
}

#[test]
fn workers_that_are_not_needed_go() {
    let needs = |case: &Case, _: &[Part]| {
        let busy = case.busy();
        busy.contains(&Actor::worker(1)) && busy.contains(&Actor::worker(3))
    };
    let (smaller, executions) = after("workers", case(5, 3), needs);
    assert_eq!(smaller.parts(), [part(1, 1), part(1, 2), part(1, 3), part(3, 1), part(3, 2), part(3, 3)]);
    // The pairs up to this one, each worker alone, and both as one: in order and, so small, by the tape as well.
    assert!(executions <= 2 * (6 + 2 + 2), "{executions}");
}

#[test]
fn one_worker_does_what_two_did() {
    let (smaller, _) = after("workers", case(2, 2), |case, _| case.parts().len() == 4);
    assert_eq!(smaller.parts(), [part(0, 1), part(0, 2), part(0, 3), part(0, 4)]);
    assert_eq!(smaller.actions, 4);
}

#[test]
fn actions_that_are_not_needed_go() {
    let needed = [part(0, 3), part(1, 7)];
    let needs = |case: &Case, order: &[Part]| {
        assert!(order.iter().all(|part| case.parts().contains(part)), "what is left out is not in the order");
        needed.iter().all(|part| case.parts().contains(part))
    };
    let (smaller, executions) = after("actions", case(2, 16), needs);
    assert_eq!(smaller.parts(), needed);
    assert!(executions <= 40, "{executions}");
}

#[test]
fn what_belongs_to_a_dropped_action_goes_with_it() {
    let values = [(1, 1, decision("amount", 9, 4)), (2, 1, decision("amount", 9, 5))];
    let case = with(case(2, 2), Lane::Work, Actor::worker(0), &values);
    let case =
        case.with_overrides(&[override_of(0, 1, 1, 1), override_of(0, 2, 1, 1), override_of(1, 1, 0, 0)]);
    let smaller = case.with_parts(&[part(0, 2)]);
    assert_eq!(smaller.parts(), [part(0, 2)]);
    assert_eq!(smaller.details().len(), 1);
    assert_eq!(smaller.overrides(), [], "nobody is left to be overridden in favour of");
    let smaller = case.with_parts(&[part(0, 2), part(1, 1)]);
    assert_eq!(smaller.overrides(), [override_of(0, 2, 1, 1), override_of(1, 1, 0, 0)]);
}

#[test]
fn fewer_actions_may_need_larger_values() {
    let amount = |index| [(1, 1, decision("amount", 60, index))];
    let mut adds_up = case(3, 1);
    for worker in 0..3 {
        adds_up = with(adds_up, Lane::Work, Actor::worker(worker), &amount(35));
    }
    let sum = |case: &Case| -> u32 { case.details().into_iter().map(|named| case.answer(named).0).sum() };
    let (smaller, _) = after("actions", adds_up, |case, _| sum(case) > 100);
    assert_eq!((smaller.parts().len(), sum(&smaller)), (2, 59 + 59));
    let (smaller, _) = after("values", smaller, |case, _| sum(case) > 100);
    assert_eq!(sum(&smaller), 101);
}

/// Faults that ask: break, which of two kinds, and how long; one after another.
fn faulty(strikes: u32) -> Case {
    let entries: Vec<_> = (0..strikes)
        .flat_map(|strike| {
            let ask = |nth, site, arity, index| (0, strike * 4 + nth, decision(site, arity, index));
            [ask(1, "break something", 2, 1), ask(2, "which fault", 2, 1), ask(3, "pause", 12, 1 + strike)]
        })
        .collect();
    let case = with(case(2, 1), Lane::Faults, Actor::FAULTS, &entries);
    Case { faults: FaultPlan { kinds: vec![Fault::Crash, Fault::Pause], swarm: false }, ..case }
}

/// How long each fault lasts that strikes.
fn pauses(case: &Case) -> Vec<u32> {
    let of_faults = case.tape.decisions.get(&(Lane::Faults, Actor::FAULTS));
    let entries = of_faults.map(Track::entries).unwrap_or_default();
    let strikes =
        |at: u32| entries.iter().any(|(place, it)| place.ordinal == at && it.site == "break something");
    let pauses = entries.iter().filter(|(place, it)| it.site == "pause" && strikes(place.ordinal - 2));
    pauses.map(|(_, it)| it.index).collect()
}

#[test]
fn faults_that_are_not_needed_go() {
    for pass in ["no faults", "faults"] {
        let (smaller, executions) = after(pass, faulty(3), |_, _| true);
        assert_eq!((pauses(&smaller), smaller.faults), (vec![], FaultPlan::default()));
        assert_eq!(executions, 1);
    }
    let (smaller, _) = after("faults", faulty(4), |case, _| pauses(case).contains(&3));
    assert_eq!(pauses(&smaller), [3], "the third is the one");
    let one_kind = |case: &Case, _: &[Part]| case.faults.kinds.contains(&Fault::Pause);
    let (smaller, _) = after("faults", faulty(2), one_kind);
    assert_eq!(smaller.faults.kinds, [Fault::Pause]);
}

#[test]
fn the_network_calms_as_far_as_the_failure_lets_it() {
    let messages: Vec<_> =
        (0..8).map(|ordinal| (1, ordinal, decision("delay", 8, 1 + ordinal % 3))).collect();
    let flaky = with(case(2, 1), Lane::Link, Actor::worker(1), &messages);
    let flaky = Case { network: Profile::Flaky, ..flaky };
    for (least, network) in [(0, Profile::Direct), (1, Profile::Lan), (2, Profile::Flaky)] {
        let needs = |case: &Case, _: &[Part]| {
            let late = (Lane::Link, Actor::worker(1), Place { action: 1, ordinal: 5 });
            case.network as u8 >= least && (case.network == Profile::Direct || case.answer(late).0 > 0)
        };
        let (smaller, _) = after("network", flaky.clone(), needs);
        assert_eq!(smaller.network, network);
        assert_eq!(smaller.details().len(), usize::from(least > 0), "at most one message is late");
    }
}

#[test]
fn the_direct_network_keeps_the_order_of_the_statements() {
    let lan = Case { network: Profile::Lan, ..case(2, 1) };
    let mut orders = Vec::new();
    after("network", lan, |case, order| {
        if case.network == Profile::Direct {
            orders.push(order.to_vec());
        }
        case.network == Profile::Lan
    });
    assert_eq!(orders[0], [part(0, 1), part(1, 1)]);
}

#[test]
fn preemptions_that_are_not_needed_go_the_fewest_first() {
    let many: Vec<Override> = (0..40).map(|ordinal| override_of(0, 1, ordinal, 1)).collect();
    for (needed, executions_max) in [(vec![], 1), (vec![17], 19), (vec![3, 30], 80), (vec![1, 2, 39], 900)] {
        let case = case(2, 1).with_overrides(&many);
        let needed: Vec<Override> = needed.into_iter().map(|index: usize| many[index]).collect();
        let needs = |case: &Case, _: &[Part]| needed.iter().all(|one| case.overrides().contains(one));
        let (smaller, executions) = after("preemptions", case, needs);
        assert_eq!(smaller.overrides(), needed);
        assert!(executions <= executions_max, "{executions} for {needed:?}");
    }
}

#[test]
fn a_pair_is_found_where_parts_lead_into_a_dead_end() {
    let many: Vec<Override> = (0..24).map(|ordinal| override_of(0, 1, ordinal, 1)).collect();
    // The last twelve fail together, and none of them can be spared; but the pair would do.
    let needs = |case: &Case, _: &[Part]| {
        let has = case.overrides();
        let pair = has.len() == 2 && has.contains(&many[2]) && has.contains(&many[9]);
        pair || many[..12].iter().all(|one| has.contains(one))
    };
    let (smaller, _) = after("preemptions", case(2, 1).with_overrides(&many), needs);
    assert_eq!(smaller.overrides(), [many[2], many[9]]);
}

#[test]
fn a_fresh_schedule_rescues_a_small_case() {
    let odd: Vec<Override> = (0..3).map(|ordinal| override_of(1, 1, 50 + ordinal, 0)).collect();
    let simple = [override_of(0, 1, 3, 1)];
    let needs = |case: &Case, _: &[Part]| case.overrides() == odd || case.overrides() == simple;
    let (smaller, executions) = after("schedules", case(2, 1).with_overrides(&odd), needs);
    assert_eq!(smaller.overrides(), simple);
    assert!(executions <= 10, "{executions}");
}

#[test]
fn a_large_case_gets_no_fresh_schedules() {
    let (_, executions) = after("schedules", case(3, 2), |_, _| true);
    assert_eq!(executions, 0);
}

#[test]
fn values_end_at_the_least_that_fails() {
    let values = [
        (1, 1, decision("amount", 60, 50)),
        (1, 2, decision("item", 9, 7)),
        (1, 3, decision("colour", 3, 2)),
    ];
    let drawn = with(case(1, 1), Lane::Work, Actor::worker(0), &values);
    let answers = |case: &Case| {
        [1, 2, 3].map(|ordinal| case.answer((Lane::Work, Actor::worker(0), Place { action: 1, ordinal })).0)
    };
    let (smaller, _) = after("values", drawn, |case, _| {
        let [amount, item, _] = answers(case);
        amount >= 37 && item >= 1
    });
    assert_eq!(answers(&smaller), [37, 1, 0]);
}

#[test]
fn an_action_gets_the_least_answer_of_its_kind() {
    let named = (Lane::Work, Actor::worker(0), Place { action: 1, ordinal: 0 });
    let drawn = case(1, 1).with_answer(named, 29);
    let (smaller, _) = after_kinds("values", &[1, 11, 25], drawn, |case, _| case.answer(named).0 >= 25);
    assert_eq!(smaller.answer(named).0, 25);
}

#[test]
fn names_become_the_lowest() {
    let sparse = case(6, 9).with_parts(&[part(2, 4), part(2, 9), part(5, 3)]);
    let sparse = with(sparse, Lane::Work, Actor::worker(5), &[(3, 1, decision("amount", 60, 7))]);
    let sparse = sparse.with_overrides(&[override_of(2, 9, 1, 5)]);
    let (smaller, _) = after("names", sparse, |case, order| case.parts().len() == 3 && order.len() == 3);
    assert_eq!((smaller.workers, smaller.actions), (2, 2));
    assert_eq!(smaller.parts().len(), 3);
    let amounts: Vec<_> = smaller.details().into_iter().map(|named| smaller.answer(named)).collect();
    assert_eq!(amounts, [(7, 60)]);
}

#[test]
fn a_victim_keeps_its_name_where_workers_are_named_anew() {
    let entries = [(0, 1, decision("break something", 2, 1)), (0, 2, decision("who crashes", 6, 4))];
    let sparse =
        with(case(5, 1).with_parts(&[part(1, 1), part(3, 1)]), Lane::Faults, Actor::FAULTS, &entries);
    let sparse = Case { faults: FaultPlan { kinds: vec![Fault::Crash], swarm: false }, ..sparse };
    let victim = (Lane::Faults, Actor::FAULTS, Place { action: 0, ordinal: 2 });
    // Worker 3 is the second of two now, and 0 stands for the database.
    let needs =
        |case: &Case, _: &[Part]| case.workers == 5 || case.workers == 2 && case.answer(victim).0 == 2;
    assert_eq!(after("names", sparse, needs).0.workers, 2);
}

#[test]
fn a_pass_with_nothing_to_do_runs_nothing() {
    let empty = Case { workers: 3, actions: 1, ..case(0, 0) };
    for (pass, _) in all::<Fake<fn(&Case, &[Part]) -> bool>>() {
        let (same, executions) = after(pass, empty.clone(), |_, _| true);
        assert_eq!((same, executions), (empty.clone(), 0), "{pass}");
    }
}
