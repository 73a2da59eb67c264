//! Statements, answers and faults in words.

use super::text::{Paint, Span};
use drawloom_model::{FaultEvent, Reply, SqlError, Statement, Value};
use drawloom_sim::Actor;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Longer texts are cut: no statement of interest is longer.
pub const TEXT_MAX: usize = 1_000;

pub fn asked(statement: &Statement) -> Span {
    Span::new(Paint::Plain, sql(statement))
}

pub fn wrong(text: impl AsRef<str>) -> Span {
    Span::new(Paint::Error, format!("✗ {}", text.as_ref()))
}

pub fn failed(error: &SqlError, number: &str) -> Span {
    Span::new(Paint::Error, format!("!!{number} {error}"))
}

/// What the server did without its client hearing of it: `executed (→ 1 row changed)`.
pub fn unseen(statement: Option<&Statement>, result: Result<&Reply, &SqlError>) -> String {
    match result.map(|reply| answer(statement, reply)) {
        Ok(Some(answer)) => format!("executed ({answer})"),
        Ok(None) => "executed".to_owned(),
        Err(error) => format!("failed: {error}"),
    }
}

/// What an answer says beyond that all went well: `→ 1 row changed`.
pub fn answer(statement: Option<&Statement>, reply: &Reply) -> Option<String> {
    const ANSWER_MAX: usize = 200;
    let text = match (&reply.rows[..], reply.affected) {
        ([], _) if !reply.columns.is_empty() => "no rows".to_owned(),
        ([], _) if !statement.is_some_and(changes_rows) => return None,
        ([], 1) => "1 row changed".to_owned(),
        ([], n) => format!("{n} rows changed"),
        ([row], _) => values(row),
        (rows, _) => {
            let rows_shown = rows.iter().take(ANSWER_MAX);
            let shown = rows_shown.map(|row| if row.len() == 1 { values(row) } else { tuple(row) });
            format!("{} rows: {}", rows.len(), shown.collect::<Vec<_>>().join(", "))
        }
    };
    Some(format!("→ {}", shorten(&text, ANSWER_MAX)))
}

/// Whether it is worth saying how many rows it changed.
fn changes_rows(statement: &Statement) -> bool {
    let word = statement.sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    matches!(&*word, "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE" | "WITH")
}

/// A fault, where it strikes.
pub fn fault(fault: &FaultEvent) -> String {
    match fault {
        FaultEvent::DatabaseCrashed => "the database loses power".into(),
        FaultEvent::DatabaseStopped => "the database shuts down".into(),
        FaultEvent::FailedOver => "the standby takes over".into(),
        FaultEvent::OldPrimaryStopped => "the old primary is stopped".into(),
        FaultEvent::DatabaseStarted => "the database is back".into(),
        FaultEvent::WorkerCrashed(_) => "✗ its process dies and is started again".into(),
        FaultEvent::Paused { until, .. } => format!("✗ stands still until {until}"),
        FaultEvent::Partitioned { until, .. } => format!("✗ its link is cut until {until}"),
        FaultEvent::Cancelled(_) => "✗ a cancel request arrives".into(),
    }
}

pub fn values(row: &[Value]) -> String {
    row.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
}

pub fn tuple(row: &[Value]) -> String {
    format!("({})", values(row))
}

/// The actors of these slots, each once: `worker 0 and worker 1`.
pub fn names(slots: &[(Actor, Cow<'static, str>)]) -> String {
    let actors: BTreeSet<Actor> = slots.iter().map(|(actor, _)| *actor).collect();
    let names: Vec<String> = actors.into_iter().map(|actor| actor.to_string()).collect();
    match &names[..] {
        [] => "somebody".to_owned(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

pub fn sql(statement: &Statement) -> String {
    shorten(&one_line(&statement.to_string()), TEXT_MAX)
}

pub fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

/// Line breaks and indents become blanks, except within quotes.
pub fn one_line(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quoted = false;
    for c in sql.trim().chars() {
        quoted ^= c == '\'';
        match c {
            c if quoted || !c.is_whitespace() => out.push(c),
            _ if out.ends_with(' ') => (),
            _ => out.push(' '),
        }
    }
    out
}
