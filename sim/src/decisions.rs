//! The one door for chance: every question is asked here, answered by the run's [`Source`], checked,
//! and written down if the answer is not calm.
//!
//! ```text
//! asker --choose(lane, site, arity)--> Decisions --choose(key)--> Source
//!                                          |
//!                                          +--> Tape (only what is not calm)
//! ```
//!
//! Answers are *named*, not numbered: a decision's [`Key`] says whose it is, in which of that actor's
//! actions, and the how-manyth of its lane there. Editing or deleting one decision of a tape therefore
//! moves no other, and a schedule survives the loss of an action (ARCHITECTURE.md says what that is worth).

use crate::source::{Choice, Enabled, RunShape, Source};
use crate::units::{Actor, Odds, Step};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// A family of decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lane {
    /// Whose turn it is.
    Schedule = 0,
    /// What a worker does.
    Work = 1,
    /// How late a message is, or that it is lost.
    Link = 2,
    /// What breaks, and when.
    Faults = 3,
    /// What the engine leaves open.
    Backend = 4,
}

impl Lane {
    /// Every lane, in the order of its code.
    pub const ALL: [Lane; 5] = [Lane::Schedule, Lane::Work, Lane::Link, Lane::Faults, Lane::Backend];

    /// The lane's name, as messages print it.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Schedule => "schedule",
            Lane::Work => "work",
            Lane::Link => "link",
            Lane::Faults => "faults",
            Lane::Backend => "backend",
        }
    }
}

/// An actor's local step: the `ordinal`-th of its kind in the actor's `action`-th action.
///
/// In the lane `Schedule` the ordinal counts the actor's turns, in every other lane what was asked there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number of the actor's action; 0 before its first.
    pub action: u32,
    /// The number within the action, from 0.
    pub ordinal: u32,
}

/// The name of a decision: whose it is, of which lane, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
// Laid out as written. The compiler's own order puts `actor` at a multiple of 4 bytes and `lane` behind it,
// and then reads the 2 bytes of the one as 4: a read that covers two fresh writes stalls until both are in
// the cache, a quarter of all that a turn takes.
#[repr(C)]
pub struct Key {
    /// The family of the decision.
    pub lane: Lane,
    /// Whose decision it is.
    pub actor: Actor,
    /// The actor's local step.
    pub place: Place,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Key { lane, actor, place } = self;
        write!(f, "{} decision {} of {actor}'s action {}", lane.name(), place.ordinal, place.action)
    }
}

/// A recorded answer: `index` of `arity` at `site`. Index 0 is always the calm one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What was asked.
    pub site: Cow<'static, str>,
    /// How many answers there were.
    pub arity: u32,
    /// Which was given, below `arity`.
    pub index: u32,
}

/// What one actor's decisions of one kind are, in order of their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track<T>(Vec<(Place, T)>);

impl<T> Default for Track<T> {
    fn default() -> Track<T> {
        Track(Vec::new())
    }
}

impl<T> Track<T> {
    /// What is at this place.
    pub fn get(&self, place: Place) -> Option<&T> {
        let found = self.0.binary_search_by_key(&place, |(place, _)| *place);
        found.ok().map(|index| &self.0[index].1)
    }

    /// Appends what comes after everything that is there.
    ///
    /// # Errors
    /// `place` does not come after the last one; it is given back.
    pub fn push(&mut self, place: Place, value: T) -> Result<(), Place> {
        if self.0.last().is_some_and(|(last, _)| *last >= place) {
            return Err(place);
        }
        self.0.push((place, value));
        Ok(())
    }

    /// Everything, in order.
    pub fn entries(&self) -> &[(Place, T)] {
        &self.0
    }

    /// Keeps what `keep` wants kept.
    pub fn retain(&mut self, mut keep: impl FnMut(Place, &mut T) -> bool) {
        self.0.retain_mut(|(place, value)| keep(*place, value));
    }
}

