//! Why a transaction cannot be serialized.

use crate::error::error;
use crate::ids::Xid;
use drawloom_model::SqlError;
use std::borrow::Cow;

/// PostgreSQL's reasons; the error is the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The conflict it has found with a reader makes somebody a pivot, and it is the writer.
    Write,
    /// It reads past a writer that is a pivot and cannot fail any more.
    Read(Xid),
    /// It was doomed, and reads.
    DoomedAtRead,
    /// It was doomed, and writes.
    DoomedAtWrite,
    /// It was doomed, and commits.
    DoomedAtCommit,
    /// It commits, and a pivot that has a conflict to it cannot fail any more.
    CommitOfOut,
}

impl Failure {
    /// What PostgreSQL says in the error's detail.
    pub fn detail(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Failure::Write => "Reason code: Canceled on identification as a pivot, during write.",
            Failure::Read(writer) => {
                let writer = writer.0;
                return Cow::Owned(format!(
                    "Reason code: Canceled on conflict out to pivot {writer}, during read."
                ));
            }
            Failure::DoomedAtRead => {
                "Reason code: Canceled on identification as a pivot, during conflict out checking."
            }
            Failure::DoomedAtWrite => {
                "Reason code: Canceled on identification as a pivot, during conflict in checking."
            }
            Failure::DoomedAtCommit => {
                "Reason code: Canceled on identification as a pivot, during commit attempt."
            }
            Failure::CommitOfOut => {
                "Reason code: Canceled on commit attempt with conflict in from prepared pivot."
            }
        })
    }
}

impl From<Failure> for SqlError {
    fn from(_: Failure) -> SqlError {
        error("40001", "could not serialize access due to read/write dependencies among transactions")
    }
}
