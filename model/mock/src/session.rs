//! What the server keeps for a client.

use crate::catalog::{Catalog, Changes, Naming, PG_CATALOG, PUBLIC, SUPERUSER};
use crate::change::Checks;
use crate::cursor::Cursor;
use crate::ids::{Oid, Xid};
use crate::log;
use crate::options::Isolation;
use crate::plan::{Plan, Text};
use crate::query::Output;
use crate::settings::{self, Settings};
use crate::types::Type;
use crate::utility::Announcement;
use crate::world::Rows;
use drawloom_model::{Notification, SessionId, SqlError};
use drawloom_sim::SimTime;
use smallvec::{SmallVec, smallvec};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A client's session.
#[derive(Debug)]
pub(crate) struct Session {
    pub naming: Naming,
    /// What its naming was made from.
    pub naming_inputs: Option<NamingInputs>,
    pub settings: Settings,
    pub transaction: Option<Transaction>,
    /// Why its statement does not go on.
    pub pause: Option<Pause>,
    /// It has made a table of which COMMIT takes something away.
    pub empties_tables: bool,
    /// Somebody has cancelled its statement.
    pub is_cancelled: bool,
    /// Its plans by their texts, where a bug uses them again, with the indexes of their tables.
    pub stale_plans: BTreeMap<Rc<str>, (Rc<Plan>, Vec<Oid>)>,
    /// The rows of its statement's subqueries that are worked out once, by number.
    pub kept: BTreeMap<usize, Rows>,
    /// Since when it does nothing, if it does.
    pub idle_since: Option<SimTime>,
    /// Why it is over, for its next statement.
    pub ended: Option<SqlError>,
    /// When its statement began.
    pub statement_began: SimTime,
    /// How its statement came.
    pub part: Part,
    pub prepared: BTreeMap<Rc<str>, Prepared>,
    pub cursors: BTreeMap<Rc<str>, Cursor>,
    /// The channels that it listens to, and what others have told it there.
    pub channels: BTreeSet<Rc<str>>,
    pub notifications: Vec<Notification>,
    /// What it was told beside its answers, and has not read.
    pub notices: RefCell<Vec<Box<str>>>,
}

/// A statement that was prepared.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub text: Rc<Text>,
    pub parameters: Vec<Type>,
    /// What it gave when it was prepared.
    pub columns: Vec<Output>,
}

/// Whether a statement came alone, or as one of several in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Alone,
    Inside,
    Last,
}

/// The catalog's version, and what is set.
pub(crate) type NamingInputs = (u64, Settings);

/// Why a statement does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// It stands in a queue.
    Lock { on: &'static str, deadline: Option<SimTime>, named: bool },
    /// It sleeps.
    Sleep { until: SimTime, named: bool },
    /// It waits until nothing can go wrong in its snapshot.
    Snapshot { deadline: Option<SimTime>, named: bool },
    /// It lets others go first.
    Yield,
    /// It waits for the standby to have its commit.
    Standby,
}

/// A transaction under way.
#[derive(Debug)]
pub(crate) struct Transaction {
    pub block: Block,
    /// The name that it was prepared by: all there is to check was checked.
    pub prepared: Option<Rc<str>>,
    pub isolation: Isolation,
    pub is_read_only: bool,
    pub is_deferrable: bool,
    pub began: SimTime,
    /// The transaction itself, then its savepoints.
    pub levels: SmallVec<[Level; 1]>,
    /// The commits that its statements see, from REPEATABLE READ on; below, that its running one sees.
    pub snapshot: Option<u64>,
    /// The number of its next statement that writes.
    pub command: u32,
    /// The catalog with what it has defined.
    pub draft: Option<Draft>,
    /// What it has made, which nobody needs if it is rolled back.
    pub storage: Vec<Storage>,
    /// What it did to rows, for the log.
    pub changes: log::RowChanges,
    /// Whether it has written to the log already.
    pub has_logged: Cell<bool>,
    /// The foreign keys that it has yet to check.
    pub checks: Checks,
    /// What comes true at COMMIT.
    pub announcements: Vec<Announcement>,
    /// The running statement is a check that reads what is committed now, whatever the snapshot.
    pub reads_latest: bool,
}

/// Whether a transaction ends with its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// It does: nobody said BEGIN.
    Implicit,
    /// It lasts until somebody says so.
    Open,
    /// Something failed in it; it only can be rolled back.
    Failed,
}

/// A transaction or a savepoint's subtransaction.
#[derive(Debug, Default)]
pub(crate) struct Level {
    /// Its number, if it has written something.
    pub xid: Option<Xid>,
    /// Those of subtransactions that became part of it.
    pub released: Vec<Xid>,
    /// What was set when it began.
    pub settings: Option<Settings>,
    /// The transaction itself has none.
    pub savepoint: Option<Box<Savepoint>>,
}

/// A savepoint, and how its transaction was when it was set.
#[derive(Clone, Debug)]
pub(crate) struct Savepoint {
    pub name: Rc<str>,
    /// What it had defined.
    pub changes: Option<Changes>,
    /// What was to be checked.
    pub checks: Checks,
    /// How much was announced.
    pub announced: usize,
}

/// A table's file, or an index's entries in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Storage {
    pub file: Oid,
    pub index: Option<Oid>,
}

/// The catalog with a transaction's own changes.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The version of the committed one that it was made from.
    pub base: u64,
    pub catalog: Catalog,
    pub changes: Changes,
}

