//! Replay files: what is written can be read, and what was damaged is refused with the reason.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod cases;

use drawloom_mock::{Bug, Isolation};
use drawloom_model::{
    Class, Effect, Event, Executed, FaultEvent, Finding, FindingKind, History, Note, Observation, Phase,
    Reply, SessionId, Signature, SqlError, Sqlstate, Statement, Value, Violation,
};
use drawloom_replays::codec::{ReadError, TEXT_BYTES_MAX, VERSION, decode, encode};
use drawloom_replays::{Engine, Header, Name, Plan, Replay, lanes, search};
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Actor, Decision, Host, Lane, Place, Profile, SimDuration, SimTime, Step, Tape, Track};
use drawloom_sqlite::{Busy, JournalMode, Synchronous};
use drawloom_workloads::ALL;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::alloc::{GlobalAlloc, Layout, System};
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

/// magic, version, length of the body, CRC-32 of these
const FRAME: usize = 8 + 4 + 8 + 4;

/// The system's allocator, counting what the thread has in use.
struct Counting;

thread_local! {
    static IN_USE: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

fn count(change: impl FnOnce(usize) -> usize) {
    // A thread that ends frees after its counters are gone.
    let _ = IN_USE.try_with(|in_use| {
        in_use.set(change(in_use.get()));
        MOST.with(|most| most.set(most.get().max(in_use.get())));
    });
}

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|in_use| in_use.saturating_add(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(|in_use| in_use.saturating_sub(layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What it gives, and how much memory it had in use at most.
fn measured<T>(what: impl FnOnce() -> T) -> (T, usize) {
    let before = IN_USE.get();
    MOST.set(before);
    let result = what();
    (result, MOST.get() - before)
}

fn swarm() -> FaultPlan {
    FaultPlan { kinds: Fault::WITHOUT_STANDBY.to_vec(), swarm: true }
}

fn record(workload: &str, variant: &str, workers: u16, actions: u32, seed: u64) -> Vec<u8> {
    let plan = Plan::usual(workload, variant).unwrap();
    let plan = Plan { workers, actions, network: Profile::Flaky, faults: swarm(), ..plan };
    search::record(Host::best(), &plan, seed).unwrap()
}

/// A small replay with a bit of everything: decisions of every kind, errors, a finding.
fn small() -> Vec<u8> {
    let small = |seed| record("counter", "read-add-write", 2, 3, seed);
    let found = (0..500).map(small).find(|bytes| !decode(bytes).unwrap().findings.is_empty());
    let bytes = found.expect("an update is lost");
    assert!(bytes.len() < 4_000, "{} bytes are not small", bytes.len());
    bytes
}

/// A body in a frame whose lengths and checksums are right.
fn frame(version: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"DRAWLOOM".to_vec();
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    bytes
}

fn body(bytes: &[u8]) -> &[u8] {
    &bytes[FRAME..bytes.len() - 4]
}

/// The error, whose message is one line that says what to do.
fn refused(bytes: &[u8], what: &str) -> ReadError {
    let Err(error) = decode(bytes) else { panic!("{what}: it is read") };
    let message = error.to_string();
    assert!(message.contains("replay") && message.len() > 30 && message.len() < 300, "{what}: {message}");
    error
}

fn assert_same(one: &Replay, other: &Replay) {
    assert_eq!(one.header, other.header);
    assert_eq!(one.tape, other.tape);
    assert_eq!(one.history, other.history);
    assert_eq!(one.findings, other.findings);
    assert_eq!(one.decisions_digest, other.decisions_digest);
    let (one, other) = (&one.plan, &other.plan);
    assert_eq!((one.workload.name(), one.variant.name), (other.workload.name(), other.variant.name));
    assert_eq!((one.workers, one.actions, one.network), (other.workers, other.actions, other.network));
    assert_eq!((&one.faults, &one.engine), (&other.faults, &other.engine));
}

#[test]
fn what_is_written_is_read() {
    for workload in ALL {
        for variant in workload.variants() {
            for seed in 0..3 {
                let bytes = record(workload.name(), variant.name, 4, 8, seed);
                let replay = decode(&bytes).unwrap();
                assert!(encode(&replay) == bytes, "{} {} {seed}", workload.name(), variant.name);
                assert_same(&decode(&encode(&replay)).unwrap(), &replay);
                assert_eq!(replay.header.name.seed, seed);
                assert_eq!(replay.plan.workload.name(), workload.name());
            }
        }
    }
}

#[test]
fn the_frame_is_as_documented() {
    let bytes = small();
    assert!(frame(VERSION, body(&bytes)) == bytes);
}

#[test]
fn nothing_truncated_is_read() {
    let bytes = small();
    for length in 0..bytes.len() {
        match refused(&bytes[..length], "truncated") {
            ReadError::NotAReplay if length == 0 => (),
            ReadError::Truncated { have, whole } => {
                assert_eq!(have, length as u64);
                assert!(whole > have && whole <= bytes.len() as u64, "{have} of {whole} bytes");
                assert!(length < FRAME || whole == bytes.len() as u64, "{have} of {whole} bytes");
            }
            other => panic!("{length} bytes: {other}"),
        }
    }
}

#[test]
fn no_flipped_bit_goes_unseen() {
    let mut bytes = small();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        match refused(&bytes, "a flipped bit") {
            ReadError::NotAReplay => assert!(bit < 8 * 8, "bit {bit}"),
            ReadError::Corrupt(_) => assert!(bit >= 8 * 8, "bit {bit}"),
            other => panic!("bit {bit}: {other}"),
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(decode(&bytes).is_ok());
}

#[test]
fn nothing_after_the_end_is_accepted() {
    let bytes = small();
    for more in [&b"\0"[..], b"DRAWLOOM", &bytes] {
        let error = refused(&[&bytes, more].concat(), "something after the end");
        assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
    }
    // And nothing after the last value of the body.
    let error = refused(&frame(VERSION, &[body(&bytes), b"\0"].concat()), "a body with more");
    assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
}

#[test]
fn what_is_no_replay_is_told_so() {
    for bytes in [&b""[..], b"\0", b"d", b"SQLite format 3\0", b"drawloom", b"{\"seed\": 1}", &[0xFF; 1000]] {
        assert_eq!(refused(bytes, "no replay"), ReadError::NotAReplay);
    }
}

#[test]
fn a_newer_format_is_told_so() {
    let bytes = small();
    for found in [VERSION + 1, VERSION + 100, u32::MAX] {
        // Whatever its body is, and however it is encoded.
        for body in [body(&bytes), b"", b"something that is yet to be invented"] {
            let error = refused(&frame(found, body), "newer");
            assert_eq!(error, ReadError::Newer { found });
            assert!(error.to_string().contains(&found.to_string()), "{error}");
        }
        // Its first bytes are enough.
        assert_eq!(refused(&frame(found, b"")[..FRAME], "newer"), ReadError::Newer { found });
    }
    assert!(matches!(refused(&frame(0, body(&bytes)), "no version"), ReadError::Corrupt(_)));
}

#[test]
fn an_absurd_length_is_refused_without_a_try() {
    for length in [u64::MAX, u64::MAX - 28, 1 << 62, 1 << 40] {
        let mut bytes = b"DRAWLOOM".to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes.extend_from_slice(&[0; 100]);
        let (error, most) = measured(|| refused(&bytes, "an absurd length"));
        assert!(matches!(error, ReadError::Truncated { .. }), "{error}");
        assert!(most < 10_000, "{most} bytes in use");
    }
}

/// The body with a text replaced by one of the same length.
fn with_text(bytes: &[u8], text: &str, other: &str) -> Vec<u8> {
    assert_eq!(text.len(), other.len());
    let mut body = body(bytes).to_vec();
    let place = body.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    body[place..place + text.len()].copy_from_slice(other.as_bytes());
    frame(VERSION, &body)
}

#[test]
fn a_foreign_workload_or_variant_is_told_so() {
    let bytes = small();
    for (text, other) in [("counter", "counted"), ("read-add-write", "read-mul-write")] {
        let error = refused(&with_text(&bytes, text, other), "foreign");
        let ReadError::Foreign(unknown) = &error else { panic!("{error}") };
        assert_eq!(unknown.name, other);
        let message = error.to_string();
        assert!(message.contains(other) && message.contains(text), "{message}");
    }
}

/// A replay on the mock, with one bug.
fn on_mock() -> Vec<u8> {
    let mut replay = decode(&small()).unwrap();
    let bugs = [Bug::DirtyRead].into();
    replay.plan.engine =
        Engine::Mock(drawloom_mock::Options { isolation: Isolation::Strict, bugs, yields: true });
    encode(&replay)
}

#[test]
fn the_engine_is_part_of_the_plan() {
    let replay = decode(&on_mock()).unwrap();
    assert_eq!(replay.plan.engine.to_string(), "mock (strict, yields, bug dirty-read)");
    assert!(encode(&replay) == on_mock());
}

#[test]
fn a_foreign_engine_or_bug_is_told_so() {
    for (text, other, name) in
        [("\u{4}mock", "\u{4}mocc", "mock"), ("dirty-read", "ditry-read", "dirty-read")]
    {
        let error = refused(&with_text(&on_mock(), text, other), "foreign");
        let message = error.to_string();
        assert!(matches!(error, ReadError::Foreign(_)) && message.contains(name), "{message}");
    }
}

#[test]
fn an_older_format_is_told_so() {
    for found in 1..VERSION {
        let error = refused(&frame(found, body(&small())), "older");
        assert_eq!(error, ReadError::Older { found });
        assert!(error.to_string().contains(&format!("format version {found}, older")), "{error}");
    }
}

/// A message goes to a terminal: what a file says must not move its cursor or begin another line.
#[test]
fn a_message_has_nothing_that_a_terminal_obeys() {
    let bytes = small();
    for (text, other) in [("counter", "\u{1b}[31m\n"), ("read-add-write", "read\radd\0write")] {
        let other = format!("{other:w$}", w = text.len());
        let message = refused(&with_text(&bytes, text, &other), "foreign").to_string();
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn a_text_that_is_no_utf8_is_corrupt() {
    let bytes = small();
    let mut body = body(&bytes).to_vec();
    let place = body.windows(7).position(|window| window == b"counter").unwrap();
    body[place] = 0xFF;
    assert!(matches!(refused(&frame(VERSION, &body), "no UTF-8"), ReadError::Corrupt(_)));
}

#[test]
fn another_drawloom_or_engine_is_read_all_the_same() {
    // To read it is not to replay it: `explain` needs no engine.
    let mut replay = decode(&small()).unwrap();
    replay.header = Header {
        drawloom: "99.0.0".to_owned(),
        fingerprint: "sqlite 4.0.0".to_owned(),
        name: u64::MAX.into(),
    };
    let again = decode(&encode(&replay)).unwrap();
    assert_same(&again, &replay);
}

/// A short file that names one long text again and again must not become a heap of gigabytes.
#[test]
fn a_text_named_too_often_is_refused() {
    const TIMES: usize = 64;
    // Named, not copied, here too.
    let long: &'static str = String::leak("x".repeat(TEXT_BYTES_MAX / TIMES));
    let mut replay = decode(&small()).unwrap();
    let last = replay.history.events.last().unwrap().clone();
    for _ in 0..=TIMES {
        let what = Observation::Note(Note { label: Cow::Borrowed(long), values: Vec::new() });
        replay.history.events.push(Event { what, ..last.clone() });
    }
    let bytes = encode(&replay);
    let (error, most) = measured(|| refused(&bytes, "too much text"));
    assert!(matches!(error, ReadError::Corrupt(_)), "{error}");
    assert!(most < 2 * TEXT_BYTES_MAX, "{} bytes take {most} bytes of memory", bytes.len());
}

fn change_bytes(body: &mut Vec<u8>, changes: &[(Index, u8, u8)]) {
    for (place, how, byte) in changes {
        let place = place.index(body.len().max(1));
        match how % 8 {
            0 if place < body.len() => drop(body.remove(place)),
            1 => body.insert(place.min(body.len()), *byte),
            2 => body.truncate(place),
            3 => body.splice(place.min(body.len()).., [0xFD; 9]).for_each(drop),
            4 if place < body.len() => body[place] = body[place].wrapping_add(1),
            // bincode's marks for a number of 2, 4, 8 and 16 bytes
            5 if place < body.len() => body[place] = 251 + byte % 5,
            6 => {
                let end = (place + usize::from(*byte)).min(body.len());
                let again = body[place.min(end)..end].to_vec();
                body.extend(again);
            }
            _ if place < body.len() => body[place] = *byte,
            _ => (),
        }
    }
}

/// Whatever the body: it is read whole or refused, in little memory; and what is read can be shown.
fn check_garbage(body: &[u8]) {
    let bytes = frame(VERSION, body);
    let (read, most) = measured(|| decode(&bytes));
    let fair = 200 * bytes.len() + 2 * bytes.len() * bytes.len().min(10_000) / 2;
    assert!(most < fair, "{} bytes of file, {most} bytes of memory", bytes.len());
    match read {
        Ok(replay) => {
            let again = encode(&replay);
            assert!(encode(&decode(&again).unwrap()) == again);
            let style = lanes::Style { width: 100, color: true };
            assert!(!lanes::draw(&replay.history, &replay.findings, &style).is_empty());
            for finding in &replay.findings {
                drawloom_replays::report::finding(
                    finding,
                    replay.header.name.seed,
                    &replay.plan.engine,
                    None,
                );
            }
            for event in &replay.history.events {
                drawloom_replays::report::observation(&event.what);
            }
        }
        Err(_) => drop(refused(&bytes, "garbage")),
    }
}

#[test]
fn every_byte_of_a_body_can_be_any_other() {
    let bytes = small();
    let body = body(&bytes);
    for place in 0..body.len() {
        for other in [0, 1, body[place].wrapping_add(1), body[place] ^ 0x80, 250, 251, 252, 253, 254, 255] {
            let mut changed = body.to_vec();
            changed[place] = other;
            check_garbage(&changed);
        }
    }
}

#[test]
fn a_body_can_end_anywhere() {
    let bytes = small();
    let body = body(&bytes);
    for length in 0..body.len() {
        let error = refused(&frame(VERSION, &body[..length]), "a body that ends early");
        assert!(matches!(error, ReadError::Corrupt(_) | ReadError::Foreign(_)), "{length}: {error}");
    }
}

proptest! {
    #![proptest_config(cases::config(400))]

    #[test]
    fn changed_bodies_are_read_or_refused(
        seed in 0..4u64,
        changes in prop::collection::vec(any::<(Index, u8, u8)>(), 1..6),
    ) {
        let bytes = record("bank", "check-then-debit", 2, 3, seed);
        let mut body = body(&bytes).to_vec();
        change_bytes(&mut body, &changes);
        check_garbage(&body);
    }

    #[test]
    fn noise_is_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..300)) {
        check_garbage(&body);
        let _ = decode(&body);
    }

    #[test]
    fn any_replay_is_read_as_it_was_written(replay in replays()) {
        let replay = replay.0;
        let bytes = encode(&replay);
        let again = decode(&bytes).unwrap();
        // As text, for NaN differs from itself.
        prop_assert_eq!(format!("{:?}", again.history), format!("{:?}", replay.history));
        prop_assert_eq!(&again.tape, &replay.tape);
        prop_assert_eq!(&again.findings, &replay.findings);
        prop_assert_eq!(&again.header, &replay.header);
        prop_assert_eq!(&again.plan.left_out, &replay.plan.left_out);
        prop_assert_eq!(&again.plan.faults, &replay.plan.faults);
        prop_assert_eq!(&again.plan.engine, &replay.plan.engine);
        prop_assert!(encode(&again) == bytes);
    }
}

/// A replay has nothing that proptest can print.
struct Printed(Replay);

impl std::fmt::Debug for Printed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Replay { header, tape, history, findings, .. } = &self.0;
        write!(f, "{header:?}\n{tape:?}\n{history:?}\n{findings:?}")
    }
}

fn replays() -> impl Strategy<Value = Printed> {
    (headers(), plans(), tapes(), histories(), prop::collection::vec(findings(), 0..3), any::<u64>())
        .prop_map(|(header, Planned(plan), tape, history, findings, decisions_digest)| {
            Printed(Replay { header, plan, tape, history, findings, decisions_digest })
        })
}

fn headers() -> impl Strategy<Value = Header> {
    let header =
        |(drawloom, fingerprint, seed, mutant)| Header { drawloom, fingerprint, name: Name { seed, mutant } };
    (text(), text(), any::<u64>(), any::<u32>()).prop_map(header)
}

/// A plan has nothing that proptest can print either.
#[derive(Clone)]
struct Planned(Plan);

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Plan { workload, variant, workers, actions, .. } = &self.0;
        write!(f, "{} {} {workers} {actions}", workload.name(), variant.name)
    }
}

fn engines() -> impl Strategy<Value = Engine> {
    let busy = prop_oneof![
        Just(Busy::Error),
        any::<u64>().prop_map(|us| Busy::Wait { timeout: SimDuration::micros(us) })
    ];
    let sqlite = (select(&JournalMode::ALL), select(&Synchronous::ALL), busy);
    let sqlite = sqlite.prop_map(|(journal_mode, synchronous, busy)| {
        Engine::Sqlite(drawloom_sqlite::Options { journal_mode, synchronous, busy })
    });
    let bugs = prop::collection::btree_set(select(Bug::ALL), 0..5);
    let mock = (select(&Isolation::ALL), bugs, any::<bool>());
    let mock = mock.prop_map(|(isolation, bugs, yields)| {
        Engine::Mock(drawloom_mock::Options { isolation, bugs, yields })
    });
    prop_oneof![sqlite, mock]
}

fn plans() -> impl Strategy<Value = Planned> {
    let faults = (prop::collection::vec(select(&Fault::ALL), 0..6), any::<bool>());
    let size = (1..=Actor::WORKERS_MAX, any::<u32>(), select(&Profile::ALL));
    (0..ALL.len(), any::<Index>(), size, any::<Index>(), engines(), faults).prop_map(
        |(workload, variant, (workers, actions, network), mix, engine, (kinds, swarm))| {
            let workload = ALL[workload];
            let variants = workload.variants();
            let variant = &variants[variant.index(variants.len())];
            let mut left_out: Vec<_> =
                workload.actions(variant.name).iter().map(|(_, action)| action.name()).collect();
            left_out.truncate(mix.index(left_out.len()));
            Planned(Plan {
                workload,
                variant,
                workers,
                actions,
                left_out,
                network,
                faults: FaultPlan { kinds, swarm },
                engine,
            })
        },
    )
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z]{1,3}",
        any::<String>(),
        (250..260usize).prop_map(|length| "ü".repeat(length))
    ]
}

