//! Replays kept as regression tests: a folder with one replay of each kind of finding.
//!
//! ```text
//! add:   bytes --replay--> identical, with a finding? --> named after what it is --> folder
//! list:  folder --> each replayed again --> identical | diverged | refused
//! ```

use crate::engine::Engine;
use crate::outside::{self, FileError};
use crate::replay::{Replay, Verdict};
use crate::run::RunOptions;
use crate::search::{ReplayError, replay_bytes};
use crate::{codec, report};
use drawloom_model::{Observation, Signature};
use drawloom_sim::{Actor, Host, Step};
use std::io;
use std::path::{Path, PathBuf};

/// What adding a replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New(PathBuf),
    /// The same bytes are there.
    AlreadyThere(PathBuf),
    /// It took the place of one with the same finding that was larger, or no longer replays.
    Replaced {
        /// Where it is.
        path: PathBuf,
        /// What was there.
        was: PathBuf,
        /// How large that was, in bytes.
        was_bytes: usize,
    },
    /// One with the same finding stays, for it is no larger.
    KeptOther {
        /// Where that is.
        path: PathBuf,
        /// How large it is, in bytes.
        bytes: usize,
    },
}

/// Why a replay was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// It shows no bug.
    #[error("this replay has no finding, so it guards against nothing; add one that has")]
    NoFinding,
    /// It is not the same run any more.
    #[error("this replay diverges at step {0}; record it again (`drawloom replay` says how it differs)")]
    Diverged(Step),
    /// It could not be run.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// One that is there cannot be read, so nobody can say whether it is the same.
    #[error("{}, which is in the corpus: {error}; delete it first", .path.display())]
    InTheWay {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        error: FileError,
    },
    /// Its name is taken by a replay of something else.
    #[error("{}, which is in the corpus, has another finding than its name says; rename it first", .path.display())]
    NameTaken {
        /// Where that is.
        path: PathBuf,
    },
    /// The folder cannot be read or written.
    #[error("the corpus cannot be read or written: {0}")]
    Io(#[from] io::Error),
}

/// Adds a replay of one of drawloom's own workloads, if it is the same run now and has a finding. Of two with
/// the same finding, by the same variant, the smaller one is kept.
///
/// # Errors
/// See [`AddError`].
pub fn add(host: Host, bytes: &[u8], folder: &Path) -> Result<Added, AddError> {
    let replay = codec::decode(bytes).map_err(ReplayError::from)?;
    let Some(kind) = Kind::of(&replay) else { return Err(AddError::NoFinding) };
    if let Verdict::Diverged { step, .. } = replay_bytes(host, bytes, RunOptions::default())?.verdict {
        return Err(AddError::Diverged(step));
    }
    let path = folder.join(kind.file_name());
    for (there, old) in there(folder)? {
        let decoded = codec::decode(&old)
            .map_err(|error| AddError::InTheWay { path: there.clone(), error: error.into() })?;
        if old == bytes {
            return Ok(Added::AlreadyThere(there));
        }
        if Kind::of(&decoded).as_ref() != Some(&kind) {
            if there == path {
                return Err(AddError::NameTaken { path });
            }
            continue;
        }
        if old.len() <= bytes.len() && replays_identically(host, &old) {
            return Ok(Added::KeptOther { path: there, bytes: old.len() });
        }
        outside::write_whole(&path, bytes)?;
        if there != path {
            outside::remove(&there)?;
        }
        return Ok(Added::Replaced { path, was: there, was_bytes: old.len() });
    }
    outside::write_whole(&path, bytes)?;
    Ok(Added::New(path))
}

/// What is there. A folder that is not there yet has nothing.
fn there(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    match outside::replays_in(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        there => there,
    }
}

fn replays_identically(host: Host, bytes: &[u8]) -> bool {
    replay_bytes(host, bytes, RunOptions::default())
        .is_ok_and(|replayed| replayed.verdict == Verdict::Identical)
}

/// What a replay in the corpus stands for. There is one of each.
#[derive(PartialEq, Eq)]
struct Kind {
    stem: String,
    /// That of the finding, and on the mock the engine's settings: they make another finding, SQLite's do not.
    signature: String,
}

impl Kind {
    /// `None`: it has no finding.
    fn of(replay: &Replay) -> Option<Kind> {
        let signature = &replay.findings.first()?.signature;
        let signature = match &replay.plan.engine {
            Engine::Sqlite(_) => signature.to_string(),
            engine @ Engine::Mock(_) => format!("{signature} | {engine}"),
        };
        Some(Kind { stem: replay.plan.stem(), signature })
    }

    fn file_name(&self) -> String {
        format!("{}-{:08x}.replay", self.stem, crc32fast::hash(self.signature.as_bytes()))
    }
}

/// A replay of the corpus.
pub struct Entry {
    /// The file.
    pub path: PathBuf,
    /// What it holds, and whether it is still the same run.
    pub state: Result<Kept, ReplayError>,
}

/// What a replay of the corpus holds.
pub struct Kept {
    /// The workload's name.
    pub workload: &'static str,
    /// The variant's name.
    pub variant: &'static str,
    /// The engine.
    pub engine: Engine,
    /// How many workers there are.
    pub workers: u16,
    /// How many statements they sent.
    pub statements: usize,
    /// The earliest finding.
    pub finding: Option<Signature>,
    /// Whether it is the same run now.
    pub verdict: Verdict,
}

impl Entry {
    /// Whether it is a regression test that passes.
    pub fn holds(&self) -> bool {
        matches!(&self.state, Ok(kept) if kept.verdict == Verdict::Identical && kept.finding.is_some())
    }

    /// How it stands with it, in one line.
    pub fn verdict(&self) -> String {
        match &self.state {
            Ok(Kept { finding: None, .. }) => "no finding".to_owned(),
            Ok(Kept { verdict: Verdict::Identical, .. }) => "identical".to_owned(),
            Ok(Kept { verdict: Verdict::Diverged { step, expected, found }, .. }) => {
                report::printable(&format!("diverged at step {step}: expected {expected}, found {found}"))
            }
            Err(error) => report::printable(&error.to_string()),
        }
    }
}

/// Every replay of the folder, by name, each run again.
///
/// # Errors
/// The folder cannot be read.
pub fn list(host: Host, folder: &Path) -> io::Result<Vec<Entry>> {
    let replays = outside::replays_in(folder)?.into_iter();
    Ok(replays.map(|(path, bytes)| Entry { path, state: look(host, &bytes) }).collect())
}

fn look(host: Host, bytes: &[u8]) -> Result<Kept, ReplayError> {
    let replay = codec::decode(bytes)?;
    let verdict = replay_bytes(host, bytes, RunOptions::default())?.verdict;
    let by_worker = |actor: Actor| actor.as_worker().is_some();
    let calls = replay
        .history
        .events
        .iter()
        .filter(|event| matches!(event.what, Observation::Call { .. }) && by_worker(event.actor));
    Ok(Kept {
        workload: replay.plan.workload.name(),
        variant: replay.plan.variant.name,
        engine: replay.plan.engine.clone(),
        workers: replay.plan.workers,
        statements: calls.count(),
        finding: replay.findings.first().map(|finding| finding.signature.clone()),
        verdict,
    })
}
