//! The end of a transaction, and of the need to know about it.
//!
//! A committed transaction matters until everybody has ended who overlapped it; a failed one not at all.

use super::Ssi;
use super::transaction::State;
use crate::ids::Xid;

impl Ssi {
    /// The transaction has ended: `ReleasePredicateLocks`.
    pub(super) fn end(&mut self, own: Xid, commit: bool) {
        if !self.transactions.contains_key(&own) {
            return;
        }
        self.has_changed = true;
        if commit {
            self.last += 1;
        }
        let (last, number_next) = (self.last, self.number_next);
        let transaction = self.get_mut(own);
        transaction.ended_before = number_next;
        if commit {
            transaction.state = State::Committed;
            transaction.committed = last;
            transaction.read_only |= transaction.number.is_none();
        }
        if !transaction.declared_read_only {
            self.writers -= 1;
            if self.writers == 0 {
                self.clearable = self.last;
            }
        }
        if commit {
            self.settle_out(own);
            self.settle_into(own);
        }
        self.active.retain(|active| *active != own);
        let safe = self.decide(own, commit);
        if commit {
            self.finished.push_back(own);
        } else {
            self.forget(own);
        }
        self.clear();
        for reader in safe {
            self.end(reader, false);
        }
    }

    /// Drops the conflicts out that can be part of no danger any more, and notes the earliest that was committed.
    fn settle_out(&mut self, own: Xid) {
        for writer in self.get(own).out.clone() {
            let (prepared, snapshot) = (self.get(writer).prepared, self.get(writer).snapshot);
            let committed = self.get(writer).is_committed();
            let transaction = self.get_mut(own);
            if committed && !transaction.read_only {
                let earliest = transaction.earliest_out.unwrap_or(u64::MAX);
                transaction.earliest_out = Some(earliest.min(prepared));
            }
            if committed || snapshot >= self.last {
                self.drop_conflict(own, writer);
            }
        }
    }

    fn settle_into(&mut self, own: Xid) {
        for reader in self.get(own).into.clone() {
            if self.get(reader).is_committed() || self.get(reader).read_only {
                self.drop_conflict(reader, own);
            }
        }
    }

    /// Tells the READ ONLY transactions that wait for this one's end what it means for their snapshots. Those that
    /// are safe now are returned.
    fn decide(&mut self, own: Xid, commit: bool) -> Vec<Xid> {
        let transaction = self.get_mut(own);
        let undecided = std::mem::take(&mut transaction.undecided);
        let earliest_out = transaction.earliest_out.filter(|_| commit && transaction.number.is_some());
        let declared_read_only = transaction.declared_read_only;
        let mut safe = Vec::new();
        for other in undecided {
            let reader = self.get_mut(other);
            reader.undecided.retain(|it| *it != own);
            if declared_read_only {
                continue;
            }
            if earliest_out.is_some_and(|earliest| earliest <= reader.snapshot) {
                reader.endangered = true;
                for writer in std::mem::take(&mut reader.undecided) {
                    self.get_mut(writer).undecided.retain(|it| *it != other);
                }
            } else if reader.undecided.is_empty() {
                safe.push(other);
            }
        }
        safe
    }

    /// Forgets what no active transaction overlaps: `ClearOldPredicateLocks`.
    fn clear(&mut self) {
        let oldest = self.number_min();
        let mut at = 0;
        while let Some(finished) = self.finished.get(at).copied() {
            let transaction = self.get(finished);
            let (committed, read_only) = (transaction.committed, transaction.read_only);
            let over = oldest.is_none_or(|oldest| transaction.ended_before <= oldest);
            // Whoever is active and overlaps it is READ ONLY: nobody can write what it read.
            let read_over = committed > self.cleared && committed <= self.clearable;
            if !over && !read_over {
                break;
            }
            if read_over {
                self.cleared = committed;
            }
            if over || read_only {
                self.finished.remove(at);
                self.forget(finished);
            } else {
                self.unlock_all(finished);
                for reader in self.get(finished).into.clone() {
                    self.drop_conflict(reader, finished);
                }
                at += 1;
            }
        }
    }

    fn forget(&mut self, own: Xid) {
        self.unlock_all(own);
        let gone = self.transactions.remove(&own).expect("a transaction that ends is known");
        for writer in gone.out {
            self.get_mut(writer).into.retain(|reader| *reader != own);
        }
        for reader in gone.into {
            self.get_mut(reader).out.retain(|writer| *writer != own);
        }
    }

    fn drop_conflict(&mut self, reader: Xid, writer: Xid) {
        self.get_mut(reader).out.retain(|it| *it != writer);
        self.get_mut(writer).into.retain(|it| *it != reader);
    }

    /// The first number that may have been in progress at the snapshot of a transaction that is active.
    fn number_min(&self) -> Option<u64> {
        self.active.iter().map(|active| self.get(*active).number_min).min()
    }
}
