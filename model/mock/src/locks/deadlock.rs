//! Who waits in vain: PostgreSQL's deadlock detector (deadlock.c; the README beside it tells the theory).
//!
//! A waiter waits for those who hold what he wants (hard edges) and for those before him in the queue who want what
//! conflicts with it (soft edges). If he waits for himself in the end, over hard edges alone, somebody must give way.
//! A soft edge can be turned round by another order of its queue: of the cycle's soft edges one after the other is
//! turned, until no cycle is left, or none of them is left to turn.

use super::lock::{Lock, Waiter};
use super::{Locks, Mode, Tag};
use drawloom_model::SessionId;
use std::collections::{BTreeMap, BTreeSet};

/// A circle of owners, each of whom waits for the next one, and the last for the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// Who waits for what, beginning with the one who asked.
    pub cycle: Vec<Blocked>,
}

/// Somebody in the circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Who waits.
    pub owner: SessionId,
    /// On what.
    pub tag: Tag,
    /// How he wants it.
    pub mode: Mode,
}

impl Deadlock {
    /// Two owners who want the same thing, and hold it both.
    pub(super) fn between(tag: Tag, (owner, mode): (SessionId, Mode), waiter: Waiter) -> Deadlock {
        let first = Blocked { owner, tag, mode };
        Deadlock { cycle: vec![first, Blocked { owner: waiter.owner, tag, mode: waiter.mode }] }
    }
}

/// Whom the waiter waits for on this lock, if its queue is in this order; true for those who are only before him.
pub(super) fn edges<'a>(
    lock: &Lock,
    owner: SessionId,
    queue: impl Iterator<Item = &'a Waiter>,
) -> Vec<(SessionId, bool)> {
    let wanted = lock.queue.iter().find(|waiter| waiter.owner == owner).expect("a waiter is in the queue");
    let conflicting = wanted.mode.conflicting();
    let hard = lock.holders.iter().filter(|it| it.owner != owner && conflicting.contains(it.mode));
    let ahead = queue.take_while(|waiter| waiter.owner != owner);
    let soft = ahead.filter(|waiter| conflicting.contains(waiter.mode));
    hard.map(|holder| (holder.owner, false)).chain(soft.map(|waiter| (waiter.owner, true))).collect()
}

/// So many soft edges are turned round before the search gives up and calls the deadlock hard; PostgreSQL's limit is
/// the number of its backends.
const TURNED_MAX: usize = 100;

/// A soft edge that is to be turned round: the waiter is to stand before the blocker.
#[derive(Clone, Copy)]
struct Edge {
    waiter: SessionId,
    blocker: SessionId,
}

/// Somebody in the search for a cycle, and whom he waits for.
struct Step {
    owner: SessionId,
    edges: Vec<(SessionId, bool)>,
    /// How many of the edges were followed.
    followed: usize,
}

/// What is wrong with a set of turned edges.
enum Verdict {
    Sound,
    Hard,
    /// There is a cycle with these soft edges.
    Soft(Vec<Edge>),
}

/// The search among the orders of the queues.
struct Search<'a> {
    locks: &'a Locks,
    turned: Vec<Edge>,
    /// The queues as the turned edges want them.
    orders: BTreeMap<Tag, Vec<Waiter>>,
}

impl Locks {
    /// Looks for a deadlock that this owner is in. Asked when he begins to wait, or has waited for his
    /// `deadlock_timeout`. If another order of the queues is a way out, they are in that order afterwards, and the
    /// next [`Locks::grant`] tells whom that helps; otherwise the result is the deadlock.
    pub fn deadlock(&mut self, owner: SessionId) -> Option<Deadlock> {
        let mut search = Search { locks: self, turned: Vec::new(), orders: BTreeMap::new() };
        if !search.solve(owner) {
            search.orders.clear();
            let (cycle, _) = search.cycle(owner).expect("a cycle stays where nothing was changed");
            return Some(Deadlock { cycle });
        }
        for (tag, order) in search.orders {
            let slot = self.table.find(tag).expect("a lock with a queue is in the table");
            self.table.lock_mut(slot).queue = order;
            self.changed(slot);
        }
        None
    }
}

