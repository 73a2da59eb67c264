//! `drawloom export`: a replay in a form that others understand.

use crate::cli::{Done, ExportArgs, ExportFormat};
use crate::exit::{Exit, Failure};
use crate::replay::refuse_same;
use crate::{output, outside};
use drawloom_replays::{codec, export};

/// Exports it.
pub fn export(args: &ExportArgs) -> Done {
    if let Some(out) = &args.out {
        refuse_same(out, &args.file, "the replay itself")?;
    }
    let bytes = std::fs::read(&args.file).map_err(|error| Failure::of_file(&args.file, &error.into()))?;
    let replay = codec::decode(&bytes).map_err(|error| Failure::of_file(&args.file, &error.into()))?;
    let text = match args.format {
        ExportFormat::Sql => export::sql(&replay),
        ExportFormat::Json => output::document(&export::json(&replay)),
        ExportFormat::Rust => export::rust(&replay, &bytes),
        ExportFormat::Spec => export::spec(&replay)
            .map_err(|error| Failure::usage(format!("{}: {error}", args.file.display())))?,
    };
    match &args.out {
        Some(out) => outside::write(out, text.as_bytes())?,
        None => outside::print(&text),
    }
    Ok(Exit::Nothing)
}
