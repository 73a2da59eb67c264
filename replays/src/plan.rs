//! What a run is, before chance has its say: everything but the seed.

use crate::engine::Engine;
use crate::report::printable;
use drawloom_sim::Profile;
use drawloom_sim::faults::FaultPlan;
use drawloom_workloads::{Variant, Workload};

/// The parameters of a run. With a source of decisions they determine it completely.
#[derive(Clone)]
pub struct Plan {
    /// What the workers do.
    pub workload: &'static dyn Workload,
    /// The way they do it.
    pub variant: &'static Variant,
    /// How many workers there are.
    pub workers: u16,
    /// How many actions each of them has.
    pub actions: u32,
    /// The kinds of action that they do without, not all there are.
    pub left_out: Vec<&'static str>,
    /// How the network behaves.
    pub network: Profile,
    /// What may break.
    pub faults: FaultPlan,
    /// What answers, and how it is set up.
    pub engine: Engine,
}

impl Plan {
    /// Four workers with 25 actions each, on a small network where nothing breaks, and SQLite as most
    /// applications set it up; where the workload is not for SQLite, the first engine that speaks its SQL.
    ///
    /// # Errors
    /// There is no such workload, or it has no such variant.
    pub fn usual(workload: &str, variant: &str) -> Result<Plan, PlanError> {
        let workload = self::workload(workload)?;
        Ok(Plan {
            workload,
            variant: self::variant(workload, variant)?,
            workers: 4,
            actions: 25,
            left_out: Vec::new(),
            network: Profile::Lan,
            faults: FaultPlan::default(),
            engine: Engine::speaking(workload).next().expect("a workload is for some engine"),
        })
    }

    /// What the names of its replays begin with: two engines have two.
    pub fn stem(&self) -> String {
        let stem = format!("{}-{}", self.workload.name(), self.variant.name);
        match self.engine {
            Engine::Sqlite(_) => stem,
            Engine::Mock(_) => format!("{stem}-{}", self.engine.name()),
        }
    }
}

/// A name that stands for nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} \"{}\"; {}", printable(.name), suggestion(.nearest))]
pub struct PlanError {
    /// What was to be named.
    pub what: &'static str,
    /// The name.
    pub name: String,
    /// The nearest valid names, the nearest first; all of them, if they are few.
    pub nearest: Vec<&'static str>,
}

fn suggestion(nearest: &[&'static str]) -> String {
    format!("the nearest are {}", nearest.join(", "))
}

/// The workload with this name, of those that drawloom brings.
///
/// # Errors
/// There is none; the error names the nearest.
pub fn workload(name: &str) -> Result<&'static dyn Workload, PlanError> {
    workload_among(drawloom_workloads::ALL, name)
}

/// The workload with this name, of these.
///
/// # Errors
/// There is none; the error names the nearest.
pub fn workload_among(
    workloads: &[&'static dyn Workload],
    name: &str,
) -> Result<&'static dyn Workload, PlanError> {
    let named = workloads.iter().find(|workload| workload.name() == name);
    let names = workloads.iter().map(|workload| workload.name());
    named.copied().ok_or_else(|| unknown("workload", name, names))
}

/// The workload's variant with this name.
///
/// # Errors
/// There is none; the error names the nearest.
pub fn variant(workload: &dyn Workload, name: &str) -> Result<&'static Variant, PlanError> {
    let variants = workload.variants();
    let named = variants.iter().find(|variant| variant.name == name);
    named.ok_or_else(|| unknown("variant", name, variants.iter().map(|variant| variant.name)))
}

/// How many names a suggestion offers.
const SUGGESTIONS_MAX: usize = 3;

/// The error for a name that stands for nothing, with the nearest of the valid ones.
pub fn unknown(what: &'static str, name: &str, valid: impl Iterator<Item = &'static str>) -> PlanError {
    let mut nearest: Vec<&'static str> = valid.collect();
    nearest.sort_by_key(|candidate| strsim::damerau_levenshtein(name, candidate));
    nearest.truncate(SUGGESTIONS_MAX);
    PlanError { what, name: name.to_owned(), nearest }
}
