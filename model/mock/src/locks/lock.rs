//! One thing that is locked: who holds it, and who waits for it, in what order.
//!
//! A request is granted if it conflicts with no holder and with nobody who waits already. Otherwise its place in
//! the queue is the last one, unless the owner holds the thing already in a mode that somebody in the queue waits
//! for: behind him it could never be granted, so it stands before him (PostgreSQL's `ProcSleep`).

use super::{Mode, Modes, Tag};
use drawloom_model::SessionId;

/// So many times does the owner hold the thing in this mode since this depth.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    pub owner: SessionId,
    pub mode: Mode,
    pub depth: u32,
    pub count: u32,
}

/// Somebody in the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub owner: SessionId,
    pub mode: Mode,
    pub depth: u32,
}

/// What becomes of a request that cannot be granted straight away.
#[derive(Debug)]
pub(super) enum Place {
    /// It would stand before everyone it conflicts with: it need not wait.
    Granted,
    /// In the queue, before the waiter who has this place now.
    At(usize),
    /// It must wait for this waiter, who must wait for it.
    Deadlock(Waiter),
}

#[derive(Debug)]
pub(super) struct Lock {
    pub tag: Tag,
    pub holders: Vec<Holder>,
    pub queue: Vec<Waiter>,
}

impl Lock {
    pub fn new(tag: Tag) -> Lock {
        Lock { tag, holders: Vec::new(), queue: Vec::new() }
    }

    pub fn is_free(&self) -> bool {
        self.holders.is_empty() && self.queue.is_empty()
    }

    pub fn is_held_by(&self, owner: SessionId) -> bool {
        self.holders.iter().any(|holder| holder.owner == owner)
    }

    /// The modes in which the owner holds it.
    pub fn modes_of(&self, owner: SessionId) -> Modes {
        let mut modes = Modes::default();
        self.holders
            .iter()
            .filter(|holder| holder.owner == owner)
            .for_each(|holder| modes.insert(holder.mode));
        modes
    }

    /// True if somebody else holds it in a mode that conflicts with this one.
    pub fn is_held_against(&self, owner: SessionId, mode: Mode) -> bool {
        let conflicting = mode.conflicting();
        self.holders.iter().any(|holder| holder.owner != owner && conflicting.contains(holder.mode))
    }

    /// True if the owner may have it now, without passing anybody by.
    pub fn is_free_for(&self, owner: SessionId, mode: Mode) -> bool {
        let conflicting = mode.conflicting();
        let nobody_waits = || !self.queue.iter().any(|waiter| conflicting.contains(waiter.mode));
        self.modes_of(owner).contains(mode) || (nobody_waits() && !self.is_held_against(owner, mode))
    }

    pub fn hold(&mut self, owner: SessionId, mode: Mode, depth: u32, count: u32) {
        let same = |holder: &&mut Holder| (holder.owner, holder.mode, holder.depth) == (owner, mode, depth);
        match self.holders.iter_mut().find(same) {
            Some(holder) => holder.count = holder.count.saturating_add(count),
            None => self.holders.push(Holder { owner, mode, depth, count }),
        }
    }

    /// Where a request would stand that is not free for its owner.
    pub fn place(&self, owner: SessionId, mode: Mode) -> Place {
        let held = self.modes_of(owner);
        let mut ahead = Modes::default();
        for (place, waiter) in self.queue.iter().enumerate() {
            if !waiter.mode.conflicting().meets(held) {
                ahead.insert(waiter.mode);
                continue;
            }
            if mode.conflicting().meets(self.modes_of(waiter.owner)) {
                return Place::Deadlock(*waiter);
            }
            let passes = !mode.conflicting().meets(ahead) && !self.is_held_against(owner, mode);
            return if passes { Place::Granted } else { Place::At(place) };
        }
        Place::At(self.queue.len())
    }

    /// Takes from the queue whoever need not wait any longer, and makes them holders: `ProcLockWakeup`. Where whoever
    /// is next keeps others out who could be next as well, `choose` says which of them it is.
    pub fn grant(&mut self, choose: &mut dyn FnMut(u32) -> u32, granted: &mut Vec<SessionId>) {
        let mut ahead = Modes::default();
        let mut place = 0;
        while let Some(next) = self.queue.get(place).copied() {
            if next.mode.conflicting().meets(ahead) || self.is_held_against(next.owner, next.mode) {
                ahead.insert(next.mode);
                place += 1;
                continue;
            }
            let taken = self.contender(place, choose);
            let Waiter { owner, mode, depth } = self.queue.remove(taken);
            self.hold(owner, mode, depth, 1);
            granted.push(owner);
        }
    }

    /// The place of whoever is granted: this one, or one behind it that it would keep out, and nobody else does.
    fn contender(&self, place: usize, choose: &mut dyn FnMut(u32) -> u32) -> usize {
        let conflicting = self.queue[place].mode.conflicting();
        let contends = |waiter: &Waiter| {
            conflicting.contains(waiter.mode) && !self.is_held_against(waiter.owner, waiter.mode)
        };
        let behind = (place + 1..self.queue.len()).filter(|at| contends(&self.queue[*at]));
        let candidates: Vec<usize> = std::iter::once(place).chain(behind).collect();
        match candidates.len() {
            1 => place,
            count => candidates[choose(count as u32) as usize],
        }
    }
}
