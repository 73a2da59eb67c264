//! The lock manager, as told in `locks/*.txt`, and what holds whatever is asked of it.
//!
//! The commands of a script, each after its session (`s1: `):
//! - `lock TAG MODE [at DEPTH]`, `try TAG MODE [at DEPTH]`, `unlock TAG MODE [at DEPTH]`; without a depth it is 1
//! - `begin XID [at DEPTH]`, `commit` (releases the transaction), `end` (the session)
//! - `rollback to DEPTH`, `release DEPTH`
//! - `withdraw`, `deadlock`, `blockers`
//! - without a session: `show`, and `next N`: of several who could be next, the one with this number is
//!
//! A tag is `NAME` for a table, or `tuple NAME TID`, `transaction XID`, `advisory KEY`, `advisory KEY KEY`.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod script;

use drawloom_mock::ids::{Oid, Tid, Xid};
use drawloom_mock::locks::{Acquired, AdvisoryKey, Deadlock, Locks, Mode, Row, Tag};
use drawloom_model::SessionId;
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn scripts_go_as_told() {
    script::check("locks", || {
        let mut interpreter = Interpreter::default();
        move |line: &str| interpreter.run(line)
    });
}

#[derive(Default)]
struct Interpreter {
    locks: Locks,
    tables: Vec<String>,
    next: u32,
}

impl Interpreter {
    fn run(&mut self, line: &str) -> Vec<String> {
        let mut output = match line.split_once(": ") {
            Some((session, command)) => {
                self.command(SessionId(session.strip_prefix('s').unwrap().parse().unwrap()), command)
            }
            None if line == "show" => self.locks.rows().iter().map(|row| self.row(row)).collect(),
            None => {
                self.next = line.strip_prefix("next ").unwrap().parse().unwrap();
                Vec::new()
            }
        };
        let mut next = Some(self.next);
        let granted = self.locks.grant(&mut |count| {
            let chosen = next.take().unwrap_or(0);
            assert!(count >= 2 && chosen < count);
            output.push(format!("{count} could be next"));
            chosen
        });
        if next.is_none() {
            self.next = 0;
        }
        output.extend(granted.iter().map(|session| format!("s{} granted", session.0)));
        output
    }

    fn command(&mut self, session: SessionId, command: &str) -> Vec<String> {
        let (command, depth) = match command.split_once(" at ") {
            Some((command, depth)) => (command, depth.parse().unwrap()),
            None => (command, 1),
        };
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["lock", ref tag @ .., mode] => {
                let tag = self.tag(tag);
                match self.locks.acquire(session, tag, parse_mode(mode), depth) {
                    Acquired::Granted => vec!["granted".into()],
                    Acquired::Waits => vec![format!("waits for {}", self.blockers(session))],
                    Acquired::Deadlock(deadlock) => self.cycle(&deadlock),
                }
            }
            ["try", ref tag @ .., mode] => {
                let tag = self.tag(tag);
                vec![self.locks.try_acquire(session, tag, parse_mode(mode), depth).to_string()]
            }
            ["unlock", ref tag @ .., mode] => {
                let tag = self.tag(tag);
                vec![self.locks.release(session, tag, parse_mode(mode), depth).to_string()]
            }
            ["deadlock"] => match self.locks.deadlock(session) {
                Some(deadlock) => self.cycle(&deadlock),
                None => vec!["no deadlock".into()],
            },
            ["blockers"] => vec![self.blockers(session)],
            _ => {
                self.silent(session, &words, depth);
                Vec::new()
            }
        }
    }

    fn silent(&mut self, session: SessionId, words: &[&str], depth: u32) {
        match words {
            ["begin", xid] => self.locks.begin_transaction(session, Xid(xid.parse().unwrap()), depth),
            ["commit"] => self.locks.release_transaction(session),
            ["end"] => self.locks.release_all(session),
            ["rollback", "to", depth] => self.locks.release_since(session, depth.parse().unwrap()),
            ["release", depth] => self.locks.move_down(session, depth.parse().unwrap()),
            ["withdraw"] => self.locks.withdraw(session),
            _ => panic!("no such command: {words:?}"),
        }
    }

    fn tag(&mut self, words: &[&str]) -> Tag {
        match words {
            [table] => Tag::Relation(self.table(table)),
            ["tuple", table, tid] => Tag::Tuple(self.table(table), Tid(tid.parse().unwrap())),
            ["transaction", xid] => Tag::Transaction(Xid(xid.parse().unwrap())),
            ["advisory", key] => Tag::Advisory(AdvisoryKey::Big(key.parse().unwrap())),
            ["advisory", high, low] => {
                Tag::Advisory(AdvisoryKey::Pair(high.parse().unwrap(), low.parse().unwrap()))
            }
            _ => panic!("no such tag: {words:?}"),
        }
    }

    fn table(&mut self, name: &str) -> Oid {
        let at = self.tables.iter().position(|table| table == name).unwrap_or_else(|| {
            self.tables.push(name.into());
            self.tables.len() - 1
        });
        Oid(at as u32)
    }

    fn name(&self, tag: Tag) -> String {
        match tag {
            Tag::Relation(oid) => self.tables[oid.0 as usize].clone(),
            Tag::Tuple(oid, tid) => format!("tuple {} {}", self.tables[oid.0 as usize], tid.0),
            Tag::Transaction(xid) => format!("transaction {}", xid.0),
            Tag::Advisory(AdvisoryKey::Big(key)) => format!("advisory {key}"),
            Tag::Advisory(AdvisoryKey::Pair(high, low)) => format!("advisory {high} {low}"),
            other => panic!("no script can name {other:?}"),
        }
    }

    fn row(&self, row: &Row) -> String {
        let granted = if row.granted { "granted" } else { "awaited" };
        format!(
            "{:<13} {} s{} {} {granted}",
            row.tag.kind(),
            self.name(row.tag),
            row.owner.0,
            row.mode.name()
        )
    }

    fn blockers(&self, session: SessionId) -> String {
        let names: Vec<String> =
            self.locks.blockers(session).iter().map(|blocker| format!("s{}", blocker.0)).collect();
        if names.is_empty() { "nobody".into() } else { names.join(", ") }
    }

    fn cycle(&self, deadlock: &Deadlock) -> Vec<String> {
        let cycle = &deadlock.cycle;
        let line = |(at, blocked): (usize, &drawloom_mock::locks::Blocked)| {
            let blocker = cycle[(at + 1) % cycle.len()].owner.0;
            let (owner, mode, tag) = (blocked.owner.0, blocked.mode.name(), self.name(blocked.tag));
            format!("deadlock: s{owner} waits for {mode} on {tag}; blocked by s{blocker}")
        };
        cycle.iter().enumerate().map(line).collect()
    }
}

