//! Serializable transactions, as told in `ssi/*.txt`, and the promise they make: those that commit have a serial order.
//!
//! A script sets the stage first:
//! - `row TABLE KEY...`: rows that are there; every table has an index on its key, of one page
//! - `pages apart`: each key is on a page of its own instead
//! - `read only SESSION`
//! - `SESSION STEP: ACCESS, ACCESS, ...`: a step, as in PostgreSQL's isolation specs. A step `setup` comes first
//!
//! Then `permutation STEP ...` runs some of the steps, and `all` every interleaving. Steps that fail since the
//! transaction cannot be serialized are marked `!`, those that fail since another one has written the row before `?`.
//!
//! The accesses are those of PostgreSQL's plans: `scan TABLE` (sequential), `find TABLE KEY` (index), and what follows
//! them where something is written: `update TABLE KEY` (the index is left alone), `rename TABLE KEY KEY`,
//! `delete TABLE KEY`, `insert TABLE KEY`, `truncate TABLE`; `snapshot` (reads no table), `prepare`, `commit` (both, or
//! what was prepared), `rollback`.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod script;
mod snapshot;

use drawloom_mock::ids::Xid;
use drawloom_model::SqlError;
use proptest::prelude::*;
use snapshot::{Database, Fault};

#[test]
fn scripts_go_as_told() {
    script::check("ssi", || {
        let mut stage = Stage::default();
        move |line: &str| stage.run(line)
    });
}

struct Step {
    session: usize,
    name: String,
    accesses: Vec<String>,
}

#[derive(Default)]
struct Stage {
    rows: Vec<(u32, u32)>,
    tables: Vec<String>,
    sessions: Vec<String>,
    steps: Vec<Step>,
    read_only: Vec<usize>,
    pages_apart: bool,
}

impl Stage {
    fn run(&mut self, line: &str) -> Vec<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["row", table, ref keys @ ..] => {
                let table = number(&mut self.tables, table);
                self.rows.extend(keys.iter().map(|key| (table as u32, key.parse::<u32>().unwrap())));
            }
            ["pages", "apart"] => self.pages_apart = true,
            ["read", "only", session] => self.read_only.push(number(&mut self.sessions, session)),
            ["permutation", ref names @ ..] => {
                let named = |name: &&str| self.steps.iter().position(|step| step.name == *name).unwrap();
                let order: Vec<usize> = names.iter().map(named).collect();
                return self.play(&order);
            }
            ["all"] => {
                let mut orders = Vec::new();
                self.interleave(&mut Vec::new(), &mut orders);
                return orders.iter().map(|order| self.play(order).remove(0)).collect();
            }
            _ => {
                let (head, accesses) = line.split_once(": ").unwrap();
                let (session, name) = head.split_once(' ').unwrap();
                let accesses: Vec<String> = accesses.split(", ").map(str::to_owned).collect();
                for access in &accesses {
                    if let Some(table) = access.split(' ').nth(1) {
                        number(&mut self.tables, table);
                    }
                }
                let session = number(&mut self.sessions, session);
                self.steps.push(Step { session, name: name.into(), accesses });
            }
        }
        Vec::new()
    }

    /// Every order of the steps that keeps each session's, in the order PostgreSQL's isolation tester has them.
    fn interleave(&self, order: &mut Vec<usize>, orders: &mut Vec<Vec<usize>>) {
        let mut next: Vec<usize> = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let taken = |it: &usize| self.steps[*it].session == step.session;
            if step.name != "setup" && !order.contains(&at) && !next.iter().any(taken) {
                next.push(at);
            }
        }
        if next.is_empty() {
            orders.push(order.clone());
        }
        for at in next {
            order.push(at);
            self.interleave(order, orders);
            order.pop();
        }
    }

    /// The steps, marked, and the reasons of the failures.
    fn play(&self, order: &[usize]) -> Vec<String> {
        let mut database = Database::new(self.pages_apart);
        self.rows.iter().for_each(|(table, key)| database.row(*table, *key));
        let mut players: Vec<Player> = (0..self.sessions.len()).map(Player::new).collect();
        players.iter_mut().for_each(|player| player.read_only = self.read_only.contains(&player.session));
        let setups = (0..self.steps.len()).filter(|at| self.steps[*at].name == "setup");
        let (mut marked, mut reasons) = (Vec::new(), Vec::new());
        for at in setups.chain(order.iter().copied()) {
            let Step { session, name, accesses } = &self.steps[at];
            let mark = match self.play_step(&mut database, &mut players[*session], accesses) {
                Ok(()) => "",
                Err(Fault::Unserializable(failure)) => {
                    let error = SqlError::from(failure);
                    assert_eq!(error.sqlstate.as_str(), "40001");
                    reasons.push(format!("  {name}: {}", failure.detail()));
                    "!"
                }
                Err(Fault::Concurrent) => "?",
                Err(Fault::Blocked) => panic!("{name} would wait"),
            };
            if name != "setup" {
                marked.push(format!("{name}{mark}"));
            }
        }
        assert!(!database.has_cycle());
        let open = players.iter().filter(|player| player.is_open);
        open.for_each(|player| database.abort(player.xid()));
        assert!(database.ssi.is_empty());
        reasons.insert(0, marked.join(" "));
        reasons
    }

    fn play_step(
        &self,
        database: &mut Database,
        player: &mut Player,
        accesses: &[String],
    ) -> Result<(), Fault> {
        for access in accesses {
            player.play(&self.tables, database, access)?;
        }
        Ok(())
    }
}

