//! What the steps of whole runs say they touch: that somebody asks changes nothing, every turn of a worker says
//! something, and what it says before is no less than what it says afterwards.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use drawloom::mock::{self, Isolation};
use drawloom::sim::decisions::Key;
use drawloom::sim::source::{Choice, Enabled, Random};
use drawloom::sim::{Actor, Divergence, Footprint, Profile, RunShape, Source, Step};
use drawloom::{Engine, Plan};
use drawloom_replays::{RunOptions, run};
use drawloom_workloads::{ALL, Workload};
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
fn listen(workload: &str, variant: &str, network: Profile, engine: &Engine) -> Said {
    let engine = engine.clone();
    let plan = Plan { network, actions: 5, engine, ..Plan::usual(workload, variant).unwrap() };
    let mut all = Vec::new();
    for seed in 0..3 {
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

fn variants() -> impl Iterator<Item = (&'static dyn Workload, &'static str)> {
    let of = |workload: &'static &'static dyn Workload| {
        workload.variants().iter().map(move |variant| (*workload, variant.name))
    };
    ALL.iter().flat_map(of).filter(|(workload, _)| !looks_elsewhere(*workload))
}

/// SQLite, and the mock at every level, if they speak the workload's SQL.
fn engines(workload: &'static dyn Workload) -> impl Iterator<Item = Engine> {
    let mock = |isolation| Engine::Mock(mock::Options { isolation, ..mock::Options::default() });
    let all = std::iter::once(Engine::default()).chain(Isolation::ALL.map(mock));
    all.filter(move |engine| engine.speaks(workload))
}

/// Some actions go by the clock, which every step moves, or by what others have noted.
fn looks_elsewhere(workload: &dyn Workload) -> bool {
    ["sync", "migration"].contains(&workload.name())
}

/// Definitions and cursors touch what is not told.
fn tells_all(workload: &dyn Workload) -> bool {
    Engine::default().speaks(workload)
}

#[test]
fn every_turn_of_a_worker_says_what_it_touches() {
    for (workload, variant) in variants().filter(|(workload, _)| tells_all(*workload)) {
        for engine in engines(workload) {
            let workload = workload.name();
            let said = listen(workload, variant, Profile::Direct, &engine);
            let unknown = said.iter().filter(|(.., touched)| *touched == Footprint::Unknown).count();
            assert_eq!(
                unknown,
                0,
                "of {} turns in {workload} {variant} on {}",
                said.len(),
                engine.called("it")
            );
        }
    }
}

#[test]
fn a_turn_touches_no_more_than_it_intends() {
    for (workload, variant) in variants() {
        for network in [Profile::Direct, Profile::Lan] {
            for engine in engines(workload) {
                let workload = workload.name();
                for (actor, intended, touched) in listen(workload, variant, network, &engine) {
                    let covered = intended.as_ref().is_none_or(|intended| intended.covers(&touched));
                    assert!(covered, "{workload} {variant}, {actor}: {intended:?} and then {touched:?}");
                }
            }
        }
    }
}
