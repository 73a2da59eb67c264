//! `drawloom corpus`: replays kept as regression tests.

use crate::cli::{CorpusAddArgs, CorpusArgs, CorpusCommand, CorpusListArgs, Done, Format};
use crate::exit::{Exit, Failure};
use crate::{output, outside};
use drawloom_replays::codec::ReadError;
use drawloom_replays::corpus::{self, AddError, Added, Entry};
use drawloom_replays::report::{self, printable};
use drawloom_replays::search::ReplayError;
use drawloom_replays::{Verdict, outside::FileError};
use drawloom_sim::Host;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Adds to the corpus, or lists it.
pub fn corpus(args: &CorpusArgs) -> Done {
    outside::exit_on_interrupt();
    match &args.command {
        CorpusCommand::Add(args) => add(args),
        CorpusCommand::List(args) => list(args),
    }
}

/// drawloom's own, in its source folder; else one of the user's.
fn folder(dir: Option<&Path>) -> PathBuf {
    let own = Path::new("replays/corpus");
    match dir {
        Some(dir) => dir.to_owned(),
        None if own.is_dir() => own.to_owned(),
        None => PathBuf::from("corpus"),
    }
}

fn add(args: &CorpusAddArgs) -> Done {
    let of_file = |failure: Failure| Failure {
        message: format!("{}: {}", args.file.display(), failure.message),
        ..failure
    };
    let bytes = std::fs::read(&args.file).map_err(|error| of_file(Failure::usage(error)))?;
    let added = corpus::add(Host::best(), &bytes, &folder(args.dir.as_deref()));
    let added = added.map_err(|error| of_file(refusal(error)))?;
    let size = bytes.len();
    outside::print(&match added {
        Added::New(path) => format!("added: {}\n", path.display()),
        Added::AlreadyThere(path) => format!("already there: {}\n", path.display()),
        Added::Replaced { path, was, was_bytes } => format!(
            "added: {} ({size} bytes), in place of one with the same finding ({}, {was_bytes} bytes)\n",
            path.display(),
            was.display()
        ),
        Added::KeptOther { path, bytes } => format!(
            "not added: {} has the same finding and is no larger ({bytes} bytes, this one {size})\n",
            path.display()
        ),
    });
    Ok(Exit::Nothing)
}

fn refusal(error: AddError) -> Failure {
    let exit = match error {
        AddError::Replay(error) => return error.into(),
        AddError::NoFinding => Exit::Usage,
        AddError::Diverged(_) | AddError::InTheWay { error: FileError::Read(ReadError::Foreign(_)), .. } => {
            Exit::Diverged
        }
        AddError::InTheWay { .. } | AddError::NameTaken { .. } => Exit::Usage,
        AddError::Io(_) => Exit::Infrastructure,
    };
    Failure { exit, message: error.to_string() }
}

fn list(args: &CorpusListArgs) -> Done {
    let folder = folder(args.dir.as_deref());
    let entries = corpus::list(Host::best(), &folder).map_err(|error| {
        Failure::usage(format!(
            "{}: {error}; name the corpus with --dir, or begin one with `drawloom corpus add`",
            folder.display()
        ))
    })?;
    outside::print(&match args.format {
        Format::Human => text(&folder, &entries),
        Format::Json => output::document(&Value::Array(entries.iter().map(document).collect())),
    });
    let exits = entries.iter().map(exit);
    // A replay that is no longer the same weighs more than one that nobody can read.
    Ok(exits.max_by_key(|exit| *exit as u8).unwrap_or(Exit::Nothing))
}

fn exit(entry: &Entry) -> Exit {
    match &entry.state {
        Ok(kept) if kept.verdict != Verdict::Identical => Exit::Diverged,
        Ok(kept) if kept.finding.is_none() => Exit::Usage,
        Ok(_) => Exit::Nothing,
        Err(ReplayError::OtherEngine { .. } | ReplayError::Run(_)) => Exit::Diverged,
        Err(ReplayError::Read(ReadError::Foreign(_))) => Exit::Diverged,
        Err(ReplayError::Read(_)) => Exit::Usage,
    }
}

fn text(folder: &Path, entries: &[Entry]) -> String {
    if entries.is_empty() {
        return format!("no replays in {}; add one with `drawloom corpus add`\n", folder.display());
    }
    let mut text = String::new();
    for entry in entries {
        text += &format!("{}: {}\n", entry.path.display(), entry.verdict());
        let Ok(kept) = &entry.state else { continue };
        let finding = kept.finding.as_ref().map_or("no finding", |signature| &signature.name);
        text += &format!(
            "  {}, {}{}, {} worker{}, {} statement{}: {}\n",
            kept.workload,
            kept.variant,
            report::on(&kept.engine),
            kept.workers,
            plural(usize::from(kept.workers)),
            kept.statements,
            plural(kept.statements),
            printable(finding)
        );
    }
    text
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn document(entry: &Entry) -> Value {
    let mut document = json!({
        "replay": entry.path.display().to_string(),
        "holds": entry.holds(),
        "verdict": entry.verdict(),
    });
    if let Ok(kept) = &entry.state {
        document["workload"] = kept.workload.into();
        document["variant"] = kept.variant.into();
        document["workers"] = kept.workers.into();
        document["statements"] = kept.statements.into();
        document["finding"] = kept.finding.as_ref().map(ToString::to_string).into();
        document = output::on(&kept.engine, document);
    }
    document
}
