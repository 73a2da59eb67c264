//! Statements that change rows.
//!
//! ```text
//! INSERT            rows of a query -> defaults, NOT NULL, CHECK -> a version, then every index
//! UPDATE, DELETE    rows of FROM -> claim the target's version (waits, follows it to the newest)
//!                                -> end it -> INSERT's second half
//! MERGE             rows of the source with those of the target that meet them -> one of these for each
//! ```

mod assign;
mod at_once;
mod bind;
mod claim;
mod conflict;
mod conflict_bind;
mod delete;
mod event;
mod fill;
mod foreign_key;
mod insert;
mod lock;
mod merge;
mod merge_bind;
mod repeat;
mod store;
pub(crate) mod target;
mod update;
mod watch;

pub(crate) use at_once::{Author, is_small};
pub(crate) use conflict::{Action as ConflictAction, Conflict};
pub(crate) use event::Checks;
pub(crate) use merge::Merge;
pub(crate) use target::Target;

use crate::expression::{Context, Expr, values};
use crate::query::{Output, Query, Select};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::rc::Rc;

/// `INSERT`
#[derive(Debug)]
pub(crate) struct Insert {
    pub target: Rc<Target>,
    pub source: Query,
    /// A value for each column of the table, over a row of the source.
    pub values: Vec<Expr>,
    pub conflict: Option<Conflict>,
    pub returning: Option<Returning>,
}

/// `UPDATE`
#[derive(Debug)]
pub(crate) struct Update {
    pub target: Rc<Target>,
    pub source: Source,
    /// Columns and their new values, over a row of FROM.
    pub assignments: Vec<(usize, Expr)>,
    pub returning: Option<Returning>,
}

/// `DELETE`
#[derive(Debug)]
pub(crate) struct Delete {
    pub target: Rc<Target>,
    pub source: Source,
    pub returning: Option<Returning>,
}

/// The rows of FROM that a statement changes; those of the target come first in them.
#[derive(Debug)]
pub(crate) struct Source {
    pub select: Select,
    /// All conditions at once, for a row that was changed meanwhile (EvalPlanQual).
    pub recheck: Option<Expr>,
}

/// What a statement gives for each row that it changed.
#[derive(Debug)]
pub(crate) struct Returning {
    pub columns: Vec<Output>,
    pub list: Vec<Expr>,
}

/// What a statement did.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub affected: u64,
    pub rows: Vec<Vec<Datum>>,
}

impl Returning {
    /// What it gives for a row.
    ///
    /// # Errors
    /// What the expressions say.
    pub fn row(&self, cx: &Context<'_>, row: &[Datum]) -> Result<Vec<Datum>, SqlError> {
        values(&self.list, cx, row)
    }
}
