//! `drawloom shrink`: the few statements that matter of a failing replay.

use crate::cli::{Done, Format, ShrinkArgs};
use crate::exit::{Exit, Failure};
use crate::outside::{self, Status};
use crate::{output, replay};
use drawloom_replays::report::counted;
use drawloom_replays::shrink::{self, ShrinkError, Shrunk, Size};
use drawloom_replays::{Replay, lanes};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Shrinks it.
pub fn shrink(args: &ShrinkArgs) -> Done {
    outside::exit_on_interrupt();
    let out = args.out.clone().unwrap_or_else(|| default_out(&args.file));
    replay::refuse_same(&out, &args.file, "the replay itself")?;
    let given = drawloom_replays::outside::read(&args.file);
    // What cannot be run here cannot be shrunk here, whoever could.
    let given =
        given.map_err(|error| Failure { exit: Exit::Usage, ..Failure::of_file(&args.file, &error) })?;
    let shrunk = shrink_into(&given, &args.file, &out)?;
    outside::print(&match args.format {
        Format::Human => text(&shrunk, &out),
        Format::Json => output::document(&document(args, &given, &shrunk, &out)),
    });
    Ok(if shrunk.interrupted { Exit::Interrupted } else { Exit::Finding })
}

/// Shrinks a replay that was just found, and keeps the result beside it.
pub(crate) fn beside(given: &Replay, file: &Path) -> Result<(Shrunk, PathBuf), Failure> {
    let out = default_out(file);
    Ok((shrink_into(given, file, &out)?, out))
}

fn shrink_into(given: &Replay, file: &Path, out: &Path) -> Result<Shrunk, Failure> {
    let status = Status::new();
    let shrunk = outside::heed_interrupts(|interrupted| {
        shrink::shrink(given, &mut |progress| {
            let shrink::Progress { pass, executions, smallest } = progress;
            status.show(|| format!("{executions} executions, {}, now {pass}", words(smallest)));
            if interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    });
    status.end();
    let shrunk = shrunk.map_err(|error| of_error(file, &error))?;
    outside::write(out, &shrunk.bytes)?;
    Ok(shrunk)
}

/// Beside the replay: `x.replay` shrinks to `x-shrunk.replay`.
fn default_out(file: &Path) -> PathBuf {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".replay").unwrap_or(&name);
    file.with_file_name(format!("{stem}-shrunk.replay"))
}

fn of_error(file: &Path, error: &ShrinkError) -> Failure {
    let exit = match error {
        ShrinkError::NoFinding => Exit::Usage,
        ShrinkError::NoLongerFails(_) => Exit::Diverged,
        ShrinkError::NotDeterministic => Exit::Infrastructure,
        ShrinkError::Replay(error) => Failure::from(error.clone()).exit,
    };
    Failure { exit, message: format!("{}: {error}", file.display()) }
}

/// How large a case is, in words. That nothing breaks is not said.
fn words(size: &Size) -> String {
    let mut words = vec![
        counted(size.workers as u64, "worker"),
        counted(size.actions as u64, "action"),
        counted(size.statements.into(), "statement"),
        counted(size.preemptions.into(), "preemption"),
    ];
    if size.faults > 0 {
        words.push(counted(size.faults as u64, "fault"));
    }
    words.join(", ")
}

/// What a replay shrank to, in brief.
pub(crate) fn text(shrunk: &Shrunk, out: &Path) -> String {
    let Shrunk { replay, before, after, executions, .. } = shrunk;
    let done = if shrunk.interrupted { "interrupted, so far" } else { "shrunk" };
    let style = lanes::Style { width: 100, color: true };
    format!(
        "{done}: {} (from {}) in {}\n\n{}\n{}",
        words(after),
        words(before),
        counted((*executions).into(), "execution"),
        lanes::brief(&replay.history, &replay.findings, &style),
        commands(out),
    )
}

/// What can be done with a replay.
pub(crate) fn commands(replay: &Path) -> String {
    format!("replay it:  {}\nsee it:     {}\n", command("replay", replay), command("explain", replay))
}

fn document(args: &ShrinkArgs, given: &Replay, shrunk: &Shrunk, out: &Path) -> Value {
    let size = |size: &Size, replay: &Replay| {
        json!({
            "workers": size.workers,
            "actions": size.actions,
            "statements": size.statements,
            "preemptions": size.preemptions,
            "faults": size.faults,
            "network": replay.plan.network.name(),
        })
    };
    let findings: Vec<Value> = shrunk.replay.findings.iter().map(output::finding).collect();
    let document = json!({
        "replay": args.file.display().to_string(),
        "shrunk": out.display().to_string(),
        "workload": given.plan.workload.name(),
        "variant": given.plan.variant.name,
        "seed": given.header.name.seed,
        "mutant": given.header.name.mutant,
        "before": size(&shrunk.before, given),
        "after": size(&shrunk.after, &shrunk.replay),
        "executions": shrunk.executions,
        "interrupted": shrunk.interrupted,
        "command": command("replay", out),
        "findings": findings,
    });
    output::on(&given.plan.engine, document)
}

/// A command on a replay, to be pasted into a shell.
pub(crate) fn command(subcommand: &str, replay: &Path) -> String {
    let mut path = replay.display().to_string();
    if path.starts_with('-') {
        path = format!("./{path}"); // it is no option
    }
    outside::command(&[subcommand, &path])
}
