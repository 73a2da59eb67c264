//! Tells what a serializable transaction writes.

use super::Target;
use crate::executor::Executor;
use crate::ids::{Oid, Tid};
use crate::types::Datum;
use drawloom_model::SqlError;

impl Executor {
    /// It writes a row: a new one, or one that takes the place of this version or deletes it.
    ///
    /// # Errors
    /// `40001`
    pub(super) fn watch_row(&self, target: &Target, tid: Option<Tid>) -> Result<(), SqlError> {
        self.with(|database| {
            let Some(own) = database.watched(self.session) else { return Ok(()) };
            let in_savepoint = database.session(self.session).transaction().depth() > 1;
            Ok(database.ssi.get_mut().write_row(own, target.oid, tid, in_savepoint)?)
        })
    }

    /// It enters a key into an index.
    ///
    /// # Errors
    /// `40001`
    pub(super) fn watch_key(&self, target: &Target, index: Oid, key: &[Datum]) -> Result<(), SqlError> {
        self.with(|database| {
            let Some(own) = database.watched(self.session) else { return Ok(()) };
            let page = database.file_mut(target.table.file).index(index).page(key);
            Ok(database.ssi.get_mut().write_index(own, index, page)?)
        })
    }
}
