//! Every workload, run and replayed: correct variants are silent, wrong ones are found, strict replays are
//! identical, edited tapes do no harm, and a halted replay leaves the database of that moment.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod cases;

use drawloom_model::{Class, Effect, Event, Executed, Observation, Reply, SqlError, Value};
use drawloom_replays::{Engine, Plan, Replay, RunOptions, Verdict, codec, run, search};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::source::{Lenient, RoundRobin};
use drawloom_sim::{Actor, Decision, Host, Lane, Place, Profile, Step, Tape, Track};
use drawloom_sqlite::{JournalMode, Options};
use drawloom_workloads::{ALL, Variant, Workload};
use proptest::prelude::*;
use std::borrow::Cow;
use std::rc::Rc;

fn swarm() -> FaultPlan {
    FaultPlan { kinds: Fault::WITHOUT_STANDBY.to_vec(), swarm: true }
}

fn only(fault: Fault) -> FaultPlan {
    FaultPlan { kinds: vec![fault], swarm: false }
}

fn plan(workload: &str, variant: &str, network: Profile, faults: FaultPlan) -> Plan {
    Plan { network, faults, ..Plan::usual(workload, variant).unwrap() }
}

fn surroundings() -> [(Profile, FaultPlan); 3] {
    [(Profile::Direct, FaultPlan::default()), (Profile::Lan, FaultPlan::default()), (Profile::Flaky, swarm())]
}

fn variants() -> impl Iterator<Item = (&'static dyn Workload, &'static Variant)> {
    ALL.iter().flat_map(|workload| workload.variants().iter().map(move |variant| (*workload, variant)))
}

fn wrong_on_sqlite(variant: &Variant) -> bool {
    variant.wrong_on.iter().any(|wrong| wrong.backend == "sqlite")
}

fn described(plan: &Plan) -> String {
    let Plan { workload, variant, network, faults, .. } = plan;
    let kinds: Vec<_> = faults.kinds.iter().map(|kind| kind.name()).collect();
    let swarm = if faults.swarm { "swarm of " } else { "" };
    format!("{} {} {} {swarm}{}", workload.name(), variant.name, network.name(), kinds.join(","))
}

fn replay(bytes: &[u8]) -> search::Replayed {
    search::replay_bytes(Host::best(), bytes, RunOptions::default()).unwrap()
}

/// Where, and the two things that differ; panics if nothing does.
fn diverged(replay: &Replay) -> (Step, String, String) {
    match self::replay(&codec::encode(replay)).verdict {
        Verdict::Identical => panic!("it is said to be identical"),
        Verdict::Diverged { step, expected, found } => {
            assert_ne!(expected, found);
            (step, expected, found)
        }
    }
}

#[test]
fn a_strict_replay_is_identical() {
    for (workload, variant) in variants() {
        for (network, faults) in surroundings() {
            let plan = plan(workload.name(), variant.name, network, faults);
            for seed in [0, 77, u64::MAX] {
                let bytes = search::record(Host::best(), &plan, seed).unwrap();
                let replayed = replay(&bytes);
                assert_eq!(replayed.verdict, Verdict::Identical, "{}, seed {seed}", described(&plan));
                assert!(replayed.bytes == bytes, "{}, seed {seed}: re-encoded otherwise", described(&plan));
                assert!(replayed.snapshot.is_none(), "nobody asked for it");
            }
        }
    }
}

#[test]
fn correct_variants_are_silent() {
    let mut surroundings = surroundings().to_vec();
    let broken = |fault| [(Profile::Lan, only(fault)), (Profile::Flaky, only(fault))];
    surroundings.extend(Fault::WITHOUT_STANDBY.into_iter().flat_map(broken));
    for workload in ALL {
        for seed in 0..65u64 {
            let (network, faults) = surroundings[seed as usize % surroundings.len()].clone();
            let plan = plan(workload.name(), "correct", network, faults);
            let run = search::run_seed(Host::best(), &plan, seed, false).unwrap();
            assert_eq!(run.findings, [], "{}, seed {seed}", described(&plan));
        }
    }
}

