//! The SQL engine of a run, with its options: the one place that knows which engines there are. What differs
//! between them is asked here.
//!
//! ```text
//! name, options --> Engine --backend--> what answers in a run
//!                          --fingerprint--> whether a replay is for this drawloom
//! ```

use crate::plan::{PlanError, unknown};
use drawloom_mock::{Bug, Isolation, Mock};
use drawloom_model::{Backend, Class, Dialect};
use drawloom_sim::SimDuration;
use drawloom_sim::faults::Fault;
use drawloom_sqlite::{Busy, Sqlite};
use drawloom_workloads::Workload;
use serde_json::{Value, json};
use std::fmt;

/// How long a statement waits before PostgreSQL looks for a deadlock (its `deadlock_timeout`).
const DEADLOCK_TIMEOUT: SimDuration = SimDuration::secs(1);

/// An engine, and how it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Real SQLite on a simulated disk.
    Sqlite(drawloom_sqlite::Options),
    /// PostgreSQL's semantics in memory.
    Mock(drawloom_mock::Options),
}

/// SQLite, as most applications set it up.
impl Default for Engine {
    fn default() -> Engine {
        Engine::Sqlite(drawloom_sqlite::Options::USUAL)
    }
}

impl Engine {
    /// The names of all engines, the default one first.
    pub const NAMES: [&'static str; 2] = ["sqlite", "mock"];

    /// The engine with this name, with the options that it has when nobody says otherwise.
    ///
    /// # Errors
    /// There is none; the error names the nearest.
    pub fn usual(name: &str) -> Result<Engine, PlanError> {
        match name {
            "sqlite" => Ok(Engine::default()),
            "mock" => Ok(Engine::Mock(drawloom_mock::Options::default())),
            _ => Err(unknown("backend", name, Engine::NAMES.into_iter())),
        }
    }

    /// The engines that speak the workload's SQL, the usual one first.
    pub fn speaking(workload: &dyn Workload) -> impl Iterator<Item = Engine> {
        let all = Engine::NAMES.into_iter().map(|name| Engine::usual(name).expect("an engine has its name"));
        all.filter(move |engine| engine.speaks(workload))
    }

    /// Whether it speaks the workload's SQL.
    pub fn speaks(&self, workload: &dyn Workload) -> bool {
        workload.dialects().contains(&self.dialect())
    }

    /// The engine's name.
    pub fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite(_) => "sqlite",
            Engine::Mock(_) => "mock",
        }
    }

    /// The engine and its exact version here. A replay with another one is for another drawloom.
    pub fn fingerprint(&self) -> String {
        match self {
            Engine::Sqlite(_) => drawloom_sqlite::fingerprint(),
            Engine::Mock(_) => drawloom_mock::fingerprint(),
        }
    }

    /// The engine for one run, without a database yet. For SQLite it waits until no other simulation of this
    /// process is under way.
    pub fn backend(&self) -> Box<dyn Backend> {
        match self {
            Engine::Sqlite(options) => Box::new(Sqlite::new(*options)),
            Engine::Mock(options) => Box::new(Mock::new(options.clone())),
        }
    }

    /// The SQL that it speaks.
    pub fn dialect(&self) -> Dialect {
        match self {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Mock(_) => Dialect::Postgres,
        }
    }

    /// The isolation level of transactions that ask for none.
    pub fn level(&self) -> &'static str {
        match self {
            Engine::Sqlite(_) => Isolation::Serializable.name(),
            Engine::Mock(options) => options.isolation.name(),
        }
    }

    /// How long a statement waits until something happens by itself; `None`: for ever.
    pub fn patience(&self) -> Option<SimDuration> {
        match self {
            Engine::Sqlite(options) => match options.busy {
                Busy::Error => None,
                Busy::Wait { timeout } => Some(timeout),
            },
            Engine::Mock(_) => Some(DEADLOCK_TIMEOUT),
        }
    }

    /// What may break.
    pub fn faults(&self) -> &'static [Fault] {
        match self {
            Engine::Sqlite(_) => &Fault::WITHOUT_STANDBY,
            Engine::Mock(_) => &Fault::ALL,
        }
    }

    /// What a statement may fail with because of another worker's.
    pub fn conflicts(&self) -> &'static [Class] {
        match self {
            Engine::Sqlite(_) => &[Class::LockTimeout, Class::Serialization],
            Engine::Mock(options) if options.isolation < Isolation::RepeatableRead => &[Class::Deadlock],
            Engine::Mock(_) => &[Class::Deadlock, Class::Serialization],
        }
    }

    /// The engine by this name and with its settings, as far as they are not the usual ones: `sqlite (journal_mode
    /// delete)`. Of the mock the isolation level is always said: `mock (serializable, bug dirty-read)`.
    pub fn called(&self, name: &str) -> String {
        let settings = match self {
            Engine::Sqlite(options) => unusual(options),
            Engine::Mock(options) => {
                let yields = options.yields.then(|| "yields".to_owned());
                let bugs = options.bugs.iter().map(|bug| format!("bug {}", bug.name()));
                [options.isolation.name().to_owned()].into_iter().chain(yields).chain(bugs).collect()
            }
        };
        if settings.is_empty() { name.to_owned() } else { format!("{name} ({})", settings.join(", ")) }
    }

    /// Every option with its value, as JSON.
    pub fn options(&self) -> Value {
        match self {
            Engine::Sqlite(options) => json!({
                "journal_mode": options.journal_mode.name(),
                "synchronous": options.synchronous.name(),
                "busy": if self.patience().is_some() { "wait" } else { "error" },
                "busy_timeout_ms": self.patience().map(millis),
            }),
            Engine::Mock(options) => json!({
                "isolation": options.isolation.name(),
                "bugs": options.bugs.iter().map(|bug| bug.name()).collect::<Vec<_>>(),
                "yields": options.yields,
            }),
        }
    }

    /// SQL that sets up a connection to a real engine like one of this engine's.
    pub fn connection_sql(&self) -> String {
        match self {
            Engine::Sqlite(options) => format!(
                "PRAGMA journal_mode = {}; PRAGMA synchronous = {}; PRAGMA busy_timeout = {};",
                options.journal_mode.name(),
                options.synchronous.name(),
                self.patience().map_or(0, millis),
            ),
            Engine::Mock(options) => {
                let level = match options.isolation {
                    // PostgreSQL has nothing above.
                    Isolation::Strict => Isolation::Serializable,
                    level => level,
                };
                format!("SET default_transaction_isolation = '{}';", level.name().replace('-', " "))
            }
        }
    }
}