impl Search<'_> {
    /// Finds orders without a deadlock. False if there are none.
    fn solve(&mut self, owner: SessionId) -> bool {
        match self.verdict(owner) {
            Verdict::Sound => return true,
            Verdict::Hard => return false,
            Verdict::Soft(_) if self.turned.len() == TURNED_MAX => return false,
            Verdict::Soft(edges) => {
                for edge in edges {
                    self.turned.push(edge);
                    if self.solve(owner) {
                        return true;
                    }
                    self.turned.pop();
                }
            }
        }
        false
    }

    /// Tries the edges turned so far. The owner comes last: a cycle of his is the one to go on with.
    fn verdict(&mut self, owner: SessionId) -> Verdict {
        if !self.arrange() {
            return Verdict::Hard;
        }
        let mut verdict = Verdict::Sound;
        let touched = self.turned.iter().flat_map(|edge| [edge.waiter, edge.blocker]);
        for start in touched.chain([owner]) {
            match self.cycle(start) {
                Some((_, soft)) if soft.is_empty() => return Verdict::Hard,
                Some((_, soft)) => verdict = Verdict::Soft(soft),
                None => {}
            }
        }
        verdict
    }

    /// A cycle through this owner, and its soft edges, the ones farthest from him first.
    fn cycle(&self, start: SessionId) -> Option<(Vec<Blocked>, Vec<Edge>)> {
        let mut seen = BTreeSet::from([start]);
        let mut path = vec![self.step(start)];
        while let Some(step) = path.last_mut() {
            let Some((next, _)) = step.edges.get(step.followed).copied() else {
                path.pop();
                continue;
            };
            step.followed += 1;
            if next == start {
                return Some((self.waits(&path), soft(&path)));
            }
            if seen.insert(next) {
                path.push(self.step(next));
            }
        }
        None
    }

    fn step(&self, owner: SessionId) -> Step {
        let edges = self.locks.awaited(owner).map(|lock| {
            let queue = self.orders.get(&lock.tag).unwrap_or(&lock.queue);
            edges(lock, owner, queue.iter())
        });
        Step { owner, edges: edges.unwrap_or_default(), followed: 0 }
    }

    fn waits(&self, path: &[Step]) -> Vec<Blocked> {
        let wait = |step: &Step| {
            let lock = self.locks.awaited(step.owner)?;
            let waiter = lock.queue.iter().find(|waiter| waiter.owner == step.owner)?;
            Some(Blocked { owner: step.owner, tag: lock.tag, mode: waiter.mode })
        };
        path.iter().map(|step| wait(step).expect("whoever is on a cycle waits")).collect()
    }

    /// Orders every queue that an edge was turned in. False if the turned edges contradict each other.
    fn arrange(&mut self) -> bool {
        self.orders.clear();
        for edge in self.turned.iter().rev() {
            let lock = self.locks.awaited(edge.waiter).expect("whoever is on a soft edge waits");
            if !self.orders.contains_key(&lock.tag) {
                let Some(order) = order(&lock.queue, &self.turned) else { return false };
                self.orders.insert(lock.tag, order);
            }
        }
        true
    }
}

/// The soft edges that the path follows, last first.
fn soft(path: &[Step]) -> Vec<Edge> {
    let edge = |step: &Step| match step.edges[step.followed - 1] {
        (blocker, true) => Some(Edge { waiter: step.owner, blocker }),
        (_, false) => None,
    };
    path.iter().rev().filter_map(edge).collect()
}

/// The queue with every turned edge's waiter before its blocker, and changed no more than that needs: from the back,
/// always the last one who need not be before anyone still to be placed. `None` if nobody is such a one.
fn order(queue: &[Waiter], turned: &[Edge]) -> Option<Vec<Waiter>> {
    let mut rest = queue.to_vec();
    let mut order = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let placeable = |waiter: &Waiter| {
            let before = |edge: &Edge| {
                edge.waiter == waiter.owner && rest.iter().any(|other| other.owner == edge.blocker)
            };
            !turned.iter().any(before)
        };
        let last = rest.iter().rposition(placeable)?;
        order.push(rest.remove(last));
    }
    order.reverse();
    Some(order)
}
