//! Goes through every expression of a query, and changes it.

use super::{Body, Distinct, Query, Select, Source};
use crate::expression::{Expr, SubqueryKind};
use drawloom_model::SqlError;
use std::rc::Rc;

/// Looks at an expression that stands so many queries deep; whether its parts need not be looked at.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&mut Expr, usize) -> Result<bool, SqlError>;

impl Expr {
    /// Goes through it and all of its parts, those of its subqueries too.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn walk(&mut self, depth: usize, visit: Visit<'_>) -> Result<(), SqlError> {
        if visit(self, depth)? {
            return Ok(());
        }
        match self {
            Expr::Literal(_) | Expr::Column(_) | Expr::Outer { .. } | Expr::Parameter(_) => Ok(()),
            Expr::Call(called) | Expr::IsDistinct(called) | Expr::NullIf(called) => {
                each(&mut called.arguments, depth, visit)
            }
            Expr::Quantified { comparison, .. } => each(&mut comparison.arguments, depth, visit),
            Expr::Cast(converted) => converted.expr.walk(depth, visit),
            Expr::And(parts) | Expr::Or(parts) | Expr::Coalesce(parts) => each(parts, depth, visit),
            Expr::Array { of, .. } | Expr::Extreme { of, .. } | Expr::Engine(_, of) => each(of, depth, visit),
            Expr::Not(part) | Expr::IsNull(part) | Expr::Is(part, _) => part.walk(depth, visit),
            Expr::Element(parts) => {
                parts.0.walk(depth, visit)?;
                parts.1.walk(depth, visit)
            }
            Expr::Case { branches, otherwise } => {
                for (when, then) in branches {
                    when.walk(depth, visit)?;
                    then.walk(depth, visit)?;
                }
                otherwise.walk(depth, visit)
            }
            Expr::Subquery(subquery) => {
                match &mut subquery.kind {
                    SubqueryKind::Quantified { comparison, .. } => {
                        comparison.arguments[0].walk(depth, visit)?;
                    }
                    SubqueryKind::QuantifiedRow { comparison, .. }
                    | SubqueryKind::ScalarRow { comparison } => comparison.walk(depth + 1, visit)?,
                    SubqueryKind::Scalar | SubqueryKind::Exists | SubqueryKind::Array(_) => (),
                }
                Rc::make_mut(&mut subquery.query).walk(depth + 1, visit)
            }
            Expr::Aggregate(aggregated) => each(aggregated.parts_mut(), depth, visit),
            Expr::Window(windowed) => each(windowed.parts_mut(), depth, visit),
        }
    }

    /// Moves it into a query that stands where it stood.
    ///
    /// # Errors
    /// None.
    pub fn deepen(&mut self) -> Result<(), SqlError> {
        self.walk(0, &mut |expr, depth| {
            match expr {
                Expr::Column(column) if depth == 0 => *expr = Expr::Outer { level: 1, column: *column },
                Expr::Outer { level, .. } if *level > 0 && *level >= depth => *level += 1,
                _ => (),
            }
            Ok(false)
        })
    }
}

impl Query {
    /// Goes through every expression in it.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn walk(&mut self, depth: usize, visit: Visit<'_>) -> Result<(), SqlError> {
        for cte in &mut self.with {
            let cte = Rc::make_mut(cte);
            cte.query.walk(depth, visit)?;
            if let Some(repeated) = &mut cte.repeated {
                repeated.walk(depth, visit)?;
            }
        }
        match &mut self.body {
            Body::Select(select) => select.walk(depth, visit)?,
            Body::Values(rows) => each(rows.iter_mut().flatten(), depth, visit)?,
            Body::Set { left, right, .. } => {
                left.walk(depth, visit)?;
                right.walk(depth, visit)?;
            }
        }
        each(self.order.iter_mut().map(|key| &mut key.expr), depth, visit)?;
        each(self.limit.iter_mut().chain(&mut self.offset), depth, visit)
    }
}

impl Select {
    fn walk(&mut self, depth: usize, visit: Visit<'_>) -> Result<(), SqlError> {
        self.from.walk(depth, visit)?;
        each(&mut self.filter, depth, visit)?;
        if let Some(group) = &mut self.group {
            each(&mut group.keys, depth, visit)?;
            for aggregated in &mut group.aggregates {
                each(aggregated.parts_mut(), depth, visit)?;
            }
            each(&mut group.having, depth, visit)?;
        }
        for windowed in &mut self.windows {
            each(windowed.parts_mut(), depth, visit)?;
        }
        for series in &mut self.series {
            each(&mut series.arguments, depth, visit)?;
        }
        each(&mut self.project, depth, visit)?;
        match &mut self.distinct {
            Distinct::On(keys) => each(keys, depth, visit),
            Distinct::All | Distinct::First(_) => Ok(()),
        }
    }
}

impl Source {
    /// Goes through every expression in it.
    ///
    /// # Errors
    /// Those of `visit`.
    pub fn walk(&mut self, depth: usize, visit: Visit<'_>) -> Result<(), SqlError> {
        match self {
            Source::Nothing | Source::Cte { .. } | Source::System(_) => Ok(()),
            Source::Table(scan) => {
                let scan = Rc::make_mut(scan);
                match &mut scan.path {
                    super::Path::Sequential => (),
                    super::Path::Index(probe) => each(probe.parts_mut(), depth, visit)?,
                    super::Path::Hash { equal, .. } => each(equal, depth, visit)?,
                }
                each(&mut scan.found, depth, visit)?;
                each(&mut scan.filter, depth, visit)
            }
            Source::Join(join) => {
                join.left.walk(depth, visit)?;
                join.right.walk(depth, visit)?;
                each(&mut join.on, depth, visit)
            }
            // Without LATERAL what stands beside it is not around it.
            Source::Query { query, lateral, .. } => {
                Rc::make_mut(query).walk(depth + usize::from(*lateral), visit)
            }
            Source::Series { repeated, .. } => each(&mut repeated.arguments, depth, visit),
        }
    }
}

fn each<'a>(
    exprs: impl IntoIterator<Item = &'a mut Expr>,
    depth: usize,
    visit: Visit<'_>,
) -> Result<(), SqlError> {
    exprs.into_iter().try_for_each(|expr| expr.walk(depth, visit))
}