/// Whatever is left on, a correct variant is silent under SQLite's other durable settings too.
#[test]
fn correct_variants_are_silent_with_rollback_journals() {
    for (seed, journal_mode) in (0..).zip([JournalMode::Delete, JournalMode::Truncate, JournalMode::Persist])
    {
        for workload in ALL.iter().filter(|workload| Engine::default().speaks(**workload)) {
            let engine = Engine::Sqlite(Options { journal_mode, ..Options::USUAL });
            for (seed, (network, faults)) in (seed * 10..).zip(surroundings()) {
                let plan =
                    Plan { engine: engine.clone(), ..plan(workload.name(), "correct", network, faults) };
                let run = search::run_seed(Host::best(), &plan, seed, false).unwrap();
                let name = journal_mode.name();
                assert_eq!(run.findings, [], "{}, {name}, seed {seed}", described(&plan));
            }
        }
    }
}

#[test]
fn wrong_variants_are_found() {
    for (workload, variant) in variants().filter(|(_, variant)| wrong_on_sqlite(variant)) {
        let plan = plan(workload.name(), variant.name, Profile::Flaky, swarm());
        let found = search::first_finding(&plan, 0..1_000).unwrap();
        let found = found.unwrap_or_else(|| panic!("{} is not found", described(&plan)));
        let replay = codec::decode(&found.replay).unwrap();
        assert_eq!((replay.header.name.seed, &replay.findings), (found.seed, &found.findings));
        for finding in &found.findings {
            assert!(!finding.signature.name.is_empty(), "{finding:?}");
            assert_ne!(finding.expected, finding.actual, "{finding:?}");
            assert!(replay.history.events.iter().any(|event| event.step == finding.step), "{finding:?}");
        }
        assert!(found.story.contains(&found.findings[0].signature.name), "{}", found.story);
    }
}

#[test]
fn what_sqlite_makes_right_is_silent() {
    let right = |workload: &dyn Workload, variant: &Variant| {
        Engine::default().speaks(workload) && !variant.is_correct() && !wrong_on_sqlite(variant)
    };
    let mut names = Vec::new();
    for (workload, variant) in variants().filter(|(workload, variant)| right(*workload, variant)) {
        names.push((workload.name(), variant.name));
        for (network, faults) in surroundings() {
            let plan = plan(workload.name(), variant.name, network, faults);
            for seed in 0..40 {
                let run = search::run_seed(Host::best(), &plan, seed, false).unwrap();
                assert_eq!(run.findings, [], "{}, seed {seed}", described(&plan));
            }
        }
    }
    assert_eq!(names, [("bank", "read-modify-write-tx"), ("oncall", "unlocked")]);
}

/// One worker alone interleaves with nobody: even a wrong variant is right then, if no answer is lost.
#[test]
fn a_worker_alone_breaks_nothing() {
    // But for `sync`: its replicas are two, whoever writes to them.
    for (workload, variant) in variants().filter(|(workload, _)| workload.name() != "sync") {
        let plan = plan(workload.name(), variant.name, Profile::Direct, FaultPlan::default());
        let run = search::run_seed(Host::best(), &Plan { workers: 1, ..plan.clone() }, 1, false).unwrap();
        assert_eq!(run.findings, [], "{}", described(&plan));
    }
}

#[test]
fn small_and_large_plans_run() {
    for workload in ALL {
        for (workers, actions) in [(1, 1), (1, 0), (40, 2), (2, 60)] {
            let plan = plan(workload.name(), "correct", Profile::Flaky, swarm());
            let plan = Plan { workers, actions, ..plan };
            let bytes = search::record(Host::best(), &plan, 2).unwrap();
            assert_eq!(codec::decode(&bytes).unwrap().findings, [], "{}", described(&plan));
            let replayed = replay(&bytes);
            assert_eq!(replayed.verdict, Verdict::Identical, "{}", described(&plan));
            assert!(replayed.bytes == bytes);
        }
    }
}

