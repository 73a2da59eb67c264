//! A replay as an isolation spec, which PostgreSQL's own isolation tester runs as it is.
//!
//! ```text
//! setup's statements -> setup     each other session -> session, its statements -> steps
//! the order in which they were begun -> the one permutation      what setup created -> teardown
//! ```
//!
//! SQLite locks more than PostgreSQL does. What waited there stands where it was finished, so that nothing waits in
//! PostgreSQL for what comes later.

use super::literal::inline;
use super::script::{Line, Session, script};
use crate::isolation::parts::tokens;
use crate::lanes::statements::{Sent, Statements};
use crate::lanes::words;
use crate::replay::Replay;
use crate::report::printable;
use drawloom_model::{Class, Dialect, SessionId};
use drawloom_sim::Actor;
use std::fmt::Write;

/// Why a replay cannot be written as a spec.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSpec {
    /// SQL in a spec ends with the first closing brace.
    #[error("a spec has no way to write the closing brace in: {0}")]
    Brace(String),
    /// A spec has a session with a step at least.
    #[error("no session but the setup's executed anything: there is nothing to put into a spec")]
    NoSteps,
}

/// A step, and where it stands in the permutation.
struct Turn {
    order: (usize, Kind, usize),
    /// With its marker.
    name: String,
}

/// What is begun after the same statement is begun in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Waits,
    Ends,
    Runs,
}

/// What the server executed, as a spec. Everything else is a comment.
///
/// # Errors
/// See [`NoSpec`].
pub fn spec(replay: &Replay) -> Result<String, NoSpec> {
    let statements = Statements::of(&replay.history);
    let script = script(&replay.history, &statements);
    let mut text = format!("# {}\n", printable(&super::title(replay)));
    for finding in super::findings(&replay.findings) {
        let _ = writeln!(text, "# {finding}");
    }
    let engine = replay.plan.engine.dialect();
    if engine == Dialect::Sqlite {
        text +=
            "# What waited for a lock of SQLite stands where it was finished: PostgreSQL locks otherwise.\n";
    }
    for (done, what) in &script.faults {
        let after = done.map_or(0, |done| done.number);
        let _ = writeln!(text, "# not in this spec: after statement {after}, {}", printable(what));
    }
    text.push('\n');
    let setups = script.sessions.values().filter(|session| session.actor == Actor::SETUP);
    write_setup(&mut text, &setups.flat_map(|session| &session.lines).collect::<Vec<_>>())?;
    let mut turns = Vec::new();
    for (id, session) in &script.sessions {
        if session.actor != Actor::SETUP
            && session.lines.iter().any(|line| matches!(line, Line::Executed { .. }))
        {
            write_session(&mut text, engine, (*id, session), &mut turns)?;
        }
    }
    if turns.is_empty() {
        return Err(NoSpec::NoSteps);
    }
    turns.sort_by_key(|turn| turn.order);
    let names: Vec<String> = turns.into_iter().map(|turn| turn.name).collect();
    let _ = writeln!(text, "\npermutation {}", names.join(" "));
    Ok(text)
}

/// Each statement by itself, as it was sent, and then how what they created is dropped.
fn write_setup(text: &mut String, lines: &[&Line<'_>]) -> Result<(), NoSpec> {
    let mut drops = Vec::new();
    for line in lines {
        let Line::Executed { sent, .. } = line else { continue };
        if sent.executed.is_some_and(|executed| executed.result.is_ok()) {
            let sql = sql(sent)?;
            drops.extend(drop_of(&sql));
            let _ = writeln!(text, "setup {{ {sql} }}");
        }
    }
    if !drops.is_empty() {
        drops.reverse();
        let _ = writeln!(text, "teardown {{ {} }}", drops.join(" "));
    }
    Ok(())
}

fn write_session(
    text: &mut String,
    engine: Dialect,
    (id, session): (SessionId, &Session<'_>),
    turns: &mut Vec<Turn>,
) -> Result<(), NoSpec> {
    let _ = writeln!(text, "\n# {}\nsession s{}", session.actor, id.0);
    let mut steps = 0;
    let mut step = |text: &mut String, sql: &str| {
        steps += 1;
        let name = format!("s{}_{steps}", id.0);
        let _ = writeln!(text, "step {name} {{ {sql} }}");
        name
    };
    for line in &session.lines {
        match line {
            Line::Executed { number, after, waited, sent } => {
                let name = step(text, &sql(sent)?);
                let began = after.map_or(0, |done| done.number);
                turns.push(match (waited, sent.wait) {
                    (Some(_), Some((event, _))) if engine == Dialect::Postgres => {
                        let marker = if runs_out(sent) { "(*)" } else { "" };
                        Turn { order: (began, Kind::Waits, event), name: name + marker }
                    }
                    _ => Turn { order: (number - 1, Kind::Runs, 0), name },
                });
            }
            Line::NotExecuted { sent, .. } => {
                let sql = words::one_line(&inline(Dialect::Postgres, sent.statement));
                let _ = writeln!(text, "# not executed, or nobody knows: {}", printable(&sql));
            }
            Line::Ends { after, why } => {
                let _ = writeln!(text, "# {}", printable(why));
                let name = step(text, "ROLLBACK;");
                let order = (after.map_or(0, |done| done.number), Kind::Ends, turns.len());
                turns.push(Turn { order, name });
            }
        }
    }
    Ok(())
}

/// Whether the statement ends by itself some time after it began to wait: then a tester may see it wait, or not.
fn runs_out(sent: &Sent<'_>) -> bool {
    let error = sent.executed.and_then(|executed| executed.result.as_ref().err());
    error.is_some_and(|error| matches!(error.class, Class::Deadlock | Class::LockTimeout | Class::Cancelled))
}

/// The statement with its values, and no closing brace.
fn sql(sent: &Sent<'_>) -> Result<String, NoSpec> {
    let sql = inline(Dialect::Postgres, sent.statement);
    let failed = || NoSpec::Brace(printable(&words::one_line(&sql)));
    tokens(&sql).map(|token| without_brace(token).ok_or_else(failed)).collect()
}

/// The same token without a closing brace; none if it cannot be written otherwise.
fn without_brace(token: &str) -> Option<String> {
    if !token.contains('}') {
        return Some(token.to_owned());
    }
    let (string, escaped) = match token.as_bytes() {
        [b'\'', ..] => (token, token.replace('\\', "\\\\")),
        [b'e' | b'E', b'\'', ..] => (&token[1..], token[1..].to_owned()),
        [b'-', b'-', ..] | [b'/', b'*', ..] => return Some(token.replace('}', ")")),
        _ => return None,
    };
    // One that is open to the end cannot be executed either.
    let is_closed = string.len() > 1 && string.ends_with('\'');
    is_closed.then(|| format!("E{}", escaped.replace('}', "\\175")))
}

/// How what this statement creates is dropped, if it creates what stays.
fn drop_of(sql: &str) -> Option<String> {
    let mut words = tokens(sql).filter(|token| !token.starts_with(char::is_whitespace)).peekable();
    let mut takes = |expected: &str| words.next_if(|word| word.eq_ignore_ascii_case(expected)).is_some();
    if !takes("CREATE") {
        return None;
    }
    takes("UNLOGGED");
    let kind = ["TABLE", "SEQUENCE", "VIEW", "TYPE"].into_iter().find(|kind| takes(kind))?;
    let _ = takes("IF") && takes("NOT") && takes("EXISTS");
    let mut name = words.next()?.to_owned();
    while words.next_if_eq(&".").is_some() {
        name = format!("{name}.{}", words.next()?);
    }
    Some(format!("DROP {kind} {name};"))
}
