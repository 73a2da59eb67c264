//! A run that is much like another, but for one handoff, which is turned round: who touched something first
//! waits before it does, until who touched it next has.
//!
//! To turn round the order of two steps that conflict is how partial-order reduction goes from one
//! interleaving to another that differs (Flanagan and Godefroid, POPL 2005); to do it in the runs that show
//! something new is feedback.

use super::handoffs::Handoff;
use super::{Choice, Enabled, Lenient, Source};
use crate::decisions::{Divergence, Key, Tape};
use crate::footprint::Footprint;
use crate::units::{Actor, Step};

/// Follows a tape leniently, but for the handoff.
pub struct Mutant {
    tape: Lenient,
    handoff: Handoff,
    picks: u32,
    is_over: bool,
}

/// Nobody waits for longer than this many schedule decisions: the other one may never come.
const WAIT_PICKS_MAX: u32 = 200;

impl Mutant {
    /// The run of this tape, with this one of its handoffs turned round.
    pub fn new(tape: Tape, handoff: Handoff) -> Mutant {
        Mutant { tape: Lenient::new(tape), handoff, picks: 0, is_over: false }
    }

    /// Whether who touched it first is to wait.
    fn waits(&self) -> bool {
        let since = self.handoff.picks.max(1);
        !self.is_over && (since..since.saturating_add(WAIT_PICKS_MAX)).contains(&self.picks)
    }
}

impl Source for Mutant {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        self.picks += 1;
        let picked = self.tape.pick(key, enabled, calm)?;
        if !self.waits() {
            return Ok(picked);
        }
        let place_of = |actor: Actor| enabled.iter().position(|it| it.actor == actor);
        let may_go = |it: &Enabled| it.actor != self.handoff.from && it.actor != Actor::CLOCK;
        let others = || enabled.iter().position(may_go);
        let instead = if may_go(&enabled[picked]) { Some(picked) } else { others() };
        Ok(place_of(self.handoff.to).or(instead).unwrap_or(picked))
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.tape.choose(key, choice)
    }

    fn observes(&self) -> bool {
        true
    }

    fn observe(&mut self, _step: Step, actor: Actor, footprint: &Footprint) {
        let touches = || {
            footprint.accesses().iter().any(|access| {
                access.resource == self.handoff.access.resource
                    && (self.handoff.access.part.is_none() || access.part == self.handoff.access.part)
            })
        };
        if self.waits() && actor == self.handoff.to && touches() {
            self.is_over = true;
        }
    }
}