fn site() -> impl Strategy<Value = Cow<'static, str>> {
    text().prop_map(Cow::Owned)
}

fn actor() -> impl Strategy<Value = Actor> {
    let reserved = select(&[Actor::SETUP, Actor::CHECKS, Actor::FAULTS, Actor::CLOCK]);
    prop_oneof![3 => (0..5u16).prop_map(Actor::worker), 1 => (0..Actor::WORKERS_MAX).prop_map(Actor::worker), 1 => reserved]
}

fn track<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Track<T>> {
    let place = prop_oneof![4 => (0..4u32, 0..300u32), 1 => any::<(u32, u32)>()];
    prop::collection::btree_map(place, value, 1..6).prop_map(|entries| {
        let mut track = Track::default();
        for ((action, ordinal), value) in entries {
            track.push(Place { action, ordinal }, value).unwrap();
        }
        track
    })
}

fn tapes() -> impl Strategy<Value = Tape> {
    let decision =
        (site(), prop_oneof![2..300u32, 2..=u32::MAX], any::<Index>()).prop_map(|(site, arity, index)| {
            Decision { site, arity, index: 1 + index.index(arity as usize - 1) as u32 }
        });
    let overrides = prop::collection::btree_map(actor(), track(actor()), 0..4);
    let decisions = prop::collection::btree_map((select(&Lane::ALL), actor()), track(decision), 0..4);
    (overrides, decisions).prop_map(|(overrides, decisions)| Tape { overrides, decisions })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![Just(i64::MIN), Just(i64::MAX), -300..300i64, any::<i64>()].prop_map(Value::Int),
        any::<u64>().prop_map(|bits| Value::Real(f64::from_bits(bits))),
        select(&[0.0, -0.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE]).prop_map(Value::Real),
        text().prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::Blob),
    ]
}

