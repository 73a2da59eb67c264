//! How a thing is locked.

/// The mode of a lock, from the weakest to the strongest (PostgreSQL's manual, 13.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mode {
    /// SELECT.
    AccessShare,
    /// SELECT FOR UPDATE, FOR SHARE, ...
    RowShare,
    /// INSERT, UPDATE, DELETE.
    RowExclusive,
    /// VACUUM, ANALYZE, CREATE INDEX CONCURRENTLY.
    ShareUpdateExclusive,
    /// CREATE INDEX.
    Share,
    /// CREATE TRIGGER, ADD FOREIGN KEY.
    ShareRowExclusive,
    /// What waits for no reader only; the mode of a transaction's lock on itself.
    Exclusive,
    /// DROP TABLE, TRUNCATE, most of ALTER TABLE; the mode of LOCK TABLE without one.
    AccessExclusive,
}

use Mode::*;

impl Mode {
    /// Every mode.
    pub const ALL: [Mode; 8] = [
        AccessShare,
        RowShare,
        RowExclusive,
        ShareUpdateExclusive,
        Share,
        ShareRowExclusive,
        Exclusive,
        AccessExclusive,
    ];

    /// The mode as `pg_locks.mode` and the detail of a deadlock name it.
    pub fn name(self) -> &'static str {
        match self {
            AccessShare => "AccessShareLock",
            RowShare => "RowShareLock",
            RowExclusive => "RowExclusiveLock",
            ShareUpdateExclusive => "ShareUpdateExclusiveLock",
            Share => "ShareLock",
            ShareRowExclusive => "ShareRowExclusiveLock",
            Exclusive => "ExclusiveLock",
            AccessExclusive => "AccessExclusiveLock",
        }
    }

    /// The mode as LOCK TABLE names it: `ACCESS SHARE`.
    pub fn sql(self) -> &'static str {
        match self {
            AccessShare => "ACCESS SHARE",
            RowShare => "ROW SHARE",
            RowExclusive => "ROW EXCLUSIVE",
            ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Share => "SHARE",
            ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Exclusive => "EXCLUSIVE",
            AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// True if two sessions cannot hold the two modes at the same time.
    pub fn conflicts(self, other: Mode) -> bool {
        self.conflicting().contains(other)
    }

    /// The modes that nobody else may hold with this one (table 13.2 of the manual).
    pub(super) fn conflicting(self) -> Modes {
        match self {
            AccessShare => Modes::of(&[AccessExclusive]),
            RowShare => Modes::since(Exclusive),
            RowExclusive => Modes::since(Share),
            ShareUpdateExclusive => Modes::since(ShareUpdateExclusive),
            Share => Modes::of(&[
                RowExclusive,
                ShareUpdateExclusive,
                ShareRowExclusive,
                Exclusive,
                AccessExclusive,
            ]),
            ShareRowExclusive => Modes::since(RowExclusive),
            Exclusive => Modes::since(RowShare),
            AccessExclusive => Modes::since(AccessShare),
        }
    }
}

/// A set of modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Modes(u8);

impl Modes {
    const fn of(modes: &[Mode]) -> Modes {
        let mut bits = 0;
        let mut at = 0;
        while at < modes.len() {
            bits |= 1 << modes[at] as u8;
            at += 1;
        }
        Modes(bits)
    }

    /// This mode and all that come after it.
    const fn since(mode: Mode) -> Modes {
        Modes(u8::MAX << mode as u8)
    }

    pub fn insert(&mut self, mode: Mode) {
        self.0 |= 1 << mode as u8;
    }

    pub fn contains(self, mode: Mode) -> bool {
        self.0 & 1 << mode as u8 != 0
    }

    pub fn meets(self, other: Modes) -> bool {
        self.0 & other.0 != 0
    }
}
