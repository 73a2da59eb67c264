//! Looks at every part of an expression or a query, where [`walk`](Expr::walk) changes them: in the same order, at the
//! same depths, and without a copy.

use super::{Body, Distinct, Last, Path, Probe, Query, Select, Source};
use crate::expression::{Aggregated, Expr, Subquery, SubqueryKind};

/// What is asked of an expression that stands so many queries deep.
type Test<'a> = &'a dyn Fn(&Expr, usize) -> bool;

impl Expr {
    /// Whether this is so of it or of any of its parts, those of its subqueries too.
    pub fn any(&self, test: Test<'_>) -> bool {
        self.any_at(0, test)
    }

    fn any_at(&self, depth: usize, test: Test<'_>) -> bool {
        test(self, depth)
            || match self {
                Expr::Literal(_) | Expr::Column(_) | Expr::Outer { .. } | Expr::Parameter(_) => false,
                Expr::Call(called) | Expr::IsDistinct(called) | Expr::NullIf(called) => {
                    any_of(&called.arguments, depth, test)
                }
                Expr::Quantified { comparison, .. } => any_of(&comparison.arguments, depth, test),
                Expr::Cast(converted) => converted.expr.any_at(depth, test),
                Expr::And(parts) | Expr::Or(parts) | Expr::Coalesce(parts) => any_of(parts, depth, test),
                Expr::Array { of, .. } | Expr::Extreme { of, .. } | Expr::Engine(_, of) => {
                    any_of(of, depth, test)
                }
                Expr::Not(part) | Expr::IsNull(part) | Expr::Is(part, _) => part.any_at(depth, test),
                Expr::Element(parts) => any_of([&parts.0, &parts.1], depth, test),
                Expr::Case { branches, otherwise } => {
                    let branches = branches.iter().flat_map(|(when, then)| [when, then]);
                    any_of(branches.chain([&**otherwise]), depth, test)
                }
                Expr::Subquery(subquery) => subquery.any(depth, test),
                Expr::Aggregate(aggregated) => any_of(aggregated.parts(), depth, test),
                Expr::Window(windowed) => any_of(windowed.parts(), depth, test),
            }
    }
}

impl Subquery {
    fn any(&self, depth: usize, test: Test<'_>) -> bool {
        let in_comparison = match &self.kind {
            SubqueryKind::Quantified { comparison, .. } => comparison.arguments[0].any_at(depth, test),
            SubqueryKind::QuantifiedRow { comparison, .. } | SubqueryKind::ScalarRow { comparison } => {
                comparison.any_at(depth + 1, test)
            }
            SubqueryKind::Scalar | SubqueryKind::Exists | SubqueryKind::Array(_) => false,
        };
        in_comparison || self.query.any_at(depth + 1, test)
    }
}

impl Aggregated {
    /// Every expression in it.
    fn parts(&self) -> impl Iterator<Item = &Expr> {
        self.arguments.iter().chain(self.order.iter().map(|key| &key.expr)).chain(&self.filter)
    }
}

impl Query {
    /// Whether this is so of any of its expressions, those of its subqueries too.
    pub fn any(&self, test: Test<'_>) -> bool {
        self.any_at(0, test)
    }

    fn any_at(&self, depth: usize, test: Test<'_>) -> bool {
        let ctes = self.with.iter().flat_map(|cte| [&cte.query].into_iter().chain(&cte.repeated));
        let in_body = || match &self.body {
            Body::Select(select) => select.any(depth, test),
            Body::Values(rows) => any_of(rows.iter().flatten(), depth, test),
            Body::Set { left, right, .. } => left.any_at(depth, test) || right.any_at(depth, test),
        };
        let order = self.order.iter().map(|key| &key.expr);
        ctes.into_iter().any(|query| query.any_at(depth, test))
            || in_body()
            || any_of(order.chain(&self.limit).chain(&self.offset), depth, test)
    }
}

impl Select {
    /// As that of a query, where it stands so many queries deep.
    pub fn any(&self, depth: usize, test: Test<'_>) -> bool {
        let in_group = || {
            self.group.as_ref().is_some_and(|group| {
                let aggregates = group.aggregates.iter().flat_map(Aggregated::parts);
                any_of(group.keys.iter().chain(aggregates).chain(&group.having), depth, test)
            })
        };
        let windows = self.windows.iter().flat_map(|windowed| windowed.parts());
        let series = self.series.iter().flat_map(|series| &series.arguments);
        let distinct = match &self.distinct {
            Distinct::On(keys) => &keys[..],
            Distinct::All | Distinct::First(_) => &[],
        };
        self.from.any(depth, test)
            || any_of(&self.filter, depth, test)
            || in_group()
            || any_of(windows.chain(series).chain(&self.project).chain(distinct), depth, test)
    }
}

impl Source {
    fn any(&self, depth: usize, test: Test<'_>) -> bool {
        match self {
            Source::Nothing | Source::Cte { .. } | Source::System(_) => false,
            Source::Table(scan) => {
                let in_path = match &scan.path {
                    Path::Sequential => false,
                    Path::Index(probe) => probe.any(depth, test),
                    Path::Hash { equal, .. } => any_of(equal, depth, test),
                };
                in_path || any_of(scan.found.iter().chain(&scan.filter), depth, test)
            }
            Source::Join(join) => {
                join.left.any(depth, test) || join.right.any(depth, test) || any_of(&join.on, depth, test)
            }
            // Without LATERAL what stands beside it is not around it.
            Source::Query { query, lateral, .. } => query.any_at(depth + usize::from(*lateral), test),
            Source::Series { repeated, .. } => any_of(&repeated.arguments, depth, test),
        }
    }
}

impl Probe {
    fn any(&self, depth: usize, test: Test<'_>) -> bool {
        any_of(&self.equal, depth, test)
            || match &self.last {
                None => false,
                Some(Last::OneOf(values)) => any_of(values, depth, test),
                Some(Last::ElementOf(array)) => array.any_at(depth, test),
                Some(Last::Between { low, high }) => {
                    any_of(low.iter().chain(high).map(|limit| &limit.value), depth, test)
                }
            }
    }
}

fn any_of<'a>(exprs: impl IntoIterator<Item = &'a Expr>, depth: usize, test: Test<'_>) -> bool {
    exprs.into_iter().any(|expr| expr.any_at(depth, test))
}
