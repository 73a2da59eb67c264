//! The engine `sqlite`: one process with a connection for each session, on a simulated disk.
//!
//! ```text
//! submit --> SQLite --> VFS --> Disk
//!    |          |
//!    |          +-- the busy handler is called: it notes that SQLite would wait, and declines
//!    v
//! Blocked, until another connection releases the lock that was refused, or the time is up; then again
//! ```
//!
//! SQLite's busy handler blocks its thread, and the simulation has one. So the handler only notes that it
//! was asked: waiting happens exactly where SQLite itself would wait, and nowhere else (it does not wait for
//! a lock inside a transaction that already reads, where waiting could deadlock). The statement changed
//! nothing by then, so it is simply run again.

use crate::disk::{Disk, LockKind, LockName};
use crate::error::{classify, is_busy};
use crate::footprint::{End, Footprints, Standing};
use crate::options::{Busy, JournalMode, Options, Synchronous};
use crate::vfs::{self, Mount};
use drawloom_model::{Backend, Class, Cx, Progress, Reply, SessionId, SqlError, Statement, Value};
use drawloom_sim::{Footprint, SimTime};
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file that the database is in.
const FILE: &str = "main.db";
/// What the simulated clock shows at the beginning of a run: 2026-01-01 00:00:00 UTC, in Unix milliseconds.
const EPOCH_UNIX_MS: i64 = 1_767_225_600_000;
/// Prepared statements that a connection keeps.
const STATEMENTS_KEPT: usize = 128;

/// SQLite's random generator is global to the process: two simulations at once would disturb each other.
static SIMULATION: Mutex<()> = Mutex::new(());

thread_local! {
    /// SQLite called the busy handler since this was last cleared.
    static WOULD_WAIT: Cell<bool> = const { Cell::new(false) };
    static SIMULATING: Cell<bool> = const { Cell::new(false) };
}

/// Real SQLite, its randomness, time and disk simulated.
pub struct Sqlite {
    options: Options,
    sessions: BTreeMap<SessionId, Session>,
    opened: u32,
    /// The connection that found the database in order when it came up, for the first session.
    spare: Option<Connection>,
    mount: Option<Mount>,
    columns: BTreeMap<String, Rc<[String]>>,
    /// The replies of most statements: no row changed, one row changed.
    changed: [Rc<Reply>; 2],
    footprints: RefCell<Footprints>,
    _simulation: Simulation,
}

struct Session {
    connection: Connection,
    wait: Option<Wait>,
}

/// A statement that SQLite would wait in.
struct Wait {
    statement: Statement,
    deadline: SimTime,
    /// The lock that was refused, if it is known.
    refused: Option<LockName>,
    cancelled: bool,
    named: bool,
}

impl Wait {
    /// What it is for, in words.
    fn on(&self) -> &'static str {
        match self.refused.map(|lock| lock.kind) {
            Some(LockKind::Slot(0)) => "the write lock",
            Some(LockKind::Slot(1)) => "the checkpoint lock",
            Some(LockKind::Slot(2)) => "the recovery lock",
            Some(LockKind::Slot(_)) => "a reader",
            Some(LockKind::File) | None => "the file lock",
        }
    }
}

