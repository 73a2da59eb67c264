//! What a session keeps of a cursor (PostgreSQL's portalmem.c and pquery.c).
//!
//! ```text
//! DECLARE: the plan and what it sees -> first FETCH: the rows of FROM -> each FETCH: one row after the other,
//!                                                                        locked if the query says so
//! ```

use crate::ids::{Oid, Tid};
use crate::plan::{Kind, Plan};
use crate::query::{Body, Distinct, Query, Select, Source};
use crate::store::Reader;
use crate::types::Datum;
use std::collections::VecDeque;
use std::rc::Rc;

/// A cursor.
#[derive(Debug)]
pub(crate) struct Cursor {
    pub plan: Rc<Plan>,
    /// What it sees; nothing more once it is held over the end of its transaction.
    pub reader: Option<Reader>,
    /// Whether it goes backward.
    pub scrolls: bool,
    /// `WITH HOLD`
    pub is_held: bool,
    /// The savepoint whose end ends it; 0 is none, as it has survived its transaction.
    pub depth: u32,
    /// The rows that were fetched so far.
    pub rows: Vec<Fetched>,
    /// The rows that were not.
    pub source: Ahead,
    /// Where it stands: 0 before the first row, n on the nth.
    pub at: usize,
    /// It has gone past the last row, and `at` is one more than there are.
    pub is_past: bool,
    /// A FETCH has failed, and it gives nothing any more.
    pub is_failed: bool,
}

/// A row that a cursor gave.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub row: Vec<Datum>,
    /// The row versions that it was made of, with their tables.
    pub versions: Vec<(Oid, Tid)>,
}

/// What a cursor has not fetched yet.
#[derive(Debug)]
pub(crate) enum Ahead {
    /// It was not opened.
    Unknown,
    /// Rows of FROM: so many are still to be skipped, and so many to be given at most.
    Candidates {
        rows: VecDeque<Vec<Datum>>,
        skipped: usize,
        most: usize,
    },
    Rows(VecDeque<Vec<Datum>>),
}

impl Cursor {
    /// The version of this table's row that it stands on, if that can be told; `Err`: it stands on none.
    pub fn current(&self, table: Oid) -> Result<Option<Tid>, ()> {
        if self.at == 0 || self.is_past {
            return Err(());
        }
        let versions = &self.rows[self.at - 1].versions;
        Ok(versions.iter().find(|(of, _)| *of == table).map(|(_, tid)| *tid))
    }

    /// Whether its rows are those of this table.
    pub fn scans(&self, table: Oid) -> bool {
        let Kind::Query(query) = &self.plan.kind else { return false };
        simple(query).is_some_and(|select| tables(select).iter().any(|(of, _)| *of == table))
    }
}

/// The SELECT whose rows are those of its FROM, one by one: then a cursor stands on rows of tables.
pub(crate) fn simple(query: &Query) -> Option<&Select> {
    let Body::Select(select) = &query.body else { return None };
    let is_simple = query.with.is_empty()
        && select.group.is_none()
        && select.windows.is_empty()
        && select.series.is_empty()
        && matches!(select.distinct, Distinct::All);
    is_simple.then_some(select)
}

/// The tables whose rows a simple SELECT is made of, with the place of the version's number in a row of FROM.
pub(crate) fn tables(select: &Select) -> Vec<(Oid, usize)> {
    match &select.from {
        _ if !select.marks.is_empty() => select.marks.iter().filter_map(|mark| mark.relation.table).collect(),
        Source::Table(scan) => vec![(scan.table, scan.missing.len())],
        _ => Vec::new(),
    }
}

/// Whether PostgreSQL's plan of it goes backward without being told to (`ExecSupportsBackwardScan`).
pub(crate) fn goes_backward(query: &Query) -> bool {
    match &query.body {
        Body::Values(_) => true,
        Body::Set { .. } => false,
        Body::Select(select) => {
            simple(query).is_some()
                && select.marks.is_empty()
                && match &select.from {
                    Source::Nothing | Source::Join(_) => !query.order.is_empty() && query.limit.is_none(),
                    _ => true,
                }
        }
    }
}
