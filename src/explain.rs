//! `drawloom explain`: the interleaving of a replay, drawn, and why it fails.

use crate::cli::{Done, ExplainArgs};
use crate::exit::{Exit, Failure};
use crate::outside::{self, Status};
use drawloom_replays::why::{self, Why, WhyError};
use drawloom_replays::{Engine, Replay, lanes};
use std::ops::ControlFlow;
use std::path::Path;

/// Draws it.
pub fn explain(args: &ExplainArgs) -> Done {
    let replay = drawloom_replays::outside::read(&args.file);
    let replay = replay.map_err(|error| Failure::of_file(&args.file, &error))?;
    let style = lanes::Style { width: usize::from(args.width), color: true };
    // What goes to a pipe, or to somebody with NO_COLOR, loses its colours on the way out.
    let why = if args.why { Some(find_out(&replay, &args.file)?) } else { None };
    if replay.plan.engine != Engine::default() {
        outside::print(&format!("on {}\n\n", replay.plan.engine));
    }
    if let Some(why) = why {
        outside::print(&format!("{}\n", why.draw(&style)));
    }
    outside::print(&lanes::draw(&replay.history, &replay.findings, &style));
    Ok(if replay.findings.is_empty() { Exit::Nothing } else { Exit::Finding })
}

/// Runs it until it is known why it fails. There is nothing to say before that.
fn find_out(replay: &Replay, file: &Path) -> Result<Why, Failure> {
    outside::exit_on_interrupt();
    let status = Status::new();
    let found = why::why(replay, &mut |progress| {
        status.show(|| format!("{} executions, now {}", progress.executions, progress.doing));
        ControlFlow::Continue(())
    });
    status.end();
    found.map_err(|error| of_error(file, &error))
}

fn of_error(file: &Path, error: &WhyError) -> Failure {
    let exit = match error {
        WhyError::NoFinding => Exit::Usage,
        WhyError::NoLongerFails(_) => Exit::Diverged,
        WhyError::Interrupted => Exit::Interrupted,
        WhyError::Replay(error) => Failure::from(error.clone()).exit,
    };
    Failure { exit, message: format!("{}: {error}", file.display()) }
}