#[test]
fn what_another_source_decided_is_replayed_too() {
    for workload in ALL {
        let plan = plan(workload.name(), "correct", Profile::Lan, FaultPlan::default());
        let bytes = Host::best().run_fresh(|| {
            let options = RunOptions { record: true, ..RunOptions::default() };
            let run = run(&plan, Box::new(RoundRobin::new()), options).unwrap();
            codec::encode(&Replay::new(&plan, 0, run))
        });
        let replayed = replay(&bytes);
        assert_eq!(replayed.verdict, Verdict::Identical, "{}", described(&plan));
        assert!(replayed.bytes == bytes, "{}", described(&plan));
    }
}

/// A change to one entry of a tape, chosen by its number modulo how many there are.
#[derive(Clone, Debug)]
enum Edit {
    Delete(usize),
    /// Every entry with a number from here on.
    Truncate(usize),
    /// Every n-th entry.
    Thin(usize),
    NextActor(usize, u16),
    Answer(usize, u32),
    Arity(usize, u32),
    Site(usize),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let place = any::<usize>();
    let actor = prop_oneof![4 => 0..6u16, 1 => Just(9_999), 2 => 0xFFFC..=0xFFFFu16];
    let answer = prop_oneof![4 => 0..8u32, 1 => any::<u32>()];
    let edit = prop_oneof![
        4 => place.prop_map(Edit::Delete),
        1 => place.prop_map(Edit::Truncate),
        1 => (2..5usize).prop_map(Edit::Thin),
        4 => (place, actor).prop_map(|(place, actor)| Edit::NextActor(place, actor)),
        4 => (place, answer.clone()).prop_map(|(place, answer)| Edit::Answer(place, answer)),
        1 => (place, answer).prop_map(|(place, arity)| Edit::Arity(place, arity)),
        1 => place.prop_map(Edit::Site),
    ];
    prop::collection::vec(edit, 1..8)
}

/// Keeps the entries whose number is wanted.
fn keep(tape: &mut Tape, wanted: impl Fn(usize) -> bool) {
    let mut number = 0;
    let mut next = || {
        number += 1;
        wanted(number - 1)
    };
    tape.overrides.values_mut().for_each(|track| track.retain(|_, _| next()));
    tape.decisions.values_mut().for_each(|track| track.retain(|_, _| next()));
}

/// Changes the value at `place` of all the values of these tracks.
fn change<'a, T: 'a>(
    tracks: impl Iterator<Item = &'a mut Track<T>>,
    place: usize,
    mut change: impl FnMut(&mut T),
) {
    let mut number = 0;
    for track in tracks {
        track.retain(|_, value| {
            if number == place {
                change(value);
            }
            number += 1;
            true
        });
    }
}

fn edit(tape: &mut Tape, edit: &Edit) {
    let overrides = tape.overrides.values().map(|track| track.entries().len()).sum::<usize>().max(1);
    let decisions = tape.decisions.values().map(|track| track.entries().len()).sum::<usize>().max(1);
    let all = tape.len().max(1);
    match *edit {
        Edit::Delete(place) => keep(tape, |number| number != place % all),
        Edit::Truncate(place) => keep(tape, |number| number < place % all),
        Edit::Thin(n) => keep(tape, |number| number % n != 0),
        Edit::NextActor(place, code) => {
            let actor = Actor::from_code(code).unwrap();
            change(tape.overrides.values_mut(), place % overrides, |next| *next = actor);
        }
        Edit::Answer(place, index) => {
            change(tape.decisions.values_mut(), place % decisions, |decision| decision.index = index);
        }
        Edit::Arity(place, arity) => {
            change(tape.decisions.values_mut(), place % decisions, |decision| decision.arity = arity);
        }
        Edit::Site(place) => {
            let site = || Cow::Borrowed("no such site");
            change(tape.decisions.values_mut(), place % decisions, |decision| decision.site = site());
        }
    }
}

/// Follows an edited tape; the replay of what came of it.
fn run_leniently(plan: &Plan, seed: u64, tape: Tape) -> Vec<u8> {
    Host::best().run_fresh(|| {
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = run(plan, Box::new(Lenient::new(tape)), options).unwrap();
        assert_eq!(run.divergence, None, "a lenient tape is never left");
        codec::encode(&Replay::new(plan, seed, run))
    })
}

