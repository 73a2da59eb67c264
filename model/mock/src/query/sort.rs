//! ORDER BY.

use crate::expression::{Context, SortKey};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::cmp::Ordering;

/// Sorts rows; those that are alike stay in their order.
///
/// # Errors
/// What the keys' expressions say.
pub(crate) fn sort(rows: &mut Vec<Vec<Datum>>, keys: &[SortKey], cx: &Context<'_>) -> Result<(), SqlError> {
    if keys.is_empty() || rows.len() < 2 {
        return Ok(());
    }
    let mut keyed = Vec::with_capacity(rows.len());
    for row in std::mem::take(rows) {
        keyed.push((values(keys, cx, &row)?, row));
    }
    keyed.sort_by(|a, b| compare(keys, &a.0, &b.0));
    rows.extend(keyed.into_iter().map(|(_, row)| row));
    Ok(())
}

/// What a row is sorted by.
///
/// # Errors
/// What the keys' expressions say.
pub(super) fn values(keys: &[SortKey], cx: &Context<'_>, row: &[Datum]) -> Result<Vec<Datum>, SqlError> {
    keys.iter().map(|key| key.expr.evaluate(cx, row)).collect()
}

/// Which of two comes first.
pub(super) fn compare(keys: &[SortKey], a: &[Datum], b: &[Datum]) -> Ordering {
    let each = keys.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| match (a.is_null(), b.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) if key.nulls_first => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, true) if key.nulls_first => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if key.descending => b.cmp(a),
        (false, false) => a.cmp(b),
    });
    each.fold(Ordering::Equal, Ordering::then)
}
