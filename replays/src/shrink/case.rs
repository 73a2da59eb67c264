//! What a failing run is made of, and how parts of it are left out.

use drawloom_sim::faults::{Fault, FaultPlan};
use drawloom_sim::{Actor, Decision, Lane, Place, Profile, Tape, Track};
use std::collections::{BTreeMap, BTreeSet};

/// What a failing run is made of, other than what is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// How many workers there are.
    pub workers: u16,
    /// How many actions each of them has, those it rests in counted too.
    pub actions: u32,
    /// How the network behaves.
    pub network: Profile,
    /// What may break.
    pub faults: FaultPlan,
    /// Every decision that is not calm.
    pub tape: Tape,
}

/// One action of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Whose action.
    pub actor: Actor,
    /// The number of the action.
    pub action: u32,
}

/// An override of a schedule: after this turn of `actor`, `next` comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Override {
    /// Whose turn it was.
    pub actor: Actor,
    /// Which.
    pub place: Place,
    /// Who is next.
    pub next: Actor,
}

/// A decision of a tape, by name.
pub type Named = (Lane, Actor, Place);

/// The question by which a worker decides what its action is: the first that it asks in the lane `Work`.
fn is_action(lane: Lane, actor: Actor, place: Place) -> bool {
    lane == Lane::Work && actor.as_worker().is_some() && place.action > 0 && place.ordinal == 0
}

/// The question by which the faults decide that something breaks now.
pub(super) const BREAK: &str = "break something";

/// Whether something breaks by this decision.
pub(super) fn is_break(lane: Lane, decision: &Decision) -> bool {
    lane == Lane::Faults && decision.site == BREAK
}

/// The answer that stands for worker 0, if the question is which worker something happens to.
fn first_victim(decision: &Decision) -> Option<u32> {
    match &*decision.site {
        "which worker" => Some(0),
        "who crashes" => Some(1), // 0 is the database
        _ => None,
    }
}

/// The decision, of workers with other names.
fn with_victim(decision: &Decision, rename: impl Fn(Part) -> Option<Part>) -> Decision {
    let victim = || {
        let first = first_victim(decision)?;
        let number = u16::try_from(decision.index.checked_sub(first)?).ok()?;
        let renamed = rename(Part { actor: Actor::worker(number), action: 0 })?;
        Some(first + u32::from(renamed.actor.as_worker()?))
    };
    Decision { index: victim().unwrap_or(decision.index), ..decision.clone() }
}

impl Case {
    /// The actions that are not rested in, by worker.
    pub fn parts(&self) -> Vec<Part> {
        parts_of(&self.tape)
    }

    /// The workers that do something.
    pub fn busy(&self) -> BTreeSet<Actor> {
        self.parts().into_iter().map(|part| part.actor).collect()
    }

    /// The decisions that say neither whose turn it is, nor what an action is.
    pub fn details(&self) -> Vec<Named> {
        named(&self.tape, |lane, actor, place| !is_action(lane, actor, place))
    }

    /// The schedule's overrides.
    pub fn overrides(&self) -> Vec<Override> {
        let all = self.tape.overrides.iter().flat_map(|(actor, track)| {
            track.entries().iter().map(|(place, next)| Override { actor: *actor, place: *place, next: *next })
        });
        all.collect()
    }

    /// The case with this schedule.
    pub fn with_overrides(&self, overrides: &[Override]) -> Case {
        let decisions = self.tape.decisions.clone();
        self.with_tape(Tape {
            overrides: tracks(overrides.iter().map(|it| (it.actor, it.place, it.next))),
            decisions,
        })
    }

    /// The case with this tape.
    pub fn with_tape(&self, tape: Tape) -> Case {
        Case { faults: self.faults.clone(), tape, ..*self }
    }

