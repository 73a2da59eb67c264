//! Queries inside expressions.

use super::{Binder, Bound};
use crate::error::error;
use crate::expression::{Expr, Subquery, SubqueryKind};
use crate::query::Query;
use crate::types::Type;
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    /// A query inside this one.
    ///
    /// # Errors
    /// As for every query.
    pub fn subquery(&mut self, query: &ast::Query) -> Result<Rc<Query>, SqlError> {
        if self.is_stored() {
            let one = self.clause.trim_end_matches('s');
            return Err(error("0A000", format!("cannot use subquery in {one}")));
        }
        let mut query = self.query(query)?;
        self.settle(&mut query)?;
        Ok(Rc::new(query))
    }

    /// What becomes of a subquery's rows.
    pub fn over_query(&mut self, kind: SubqueryKind, query: Rc<Query>) -> Expr {
        let reaches = |expr: &Expr, depth: usize| matches!(expr, Expr::Outer { level, .. } if *level > depth);
        let number = self.cte_count;
        self.cte_count += 1;
        let once = !self.is_recursing && !query.any(&reaches);
        Expr::Subquery(Subquery { kind, query, once: once.then_some(number) }.into())
    }

    pub(super) fn quantified(
        &mut self,
        left: &ast::Expr,
        symbol: &str,
        query: &ast::Query,
        all: bool,
    ) -> Result<Bound, SqlError> {
        let left = self.expr(left)?;
        let query = self.subquery(query)?;
        if query.columns.len() > 1 {
            return Err(error("42601", "subquery has too many columns"));
        }
        let right = Bound::new(Expr::Column(0), single_column(&query)?);
        let comparison = self.comparison(symbol, left, right)?;
        let kind = SubqueryKind::Quantified { comparison, all };
        Ok(Bound::bool(self.over_query(kind, query)))
    }
}

pub(super) fn single_column(query: &Query) -> Result<Type, SqlError> {
    match &*query.columns {
        [only] => Ok(only.ty),
        _ => Err(error("42601", "subquery must return only one column")),
    }
}
