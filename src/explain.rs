//! `drawloom explain`: the interleaving of a replay, drawn.

use crate::cli::{Done, ExplainArgs};
use crate::exit::{Exit, Failure};
use crate::outside;
use drawloom_replays::lanes;

/// Draws it.
pub fn explain(args: &ExplainArgs) -> Done {
    let replay = drawloom_replays::outside::read(&args.file);
    let replay = replay.map_err(|error| Failure::of_file(&args.file, &error))?;
    let style = lanes::Style { width: usize::from(args.width), color: true };
    // What goes to a pipe, or to somebody with NO_COLOR, loses its colours on the way out.
    outside::print(&lanes::draw(&replay.history, &replay.findings, &style));
    Ok(if replay.findings.is_empty() { Exit::Nothing } else { Exit::Finding })
}
