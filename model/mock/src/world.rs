//! The database as one statement sees it: its snapshot, and what it learns and leaves while it reads.

use crate::database::Database;
use crate::expression::{Context, EngineCall};
use crate::ids::{Oid, Tid, Xid};
use crate::locks::{AdvisoryKey, Mode, Tag};
use crate::query::{Hash, Query};
use crate::store::{File, Reader, Tuple};
use crate::types::Datum;
use crate::utility::Announcement;
use drawloom_model::{SessionId, SqlError};
use drawloom_sim::SimDuration;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// The rows of a subquery.
pub(crate) type Rows = Rc<Vec<Vec<Datum>>>;

/// How many rows a statement may look at, each as often as it does.
const ROWS_MAX: u32 = 4_000_000;

/// What a statement sees.
pub(crate) struct World<'a> {
    pub database: &'a Database,
    pub session: SessionId,
    pub reader: Reader,
    /// Its transaction, where what it reads is watched.
    watched: Option<Xid>,
    /// What an expression has to wait for, before the statement is worked out again.
    pub wanted: RefCell<Option<Want>>,
    /// What came of the waits that are over, in their order, and how many of them it has come by.
    memos: &'a [Memo],
    met: Cell<usize>,
    /// How many rows it has looked at.
    looked_at: Cell<u32>,
    /// Rows of tables by some of their values, by the scan's number.
    hashes: RefCell<Vec<(usize, Rc<Hash>)>>,
    /// The rows of subqueries that are worked out once.
    pub kept: RefCell<Vec<(usize, Rows)>>,
}

/// What an expression waits for.
#[derive(Clone, Debug)]
pub(crate) enum Want {
    Lock {
        tag: Tag,
        mode: Mode,
        depth: u32,
    },
    Sleep(SimDuration),
    /// `set_config`
    Set {
        name: Rc<str>,
        value: Option<Rc<str>>,
        local: bool,
    },
    /// `pg_notify`
    Announce(Announcement),
    /// Once it has it, the statement keeps it: who asks again does not wait.
    Relation(Oid, Mode),
    /// The rows of a query that locks them, inside queries with these rows, the innermost first.
    Rows {
        query: Query,
        outer: Vec<Vec<Datum>>,
    },
}

/// What came of a wait.
#[derive(Clone, Debug)]
pub(crate) enum Memo {
    Over,
    Rows(Rows),
}

