//! What was done, in the order in which the server did it: statements, and faults.

use super::directed::Turn;
use crate::lanes::statements::{Sent, Statements};
use drawloom_model::access::name::{Named, Rows, Verb, named};
use drawloom_model::{FaultEvent, History, Observation, Phase, SessionId, Statement};
use drawloom_sim::{Actor, Step};
use std::collections::BTreeMap;

/// Something that was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// Whose turn it was.
    pub actor: Actor,
    /// The turn.
    pub step: Step,
    /// In which of its actions.
    pub action: usize,
    /// What it was.
    pub what: What,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The server executed a statement.
    Statement {
        /// As it was sent.
        statement: Statement,
        /// What it does. A commit has the rows that it publishes.
        named: Named,
        /// What became of it.
        came: Came,
    },
    /// Something broke, or is mended.
    Fault(FaultEvent),
    /// Time passed until something was due.
    Time,
}

/// What becomes of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It did what it says.
    Done,
    /// It was to change rows, and there were none.
    Nothing,
    /// It failed.
    Failed,
}

impl Deed {
    /// Whom it concerns: the worker whose statement it is, or to which a fault happens.
    pub fn subject(&self) -> Option<Actor> {
        match &self.what {
            What::Statement { .. } => Some(self.actor),
            What::Fault(fault) => match fault {
                FaultEvent::WorkerCrashed(worker) | FaultEvent::Cancelled(worker) => Some(*worker),
                FaultEvent::Paused { worker, .. } | FaultEvent::Partitioned { worker, .. } => Some(*worker),
                _ => None,
            },
            What::Time => None,
        }
    }

    /// The rows that it touches, as far as they are known.
    pub fn rows(&self) -> &[Rows] {
        match &self.what {
            What::Statement { named, .. } => &named.rows,
            What::Fault(_) | What::Time => &[],
        }
    }

    /// What it does.
    pub fn verb(&self) -> Option<Verb> {
        match &self.what {
            What::Statement { named, .. } => Some(named.verb),
            What::Fault(_) | What::Time => None,
        }
    }

    /// Whether a row can be among those of both.
    pub fn meets(&self, other: &Deed) -> bool {
        self.rows().iter().any(|one| other.rows().iter().any(|two| one.overlaps(two)))
    }

    /// The same where one of both writes the row.
    pub fn conflicts(&self, other: &Deed) -> bool {
        let conflict = |one: &Rows, other: &Rows| (one.written || other.written) && one.overlaps(other);
        self.rows().iter().any(|one| other.rows().iter().any(|two| conflict(one, two)))
    }

    /// Whether their order can matter by what they do. Where it cannot, and yet decides, it does so by the time that
    /// they take.
    pub fn can_matter_to(&self, other: &Deed) -> bool {
        match (self.verb(), other.verb()) {
            (Some(Verb::Reads), Some(Verb::Reads)) => false,
            (Some(Verb::Reads), Some(Verb::Updates | Verb::Inserts | Verb::Deletes))
            | (Some(Verb::Updates | Verb::Inserts | Verb::Deletes), Some(Verb::Reads)) => {
                self.conflicts(other)
            }
            _ => true,
        }
    }

    fn is_like(&self, other: &Deed) -> bool {
        match (&self.what, &other.what) {
            (What::Statement { statement: one, .. }, What::Statement { statement: other, .. }) => {
                one.sql == other.sql
            }
            (What::Fault(one), What::Fault(other)) => {
                std::mem::discriminant(one) == std::mem::discriminant(other)
            }
            _ => false,
        }
    }
}

/// All that was done while the workers worked.
pub struct Deeds(pub Vec<Deed>);

impl Deeds {
    /// Those of a history.
    pub fn of(history: &History) -> Deeds {
        let statements = Statements::of(history);
        let executed = statements.all().iter().filter(|sent| sent.actor.as_worker().is_some());
        let mut deeds: Vec<(Step, usize, Deed)> = executed
            .filter_map(|sent| Some((sent.executed?.step, sent.call, of_statement(history, sent)?)))
            .collect();
        let worked = history.events.iter().take_while(|event| event.what != Observation::Phase(Phase::Probe));
        for (index, event) in worked.enumerate() {
            if let Observation::Fault(fault) = &event.what {
                let what = What::Fault(fault.clone());
                deeds.push((
                    event.step,
                    index,
                    Deed { actor: event.actor, step: event.step, action: 0, what },
                ));
            }
        }
        deeds.sort_by_key(|(step, index, _)| (*step, *index));
        let mut deeds = Deeds(deeds.into_iter().map(|(.., deed)| deed).collect());
        deeds.publish(&statements);
        deeds
    }

    /// Gives every commit the rows that its transaction wrote.
    fn publish(&mut self, statements: &Statements<'_>) {
        let mut sessions: BTreeMap<(Actor, Step), (SessionId, bool)> = BTreeMap::new();
        for sent in statements.all() {
            if let Some(executed) = sent.executed {
                sessions.insert((sent.actor, executed.step), (sent.session, executed.in_transaction));
            }
        }
        let mut written: BTreeMap<SessionId, Vec<Rows>> = BTreeMap::new();
        for deed in &mut self.0 {
            let Some((session, open)) = sessions.get(&(deed.actor, deed.step)) else { continue };
            let What::Statement { named, came, .. } = &mut deed.what else { continue };
            if *open {
                let rows = named.rows.iter().filter(|rows| rows.written && *came == Came::Done);
                let written = written.entry(*session).or_default();
                for rows in rows {
                    if !written.contains(rows) {
                        written.push(rows.clone());
                    }
                }
            } else if let Some(rows) = written.remove(session)
                && named.verb == Verb::Commits
            {
                named.rows = rows;
            }
        }
    }

    /// What was done in this turn; nothing, if it only prepared something.
    pub fn in_turn(&self, turn: Turn) -> Option<Deed> {
        if turn.actor == Actor::CLOCK {
            return Some(Deed { actor: turn.actor, step: turn.step, action: 0, what: What::Time });
        }
        self.0.iter().find(|deed| deed.actor == turn.actor && deed.step == turn.step).cloned()
    }

    /// The same deed in these, by its number among its actor's.
    pub fn like(&self, deed: &Deed, among: &Deeds) -> Option<usize> {
        let of_actor = |it: &&Deed| it.actor == deed.actor;
        let number = among.0.iter().filter(of_actor).position(|it| it == deed)?;
        let (index, same) = self.0.iter().enumerate().filter(|(_, it)| it.actor == deed.actor).nth(number)?;
        same.is_like(deed).then_some(index)
    }
}

fn of_statement(history: &History, sent: &Sent<'_>) -> Option<Deed> {
    let executed = sent.executed?;
    let begun = history.events[..sent.call]
        .iter()
        .filter(|event| event.actor == sent.actor && matches!(event.what, Observation::Action { .. }));
    let named = named(sent.statement);
    let to_change = matches!(named.verb, Verb::Updates | Verb::Inserts | Verb::Deletes);
    let came = match &executed.result {
        Err(_) => Came::Failed,
        Ok(reply) if to_change && reply.affected == 0 => Came::Nothing,
        Ok(_) => Came::Done,
    };
    let what = What::Statement { statement: sent.statement.clone(), named, came };
    Some(Deed { actor: sent.actor, step: executed.step, action: begun.count(), what })
}