fn values() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(value(), 0..4)
}

fn error() -> impl Strategy<Value = SqlError> {
    ("[A-Z0-9]{5}", select(&Class::ALL), any::<bool>(), text(), prop::option::of(1..u32::MAX)).prop_map(
        |(state, class, unknown, message, position)| SqlError {
            sqlstate: Sqlstate::new(&state).unwrap(),
            class,
            effect: if unknown { Effect::Unknown } else { Effect::None },
            message: message.into(),
            position,
        },
    )
}

/// Executed so many steps and microseconds ago: the event's are not known yet.
fn executed() -> impl Strategy<Value = Executed> {
    let rows = prop::collection::vec(values(), 0..3);
    let reply = (prop::collection::vec(text(), 0..3), rows, any::<u64>())
        .prop_map(|(columns, rows, affected)| Rc::new(Reply { columns: columns.into(), rows, affected }));
    let result = prop_oneof![reply.prop_map(Ok), error().prop_map(Err)];
    let ago = (prop_oneof![0..5u32, any::<u32>()], prop_oneof![0..2_000u64, any::<u64>()]);
    (ago, any::<bool>(), result).prop_map(|((step, at), in_transaction, result)| Executed {
        step: Step(step),
        at: SimTime(at),
        in_transaction,
        result,
    })
}