/// The process's one simulation, for as long as it lasts.
struct Simulation(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Simulation {
    fn begin() -> Simulation {
        assert!(!SIMULATING.replace(true), "a thread runs one simulation at a time");
        Simulation(SIMULATION.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        SIMULATING.set(false);
    }
}

impl Sqlite {
    /// An engine that has no database yet. It waits until no other simulation of this process is under way.
    pub fn new(options: Options) -> Sqlite {
        Sqlite {
            options,
            sessions: BTreeMap::new(),
            opened: 0,
            spare: None,
            mount: None,
            columns: BTreeMap::new(),
            changed: [0, 1].map(|affected| Rc::new(Reply { affected, ..Reply::default() })),
            footprints: RefCell::new(Footprints::new(options.journal_mode == JournalMode::Wal)),
            _simulation: Simulation::begin(),
        }
    }

    fn mount(&self) -> &Mount {
        self.mount.as_ref().expect("a database that was started is mounted")
    }

    fn disk(&self) -> &Rc<Disk> {
        self.mount().disk()
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let mut connection = vfs::open(self.mount(), FILE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.busy_handler(Some(|_| {
            WOULD_WAIT.set(true);
            false
        }))?;
        // SQLite's own default is Full.
        if self.options.synchronous != Synchronous::Full {
            connection.pragma_update(None, "synchronous", self.options.synchronous.name())?;
        }
        // WAL stays with the file; the other modes are the connection's.
        if !matches!(self.options.journal_mode, JournalMode::Wal | JournalMode::Delete) {
            connection.pragma_update(None, "journal_mode", self.options.journal_mode.name())?;
        }
        Ok(connection)
    }

    /// Opens the database, recovering it if that is due, and looks whether it is in order.
    fn come_up(&mut self, recovering: bool) -> Result<(), SqlError> {
        let connection = self.connect().map_err(|error| classify(&error))?;
        if self.options.journal_mode == JournalMode::Wal {
            connection.pragma_update(None, "journal_mode", "wal").map_err(|error| classify(&error))?;
        }
        if recovering {
            let report = connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0));
            match report.map_err(|error| classify(&error))?.as_str() {
                "ok" => (),
                damage => return Err(SqlError::new("XX001", Class::Corruption, damage)),
            }
        }
        self.spare = Some(connection);
        Ok(())
    }

    fn set_clock(&self, cx: &Cx<'_>) {
        let now_ms = i64::try_from(cx.now().0 / 1_000).expect("a run is shorter than 292 million years");
        self.disk().set_now(EPOCH_UNIX_MS + now_ms);
    }

    /// Runs a statement from its beginning; a statement that waits is run from its beginning again.
    fn attempt(
        &mut self,
        cx: &Cx<'_>,
        id: SessionId,
        statement: &Statement,
        deadline: Option<SimTime>,
    ) -> Progress {
        self.set_clock(cx);
        WOULD_WAIT.set(false);
        // What an earlier statement was refused and did without, such as the lock for a checkpoint.
        let _ = self.disk().take_refused();
        let session = self.sessions.get_mut(&id).expect("the server knows its sessions");
        let began = cx.observed().then(|| Standing::of(&session.connection));
        match execute(&session.connection, statement, &mut self.columns) {
            Ok(reply) => {
                let reply = match reply {
                    Outcome::Changed(rows) if rows < 2 => self.changed[rows as usize].clone(),
                    Outcome::Changed(rows) => Rc::new(Reply { affected: rows, ..Reply::default() }),
                    Outcome::Replied(reply) => Rc::new(reply),
                };
                let in_transaction = !session.connection.is_autocommit();
                let footprint = self.touched(id, began, statement, End::Answered);
                Progress::Done { reply: Ok(reply), in_transaction, footprint }
            }
            Err(error) => match self.options.busy {
                Busy::Wait { timeout } if is_busy(&error) && WOULD_WAIT.get() => {
                    let deadline = deadline.unwrap_or(cx.now() + timeout);
                    if cx.now() >= deadline {
                        let footprint = self.touched(id, began, statement, End::TimedOut);
                        return self.failed(id, classify(&error), footprint);
                    }
                    let refused = self.disk().take_refused();
                    let footprint = self.touched(id, began, statement, End::Waits);
                    let statement = statement.clone();
                    self.wait(
                        id,
                        Wait { statement, deadline, refused, cancelled: false, named: false },
                        footprint,
                    )
                }
                _ => {
                    let end = if is_busy(&error) { End::Refused } else { End::Failed };
                    let footprint = self.touched(id, began, statement, end);
                    self.failed(id, classify(&error), footprint)
                }
            },
        }
    }

    /// What a statement touched that is over; nobody asks where it is not known where it began.
    fn touched(&self, id: SessionId, began: Option<Standing>, statement: &Statement, end: End) -> Footprint {
        let Some(began) = began else { return Footprint::Unknown };
        let now = Standing::of(&self.sessions[&id].connection);
        self.footprints.borrow_mut().settle(id, (began, now), statement, end)
    }

    fn failed(&self, id: SessionId, error: SqlError, footprint: Footprint) -> Progress {
        let in_transaction = !self.sessions[&id].connection.is_autocommit();
        Progress::Done { reply: Err(error), in_transaction, footprint }
    }

    fn wait(&mut self, id: SessionId, wait: Wait, footprint: Footprint) -> Progress {
        self.disk().watch(true);
        let on = wait.on();
        self.sessions.get_mut(&id).expect("the server knows its sessions").wait = Some(wait);
        // What it tried and gave up is no reason for others to try again: they would do so for ever.
        Progress::Blocked { on, footprint, released: false }
    }

    fn drop_sessions(&mut self) {
        self.footprints.borrow_mut().forget_all();
        self.sessions.clear();
        self.spare = None;
    }
}

impl Backend for Sqlite {
    fn fingerprint(&self) -> String {
        fingerprint()
    }

    fn open(&mut self, cx: &Cx<'_>) -> Result<SessionId, SqlError> {
        self.set_clock(cx);
        let connection = match self.spare.take() {
            Some(spare) => spare,
            None => self.connect().map_err(|error| classify(&error))?,
        };
        self.opened += 1;
        let id = SessionId(self.opened);
        self.sessions.insert(id, Session { connection, wait: None });
        Ok(id)
    }

    fn intent(&self, session: SessionId, statement: &Statement) -> Footprint {
        let at = Standing::of(&self.sessions[&session].connection);
        self.footprints.borrow_mut().intent(session, at, statement)
    }

    fn opening(&self) -> Footprint {
        self.footprints.borrow().opening()
    }

    fn closing(&self, session: SessionId) -> Footprint {
        self.footprints.borrow().closing(Standing::of(&self.sessions[&session].connection))
    }

    fn submit(&mut self, cx: &Cx<'_>, session: SessionId, statement: &Statement) -> Progress {
        self.attempt(cx, session, statement, None)
    }

    fn resume(&mut self, cx: &Cx<'_>, session: SessionId) -> Progress {
        let waiting = self.sessions.get_mut(&session).expect("the server knows its sessions");
        let wait = waiting.wait.take().expect("only a session that waits is resumed");
        if self.sessions.values().all(|session| session.wait.is_none()) {
            self.disk().watch(false);
        }
        if wait.cancelled {
            let error = SqlError::new("57014", Class::Cancelled, "interrupted");
            return self.failed(session, error, Footprint::Unknown);
        }
        if cx.now() < wait.deadline && wait.refused.is_some_and(|lock| self.disk().is_taken(lock)) {
            // Another one that waited was quicker. SQLite would only say so again.
            let standing = cx.observed().then(|| Standing::of(&self.sessions[&session].connection));
            let footprint = self.touched(session, standing, &wait.statement, End::Waits);
            return self.wait(session, Wait { named: false, ..wait }, footprint);
        }
        self.attempt(cx, session, &wait.statement, Some(wait.deadline))
    }

    fn ready(&mut self, cx: &Cx<'_>) -> Vec<SessionId> {
        let Some(mount) = &self.mount else { return Vec::new() };
        let released = mount.disk().take_released();
        let mut ready = Vec::new();
        for (id, session) in &mut self.sessions {
            let Some(wait) = &mut session.wait else { continue };
            let free = match &wait.refused {
                Some(refused) => released.contains(refused),
                None => !released.is_empty(),
            };
            if !wait.named && (free || wait.cancelled || cx.now() >= wait.deadline) {
                wait.named = true;
                ready.push(*id);
            }
        }
        ready
    }

    fn deadline(&self, session: SessionId) -> Option<SimTime> {
        self.sessions.get(&session)?.wait.as_ref().map(|wait| wait.deadline)
    }

    fn cancel(&mut self, _cx: &Cx<'_>, session: SessionId) {
        if let Some(Session { wait: Some(wait), .. }) = self.sessions.get_mut(&session) {
            wait.cancelled = true;
        }
    }

    fn close(&mut self, cx: &Cx<'_>, session: SessionId) {
        self.set_clock(cx);
        self.footprints.borrow_mut().forget(session);
        self.sessions.remove(&session);
    }

    fn settle(&mut self) {
        self.disk().settle();
    }

    fn crash(&mut self, _cx: &Cx<'_>) {
        // The old connections end on the old disk, which nobody reads any more.
        let survivor = self.disk().crash();
        self.drop_sessions();
        let mount = vfs::mount(Rc::new(survivor));
        mount.make_current();
        self.mount = Some(mount);
    }

    fn stop(&mut self, cx: &Cx<'_>) {
        self.set_clock(cx);
        self.drop_sessions();
    }

    fn start(&mut self, cx: &Cx<'_>) -> Result<(), SqlError> {
        let recovering = self.mount.is_some();
        if !recovering {
            let mount = vfs::mount(Rc::new(Disk::new(u64::from(cx.choose("entropy", u32::MAX)))));
            mount.make_current();
            self.mount = Some(mount);
            vfs::reseed();
        }
        self.set_clock(cx);
        self.come_up(recovering)
    }

    fn snapshot(&mut self, cx: &Cx<'_>) -> Result<Vec<u8>, SqlError> {
        let none = || SqlError::new("58030", Class::Internal, "there is no database yet");
        if self.mount.is_none() {
            return Err(none());
        }
        self.set_clock(cx);
        let copy = vfs::mount(Rc::new(self.disk().clone_live()));
        let settled = vfs::open(&copy, FILE).and_then(|connection| {
            // One file that any tool opens: the log folded in, and no log expected.
            connection.pragma_update(None, "journal_mode", "delete")
        });
        self.mount().make_current();
        settled.map_err(|error| classify(&error))?;
        copy.disk().content(FILE).ok_or_else(none)
    }
}

/// The engine and the exact version that is built in.
pub fn fingerprint() -> String {
    format!("sqlite {}", rusqlite::version())
}

/// What a statement gave back.
enum Outcome {
    /// So many rows were changed; there are no rows to see.
    Changed(u64),
    /// Rows.
    Replied(Reply),
}

fn execute(
    connection: &Connection,
    statement: &Statement,
    columns: &mut BTreeMap<String, Rc<[String]>>,
) -> rusqlite::Result<Outcome> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let writes = !prepared.readonly();
    // SQLite's count of changes stays as it was after a statement that changes no rows.
    let changes_before = if writes { connection.total_changes() } else { 0 };
    bind(&mut prepared, &statement.params)?;
    let count = prepared.column_count();
    let mut rows = Vec::new();
    if count == 0 {
        prepared.raw_execute()?;
    } else {
        let mut found = prepared.raw_query();
        while let Some(row) = found.next()? {
            rows.push(
                (0..count).map(|column| Ok(value(row.get_ref(column)?))).collect::<rusqlite::Result<_>>()?,
            );
        }
    }
    let changed = writes && connection.total_changes() != changes_before;
    let affected = if changed { connection.changes() } else { 0 };
    if count == 0 {
        return Ok(Outcome::Changed(affected));
    }
    let columns = column_names(&prepared, &statement.sql, columns);
    Ok(Outcome::Replied(Reply { columns, rows, affected }))
}