/// The mock's bug with this name.
///
/// # Errors
/// There is none; the error names the nearest.
pub fn bug(name: &str) -> Result<Bug, PlanError> {
    let named = Bug::ALL.iter().find(|bug| bug.name() == name);
    named.copied().ok_or_else(|| unknown("bug", name, Bug::ALL.iter().map(|bug| bug.name())))
}

/// [`Engine::called`] by its name.
impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.called(self.name()))
    }
}

/// What of SQLite's options is not as usual.
fn unusual(options: &drawloom_sqlite::Options) -> Vec<String> {
    let usual = drawloom_sqlite::Options::USUAL;
    let (journal_mode, synchronous) = (options.journal_mode, options.synchronous);
    let busy = match options.busy {
        Busy::Error => "busy error".to_owned(),
        Busy::Wait { timeout } => format!("busy wait {} ms", millis(timeout)),
    };
    let settings = [
        (journal_mode != usual.journal_mode, format!("journal_mode {}", journal_mode.name())),
        (synchronous != usual.synchronous, format!("synchronous {}", synchronous.name())),
        (options.busy != usual.busy, busy),
    ];
    settings.into_iter().filter_map(|(is_said, text)| is_said.then_some(text)).collect()
}

fn millis(duration: SimDuration) -> u64 {
    duration.0 / 1_000
}
