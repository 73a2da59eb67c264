//! What workers do. A workload is one file and one line in [`ALL`]; an action is a struct with a name and
//! a `run`.
//!
//! ```text
//! setup (actor `setup`)  ->  every worker: actions in a row, drawn by weight  ->  check (actor `checks`)
//! ```
//!
//! A workload sees SQL sessions and nothing else of the database. What its model of the database must
//! remember it writes into the history as notes, so that the history alone tells what went wrong.

mod bank;
mod checkout;
mod client;
mod counter;
mod ids;
mod migration;
mod oncall;
mod queue;
mod report;
mod signup;
mod sync;
mod worker;

pub use client::Client;
pub use worker::{WorkerPlan, work};

use async_trait::async_trait;
use drawloom_model::{Dialect, SqlError};
use std::fmt;

/// Every workload.
pub const ALL: &[&dyn Workload] = &[
    &bank::Bank,
    &checkout::Checkout,
    &counter::Counter,
    &ids::Ids,
    &migration::Migration,
    &oncall::OnCall,
    &queue::Queue,
    &report::Report,
    &signup::Signup,
    &sync::Sync,
];

/// A named set of actions with what comes before and after them.
#[async_trait(?Send)]
pub trait Workload: std::marker::Sync {
    /// The workload's name on the command line.
    fn name(&self) -> &'static str;

    /// What it does and what must hold, in a sentence.
    fn about(&self) -> &'static str;

    /// The ways to write it: the first is the correct one.
    fn variants(&self) -> &'static [Variant];

    /// The dialects that it is written in: it runs on the engines that speak one of them.
    fn dialects(&self) -> &'static [Dialect] {
        Dialect::ALL
    }

    /// What a worker may do in this variant, each with its weight.
    fn actions(&self, variant: &'static str) -> Vec<(u32, Box<dyn Action>)>;

    /// Prepares the database. Nothing breaks meanwhile.
    ///
    /// # Errors
    /// What the database says; the run cannot begin.
    async fn setup(&self, client: &mut Client) -> Result<(), SqlError>;

    /// Looks at the final state, and says what does not hold ([`Client::expect`]). Nothing breaks meanwhile,
    /// and no worker works any more.
    ///
    /// # Errors
    /// What the database says; that it cannot be read is a finding too.
    async fn check(&self, client: &mut Client) -> Result<(), SqlError>;
}

/// One thing that a worker does, over its own session.
#[async_trait(?Send)]
pub trait Action {
    /// The action's name.
    fn name(&self) -> &'static str;

    /// Does it.
    ///
    /// # Errors
    /// What the database says, where the action does not know better than to give up. A transaction that
    /// is left open is rolled back.
    async fn run(&self, client: &mut Client) -> Result<(), SqlError>;
}

/// One way to write a workload.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// The variant's name on the command line.
    pub name: &'static str,
    /// What it does differently, in a sentence.
    pub about: &'static str,
    /// Where it is wrong: nowhere, for the correct variant.
    pub wrong_on: &'static [WrongOn],
}

/// An engine and the isolation levels at which a variant is wrong there.
#[derive(Clone, Copy, Debug)]
pub struct WrongOn {
    /// The engine's name.
    pub backend: &'static str,
    /// Its isolation levels, weakest first.
    pub levels: &'static [&'static str],
}

/// The engine, and its levels in parentheses.
impl fmt::Display for WrongOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.backend, self.levels.join(", "))
    }
}

impl Variant {
    /// Whether it is right everywhere.
    pub fn is_correct(&self) -> bool {
        self.wrong_on.is_empty()
    }

    /// Whether it says that it is wrong on this engine at this level.
    pub fn is_wrong_on(&self, backend: &str, level: &str) -> bool {
        self.wrong_on.iter().any(|wrong| wrong.backend == backend && wrong.levels.contains(&level))
    }
}

/// Wrong wherever two statements are two transactions: at every level of every engine.
const WRONG_EVERYWHERE: &[WrongOn] = &[SQLITE, POSTGRES, MOCK];

/// Wrong on SQLite.
const SQLITE: WrongOn = WrongOn { backend: "sqlite", levels: &["serializable"] };

/// Wrong at every level of PostgreSQL.
const POSTGRES: WrongOn =
    WrongOn { backend: "postgres", levels: &["read-committed", "repeatable-read", "serializable"] };

/// Wrong at every level of the mock.
const MOCK: WrongOn = WrongOn {
    backend: "mock",
    levels: &["read-uncommitted", "read-committed", "repeatable-read", "serializable", "strict"],
};

/// Wrong only where a transaction's statements each see a state of their own.
const WRONG_AT_READ_COMMITTED: &[WrongOn] = &[
    WrongOn { backend: "postgres", levels: &["read-committed"] },
    WrongOn { backend: "mock", levels: &["read-uncommitted", "read-committed"] },
];

/// Wrong wherever two transactions may each miss what the other one writes.
const WRONG_BELOW_SERIALIZABLE: &[WrongOn] = &[
    WrongOn { backend: "postgres", levels: &["read-committed", "repeatable-read"] },
    WrongOn { backend: "mock", levels: &["read-uncommitted", "read-committed", "repeatable-read"] },
];

const fn correct(about: &'static str) -> Variant {
    Variant { name: "correct", about, wrong_on: &[] }
}

const fn wrong(name: &'static str, about: &'static str) -> Variant {
    Variant { name, about, wrong_on: WRONG_EVERYWHERE }
}
