//! What the steps of whole runs say they touch: that somebody asks changes nothing, every turn of a worker says
//! something, and what it says before is no less than what it says afterwards.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom::sim::decisions::Key;
use drawloom::sim::source::{Choice, Enabled, Random};
use drawloom::sim::{Actor, Divergence, Footprint, Profile, RunShape, Source, Step};
use drawloom::{Engine, Plan};
use drawloom_replays::{RunOptions, run};
use drawloom_workloads::ALL;
use std::cell::RefCell;
use std::rc::Rc;

/// What the workers' steps said before they were taken, where there was a choice, and after.
type Said = Vec<(Actor, Option<Footprint>, Footprint)>;

/// Draws, lets time pass only where nothing else can, so that no wait for a lock runs out, and has an ear for
/// what steps touch.
struct Drawing {
    listens: bool,
    inner: Random,
    intended: Vec<Enabled>,
    said: Rc<RefCell<Said>>,
}

impl Source for Drawing {
    fn begin(&mut self, shape: &RunShape) {
        self.inner.begin(shape);
    }

    fn pick(&mut self, key: Key, enabled: &[Enabled], calm: usize) -> Result<usize, Box<Divergence>> {
        self.intended = enabled.to_vec();
        let picked = self.inner.pick(key, enabled, calm)?;
        Ok(if enabled[picked].actor == Actor::CLOCK { calm } else { picked })
    }

    fn choose(&mut self, key: Key, choice: &Choice) -> Result<u32, Box<Divergence>> {
        self.inner.choose(key, choice)
    }

    fn observes(&self) -> bool {
        self.listens
    }

    fn observe(&mut self, _: Step, actor: Actor, footprint: &Footprint) {
        let intended = self.intended.drain(..).find(|enabled| enabled.actor == actor);
        if actor.as_worker().is_some() {
            self.said.borrow_mut().push((
                actor,
                intended.map(|enabled| enabled.footprint),
                footprint.clone(),
            ));
        }
    }
}

/// What is said in runs of a workload's variant, having made sure that nothing comes of asking.
fn listen(workload: &str, variant: &str, network: Profile) -> Said {
    let plan = Plan { network, actions: 5, ..Plan::usual(workload, variant).unwrap() };
    let mut all = Vec::new();
    for seed in 0..5 {
        let said = Rc::default();
        let [heard, unheard] = [true, false].map(|listens| {
            let (inner, said) = (Random::new(seed), Rc::clone(&said));
            let source = Drawing { listens, inner, intended: Vec::new(), said };
            run(&plan, Box::new(source), RunOptions::default()).unwrap()
        });
        assert_eq!(heard.decisions_digest, unheard.decisions_digest, "{workload} {variant}");
        assert!(heard.history == unheard.history, "{workload} {variant}");
        all.append(&mut said.borrow_mut());
    }
    all
}

fn variants() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |workload: &'static &'static dyn drawloom_workloads::Workload| {
        workload.variants().iter().map(move |variant| (workload.name(), variant.name))
    };
    ALL.iter().filter(|workload| Engine::default().speaks(**workload)).flat_map(of)
}

/// Two of its variants go by the clock, which every step moves.
fn looks_at_the_clock(workload: &str) -> bool {
    workload == "sync"
}

#[test]
fn every_turn_of_a_worker_says_what_it_touches() {
    for (workload, variant) in variants().filter(|(workload, _)| !looks_at_the_clock(workload)) {
        let said = listen(workload, variant, Profile::Direct);
        let unknown = said.iter().filter(|(.., touched)| *touched == Footprint::Unknown).count();
        assert_eq!(unknown, 0, "of {} turns in {workload} {variant}", said.len());
    }
}

#[test]
fn a_turn_touches_no_more_than_it_intends() {
    for (workload, variant) in variants().filter(|(workload, _)| !looks_at_the_clock(workload)) {
        for network in [Profile::Direct, Profile::Lan] {
            for (actor, intended, touched) in listen(workload, variant, network) {
                let covered = intended.as_ref().is_none_or(|intended| intended.covers(&touched));
                assert!(covered, "{workload} {variant}, {actor}: {intended:?} and then {touched:?}");
            }
        }
    }
}