fn parse_mode(word: &str) -> Mode {
    Mode::ALL.into_iter().find(|mode| mode.name().strip_suffix("Lock") == Some(word)).unwrap()
}

/// The table of the manual (13.2), row by row; `x` where two modes conflict.
const CONFLICTS: [&str; 8] =
    [".......x", "......xx", "....xxxx", "...xxxxx", "..xx.xxx", "..xxxxxx", ".xxxxxxx", "xxxxxxxx"];

#[test]
fn modes_conflict_as_in_the_manual() {
    for (row, mode) in CONFLICTS.into_iter().zip(Mode::ALL) {
        for (cell, other) in row.chars().zip(Mode::ALL) {
            assert_eq!(mode.conflicts(other), cell == 'x', "{mode:?} and {other:?}");
        }
    }
}

/// Something a session does.
#[derive(Clone, Debug)]
enum Act {
    Acquire(Tag, Mode, u32),
    Try(Tag, Mode, u32),
    Release(Tag, Mode, u32),
    ReleaseSince(u32),
    MoveDown(u32),
    Finish,
    Withdraw,
}

fn act() -> impl Strategy<Value = (u32, Act)> {
    let tag = prop_oneof![
        (0..3u32).prop_map(|oid| Tag::Relation(Oid(oid))),
        (1..6u32).prop_map(|xid| Tag::Transaction(Xid(xid))),
    ];
    let mode = prop::sample::select(Mode::ALL.to_vec());
    let lock = (tag, mode, 0..4u32);
    let act = prop_oneof![
        8 => lock.clone().prop_map(|(tag, mode, depth)| Act::Acquire(tag, mode, depth)),
        2 => lock.clone().prop_map(|(tag, mode, depth)| Act::Try(tag, mode, depth)),
        2 => lock.prop_map(|(tag, mode, depth)| Act::Release(tag, mode, depth)),
        1 => (0..4u32).prop_map(Act::ReleaseSince),
        1 => (0..4u32).prop_map(Act::MoveDown),
        1 => Just(Act::Finish),
        1 => Just(Act::Withdraw),
    ];
    (1..6u32, act)
}

