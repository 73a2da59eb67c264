//! A replay that was made before the workload changed can no longer be the same run, yet it still says whether
//! the bug is there: its decisions are followed as far as they fit, and calm answers fill the gaps.
//!
//! ```text
//! *.replay --Strict--> identical
//!             |
//!          diverged, or another engine --Lenient--> same finding | different finding | no longer fails
//! ```

use crate::replay::Replay;
use crate::run::{Run, RunOptions, run};
use crate::search::ReplayError;
use crate::{codec, lanes, outside};
use drawloom_model::Finding;
use drawloom_sim::source::Lenient;
use drawloom_sim::{Host, Key, Tape};
use drawloom_workloads::Workload;
use std::fmt;

/// What became of a replay's finding in a lenient run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// A finding with the same signature is there.
    SameFinding(Finding),
    /// Something is found, but nothing that the replay has: the earliest of it.
    DifferentFinding(Finding),
    /// The replay has a finding, and now there is none.
    NoLongerFails,
    /// The replay has no finding, and there is none now.
    StillNothing,
}

impl Recurrence {
    fn of(recorded: &[Finding], now: &[Finding]) -> Recurrence {
        let known = |finding: &&Finding| recorded.iter().any(|it| it.signature == finding.signature);
        match (now.iter().find(known), now.first()) {
            (Some(same), _) => Recurrence::SameFinding(same.clone()),
            (None, Some(first)) => Recurrence::DifferentFinding(first.clone()),
            (None, None) if recorded.is_empty() => Recurrence::StillNothing,
            (None, None) => Recurrence::NoLongerFails,
        }
    }

    /// What it is, without which.
    pub fn name(&self) -> &'static str {
        match self {
            Recurrence::SameFinding(_) => "same finding",
            Recurrence::DifferentFinding(_) => "different finding",
            Recurrence::NoLongerFails => "no longer fails",
            Recurrence::StillNothing => "still nothing",
        }
    }

    /// What is found now.
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Recurrence::SameFinding(finding) | Recurrence::DifferentFinding(finding) => Some(finding),
            Recurrence::NoLongerFails | Recurrence::StillNothing => None,
        }
    }
}

/// A lenient run of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerun {
    /// What became of the finding.
    pub recurrence: Recurrence,
    /// How many decisions the replay has.
    pub decisions: usize,
    /// How many of them the run followed. The fewer, the less it says that nothing is found.
    pub followed: usize,
    /// The interleaving, drawn in at most 100 columns.
    pub story: String,
}

impl Rerun {
    fn of(recorded: &Replay, run: &Run) -> Rerun {
        let now = run.tape.as_ref().expect("a lenient run is recorded");
        let style = lanes::Style { width: 100, color: false };
        Rerun {
            recurrence: Recurrence::of(&recorded.findings, &run.findings),
            decisions: recorded.tape.len(),
            followed: followed(&recorded.tape, now),
            story: lanes::draw(&run.history, &run.findings, &style),
        }
    }
}

/// In one line: `same finding ("no update is lost"), with 31 of its 40 decisions`.
impl fmt::Display for Rerun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.recurrence.name())?;
        if let Some(finding) = self.recurrence.finding() {
            write!(f, " (\"{}\")", crate::report::printable(&finding.signature.name))?;
        }
        write!(f, ", with {} of its {} decisions", self.followed, self.decisions)
    }
}

/// How many decisions of the one tape are in the other.
fn followed(recorded: &Tape, now: &Tape) -> usize {
    use drawloom_sim::Lane::Schedule;
    let overrides = recorded.overrides.iter().flat_map(|(actor, track)| {
        track.entries().iter().filter(move |(place, next)| {
            now.next_actor(Key { lane: Schedule, actor: *actor, place: *place }) == Some(*next)
        })
    });
    let decisions = recorded.decisions.iter().flat_map(|((lane, actor), track)| {
        track.entries().iter().filter(move |(place, decision)| {
            let there = now.decision(Key { lane: *lane, actor: *actor, place: *place });
            there.is_some_and(|there| (&there.site, there.index) == (&decision.site, decision.index))
        })
    });
    overrides.count() + decisions.count()
}

