//! The mock as a backend: sessions, and the statements that wait.

use crate::backup;
use crate::bug::Bug;
use crate::database::Database;
use crate::executor::Executor;
use crate::log::recover;
use crate::options::Options;
use crate::plan::Text;
use crate::session::{Part, Pause, Session, Transaction};
use crate::ssi::Safety;
use drawloom_model::{Backend, Class, Cx, Notification, Progress, Reply, SessionId, SqlError, Statement};
use drawloom_sim::{Footprint, SimTime};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A statement under way.
type Running = Pin<Box<dyn Future<Output = Result<Reply, SqlError>>>>;

/// PostgreSQL's semantics in memory.
pub struct Mock {
    database: Rc<RefCell<Database>>,
    /// The primary of before a failover, as long as sessions of it are left.
    old_primary: Option<Rc<RefCell<Database>>>,
    running: BTreeMap<SessionId, Running>,
    opened: u32,
    /// Why it cannot come up again.
    damage: Option<SqlError>,
    /// Whose waits are over, and who have not been told.
    named: Vec<SessionId>,
}

impl Mock {
    /// A server that is not up yet.
    pub fn new(options: Options) -> Mock {
        let database = Rc::new(RefCell::new(Database::new(options)));
        Mock {
            database,
            old_primary: None,
            running: BTreeMap::new(),
            opened: 0,
            named: Vec::new(),
            damage: None,
        }
    }

    /// The databases with sessions.
    fn databases(&self) -> impl Iterator<Item = &Rc<RefCell<Database>>> {
        self.old_primary.iter().chain([&self.database])
    }

    /// The one that this session is of.
    fn home(&self, session: SessionId) -> &Rc<RefCell<Database>> {
        let old_primary = self.old_primary.as_ref();
        let old_primary = old_primary.filter(|database| database.borrow().sessions.has(session));
        old_primary.unwrap_or(&self.database)
    }

    fn poll(&mut self, session: SessionId, mut running: Running) -> Progress {
        match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => {
                let mut database = self.home(session).borrow_mut();
                let now = database.now;
                let state = database.session_mut(session);
                state.idle_since = (state.part != Part::Inside).then_some(now);
                if let Err(error) = &reply
                    && matches!(error.class, Class::Cancelled | Class::LockTimeout)
                {
                    database.footprints.touch_unknown();
                }
                let in_transaction = database.session(session).is_in_block();
                let footprint = database.touched(session, false);
                Progress::Done { reply: reply.map(Rc::new), in_transaction, footprint }
            }
            Poll::Pending => {
                self.running.insert(session, running);
                let mut database = self.home(session).borrow_mut();
                let footprint = database.touched(session, true);
                let pause = database.session(session).pause.expect("a statement says why it does not go on");
                let on = match pause {
                    Pause::Lock { on, .. } => on,
                    Pause::Sleep { .. } => "time",
                    Pause::Standby => "the standby",
                    Pause::Snapshot { .. } => "a safe snapshot",
                    Pause::Yield => return Progress::Yielded,
                };
                let released = database.locks.borrow().have_changed();
                Progress::Blocked { on, footprint, released }
            }
        }
    }

    fn begin(&mut self, cx: &Cx<'_>, session: SessionId, statement: &Statement, part: Part) -> Progress {
        self.set_clock(cx);
        let home = self.home(session).clone();
        let text = Text::of(&statement.sql);
        {
            let mut database = home.borrow_mut();
            database.listen(session, cx.observed());
            let now = database.now;
            let state = database.session_mut(session);
            if let Some(farewell) = &mut state.ended {
                let reply = Err(std::mem::replace(farewell, SqlError::connection_lost()));
                return Progress::Done { reply, in_transaction: false, footprint: Footprint::Unknown };
            }
            state.idle_since = None;
            state.statement_began = now;
            state.is_cancelled = false;
            if !state.kept.is_empty() {
                state.kept.clear();
            }
            state.part = part;
            if let Ok(text) = &text
                && let Some(reply) = database.execute_at_once(session, text, &statement.params)
            {
                database.session_mut(session).idle_since = Some(now);
                let reply = reply.map(Rc::new);
                return Progress::Done { reply, in_transaction: false, footprint: Footprint::Unknown };
            }
        }
        let executor = Executor { database: home, session };
        let values = statement.params.clone();
        self.poll(session, Box::pin(async move { executor.execute(text, &values).await }))
    }

    /// What was under way is gone, and with it an old primary.
    fn end_sessions(&mut self, cx: &Cx<'_>) {
        self.set_clock(cx);
        self.running.clear();
        self.old_primary = None;
    }

    /// Takes the time; whether sessions were ended that have done nothing for too long.
    fn set_clock(&self, cx: &Cx<'_>) -> bool {
        let mut has_ended = false;
        for database in self.databases() {
            let mut database = database.borrow_mut();
            database.now = cx.now();
            has_ended |= database.end_idle();
        }
        has_ended
    }
}