fn an_edited_tape_does_no_harm(plan: &Plan, seed: u64, tape: Tape) {
    let normal = run_leniently(plan, seed, tape);
    let replay = codec::decode(&normal).unwrap();
    // Whatever is on the tape, it is an interleaving that can happen: a correct variant stays correct.
    if plan.variant.is_correct() {
        assert_eq!(replay.findings, [], "{}", described(plan));
    }
    let panicked = replay.history.events.iter().any(|event| matches!(event.what, Observation::Panic { .. }));
    assert!(!panicked, "{}", described(plan));
    let strict = self::replay(&normal);
    assert_eq!(strict.verdict, Verdict::Identical, "{}", described(plan));
    assert!(strict.bytes == normal, "{}: re-encoded otherwise", described(plan));
    // The tape has become what the run chose, so following it leniently changes nothing any more.
    assert!(run_leniently(plan, seed, replay.tape) == normal, "{}", described(plan));
}

proptest! {
    #![proptest_config(cases::config(150))]

    #[test]
    fn edited_tapes_do_no_harm(
        which in 0..variants().count(),
        around in 0..3usize,
        seed in 0..50u64,
        edits in edits(),
    ) {
        let (workload, variant) = variants().nth(which).unwrap();
        let (network, faults) = surroundings()[around].clone();
        let plan = Plan { workers: 3, actions: 6, ..plan(workload.name(), variant.name, network, faults) };
        let bytes = search::record(Host::best(), &plan, seed).unwrap();
        let mut tape = codec::decode(&bytes).unwrap().tape;
        edits.iter().for_each(|change| edit(&mut tape, change));
        an_edited_tape_does_no_harm(&plan, seed, tape);
    }
}

/// Where the tape ends, everybody stays calm: nobody may then wait for ever for one who gets no turn.
#[test]
fn a_tape_that_ends_early_does_no_harm() {
    for (workload, network) in
        [("bank", Profile::Direct), ("checkout", Profile::Direct), ("queue", Profile::Lan)]
    {
        let plan = Plan { actions: 6, ..plan(workload, "correct", network, FaultPlan::default()) };
        for seed in 0..12 {
            let bytes = search::record(Host::best(), &plan, seed).unwrap();
            for quarters in 1..4 {
                let mut tape = codec::decode(&bytes).unwrap().tape;
                let length = tape.len();
                keep(&mut tape, |number| number < length * quarters / 4);
                an_edited_tape_does_no_harm(&plan, seed, tape);
            }
        }
    }
}

#[test]
fn a_tape_of_something_else_does_no_harm() {
    let (bank, queue) = (Plan::usual("bank", "correct").unwrap(), Plan::usual("queue", "correct").unwrap());
    let of_bank = codec::decode(&search::record(Host::best(), &bank, 1).unwrap()).unwrap().tape;
    let flaky = Plan { network: Profile::Flaky, faults: swarm(), ..queue };
    an_edited_tape_does_no_harm(&flaky, 1, of_bank);
    an_edited_tape_does_no_harm(&flaky, 1, Tape::default());
}

fn recorded(workload: &str, variant: &str, seed: u64) -> Replay {
    let plan = plan(workload, variant, Profile::Flaky, swarm());
    let plan = Plan { workers: 3, actions: 5, ..plan };
    codec::decode(&search::record(Host::best(), &plan, seed).unwrap()).unwrap()
}

fn copy(replay: &Replay) -> Replay {
    codec::decode(&codec::encode(replay)).unwrap()
}

#[test]
fn a_changed_tape_diverges() {
    let original = recorded("checkout", "correct", 3);
    let last = original.history.events.last().unwrap().step;
    assert!(original.tape.len() > 20);
    for number in 0..original.tape.len() {
        let mut changed = copy(&original);
        keep(&mut changed.tape, |other| other != number);
        let (step, ..) = diverged(&changed);
        assert!(step <= last, "entry {number}");
    }
    let decisions: usize = original.tape.decisions.values().map(|track| track.entries().len()).sum();
    for number in 0..decisions {
        let mut changed = copy(&original);
        change(changed.tape.decisions.values_mut(), number, |decision| decision.site = "a question".into());
        let (step, expected, found) = diverged(&changed);
        assert!(expected.contains("\"a question\""), "{expected}");
        assert!(found.contains("is asked"), "{found}");
        assert!(step <= last);

        let mut changed = copy(&original);
        change(changed.tape.decisions.values_mut(), number, |decision| {
            decision.arity = decision.arity.checked_add(1).unwrap_or(u32::MAX - 1);
        });
        diverged(&changed);
    }
}