struct Player {
    session: usize,
    read_only: bool,
    is_open: bool,
    is_prepared: bool,
    has_failed: bool,
}

impl Player {
    fn new(session: usize) -> Player {
        Player { session, read_only: false, is_open: false, is_prepared: false, has_failed: false }
    }

    fn xid(&self) -> Xid {
        Xid(self.session as u32 + 1)
    }

    fn play(&mut self, tables: &[String], database: &mut Database, access: &str) -> Result<(), Fault> {
        if self.has_failed {
            return Ok(());
        }
        if !self.is_open {
            database.begin(self.xid(), self.read_only);
            self.is_open = true;
        }
        let done = self.access(tables, database, access);
        if done.is_err() {
            database.abort(self.xid());
            (self.has_failed, self.is_open) = (true, false);
        }
        done
    }

    fn access(&mut self, tables: &[String], database: &mut Database, access: &str) -> Result<(), Fault> {
        let own = self.xid();
        let words: Vec<&str> = access.split(' ').collect();
        let table =
            words.get(1).and_then(|name| tables.iter().position(|table| table == name)).unwrap_or(0) as u32;
        let key = |at: usize| words[at].parse::<u32>().unwrap();
        match words[0] {
            "snapshot" => {}
            "scan" => database.scan(own, table)?,
            "find" => {
                database.find(own, table, key(2))?;
            }
            "update" => database.update(own, table, key(2))?,
            "rename" => database.rename(own, table, key(2), key(3))?,
            "delete" => database.delete(own, table, key(2))?,
            "insert" => database.insert(own, table, key(2))?,
            "truncate" => database.truncate(own, table)?,
            "prepare" => {
                database.prepare(own)?;
                self.is_prepared = true;
            }
            "commit" => {
                if !self.is_prepared {
                    database.prepare(own)?;
                }
                database.commit(own);
                self.is_open = false;
            }
            "rollback" => {
                database.abort(own);
                self.is_open = false;
            }
            _ => panic!("no such access: {access}"),
        }
        Ok(())
    }
}

/// The place of the name in the list, where it is put if it is new.
fn number(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    })
}

#[derive(Clone, Debug)]
enum Act {
    Find(u32, u32),
    Scan(u32),
    Update(u32, u32),
    Insert(u32, u32),
    Delete(u32, u32),
    Rename(u32, u32, u32),
    Commit,
    Abort,
}

