//! Queries: what reads and gives rows.
//!
//! ```text
//! from: each source extends the row so far      scans, joins, subqueries, series
//!   -> filter -> groups -> windows -> project -> distinct -> sort -> limit
//! ```
//!
//! The row so far is one list of values: every source of FROM appends its columns to what stands left of it,
//! and, if it is a table, the number of the row version behind them.

mod bind;
mod exists;
mod from;
mod group;
mod part;
mod point;
mod probe;
mod rows;
mod scope;
mod set;
mod sort;
mod walk;
mod window;

pub(crate) use bind::{all_of, column_of, settled, settled_default, settled_number, together};
pub(crate) use from::{Hash, Join, JoinKind, Path, Scan, Source, each};
pub(crate) use probe::{Last, Limit, Probe};
pub(crate) use rows::{filtered, limits, rows};
pub(crate) use scope::{Column, Named, Origin, Relation, Scope};
pub(crate) use sort::sort;

use crate::change::Target;
use crate::expression::{Aggregated, Expr, SortKey, Windowed};
use crate::functions::Series;
use crate::store::RowLock;
use crate::types::Type;
use std::rc::Rc;

/// A query.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// The subqueries of WITH that are its own.
    pub with: Vec<Rc<Cte>>,
    pub body: Body,
    /// What it gives.
    pub columns: Vec<Output>,
    /// Over the body's rows, which may have more columns than it gives.
    pub order: Vec<SortKey>,
    pub limit: Option<Expr>,
    /// Whether it gives the rows too that sort as the last one does.
    pub with_ties: bool,
    pub offset: Option<Expr>,
}

/// A column that a query gives.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub name: Rc<str>,
    pub ty: Type,
}

/// A subquery of WITH.
#[derive(Clone, Debug)]
pub(crate) struct Cte {
    /// One for each in a statement.
    pub number: usize,
    pub name: Rc<str>,
    pub query: Query,
    /// The part of a recursive one that is repeated.
    pub repeated: Option<Query>,
    /// Whether the repetitions keep what they have seen.
    pub keeps_duplicates: bool,
}

/// Where a query's rows come from.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Select(Box<Select>),
    Values(Vec<Vec<Expr>>),
    Set { operation: SetOperation, all: bool, left: Box<Query>, right: Box<Query> },
}

/// How two queries' rows are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetOperation {
    Union,
    Except,
    Intersect,
}

/// A SELECT without what comes after it.
#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub from: Source,
    pub filter: Option<Expr>,
    pub group: Option<Group>,
    pub windows: Vec<Windowed>,
    /// Functions of the list that give several rows.
    pub series: Vec<Repeated>,
    /// What it gives, then what it is only sorted by.
    pub project: Vec<Expr>,
    pub distinct: Distinct,
    pub marks: Vec<Mark>,
    /// All conditions at once, for a marked row that was changed meanwhile.
    pub recheck: Option<Expr>,
}

/// Which of the rows that are alike are given.
#[derive(Clone, Debug)]
pub(crate) enum Distinct {
    All,
    /// One of those that are equal in so many columns.
    First(usize),
    /// One of those for which these are equal, over the projected row.
    On(Vec<Expr>),
}

/// `GROUP BY`, and what is worked out over each group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub keys: Vec<Expr>,
    pub aggregates: Vec<Aggregated>,
    pub having: Option<Expr>,
}

/// A function that gives several rows.
#[derive(Clone, Debug)]
pub(crate) struct Repeated {
    pub series: Series,
    pub arguments: Vec<Expr>,
}

/// `FOR UPDATE` and the like, of one table of FROM.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub relation: Relation,
    pub mode: RowLock,
    pub waits: Waits,
    pub target: Rc<Target>,
}

/// What is done about a row that somebody else has locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Wait,
    /// `NOWAIT`
    Fail,
    /// `SKIP LOCKED`
    Skip,
}

impl Query {
    /// One that gives a body's rows, with no columns as yet.
    pub fn of(body: Body) -> Query {
        Query {
            with: Vec::new(),
            body,
            columns: Vec::new(),
            order: Vec::new(),
            limit: None,
            with_ties: false,
            offset: None,
        }
    }

    /// `VALUES`
    pub fn of_values(rows: Vec<Vec<Expr>>, columns: Vec<Output>) -> Query {
        Query { columns, ..Query::of(Body::Values(rows)) }
    }

    /// The rows of this one in another order, after its limit.
    pub fn wrapped(self, order: Vec<SortKey>) -> Query {
        let columns = self.columns.clone();
        let project = (0..columns.len()).map(Expr::Column).collect();
        let from = Source::Query { query: Rc::new(self), name: "*SELECT*".into(), lateral: false };
        let select = Select { project, ..Select::of(from, None, Distinct::All) };
        Query { columns, order, ..Query::of(Body::Select(select.into())) }
    }

    /// Whether it locks the rows that it gives.
    pub fn locks_rows(&self) -> bool {
        matches!(&self.body, Body::Select(select) if !select.marks.is_empty())
    }
}

impl Select {
    /// The rows of a FROM.
    pub fn of(from: Source, filter: Option<Expr>, distinct: Distinct) -> Select {
        Select {
            from,
            filter,
            group: None,
            windows: Vec::new(),
            series: Vec::new(),
            project: Vec::new(),
            distinct,
            marks: Vec::new(),
            recheck: None,
        }
    }
}
