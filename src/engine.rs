//! The engine that the arguments name, with its options.

use crate::exit::Failure;
use clap::Args;
use clap::builder::PossibleValuesParser;
use drawloom_mock::{Bug, Isolation};
use drawloom_replays::engine::bug;
use drawloom_replays::{Engine, Plan};
use drawloom_sim::SimDuration;
use drawloom_sqlite::{Busy, JournalMode, Synchronous};
use drawloom_workloads::{Workload, WrongOn};
use std::collections::BTreeSet;

/// Which engine, and how it is set up.
#[derive(Debug, Args)]
pub struct EngineArgs {
    /// The engine (see `drawloom list backends`) [default: sqlite, if it speaks the workload's SQL; else the first
    /// that does]
    #[arg(long, value_name = "ENGINE", value_parser = names(Engine::NAMES))]
    pub backend: Option<String>,
    /// The mock's isolation level, of transactions that ask for none [default: read-committed]
    #[arg(long, value_name = "LEVEL", value_parser = names(Isolation::ALL.map(Isolation::name)))]
    pub isolation: Option<String>,
    /// A bug that the mock is to have (see `drawloom list bugs`); it may be said several times
    #[arg(long = "bug", value_name = "NAME")]
    pub bugs: Vec<String>,
    /// Let the mock's statements pause inside, so that others run between their parts
    #[arg(long)]
    pub yields: bool,
    /// SQLite's journal_mode [default: wal]
    #[arg(long, value_parser = names(JournalMode::ALL.map(JournalMode::name)))]
    pub sqlite_journal_mode: Option<String>,
    /// SQLite's synchronous [default: full]
    #[arg(long, value_parser = names(Synchronous::ALL.map(Synchronous::name)))]
    pub sqlite_synchronous: Option<String>,
    /// What a connection does that finds the database locked: wait in simulated time, or say so at once [default: wait]
    #[arg(long, value_parser = names(["wait", "error"]))]
    pub sqlite_busy: Option<String>,
    /// How long it waits, in milliseconds of simulated time [default: 5000]
    #[arg(long, value_name = "MS")]
    pub sqlite_busy_timeout_ms: Option<u32>,
}

/// A parser that lets these names through.
pub(crate) fn names<const N: usize>(names: [&'static str; N]) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

/// What has this name.
pub(crate) fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, wanted: &str) -> T {
    *all.iter()
        .find(|value| name(**value) == wanted)
        .expect("the argument parser lets only valid names through")
}

impl EngineArgs {
    /// The engine that the arguments describe; `usual`, where they name none.
    ///
    /// # Errors
    /// One that does not speak the workload's SQL, with those that do; a bug that there is not, with the nearest
    /// ones; an option that would have no effect.
    pub fn engine(&self, workload: &dyn Workload, usual: Engine) -> Result<Engine, Failure> {
        let mut engine = self.backend.as_deref().map_or(Ok(usual), Engine::usual)?;
        if !engine.speaks(workload) {
            return Err(foreign(workload, &engine));
        }
        match &mut engine {
            Engine::Sqlite(options) => self.set_sqlite(options)?,
            Engine::Mock(options) => self.set_mock(options)?,
        }
        Ok(engine)
    }

    fn set_sqlite(&self, options: &mut drawloom_sqlite::Options) -> Result<(), Failure> {
        refuse(
            "goes with --backend mock alone",
            [
                ("--isolation", self.isolation.is_some()),
                ("--bug", !self.bugs.is_empty()),
                ("--yields", self.yields),
            ],
        )?;
        if let Some(name) = &self.sqlite_journal_mode {
            options.journal_mode = named(&JournalMode::ALL, JournalMode::name, name);
        }
        if let Some(name) = &self.sqlite_synchronous {
            options.synchronous = named(&Synchronous::ALL, Synchronous::name, name);
        }
        if let Some(ms) = self.sqlite_busy_timeout_ms {
            options.busy = Busy::Wait { timeout: SimDuration::millis(u64::from(ms)) };
        }
        if self.sqlite_busy.as_deref() == Some("error") {
            refuse(
                "does not go with --sqlite-busy error, which does not wait",
                [("--sqlite-busy-timeout-ms", self.sqlite_busy_timeout_ms.is_some())],
            )?;
            options.busy = Busy::Error;
        }
        Ok(())
    }

    fn set_mock(&self, options: &mut drawloom_mock::Options) -> Result<(), Failure> {
        refuse(
            "goes with --backend sqlite alone",
            [
                ("--sqlite-journal-mode", self.sqlite_journal_mode.is_some()),
                ("--sqlite-synchronous", self.sqlite_synchronous.is_some()),
                ("--sqlite-busy", self.sqlite_busy.is_some()),
                ("--sqlite-busy-timeout-ms", self.sqlite_busy_timeout_ms.is_some()),
            ],
        )?;
        if let Some(name) = &self.isolation {
            options.isolation = named(&Isolation::ALL, Isolation::name, name);
        }
        options.bugs = self.bugs.iter().map(|name| bug(name)).collect::<Result<BTreeSet<Bug>, _>>()?;
        options.yields = self.yields;
        Ok(())
    }
}

/// The workload is for other engines than this one.
fn foreign(workload: &dyn Workload, engine: &Engine) -> Failure {
    let (workload_name, name) = (workload.name(), engine.name());
    let others: Vec<&str> = Engine::speaking(workload).map(|engine| engine.name()).collect();
    Failure::usage(format!(
        "{workload_name} is written in SQL that {name} does not speak, but {} does: drawloom run {workload_name} \
         --backend {}",
        others.join(" or "),
        others[0]
    ))
}

/// That a wrong variant is not wrong on the plan's engine, and on which it is. Nothing is said of an engine with a
/// bug, which can make any variant wrong.
pub(crate) fn hint(plan: &Plan) -> Option<String> {
    let (variant, name, level) = (&plan.variant, plan.engine.name(), plan.engine.level());
    let has_bugs = matches!(&plan.engine, Engine::Mock(options) if !options.bugs.is_empty());
    if variant.is_correct() || variant.is_wrong_on(name, level) || has_bugs {
        return None;
    }
    let known = variant.wrong_on.iter().filter(|wrong| Engine::NAMES.contains(&wrong.backend));
    let elsewhere = known.map(WrongOn::to_string).collect::<Vec<_>>().join(", ");
    let variant = variant.name;
    Some(format!(
        "{variant} is not wrong on {name} ({level}), but on {elsewhere}; see --backend and --isolation"
    ))
}

/// The first of these options that is given has no effect.
fn refuse<const N: usize>(why: &str, options: [(&str, bool); N]) -> Result<(), Failure> {
    let first = options.into_iter().find(|(_, is_given)| *is_given);
    first.map_or(Ok(()), |(option, _)| Err(Failure::usage(format!("{option} {why}"))))
}
