//! What an action holds in its hands: a session, chance, and the history to write notes into.

use drawloom_model::session::Wiring;
use drawloom_model::{Dialect, Effect, Note, Observation, Reply, Session, SqlError, Value, Violation};
use drawloom_sim::{Actor, Footprint, Lane, SimDuration};
use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::rc::Rc;

/// A worker's, the setup's or the checks' view of the run.
pub struct Client {
    wiring: Wiring,
    actor: Actor,
    variant: &'static str,
    dialect: Dialect,
    session: Session,
}

impl Client {
    /// The client of this actor, in a run of this variant on an engine of this dialect.
    pub fn new(wiring: Wiring, actor: Actor, variant: &'static str, dialect: Dialect) -> Client {
        let session = Session::new(wiring.clone(), actor);
        Client { wiring, actor, variant, dialect, session }
    }

    /// The variant that the run is of.
    pub fn variant(&self) -> &'static str {
        self.variant
    }

    /// The SQL that the engine speaks, where engines differ.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The worker's number; 0 for the setup and the checks.
    pub fn worker(&self) -> i64 {
        self.actor.as_worker().map_or(0, i64::from)
    }

    /// A number that no other action of the run has, the same however the run is interleaved.
    pub fn unique(&self) -> i64 {
        1 + self.worker() * 1_000_000 + i64::from(self.wiring.sim.action())
    }

    /// What the worker's own clock says, in microseconds.
    pub fn clock_us(&self) -> i64 {
        // Everybody's steps move it.
        self.wiring.sim.touch(Footprint::Unknown);
        i64::try_from(self.wiring.sim.now().0).expect("a run is shorter than 292,000 years")
    }

    /// One number of the range, drawn; its smallest is the calm one.
    pub fn draw(&self, site: &'static str, range: RangeInclusive<i64>) -> i64 {
        let (low, high) = range.into_inner();
        let arity = u32::try_from(high - low + 1).expect("a range of at least 1 and at most 2^32-1 numbers");
        low + i64::from(self.wiring.sim.choose(Lane::Work, site, arity))
    }

    /// Sends a statement and waits for its answer.
    ///
    /// # Errors
    /// See [`Session::execute`].
    pub fn sql(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        params: impl Into<Vec<Value>>,
    ) -> impl Future<Output = Result<Rc<Reply>, SqlError>> {
        self.session.execute(sql.into(), params.into())
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// See [`Session::execute`].
    pub async fn begin(&mut self) -> Result<(), SqlError> {
        self.sql("BEGIN", []).await.map(drop)
    }

    /// Begins a transaction that reads and then writes: see [`Dialect::begin_to_write`].
    ///
    /// # Errors
    /// See [`Session::execute`].
    pub async fn begin_to_write(&mut self) -> Result<(), SqlError> {
        self.sql(self.dialect.begin_to_write(), []).await.map(drop)
    }

    /// Commits.
    ///
    /// # Errors
    /// See [`Session::execute`]; with effect `Unknown` it may have been committed all the same.
    pub async fn commit(&mut self) -> Result<(), SqlError> {
        self.sql("COMMIT", []).await.map(drop)
    }

    /// Leaves no transaction open.
    ///
    /// # Errors
    /// See [`Session::reset`].
    pub async fn rollback(&mut self) -> Result<(), SqlError> {
        self.session.reset().await
    }

    /// Waits in simulated time.
    pub async fn pause(&self, duration: SimDuration) {
        // When it ends hangs on what the time is now, which everybody's steps move. Then it touches nothing.
        self.wiring.sim.touch(Footprint::Unknown);
        self.wiring.sim.intend(Footprint::Nothing);
        self.wiring.sim.sleep(duration).await;
    }

    /// Tries to be connected, patiently: a database that is down comes back.
    ///
    /// # Errors
    /// It did not come back within some seconds of simulated time.
    pub async fn connect(&mut self) -> Result<(), SqlError> {
        const ATTEMPTS_MAX: u32 = 20;
        let mut attempt = 0;
        loop {
            match self.session.connect().await {
                Ok(_) => return Ok(()),
                Err(error) if attempt == ATTEMPTS_MAX => return Err(error),
                Err(_) => self.pause(SimDuration::millis(1 << attempt.min(9))).await,
            }
            attempt += 1;
        }
    }

    /// Writes down something that the workload's model must remember.
    pub fn note(&self, label: &'static str, values: impl Into<Vec<Value>>) {
        let note = Note { label: label.into(), values: values.into() };
        self.wiring.recorder.record(self.actor, Observation::Note(note));
    }

    /// Notes how a statement of uncertain fate ended: `done`, `refused` (it certainly changed nothing), or
    /// nothing at all, when nobody can know.
    pub fn note_fate<T>(
        &self,
        result: &Result<T, SqlError>,
        done: &'static str,
        refused: &'static str,
        values: impl Into<Vec<Value>>,
    ) {
        match result {
            Ok(_) => self.note(done, values),
            Err(error) if error.effect == Effect::None => self.note(refused, values),
            Err(_) => (),
        }
    }

    /// The first value of every note with this label, so far, as far as it is a whole number.
    pub fn noted(&self, label: &str) -> Vec<i64> {
        // Notes are everybody's.
        self.wiring.sim.touch(Footprint::Unknown);
        self.wiring.recorder.read(|history| {
            let first = |note: &Note| note.values.first().and_then(Value::as_int);
            history.notes(label).filter_map(|(_, note)| first(note)).collect()
        })
    }

    /// Says that an invariant must hold; where it does not, what was expected, what was found, and whom it
    /// concerns go into the history.
    pub fn expect(
        &self,
        invariant: &'static str,
        holds: bool,
        expected: impl Display,
        actual: impl Display,
        keys: impl IntoIterator<Item = String>,
    ) {
        if holds {
            return;
        }
        let violation = Violation {
            invariant: invariant.into(),
            expected: expected.to_string(),
            actual: actual.to_string(),
            keys: keys.into_iter().collect(),
        };
        self.wiring.recorder.record(self.actor, Observation::Violation(Box::new(violation)));
    }

    pub(crate) fn record(&self, what: Observation) {
        self.wiring.recorder.record(self.actor, what);
    }

    pub(crate) fn wiring(&self) -> &Wiring {
        &self.wiring
    }
}