/// The decisions of a run that are not calm.
///
/// The schedule is the default policy (stay on the current actor, else the lowest id) plus `overrides`:
/// after this turn of this actor, that one comes next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tape {
    /// Where the schedule leaves the default policy, by the actor whose turn it was.
    pub overrides: BTreeMap<Actor, Track<Actor>>,
    /// Every other decision that is not calm.
    pub decisions: BTreeMap<(Lane, Actor), Track<Decision>>,
}

impl Tape {
    /// How many decisions are not calm.
    pub fn len(&self) -> usize {
        let overrides = self.overrides.values().map(|track| track.0.len());
        overrides.chain(self.decisions.values().map(|track| track.0.len())).sum()
    }

    /// Whether every decision is calm.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the schedule goes after this turn, if not where the default policy goes.
    pub fn next_actor(&self, key: Key) -> Option<Actor> {
        self.overrides.get(&key.actor)?.get(key.place).copied()
    }

    /// The answer to this question, if it is not the calm one.
    pub fn decision(&self, key: Key) -> Option<&Decision> {
        self.decisions.get(&(key.lane, key.actor))?.get(key.place)
    }
}

/// The first place where a run left the tape it was to follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at step {step}: {found}, where the tape has {expected}")]
pub struct Divergence {
    /// The step at which it was noticed.
    pub step: Step,
    /// What the tape says.
    pub expected: String,
    /// What the run did or asked.
    pub found: String,
}

/// Where an actor stands, and what of its decisions was not calm so far.
#[derive(Default)]
struct ActorDecisions {
    action: u32,
    /// The ordinals used up in each lane of the action.
    ordinals: [u32; Lane::ALL.len()],
    overrides: Vec<(Place, Actor)>,
    decisions: [Vec<(Place, Decision)>; Lane::ALL.len()],
}

impl ActorDecisions {
    /// Uses up the lane's next ordinal.
    fn next_place(&mut self, lane: Lane) -> Place {
        let ordinal = &mut self.ordinals[lane as usize];
        let place = Place { action: self.action, ordinal: *ordinal };
        *ordinal += 1;
        place
    }
}

/// Asks the source, checks the answer, writes it down.
pub(crate) struct Decisions {
    source: Box<dyn Source>,
    actors: Vec<ActorDecisions>,
    record: bool,
    digest: u64,
    divergence: Option<Divergence>,
}

impl Decisions {
    pub(crate) fn new(mut source: Box<dyn Source>, shape: &RunShape, record: bool) -> Decisions {
        source.begin(shape);
        Decisions { source, actors: Vec::new(), record, digest: 0, divergence: None }
    }

    /// The actor begins its next action: ordinals count from 0 again.
    pub(crate) fn begin_action(&mut self, actor: Actor) -> u32 {
        let decisions = of(&mut self.actors, actor);
        decisions.action += 1;
        decisions.ordinals = Default::default();
        decisions.action
    }

    pub(crate) fn action(&mut self, actor: Actor) -> u32 {
        of(&mut self.actors, actor).action
    }