impl Backend for Mock {
    fn fingerprint(&self) -> String {
        fingerprint()
    }

    fn open(&mut self, cx: &Cx<'_>) -> Result<SessionId, SqlError> {
        self.set_clock(cx);
        self.opened += 1;
        let id = SessionId(self.opened);
        let mut database = self.database.borrow_mut();
        let (settings, now) = (database.settings(), database.now);
        let session = Session { idle_since: Some(now), ..Session::new(id, settings) };
        database.sessions.insert(id, session);
        Ok(id)
    }

    fn submit(&mut self, cx: &Cx<'_>, session: SessionId, statement: &Statement) -> Progress {
        self.begin(cx, session, statement, Part::Alone)
    }

    fn submit_part(
        &mut self,
        cx: &Cx<'_>,
        session: SessionId,
        statement: &Statement,
        last: bool,
    ) -> Progress {
        self.begin(cx, session, statement, if last { Part::Last } else { Part::Inside })
    }

    fn notices(&mut self, session: SessionId) -> Vec<Box<str>> {
        let mut database = self.home(session).borrow_mut();
        database.sessions.get_mut(session).map(|session| session.notices.take()).unwrap_or_default()
    }

    fn notifications(&mut self, session: SessionId) -> Vec<Notification> {
        let mut database = self.home(session).borrow_mut();
        let session = database.sessions.get_mut(session).filter(|session| !session.is_in_block());
        session.map(|session| std::mem::take(&mut session.notifications)).unwrap_or_default()
    }

    fn intent(&self, session: SessionId, statement: &Statement) -> Footprint {
        self.home(session).borrow().intent(session, &statement.sql)
    }

    fn opening(&self) -> Footprint {
        self.database.borrow().opening()
    }

    fn closing(&self, session: SessionId) -> Footprint {
        self.home(session).borrow().closing(session)
    }

    fn resume(&mut self, cx: &Cx<'_>, session: SessionId) -> Progress {
        if self.set_clock(cx) {
            self.named = self.ready(cx);
            self.named.retain(|named| *named != session);
        }
        self.home(session).borrow_mut().listen(session, cx.observed());
        let running = self.running.remove(&session).expect("only a statement under way is resumed");
        self.poll(session, running)
    }

    fn ready(&mut self, cx: &Cx<'_>) -> Vec<SessionId> {
        self.set_clock(cx);
        let mut named = std::mem::take(&mut self.named);
        named.extend(self.databases().flat_map(|database| ready(&mut database.borrow_mut(), cx)));
        named
    }

    fn deadline(&self, session: SessionId) -> Option<SimTime> {
        let database = self.home(session).borrow();
        let state = database.sessions.get(session)?;
        if !self.running.contains_key(&session) {
            return state.idle_deadline();
        }
        let own = match state.pause? {
            Pause::Lock { deadline, .. } | Pause::Snapshot { deadline, .. } => deadline,
            Pause::Sleep { until, .. } => Some(until),
            Pause::Yield | Pause::Standby => None,
        };
        // Whoever is ended may have what this one waits for.
        own.into_iter().chain(database.idle_deadline()).min()
    }