fn session() -> impl Strategy<Value = SessionId> {
    prop_oneof![0..300u32, any::<u32>()].prop_map(SessionId)
}

fn fault() -> impl Strategy<Value = FaultEvent> {
    let until = || any::<u64>().prop_map(SimTime);
    prop_oneof![
        Just(FaultEvent::DatabaseCrashed),
        Just(FaultEvent::DatabaseStopped),
        Just(FaultEvent::DatabaseStarted),
        Just(FaultEvent::FailedOver),
        Just(FaultEvent::OldPrimaryStopped),
        actor().prop_map(FaultEvent::WorkerCrashed),
        (actor(), until()).prop_map(|(worker, until)| FaultEvent::Paused { worker, until }),
        (actor(), until()).prop_map(|(worker, until)| FaultEvent::Partitioned { worker, until }),
        actor().prop_map(FaultEvent::Cancelled),
    ]
}

fn observation() -> impl Strategy<Value = Observation> {
    let slots = || prop::collection::vec((actor(), site()), 0..3);
    let statement = (site(), values()).prop_map(|(sql, params)| Rc::new(Statement { sql, params }));
    let violation = (site(), text(), text(), prop::collection::vec(text(), 0..3)).prop_map(
        |(invariant, expected, actual, keys)| Box::new(Violation { invariant, expected, actual, keys }),
    );
    let talk = prop_oneof![
        session().prop_map(|session| Observation::Connected { session }),
        error().prop_map(|error| Observation::ConnectFailed { error }),
        (session(), statement).prop_map(|(session, statement)| Observation::Call { session, statement }),
        (session(), site()).prop_map(|(session, on)| Observation::Blocked { session, on }),
        (session(), executed()).prop_map(|(session, executed)| Observation::Answer { session, executed }),
        (session(), prop::option::of(executed()))
            .prop_map(|(session, executed)| Observation::Lost { session, executed }),
    ];
    prop_oneof![
        6 => talk,
        1 => select(&[Phase::Setup, Phase::Work, Phase::Probe]).prop_map(Observation::Phase),
        1 => site().prop_map(|name| Observation::Action { name }),
        1 => error().prop_map(|error| Observation::ActionFailed { error }),
        1 => fault().prop_map(Observation::Fault),
        1 => (site(), values()).prop_map(|(label, values)| Observation::Note(Note { label, values })),
        1 => violation.prop_map(Observation::Violation),
        1 => text().prop_map(|message| Observation::Panic { message }),
        1 => slots().prop_map(|waiting| Observation::Deadlock { waiting }),
        1 => slots().prop_map(|running| Observation::Livelock { running }),
        1 => error().prop_map(|error| Observation::Unrecovered { error }),
    ]
}

