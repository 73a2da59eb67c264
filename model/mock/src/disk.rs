//! A simulated disk with one file that grows at its end: what was synced, or was written long ago, survives a power
//! loss; of the rest a part may, whole records in their order.
//!
//! ```text
//! append --> waiting for the disk --sync, time--> durable --take--> the oldest are kept elsewhere, and leave the file
//! ```

use drawloom_sim::{SimDuration, SimTime};

/// After this time everything is on the disk: three rounds of PostgreSQL's WAL writer (`wal_writer_delay`; its manual,
/// section 30.4).
const WRITTEN_AFTER: SimDuration = SimDuration::millis(600);

/// The file.
#[derive(Debug)]
pub(crate) struct Disk<R> {
    records: Vec<(SimTime, R)>,
    /// How many of them are durable.
    synced: usize,
    /// How many of them are so old that nothing ever happens to them.
    settled: usize,
}

impl<R> Default for Disk<R> {
    fn default() -> Disk<R> {
        Disk { records: Vec::new(), synced: 0, settled: 0 }
    }
}

impl<R> Disk<R> {
    /// Writes a record at the end.
    pub fn append(&mut self, now: SimTime, record: R) {
        self.records.push((now, record));
    }

    /// All that was written is durable from now on.
    pub fn sync(&mut self) {
        self.synced = self.records.len();
    }

    /// Time has passed.
    pub fn settle(&mut self) {
        self.sync();
        self.settled = self.records.len();
    }

    /// Power is lost. `lost` says how many of the last so many records are gone.
    pub fn crash(&mut self, now: SimTime, lost: impl FnOnce(u32) -> u32) {
        let is_old = |written: SimTime| written + WRITTEN_AFTER <= now;
        let waiting = self.records[self.synced..].iter().filter(|(written, _)| !is_old(*written)).count();
        if waiting > 0 {
            let waiting = u32::try_from(waiting).expect("a run has fewer than 4 billion records");
            self.records.truncate(self.records.len() - lost(waiting) as usize);
        }
        self.sync();
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Takes the durable ones out.
    pub fn take(&mut self) -> impl Iterator<Item = R> {
        let taken = self.synced;
        (self.synced, self.settled) = (0, 0);
        self.records.drain(..taken).map(|(_, record)| record)
    }

    /// The last record like this that is not old.
    pub fn last_mut(&mut self, is_like: impl Fn(&R) -> bool) -> Option<&mut R> {
        let recent = self.records[self.settled..].iter_mut().map(|(_, record)| record);
        recent.rev().find(|record| is_like(record))
    }
}
