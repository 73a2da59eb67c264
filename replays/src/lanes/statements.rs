//! The statements of a history: who sent each, whether it waited, and what became of it.

use drawloom_model::{Executed, FaultEvent, History, Observation, SessionId, Statement};
use drawloom_sim::Actor;
use std::collections::BTreeMap;

/// A statement that was sent. Events are named by their index.
pub struct Sent<'a> {
    pub statement: &'a Statement,
    pub actor: Actor,
    pub session: SessionId,
    /// The event in which it was sent.
    pub call: usize,
    /// The event in which it began to wait, and for what.
    pub wait: Option<(usize, &'a str)>,
    /// The event in which its client died before it.
    pub orphaned: Option<usize>,
    /// The event that says what became of it.
    pub end: Option<usize>,
    /// What the server did, if it did.
    pub executed: Option<&'a Executed>,
    /// Whether its answer never reached its client.
    pub lost: bool,
}

impl Sent<'_> {
    /// Whether it is on its way, runs or waits at this event.
    fn is_under_way(&self, event: usize) -> bool {
        let over = self.end.is_some_and(|end| end <= event);
        let gone = self.orphaned.is_some_and(|death| death <= event) && self.dies_with_its_client();
        self.call < event && !over && !gone
    }

    /// The server cancels what waits when its client dies.
    fn dies_with_its_client(&self) -> bool {
        let waited = matches!((self.wait, self.orphaned), (Some((wait, _)), Some(death)) if wait < death);
        waited && self.executed.is_none()
    }
}

/// Every statement of a history, in the order they were sent.
pub struct Statements<'a> {
    sent: Vec<Sent<'a>>,
    /// Which statement an event is about.
    by_event: BTreeMap<usize, usize>,
}

impl<'a> Statements<'a> {
    pub fn of(history: &'a History) -> Statements<'a> {
        let mut statements = Statements { sent: Vec::new(), by_event: BTreeMap::new() };
        let mut under_way: BTreeMap<(Actor, SessionId), usize> = BTreeMap::new();
        for (index, event) in history.events.iter().enumerate() {
            let actor = event.actor;
            match &event.what {
                Observation::Call { session, statement } => {
                    under_way.insert((actor, *session), statements.sent.len());
                    statements.sent.push(Sent {
                        statement,
                        actor,
                        session: *session,
                        call: index,
                        wait: None,
                        orphaned: None,
                        end: None,
                        executed: None,
                        lost: false,
                    });
                }
                Observation::Blocked { session, on } => {
                    if let Some(number) = under_way.get(&(actor, *session)) {
                        statements.sent[*number].wait = Some((index, on));
                        statements.by_event.insert(index, *number);
                    }
                }
                Observation::Answer { session, executed } => {
                    let number = under_way.remove(&(actor, *session));
                    statements.end(index, number, Some(executed));
                }
                Observation::Lost { session, executed } => {
                    let number = under_way.remove(&(actor, *session));
                    if let Some(number) = number {
                        statements.sent[number].lost = true;
                    }
                    statements.end(index, number, executed.as_ref());
                }
                Observation::Fault(FaultEvent::WorkerCrashed(worker)) => {
                    // What it had sent goes on without it.
                    for (_, number) in under_way.iter().filter(|((client, _), _)| client == worker) {
                        statements.sent[*number].orphaned.get_or_insert(index);
                    }
                }
                _ => (),
            }
        }
        statements
    }

    fn end(&mut self, event: usize, number: Option<usize>, executed: Option<&'a Executed>) {
        let Some(number) = number else { return };
        let sent = &mut self.sent[number];
        (sent.end, sent.executed) = (Some(event), executed);
        self.by_event.insert(event, number);
    }

    /// All of them.
    pub fn all(&self) -> &[Sent<'a>] {
        &self.sent
    }

    /// The statement that waits, or is over, at this event.
    pub fn at(&self, event: usize) -> Option<&Sent<'a>> {
        self.by_event.get(&event).map(|number| &self.sent[*number])
    }

    /// What this actor has under way at this event.
    pub fn under_way(&self, actor: Actor, event: usize) -> impl Iterator<Item = &Sent<'a>> {
        self.sent.iter().filter(move |sent| sent.actor == actor && sent.is_under_way(event))
    }

    /// Those of which nothing was heard after they were sent.
    pub fn unheard(&self) -> impl Iterator<Item = &Sent<'a>> {
        self.sent.iter().filter(|sent| sent.wait.is_none() && sent.end.is_none())
    }
}
