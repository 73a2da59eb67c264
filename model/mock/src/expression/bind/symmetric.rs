//! `BETWEEN`, either way round or not. The parser knows nothing of `BETWEEN SYMMETRIC a`; it reaches it as
//! `BETWEEN this * a`, with a name that no identifier can be, which ends up at the left end of what `a` is.

use super::{Binder, Bound, negated};
use crate::expression::Expr;
use drawloom_model::SqlError;
use sqlparser::ast::{self, BinaryOperator as Op};

/// What `SYMMETRIC` becomes.
pub(crate) const SYMMETRIC: &str = "\0symmetric";

impl Binder<'_> {
    pub(super) fn between(
        &mut self,
        expr: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        not: bool,
    ) -> Result<Bound, SqlError> {
        let mut low = low.clone();
        let expr = match unmark(&mut low) {
            false => self.range(expr, &low, high)?,
            true => Expr::Or([self.range(expr, &low, high)?, self.range(expr, high, &low)?].into()),
        };
        Ok(Bound::bool(negated(expr, not)))
    }

    fn range(&mut self, expr: &ast::Expr, low: &ast::Expr, high: &ast::Expr) -> Result<Expr, SqlError> {
        let least = self.binary(expr, &Op::GtEq, low)?;
        let most = self.binary(expr, &Op::LtEq, high)?;
        Ok(Expr::And([least.expr, most.expr].into()))
    }
}

/// Takes the mark from the left end of an expression; whether there was one.
fn unmark(expr: &mut ast::Expr) -> bool {
    let ast::Expr::BinaryOp { left, right, .. } = expr else { return false };
    if !matches!(&**left, ast::Expr::Identifier(ident) if ident.value == SYMMETRIC) {
        return unmark(left);
    }
    *expr = std::mem::replace(&mut **right, ast::Expr::value(ast::Value::Null));
    true
}
