//! The durable log: what was acknowledged is in it, and a database is made anew from it after a crash (PostgreSQL's
//! manual, chapter 30).
//!
//! ```text
//! COMMIT, PREPARE, nextval --Record--> Disk --sync--> the answer
//!                                       | the oldest, once there are many (a checkpoint)
//!                                       v
//! crash: what was not synced may go   Image --recovery--> Database
//! ```
//!
//! Records are values, not bytes. They say what a transaction did, not which pages it changed: what is rolled back
//! is never in the log, and recovery has nothing to undo.

mod image;
mod record;
mod recovery;
mod standby;
mod written;

use image::Image;
pub(crate) use record::{Change, Commit, Definition, Prepared, Record, RowChanges};
pub(crate) use recovery::recover;

use crate::disk::Disk;
use drawloom_sim::SimTime;

/// Beyond so many records the durable ones are folded into the image.
const RECORDS_KEPT: usize = 1024;

/// A database's log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// What the records before those on the disk amount to.
    image: Image,
    disk: Disk<Record>,
}

impl Log {
    /// Writes a record, which is not durable yet.
    pub fn append(&mut self, now: SimTime, record: Record) {
        if self.disk.len() >= RECORDS_KEPT {
            self.fold();
        }
        self.disk.append(now, record);
    }

    /// All that was written is durable.
    pub fn sync(&mut self) {
        self.disk.sync();
    }

    /// Time has passed.
    pub fn settle(&mut self) {
        self.disk.settle();
    }

    /// Power is lost; `lost` says how many of the last so many records are gone.
    pub fn crash(&mut self, now: SimTime, lost: impl FnOnce(u32) -> u32) {
        self.disk.crash(now, lost);
    }

    /// The last transaction that did more than one thing loses a part of it ([`crate::Bug::HalfRecovery`]).
    pub fn tear(&mut self) {
        let is_long = |record: &Record| matches!(record, Record::Commit(commit) if commit.changes.len() > 1);
        if let Some(Record::Commit(commit)) = self.disk.last_mut(is_long) {
            commit.changes.truncate(commit.changes.len() / 2);
        }
    }

    /// Folds the durable records into the image: a checkpoint.
    pub fn fold(&mut self) {
        self.disk.take().for_each(|record| self.image.apply(record));
    }
}
