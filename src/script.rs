//! `drawloom script`: scripts of sessions on the mock.

use crate::cli::{Done, ScriptArgs};
use crate::exit::{Exit, Failure};
use crate::outside;
use drawloom_replays::script::{difference, play};
use std::fs;

/// Plays scripts, and prints, writes or compares what comes of them.
pub fn script(args: &ScriptArgs) -> Done {
    outside::tell_panics();
    let mut exit = Exit::Nothing;
    for file in &args.files {
        let name = file.display();
        let script = fs::read_to_string(file).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        let played = play(&script).map_err(|error| Failure::usage(format!("{name}, {error}")))?;
        match difference(&script, &played) {
            _ if !args.check && !args.write => outside::print(&played),
            None => (),
            Some(_) if args.write => outside::write(file, played.as_bytes())?,
            Some(difference) => {
                outside::print(&format!("{name}, {difference}\n"));
                exit = Exit::Finding;
            }
        }
    }
    Ok(exit)
}
