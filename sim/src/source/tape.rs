//! Answers read from a tape: strictly, to replay a run and prove that it is the same; leniently, to run an
//! edited one.

use super::{Choice, Enabled, Source};
use crate::decisions::{Divergence, Key, Tape};
use crate::executor::Outcome;
use crate::units::Step;

fn divergence(expected: String, found: String) -> Box<Divergence> {
    // The step is filled in by `Decisions`, which knows it.
    Box::new(Divergence { step: Step::default(), expected, found })
}

/// Replays a tape and insists on it: a question with another site or arity, an actor that is not ready
/// when its turn was recorded, or an answer that nobody asks for is a [`Divergence`].
#[derive(Clone, Debug)]
pub struct Strict {
    tape: Tape,
    used: usize,
}

impl Strict {
    /// Follows this tape.
    pub fn new(tape: Tape) -> Strict {
        Strict { tape, used: 0 }
    }
}

impl Source for Strict {
    fn begin(&mut self, _shape: &super::RunShape) {
        self.used = 0;
    }

    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        let Some(chosen) = self.tape.next_actor(key) else { return Ok(calm) };
        self.used += 1;
        enabled.iter().position(|candidate| candidate.actor == chosen).ok_or_else(|| {
            let ready: Vec<String> = enabled.iter().map(|candidate| candidate.actor.to_string()).collect();
            divergence(
                format!("{chosen} going next ({key})"),
                format!("{chosen} is not ready (ready: {})", ready.join(", ")),
            )
        })
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        let Some(decision) = self.tape.decision(key) else { return Ok(0) };
        self.used += 1;
        if decision.site != choice.site || decision.arity != choice.arity || decision.index >= choice.arity {
            return Err(divergence(
                format!("\"{}\" with answer {} of {} ({key})", decision.site, decision.index, decision.arity),
                format!("\"{}\" of {} is asked", choice.site, choice.arity),
            ));
        }
        Ok(decision.index)
    }

    fn end(&mut self, _outcome: &Outcome) -> Result<(), Box<Divergence>> {
        if self.used == self.tape.len() {
            return Ok(());
        }
        Err(divergence(
            format!("{} decisions", self.tape.len()),
            format!("the run is over after {} of them were asked for", self.used),
        ))
    }
}

/// Runs any tape, however it was edited: what does not fit is answered calmly. What the run really chose
/// is recorded as usual, so an edited tape normalises itself.
#[derive(Clone, Debug)]
pub struct Lenient {
    tape: Tape,
}

impl Lenient {
    /// Follows this tape as far as it goes.
    pub fn new(tape: Tape) -> Lenient {
        Lenient { tape }
    }
}

impl Source for Lenient {
    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        let chosen = self.tape.next_actor(key);
        Ok(chosen.and_then(|chosen| enabled.iter().position(|c| c.actor == chosen)).unwrap_or(calm))
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        let fits = |index: &u32| *index < choice.arity;
        Ok(self.tape.decision(key).map(|decision| decision.index).filter(fits).unwrap_or(0))
    }
}
