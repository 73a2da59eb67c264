//! Rows in expressions: comparisons by their parts (PostgreSQL's manual, section 9.24.5 and 9.25).

use super::{Binder, Bound, negated};
use crate::error::{error, unsupported};
use crate::expression::{Expr, SubqueryKind};
use crate::query::Query;
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

/// The parts of a row that is written out.
pub(super) fn row_parts(ast: &ast::Expr) -> Option<Vec<ast::Expr>> {
    match ast {
        ast::Expr::Tuple(parts) => Some(parts.clone()),
        ast::Expr::Nested(inner) if matches!(&**inner, ast::Expr::Tuple(_)) => row_parts(inner),
        ast::Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("row") => {
            let ast::FunctionArguments::List(list) = &function.args else { return None };
            let part = |argument: &ast::FunctionArg| match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
                _ => None,
            };
            list.args.iter().map(part).collect()
        }
        _ => None,
    }
}

impl Binder<'_> {
    fn parts(&mut self, parts: &[ast::Expr]) -> Result<Vec<Bound>, SqlError> {
        parts.iter().map(|part| self.expr(part)).collect()
    }

    /// `(a, b) < (c, d)`
    pub(super) fn rows(
        &mut self,
        left: &[ast::Expr],
        symbol: &str,
        right: &[ast::Expr],
    ) -> Result<Bound, SqlError> {
        let (left, right) = (self.parts(left)?, self.parts(right)?);
        if left.len() != right.len() {
            return Err(error("42601", "unequal number of entries in row expressions"));
        }
        self.rows_bound(left, symbol, right)
    }

    fn rows_bound(&mut self, left: Vec<Bound>, symbol: &str, right: Vec<Bound>) -> Result<Bound, SqlError> {
        let pairs: Vec<(Bound, Bound)> = left.into_iter().zip(right).collect();
        let (strict, or_equal) = match symbol {
            "=" | "<>" => {
                let mut parts = Vec::new();
                for (left, right) in pairs {
                    parts.push(self.operator("=", left, right)?.expr);
                }
                return Ok(Bound::bool(negated(Expr::And(parts.into()), symbol == "<>")));
            }
            "<" | "<=" => ("<", symbol == "<="),
            ">" | ">=" => (">", symbol == ">="),
            _ => return Err(unsupported(format!("a comparison of rows by {symbol}"))),
        };
        // The first pair that is not equal decides.
        let mut decided = Expr::Literal(crate::types::Datum::Bool(or_equal));
        for (left, right) in pairs.into_iter().rev() {
            let equal = self.operator("=", left.clone(), right.clone())?.expr;
            let differs = self.operator(strict, left, right)?.expr;
            let branches = [(equal.clone(), decided), (Expr::IsNull(equal.into()), Expr::NULL)];
            decided = Expr::Case { branches: branches.into(), otherwise: differs.into() };
        }
        Ok(Bound::bool(decided))
    }

    pub(super) fn rows_distinct(
        &mut self,
        left: &[ast::Expr],
        right: &[ast::Expr],
    ) -> Result<Expr, SqlError> {
        let (left, right) = (self.parts(left)?, self.parts(right)?);
        if left.len() != right.len() {
            return Err(error("42601", "unequal number of entries in row expressions"));
        }
        let mut parts = Vec::new();
        for (left, right) in left.into_iter().zip(right) {
            parts.push(Expr::IsDistinct(self.comparison("=", left, right)?.into()));
        }
        Ok(Expr::Or(parts.into()))
    }

    /// `(a, b) IS NULL` where all parts are, `IS NOT NULL` where none is.
    pub(super) fn row_is_null(&mut self, parts: &[ast::Expr], not: bool) -> Result<Bound, SqlError> {
        let tests = self.parts(parts)?.into_iter().map(|part| negated(Expr::IsNull(part.expr.into()), not));
        Ok(Bound::bool(Expr::And(tests.collect())))
    }

    /// `(a, b) IN (SELECT ...)`, and the like with `ALL`.
    pub(super) fn rows_quantified(
        &mut self,
        left: &[ast::Expr],
        symbol: &str,
        query: &ast::Query,
        all: bool,
    ) -> Result<Bound, SqlError> {
        let left = self.parts(left)?;
        let query = self.subquery(query)?;
        let comparison = self.against_columns(left, symbol, &query)?;
        let kind = SubqueryKind::QuantifiedRow { comparison: comparison.expr, all };
        Ok(Bound::bool(self.over_query(kind, query)))
    }

    /// `(a, b) = (SELECT ...)`
    pub(super) fn row_and_query(
        &mut self,
        left: &[ast::Expr],
        symbol: &str,
        query: &ast::Query,
    ) -> Result<Bound, SqlError> {
        let left = self.parts(left)?;
        let query = self.subquery(query)?;
        let comparison = self.against_columns(left, symbol, &query)?;
        let kind = SubqueryKind::ScalarRow { comparison: comparison.expr };
        Ok(Bound::bool(self.over_query(kind, query)))
    }

    /// A comparison of a row outside a subquery with the subquery's row, seen from inside.
    fn against_columns(
        &mut self,
        left: Vec<Bound>,
        symbol: &str,
        query: &Rc<Query>,
    ) -> Result<Bound, SqlError> {
        if query.columns.len() != left.len() {
            let few = if query.columns.len() < left.len() { "few" } else { "many" };
            return Err(error("42601", format!("subquery has too {few} columns")));
        }
        let mut outside = Vec::new();
        for mut bound in left {
            bound.expr.deepen()?;
            outside.push(bound);
        }
        let inside = query.columns.iter().enumerate();
        let inside = inside.map(|(place, column)| Bound::new(Expr::Column(place), column.ty)).collect();
        self.rows_bound(outside, symbol, inside)
    }
}