#[test]
fn what_a_tape_has_too_much_diverges() {
    let original = recorded("checkout", "correct", 3);
    let nowhere = Place { action: 1_000_000, ordinal: 0 };
    let mut changed = copy(&original);
    changed.tape.overrides.entry(Actor::worker(0)).or_default().push(nowhere, Actor::worker(1)).unwrap();
    diverged(&changed);

    let mut changed = copy(&original);
    let decision = Decision { site: "a question".into(), arity: 2, index: 1 };
    let track = changed.tape.decisions.entry((Lane::Work, Actor::worker(2))).or_default();
    track.push(nowhere, decision).unwrap();
    diverged(&changed);
}

#[test]
fn a_changed_history_diverges_where_it_was_changed() {
    let original = recorded("bank", "correct", 5);
    let mut calls = 0;
    for (index, event) in original.history.events.iter().enumerate() {
        let mut changed = copy(&original);
        changed.history.events[index].what = match &event.what {
            Observation::Call { session, statement } => {
                calls += 1;
                let mut statement = (**statement).clone();
                statement.params.push(Value::Text("altered".to_owned()));
                statement.sql = format!("{} -- altered", statement.sql).into();
                Observation::Call { session: *session, statement: Rc::new(statement) }
            }
            _ => Observation::Panic { message: "altered".to_owned() },
        };
        let (step, expected, found) = diverged(&changed);
        assert_eq!(step, event.step, "event {index}");
        assert!(expected.contains("altered"), "{expected}");
        assert!(!found.contains("altered"), "{found}");
    }
    assert!(calls > 20);
}

/// Whatever of an event differs, the message shows it: `diverged` sees that the two texts differ.
#[test]
fn a_divergence_shows_what_differs() {
    let original = recorded("bank", "correct", 5);
    let answered = |event: &Event| matches!(&event.what, Observation::Answer { executed, .. } if executed.result.is_ok());
    let failed = |event: &Event| matches!(&event.what, Observation::ActionFailed { .. });
    let changed = |which: &dyn Fn(&Event) -> bool, change: &dyn Fn(&mut Event)| {
        let mut changed = copy(&original);
        change(changed.history.events.iter_mut().rev().find(|event| which(event)).unwrap());
        diverged(&changed);
    };
    let executed = |event: &mut Event, change: &dyn Fn(&mut Executed)| match &mut event.what {
        Observation::Answer { executed, .. } => change(executed),
        other => panic!("{other:?}"),
    };
    let reply = |event: &mut Event, change: &dyn Fn(&mut Reply)| {
        executed(event, &|executed| change(Rc::make_mut(executed.result.as_mut().unwrap())));
    };
    let error = |event: &mut Event, change: &dyn Fn(&mut SqlError)| match &mut event.what {
        Observation::ActionFailed { error } => change(error),
        other => panic!("{other:?}"),
    };
    changed(&answered, &|event| executed(event, &|executed| executed.in_transaction ^= true));
    changed(&answered, &|event| reply(event, &|reply| reply.affected += 1));
    changed(&answered, &|event| reply(event, &|reply| reply.rows.push(vec![Value::Int(1)])));
    changed(&answered, &|event| reply(event, &|reply| reply.columns = Rc::new(["altered".to_owned()])));
    changed(&failed, &|event| error(event, &|error| error.message = "altered".into()));
    changed(&failed, &|event| error(event, &|error| error.class = Class::Resources));
    changed(&failed, &|event| {
        error(event, &|error| {
            error.effect = if error.effect == Effect::None { Effect::Unknown } else { Effect::None };
        });
    });
    changed(&|_| true, &|event| event.at.0 += 1);
    changed(&|_| true, &|event| event.step.0 += 1);
    changed(&|_| true, &|event| event.actor = Actor::worker(2));
}

