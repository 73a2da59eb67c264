//! A history as rows: what is to be said, where, in the order in which the server did it.

use super::findings;
use super::lane::Change;
use super::statements::Statements;
use super::text::{Paint, Span};
use super::words::{self, asked, wrong};
use drawloom_model::{
    Class, Event, Executed, FaultEvent, Finding, FindingKind, History, Observation, SessionId, SqlError,
};
use drawloom_sim::{Actor, SimTime, Step};

/// One thing that is said.
pub struct Row {
    pub step: Step,
    pub at: SimTime,
    pub place: Place,
    pub text: Vec<Span>,
    pub change: Change,
    /// Whether it is what was found.
    pub is_finding: bool,
    /// Among the rows of one step, where it stands.
    order: usize,
}

/// Where it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a worker's lane.
    Lane(Actor),
    /// Across all lanes.
    Across,
    /// Below the lanes.
    Checks,
}

impl Place {
    fn of(actor: Actor) -> Place {
        match actor {
            Actor::CHECKS => Place::Checks,
            _ if actor.as_worker().is_some() => Place::Lane(actor),
            _ => Place::Across,
        }
    }

    pub fn lane(self) -> Option<Actor> {
        match self {
            Place::Lane(actor) => Some(actor),
            Place::Across | Place::Checks => None,
        }
    }
}

/// What the workers, the faults and the checks did.
pub fn rows(history: &History, statements: &Statements, findings: &[Finding]) -> Vec<Row> {
    let told = vec![false; findings.len()];
    let mut teller = Teller { history, statements, findings, told, rows: Vec::new() };
    for (index, event) in history.events.iter().enumerate() {
        teller.tell(index, event);
    }
    for sent in statements.unheard().filter(|sent| sent.actor != Actor::SETUP) {
        let text = vec![asked(sent.statement), wrong("no answer: executed or not, nobody knows")];
        teller.push(sent.call, Place::of(sent.actor), text, Change::None);
    }
    let mut rows = teller.rows;
    rows.sort_by_key(|row| (row.step, row.order));
    rows
}

/// Goes through a history, and writes down what is to be said.
struct Teller<'a> {
    history: &'a History,
    statements: &'a Statements<'a>,
    findings: &'a [Finding],
    /// Which findings have their row.
    told: Vec<bool>,
    rows: Vec<Row>,
}