    /// Folds one answer into the digest: calm answers are in no tape, yet a replay must give them too.
    fn mix(&mut self, word: u64) {
        self.digest = (self.digest ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    }

    /// Whose turn is next, of `enabled`, which is sorted by actor and not empty: an index into it. `calm` is
    /// the default policy's. `None`: the run has left its tape.
    #[inline]
    pub(crate) fn pick(
        &mut self,
        step: Step,
        enabled: &[Enabled],
        calm: usize,
        current: Actor,
    ) -> Option<usize> {
        // Every turn takes its ordinal, forced or not: an override's key must not depend on who else is ready.
        let of_current = of(&mut self.actors, current);
        let place = of_current.next_place(Lane::Schedule);
        if enabled.len() == 1 {
            return Some(0);
        }
        if self.divergence.is_some() {
            return None;
        }
        let key = Key { lane: Lane::Schedule, actor: current, place };
        let index = match self.source.pick(key, enabled, calm) {
            Ok(index) => index,
            Err(divergence) => {
                self.diverge(step, *divergence);
                return None;
            }
        };
        assert!(index < enabled.len(), "a source picks one of the enabled");
        let chosen = enabled[index].actor;
        if index != calm && self.record {
            append(&mut of_current.overrides, (place, chosen));
        }
        self.mix((enabled.len() as u64) << 16 | u64::from(chosen.code()));
        Some(index)
    }

    /// One of `arity` answers to the question `site`, asked by `actor`; 0 is the calm one.
    pub(crate) fn choose(
        &mut self,
        step: Step,
        actor: Actor,
        lane: Lane,
        site: &'static str,
        arity: u32,
        odds: Option<Odds>,
    ) -> u32 {
        assert!(arity > 0, "a choice has at least one answer");
        assert!(lane != Lane::Schedule, "the schedule is picked, not chosen");
        let of_actor = of(&mut self.actors, actor);
        let key = Key { lane, actor, place: of_actor.next_place(lane) };
        if arity == 1 || self.divergence.is_some() {
            return 0;
        }
        let index = match self.source.choose(key, &Choice { site, arity, odds }) {
            Ok(index) => index,
            Err(divergence) => {
                self.diverge(step, *divergence);
                return 0;
            }
        };
        assert!(index < arity, "a source answers below the arity");
        if index != 0 && self.record {
            let decision = Decision { site: Cow::Borrowed(site), arity, index };
            append(&mut of_actor.decisions[lane as usize], (key.place, decision));
        }
        self.mix(u64::from(arity) << 32 | u64::from(index));
        index
    }

    #[cold]
    fn diverge(&mut self, step: Step, divergence: Divergence) {
        self.divergence.get_or_insert(Divergence { step, ..divergence });
    }

    pub(crate) fn worked(&mut self, actor: Actor) {
        self.source.worked(actor);
    }

    /// Tells the source what a step intended that touches nothing.
    pub(crate) fn attempted(&mut self, actor: Actor, intended: &crate::Footprint) {
        self.source.attempted(actor, intended);
    }

    /// Tells the source what the step just taken touched.
    pub(crate) fn observe(&mut self, step: Step, actor: Actor, footprint: &crate::Footprint) {
        self.source.observe(step, actor, footprint);
    }

    /// Ends the run: what was recorded, the digest over every answer, and the first divergence if any.
    pub(crate) fn finish(
        &mut self,
        outcome: &crate::Outcome,
        step: Step,
    ) -> (Option<Tape>, u64, Option<Divergence>) {
        if let Err(divergence) = self.source.end(outcome)
            && !matches!(outcome, crate::Outcome::Halted)
        {
            self.diverge(step, *divergence);
        }
        let tape = self.record.then(|| self.take_tape());
        (tape, self.digest, self.divergence.take())
    }

    /// What was recorded. Each actor's decisions were made in the order of their places.
    fn take_tape(&mut self) -> Tape {
        let mut tape = Tape::default();
        for (index, of_actor) in self.actors.iter_mut().enumerate() {
            let actor = Actor::from_dense(index);
            let overrides = std::mem::take(&mut of_actor.overrides);
            if !overrides.is_empty() {
                tape.overrides.insert(actor, Track(overrides));
            }
            for (lane, decisions) in Lane::ALL.into_iter().zip(&mut of_actor.decisions) {
                if !decisions.is_empty() {
                    tape.decisions.insert((lane, actor), Track(std::mem::take(decisions)));
                }
            }
        }
        tape
    }
}

/// Where this actor stands. Not a method of `Decisions`: it stays borrowed while the source is asked.
fn of(actors: &mut Vec<ActorDecisions>, actor: Actor) -> &mut ActorDecisions {
    let index = actor.dense();
    if index >= actors.len() {
        actors.resize_with(index + 1, ActorDecisions::default);
    }
    &mut actors[index]
}

/// Appends to a list that, once begun, will be long: growing it step by step is most of what recording costs.
#[inline]
fn append<T>(list: &mut Vec<T>, entry: T) {
    if list.len() == list.capacity() {
        list.reserve(128);
    }
    list.push(entry);
}