#[test]
fn a_history_with_an_event_more_or_less_diverges() {
    let original = recorded("bank", "correct", 5);
    for index in 0..original.history.events.len() {
        let mut shorter = copy(&original);
        let removed = shorter.history.events.remove(index);
        let (step, ..) = diverged(&shorter);
        assert!(step >= removed.step || index == 0, "event {index}");

        let mut longer = copy(&original);
        let mut another = removed;
        another.what = Observation::Panic { message: "altered".to_owned() };
        longer.history.events.insert(index, another);
        let (_, expected, _) = diverged(&longer);
        assert!(expected.contains("altered"), "{expected}");
    }
    let mut longer = copy(&original);
    let mut another = longer.history.events.last().unwrap().clone();
    another.what = Observation::Panic { message: "altered".to_owned() };
    longer.history.events.push(another);
    let (_, expected, found) = diverged(&longer);
    assert!(expected.contains("altered") && found == "the run is over", "{expected}, {found}");
}

#[test]
fn other_decisions_or_findings_diverge() {
    let original = recorded("bank", "correct", 5);
    let mut changed = copy(&original);
    changed.decisions_digest ^= 1;
    let (_, expected, found) = diverged(&changed);
    assert!(expected.contains("digest") && found.contains("digest"), "{expected}, {found}");
}

/// DESIGN §7: a replay that "no longer fails" has diverged, though the run itself is the same.
#[test]
fn a_replay_that_no_longer_fails_diverges() {
    let silent = recorded("bank", "correct", 5);
    let failing = {
        let plan = plan("bank", "read-modify-write", Profile::Lan, FaultPlan::default());
        let found = search::first_finding(&plan, 0..100).unwrap().unwrap();
        codec::decode(&found.replay).unwrap()
    };
    let mut changed = copy(&silent);
    changed.findings = failing.findings.clone();
    diverged(&changed);
    let mut changed = copy(&failing);
    changed.findings.clear();
    diverged(&changed);
    let mut changed = copy(&failing);
    changed.findings[0].actual = "altered".to_owned();
    let (step, expected, found) = diverged(&changed);
    assert_eq!(step, failing.findings[0].step);
    assert!(expected.contains("altered") && !found.contains("altered"), "{expected}, {found}");
}

fn halted(bytes: &[u8], step: u32) -> search::Replayed {
    let options = RunOptions { halt_at: Some(Step(step)), snapshot: true, ..RunOptions::default() };
    search::replay_bytes(Host::best(), bytes, options).unwrap()
}

/// The accounts in a database file: id and balance.
fn accounts(database: &[u8]) -> Vec<(i64, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.db");
    std::fs::write(&file, database).unwrap();
    let connection =
        rusqlite::Connection::open_with_flags(&file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let one = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(one("PRAGMA journal_mode"), "delete");
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    if tables == 0 {
        return Vec::new();
    }
    let mut statement = connection.prepare("SELECT id, balance FROM accounts ORDER BY id").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows = rows.collect::<Result<_, _>>().unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "one file is enough");
    rows
}

#[test]
fn a_halted_replay_is_identical_so_far_at_every_step() {
    for (workload, variant, seed) in [("bank", "check-then-debit", 1), ("queue", "correct", 2)] {
        let original = recorded(workload, variant, seed);
        let bytes = codec::encode(&original);
        let last = original.history.events.last().unwrap().step.0;
        for step in 0..=last + 3 {
            let halted = halted(&bytes, step);
            assert_eq!(halted.verdict, Verdict::Identical, "{workload}, until step {step} of {last}");
            assert!(halted.steps.0 <= step, "until step {step} of {last}: {}", halted.steps);
        }
        let whole = halted(&bytes, u32::MAX);
        assert!(whole.bytes == bytes, "to take the database changes nothing");
    }
}

#[test]
fn a_halted_replay_that_differs_later_is_identical_so_far() {
    let mut changed = recorded("bank", "correct", 5);
    let last = changed.history.events.last_mut().unwrap();
    last.what = Observation::Panic { message: "altered".to_owned() };
    let step = last.step.0;
    let bytes = codec::encode(&changed);
    assert_eq!(halted(&bytes, step - 1).verdict, Verdict::Identical);
    assert_ne!(halted(&bytes, step + 1).verdict, Verdict::Identical);
}

