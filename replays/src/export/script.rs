//! A history as scripts: for each session what the server executed, each statement with its number in the
//! order in which the server finished them all, and with what must be done before it starts.

use crate::lanes::statements::{Sent, Statements};
use crate::report;
use drawloom_model::{FaultEvent, History, Observation, SessionId};
use drawloom_sim::{Actor, Step};
use std::collections::BTreeMap;

/// The scripts of a run.
pub struct Script<'a> {
    /// What each session did, in the order the sessions were opened.
    pub sessions: BTreeMap<SessionId, Session<'a>>,
    /// What broke or was mended, and after which statement.
    pub faults: Vec<(Option<Done>, String)>,
}

/// What one session did.
pub struct Session<'a> {
    /// Whose it was.
    pub actor: Actor,
    /// In order.
    pub lines: Vec<Line<'a>>,
}

/// A statement that is done, by its number, and whose it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Its number, from 1.
    pub number: usize,
    /// Its session.
    pub session: SessionId,
}

/// One thing in a session.
pub enum Line<'a> {
    /// The server executed a statement.
    Executed {
        /// Its number, from 1.
        number: usize,
        /// What was done before it started.
        after: Option<Done>,
        /// What was done before it ended, and what it waited for, if it waited.
        waited: Option<(Option<Done>, &'a str)>,
        /// The statement and its answer.
        sent: &'a Sent<'a>,
    },
    /// The server did not execute a statement, or nobody knows.
    NotExecuted {
        /// What was done before.
        after: Option<Done>,
        /// The statement.
        sent: &'a Sent<'a>,
    },
    /// The session is over, and what it had open is rolled back.
    Ends {
        /// What was done before.
        after: Option<Done>,
        /// Why.
        why: String,
    },
}

/// What a script tells of, with where it stands among the rest.
enum Moment<'a> {
    Waits(usize),
    Executed(usize, &'a Sent<'a>),
    NotExecuted(&'a Sent<'a>),
    Ends(SessionId, String),
    Fault(String),
}

/// The scripts of this history, whose statements these are.
pub fn script<'a>(history: &'a History, statements: &'a Statements<'a>) -> Script<'a> {
    let mut moments = moments_of_statements(history, statements);
    moments.extend(moments_of_events(history, statements));
    moments.sort_by_key(|(step, order, _)| (*step, *order));
    let mut moments: Vec<Moment> = moments.into_iter().map(|(_, _, moment)| moment).collect();
    end_sessions_in_time(&mut moments);

    let mut script = Script { sessions: BTreeMap::new(), faults: Vec::new() };
    let mut done: Option<Done> = None;
    // After which statement each of those that wait began to.
    let mut waiting: BTreeMap<usize, Option<Done>> = BTreeMap::new();
    for moment in moments {
        match moment {
            Moment::Waits(call) => drop(waiting.insert(call, done)),
            Moment::Fault(text) => script.faults.push((done, text)),
            Moment::Executed(call, sent) => {
                let number = done.map_or(1, |done| done.number + 1);
                let began = waiting.remove(&call);
                let waited = began.and(sent.wait).map(|(_, on)| (done, on));
                script.session(sent).push(Line::Executed {
                    number,
                    after: began.unwrap_or(done),
                    waited,
                    sent,
                });
                done = Some(Done { number, session: sent.session });
            }
            Moment::NotExecuted(sent) => script.session(sent).push(Line::NotExecuted { after: done, sent }),
            Moment::Ends(session, why) => {
                // One that never sent anything is not told of.
                if let Some(session) = script.sessions.get_mut(&session) {
                    session.lines.push(Line::Ends { after: done, why });
                }
            }
        }
    }
    script
}

