//! UNION, EXCEPT and INTERSECT.

use super::SetOperation;
use crate::types::Datum;
use std::collections::BTreeMap;

/// Puts two queries' rows together. Rows that are alike are counted with ALL, and are one without.
pub(super) fn combine(
    operation: SetOperation,
    all: bool,
    left: Vec<Vec<Datum>>,
    right: Vec<Vec<Datum>>,
) -> Vec<Vec<Datum>> {
    if operation == SetOperation::Union {
        let mut rows = left;
        rows.extend(right);
        if !all {
            let mut seen = std::collections::BTreeSet::new();
            rows.retain(|row| seen.insert(row.clone()));
        }
        return rows;
    }
    let mut rights: BTreeMap<Vec<Datum>, usize> = BTreeMap::new();
    for row in right {
        *rights.entry(row).or_default() += 1;
    }
    let mut given = std::collections::BTreeSet::new();
    let mut rows = left;
    rows.retain(|row| {
        let there = rights.get_mut(row).filter(|count| **count > 0);
        let met = there.is_some();
        if all && let Some(count) = there {
            *count -= 1;
        }
        met == (operation == SetOperation::Intersect) && (all || given.insert(row.clone()))
    });
    rows
}