impl Session {
    pub fn new(id: SessionId, settings: Settings) -> Session {
        let temporary = format!("pg_temp_{}", id.0).into();
        let naming =
            Naming { path: vec![PG_CATALOG, PUBLIC], named: vec![PUBLIC], user: SUPERUSER, temporary };
        Session {
            naming,
            naming_inputs: None,
            settings,
            transaction: None,
            pause: None,
            empties_tables: false,
            is_cancelled: false,
            stale_plans: BTreeMap::new(),
            kept: BTreeMap::new(),
            idle_since: None,
            ended: None,
            statement_began: SimTime(0),
            part: Part::Alone,
            prepared: BTreeMap::new(),
            cursors: BTreeMap::new(),
            channels: BTreeSet::new(),
            notifications: Vec::new(),
            notices: RefCell::default(),
        }
    }

    /// Its transaction.
    pub fn transaction(&self) -> &Transaction {
        self.transaction.as_ref().expect("a statement runs in a transaction")
    }

    pub fn transaction_mut(&mut self) -> &mut Transaction {
        self.transaction.as_mut().expect("a statement runs in a transaction")
    }

    /// Whether it has yet to take a snapshot in which nothing can go wrong: at SERIALIZABLE, READ ONLY and DEFERRABLE.
    pub fn defers(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| {
            transaction.isolation == Isolation::Serializable
                && transaction.is_read_only
                && transaction.is_deferrable
                && transaction.snapshot.is_none()
        })
    }

    /// When its wait for a lock, which began then, has taken too long.
    pub fn deadline(&self, waits_since: SimTime) -> Option<SimTime> {
        let lock = self.settings.timeout("lock_timeout").map(|timeout| waits_since + timeout);
        let statement =
            self.settings.timeout("statement_timeout").map(|timeout| self.statement_began + timeout);
        lock.into_iter().chain(statement).min()
    }

    /// The cursors of this savepoint and deeper ones are over.
    pub fn end_cursors(&mut self, depth: u32) {
        self.cursors.retain(|_, cursor| cursor.depth < depth);
    }

    /// Tells it a notice, unless it does not want to hear such.
    pub fn notice(&self, text: impl std::fmt::Display) {
        if matches!(self.settings.get("client_min_messages").as_deref(), Ok("warning" | "error")) {
            return;
        }
        self.notices.borrow_mut().push(format!("NOTICE:  {text}").into());
    }

    /// Tells it a warning, unless it does not want to hear such.
    pub fn warning(&self, text: impl std::fmt::Display) {
        if !matches!(self.settings.get("client_min_messages").as_deref(), Ok("error")) {
            self.notices.borrow_mut().push(format!("WARNING:  {text}").into());
        }
    }

    /// Whether its statement is not a transaction of its own, as PostgreSQL's `IsTransactionBlock` has it.
    pub fn is_in_transaction(&self) -> bool {
        self.part != Part::Alone || self.is_in_block()
    }

    /// The value of a setting, the transaction's own ones included.
    ///
    /// # Errors
    /// `42704`: there is no such setting.
    pub fn setting(&self, name: &str) -> Result<Rc<str>, SqlError> {
        let is_on = |on: bool| if on { "on" } else { "off" }.into();
        match (&*name.to_ascii_lowercase(), &self.transaction) {
            ("transaction_isolation", Some(transaction)) => Ok(settings::level(transaction.isolation).into()),
            ("transaction_read_only", Some(transaction)) => Ok(is_on(transaction.is_read_only)),
            ("transaction_deferrable", Some(transaction)) => Ok(is_on(transaction.is_deferrable)),
            _ => self.settings.get(name),
        }
    }

    /// Whether its client is inside a block.
    pub fn is_in_block(&self) -> bool {
        self.transaction.as_ref().is_some_and(|transaction| transaction.block != Block::Implicit)
    }
}

impl Transaction {
    pub fn new(block: Block, isolation: Isolation, is_read_only: bool, began: SimTime) -> Transaction {
        Transaction {
            block,
            prepared: None,
            isolation,
            is_read_only,
            is_deferrable: false,
            began,
            levels: smallvec![Level::default()],
            snapshot: None,
            command: 0,
            draft: None,
            storage: Vec::new(),
            changes: log::RowChanges::new(),
            has_logged: Cell::new(false),
            checks: Checks::default(),
            announcements: Vec::new(),
            reads_latest: false,
        }
    }

    /// How deep its locks belong: 1 is the transaction, and each savepoint is one deeper.
    pub fn depth(&self) -> u32 {
        u32::try_from(self.levels.len()).expect("savepoints fit into memory")
    }

    /// Its own number, if it has written something.
    pub fn top(&self) -> Option<Xid> {
        self.levels[0].xid
    }

    /// Its numbers, its own first, and those of subtransactions that were not rolled back.
    pub fn xids(&self) -> impl Iterator<Item = Xid> {
        self.levels.iter().flat_map(|level| level.xid.into_iter().chain(level.released.iter().copied()))
    }

    /// Whether one snapshot serves all of its statements.
    pub fn keeps_snapshot(&self) -> bool {
        self.isolation >= Isolation::RepeatableRead
    }

    /// The running level.
    pub fn level(&mut self) -> &mut Level {
        self.levels.last_mut().expect("a transaction has a level")
    }
}
