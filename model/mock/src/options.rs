//! What a run may ask of the engine.

use crate::Bug;
use std::collections::BTreeSet;

/// How the engine is set up. The default is PostgreSQL's: READ COMMITTED, and nothing wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The level of a transaction that asks for none.
    pub isolation: Isolation,
    /// What is wrong.
    pub bugs: BTreeSet<Bug>,
    /// Whether a statement may pause inside, so that others run between its parts.
    pub yields: bool,
}

/// What concurrent transactions may see of each other, the weakest level first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// What others write is seen before they commit. (PostgreSQL takes this level for READ COMMITTED.)
    ReadUncommitted,
    /// Every statement sees what was committed before it began.
    #[default]
    ReadCommitted,
    /// Every transaction sees what was committed before its first statement: snapshot isolation.
    RepeatableRead,
    /// What commits is as if transactions had run one after the other.
    Serializable,
    /// The same, one after the other in the order in which they really ran: strict serializability.
    Strict,
}

impl Isolation {
    /// Every level.
    pub const ALL: [Isolation; 5] = [
        Isolation::ReadUncommitted,
        Isolation::ReadCommitted,
        Isolation::RepeatableRead,
        Isolation::Serializable,
        Isolation::Strict,
    ];

    /// The level's name, as one types it.
    pub fn name(self) -> &'static str {
        match self {
            Isolation::ReadUncommitted => "read-uncommitted",
            Isolation::ReadCommitted => "read-committed",
            Isolation::RepeatableRead => "repeatable-read",
            Isolation::Serializable => "serializable",
            Isolation::Strict => "strict",
        }
    }
}
