//! A history in a replay: steps and times as differences, texts once.

use super::ReadError;
use super::tape::read_actor;
use super::wire::{Reader, Writer, malformed, place_of};
use drawloom_model::oracle::FindingKind;
use drawloom_model::{
    Class, Effect, Event, Executed, FaultEvent, Finding, History, Note, Observation, Phase, Reply, SessionId,
    Signature, SqlError, Sqlstate, Statement, Value, Violation,
};
use drawloom_sim::{Actor, SimTime, Step};
use std::borrow::Cow;
use std::rc::Rc;

const PHASES: [Phase; 3] = [Phase::Setup, Phase::Work, Phase::Probe];

pub(super) fn write<'a>(out: &mut Writer<'a>, history: &'a History) {
    out.count(history.events.len());
    let (mut step, mut at) = (Step(0), SimTime(0));
    for event in &history.events {
        out.number((event.step.0 - step.0).into());
        out.number(event.at.0 - at.0);
        out.number(event.actor.code().into());
        (step, at) = (event.step, event.at);
        write_observation(out, event);
    }
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<History, ReadError> {
    let (mut step, mut at) = (Step(0), SimTime(0));
    let mut events = Vec::new();
    for _ in 0..reader.count()? {
        step = Step(step.0.checked_add(reader.number32()?).ok_or_else(malformed)?);
        at = SimTime(at.0.checked_add(reader.get()?).ok_or_else(malformed)?);
        let actor = read_actor(reader)?;
        events.push(Event { step, at, actor, what: read_observation(reader, step, at)? });
    }
    Ok(History { events })
}

/// What was observed, each with the number that stands for it. Numbers are never used again for
/// something else.
fn write_observation<'a>(out: &mut Writer<'a>, event: &'a Event) {
    match &event.what {
        Observation::Phase(phase) => {
            out.byte(0);
            out.byte(place_of(phase, &PHASES));
        }
        Observation::Action { name } => {
            out.byte(1);
            out.text(name);
        }
        Observation::ActionFailed { error } => {
            out.byte(2);
            write_error(out, error);
        }
        Observation::Connected { session } => {
            out.byte(3);
            out.number(session.0.into());
        }
        Observation::ConnectFailed { error } => {
            out.byte(4);
            write_error(out, error);
        }
        Observation::Call { session, statement } => {
            out.byte(5);
            out.number(session.0.into());
            out.text(&statement.sql);
            write_values(out, &statement.params);
        }
        Observation::Blocked { session, on } => {
            out.byte(6);
            out.number(session.0.into());
            out.text(on);
        }
        Observation::Answer { session, executed } => {
            out.byte(7);
            out.number(session.0.into());
            write_executed(out, event, executed);
        }
        Observation::Lost { session, executed: Some(executed) } => {
            out.byte(8);
            out.number(session.0.into());
            write_executed(out, event, executed);
        }
        Observation::Lost { session, executed: None } => {
            out.byte(9);
            out.number(session.0.into());
        }
        Observation::Fault(fault) => {
            out.byte(10);
            write_fault(out, fault);
        }
        Observation::Note(note) => {
            out.byte(11);
            out.text(&note.label);
            write_values(out, &note.values);
        }
        Observation::Violation(violation) => {
            out.byte(12);
            out.text(&violation.invariant);
            out.text(&violation.expected);
            out.text(&violation.actual);
            write_texts(out, &violation.keys);
        }
        Observation::Panic { message } => {
            out.byte(13);
            out.text(message);
        }
        Observation::Deadlock { waiting } => {
            out.byte(14);
            write_slots(out, waiting);
        }
        Observation::Livelock { running } => {
            out.byte(15);
            write_slots(out, running);
        }
        Observation::Unrecovered { error } => {
            out.byte(16);
            write_error(out, error);
        }
    }
}