    /// The case in which only these actions are done, and all others rested in.
    pub fn with_parts(&self, kept: &[Part]) -> Case {
        let kept: BTreeSet<Part> = kept.iter().copied().collect();
        let busy: BTreeSet<Actor> = kept.iter().map(|part| part.actor).collect();
        let gone: BTreeSet<Part> = self.parts().into_iter().filter(|part| !kept.contains(part)).collect();
        let idle = |actor: Actor| actor.as_worker().is_some() && !busy.contains(&actor);
        let stays = |actor: Actor, place: Place| {
            !idle(actor) && !gone.contains(&Part { actor, action: place.action })
        };
        let mut tape = self.tape.clone();
        tape.decisions.retain(|(_, actor), track| {
            track.retain(|place, _| stays(*actor, place));
            !track.entries().is_empty()
        });
        tape.overrides.retain(|actor, track| {
            track.retain(|place, next| stays(*actor, place) && !idle(*next));
            !track.entries().is_empty()
        });
        self.with_tape(tape)
    }

    /// The case, which was made of `before` by leaving out actions, with the messages moved of each action that
    /// became its worker's first: it connects now, and that takes a message there and one back.
    pub(super) fn connecting(&self, before: &Case) -> Case {
        let asked = match self.network {
            Profile::Direct => 0,
            Profile::Lan => 2,
            Profile::Flaky => 4,
        };
        let first = |case: &Case, actor| case.parts().into_iter().find(|part| part.actor == actor);
        let moved = self.busy().into_iter().filter_map(|actor| {
            let now = first(self, actor)?;
            (first(before, actor) != Some(now)).then_some(now)
        });
        let moved: BTreeSet<Part> = moved.collect();
        let decisions = self.tape.decisions.iter().map(|((lane, actor), track)| {
            let mut shifted = Track::default();
            for (place, decision) in track.entries() {
                let moves =
                    *lane == Lane::Link && moved.contains(&Part { actor: *actor, action: place.action });
                let ordinal = place.ordinal + if moves { asked } else { 0 };
                let place = Place { ordinal, ..*place };
                shifted.push(place, decision.clone()).expect("a whole action moves, and stays in order");
            }
            ((*lane, *actor), shifted)
        });
        self.with_tape(Tape { overrides: self.tape.overrides.clone(), decisions: decisions.collect() })
    }

    /// The case in which only these of the [`details`](Case::details) are not calm.
    pub fn with_details(&self, kept: &[Named]) -> Case {
        let kept: BTreeSet<Named> = kept.iter().copied().collect();
        let mut tape = self.tape.clone();
        tape.decisions.retain(|(lane, actor), track| {
            track
                .retain(|place, _| is_action(*lane, *actor, place) || kept.contains(&(*lane, *actor, place)));
            !track.entries().is_empty()
        });
        self.with_tape(tape)
    }

    /// The case with another answer to one question.
    pub fn with_answer(&self, (lane, actor, place): Named, index: u32) -> Case {
        let mut tape = self.tape.clone();
        if let Some(track) = tape.decisions.get_mut(&(lane, actor)) {
            track.retain(|at, decision| {
                if at == place {
                    decision.index = index;
                }
                decision.index > 0
            });
        }
        tape.decisions.retain(|_, track| !track.entries().is_empty());
        self.with_tape(tape)
    }

    /// The cases with the largest values: for each question that a workload asks, with the highest answer
    /// wherever the answer is not calm.
    pub fn raised(&self) -> Vec<Case> {
        let of_work = |lane, actor, place| lane == Lane::Work && !is_action(lane, actor, place);
        let mut by_site: BTreeMap<&str, Vec<Named>> = BTreeMap::new();
        for named in named(&self.tape, of_work) {
            let (lane, actor, place) = named;
            let decision = self.tape.decisions.get(&(lane, actor)).and_then(|track| track.get(place));
            by_site.entry(decision.map_or("", |decision| &*decision.site)).or_default().push(named);
        }
        let raise = |named: Vec<Named>| {
            named
                .into_iter()
                .fold(self.clone(), |case, named| case.with_answer(named, case.answer(named).1 - 1))
        };
        by_site.into_values().map(raise).collect()
    }