impl<'a> Script<'a> {
    fn session(&mut self, sent: &Sent<'_>) -> &mut Vec<Line<'a>> {
        let session = Session { actor: sent.actor, lines: Vec::new() };
        &mut self.sessions.entry(sent.session).or_insert(session).lines
    }
}

/// A client notices a lost connection some turns after the server did. Meanwhile another session may have taken
/// the locks that were let go: that proves that this one was over.
fn end_sessions_in_time(moments: &mut [Moment<'_>]) {
    for index in 0..moments.len() {
        let Moment::Ends(ended, _) = moments[index] else { continue };
        let executed = |moment: &Moment| match moment {
            Moment::Executed(_, sent) => Some((sent.session == ended, takes_locks(sent))),
            _ => None,
        };
        let own_last = moments[..index].iter().rposition(|it| matches!(executed(it), Some((true, _))));
        let from = own_last.map_or(index, |own_last| own_last + 1);
        let first = moments[from..index].iter().position(|it| matches!(executed(it), Some((false, true))));
        if let Some(first) = first {
            moments[from + first..=index].rotate_right(1);
        }
    }
}

/// Whether the statement had a lock that a writer would have kept from it.
fn takes_locks(sent: &Sent<'_>) -> bool {
    let words: Vec<String> =
        sent.statement.sql.split_whitespace().take(2).map(str::to_ascii_uppercase).collect();
    let words: Vec<&str> = words.iter().map(|word| word.trim_end_matches(';')).collect();
    let succeeded = sent.executed.is_some_and(|executed| executed.result.is_ok());
    let harmless = match words[..] {
        ["BEGIN", kind] => !matches!(kind, "IMMEDIATE" | "EXCLUSIVE"),
        [word, ..] => matches!(word, "SELECT" | "BEGIN" | "COMMIT" | "ROLLBACK" | "END"),
        [] => true,
    };
    succeeded && !harmless
}

/// The steps at which statements wait and are executed, with where they stand among the rest of a step.
fn moments_of_statements<'a>(
    history: &History,
    statements: &'a Statements<'a>,
) -> Vec<(Step, usize, Moment<'a>)> {
    let mut moments = Vec::new();
    for sent in statements.all() {
        let step_of = |event: usize| history.events[event].step;
        if let Some((wait, _)) = sent.wait {
            moments.push((step_of(wait), wait, Moment::Waits(sent.call)));
        }
        moments.push(match (sent.executed, sent.end) {
            (Some(executed), end) => {
                // What was told of it later was so when the server finished it.
                let at_once = end.filter(|end| step_of(*end) == executed.step);
                let order = at_once.unwrap_or(sent.wait.map_or(sent.call, |(wait, _)| wait));
                (executed.step, order, Moment::Executed(sent.call, sent))
            }
            (None, Some(end)) => (step_of(end), end, Moment::NotExecuted(sent)),
            (None, None) => (step_of(sent.call), sent.call, Moment::NotExecuted(sent)),
        });
    }
    moments
}

/// The events at which sessions end, and faults.
fn moments_of_events<'a>(history: &History, statements: &Statements<'_>) -> Vec<(Step, usize, Moment<'a>)> {
    let mut open: BTreeMap<SessionId, Actor> = BTreeMap::new();
    let mut moments = Vec::new();
    let mut of_old_primary: Vec<SessionId> = Vec::new();
    for (index, event) in history.events.iter().enumerate() {
        let (ends, why): (Vec<SessionId>, String) = match &event.what {
            Observation::Connected { session } => {
                open.insert(*session, event.actor);
                continue;
            }
            Observation::Lost { session, .. } => (vec![*session], "its connection is lost".to_owned()),
            Observation::Fault(fault) => {
                let why = report::fault(fault);
                moments.push((event.step, index, Moment::Fault(why.clone())));
                if *fault == FaultEvent::FailedOver {
                    of_old_primary = open.keys().copied().collect();
                }
                let gone = |session: SessionId, actor: Actor| match fault {
                    FaultEvent::OldPrimaryStopped => of_old_primary.contains(&session),
                    FaultEvent::DatabaseCrashed | FaultEvent::DatabaseStopped => true,
                    FaultEvent::WorkerCrashed(dead) => dies(statements, *dead, actor, session, index),
                    _ => false,
                };
                (of(&open, gone), why)
            }
            Observation::Panic { .. } => {
                let gone = |session, actor| dies(statements, event.actor, actor, session, index);
                (of(&open, gone), "its client panics".to_owned())
            }
            _ => continue,
        };
        for session in ends {
            if open.remove(&session).is_some() {
                moments.push((event.step, index, Moment::Ends(session, why.clone())));
            }
        }
    }
    moments
}

fn of(open: &BTreeMap<SessionId, Actor>, gone: impl Fn(SessionId, Actor) -> bool) -> Vec<SessionId> {
    open.iter().filter(|(session, actor)| gone(**session, **actor)).map(|(session, _)| *session).collect()
}

/// Whether this session ends with its client. What the client had under way, the server still finishes.
fn dies(statements: &Statements<'_>, dead: Actor, actor: Actor, session: SessionId, event: usize) -> bool {
    actor == dead && !statements.under_way(dead, event).any(|sent| sent.session == session)
}