fn histories() -> impl Strategy<Value = History> {
    let later = (prop_oneof![0..3u32, 0..1u32 << 28], prop_oneof![0..2_000u64, 0..1u64 << 60]);
    prop::collection::vec((later, actor(), observation()), 0..8).prop_map(|events| {
        let (mut step, mut at) = (Step(0), SimTime(0));
        let event = |((steps, us), actor, mut what)| {
            step.0 += steps;
            at.0 += us;
            if let Observation::Answer { executed, .. } | Observation::Lost { executed: Some(executed), .. } =
                &mut what
            {
                executed.step.0 = step.0.saturating_sub(executed.step.0);
                executed.at.0 = at.0.saturating_sub(executed.at.0);
            }
            Event { step, at, actor, what }
        };
        History { events: events.into_iter().map(event).collect() }
    })
}

fn findings() -> impl Strategy<Value = Finding> {
    let texts = || prop::collection::vec(text(), 0..3);
    let signature = (select(&FindingKind::ALL), text(), texts())
        .prop_map(|(kind, name, statements)| Signature { kind, name, statements });
    let when = (actor(), any::<u32>(), any::<u64>());
    (signature, text(), text(), texts(), when).prop_map(|(signature, expected, actual, keys, when)| {
        let (actor, step, at) = when;
        Finding { signature, expected, actual, keys, actor, step: Step(step), at: SimTime(at) }
    })
}
