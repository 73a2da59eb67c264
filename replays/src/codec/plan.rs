//! A plan in a replay: names rather than numbers, so that an order may change.

use super::ReadError;
use super::wire::{Reader, Writer, malformed, place_of};
use crate::engine::{self, Engine};
use crate::plan::{self, Plan};
use drawloom_mock::Isolation;
use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Profile, SimDuration};
use drawloom_sqlite::{Busy, JournalMode, Synchronous};
use drawloom_workloads::{Variant, Workload};

pub(super) fn write<'a>(out: &mut Writer<'a>, plan: &'a Plan) {
    out.text(plan.workload.name());
    out.text(plan.variant.name);
    out.put(plan.workers);
    out.put(plan.actions);
    out.count(plan.left_out.len());
    plan.left_out.iter().for_each(|name| out.text(name));
    out.put(place_of(&plan.network, &Profile::ALL));
    out.put(plan.faults.swarm);
    out.count(plan.faults.kinds.len());
    plan.faults.kinds.iter().for_each(|kind| out.put(place_of(kind, &Fault::ALL)));
    write_engine(out, &plan.engine);
}

fn write_engine(out: &mut Writer<'_>, engine: &Engine) {
    out.text(engine.name());
    match engine {
        Engine::Sqlite(options) => {
            out.put(place_of(&options.journal_mode, &JournalMode::ALL));
            out.put(place_of(&options.synchronous, &Synchronous::ALL));
            match options.busy {
                Busy::Error => out.put(None::<u64>),
                Busy::Wait { timeout } => out.put(Some(timeout.0)),
            }
        }
        Engine::Mock(options) => {
            out.put(place_of(&options.isolation, &Isolation::ALL));
            out.put(options.yields);
            out.count(options.bugs.len());
            options.bugs.iter().for_each(|bug| out.text(bug.name()));
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, workloads: &[&'static dyn Workload]) -> Result<Plan, ReadError> {
    let workload = plan::workload_among(workloads, reader.text_ref()?).map_err(ReadError::Foreign)?;
    let variant = plan::variant(workload, reader.text_ref()?).map_err(ReadError::Foreign)?;
    let workers: u16 = reader.get()?;
    if !(1..=drawloom_sim::Actor::WORKERS_MAX).contains(&workers) {
        return Err(malformed());
    }
    let actions = reader.get()?;
    let left_out = left_out(reader, workload, variant)?;
    let network = reader.one_of(&Profile::ALL)?;
    let swarm = reader.get()?;
    let kinds = (0..reader.count()?).map(|_| reader.one_of(&Fault::ALL)).collect::<Result<_, _>>()?;
    let faults = FaultPlan { kinds, swarm };
    let engine = engine(reader)?;
    Ok(Plan { workload, variant, workers, actions, left_out, network, faults, engine })
}

fn engine(reader: &mut Reader<'_>) -> Result<Engine, ReadError> {
    let mut engine = Engine::usual(reader.text_ref()?).map_err(ReadError::Foreign)?;
    match &mut engine {
        Engine::Sqlite(options) => {
            options.journal_mode = reader.one_of(&JournalMode::ALL)?;
            options.synchronous = reader.one_of(&Synchronous::ALL)?;
            options.busy = match reader.get::<Option<u64>>()? {
                None => Busy::Error,
                Some(micros) => Busy::Wait { timeout: SimDuration::micros(micros) },
            };
        }
        Engine::Mock(options) => {
            options.isolation = reader.one_of(&Isolation::ALL)?;
            options.yields = reader.get()?;
            for _ in 0..reader.count()? {
                let bug = engine::bug(reader.text_ref()?).map_err(ReadError::Foreign)?;
                if !options.bugs.insert(bug) {
                    return Err(malformed());
                }
            }
        }
    }
    Ok(engine)
}

/// Kinds of action, not all there are.
fn left_out(
    reader: &mut Reader<'_>,
    workload: &dyn Workload,
    variant: &Variant,
) -> Result<Vec<&'static str>, ReadError> {
    let names: Vec<&'static str> =
        workload.actions(variant.name).iter().map(|(_, action)| action.name()).collect();
    let mut left_out = Vec::new();
    for _ in 0..reader.count()? {
        let text = reader.text_ref()?;
        let named = names.iter().find(|name| **name == text);
        let unknown = || plan::unknown("action", text, names.iter().copied());
        left_out.push(*named.ok_or_else(|| ReadError::Foreign(unknown()))?);
    }
    if names.iter().all(|name| left_out.contains(name)) {
        return Err(malformed());
    }
    Ok(left_out)
}
