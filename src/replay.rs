//! `drawloom replay`: the same run again, and the proof that it is. Where it is not, what a lenient run says.

use crate::cli::{Done, Format, ReplayArgs};
use crate::exit::{Exit, Failure};
use crate::{output, outside};
use drawloom_model::Finding;
use drawloom_replays::lenient::{self, Rerun};
use drawloom_replays::search::{ReplayError, Replayed, replay_bytes};
use drawloom_replays::{Replay, RunOptions, Verdict, codec, report};
use drawloom_sim::{Host, Step};
use serde_json::{Value, json};
use std::path::Path;

/// Replays it.
pub fn replay(args: &ReplayArgs) -> Done {
    outside::exit_on_interrupt();
    let of_file = |failure: Failure| Failure {
        message: format!("{}: {}", args.file.display(), failure.message),
        ..failure
    };
    for output in [&args.dump, &args.record].into_iter().flatten() {
        refuse_same(output, &args.file, "the replay itself")?;
    }
    if let (Some(dump), Some(record)) = (&args.dump, &args.record) {
        refuse_same(dump, record, "what --record writes")?;
    }
    let bytes = std::fs::read(&args.file).map_err(|error| of_file(Failure::usage(error)))?;
    let recorded = codec::decode(&bytes).map_err(|error| Failure::of_file(&args.file, &error.into()))?;
    let options =
        RunOptions { halt_at: args.until.map(Step), snapshot: args.dump.is_some(), ..RunOptions::default() };
    let replayed = match replay_bytes(Host::best(), &bytes, options) {
        Err(ReplayError::OtherEngine { made_on, here }) => {
            return Err(of_file(refuse_other_engine(args, &recorded, &bytes, made_on, here)));
        }
        replayed => replayed.map_err(|error| of_file(error.into()))?,
    };
    let rerun = matches!(replayed.verdict, Verdict::Diverged { .. }).then(|| rerun(&bytes));
    if let (Some(file), Some(snapshot)) = (&args.dump, &replayed.snapshot) {
        let snapshot = snapshot.as_ref();
        let database = snapshot.map_err(|error| {
            Failure::usage(format!("--dump: {error}; the database is there from step 1 on"))
        })?;
        outside::write(file, database)?;
    }
    if let Some(file) = &args.record {
        outside::write(file, &replayed.bytes)?;
    }
    // Stopped before a finding, the run has not found it.
    let reached = |finding: &&Finding| args.until.is_none_or(|_| finding.step <= replayed.steps);
    let findings: Vec<&Finding> = recorded.findings.iter().filter(reached).collect();
    let (text, document) = describe(args, &recorded, &replayed, &findings, rerun.as_ref());
    outside::print(&match args.format {
        Format::Human => text,
        Format::Json => output::document(&document),
    });
    Ok(match &replayed.verdict {
        Verdict::Diverged { .. } => Exit::Diverged,
        Verdict::Identical if findings.is_empty() => Exit::Nothing,
        Verdict::Identical => Exit::Finding,
    })
}

/// A lenient run, whose failure is no more than that: the exit code is the divergence's.
fn rerun(bytes: &[u8]) -> Result<Rerun, ReplayError> {
    lenient::rerun(Host::best(), bytes, drawloom_workloads::ALL)
}

/// Another engine cannot prove that the run is the same. It can still run it.
fn refuse_other_engine(
    args: &ReplayArgs,
    recorded: &Replay,
    bytes: &[u8],
    made_on: String,
    here: String,
) -> Failure {
    let rerun = rerun(bytes);
    if args.format == Format::Json {
        let result = json!({ "verdict": "other engine", "made_on": made_on, "here": here });
        let document = self::document(args, recorded, with_lenient(result, Some(&rerun)), &[], Step(0));
        outside::print(&output::document(&document));
    }
    let refusal = Failure::from(ReplayError::OtherEngine { made_on, here });
    Failure { message: format!("{}; {}", refusal.message, lenient_text(&rerun)), ..refusal }
}

fn lenient_text(rerun: &Result<Rerun, ReplayError>) -> String {
    match rerun {
        Ok(rerun) => format!("run leniently: {rerun}"),
        Err(error) => format!("it cannot be run leniently either: {error}"),
    }
}

/// The result with what a lenient run says, if there was one.
fn with_lenient(mut result: Value, rerun: Option<&Result<Rerun, ReplayError>>) -> Value {
    result["lenient"] = match rerun {
        None => return result,
        Some(Ok(rerun)) => json!({
            "outcome": rerun.recurrence.name(),
            "finding": rerun.recurrence.finding().map(output::finding),
            "decisions": rerun.decisions,
            "followed": rerun.followed,
        }),
        Some(Err(error)) => json!({ "outcome": "cannot run", "error": error.to_string() }),
    };
    result
}

/// Nothing may be written over what is still wanted. (`--record` of the replay itself would write the same
/// bytes, but only if the run is the same.)
pub(crate) fn refuse_same(output: &Path, other: &Path, what: &str) -> Result<(), Failure> {
    let same = output == other
        || matches!((output.canonicalize(), other.canonicalize()), (Ok(output), Ok(other)) if output == other);
    if same {
        return Err(Failure::usage(format!("{} would replace {what}; name another file", output.display())));
    }
    Ok(())
}

fn describe(
    args: &ReplayArgs,
    recorded: &Replay,
    replayed: &Replayed,
    findings: &[&Finding],
    rerun: Option<&Result<Rerun, ReplayError>>,
) -> (String, Value) {
    let path = args.file.display().to_string();
    let mut text = match &replayed.verdict {
        Verdict::Identical => {
            let halted = args.until.is_some_and(|until| until <= replayed.steps.0);
            let up_to = if halted { "so far, " } else { "" };
            format!("identical: {up_to}{} steps, every decision and every answer\n", replayed.steps)
        }
        Verdict::Diverged { step, expected, found } => format!(
            "diverged at step {step}\n  expected  {}\n  found     {}\n  The workload, the engine or drawloom changed since \
             it was recorded with drawloom {} on {}.\n",
            report::printable(expected),
            report::printable(found),
            recorded.header.drawloom,
            recorded.header.fingerprint
        ),
    };
    let verdict = match &replayed.verdict {
        Verdict::Identical => json!({ "verdict": "identical" }),
        Verdict::Diverged { step, expected, found } => {
            json!({ "verdict": "diverged", "step": step.0, "expected": expected, "found": found })
        }
    };
    if replayed.verdict == Verdict::Identical {
        for finding in findings {
            text += &report::finding(finding, recorded.header.name, &recorded.plan.engine, Some(&path));
        }
    }
    if let Some(rerun) = rerun {
        text += &format!("{}\n", lenient_text(rerun));
    }
    if let Some(file) = &args.dump {
        text += &format!("the database at step {} is in {}\n", replayed.steps, file.display());
    }
    (text, document(args, recorded, with_lenient(verdict, rerun), findings, replayed.steps))
}

fn document(
    args: &ReplayArgs,
    recorded: &Replay,
    result: Value,
    findings: &[&Finding],
    steps: Step,
) -> Value {
    let findings: Vec<Value> = findings.iter().map(|finding| output::finding(finding)).collect();
    let document = json!({
        "replay": args.file.display().to_string(),
        "workload": recorded.plan.workload.name(),
        "variant": recorded.plan.variant.name,
        "seed": recorded.header.name.seed,
        "mutant": recorded.header.name.mutant,
        "steps": steps.0,
        "host": Host::best().name(),
        "result": result,
        "findings": findings,
    });
    output::on(&recorded.plan.engine, document)
}