/// `$1` is the first parameter wherever it stands, as in PostgreSQL; `?` is the next.
fn bind(prepared: &mut rusqlite::Statement<'_>, params: &[Value]) -> rusqlite::Result<()> {
    let count = prepared.parameter_count();
    let wrong_count = || rusqlite::Error::InvalidParameterCount(params.len(), count);
    if params.len() != count {
        return Err(wrong_count());
    }
    for index in 1..=count {
        let name = prepared.parameter_name(index).and_then(|name| name.get(1..));
        let number = name.and_then(|digits| digits.parse::<usize>().ok()).unwrap_or(index);
        let value = number.checked_sub(1).and_then(|place| params.get(place)).ok_or_else(wrong_count)?;
        prepared.raw_bind_parameter(index, Param(value))?;
    }
    Ok(())
}

struct Param<'a>(&'a Value);

impl rusqlite::ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(truth) => ValueRef::Integer(i64::from(*truth)),
            Value::Int(n) => ValueRef::Integer(*n),
            Value::Real(x) => ValueRef::Real(*x),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(x) => Value::Real(x),
        // Text that is no UTF-8 is kept as what it is: bytes.
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

/// The columns' names, shared by every reply of the same statement.
fn column_names(
    prepared: &rusqlite::Statement<'_>,
    sql: &str,
    known: &mut BTreeMap<String, Rc<[String]>>,
) -> Rc<[String]> {
    let name = |column: usize| prepared.column_name(column).unwrap_or_default();
    let count = prepared.column_count();
    // A table may have been altered since.
    if let Some(names) = known.get(sql)
        && names.len() == count
        && names.iter().enumerate().all(|(column, known)| known == name(column))
    {
        return names.clone();
    }
    let names: Rc<[String]> = (0..count).map(|column| name(column).to_owned()).collect();
    known.insert(sql.to_owned(), names.clone());
    names
}
