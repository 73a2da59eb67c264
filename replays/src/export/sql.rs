//! A replay as SQL: a script for each session, which a person can follow and paste, and which a program can
//! put in order by its numbers.

use super::literal::inline;
use super::script::{Done, Line, Script, Session, script};
use crate::lanes::statements::{Sent, Statements};
use crate::lanes::words;
use crate::replay::Replay;
use crate::report::printable;
use drawloom_model::{Dialect, SessionId};
use std::fmt::Write;

const HOW_TO: &str = "\
-- Give each session a connection of its own to one empty database, and start a statement [n] as soon as the one
-- that it comes after is done (if none is named: the one above). The numbers count what the server executed, in
-- the order in which it was done; what has [-] was not executed, or is to be done by hand.
";

/// What the server executed, as SQL. Everything else is a comment.
pub fn sql(replay: &Replay) -> String {
    let statements = Statements::of(&replay.history);
    let script = script(&replay.history, &statements);
    let engine = &replay.plan.engine;
    let dialect = engine.dialect();
    let mut text = format!("-- {}\n{HOW_TO}", super::title(replay));
    let _ = writeln!(text, "-- Every connection has: {}", engine.connection_sql());
    text += &faults(&script);
    for (id, session) in &script.sessions {
        let _ = write!(text, "\n-- == session {}: {}\n", id.0, session.actor);
        write_session(&mut text, dialect, *id, session);
    }
    text.push('\n');
    for finding in super::findings(&replay.findings) {
        let _ = writeln!(text, "-- {finding}");
    }
    text
}

fn faults(script: &Script<'_>) -> String {
    let line = |(done, what): &(Option<Done>, String)| match done {
        Some(done) => {
            format!("-- after [{}] of session {}: {}\n", done.number, done.session.0, printable(what))
        }
        None => format!("-- at first: {}\n", printable(what)),
    };
    script.faults.iter().map(line).collect()
}

fn write_session(text: &mut String, dialect: Dialect, id: SessionId, session: &Session<'_>) {
    for line in &session.lines {
        // Writing to a string cannot fail.
        let _ = match line {
            Line::Executed { number, after, waited, sent } => {
                let waits = waited.as_ref().map(|(until, on)| waits(*until, on)).unwrap_or_default();
                let sql = inline(dialect, sent.statement);
                let answer = answer(sent);
                writeln!(text, "-- [{number}]{}{waits}\n{sql}\n{answer}", self::after(*after, id))
            }
            Line::NotExecuted { after, sent } => {
                let sql = printable(&words::one_line(&inline(dialect, sent.statement)));
                let why = match sent.end {
                    Some(_) => "not executed, its connection was lost",
                    None => "no answer: executed or not, nobody knows",
                };
                let waits = sent.wait.map(|(_, on)| format!("; it waited for {}", printable(on)));
                let waits = waits.unwrap_or_default();
                writeln!(text, "-- [-]{}; {why}{waits}: {sql}", self::after(*after, id))
            }
            Line::Ends { after, why } => {
                let after = self::after(*after, id);
                writeln!(text, "-- [-]{after}; close this connection: {}", printable(why))
            }
        };
    }
}

/// What comes before, if it is not the statement above.
fn after(done: Option<Done>, own: SessionId) -> String {
    match done {
        Some(done) if done.session != own => {
            format!(" after [{}] of session {}", done.number, done.session.0)
        }
        _ => String::new(),
    }
}

fn waits(until: Option<Done>, on: &str) -> String {
    let until = until.map(|done| format!(", until after [{}] of session {}", done.number, done.session.0));
    format!("; waits for {}{}", printable(on), until.unwrap_or_default())
}

/// What the statement gave, and whether its client heard of it.
fn answer(sent: &Sent<'_>) -> String {
    let executed = sent.executed.expect("a statement with a number was executed");
    let answer = match &executed.result {
        Ok(reply) => words::answer(Some(sent.statement), reply).unwrap_or_else(|| "→ done".to_owned()),
        Err(error) => format!("error: {error}"),
    };
    let unheard = if sent.lost { ", which its client never heard" } else { "" };
    format!("-- {}{unheard}", printable(&answer))
}
