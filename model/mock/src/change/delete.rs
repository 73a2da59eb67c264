//! DELETE.

use super::update::Claimed;
use super::{Delete, Outcome};
use crate::executor::Executor;
use crate::store::{Reader, RowLock};
use crate::types::Datum;
use drawloom_model::SqlError;

impl Executor {
    /// Deletes the rows of FROM.
    ///
    /// # Errors
    /// An expression fails, a wait, or at REPEATABLE READ somebody else was first.
    pub async fn delete(
        &self,
        delete: &Delete,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Outcome, SqlError> {
        let reader = reader.clean();
        let target = &delete.target;
        let mut outcome = Outcome::default();
        for mut row in self.candidates(&delete.source, reader, parameters).await? {
            let claimed = loop {
                let claim =
                    self.claim_target(target, &delete.source, reader, parameters, row, RowLock::Update);
                match claim.await? {
                    Claimed::Gone => break None,
                    Claimed::Same(tid, row) => break Some((tid, row)),
                    Claimed::Newer(newer) => row = newer,
                }
            };
            let Some((tid, row)) = claimed else { continue };
            self.end(target, tid, None, RowLock::Update)?;
            self.note(target, Some((tid, &row[..target.missing.len()])), None);
            outcome.affected += 1;
            self.breathe().await?;
            if let Some(returning) = &delete.returning {
                outcome.rows.push(self.read(reader, parameters, |cx| returning.row(cx, &row)).await?);
            }
        }
        Ok(outcome)
    }
}
