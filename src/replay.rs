//! `drawloom replay`: the same run again, and the proof that it is.

use crate::cli::{Done, Format, ReplayArgs};
use crate::exit::{Exit, Failure};
use crate::{output, outside};
use drawloom_model::Finding;
use drawloom_replays::search::{Replayed, replay_bytes};
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
    let replayed = replay_bytes(Host::best(), &bytes, options).map_err(|error| of_file(error.into()))?;
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
    let (text, document) = describe(args, &recorded, &replayed, &findings);
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

/// Nothing may be written over what is still wanted. (`--record` of the replay itself would write the same
/// bytes, but only if the run is the same.)
fn refuse_same(output: &Path, other: &Path, what: &str) -> Result<(), Failure> {
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
            text += &report::finding(finding, recorded.header.seed, Some(&path));
        }
    }
    if let Some(file) = &args.dump {
        text += &format!("the database at step {} is in {}\n", replayed.steps, file.display());
    }
    let findings: Vec<Value> = findings.iter().map(|finding| output::finding(finding)).collect();
    let document = json!({
        "replay": path,
        "workload": recorded.plan.workload.name(),
        "variant": recorded.plan.variant.name,
        "seed": recorded.header.seed,
        "steps": replayed.steps.0,
        "host": Host::best().name(),
        "result": verdict,
        "findings": findings,
    });
    (text, document)
}