/// Runs a replay leniently, on a fresh thread. Whichever engine it was made on, this drawloom's answers.
///
/// # Errors
/// See [`ReplayError`]: the bytes are no replay of one of these workloads, or the setup fails.
pub fn rerun(host: Host, bytes: &[u8], workloads: &[&'static dyn Workload]) -> Result<Rerun, ReplayError> {
    host.run_fresh(|| {
        let recorded = codec::decode_among(bytes, workloads)?;
        let options = RunOptions { record: true, ..RunOptions::default() };
        let run = run(&recorded.plan, Box::new(Lenient::new(recorded.tape.clone())), options)?;
        Ok(Rerun::of(&recorded, &run))
    })
}

/// Passes once the bug that a replay shows is fixed: the body of a regression test. It is for a replay of one
/// of drawloom's own workloads; `drawloom export --format rust` writes such a test.
///
/// # Panics
/// The same finding is still there; the message draws how it comes about. Or the replay fits nothing here any
/// more: its format, its workload or its variant is gone.
pub fn expect_fixed(replay: &[u8]) {
    expect_fixed_among(replay, drawloom_workloads::ALL);
}

/// [`expect_fixed`] for a replay of one of these workloads.
///
/// # Panics
/// As [`expect_fixed`].
pub fn expect_fixed_among(replay: &[u8], workloads: &[&'static dyn Workload]) {
    let rerun = rerun(Host::best(), replay, workloads)
        .unwrap_or_else(|error| panic!("this test's replay no longer fits: {error}; or delete the test"));
    match &rerun.recurrence {
        Recurrence::SameFinding(finding) => {
            panic!("not fixed yet: {}\n\n{}", finding.signature.name, rerun.story)
        }
        Recurrence::DifferentFinding(_) | Recurrence::NoLongerFails | Recurrence::StillNothing => {
            outside::remark(&format!("this test's replay does not fail as it did: {rerun}"));
            if rerun.followed < rerun.decisions {
                outside::remark("the replay no longer fits throughout: search for the bug again to be sure");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, search};

    /// A replay of a wrong variant with the plan changed behind its back, as if the workload had changed.
    fn changed(change: impl FnOnce(&mut Replay)) -> Rerun {
        let plan = Plan { workers: 2, actions: 3, ..Plan::usual("bank", "read-modify-write").unwrap() };
        let found = search::first_finding(&plan, 0..100).unwrap().unwrap();
        let mut replay = codec::decode(&found.replay).unwrap();
        change(&mut replay);
        rerun(Host::best(), &codec::encode(&replay), drawloom_workloads::ALL).unwrap()
    }

    fn variant(name: &str) -> impl FnOnce(&mut Replay) {
        move |replay| replay.plan.variant = crate::plan::variant(replay.plan.workload, name).unwrap()
    }

    #[test]
    fn what_did_not_change_is_followed_throughout() {
        let same = changed(|_| ());
        assert_eq!(same.recurrence.name(), "same finding");
        assert!(same.decisions > 0 && same.followed == same.decisions, "{same}");
        assert!(same.story.contains("the total is conserved"), "{}", same.story);
    }

    #[test]
    fn a_fixed_workload_no_longer_fails() {
        let fixed = changed(variant("correct"));
        assert_eq!(fixed.recurrence, Recurrence::NoLongerFails);
        assert!(fixed.followed < fixed.decisions, "{fixed}");
    }

    #[test]
    fn another_finding_is_named_and_no_finding_is_none() {
        let renamed = changed(|replay| replay.findings[0].signature.name = "something else".to_owned());
        assert_eq!(renamed.recurrence.name(), "different finding");
        assert!(renamed.to_string().contains("(\"the total is conserved\")"), "{renamed}");
        let silent = changed(|replay| {
            replay.findings.clear();
            variant("correct")(replay);
        });
        assert_eq!(silent.recurrence, Recurrence::StillNothing);
    }

    #[test]
    fn fewer_workers_and_a_foreign_tape_do_no_harm() {
        changed(|replay| replay.plan.workers = 1);
        changed(|replay| replay.plan.actions = 1);
        changed(|replay| replay.plan.network = drawloom_sim::Profile::Direct);
        for workload in drawloom_workloads::ALL {
            for variant in workload.variants() {
                let other = changed(|replay| {
                    replay.plan = Plan {
                        workers: 2,
                        actions: 3,
                        ..Plan::usual(workload.name(), variant.name).unwrap()
                    };
                });
                let fits = other.followed == other.decisions;
                // What another variant of the workload asks may well be the same.
                match (workload.name(), variant.name) {
                    ("bank", "read-modify-write") => assert!(fits, "{other}"),
                    ("bank", _) => (),
                    (name, variant) => assert!(!fits, "{name}, {variant}: {other}"),
                }
            }
        }
    }
}
