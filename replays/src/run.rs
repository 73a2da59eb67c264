//! One run: setup, work while things break, and a look at what is left.
//!
//! ```text
//! Setup: actor `setup`, direct network
//! Work:  the workers, and the faults        until every worker is done
//! Probe: network healed, database up again; what is still under way ends; actor `checks`
//! ```

use crate::plan::Plan;
use drawloom_model::session::Wiring;
use drawloom_model::{
    Dialect, FaultEvent, Finding, History, Observation, Phase, Recorder, Server, SqlError, oracle,
};
use drawloom_sim::executor::{Ending, Until};
use drawloom_sim::faults::{self, Target};
use drawloom_sim::{
    Actor, Divergence, Executor, Network, Outcome, Profile, RunShape, Sim, SimTime, SlotId, Source, Step,
    StuckSlot, Tape,
};
use drawloom_workloads::{Client, WorkerPlan, work};
use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

/// How to run, other than what decides the run.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunOptions {
    /// Keep the decisions.
    pub record: bool,
    /// Stop after this step.
    pub halt_at: Option<Step>,
    /// Take the database as it is when the run stops.
    pub snapshot: bool,
}

/// What a run was.
pub struct Run {
    /// The decisions that were not calm, if they were recorded.
    pub tape: Option<Tape>,
    /// Everything observable.
    pub history: History,
    /// What the oracles found, the earliest first.
    pub findings: Vec<Finding>,
    /// A digest over every decision, the calm ones too.
    pub decisions_digest: u64,
    /// Where the run first left the tape it was to follow.
    pub divergence: Option<Divergence>,
    /// How many turns it took.
    pub steps: Step,
    /// How long it took in simulated time.
    pub duration: SimTime,
    /// The engine and its version.
    pub fingerprint: String,
    /// The database as it was when the run stopped, if it was asked for.
    pub snapshot: Option<Result<Vec<u8>, SqlError>>,
}

/// Why there was no run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The database could not be prepared: nothing was tested.
    #[error("the database could not be prepared: {0}")]
    Setup(SqlError),
}

/// Runs a plan, with every choice answered by the source. The same plan and the same answers give the same
/// run, bit for bit.
///
/// # Errors
/// [`RunError::Setup`]: the workload's setup failed.
pub fn run(plan: &Plan, source: Box<dyn Source>, options: RunOptions) -> Result<Run, RunError> {
    let shape = RunShape { workers: plan.workers, actions: plan.actions };
    let mut executor = Executor::new(source, &shape, options.record, steps_max(&shape));
    executor.halt_at(options.halt_at);
    let sim = executor.sim();
    let recorder = Recorder::new(sim.clone(), events_usual(&shape));
    let network = Rc::new(Network::new(Profile::Direct));
    let backend = plan.engine.backend();
    let fingerprint = backend.fingerprint();
    let server = Rc::new(Server::new(sim.clone(), recorder.clone(), backend));
    let wiring = Wiring {
        sim: sim.clone(),
        network: network.clone(),
        server: server.clone(),
        recorder: recorder.clone(),
    };
    let panics = recorder.clone();
    executor.on_panic(move |actor, message| panics.record(actor, Observation::Panic { message }));

    let mut stage = Stage { plan, executor, wiring };
    let outcome = stage.play()?;
    let Stage { executor, .. } = stage;

    let snapshot = options.snapshot.then(|| server.snapshot());
    let history = recorder.take();
    let findings = oracle::judge(&history);
    let (steps, duration) = (sim.step(), sim.now());
    let Ending { tape, digest, divergence } = executor.finish(&outcome);
    Ok(Run {
        tape,
        history,
        findings,
        decisions_digest: digest,
        divergence,
        steps,
        duration,
        fingerprint,
        snapshot,
    })
}

/// About as many events as a run has: memory that need not be moved.
fn events_usual(shape: &RunShape) -> usize {
    let actions = u64::from(shape.workers) * u64::from(shape.actions);
    64 + (actions * 8).min(1 << 20) as usize
}

/// Beyond this many turns a run does not end by itself: many times what the slowest real one takes.
fn steps_max(shape: &RunShape) -> u32 {
    let actions = u32::from(shape.workers).saturating_mul(shape.actions);
    actions.saturating_mul(2_000).saturating_add(50_000)
}

/// The parts of a run that its phases share.
struct Stage<'a> {
    plan: &'a Plan,
    executor: Executor,
    wiring: Wiring,
}

