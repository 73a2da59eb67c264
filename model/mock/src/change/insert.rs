//! INSERT.

use super::{Insert, Outcome, Target};
use crate::executor::Executor;
use crate::expression::values;
use crate::ids::Tid;
use crate::log::Change;
use crate::query;
use crate::store::{Reader, Row};
use crate::types::Datum;
use drawloom_model::SqlError;

impl Executor {
    /// Inserts the rows of a query.
    ///
    /// # Errors
    /// A row breaks a constraint, an expression fails, or a wait.
    pub async fn insert(
        &self,
        insert: &Insert,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Outcome, SqlError> {
        let rows = self
            .read(reader, parameters, |cx| {
                let rows = query::rows(&insert.source, cx)?;
                rows.iter().map(|row| values(&insert.values, cx, row)).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let mut outcome = Outcome::default();
        for mut row in rows {
            insert.target.generate(&mut row)?;
            insert.target.check(&row)?;
            let row: Row = row.into();
            let (tid, row) = match &insert.conflict {
                None => (self.insert_row(&insert.target, &row).await?, row),
                Some(conflict) => {
                    let inserted = Box::pin(self.insert_or(insert, conflict, row, reader, parameters));
                    match inserted.await? {
                        Some(stored) => stored,
                        None => continue,
                    }
                }
            };
            outcome.affected += 1;
            self.breathe().await?;
            if let Some(returning) = &insert.returning {
                let row = with_tid(insert.target.padded(&row), tid);
                outcome.rows.push(self.read(reader, parameters, |cx| returning.row(cx, &row)).await?);
            }
        }
        Ok(outcome)
    }

    pub(crate) async fn insert_row(&self, target: &Target, row: &Row) -> Result<Tid, SqlError> {
        self.watch_row(target, None)?;
        let tid = self.write(target, row.clone(), Vec::new());
        let (file, xid) = (target.table.file, self.xid());
        let change = Change { file, xid, before: None, after: Some((tid, row.clone())) };
        self.with(|database| database.log_change(self.session, change));
        self.enter(target, tid, row, None).await?;
        self.note(target, None, Some((tid, row)));
        Ok(tid)
    }
}

/// A row of FROM: a version's values and its number.
pub(super) fn with_tid(mut row: Vec<Datum>, tid: Tid) -> Vec<Datum> {
    row.push(Datum::Int(tid.0.into()));
    row
}
