//! Judges of a history. One file an oracle; each names what it found and explains it.

mod database;
mod invariant;
mod panics;
mod progress;

use crate::history::{Event, History};
use drawloom_sim::{Actor, SimTime, Step};
use std::collections::BTreeSet;
use std::fmt;

/// Judges a whole history.
pub trait Oracle {
    /// The oracle's name.
    fn name(&self) -> &'static str;

    /// What is wrong with this history, in the order it went wrong.
    fn judge(&self, history: &History) -> Vec<Finding>;
}

/// The oracles that judge every run.
pub const ALL: &[&dyn Oracle] =
    &[&invariant::Invariants, &panics::Panics, &progress::Progress, &database::Database];

/// What any oracle finds, the earliest first; of those that fail alike, the earliest stands for all.
pub fn judge(history: &History) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ALL.iter().flat_map(|oracle| oracle.judge(history)).collect();
    findings.sort_by_key(|finding| finding.step);
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert(finding.signature.clone()));
    findings
}

/// What kind of wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// An invariant of the workload does not hold.
    Invariant,
    /// A worker's code panicked.
    Panic,
    /// Workers wait for ever.
    Deadlock,
    /// Workers never end.
    Livelock,
    /// The database damaged its data, or does not come back.
    Corruption,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [FindingKind; 5] = [
        FindingKind::Invariant,
        FindingKind::Panic,
        FindingKind::Deadlock,
        FindingKind::Livelock,
        FindingKind::Corruption,
    ];

    /// The kind in one word.
    pub fn name(self) -> &'static str {
        match self {
            FindingKind::Invariant => "invariant",
            FindingKind::Panic => "panic",
            FindingKind::Deadlock => "deadlock",
            FindingKind::Livelock => "livelock",
            FindingKind::Corruption => "corruption",
        }
    }
}

/// By what two runs fail alike: no ids, no values, no times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    /// What kind of wrong.
    pub kind: FindingKind,
    /// What the oracle calls it.
    pub name: String,
    /// The statements involved, without their values, each once, in order of text.
    pub statements: Vec<String>,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.name)?;
        self.statements.iter().try_for_each(|statement| write!(f, " | {statement}"))
    }
}

/// What an oracle found, with all that is needed to understand it without running anything again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By what two runs fail alike.
    pub signature: Signature,
    /// What should have been.
    pub expected: String,
    /// What was.
    pub actual: String,
    /// The ids or keys involved.
    pub keys: Vec<String>,
    /// Who noticed.
    pub actor: Actor,
    /// When: the turn.
    pub step: Step,
    /// When: the simulated time.
    pub at: SimTime,
}

impl Finding {
    /// A finding at this event, with the statement its actor had last sent.
    fn at(history: &History, index: usize, kind: FindingKind, name: impl Into<String>) -> Finding {
        let Event { step, at, actor, .. } = history.events[index];
        let last = history.last_statement(actor, index).map(|statement| statement.sql.to_string());
        Finding {
            signature: Signature { kind, name: name.into(), statements: last.into_iter().collect() },
            expected: String::new(),
            actual: String::new(),
            keys: Vec::new(),
            actor,
            step,
            at,
        }
    }
}