fn read_observation(reader: &mut Reader<'_>, step: Step, at: SimTime) -> Result<Observation, ReadError> {
    let tag: u8 = reader.get()?;
    Ok(match tag {
        0 => Observation::Phase(reader.one_of(&PHASES)?),
        1 => Observation::Action { name: Cow::Owned(reader.text()?) },
        2 => Observation::ActionFailed { error: read_error(reader)? },
        3 => Observation::Connected { session: SessionId(reader.number32()?) },
        4 => Observation::ConnectFailed { error: read_error(reader)? },
        5 => Observation::Call {
            session: SessionId(reader.number32()?),
            statement: Rc::new(Statement { sql: Cow::Owned(reader.text()?), params: read_values(reader)? }),
        },
        6 => Observation::Blocked { session: SessionId(reader.number32()?), on: Cow::Owned(reader.text()?) },
        7 => Observation::Answer {
            session: SessionId(reader.number32()?),
            executed: read_executed(reader, step, at)?,
        },
        8 => Observation::Lost {
            session: SessionId(reader.number32()?),
            executed: Some(read_executed(reader, step, at)?),
        },
        9 => Observation::Lost { session: SessionId(reader.number32()?), executed: None },
        10 => Observation::Fault(read_fault(reader)?),
        11 => Observation::Note(Note { label: Cow::Owned(reader.text()?), values: read_values(reader)? }),
        12 => Observation::Violation(Box::new(Violation {
            invariant: Cow::Owned(reader.text()?),
            expected: reader.text()?,
            actual: reader.text()?,
            keys: read_texts(reader)?,
        })),
        13 => Observation::Panic { message: reader.text()? },
        14 => Observation::Deadlock { waiting: read_slots(reader)? },
        15 => Observation::Livelock { running: read_slots(reader)? },
        16 => Observation::Unrecovered { error: read_error(reader)? },
        _ => return Err(malformed()),
    })
}

/// What the server did, with its step and time as differences to when the client heard of it.
fn write_executed<'a>(out: &mut Writer<'a>, event: &Event, executed: &'a Executed) {
    let outcome = u8::from(executed.result.is_ok()) | u8::from(executed.in_transaction) << 1;
    out.byte(outcome);
    out.number((event.step.0 - executed.step.0).into());
    out.number(event.at.0 - executed.at.0);
    match &executed.result {
        Ok(reply) => write_reply(out, reply),
        Err(error) => write_error(out, error),
    }
}

fn read_executed(reader: &mut Reader<'_>, step: Step, at: SimTime) -> Result<Executed, ReadError> {
    let (outcome, steps_ago, us_ago): (u8, u32, u64) = reader.get()?;
    if outcome > 3 {
        return Err(malformed());
    }
    Ok(Executed {
        step: step.0.checked_sub(steps_ago).map(Step).ok_or_else(malformed)?,
        at: at.0.checked_sub(us_ago).map(SimTime).ok_or_else(malformed)?,
        in_transaction: outcome & 2 != 0,
        result: match outcome & 1 {
            1 => Ok(Rc::new(read_reply(reader)?)),
            _ => Err(read_error(reader)?),
        },
    })
}

fn write_value<'a>(out: &mut Writer<'a>, value: &'a Value) {
    match value {
        Value::Null => out.byte(0),
        Value::Bool(truth) => out.put((1u8, *truth)),
        Value::Int(n) => {
            out.byte(2);
            // Zigzag, as bincode has it: small numbers of either sign are short.
            out.number(((n << 1) ^ (n >> 63)) as u64);
        }
        Value::Real(x) => out.put((3u8, x.to_bits())),
        Value::Text(text) => {
            out.byte(4);
            out.text(text);
        }
        Value::Blob(bytes) => {
            out.byte(5);
            out.bytes(bytes);
        }
    }
}

fn read_value(reader: &mut Reader<'_>) -> Result<Value, ReadError> {
    let tag: u8 = reader.get()?;
    Ok(match tag {
        0 => Value::Null,
        1 => Value::Bool(reader.get()?),
        2 => Value::Int(reader.get()?),
        3 => Value::Real(f64::from_bits(reader.get()?)),
        4 => Value::Text(reader.text()?),
        5 => Value::Blob(reader.bytes()?.to_owned()),
        _ => return Err(malformed()),
    })
}

fn write_values<'a>(out: &mut Writer<'a>, values: &'a [Value]) {
    out.count(values.len());
    values.iter().for_each(|value| write_value(out, value));
}

fn read_values(reader: &mut Reader<'_>) -> Result<Vec<Value>, ReadError> {
    (0..reader.count()?).map(|_| read_value(reader)).collect()
}

fn write_texts<'a>(out: &mut Writer<'a>, texts: &'a [String]) {
    out.count(texts.len());
    texts.iter().for_each(|text| out.text(text));
}

fn read_texts(reader: &mut Reader<'_>) -> Result<Vec<String>, ReadError> {
    (0..reader.count()?).map(|_| reader.text()).collect()
}

fn write_reply<'a>(out: &mut Writer<'a>, reply: &'a Reply) {
    write_texts(out, &reply.columns);
    out.number(reply.affected);
    out.count(reply.rows.len());
    reply.rows.iter().for_each(|row| write_values(out, row));
}

