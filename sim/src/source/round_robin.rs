//! Everybody in turn, and otherwise calm: the plainest schedule that still interleaves.

use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key};
use crate::units::Actor;

/// Picks the next actor after the last one, in id order, round and round; time passes only when it must.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    last: Option<Actor>,
}

impl RoundRobin {
    /// Starts with the lowest id.
    pub fn new() -> RoundRobin {
        RoundRobin::default()
    }
}

impl Source for RoundRobin {
    fn begin(&mut self, _shape: &super::RunShape) {
        self.last = None;
    }

    fn pick(&mut self, _key: Key, enabled: &[Enabled], _calm: usize) -> Result<usize, Box<Divergence>> {
        let after_last = enabled
            .iter()
            .position(|candidate| candidate.actor != Actor::CLOCK && Some(candidate.actor) > self.last);
        let index = after_last.unwrap_or(0);
        self.last = Some(enabled[index].actor);
        Ok(index)
    }

    fn choose(&mut self, _key: Key, _choice: &Choice) -> Result<u32, Box<Divergence>> {
        Ok(0)
    }
}
