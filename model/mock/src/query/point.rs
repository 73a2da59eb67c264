//! The commonest query: columns of the rows that have one key in an index.
//!
//! No row is put together for it: what the list asks for is taken from the version itself.

use super::{Distinct, Path, Probe, Scan, Select, Source};
use crate::expression::{Context, Expr};
use crate::store::Key;
use crate::types::Datum;
use drawloom_model::SqlError;

impl Select {
    /// Its rows, if it asks for nothing but columns of a table by all of an index's key.
    ///
    /// # Errors
    /// What the key's expression says.
    pub(super) fn rows_at_point(&self, cx: &Context<'_>) -> Result<Option<Vec<Vec<Datum>>>, SqlError> {
        let Source::Table(scan) = &self.from else { return Ok(None) };
        let Path::Index(Probe { index, equal, last: None }) = &scan.path else { return Ok(None) };
        let is_column = |expr: &Expr| matches!(expr, Expr::Column(place) if *place < scan.missing.len());
        let is_plain = self.filter.is_none()
            && scan.filter.is_none()
            && self.group.is_none()
            && self.windows.is_empty()
            && self.series.is_empty()
            && matches!(self.distinct, Distinct::All)
            && self.project.iter().all(is_column);
        let entries = cx.world().file(scan.file).index(*index);
        let ([expr], 1, true) = (&**equal, entries.keys.len(), is_plain) else { return Ok(None) };
        let value = expr.evaluate(cx, &[])?;
        if value.is_null() {
            return Ok(Some(Vec::new()));
        }
        let key = Key::One(value);
        cx.world().read_index((scan.table, scan.file), *index, entries.page(&key), &key);
        let mut rows = Vec::with_capacity(1);
        for tid in entries.exactly(&key) {
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