impl Teller<'_> {
    fn tell(&mut self, index: usize, event: &Event) {
        use Observation as O;
        if event.actor == Actor::SETUP && matches!(event.what, O::Call { .. } | O::Answer { .. }) {
            return;
        }
        match &event.what {
            // A statement is told where it waits and where it is executed.
            O::Phase(_) | O::Connected { .. } | O::Call { .. } => (),
            O::Blocked { session, on } => {
                let mut text = self.asked(index);
                text.push(Span::new(Paint::Wait, format!("waits for {on}")));
                self.push(index, Place::of(event.actor), text, Change::Waits(*session));
            }
            O::Answer { session, executed } => self.tell_answer(index, *session, executed),
            O::Lost { session, executed: Some(executed) } => self.tell_unseen(index, *session, executed),
            O::Lost { session, executed: None } => self.tell_unexecuted(index, *session),
            O::Fault(fault) => self.tell_fault(index, fault),
            O::Action { name } => {
                self.say(index, Span::new(Paint::Heading, format!("▸ {name}")));
            }
            O::ActionFailed { error } if self.just_failed_with(index, error) => {
                self.say(index, wrong("gives up"));
            }
            O::ActionFailed { error } => self.say(index, wrong(format!("gives up: {error}"))),
            O::ConnectFailed { error } if self.just_failed_with(index, error) => (),
            O::ConnectFailed { error } => self.say(index, wrong(format!("cannot connect: {error}"))),
            O::Note(note) => {
                let text = format!("notes: {} {}", note.label, words::values(&note.values));
                self.say(index, Span::new(Paint::Faint, words::shorten(&text, words::TEXT_MAX)));
            }
            O::Violation(violation) => {
                let name = &*violation.invariant;
                let number = self.number(event, FindingKind::Invariant, Some(name));
                self.say(index, Span::new(Paint::Error, format!("✗{number} violated: {name}")));
            }
            O::Panic { message } => {
                let number = self.number(event, FindingKind::Panic, None);
                let text = Span::new(Paint::Error, format!("✗{number} panics: {message}"));
                self.push(index, Place::of(event.actor), vec![text], self.death(event.actor, index));
            }
            O::Deadlock { waiting } => {
                let text = format!("deadlock, waiting for ever: {}", words::names(waiting));
                self.tell_end(index, FindingKind::Deadlock, &text);
            }
            O::Livelock { running } => {
                let text = format!("livelock, still running: {}", words::names(running));
                self.tell_end(index, FindingKind::Livelock, &text);
            }
            O::Unrecovered { error } => {
                let text = format!("the database does not come back: {error}");
                self.tell_end(index, FindingKind::Corruption, &text);
            }
        }
    }

    fn push(&mut self, index: usize, place: Place, text: Vec<Span>, change: Change) {
        let Event { step, at, what, .. } = &self.history.events[index];
        let (step, at, is_finding) = (*step, *at, matches!(what, Observation::Violation(_)));
        self.rows.push(Row { step, at, place, text, change, is_finding, order: index });
    }

    /// What leaves the lanes as they are.
    fn say(&mut self, index: usize, text: Span) {
        self.push(index, Place::of(self.history.events[index].actor), vec![text], Change::None);
    }

    /// What ends the run.
    fn tell_end(&mut self, index: usize, kind: FindingKind, text: &str) {
        let number = self.number(&self.history.events[index], kind, None);
        let text = Span::new(Paint::Error, format!("✗{number} {text}"));
        self.push(index, Place::Across, vec![text], Change::None);
    }

    /// The row of a statement where the server finished it; the client's side was recorded then or later.
    fn push_executed(&mut self, index: usize, executed: &Executed, text: Vec<Span>, change: Change) {
        let Event { step, actor, .. } = self.history.events[index];
        let Executed { step: executed, at, .. } = *executed;
        let sent = self.statements.at(index).filter(|_| executed < step);
        let order = sent.map_or(index, |sent| sent.wait.map_or(sent.call, |(wait, _)| wait));
        let place = Place::of(actor);
        self.rows.push(Row { step: executed, at, place, text, change, is_finding: false, order });
    }

    /// The statement that this event is about, as it was sent.
    fn asked(&self, index: usize) -> Vec<Span> {
        self.statements.at(index).map(|sent| asked(sent.statement)).into_iter().collect()
    }

    fn tell_answer(&mut self, index: usize, session: SessionId, executed: &Executed) {
        let mut text = self.asked(index);
        match &executed.result {
            Ok(reply) => {
                let statement = self.statements.at(index).map(|sent| sent.statement);
                text.extend(words::answer(statement, reply).map(|answer| Span::new(Paint::Answer, answer)));
            }
            Err(error) => {
                let number = self.number(&self.history.events[index], FindingKind::Corruption, None);
                text.push(words::failed(error, &number));
            }
        }
        let change = Change::Executed { session, in_transaction: executed.in_transaction };
        self.push_executed(index, executed, text, change);
    }

    /// A statement that the server finished and nobody heard of.
    fn tell_unseen(&mut self, index: usize, session: SessionId, executed: &Executed) {
        let sent = self.statements.at(index);
        let done = words::unseen(sent.map(|sent| sent.statement), executed.result.as_deref());
        let death = sent.and_then(|sent| sent.orphaned).map(|death| self.history.events[death].step);
        let mut text = self.asked(index);
        if death.is_some_and(|death| death < executed.step) {
            text.push(wrong(format!("{done}, its client is dead")));
            // A dead client's session ends with its statement.
            return self.push_executed(index, executed, text, Change::Ends(session));
        }
        text.push(wrong(format!("{done}, its answer is lost")));
        let in_transaction = executed.in_transaction;
        self.push_executed(index, executed, text, Change::Executed { session, in_transaction });
        let end = match death {
            None => "connection lost",
            Some(_) if in_transaction => "its dead client's transaction ends",
            Some(_) => return,
        };
        let place = Place::of(self.history.events[index].actor);
        self.push(index, place, vec![wrong(end)], Change::Ends(session));
    }

    /// A connection that broke before the server finished a statement.
    fn tell_unexecuted(&mut self, index: usize, session: SessionId) {
        let why = match self.statements.at(index) {
            None => "connection lost",
            Some(sent) if sent.orphaned.is_some() => "not executed, its client is dead",
            Some(_) => "connection lost, not executed",
        };
        let mut text = self.asked(index);
        text.push(wrong(why));
        self.push(index, Place::of(self.history.events[index].actor), text, Change::Ends(session));
    }

    fn tell_fault(&mut self, index: usize, fault: &FaultEvent) {
        let (place, change) = match fault {
            FaultEvent::DatabaseCrashed | FaultEvent::DatabaseStopped => (Place::Across, Change::Closes),
            FaultEvent::DatabaseStarted | FaultEvent::FailedOver | FaultEvent::OldPrimaryStopped => {
                (Place::Across, Change::None)
            }
            FaultEvent::WorkerCrashed(worker) => (Place::of(*worker), self.death(*worker, index)),
            FaultEvent::Paused { worker, .. }
            | FaultEvent::Partitioned { worker, .. }
            | FaultEvent::Cancelled(worker) => (Place::of(*worker), Change::None),
        };
        self.push(index, place, vec![Span::new(Paint::Error, words::fault(fault))], change);
    }

    /// What a client's death does to its session: nothing yet, while a statement of it is under way.
    fn death(&self, actor: Actor, index: usize) -> Change {
        let before = self.history.events[..index].iter().rev();
        let newest = before.filter(|event| event.actor == actor).find_map(|event| match event.what {
            Observation::Connected { session } | Observation::Call { session, .. } => Some(session),
            _ => None,
        });
        let lives_on = self.statements.under_way(actor, index).any(|sent| Some(sent.session) == newest);
        if lives_on { Change::None } else { Change::Closes }
    }

    /// Whether the last that was heard of this actor is this very failure.
    fn just_failed_with(&self, index: usize, error: &SqlError) -> bool {
        let Event { actor, .. } = self.history.events[index];
        let last = self.history.events[..index].iter().rev().find(|event| event.actor == actor);
        match last.map(|event| &event.what) {
            Some(Observation::Answer { executed: Executed { result: Err(failure), .. }, .. })
            | Some(Observation::ConnectFailed { error: failure }) => failure == error,
            Some(Observation::Lost { .. }) => error.class == Class::Connection,
            _ => false,
        }
    }

    /// The number of the finding that this event is, if it is one.
    fn number(&mut self, event: &Event, kind: FindingKind, name: Option<&str>) -> String {
        let index = self.findings.iter().zip(&self.told).position(|(finding, told)| {
            let Finding { signature, actor, step, .. } = finding;
            let here = (*step, *actor, signature.kind) == (event.step, event.actor, kind);
            here && !told && name.is_none_or(|name| signature.name == name)
        });
        let Some(index) = index else { return String::new() };
        self.told[index] = true;
        findings::number(self.findings, index)
    }
}
