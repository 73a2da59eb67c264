//! Operators.

use super::row::row_parts;
use super::{Binder, Bound, negated};
use crate::error::unsupported;
use crate::expression::{Called, Expr};
use crate::functions;
use crate::place;
use crate::types::cast::Context;
use crate::types::{Scalar, Type, resolve};
use drawloom_model::SqlError;
use sqlparser::ast::{self, BinaryOperator, UnaryOperator};

impl Binder<'_> {
    pub(super) fn unary(&mut self, op: UnaryOperator, expr: &ast::Expr) -> Result<Bound, SqlError> {
        // The least number of a type has no positive counterpart.
        if op == UnaryOperator::Minus
            && let ast::Expr::Value(value) = expr
            && let ast::Value::Number(digits, _) = &value.value
        {
            return self.number(&format!("-{digits}"));
        }
        if op == UnaryOperator::Not {
            let inner = self.condition(expr, "NOT")?;
            return Ok(Bound::bool(Expr::Not(inner.into())));
        }
        let bound = self.expr(expr)?;
        let symbol = op.to_string();
        let call = functions::operator(&symbol, None, bound.ty)?;
        let result = call.result;
        Ok(Bound::new(Expr::Call(self.called(&symbol, call, vec![bound])?.into()), result))
    }

    pub(super) fn binary(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
    ) -> Result<Bound, SqlError> {
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                let mut parts = Vec::new();
                self.junction(left, op, &mut parts)?;
                self.junction(right, op, &mut parts)?;
                let parts = parts.into();
                let expr = if *op == BinaryOperator::And { Expr::And(parts) } else { Expr::Or(parts) };
                return Ok(Bound::bool(expr));
            }
            _ => (),
        }
        match (row_parts(left), row_parts(right)) {
            (Some(left), Some(right)) => return self.rows(&left, &symbol(op)?, &right),
            (Some(left), None) if let ast::Expr::Subquery(query) = right => {
                return self.row_and_query(&left, &symbol(op)?, query);
            }
            _ => (),
        }
        // The parser nests `a + b + c` to the left, as deep as it is long.
        let mut chain = vec![(left, op, right)];
        let mut first = left;
        while let ast::Expr::BinaryOp { left, op, right } = first
            && !matches!(op, BinaryOperator::And | BinaryOperator::Or)
            && row_parts(left).is_none()
        {
            chain.push((&**left, op, &**right));
            first = left;
        }
        crate::expression::check_depth(self.depth + chain.len() / 4)?;
        let mut bound = self.expr(first)?;
        for (left, op, right) in chain.into_iter().rev() {
            let right = self.expr(right)?;
            let at = |failure: SqlError| failure.at(place::after(left));
            bound = symbol(op).and_then(|symbol| self.operator(&symbol, bound, right)).map_err(at)?;
        }
        Ok(bound)
    }

    /// `a AND b AND c` is one list, however deep the parser nested it.
    fn junction(
        &mut self,
        ast: &ast::Expr,
        op: &BinaryOperator,
        parts: &mut Vec<Expr>,
    ) -> Result<(), SqlError> {
        match ast {
            ast::Expr::BinaryOp { left, op: inner, right } if inner == op => {
                self.depth += 1;
                crate::expression::check_depth(self.depth / 8)?;
                self.junction(left, op, parts)?;
                self.junction(right, op, parts)?;
                self.depth -= 1;
            }
            _ => {
                let place = if *op == BinaryOperator::And { "AND" } else { "OR" };
                parts.push(self.condition(ast, place)?);
            }
        }
        Ok(())
    }

    /// An operator over two expressions.
    ///
    /// # Errors
    /// `42883`: there is none for their types.
    pub fn operator(&mut self, symbol: &str, left: Bound, right: Bound) -> Result<Bound, SqlError> {
        let called = self.comparison(symbol, left, right)?;
        let result = called.call.result;
        Ok(Bound::new(Expr::Call(called.into()), result))
    }

    pub(super) fn distinct(
        &mut self,
        left: &ast::Expr,
        right: &ast::Expr,
        not: bool,
    ) -> Result<Bound, SqlError> {
        if let (Some(left), Some(right)) = (row_parts(left), row_parts(right)) {
            let distinct = self.rows_distinct(&left, &right)?;
            return Ok(Bound::bool(negated(distinct, not)));
        }
        let (left, right) = (self.expr(left)?, self.expr(right)?);
        let called = self.comparison("=", left, right)?;
        Ok(Bound::bool(negated(Expr::IsDistinct(called.into()), not)))
    }

    pub(super) fn in_list(
        &mut self,
        expr: &ast::Expr,
        list: &[ast::Expr],
        not: bool,
    ) -> Result<Bound, SqlError> {
        let mut parts = Vec::new();
        if row_parts(expr).is_some() {
            for element in list {
                parts.push(self.binary(expr, &BinaryOperator::Eq, element)?.expr);
            }
            return Ok(Bound::bool(negated(Expr::Or(parts.into()), not)));
        }
        let left = self.expr(expr)?;
        let elements = list.iter().map(|element| self.expr(element)).collect::<Result<Vec<_>, _>>()?;
        let shared = type_of_list(&left, &elements);
        for element in elements {
            let right = match shared {
                Some(ty) if is_constant(&element) => {
                    Bound::new(self.coerce(element, ty, Context::Implicit)?, ty)
                }
                _ => element,
            };
            let part = self.operator("=", left.clone(), right);
            parts.push(part.map_err(|failure| failure.at(place::after(expr)))?.expr);
        }
        Ok(Bound::bool(negated(Expr::Or(parts.into()), not)))
    }

    pub(super) fn any_or_all(
        &mut self,
        left: &ast::Expr,
        op: &BinaryOperator,
        right: &ast::Expr,
        all: bool,
    ) -> Result<Bound, SqlError> {
        let symbol = symbol(op)?;
        if let ast::Expr::Subquery(query) = right {
            if let Some(left) = row_parts(left) {
                return self.rows_quantified(&left, &symbol, query, all);
            }
            return self.quantified(left, &symbol, query, all);
        }
        let left = self.expr(left)?;
        let mut right = self.expr(right)?;
        if right.ty == Type::of(Scalar::Unknown) {
            let array =
                Type::array_of(if left.ty.scalar == Scalar::Unknown { Scalar::Text } else { left.ty.scalar });
            right = Bound::new(self.coerce(right, array, crate::types::cast::Context::Implicit)?, array);
        }
        if !right.ty.is_array {
            return Err(crate::error::error("42809", "op ANY/ALL (array) requires array on right side"));
        }
        let element = Type::of(right.ty.scalar);
        let call = functions::operator(&symbol, Some(left.ty), element)?;
        let left_ty = call.parameter(0);
        let right_ty = call.parameter(1);
        let left = self.coerce(left, left_ty, crate::types::cast::Context::Implicit)?;
        let right =
            self.coerce(right, Type::array_of(right_ty.scalar), crate::types::cast::Context::Implicit)?;
        let comparison = Called { name: symbol.as_str().into(), call, arguments: [left, right].into() };
        Ok(Bound::bool(Expr::Quantified { comparison: comparison.into(), all }))
    }

    pub(super) fn like(
        &mut self,
        symbol: &str,
        expr: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        not: bool,
    ) -> Result<Bound, SqlError> {
        let (expr, mut pattern) = (self.expr(expr)?, self.expr(pattern)?);
        if let Some(escape) = escape {
            let escape = self.expr(escape)?;
            let text = Type::of(Scalar::Text);
            let call = functions::function("like_escape", &[text, text])?;
            let result = call.result;
            pattern = Bound::new(
                Expr::Call(self.called("like_escape", call, vec![pattern, escape])?.into()),
                result,
            );
        }
        let like = self.operator(symbol, expr, pattern)?;
        Ok(Bound::bool(negated(like.expr, not)))
    }
}