    fn cancel(&mut self, _cx: &Cx<'_>, session: SessionId) {
        if self.running.contains_key(&session) {
            self.home(session).borrow_mut().session_mut(session).is_cancelled = true;
        }
    }

    fn close(&mut self, cx: &Cx<'_>, session: SessionId) {
        self.set_clock(cx);
        self.running.remove(&session);
        self.home(session).borrow_mut().close(session);
    }

    fn settle(&mut self) {
        self.database.borrow_mut().log.get_mut().settle();
    }

    fn crash(&mut self, cx: &Cx<'_>) {
        self.end_sessions(cx);
        let before = &mut *self.database.borrow_mut();
        let mut log = before.log.take();
        // The calm answer is that nothing is lost.
        log.crash(before.now, |records| cx.choose("how many records are lost", records + 1));
        match recover(before, log) {
            Ok(recovered) => *before = recovered,
            Err(damage) => self.damage = Some(damage),
        }
    }

    fn stop(&mut self, cx: &Cx<'_>) {
        self.end_sessions(cx);
        let mut database = self.database.borrow_mut();
        database.close_all();
        database.log.get_mut().sync();
    }

    fn start(&mut self, cx: &Cx<'_>) -> Result<(), SqlError> {
        self.set_clock(cx);
        self.damage.clone().map_or(Ok(()), Err)
    }

    fn fail_over(&mut self, cx: &Cx<'_>) -> bool {
        self.set_clock(cx);
        let promoted = self
            .database
            .borrow_mut()
            .promote_standby(|records| cx.choose("how many records the standby has not got", records + 1))
            .expect("what had a key in an index has it again");
        let promoted = Rc::new(RefCell::new(promoted));
        self.old_primary = Some(std::mem::replace(&mut self.database, promoted));
        true
    }

    fn stop_old_primary(&mut self) -> Vec<SessionId> {
        let Some(old_primary) = self.old_primary.take() else { return Vec::new() };
        let gone: Vec<SessionId> = old_primary.borrow().sessions.ids().collect();
        gone.iter().for_each(|session| drop(self.running.remove(session)));
        gone
    }

    fn snapshot(&mut self, _cx: &Cx<'_>) -> Result<Vec<u8>, SqlError> {
        backup::script(&self.database.borrow()).map(String::into_bytes)
    }
}

/// The sessions of a database whose wait is over.
fn ready(database: &mut Database, cx: &Cx<'_>) -> Vec<SessionId> {
    let now = database.now;
    let mut ready = database.locks.get_mut().grant(&mut |arity| cx.choose("who gets the lock", arity));
    if database.options.bugs.contains(&Bug::LostWakeup) {
        // Of several that could go on now only the first is told.
        ready.truncate(1);
    }
    for session in &ready {
        if let Some(Pause::Lock { named, .. }) = &mut database.session_mut(*session).pause {
            *named = true;
        }
    }
    let Database { sessions, ssi, .. } = database;
    for (id, session) in sessions.iter_mut() {
        let is_cancelled = session.is_cancelled;
        let top = session.transaction.as_ref().and_then(Transaction::top);
        let over = |until: Option<SimTime>| is_cancelled || until.is_some_and(|until| now >= until);
        let mut is_decided = || top.is_none_or(|top| ssi.get_mut().safety(top) != Safety::Undecided);
        let named = match &mut session.pause {
            Some(Pause::Lock { deadline, named, .. }) if !*named && over(*deadline) => named,
            Some(Pause::Snapshot { deadline, named }) if !*named && (over(*deadline) || is_decided()) => {
                named
            }
            Some(Pause::Sleep { until, named }) if !*named && over(Some(*until)) => named,
            _ => continue,
        };
        *named = true;
        ready.push(id);
    }
    ready
}

/// The engine and its version: a replay made with another one may differ.
pub fn fingerprint() -> String {
    format!("mock {}", env!("CARGO_PKG_VERSION"))
}
