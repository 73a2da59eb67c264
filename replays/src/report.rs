//! Findings and observations in words.

use crate::engine::Engine;
use drawloom_model::{Executed, FaultEvent, Finding, Observation, Value};
use std::fmt::{Display, Write};

/// A finding as the terminal shows it: all that is needed to understand it without running anything again.
/// `name` is the run's, `engine` what it was found on, `replay` the path of the replay that was written.
pub fn finding(finding: &Finding, name: impl Display, engine: &Engine, replay: Option<&str>) -> String {
    let mut text = format!("found: {}\n", finding.signature.name);
    let mut line = |label: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {label:<9} {}", printable(value));
    };
    if !finding.expected.is_empty() || !finding.actual.is_empty() {
        line("expected", &finding.expected);
        line("actual", &finding.actual);
    }
    for (index, key) in finding.keys.iter().enumerate() {
        line(if index == 0 { "concerns" } else { "" }, key);
    }
    for (index, statement) in finding.signature.statements.iter().enumerate() {
        line(if index == 0 { "seen by" } else { "" }, statement);
    }
    let place = format!("{name}, step {}, at {}, {}", finding.step, finding.at, finding.actor);
    line("seed", &place);
    if *engine != Engine::default() {
        line("engine", &engine.to_string());
    }
    if let Some(replay) = replay {
        line("replay", replay);
    }
    text
}

/// What comes after the name of a workload and its variant: on what it is run, if that is not the usual engine.
pub fn on(engine: &Engine) -> String {
    if *engine == Engine::default() { String::new() } else { format!(", {engine}") }
}

/// An observation in one line.
pub fn observation(what: &Observation) -> String {
    let text = match what {
        Observation::Phase(phase) => format!("phase {phase:?}"),
        Observation::Action { name } => format!("begins \"{name}\""),
        Observation::ActionFailed { error } => format!("gives up: {error}"),
        Observation::Connected { session } => format!("is connected as session {}", session.0),
        Observation::ConnectFailed { error } => format!("cannot connect: {error}"),
        Observation::Call { session, statement } => format!("sends, in session {}: {statement}", session.0),
        Observation::Blocked { session, on } => format!("waits, in session {}, for {on}", session.0),
        Observation::Answer { session, executed } => {
            format!("is answered, in session {}, {}", session.0, self::executed(executed))
        }
        Observation::Lost { session, executed: None } => {
            format!("loses session {} before the server saw the statement", session.0)
        }
        Observation::Lost { session, executed: Some(executed) } => {
            format!("loses session {}, {}", session.0, self::executed(executed))
        }
        Observation::Fault(fault) => self::fault(fault),
        Observation::Note(note) => {
            let values: Vec<String> = note.values.iter().map(ToString::to_string).collect();
            format!("notes \"{}\" ({})", note.label, values.join(", "))
        }
        Observation::Violation(violation) => format!(
            "sees \"{}\" violated: expected {}, actual {}, concerns {}",
            violation.invariant,
            violation.expected,
            violation.actual,
            violation.keys.join(", ")
        ),
        Observation::Panic { message } => format!("panics: {message}"),
        Observation::Deadlock { waiting } => format!("deadlock of {} slots", waiting.len()),
        Observation::Livelock { running } => format!("livelock of {} slots", running.len()),
        Observation::Unrecovered { error } => format!("the database does not come back: {error}"),
    };
    printable(&text)
}

fn executed(executed: &Executed) -> String {
    let answer = match &executed.result {
        Ok(reply) => {
            let row = |row: &Vec<Value>| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let rows: Vec<String> = reply.rows.iter().map(row).collect();
            format!("{} changed, rows: [{}]", reply.affected, rows.join("; "))
        }
        Err(error) => error.to_string(),
    };
    let transaction = if executed.in_transaction { ", in a transaction" } else { "" };
    format!("executed at step {}, {}{transaction}: {answer}", executed.step, executed.at)
}

/// A fault in words.
pub fn fault(fault: &FaultEvent) -> String {
    match fault {
        FaultEvent::DatabaseCrashed => "the database loses power".to_owned(),
        FaultEvent::DatabaseStopped => "the database shuts down".to_owned(),
        FaultEvent::FailedOver => "the standby takes over".to_owned(),
        FaultEvent::OldPrimaryStopped => "the old primary is stopped".to_owned(),
        FaultEvent::DatabaseStarted => "the database is back".to_owned(),
        FaultEvent::WorkerCrashed(worker) => format!("{worker} dies and starts again"),
        FaultEvent::Paused { worker, until } => format!("{worker} stands still until {until}"),
        FaultEvent::Partitioned { worker, until } => format!("{worker}'s link is cut until {until}"),
        FaultEvent::Cancelled(worker) => format!("{worker}'s statement is cancelled, if it runs one"),
    }
}

/// How many there are of what: `1 worker`, `2 workers`.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The text without anything that a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}
