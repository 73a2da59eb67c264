//! What can be read: a table or an index, a page of it, a row version.

use crate::ids::{Oid, Tid};
use std::ops::RangeInclusive;

/// So many row versions lie on a page of a table: PostgreSQL's pages of 8 KiB hold about as many narrow rows.
const ROWS_PER_PAGE: u32 = 185;
/// With more locks on a page than that, the page is locked instead (`max_pred_locks_per_page`).
const LOCKS_PER_PAGE: u32 = 2;
/// With more locks on a relation than that, the relation is locked instead: the default of
/// `max_pred_locks_per_relation`, half of `max_pred_locks_per_transaction` less one.
const LOCKS_PER_RELATION: u32 = 64 / 2 - 1;

/// A table or an index, or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The table or the index.
    pub relation: Oid,
    /// The part.
    pub part: Part,
}

/// How much of a relation was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it.
    Whole,
    /// A page.
    Page(u32),
    /// A row version of a table.
    Row(Tid),
}

impl Target {
    pub(super) fn whole(relation: Oid) -> Target {
        Target { relation, part: Part::Whole }
    }

    pub(super) fn page(relation: Oid, page: u32) -> Target {
        Target { relation, part: Part::Page(page) }
    }

    pub(super) fn row(relation: Oid, row: Tid) -> Target {
        Target { relation, part: Part::Row(row) }
    }

    /// What this is directly a part of.
    pub(super) fn parent(self) -> Option<Target> {
        match self.part {
            Part::Whole => None,
            Part::Page(_) => Some(Target::whole(self.relation)),
            Part::Row(row) => Some(Target::page(self.relation, row.0 / ROWS_PER_PAGE)),
        }
    }

    /// So many of its parts may be locked before it is locked instead of them.
    pub(super) fn parts_max(self) -> u32 {
        match self.part {
            Part::Whole => LOCKS_PER_RELATION,
            Part::Page(_) => LOCKS_PER_PAGE,
            Part::Row(_) => 0,
        }
    }

    /// Its parts, direct or not; none of a row version.
    pub(super) fn parts(self) -> Option<RangeInclusive<Target>> {
        let of = |part| Target { relation: self.relation, part };
        match self.part {
            Part::Whole => Some(of(Part::Page(0))..=of(Part::Row(Tid(u32::MAX)))),
            Part::Page(page) => {
                let first = page.checked_mul(ROWS_PER_PAGE)?;
                let last = first.saturating_add(ROWS_PER_PAGE - 1);
                Some(of(Part::Row(Tid(first)))..=of(Part::Row(Tid(last))))
            }
            Part::Row(_) => None,
        }
    }

    /// The relation and all its parts.
    pub(super) fn all(relation: Oid) -> RangeInclusive<Target> {
        Target::whole(relation)..=Target::row(relation, Tid(u32::MAX))
    }
}
