//! What failing runs shrink to, and what it takes: the programs in memory, and a lost transfer on SQLite.

use crate::outside::{time, time_of_all_threads};
use crate::programs::Program;
use crate::programs::ours::{Prepared, WORKERS};
use crate::search::census;
use crate::table::Table;
use drawloom_replays::shrink::{
    Attempt, Case, Course, EXECUTIONS_MAX, Moment, Progress, Reduced, Shrunk, Subject, Watched, reduce,
    shrink,
};
use drawloom_replays::{Plan, Replay, codec, search};
use drawloom_sim::faults::FaultPlan;
use drawloom_sim::source::Strategy;
use drawloom_sim::{Host, Profile, Tape};
use std::ops::ControlFlow;
use std::time::Duration;

/// Failures of each program.
const FAILURES: usize = 40;
/// Failures on SQLite.
const TRANSFERS: usize = 20;

pub fn measure(table: &mut Table) {
    in_memory(table, Program::Easy);
    in_memory(table, Program::Mid);
    on_sqlite(table);
}

fn go_on(_: Progress<'_>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn most<T, N: Ord + Default>(of: &[T], number: impl Fn(&T) -> N) -> N {
    of.iter().map(number).max().unwrap_or_default()
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// A program that is to lose money.
struct Loses<'a>(&'a Prepared);

impl Subject for Loses<'_> {
    fn attempt(&mut self, case: &Case, _order: Option<&[Moment]>) -> Attempt {
        let (source, preemptions) = Watched::new(case.tape.clone());
        let ran = self.0.run(Box::new(source), true);
        if !ran.lost {
            return Attempt::Otherwise;
        }
        let tape = ran.tape.expect("it was recorded");
        Attempt::Alike(Course { tape, preemptions: preemptions.get(), ..Course::default() })
    }
}

fn in_memory(table: &mut Table, program: Program) {
    let prepared = Prepared::new(program);
    let census = census(&prepared);
    let runs = (0..).map(|seed| prepared.run(Strategy::Urw.source(seed, &census), true));
    let lost = runs.filter(|ran| ran.lost).filter_map(|ran| ran.tape).take(FAILURES);
    let shrink = |tape: Tape| {
        let (network, faults) = (Profile::Direct, FaultPlan::default());
        let case = Case { workers: WORKERS, actions: 1, network, faults, tape };
        let mut reduced = None;
        let took = time(|| reduced = reduce(&mut Loses(&prepared), case, EXECUTIONS_MAX, &mut go_on));
        (reduced.expect("it fails"), took)
    };
    let shrunk: Vec<(Reduced, Duration)> = lost.map(shrink).collect();
    let short = shrunk.iter().filter(|(reduced, _)| reduced.size.preemptions <= 2).count();
    table.row(
        &format!("{}, {FAILURES} failures shrunk", program.name()),
        format!(
            "{} preemptions at most, {short} of {FAILURES} have <= 2",
            most(&shrunk, |it| it.0.size.preemptions)
        ),
        format!("{} before", most(&shrunk, |it| it.0.size_before.preemptions)),
        format!(
            "{} executions, {} at most",
            most(&shrunk, |it| it.0.executions),
            millis(most(&shrunk, |it| it.1))
        ),
        "<= 2 in 40 of 40, <= 20 ms",
    );
}

fn on_sqlite(table: &mut Table) {
    let plan = Plan::usual("bank", "read-modify-write").expect("there is such a variant");
    let record = |seed| search::record(Host::best(), &plan, seed).expect("the setup succeeds");
    let replays = (0..).map(|seed| codec::decode(&record(seed)).expect("what was written can be read"));
    let shrink = |replay: Replay| {
        let mut shrunk = None;
        let took = time_of_all_threads(|| shrunk = Some(shrink(&replay, &mut go_on).expect("it fails")));
        (shrunk.expect("it was shrunk"), took)
    };
    let failing = replays.filter(|replay| !replay.findings.is_empty()).take(TRANSFERS);
    let shrunk: Vec<(Shrunk, Duration)> = failing.map(shrink).collect();
    table.row(
        &format!("bank read-modify-write, {TRANSFERS} failures shrunk"),
        format!(
            "at most {} workers, {} actions, {} statements, {} preemptions",
            most(&shrunk, |it| it.0.after.workers),
            most(&shrunk, |it| it.0.after.actions),
            most(&shrunk, |it| it.0.after.statements),
            most(&shrunk, |it| it.0.after.preemptions),
        ),
        format!(
            "{} actions, {} statements, {} preemptions before",
            most(&shrunk, |it| it.0.before.actions),
            most(&shrunk, |it| it.0.before.statements),
            most(&shrunk, |it| it.0.before.preemptions),
        ),
        format!(
            "{} executions, {} at most",
            most(&shrunk, |it| it.0.executions),
            millis(most(&shrunk, |it| it.1))
        ),
        "2 workers, <= 4 statements, 1 preemption, <= 400 executions, <= 1 s",
    );
}