impl<'a> World<'a> {
    /// What this session sees through this snapshot.
    pub fn new(database: &'a Database, session: SessionId, reader: Reader, memos: &'a [Memo]) -> World<'a> {
        let (wanted, met) = (RefCell::default(), Cell::new(0));
        let watched = database.watched(session);
        World {
            database,
            session,
            reader,
            watched,
            wanted,
            memos,
            met,
            looked_at: Cell::new(0),
            hashes: RefCell::default(),
            kept: RefCell::default(),
        }
    }

    /// Waits for something, unless that is over: the statement is worked out from its beginning until all of its
    /// waits are.
    ///
    /// # Errors
    /// It has to wait; the error goes nowhere.
    fn want(&self, want: impl FnOnce() -> Want) -> Result<&'a Memo, SqlError> {
        let met = self.met.get();
        self.met.set(met + 1);
        self.memos.get(met).ok_or_else(|| {
            *self.wanted.borrow_mut() = Some(want());
            crate::error::error("XX000", "a wait that nobody has waited")
        })
    }

    /// Locks a relation for the transaction.
    ///
    /// # Errors
    /// It has to wait; the error goes nowhere.
    fn lock_relation(&self, oid: Oid, mode: Mode) -> Result<(), SqlError> {
        let depth = self.database.session(self.session).transaction().depth();
        if self.database.locks.borrow_mut().try_acquire(self.session, Tag::Relation(oid), mode, depth) {
            return Ok(());
        }
        *self.wanted.borrow_mut() = Some(Want::Relation(oid, mode));
        Err(crate::error::error("XX000", "a wait that nobody has waited"))
    }

    /// The rows of a query that locks them.
    ///
    /// # Errors
    /// As for every wait.
    pub fn locked_rows(&self, query: &Query, cx: &Context<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
        let outer = || {
            let around = std::iter::successors(cx.outer, |outer| outer.outer);
            around.map(|outer| outer.row.to_vec()).collect()
        };
        match self.want(|| Want::Rows { query: query.clone(), outer: outer() })? {
            Memo::Rows(rows) => Ok(rows.to_vec()),
            Memo::Over => unreachable!("the same statement waits for the same things again"),
        }
    }

    /// The statement looks at a row more, of whatever.
    ///
    /// # Errors
    /// `54000`: these are too many, it would not end.
    pub fn look(&self) -> Result<(), SqlError> {
        let looked_at = self.looked_at.get() + 1;
        self.looked_at.set(looked_at);
        if looked_at > ROWS_MAX {
            let message = format!("a statement may look at {ROWS_MAX} rows");
            return Err(crate::error::error("54000", message));
        }
        Ok(())
    }

    /// A table's rows.
    pub fn file(&self, file: Oid) -> &'a File {
        self.database.files.get(&file).expect("a table has a file")
    }

    /// Whether the statement sees this version.
    ///
    /// # Errors
    /// `40001`: at SERIALIZABLE, that it does or does not may not be.
    pub fn sees(&self, tuple: &Tuple) -> Result<bool, SqlError> {
        let transactions = &self.database.transactions;
        let is_visible = tuple.is_visible(transactions, &self.reader);
        if let Some(own) = self.watched {
            let mut ssi = self.database.ssi.borrow_mut();
            ssi.check(own)?;
            if let Some(writer) = tuple.passed_by(transactions, is_visible).filter(|writer| *writer != own) {
                ssi.read_past(own, writer)?;
            }
        }
        Ok(is_visible)
    }

    /// The statement reads all of a table.
    pub fn read_all(&self, table: Oid) {
        self.database.touch_rows(self.session, &self.reader, table);
        if let Some(own) = self.watched {
            self.database.ssi.borrow_mut().read_relation(own, table);
        }
    }

    /// The statement looks for a key, or for keys that begin like it, on this page of an index of a table with this
    /// file.
    pub fn read_index(&self, table: (Oid, Oid), index: Oid, page: u32, key: &[Datum]) {
        self.database.touch_key(self.session, &self.reader, table, index, key);
        if let Some(own) = self.watched {
            self.database.ssi.borrow_mut().read_index(own, index, page);
        }
    }

    /// The statement has found this version by an index, and sees it.
    pub fn read_row(&self, table: Oid, tid: Tid, tuple: &Tuple) {
        if let Some(own) = self.watched
            && self.database.transactions.running(tuple.xmin) != Some(own)
        {
            self.database.ssi.borrow_mut().read_row(own, table, tid);
        }
    }

    /// The rows of a subquery of WITH, which were worked out when its query began.
    pub fn cte(&self, number: usize) -> Rows {
        self.kept(number).expect("a query begins with its subqueries")
    }

    /// The rows of a subquery that the statement has worked out already.
    pub fn kept(&self, number: usize) -> Option<Rows> {
        if let Some((_, rows)) = self.kept.borrow().iter().find(|(kept, _)| *kept == number) {
            return Some(rows.clone());
        }
        self.database.session(self.session).kept.get(&number).cloned()
    }

    /// A table's rows by some of their values, if a scan has kept them.
    pub fn hash(&self, scan: usize) -> Option<Rc<Hash>> {
        self.hashes.borrow().iter().find(|(kept, _)| *kept == scan).map(|(_, hash)| hash.clone())
    }

    /// Keeps a table's rows by some of their values.
    pub fn keep_hash(&self, scan: usize, hash: Rc<Hash>) {
        self.hashes.borrow_mut().push((scan, hash));
    }

    /// Keeps the rows of a subquery.
    pub fn keep(&self, number: usize, rows: Rows) {
        let mut kept = self.kept.borrow_mut();
        match kept.iter_mut().find(|(kept, _)| *kept == number) {
            Some((_, before)) => *before = rows,
            None => kept.push((number, rows)),
        }
    }

    /// Whether a cursor stands on this row version, or on one that became it.
    fn is_current(&self, name: &str, table: i64, tid: i64) -> Result<Datum, SqlError> {
        let error = crate::error::error;
        let number = |number: i64| u32::try_from(number).expect("it was made of one");
        let (table, tid) = (Oid(number(table)), Tid(number(tid)));
        let cursor = self.database.session(self.session).cursors.get(name);
        let cursor = cursor.ok_or_else(|| error("34000", format!("cursor \"{name}\" does not exist")))?;
        let definition = self.database.catalog(self.session).table(table).expect("it was locked");
        let simple = || {
            let table = &definition.name;
            error("24000", format!("cursor \"{name}\" is not a simply updatable scan of table \"{table}\""))
        };
        let current = cursor.current(table).map_err(|()| match cursor.scans(table) {
            true => error("24000", format!("cursor \"{name}\" is not positioned on a row")),
            false => simple(),
        })?;
        let heap = &self.file(definition.file).heap;
        let mut at = Some(current.ok_or_else(simple)?);
        while let Some(here) = at.filter(|here| *here != tid) {
            at = heap.get(here).and_then(|tuple| tuple.ended(&self.database.transactions)?.next);
        }
        Ok(Datum::Bool(at.is_some()))
    }

    /// What the engine knows.
    ///
    /// # Errors
    /// As PostgreSQL's function of that name.
    pub fn call(&self, call: EngineCall, arguments: &[Datum]) -> Result<Datum, SqlError> {
        match (call, arguments) {
            (EngineCall::AdvisoryLock { shared, session, wait }, keys) => {
                let Some(key) = advisory_key(keys) else { return Ok(Datum::Null) };
                let depth =
                    if session { 0 } else { self.database.session(self.session).transaction().depth() };
                let mode = if shared { Mode::Share } else { Mode::Exclusive };
                let tag = Tag::Advisory(key);
                if wait {
                    self.want(|| Want::Lock { tag, mode, depth })?;
                    return Ok(Datum::text(""));
                }
                Ok(Datum::Bool(self.database.locks.borrow_mut().try_acquire(self.session, tag, mode, depth)))
            }
            (EngineCall::AdvisoryUnlock { shared }, keys) => {
                let Some(key) = advisory_key(keys) else { return Ok(Datum::Null) };
                let mode = if shared { Mode::Share } else { Mode::Exclusive };
                let mut locks = self.database.locks.borrow_mut();
                let released = locks.release(self.session, Tag::Advisory(key), mode, 0);
                if !released {
                    let session = self.database.session(self.session);
                    session.warning(format!("you don't own a lock of type {}", mode.name()));
                }
                Ok(Datum::Bool(released))
            }
            (EngineCall::AdvisoryUnlockAll, _) => {
                self.database.locks.borrow_mut().release_advisory(self.session);
                Ok(Datum::text(""))
            }
            (EngineCall::CurrentOf, [Datum::Text(name), Datum::Int(table), Datum::Int(tid)]) => {
                self.database.footprints.touch_unknown();
                self.is_current(name, *table, *tid)
            }
            (EngineCall::SetConfig, [Datum::Null, ..]) => {
                Err(crate::error::error("22004", "SET requires parameter name"))
            }
            (EngineCall::SetConfig, [Datum::Text(name), value, local]) => {
                let value = match value {
                    Datum::Text(value) => Some(value.clone()),
                    _ => None,
                };
                let local = matches!(local, Datum::Bool(true));
                self.want(|| Want::Set { name: name.clone(), value, local })?;
                Ok(Datum::Text(self.database.session(self.session).setting(name)?))
            }
            (EngineCall::Notify, [channel, payload]) => {
                let text = |datum: &Datum| match datum {
                    Datum::Text(text) => text.clone(),
                    _ => "".into(),
                };
                let announcement = Announcement::notify(&text(channel), &text(payload))?;
                self.want(|| Want::Announce(announcement))?;
                Ok(Datum::text(""))
            }
            (EngineCall::Sleep, [Datum::Float(seconds)]) => {
                let duration = SimDuration((seconds.clamp(0.0, 1e9) * 1e6) as u64);
                self.database.footprints.touch_unknown();
                self.want(|| Want::Sleep(duration))?;
                Ok(Datum::text(""))
            }
            (EngineCall::Nextval | EngineCall::Currval | EngineCall::Setval, [Datum::Int(oid), ..]) => {
                if let Ok(oid) = u32::try_from(*oid) {
                    self.lock_relation(Oid(oid), Mode::RowExclusive)?;
                }
                self.database.call(self.session, call, arguments)
            }
            _ => self.database.call(self.session, call, arguments),
        }
    }
}

/// An advisory lock's key; NULL is none.
fn advisory_key(keys: &[Datum]) -> Option<AdvisoryKey> {
    match keys {
        [Datum::Int(key)] => Some(AdvisoryKey::Big(*key)),
        [Datum::Int(high), Datum::Int(low)] => {
            let half = |half: i64| i32::try_from(half).expect("the binder has made it an integer");
            Some(AdvisoryKey::Pair(half(*high), half(*low)))
        }
        _ => None,
    }
}