fn acts(sessions: u32) -> impl Strategy<Value = Vec<(u32, bool, Act)>> {
    let (table, key) = (0..2u32, 0..4u32);
    let row = (table, key.clone());
    let act = prop_oneof![
        6 => row.clone().prop_map(|(table, key)| Act::Find(table, key)),
        1 => (0..2u32).prop_map(Act::Scan),
        4 => row.clone().prop_map(|(table, key)| Act::Update(table, key)),
        1 => row.clone().prop_map(|(table, key)| Act::Insert(table, key)),
        1 => row.clone().prop_map(|(table, key)| Act::Delete(table, key)),
        1 => (row, key).prop_map(|((table, key), new)| Act::Rename(table, key, new)),
        4 => Just(Act::Commit),
        1 => Just(Act::Abort),
    ];
    prop::collection::vec((0..sessions, prop::bool::weighted(0.2), act), 0..80)
}

/// Plays the acts, of each session one transaction after the other, and tells how many could not be serialized.
fn play(database: &mut Database, acts: &[(u32, bool, Act)]) -> u32 {
    let mut failures = 0;
    let mut begun = 0;
    let mut open: Vec<Option<(Xid, bool)>> = vec![None; 8];
    for (session, read_only, act) in acts {
        let (own, read_only) = *open[*session as usize].get_or_insert_with(|| {
            begun += 1;
            database.begin(Xid(begun), *read_only);
            (Xid(begun), *read_only)
        });
        let done = match act {
            Act::Find(table, key) => database.find(own, *table, *key).map(drop),
            Act::Scan(table) => database.scan(own, *table),
            Act::Commit => database.prepare(own).map(|()| database.commit(own)),
            Act::Abort => {
                database.abort(own);
                Ok(())
            }
            _ if read_only => continue,
            Act::Update(table, key) => {
                database.find(own, *table, *key).and_then(|_| database.update(own, *table, *key))
            }
            Act::Insert(table, key) => database.insert(own, *table, *key),
            Act::Delete(table, key) => {
                database.find(own, *table, *key).and_then(|_| database.delete(own, *table, *key))
            }
            Act::Rename(table, key, new) => {
                database.find(own, *table, *key).and_then(|_| database.rename(own, *table, *key, *new))
            }
        };
        if let Err(fault) = done {
            failures += u32::from(matches!(fault, Fault::Unserializable(_)));
            database.abort(own);
        }
        if done.is_err() || matches!(act, Act::Commit | Act::Abort) {
            open[*session as usize] = None;
        }
    }
    open.into_iter().flatten().for_each(|(own, _)| database.abort(own));
    failures
}

fn database(pages_apart: bool) -> Database {
    let mut database = Database::new(pages_apart);
    (0..2).for_each(|table| (0..3).for_each(|key| database.row(table, key)));
    database
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn what_commits_has_a_serial_order(acts in acts(5), pages_apart: bool) {
        let mut database = database(pages_apart);
        play(&mut database, &acts);
        prop_assert!(!database.has_cycle());
        prop_assert!(database.ssi.is_empty(), "{:?}", database.ssi);
    }

    #[test]
    fn one_after_the_other_never_fails(acts in acts(1), pages_apart: bool) {
        prop_assert_eq!(play(&mut database(pages_apart), &acts), 0);
    }
}

/// What overlaps nobody any more is forgotten, even if somebody is always active.
#[test]
fn memory_is_bounded() {
    let mut database = database(true);
    for xid in 1..1_000 {
        database.begin(Xid(xid), false);
        // Of 300 each, the first 100 only read.
        let writes = xid % 300 >= 100 && xid % 5 == 0;
        let read = database.find(Xid(xid), 0, xid % 3);
        let done =
            if writes { read.and_then(|_| database.update(Xid(xid), 0, xid % 3)) } else { read.map(drop) };
        if let Err(fault) = done {
            assert!(fault != Fault::Blocked || writes);
        }
        if let Some(done) = (xid > 3).then(|| Xid(xid - 3)) {
            match database.prepare(done) {
                Ok(()) => database.commit(done),
                Err(_) => database.abort(done),
            }
        }
        assert!(database.ssi.reads().count() <= 40, "{:#?}", database.ssi);
    }
}
