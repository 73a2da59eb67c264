//! Conflicts, and when there is danger in them.
//!
//! A conflict is an edge from a reader to a writer: the reader has not seen what the writer wrote, so it comes before
//! him in any serial order. Snapshot isolation goes wrong only where two of them meet (Fekete et al. 2005):
//!
//! ```text
//!  in ──> pivot ──> out        and out commits first; and if in is READ ONLY, before in took its snapshot
//! ```
//!
//! Whoever makes the second edge looks for that. The pivot is the victim if it can still fail.

use super::target::{Part, Target};
use super::transaction::{State, Transaction};
use super::{Failure, Ssi};
use crate::ids::Xid;

impl Ssi {
    /// There is a conflict from the reader to the writer, and `own` of the two has found it.
    pub(super) fn conflict(&mut self, own: Xid, reader: Xid, writer: Xid) -> Result<(), Failure> {
        self.has_changed = true;
        if self.is_dangerous(reader, writer) {
            if own == writer {
                return Err(Failure::Write);
            }
            if self.get(writer).is_prepared() {
                return Err(Failure::Read(writer));
            }
            self.get_mut(writer).state = State::Doomed;
        }
        self.get_mut(reader).out.push(writer);
        self.get_mut(writer).into.push(reader);
        Ok(())
    }

    /// True if an edge from the reader to the writer makes one of them a pivot that may be part of a cycle.
    fn is_dangerous(&self, reader: Xid, writer: Xid) -> bool {
        let (reader, writer) = (self.get(reader), self.get(writer));
        let first = |out: &Transaction| {
            out.is_prepared()
                && out.prepared <= reader.committed
                && out.prepared <= writer.committed
                && (!reader.read_only || out.prepared <= reader.snapshot)
        };
        let overlaps = |into: &Transaction| {
            !into.is_doomed()
                && into.committed >= writer.prepared
                && (!into.read_only || into.snapshot >= writer.prepared)
        };
        (writer.is_committed() && writer.earliest_out.is_some())
            || writer.out.iter().any(|out| first(self.get(*out)))
            || (writer.is_prepared()
                && !reader.read_only
                && reader.into.iter().any(|into| overlaps(self.get(*into))))
    }

    /// The transaction writes the target: whoever has read it has a conflict with it.
    pub(super) fn write(&mut self, own: Xid, target: Target, in_savepoint: bool) -> Result<(), Failure> {
        let mut read = false;
        // A conflict changes the readers of nothing.
        for at in 0.. {
            let Some(reader) = self.readers.get(&target).and_then(|readers| readers.get(at)).copied() else {
                break;
            };
            if reader == own {
                read = true;
            } else if self.is_overlapped(own, reader) && !self.has_conflict(reader, own) {
                self.conflict(own, reader, own)?;
            }
        }
        // What one has written one need not have read; but a savepoint may still take the write back.
        if read && !in_savepoint && matches!(target.part, Part::Row(_)) {
            self.unlock(own, target);
        }
        Ok(())
    }

    pub(super) fn has_conflict(&self, reader: Xid, writer: Xid) -> bool {
        self.get(reader).out.contains(&writer)
    }

    /// True if the reader can come before this transaction. As in PostgreSQL, one that has ended counts as long as
    /// a writer was in progress at this one's snapshot that had begun to write before the reader's end.
    fn is_overlapped(&self, own: Xid, reader: Xid) -> bool {
        let reader = self.get(reader);
        !reader.is_doomed() && (!reader.is_committed() || self.get(own).number_min < reader.ended_before)
    }

    /// Before a commit: whoever has a conflict to this transaction, and is a pivot with it, is doomed now, since this
    /// one is the first of the three to commit.
    pub(super) fn doom_pivots(&mut self, own: Xid) -> Result<(), Failure> {
        for pivot in self.get(own).into.clone() {
            let near = self.get(pivot);
            let joins = |into: &Xid| {
                let far = self.get(*into);
                *into == own || (!far.is_committed() && !far.read_only && !far.is_doomed())
            };
            if near.is_committed() || near.is_doomed() || !near.into.iter().any(joins) {
                continue;
            }
            if near.is_prepared() {
                return Err(Failure::CommitOfOut);
            }
            self.get_mut(pivot).state = State::Doomed;
        }
        Ok(())
    }
}
