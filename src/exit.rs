//! How drawloom ends: its exit codes, and errors that know theirs.

use drawloom_replays::codec::ReadError;
use drawloom_replays::outside::FileError;
use drawloom_replays::search::{RecordError, ReplayError};
use drawloom_replays::{PlanError, RunError};
use std::fmt::Display;

/// The process's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Nothing was found.
    Nothing = 0,
    /// There is a finding.
    Finding = 1,
    /// The command, or a file that it names, cannot be understood.
    Usage = 2,
    /// The machine, or drawloom itself, failed.
    Infrastructure = 3,
    /// A replay diverged, or is not for this drawloom.
    Diverged = 4,
    /// A search that was to be exhaustive ended without its proof.
    Unproved = 5,
    /// The user interrupted.
    Interrupted = 130,
}

/// An error and the exit code that goes with it.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// What is said, in one line.
    pub message: String,
}

impl Failure {
    /// The command cannot be understood.
    pub fn usage(message: impl Display) -> Failure {
        Failure { exit: Exit::Usage, message: message.to_string() }
    }

    /// The machine failed.
    pub fn infrastructure(message: impl Display) -> Failure {
        Failure { exit: Exit::Infrastructure, message: message.to_string() }
    }

    /// The same failure, said after what it came after.
    pub fn after(self, what: &str) -> Failure {
        Failure { message: format!("{what}: {}", self.message), ..self }
    }

    /// A replay file cannot be used.
    pub fn of_file(path: &std::path::Path, error: &FileError) -> Failure {
        let exit = match error {
            FileError::Read(ReadError::Foreign(_)) => Exit::Diverged,
            FileError::Read(_) | FileError::Io(_) => Exit::Usage,
        };
        Failure { exit, message: format!("{}: {error}", path.display()) }
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Failure {
        Failure::usage(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        Failure::infrastructure(error)
    }
}

impl From<RecordError> for Failure {
    fn from(error: RecordError) -> Failure {
        match error {
            RecordError::NoSuchMutant { .. } => Failure::usage(error),
            RecordError::Run(error) => error.into(),
        }
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Failure {
        let exit = match &error {
            ReplayError::OtherEngine { .. } | ReplayError::Read(ReadError::Foreign(_)) => Exit::Diverged,
            ReplayError::Read(_) => Exit::Usage,
            ReplayError::Run(_) => Exit::Infrastructure,
        };
        Failure { exit, message: error.to_string() }
    }
}
