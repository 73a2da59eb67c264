//! A replay as one JSON document. docs/replays.md describes it; names are added and never change.

use crate::plan::Plan;
use crate::replay::Replay;
use drawloom_model::{Event, Executed, FaultEvent, Finding, Observation, Phase, SqlError, Value as SqlValue};
use drawloom_sim::{Actor, Place, Tape};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Everything that the replay holds.
pub fn json(replay: &Replay) -> Value {
    let findings: Vec<Value> = replay.findings.iter().map(finding).collect();
    let history: Vec<Value> = replay.history.events.iter().map(event).collect();
    json!({
        "drawloom": replay.header.drawloom,
        "engine": replay.header.fingerprint,
        "seed": replay.header.name.seed,
        "mutant": replay.header.name.mutant,
        "plan": plan(&replay.plan),
        "tape": tape(&replay.tape),
        "history": history,
        "findings": findings,
        "decisions_digest": format!("{:016x}", replay.decisions_digest),
    })
}

/// A finding with all that a program needs to file it.
pub fn finding(finding: &Finding) -> Value {
    json!({
        "kind": finding.signature.kind.name(),
        "name": finding.signature.name,
        "signature": finding.signature.to_string(),
        "statements": finding.signature.statements,
        "expected": finding.expected,
        "actual": finding.actual,
        "keys": finding.keys,
        "actor": finding.actor.to_string(),
        "step": finding.step.0,
        "at_us": finding.at.0,
    })
}

fn plan(plan: &Plan) -> Value {
    let faults: Vec<&str> = plan.faults.kinds.iter().map(|kind| kind.name()).collect();
    let engine = plan.engine.name();
    json!({
        "workload": plan.workload.name(),
        "variant": plan.variant.name,
        "workers": plan.workers,
        "left_out": plan.left_out,
        "actions": plan.actions,
        "network": plan.network.name(),
        "faults": faults,
        "swarm": plan.faults.swarm,
        "backend": engine,
        engine: plan.engine.options(),
    })
}

fn tape(tape: &Tape) -> Value {
    let at = |lane: &str, actor: &Actor, place: &Place| {
        json!({
            "lane": lane,
            "actor": actor.to_string(),
            "action": place.action,
            "ordinal": place.ordinal,
        })
    };
    let mut entries = Vec::new();
    for (actor, track) in &tape.overrides {
        for (place, next) in track.entries() {
            let mut entry = at("schedule", actor, place);
            entry["next"] = next.to_string().into();
            entries.push(entry);
        }
    }
    for ((lane, actor), track) in &tape.decisions {
        for (place, decision) in track.entries() {
            let mut entry = at(lane.name(), actor, place);
            entry["site"] = (&*decision.site).into();
            entry["arity"] = decision.arity.into();
            entry["index"] = decision.index.into();
            entries.push(entry);
        }
    }
    entries.into()
}

fn event(event: &Event) -> Value {
    let (name, mut document) = observation(&event.what);
    document["event"] = name.into();
    document["step"] = event.step.0.into();
    document["at_us"] = event.at.0.into();
    document["actor"] = event.actor.to_string().into();
    document
}

/// The event's name, and its own fields.
fn observation(what: &Observation) -> (&'static str, Value) {
    match what {
        Observation::Phase(phase) => {
            let name = match phase {
                Phase::Setup => "setup",
                Phase::Work => "work",
                Phase::Probe => "probe",
            };
            ("phase", json!({ "phase": name }))
        }
        Observation::Action { name } => ("action", json!({ "name": name })),
        Observation::ActionFailed { error } => ("action failed", json!({ "error": self::error(error) })),
        Observation::Connected { session } => ("connected", json!({ "session": session.0 })),
        Observation::ConnectFailed { error } => ("connect failed", json!({ "error": self::error(error) })),
        Observation::Call { session, statement } => {
            let params = values(&statement.params);
            ("call", json!({ "session": session.0, "sql": statement.sql, "params": params }))
        }
        Observation::Blocked { session, on } => ("blocked", json!({ "session": session.0, "on": on })),
        Observation::Answer { session, executed } => {
            ("answer", json!({ "session": session.0, "executed": self::executed(executed) }))
        }
        Observation::Lost { session, executed } => {
            let executed = executed.as_ref().map(self::executed);
            ("lost", json!({ "session": session.0, "executed": executed }))
        }
        Observation::Fault(fault) => ("fault", self::fault(fault)),
        Observation::Note(note) => ("note", json!({ "label": note.label, "values": values(&note.values) })),
        Observation::Violation(violation) => (
            "violation",
            json!({
                "invariant": violation.invariant,
                "expected": violation.expected,
                "actual": violation.actual,
                "keys": violation.keys,
            }),
        ),
        Observation::Panic { message } => ("panic", json!({ "message": message })),
        Observation::Deadlock { waiting } => ("deadlock", json!({ "slots": slots(waiting) })),
        Observation::Livelock { running } => ("livelock", json!({ "slots": slots(running) })),
        Observation::Unrecovered { error } => ("unrecovered", json!({ "error": self::error(error) })),
    }
}

fn executed(executed: &Executed) -> Value {
    let mut document = json!({
        "step": executed.step.0,
        "at_us": executed.at.0,
        "in_transaction": executed.in_transaction,
    });
    match &executed.result {
        Ok(reply) => {
            document["columns"] = json!(&reply.columns[..]);
            document["rows"] = reply.rows.iter().map(|row| values(row)).collect();
            document["affected"] = reply.affected.into();
        }
        Err(error) => document["error"] = self::error(error),
    }
    document
}

fn error(error: &SqlError) -> Value {
    json!({
        "sqlstate": error.sqlstate.as_str(),
        "class": format!("{:?}", error.class),
        "effect": format!("{:?}", error.effect),
        "message": error.message,
        "position": error.position,
    })
}

fn fault(fault: &FaultEvent) -> Value {
    let of = |worker: &Actor| worker.to_string();
    match fault {
        FaultEvent::DatabaseCrashed => json!({ "fault": "database crashed" }),
        FaultEvent::DatabaseStopped => json!({ "fault": "database stopped" }),
        FaultEvent::FailedOver => json!({ "fault": "failed over" }),
        FaultEvent::OldPrimaryStopped => json!({ "fault": "old primary stopped" }),
        FaultEvent::DatabaseStarted => json!({ "fault": "database started" }),
        FaultEvent::WorkerCrashed(worker) => json!({ "fault": "worker crashed", "worker": of(worker) }),
        FaultEvent::Paused { worker, until } => {
            json!({ "fault": "paused", "worker": of(worker), "until_us": until.0 })
        }
        FaultEvent::Partitioned { worker, until } => {
            json!({ "fault": "partitioned", "worker": of(worker), "until_us": until.0 })
        }
        FaultEvent::Cancelled(worker) => json!({ "fault": "cancelled", "worker": of(worker) }),
    }
}

fn slots(slots: &[(Actor, Cow<'static, str>)]) -> Value {
    slots.iter().map(|(actor, slot)| json!({ "actor": actor.to_string(), "slot": slot })).collect()
}

fn values(values: &[SqlValue]) -> Value {
    values.iter().map(value).collect()
}

/// JSON has neither bytes nor infinities.
fn value(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Bool(truth) => (*truth).into(),
        SqlValue::Int(n) => (*n).into(),
        SqlValue::Real(x) if x.is_finite() => (*x).into(),
        SqlValue::Real(x) => json!({ "real": x.to_string() }),
        SqlValue::Text(text) => text.as_str().into(),
        SqlValue::Blob(bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "blob": hex })
        }
    }
}
