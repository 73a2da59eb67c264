//! Unique keys that are deferrable: whether a key is there twice is asked after the statement, or when the transaction
//! is over (PostgreSQL's constraint.c, unique_key_recheck).

use super::Target;
use super::event::{Change, Event};
use super::store::Holder;
use super::target::TargetIndex;
use crate::executor::Executor;
use crate::ids::{Oid, Tid};
use crate::store::Key;
use drawloom_model::SqlError;

impl Executor {
    /// Notes that a version has a key that another one has, or may have.
    pub(super) fn note_repeated(&self, target: &Target, index: &TargetIndex, key: &Key, tid: Tid) {
        if self.holder(target, index, key, Some(tid)) == Holder::Nobody {
            return;
        }
        let event = Event { key: index.oid, table: target.oid, change: Change::Repeats { tid } };
        self.with(|database| {
            database.session_mut(self.session).transaction_mut().checks.now.push_back(event);
        });
    }

    /// Whether a version, if it is still there, is the only one with its key.
    ///
    /// # Errors
    /// `23505`: it is not; those of waiting.
    pub(super) async fn check_repeated(&self, table: Oid, index: Oid, tid: Tid) -> Result<(), SqlError> {
        let target = self.with(|database| {
            let naming = &database.session(self.session).naming;
            Target::of(database.catalog(self.session), naming, table)
        })?;
        let Some(index) = target.indexes.iter().find(|it| it.oid == index) else { return Ok(()) };
        match self.newest_of_key(&target, index.oid, tid)? {
            Some((tid, key)) => self.wait_until_free(&target, index, &key, tid).await,
            None => Ok(()),
        }
    }

    /// What has become of a version, as long as its key is the same: who changes the key notes that anew.
    fn newest_of_key(&self, target: &Target, index: Oid, tid: Tid) -> Result<Option<(Tid, Key)>, SqlError> {
        self.with(|database| {
            let file = &database.files[&target.table.file];
            let key = |tid: Tid| match file.heap.get(tid) {
                Some(tuple) => file.index(index).key(&tuple.row),
                None => Ok(None),
            };
            let Some(noted) = key(tid)? else { return Ok(None) };
            let mut at = tid;
            while let Some(end) = file.heap.get(at).and_then(|tuple| tuple.ended(&database.transactions)) {
                match end.next {
                    Some(next) if key(next)?.as_ref() == Some(&noted) => at = next,
                    _ => return Ok(None),
                }
            }
            Ok(Some((at, noted)))
        })
    }
}