/// Does it, unless the session waits and cannot. False if that was a deadlock, and the session gave up.
fn perform(locks: &mut Locks, session: SessionId, act: &Act) -> bool {
    let waiting = locks.is_waiting(session);
    match act {
        Act::Withdraw => locks.withdraw(session),
        _ if waiting => {}
        Act::Acquire(tag, mode, depth) => match locks.acquire(session, *tag, *mode, *depth) {
            Acquired::Granted => assert!(locks.holds(session, *tag, *mode)),
            Acquired::Waits => {
                assert!(!locks.blockers(session).is_empty());
                if let Some(deadlock) = locks.deadlock(session) {
                    check_cycle(locks, session, &deadlock);
                    locks.release_all(session);
                    return false;
                }
            }
            Acquired::Deadlock(deadlock) => {
                assert_eq!(deadlock.cycle.len(), 2);
                locks.release_all(session);
                return false;
            }
        },
        Act::Try(tag, mode, depth) => {
            let taken = locks.try_acquire(session, *tag, *mode, *depth);
            assert!(!taken || locks.holds(session, *tag, *mode));
        }
        Act::Release(tag, mode, depth) => {
            let held = locks.holds(session, *tag, *mode);
            assert!(held || !locks.release(session, *tag, *mode, *depth));
        }
        Act::ReleaseSince(depth) => locks.release_since(session, *depth),
        Act::MoveDown(depth) => locks.move_down(session, *depth),
        Act::Finish => locks.release_all(session),
    }
    true
}

/// Each of the cycle waits for the next one.
fn check_cycle(locks: &Locks, session: SessionId, deadlock: &Deadlock) {
    let cycle = &deadlock.cycle;
    assert_eq!(cycle[0].owner, session);
    for (at, blocked) in cycle.iter().enumerate() {
        let next = cycle[(at + 1) % cycle.len()].owner;
        assert!(locks.blockers(blocked.owner).contains(&next), "{blocked:?} does not wait for {next:?}");
    }
}

/// Nobody holds what another one's lock forbids, and everybody who waits has a reason to.
fn check_state(locks: &Locks) {
    let rows = locks.rows();
    for row in &rows {
        let earlier = rows.iter().take_while(|other| *other != row);
        let against =
            |other: &&Row| other.tag == row.tag && other.owner != row.owner && other.mode.conflicts(row.mode);
        let held = rows.iter().filter(|other| other.granted).find(against);
        if row.granted {
            assert!(held.is_none(), "{row:?} against {held:?}");
        } else {
            let ahead = earlier.filter(|other| !other.granted).find(against);
            assert!(held.is_some() || ahead.is_some(), "{row:?} waits for nobody");
            assert!(locks.is_waiting(row.owner) && !locks.blockers(row.owner).is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn everybody_gets_through(
        acts in prop::collection::vec(act(), 0..60),
        picks in prop::collection::vec(0..8u32, 0..20),
    ) {
        let mut picks = picks.into_iter();
        let mut choose = move |count: u32| picks.next().unwrap_or(0) % count;
        let mut locks = Locks::new();
        for session in 1..6 {
            locks.begin_transaction(SessionId(session), Xid(session), 1);
        }
        for (session, act) in &acts {
            perform(&mut locks, SessionId(*session), act);
            locks.grant(&mut choose);
            check_state(&locks);
        }
        // Whoever runs finishes. If nobody ran although somebody waits, a deadlock was overlooked.
        let mut left: BTreeSet<SessionId> = (1..6).map(SessionId).collect();
        while !left.is_empty() {
            let running = left.iter().copied().find(|session| !locks.is_waiting(*session));
            let running = running.expect("somebody runs");
            left.remove(&running);
            locks.release_all(running);
            locks.grant(&mut choose);
            check_state(&locks);
        }
        prop_assert!(locks.rows().is_empty());
    }

    /// What is acquired is held as often as it was acquired, wherever it was moved to.
    #[test]
    fn locks_are_counted(moves in prop::collection::vec((0..3u32, 1..4u32), 0..30)) {
        let (session, tag, mode) = (SessionId(1), Tag::Advisory(AdvisoryKey::Big(7)), Mode::Share);
        let mut locks = Locks::new();
        let mut counts = [0u32; 4];
        for (act, depth) in moves {
            let at = depth as usize;
            match act {
                0 => {
                    prop_assert_eq!(locks.acquire(session, tag, mode, depth), Acquired::Granted);
                    counts[at] += 1;
                }
                1 => {
                    prop_assert_eq!(locks.release(session, tag, mode, depth), counts[at] > 0);
                    counts[at] = counts[at].saturating_sub(1);
                }
                _ => {
                    locks.move_down(session, depth);
                    counts[at - 1] += std::mem::take(&mut counts[at]);
                }
            }
            prop_assert_eq!(locks.holds(session, tag, mode), counts.iter().sum::<u32>() > 0);
        }
        locks.release_transaction(session);
        prop_assert_eq!(locks.holds(session, tag, mode), counts[0] > 0);
    }
}
