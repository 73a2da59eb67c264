//! Expressions, bound to the columns and types that they speak of, and how they are worked out.

mod bind;
mod evaluate;
mod volatility;

pub(crate) use bind::{Binder, Bound, Need, SYMMETRIC, VisibleCte, function_name, is_default, sort_key};
pub(crate) use evaluate::{Context, Outer, check_depth, no_expression, values};

use crate::functions::{Aggregate, Call};
use crate::query::Query;
use crate::types::cast::Cast;
use crate::types::{Datum, Modifier, Scalar, Type};
use std::rc::Rc;

/// An expression over a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Literal(Datum),
    /// A column of the row.
    Column(usize),
    /// A column of the row of a query around this one; 1 is the next.
    Outer {
        level: usize,
        column: usize,
    },
    /// `$1` is 0.
    Parameter(usize),
    /// A function or an operator.
    Call(Box<Called>),
    Cast(Box<Converted>),
    And(Box<[Expr]>),
    Or(Box<[Expr]>),
    Not(Box<Expr>),
    IsNull(Box<Expr>),
    /// `IS TRUE`, `IS FALSE`: never NULL.
    Is(Box<Expr>, bool),
    /// `IS DISTINCT FROM`, by an equality.
    IsDistinct(Box<Called>),
    Case {
        branches: Box<[(Expr, Expr)]>,
        otherwise: Box<Expr>,
    },
    Coalesce(Box<[Expr]>),
    /// NULL where the two are equal, else the first of them.
    NullIf(Box<Called>),
    /// `GREATEST` or `LEAST`.
    Extreme {
        greatest: bool,
        of: Box<[Expr]>,
    },
    /// `= ANY (array)`, `<> ALL (array)`
    Quantified {
        comparison: Box<Called>,
        all: bool,
    },
    Array {
        of: Box<[Expr]>,
        scalar: Scalar,
    },
    /// An array's elements, by number.
    Element(Box<(Expr, Expr)>),
    Subquery(Box<Subquery>),
    /// What the engine knows and no function: `nextval`, `current_user`, ...
    Engine(EngineCall, Box<[Expr]>),
    /// An aggregate, until its query groups.
    Aggregate(Box<Aggregated>),
    /// A window function, until its query has windows.
    Window(Box<Windowed>),
}

/// A function with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub name: Rc<str>,
    pub call: Call,
    pub arguments: Box<[Expr]>,
}

/// A value turned into one of another type.
#[derive(Clone, Debug)]
pub(crate) struct Converted {
    pub expr: Expr,
    pub cast: Cast,
    pub to: Type,
    pub modifier: Option<Modifier>,
}

/// A query inside an expression.
#[derive(Clone, Debug)]
pub(crate) struct Subquery {
    pub kind: SubqueryKind,
    pub query: Rc<Query>,
    /// Its number, if its rows are the same for every row: then it is worked out once in a statement.
    pub once: Option<usize>,
}

/// What becomes of a subquery's rows.
#[derive(Clone, Debug)]
pub(crate) enum SubqueryKind {
    /// The only one's only value.
    Scalar,
    Exists,
    /// Compared each: the comparison's first argument stands outside, the second is column 0 of the row.
    Quantified {
        comparison: Called,
        all: bool,
    },
    /// Compared each by an expression over the row, outside of which is the row of the query around it.
    QuantifiedRow {
        comparison: Expr,
        all: bool,
    },
    /// The only one compared so.
    ScalarRow {
        comparison: Expr,
    },
    /// All of them, as an array.
    Array(Scalar),
}

/// What the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineCall {
    CurrentUser,
    SessionUser,
    CurrentDatabase,
    CurrentSchema,
    CurrentSchemas,
    /// `pg_get_userbyid`
    RoleName,
    /// `to_regclass`
    RelationNamed,
    /// A relation's name, as `regclass` prints it.
    RelationName,
    FormatType,
    TableIsVisible,
    /// `obj_description` and `col_description`
    Description,
    /// `has_table_privilege` and its kin, of what is found so.
    HasPrivilege(&'static str),
    Nextval,
    Currval,
    Lastval,
    Setval,
    BackendPid,
    TransactionId,
    /// The number of a row version, as `ctid`.
    RowVersion,
    AdvisoryLock {
        shared: bool,
        session: bool,
        wait: bool,
    },
    AdvisoryUnlock {
        shared: bool,
    },
    AdvisoryUnlockAll,
    Sleep,
    Random,
    CurrentSetting,
    SetConfig,
    Notify,
    /// `WHERE CURRENT OF`: a cursor's name, a table, the number of a row version.
    CurrentOf,
}

