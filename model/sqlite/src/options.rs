//! SQLite's own settings, as far as they matter to a simulation.

use drawloom_sim::SimDuration;

/// How SQLite is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How transactions are made atomic.
    pub journal_mode: JournalMode,
    /// When writes are made durable.
    pub synchronous: Synchronous,
    /// What a connection does that finds the database locked.
    pub busy: Busy,
}

/// `PRAGMA journal_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalMode {
    /// A write-ahead log: readers and one writer at a time.
    Wal,
    /// A rollback journal that is deleted at commit.
    Delete,
    /// A rollback journal that is truncated at commit.
    Truncate,
    /// A rollback journal whose header is zeroed at commit.
    Persist,
    /// A rollback journal in memory: a crash in mid-commit can damage the database.
    Memory,
}

/// `PRAGMA synchronous`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synchronous {
    /// As `Full`, and the directory after a journal is deleted.
    Extra,
    /// An acknowledged commit in WAL mode is durable.
    Full,
    /// A crash may lose the last commits.
    Normal,
    /// A crash may lose anything.
    Off,
}

/// What a connection does that finds the database locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// Waits in simulated time, wherever SQLite would call its busy handler.
    Wait {
        /// How long at most.
        timeout: SimDuration,
    },
    /// Says `SQLITE_BUSY` at once.
    Error,
}

impl Options {
    /// WAL, fully synchronous, waiting for at most five seconds: what most applications set.
    pub const USUAL: Options = Options {
        journal_mode: JournalMode::Wal,
        synchronous: Synchronous::Full,
        busy: Busy::Wait { timeout: SimDuration::secs(5) },
    };
}

impl JournalMode {
    /// Every mode.
    pub const ALL: [JournalMode; 5] = [
        JournalMode::Wal,
        JournalMode::Delete,
        JournalMode::Truncate,
        JournalMode::Persist,
        JournalMode::Memory,
    ];

    /// The mode's name, as SQLite has it.
    pub fn name(self) -> &'static str {
        match self {
            JournalMode::Wal => "wal",
            JournalMode::Delete => "delete",
            JournalMode::Truncate => "truncate",
            JournalMode::Persist => "persist",
            JournalMode::Memory => "memory",
        }
    }
}

impl Synchronous {
    /// Every setting.
    pub const ALL: [Synchronous; 4] =
        [Synchronous::Extra, Synchronous::Full, Synchronous::Normal, Synchronous::Off];

    /// The setting's name, as SQLite has it.
    pub fn name(self) -> &'static str {
        match self {
            Synchronous::Extra => "extra",
            Synchronous::Full => "full",
            Synchronous::Normal => "normal",
            Synchronous::Off => "off",
        }
    }
}
