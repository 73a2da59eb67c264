//! INSERT.

use super::store::Writer;
use super::{Insert, Outcome, Target};
use crate::database::Database;
use crate::executor::Executor;
use crate::expression::{Context, values};
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
        let rows = self.read(reader, parameters, |cx| insert.rows(cx)).await?;
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
        let tid = self.with(|database| {
            let writer = database.writer(self.session);
            let (tid, change) = database.write_new(writer, target, row);
            database.log_change(self.session, change);
            tid
        });
        self.enter(target, tid, row, None).await?;
        self.note(target, None, Some((tid, row)));
        Ok(tid)
    }
}

impl Database {
    /// Writes a new row's version into the table; with its number comes what is to be logged.
    pub(super) fn write_new(&mut self, by: Writer, target: &Target, row: &Row) -> (Tid, Change) {
        let tid = self.write(by, target, row.clone(), Vec::new());
        let after = Some((tid, row.clone()));
        (tid, Change { file: target.table.file, xid: by.xid, before: None, after })
    }
}

impl Insert {
    /// The values of the rows that are inserted, without those that follow from others.
    ///
    /// # Errors
    /// What the expressions say.
    pub(super) fn rows(&self, cx: &Context<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
        let mut rows = query::rows(&self.source, cx)?;
        for row in &mut rows {
            *row = values(&self.values, cx, row)?;
        }
        Ok(rows)
    }
}

/// A row of FROM: a version's values and its number.
pub(super) fn with_tid(mut row: Vec<Datum>, tid: Tid) -> Vec<Datum> {
    row.push(Datum::Int(tid.0.into()));
    row
}