fn read_reply(reader: &mut Reader<'_>) -> Result<Reply, ReadError> {
    Ok(Reply {
        columns: read_texts(reader)?.into(),
        affected: reader.get()?,
        rows: (0..reader.count()?).map(|_| read_values(reader)).collect::<Result<_, _>>()?,
    })
}

fn write_error<'a>(out: &mut Writer<'a>, error: &'a SqlError) {
    out.text(error.sqlstate.as_str());
    out.byte(place_of(&error.class, &Class::ALL));
    out.put(error.effect == Effect::Unknown);
    out.text(&error.message);
    // Characters are counted from 1.
    out.number(error.position.unwrap_or(0).into());
}

fn read_error(reader: &mut Reader<'_>) -> Result<SqlError, ReadError> {
    Ok(SqlError {
        sqlstate: Sqlstate::new(reader.text_ref()?).ok_or_else(malformed)?,
        class: reader.one_of(&Class::ALL)?,
        effect: if reader.get()? { Effect::Unknown } else { Effect::None },
        message: reader.text()?.into(),
        position: Some(reader.number32()?).filter(|position| *position > 0),
    })
}

fn write_fault<'a>(out: &mut Writer<'a>, fault: &'a FaultEvent) {
    match fault {
        FaultEvent::DatabaseCrashed => out.byte(0),
        FaultEvent::DatabaseStopped => out.byte(1),
        FaultEvent::DatabaseStarted => out.byte(2),
        FaultEvent::WorkerCrashed(worker) => out.put((3u8, worker.code())),
        FaultEvent::Paused { worker, until } => out.put((4u8, worker.code(), until.0)),
        FaultEvent::Partitioned { worker, until } => out.put((5u8, worker.code(), until.0)),
        FaultEvent::Cancelled(worker) => out.put((6u8, worker.code())),
        FaultEvent::FailedOver => out.byte(7),
        FaultEvent::OldPrimaryStopped => out.byte(8),
    }
}

fn read_fault(reader: &mut Reader<'_>) -> Result<FaultEvent, ReadError> {
    let tag: u8 = reader.get()?;
    Ok(match tag {
        0 => FaultEvent::DatabaseCrashed,
        1 => FaultEvent::DatabaseStopped,
        2 => FaultEvent::DatabaseStarted,
        3 => FaultEvent::WorkerCrashed(read_actor(reader)?),
        4 => FaultEvent::Paused { worker: read_actor(reader)?, until: SimTime(reader.get()?) },
        5 => FaultEvent::Partitioned { worker: read_actor(reader)?, until: SimTime(reader.get()?) },
        6 => FaultEvent::Cancelled(read_actor(reader)?),
        7 => FaultEvent::FailedOver,
        8 => FaultEvent::OldPrimaryStopped,
        _ => return Err(malformed()),
    })
}

type NamedSlot = (Actor, Cow<'static, str>);

fn write_slots<'a>(out: &mut Writer<'a>, slots: &'a [NamedSlot]) {
    out.count(slots.len());
    for (actor, name) in slots {
        out.number(actor.code().into());
        out.text(name);
    }
}

fn read_slots(reader: &mut Reader<'_>) -> Result<Vec<NamedSlot>, ReadError> {
    (0..reader.count()?).map(|_| Ok((read_actor(reader)?, Cow::Owned(reader.text()?)))).collect()
}

pub(super) fn write_findings<'a>(out: &mut Writer<'a>, findings: &'a [Finding]) {
    out.count(findings.len());
    for finding in findings {
        out.byte(place_of(&finding.signature.kind, &FindingKind::ALL));
        out.text(&finding.signature.name);
        write_texts(out, &finding.signature.statements);
        out.text(&finding.expected);
        out.text(&finding.actual);
        write_texts(out, &finding.keys);
        out.number(finding.actor.code().into());
        out.number(finding.step.0.into());
        out.number(finding.at.0);
    }
}

pub(super) fn read_findings(reader: &mut Reader<'_>) -> Result<Vec<Finding>, ReadError> {
    let mut findings = Vec::new();
    for _ in 0..reader.count()? {
        findings.push(Finding {
            signature: Signature {
                kind: reader.one_of(&FindingKind::ALL)?,
                name: reader.text()?,
                statements: read_texts(reader)?,
            },
            expected: reader.text()?,
            actual: reader.text()?,
            keys: read_texts(reader)?,
            actor: read_actor(reader)?,
            step: Step(reader.number32()?),
            at: SimTime(reader.get()?),
        });
    }
    Ok(findings)
}