/// An aggregate with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Aggregated {
    pub name: Rc<str>,
    pub aggregate: Aggregate,
    pub arguments: Box<[Expr]>,
    pub distinct: bool,
    pub order: Vec<SortKey>,
    pub filter: Option<Expr>,
}

/// A window function with its window.
#[derive(Clone, Debug)]
pub(crate) struct Windowed {
    pub function: WindowFunction,
    pub arguments: Box<[Expr]>,
    /// Which rows an aggregate counts.
    pub filter: Option<Expr>,
    pub partition: Box<[Expr]>,
    pub order: Vec<SortKey>,
    pub frame: Frame,
}

/// What is worked out over a window.
#[derive(Clone, Debug)]
pub(crate) enum WindowFunction {
    RowNumber,
    Rank,
    DenseRank,
    PercentRank,
    CumeDist,
    Ntile,
    /// `lag` is -1, `lead` 1.
    Shift(i64),
    FirstValue,
    LastValue,
    NthValue,
    Aggregate(Aggregate),
}

/// Which rows of its partition a window function sees.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub units: Units,
    pub start: Edge,
    pub end: Edge,
}

/// What a frame's distances count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    Rows,
    /// By how much the key that sorts differs.
    Range,
    /// Rows that sort alike are one.
    Groups,
}

/// Where a frame begins or ends.
#[derive(Clone, Debug)]
pub(crate) enum Edge {
    First,
    Preceding(Offset),
    Current,
    Following(Offset),
    Last,
}

/// How far away an edge is.
#[derive(Clone, Debug)]
pub(crate) struct Offset {
    pub distance: Expr,
    /// The key that is this far away, for RANGE.
    pub limit: Option<Expr>,
}

/// What rows are sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SortKey {
    pub expr: Expr,
    pub descending: bool,
    pub nulls_first: bool,
}

impl Expr {
    /// The literal NULL.
    pub const NULL: Expr = Expr::Literal(Datum::Null);
}

/// Two calls are alike if they have the same name, take the same types, and are over the same arguments.
impl PartialEq for Called {
    fn eq(&self, other: &Called) -> bool {
        let types = |called: &Called| {
            let parameters = (0..called.arguments.len()).map(|place| called.call.parameter(place));
            parameters.collect::<Vec<_>>()
        };
        self.name == other.name && self.arguments == other.arguments && types(self) == types(other)
    }
}

impl PartialEq for Converted {
    fn eq(&self, other: &Converted) -> bool {
        self.to == other.to && self.modifier == other.modifier && self.expr == other.expr
    }
}

/// A subquery is like no other.
impl PartialEq for Subquery {
    fn eq(&self, other: &Subquery) -> bool {
        Rc::ptr_eq(&self.query, &other.query)
    }
}

impl PartialEq for Aggregated {
    fn eq(&self, other: &Aggregated) -> bool {
        self.name == other.name
            && self.arguments == other.arguments
            && self.distinct == other.distinct
            && self.order == other.order
            && self.filter == other.filter
    }
}

impl Aggregated {
    /// Every expression in it.
    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let order = self.order.iter_mut().map(|key| &mut key.expr);
        self.arguments.iter_mut().chain(order).chain(&mut self.filter)
    }
}

impl Windowed {
    /// Every expression in it.
    pub fn parts(&self) -> impl Iterator<Item = &Expr> {
        let edges = [&self.frame.start, &self.frame.end].into_iter().filter_map(|edge| match edge {
            Edge::Preceding(offset) | Edge::Following(offset) => Some(offset),
            Edge::First | Edge::Current | Edge::Last => None,
        });
        let offsets = edges.flat_map(|offset| std::iter::once(&offset.distance).chain(&offset.limit));
        let order = self.order.iter().map(|key| &key.expr);
        self.arguments.iter().chain(&self.filter).chain(&self.partition).chain(order).chain(offsets)
    }

    /// Every expression in it.
    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let edges = [&mut self.frame.start, &mut self.frame.end].into_iter().filter_map(|edge| match edge {
            Edge::Preceding(offset) | Edge::Following(offset) => Some(offset),
            Edge::First | Edge::Current | Edge::Last => None,
        });
        let offsets = edges.flat_map(|offset| std::iter::once(&mut offset.distance).chain(&mut offset.limit));
        let order = self.order.iter_mut().map(|key| &mut key.expr);
        self.arguments
            .iter_mut()
            .chain(&mut self.filter)
            .chain(&mut self.partition)
            .chain(order)
            .chain(offsets)
    }
}

/// A window function is like no other.
impl PartialEq for Windowed {
    fn eq(&self, _: &Windowed) -> bool {
        false
    }
}
