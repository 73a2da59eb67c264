//! `drawloom script`: scripts of sessions on the mock.

use crate::cli::{Done, ScriptArgs};
use crate::exit::{Exit, Failure};
use crate::outside;
use drawloom_replays::outside::files_below;
use drawloom_replays::script::{difference, play};
use std::fs;
use std::path::{Path, PathBuf};

/// Plays scripts, and prints, writes or compares what comes of them.
pub fn script(args: &ScriptArgs) -> Done {
    outside::tell_panics();
    let mut exit = Exit::Nothing;
    let files = args.files.iter().map(|path| scripts(path)).collect::<Result<Vec<_>, _>>()?;
    for file in files.iter().flatten() {
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

/// The script itself, or those below a folder.
fn scripts(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let name = path.display();
    let files = files_below(path, "script").map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    if files.is_empty() {
        Err(Failure::usage(format!("{name}: no scripts (*.script) below")))
    } else {
        Ok(files)
    }
}