#[test]
fn the_database_of_a_step_is_what_was_read_in_it() {
    let plans = [
        ("read-modify-write", Profile::Lan, FaultPlan::default(), JournalMode::Wal),
        ("correct", Profile::Direct, FaultPlan::default(), JournalMode::Wal),
        ("correct", Profile::Flaky, swarm(), JournalMode::Wal),
        ("check-then-debit", Profile::Flaky, only(Fault::Crash), JournalMode::Wal),
        ("read-modify-write", Profile::Lan, only(Fault::Crash), JournalMode::Delete),
        ("read-modify-write", Profile::Lan, FaultPlan::default(), JournalMode::Truncate),
        ("read-modify-write", Profile::Lan, FaultPlan::default(), JournalMode::Persist),
    ];
    for (seed, (variant, network, faults, journal_mode)) in (0..).zip(plans) {
        let engine = Engine::Sqlite(Options { journal_mode, ..Options::USUAL });
        let plan = Plan { engine, actions: 12, ..plan("bank", variant, network, faults) };
        let bytes = search::record(Host::best(), &plan, seed).unwrap();
        let mut audits = 0;
        for event in codec::decode(&bytes).unwrap().history.events {
            let Observation::Answer { executed, .. } = event.what else { continue };
            let Ok(reply) = executed.result else { continue };
            if *reply.columns != ["id".to_owned(), "balance".to_owned()] {
                continue;
            }
            audits += 1;
            let read = |row: &Vec<Value>| (row[0].as_int().unwrap(), row[1].as_int().unwrap());
            let read: Vec<(i64, i64)> = reply.rows.iter().map(read).collect();
            let halted = halted(&bytes, executed.step.0);
            assert_eq!(halted.verdict, Verdict::Identical, "{}", described(&plan));
            let database = halted.snapshot.unwrap().unwrap();
            let (step, name) = (executed.step, journal_mode.name());
            assert_eq!(accounts(&database), read, "{}, {name}, seed {seed}, step {step}", described(&plan));
        }
        assert!(audits > 2, "{}: {audits} audits", described(&plan));
    }
}

/// In the correct variant every committed state conserves the total: whatever was under way is not seen.
#[test]
fn the_database_of_any_step_is_a_committed_state() {
    let modes = [JournalMode::Wal, JournalMode::Delete, JournalMode::Memory];
    for (seed, journal_mode) in (0..).zip(modes) {
        let engine = Engine::Sqlite(Options { journal_mode, ..Options::USUAL });
        let plan = plan("bank", "correct", Profile::Lan, only(Fault::Pause));
        let plan = Plan { engine, workers: 3, actions: 4, ..plan };
        let bytes = search::record(Host::best(), &plan, seed).unwrap();
        let events = codec::decode(&bytes).unwrap().history.events;
        let inserted = |until: u32| {
            let done = events.iter().filter(|event| event.step.0 <= until && event.actor == Actor::SETUP);
            let answers = done.filter(|event| matches!(event.what, Observation::Answer { .. }));
            // The first answer is that to CREATE TABLE.
            answers.count().saturating_sub(1)
        };
        for step in (1..=events.last().unwrap().step.0).step_by(3) {
            let database = halted(&bytes, step).snapshot.unwrap().unwrap();
            let accounts = accounts(&database);
            let name = journal_mode.name();
            assert_eq!(accounts.len(), inserted(step), "{name}, step {step}");
            let total: i64 = accounts.iter().map(|(_, balance)| balance).sum();
            assert_eq!(total, 100 * accounts.len() as i64, "{name}, step {step}: {accounts:?}");
        }
    }
}

#[test]
fn before_there_is_a_database_there_is_none_to_take() {
    let bytes = codec::encode(&recorded("bank", "correct", 5));
    let none = halted(&bytes, 0).snapshot.unwrap().unwrap_err();
    assert!(none.message.contains("no database"), "{none}");
}
