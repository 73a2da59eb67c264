//! The commonest query: columns of the rows that an index finds.
//!
//! No row is put together for it: what the list asks for is taken from the version itself.

use super::{Distinct, Path, Scan, Select, Source};
use crate::expression::{Context, Expr};
use crate::types::Datum;
use drawloom_model::SqlError;

impl Select {
    /// Its rows, if it asks for nothing but columns of what an index finds in a table.
    ///
    /// # Errors
    /// What the expressions say that it looks for.
    pub(super) fn rows_at_point(&self, cx: &Context<'_>) -> Result<Option<Vec<Vec<Datum>>>, SqlError> {
        let Source::Table(scan) = &self.from else { return Ok(None) };
        let Path::Index(probe) = &scan.path else { return Ok(None) };
        let is_column = |expr: &Expr| matches!(expr, Expr::Column(place) if *place < scan.missing.len());
        let is_plain = self.filter.is_none()
            && scan.filter.is_none()
            && self.group.is_none()
            && self.windows.is_empty()
            && self.series.is_empty()
            && matches!(self.distinct, Distinct::All)
            && self.project.iter().all(is_column);
        if !is_plain {
            return Ok(None);
        }
        let mut rows = Vec::with_capacity(1);
        for tid in scan.tids(probe, cx, &[])?.iter() {
            let tuple = cx.world().file(scan.file).heap.get(*tid);
            let tuple = tuple.expect("an index names versions that there are");
            if cx.world().sees(tuple)? {
                cx.world().read_row(scan.table, *tid, tuple);
                cx.world().look()?;
                rows.push(self.project.iter().map(|column| scan.value(&tuple.row, column)).collect());
            }
        }
        Ok(Some(rows))
    }
}

impl Scan {
    /// What a row has in a column of the table.
    fn value(&self, row: &[Datum], column: &Expr) -> Datum {
        let Expr::Column(place) = column else { unreachable!("the list asks for columns only") };
        row.get(*place).unwrap_or_else(|| &self.missing[*place]).clone()
    }
}