    /// The answer to this question, 0 if it is calm; and how many answers there are.
    pub fn answer(&self, (lane, actor, place): Named) -> (u32, u32) {
        let decision = self.tape.decisions.get(&(lane, actor)).and_then(|track| track.get(place));
        decision.map_or((0, 1), |decision| (decision.index, decision.arity))
    }

    /// The case with its workers and actions named otherwise. `rename` says whose decision becomes whose; what
    /// it has no name for is left out.
    pub fn renamed(&self, rename: impl Fn(Part) -> Option<Part>) -> Case {
        let part = |actor: Actor, place: Place| {
            let to = rename(Part { actor, action: place.action })?;
            Some((to.actor, Place { action: to.action, ..place }))
        };
        let overrides = self.overrides().into_iter().filter_map(|it| {
            let (actor, place) = part(it.actor, it.place)?;
            Some((actor, place, rename(Part { actor: it.next, action: 0 })?.actor))
        });
        let mut decisions: BTreeMap<Lane, Vec<(Actor, Place, Decision)>> = BTreeMap::new();
        for ((lane, actor), track) in &self.tape.decisions {
            for (place, decision) in track.entries() {
                if let Some((actor, place)) = part(*actor, *place) {
                    let decision = match lane {
                        Lane::Faults => with_victim(decision, &rename),
                        _ => decision.clone(),
                    };
                    let of_lane = decisions.entry(*lane).or_default();
                    of_lane.extend((decision.index > 0).then_some((actor, place, decision)));
                }
            }
        }
        let decisions = decisions.into_iter().flat_map(|(lane, decisions)| {
            tracks(decisions.into_iter()).into_iter().map(move |(actor, track)| ((lane, actor), track))
        });
        self.with_tape(Tape { overrides: tracks(overrides), decisions: decisions.collect() })
    }

    /// The case as words: equal for equal cases. A tape that ends earlier, or answers lower, comes first.
    pub(super) fn words(&self) -> Vec<u32> {
        let Case { workers, actions, network, faults, tape } = self;
        let kinds = faults.kinds.iter().fold(0, |kinds, kind| {
            kinds | 1 << Fault::ALL.iter().position(|known| known == kind).unwrap_or(Fault::ALL.len())
        });
        let mut words = Vec::with_capacity(8 + 5 * tape.len());
        words.extend([u32::from(*workers), *actions, *network as u32, kinds, u32::from(faults.swarm)]);
        for (actor, track) in &tape.overrides {
            for (place, next) in track.entries() {
                let who = u32::from(actor.code()) << 16 | u32::from(next.code());
                words.extend([place.action, place.ordinal, who]);
            }
        }
        words.push(u32::MAX);
        for ((lane, actor), track) in &tape.decisions {
            let who = u32::from(actor.code()) << 8 | *lane as u32;
            for (place, decision) in track.entries() {
                words.extend([who, place.action, place.ordinal, decision.index]);
            }
        }
        words
    }
}

/// The actions of a tape that are not rested in, by worker.
pub(super) fn parts_of(tape: &Tape) -> Vec<Part> {
    let named = named(tape, is_action);
    named.into_iter().map(|(_, actor, place)| Part { actor, action: place.action }).collect()
}

fn named(tape: &Tape, wanted: impl Fn(Lane, Actor, Place) -> bool) -> Vec<Named> {
    let all = tape
        .decisions
        .iter()
        .flat_map(|((lane, actor), track)| track.entries().iter().map(|(place, _)| (*lane, *actor, *place)));
    all.filter(|(lane, actor, place)| wanted(*lane, *actor, *place)).collect()
}

/// Tracks of what is in any order; of two at one place the first stays.
fn tracks<T>(entries: impl Iterator<Item = (Actor, Place, T)>) -> BTreeMap<Actor, Track<T>> {
    let mut sorted: Vec<(Actor, Place, T)> = entries.collect();
    sorted.sort_by_key(|(actor, place, _)| (*actor, *place));
    let mut tracks: BTreeMap<Actor, Track<T>> = BTreeMap::new();
    for (actor, place, value) in sorted {
        // What is refused stands at the place of the one before.
        let _ = tracks.entry(actor).or_default().push(place, value);
    }
    tracks
}