impl Stage<'_> {
    fn play(&mut self) -> Result<Outcome, RunError> {
        let outcome = self.set_up()?;
        if outcome != Outcome::Finished {
            return Ok(outcome);
        }
        let outcome = self.work();
        if outcome != Outcome::Finished {
            return Ok(outcome);
        }
        Ok(self.probe())
    }

    fn begin(&self, actor: Actor, phase: Phase) {
        self.wiring.recorder.record(actor, Observation::Phase(phase));
    }

    fn set_up(&mut self) -> Result<Outcome, RunError> {
        self.begin(Actor::SETUP, Phase::Setup);
        let failure = Rc::new(RefCell::new(None));
        let (server, failed, workload) = (self.wiring.server.clone(), failure.clone(), self.plan.workload);
        let mut client = self.client(Actor::SETUP);
        self.wiring.sim.spawn(Actor::SETUP, "setup", true, async move {
            let prepared = match server.boot() {
                Ok(()) => workload.setup(&mut client).await,
                Err(error) => Err(error),
            };
            *failed.borrow_mut() = prepared.err();
        });
        let outcome = self.executor.run(Until::EssentialDone);
        match failure.take() {
            Some(error) => Err(RunError::Setup(error)),
            None => Ok(self.note_end(outcome)),
        }
    }

    fn work(&mut self) -> Outcome {
        self.begin(Actor::SETUP, Phase::Work);
        // What was prepared is not what a crash is to be tried on.
        self.wiring.server.settle();
        self.wiring.network.set_profile(self.plan.network);
        let crew = Rc::new(Crew::new(self.plan, self.wiring.clone()));
        let sim = &self.wiring.sim;
        let plan = self.plan.faults.clone();
        let faults = (!plan.kinds.is_empty()).then(|| {
            let inject = faults::inject(sim.clone(), self.wiring.network.clone(), plan, crew.clone());
            sim.spawn(Actor::FAULTS, "faults", false, inject)
        });
        let outcome = self.executor.run(Until::EssentialDone);
        faults.into_iter().for_each(|slot| self.wiring.sim.kill(slot));
        self.note_end(outcome)
    }

    fn probe(&mut self) -> Outcome {
        self.begin(Actor::CHECKS, Phase::Probe);
        self.wiring.network.heal();
        self.wiring.server.stop_old_primary();
        self.wiring.server.start();
        // What dead workers had sent still arrives, before anybody looks.
        let outcome = self.executor.run(Until::AllDone);
        if outcome != Outcome::Finished {
            return self.note_end(outcome);
        }
        let workload = self.plan.workload;
        let mut client = self.client(Actor::CHECKS);
        self.wiring.sim.spawn(Actor::CHECKS, "checks", true, async move {
            if let Err(error) = workload.check(&mut client).await {
                client.expect("the final state can be read", false, "rows", error, []);
            }
        });
        let outcome = self.executor.run(Until::AllDone);
        self.note_end(outcome)
    }

    /// That workers do not end is something observed.
    fn note_end(&self, outcome: Outcome) -> Outcome {
        let named = |slots: &[StuckSlot]| {
            slots.iter().map(|slot| (slot.actor, Cow::Borrowed(slot.name))).collect::<Vec<_>>()
        };
        let what = match &outcome {
            Outcome::Stuck(slots) => Observation::Deadlock { waiting: named(slots) },
            Outcome::StepsExhausted(slots) => Observation::Livelock { running: named(slots) },
            Outcome::Finished | Outcome::Halted | Outcome::Diverged => return outcome,
        };
        self.wiring.recorder.record(Actor::CHECKS, what);
        outcome
    }

    fn client(&self, actor: Actor) -> Client {
        Client::new(self.wiring.clone(), actor, self.plan.variant.name, self.plan.engine.dialect())
    }
}

/// The workers, as what the faults are done to.
struct Crew {
    wiring: Wiring,
    plan: WorkerPlan,
    dialect: Dialect,
    slots: RefCell<Vec<SlotId>>,
}

impl Crew {
    fn new(plan: &Plan, wiring: Wiring) -> Crew {
        let worker_plan = WorkerPlan {
            workload: plan.workload,
            variant: plan.variant.name,
            actions: plan.actions,
            left_out: plan.left_out.clone().into(),
        };
        let dialect = plan.engine.dialect();
        let crew = Crew { wiring, plan: worker_plan, dialect, slots: RefCell::default() };
        let slots = (0..plan.workers).map(|number| crew.spawn(Actor::worker(number))).collect();
        *crew.slots.borrow_mut() = slots;
        crew
    }

    fn spawn(&self, worker: Actor) -> SlotId {
        let client = Client::new(self.wiring.clone(), worker, self.plan.variant, self.dialect);
        self.wiring.sim.spawn(worker, "worker", true, work(self.plan.clone(), client))
    }

    fn slot(&self, worker: Actor) -> SlotId {
        let number = worker.as_worker().expect("faults choose among the workers");
        self.slots.borrow()[usize::from(number)]
    }

    fn sim(&self) -> &Sim {
        &self.wiring.sim
    }

    fn record(&self, event: FaultEvent) {
        self.wiring.recorder.record(Actor::FAULTS, Observation::Fault(event));
    }
}

impl Target for Crew {
    fn workers(&self) -> u16 {
        self.slots.borrow().len() as u16
    }

    fn crash_database(&self) {
        self.wiring.server.crash();
    }

    fn stop_database(&self) {
        self.wiring.server.stop();
    }

    fn start_database(&self) {
        self.wiring.server.start();
    }

    fn fail_over(&self) {
        self.wiring.server.fail_over();
    }

    fn stop_old_primary(&self) {
        self.wiring.server.stop_old_primary();
    }

    fn crash_worker(&self, worker: Actor) {
        let slot = self.slot(worker);
        if !self.sim().is_live(slot) {
            return; // it is done
        }
        self.record(FaultEvent::WorkerCrashed(worker));
        self.sim().kill(slot);
        let number = usize::from(worker.as_worker().expect("a worker has a number"));
        self.slots.borrow_mut()[number] = self.spawn(worker);
    }

    fn cancel(&self, worker: Actor) {
        self.record(FaultEvent::Cancelled(worker));
        self.wiring.server.cancel(worker);
    }

    fn pause(&self, worker: Actor, until: SimTime) {
        let slot = self.slot(worker);
        if !self.sim().is_live(slot) {
            return;
        }
        self.record(FaultEvent::Paused { worker, until });
        self.sim().pause(slot);
        let sim = self.sim().clone();
        self.sim().spawn(Actor::FAULTS, "end of a pause", false, async move {
            sim.sleep_until(until).await;
            sim.resume(slot);
        });
    }

    fn partition(&self, worker: Actor, until: SimTime) {
        self.record(FaultEvent::Partitioned { worker, until });
    }
}