/// The operator as PostgreSQL's catalog names it.
fn symbol(op: &BinaryOperator) -> Result<String, SqlError> {
    Ok(match op {
        BinaryOperator::NotEq => "<>".to_owned(),
        BinaryOperator::Custom(symbol) => symbol.clone(),
        BinaryOperator::PGCustomBinaryOperator(parts) => parts.last().cloned().unwrap_or_default(),
        BinaryOperator::Xor | BinaryOperator::Spaceship | BinaryOperator::DuckIntegerDivide => {
            return Err(unsupported(format!("the operator {op}")));
        }
        _ => op.to_string(),
    })
}

/// The type that the constants of a list after IN have in common with what is looked for, if they are several: they are
/// one array then (PostgreSQL's transformAExprIn).
fn type_of_list(left: &Bound, elements: &[Bound]) -> Option<Type> {
    let constants = elements.iter().filter(|element| is_constant(element)).map(|element| element.ty);
    let types: Vec<Type> = std::iter::once(left.ty).chain(constants).collect();
    let shared = resolve::common_or_refusal(&types).ok()?;
    (types.len() > 2 && types.iter().all(|ty| ty.is_implicitly(shared))).then_some(shared)
}

/// Whether an expression speaks of no column of its query.
fn is_constant(bound: &Bound) -> bool {
    !bound.expr.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Column(_)))
}
