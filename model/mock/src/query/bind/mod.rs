//! Makes queries of what the parser read.

mod from;
mod group;
mod join;
mod list;
mod mark;
mod path;
mod relation;
mod select;
mod settled;
mod with;

pub(crate) use join::together;
pub(crate) use path::{all_of, column_of};
pub(crate) use settled::{number as settled_number, settled, settled_default};

use super::{Body, Output, Query, Scope, SetOperation};
use crate::catalog::identifier;
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, SortKey, sort_key};
use crate::limit;
use crate::place;
use crate::spelling::LockStrength;
use crate::types::cast::Context;
use crate::types::{Scalar, Type, resolve};
use drawloom_model::SqlError;
use sqlparser::ast;

impl Binder<'_> {
    /// A query.
    ///
    /// # Errors
    /// Names that do not exist, types that do not fit, constructs that are not supported.
    pub fn query(&mut self, ast: &ast::Query) -> Result<Query, SqlError> {
        self.depth += 1;
        crate::expression::check_depth(self.depth)?;
        let in_sight = self.ctes.len();
        let with = match &ast.with {
            Some(with) => self.with(with)?,
            None => Vec::new(),
        };
        let order = match &ast.order_by {
            None => &[][..],
            Some(ast::OrderBy { kind: ast::OrderByKind::Expressions(by), interpolate: None }) => by,
            Some(other) => return Err(unsupported(other)),
        };
        let mut query = match &*ast.body {
            ast::SetExpr::Select(select) => self.select(select, order, &ast.locks)?,
            body => {
                if let Some(clause) = ast.locks.first() {
                    let clause = LockStrength::of(clause)?.mode.clause();
                    let what = match body {
                        ast::SetExpr::Values(_) => "VALUES",
                        _ => "UNION/INTERSECT/EXCEPT",
                    };
                    let verb = if what == "VALUES" { "cannot be applied to" } else { "is not allowed with" };
                    return Err(error("0A000", format!("{clause} {verb} {what}")));
                }
                let mut query = self.body(body)?;
                if !order.is_empty() && !query.order.is_empty() {
                    return Err(error("42601", "multiple ORDER BY clauses not allowed"));
                }
                let order = self.order_of_columns(order, &query.columns)?;
                if !order.is_empty() && query.limit.is_none() && query.offset.is_none() {
                    query.order = order;
                } else if !order.is_empty() {
                    query = query.wrapped(order);
                }
                query
            }
        };
        query.with.splice(0..0, with);
        self.limit(ast, &mut query)?;
        self.ctes.truncate(in_sight);
        self.depth -= 1;
        Ok(query)
    }

    /// An operand of a set operation, or a query in parentheses.
    fn body(&mut self, body: &ast::SetExpr) -> Result<Query, SqlError> {
        match body {
            ast::SetExpr::Select(select) => self.select(select, &[], &[]),
            ast::SetExpr::Query(query) => self.query(query),
            ast::SetExpr::Values(values) => self.values(values),
            ast::SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.set_operation(left, *op, *set_quantifier, right)
            }
            // Where it begins a query it has been spelled out.
            ast::SetExpr::Table(_) => Err(unsupported("TABLE in this place")),
            ast::SetExpr::Insert(_)
            | ast::SetExpr::Update(_)
            | ast::SetExpr::Delete(_)
            | ast::SetExpr::Merge(_) => {
                let message = "WITH clause containing a data-modifying statement must be at the top level";
                Err(error("0A000", message))
            }
        }
    }

    fn set_operation(
        &mut self,
        left: &ast::SetExpr,
        op: ast::SetOperator,
        quantifier: ast::SetQuantifier,
        right: &ast::SetExpr,
    ) -> Result<Query, SqlError> {
        self.depth += 1;
        crate::expression::check_depth(self.depth)?;
        let (operation, name) = match op {
            ast::SetOperator::Union => (SetOperation::Union, "UNION"),
            ast::SetOperator::Except | ast::SetOperator::Minus => (SetOperation::Except, "EXCEPT"),
            ast::SetOperator::Intersect => (SetOperation::Intersect, "INTERSECT"),
        };
        let all = match quantifier {
            ast::SetQuantifier::All => true,
            ast::SetQuantifier::Distinct | ast::SetQuantifier::None => false,
            other => return Err(unsupported(format!("{name} {other}"))),
        };
        let at = |number| place::nth(right, number);
        let (mut left, mut right) = (self.body(left)?, self.body(right)?);
        self.depth -= 1;
        if left.columns.len() != right.columns.len() {
            let message = format!("each {name} query must have the same number of columns");
            return Err(error("42601", message).at(at(0)));
        }
        let mut columns = Vec::new();
        for (number, (left, right)) in left.columns.iter().zip(&right.columns).enumerate() {
            let ty = resolve::common(name, &[left.ty, right.ty]).map_err(|failure| failure.at(at(number)))?;
            columns.push(Output { name: left.name.clone(), ty });
        }
        let types: Vec<Type> = columns.iter().map(|column| column.ty).collect();
        self.coerce_columns(&mut left, &types, Context::Implicit)?;
        self.coerce_columns(&mut right, &types, Context::Implicit).map_err(|failure| failure.at(at(0)))?;
        let body = Body::Set { operation, all, left: left.into(), right: right.into() };
        Ok(Query { columns, ..Query::of(body) })
    }

    fn values(&mut self, values: &ast::Values) -> Result<Query, SqlError> {
        let series = self.series.take();
        // It is a query of its own, though there is no FROM in it.
        self.scopes.push(Scope::default());
        let values = self.in_clause("VALUES", |binder| binder.values_without_series(values));
        self.scopes.pop();
        self.series = series;
        values
    }

    fn values_without_series(&mut self, values: &ast::Values) -> Result<Query, SqlError> {
        let width = values.rows.first().map_or(0, |row| row.content.len());
        limit::targets(width)?;
        let mut columns: Vec<Vec<Bound>> = vec![Vec::new(); width];
        for row in &values.rows {
            if row.content.len() != width {
                let at = row.content.first().and_then(place::expression);
                return Err(error("42601", "VALUES lists must all be the same length").at(at));
            }
            for (column, ast) in columns.iter_mut().zip(&row.content) {
                column.push(self.expr(ast)?);
            }
        }
        let mut rows = vec![Vec::with_capacity(width); values.rows.len()];
        let mut outputs = Vec::new();
        for (number, column) in columns.into_iter().enumerate() {
            let (exprs, ty) = self.common(column, "VALUES")?;
            outputs.push(Output { name: format!("column{}", number + 1).into(), ty });
            rows.iter_mut().zip(exprs).for_each(|(row, expr)| row.push(expr));
        }
        Ok(Query::of_values(rows, outputs))
    }

    /// Turns a query's columns into these types.
    ///
    /// # Errors
    /// A column has a type that does not become the wanted one in this context.
    pub fn coerce_columns(
        &mut self,
        query: &mut Query,
        types: &[Type],
        context: Context,
    ) -> Result<(), SqlError> {
        let now: Vec<Type> = query.columns.iter().map(|column| column.ty).collect();
        let mut coerce = |exprs: &mut [Expr]| -> Result<(), SqlError> {
            for ((expr, from), to) in exprs.iter_mut().zip(&now).zip(types) {
                let bound = Bound::new(std::mem::replace(expr, Expr::NULL), *from);
                *expr = self.coerce(bound, *to, context)?;
            }
            Ok(())
        };
        match &mut query.body {
            Body::Select(select) => coerce(&mut select.project)?,
            Body::Values(rows) => rows.iter_mut().try_for_each(|row| coerce(row))?,
            Body::Set { left, right, .. } => {
                self.coerce_columns(left, types, context)?;
                self.coerce_columns(right, types, context)?;
            }
        }
        query.columns.iter_mut().zip(types).for_each(|(column, ty)| column.ty = *ty);
        Ok(())
    }

    /// What is still of no known type is text.
    ///
    /// # Errors
    /// None that is known.
    pub fn settle(&mut self, query: &mut Query) -> Result<(), SqlError> {
        let unknown = Type::of(Scalar::Unknown);
        if query.columns.iter().all(|column| column.ty != unknown) {
            return Ok(());
        }
        let text = |ty: Type| if ty == unknown { Type::of(Scalar::Text) } else { ty };
        let types: Vec<Type> = query.columns.iter().map(|column| text(column.ty)).collect();
        self.coerce_columns(query, &types, Context::Implicit)
    }

    /// ORDER BY after a set operation: names and numbers of columns.
    fn order_of_columns(
        &mut self,
        order: &[ast::OrderByExpr],
        columns: &[Output],
    ) -> Result<Vec<SortKey>, SqlError> {
        let column = |by: &ast::OrderByExpr| {
            let place = match &by.expr {
                ast::Expr::Identifier(ident) => {
                    let name = identifier(ident);
                    columns
                        .iter()
                        .position(|column| column.name == name)
                        .ok_or_else(|| error("42703", format!("column \"{name}\" does not exist")))?
                }
                other => position(other, columns.len(), "ORDER BY")?
                    .ok_or_else(|| error("0A000", "invalid UNION/INTERSECT/EXCEPT ORDER BY clause"))?,
            };
            sort_key(Expr::Column(place), &by.options)
        };
        let at =
            |by: &ast::OrderByExpr| column(by).map_err(|failure| failure.at(place::expression(&by.expr)));
        order.iter().map(at).collect()
    }

    fn limit(&mut self, ast: &ast::Query, query: &mut Query) -> Result<(), SqlError> {
        let (limit, offset) = match &ast.limit_clause {
            None => (None, None),
            Some(ast::LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                (limit.as_ref(), offset.as_ref().map(|offset| &offset.value))
            }
            Some(other) => return Err(unsupported(other)),
        };
        let one = ast::Expr::Value(ast::Value::Number("1".to_owned(), false).into());
        let limit = match &ast.fetch {
            None => limit,
            Some(fetch) if !fetch.percent => Some(fetch.quantity.as_ref().unwrap_or(&one)),
            Some(fetch) => return Err(unsupported(fetch)),
        };
        let mut number = |ast: Option<&ast::Expr>, clause: &'static str| -> Result<Option<Expr>, SqlError> {
            let Some(ast) = ast else { return Ok(None) };
            self.scopes.push(Scope::default());
            let bound = self.in_clause(clause, |binder| binder.expr(ast));
            self.scopes.pop();
            let bound = bound.map_err(|failure| match ast {
                // The columns of the query itself are out of its sight.
                ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_) => {
                    error("42P10", format!("argument of {clause} must not contain variables"))
                        .at(failure.position)
                }
                _ => failure,
            })?;
            self.coerce(bound, Type::of(Scalar::Int8), Context::Assignment).map(Some)
        };
        let twice = |clause: &str| Err(error("42601", format!("multiple {clause} clauses not allowed")));
        if limit.is_some() {
            if query.limit.is_some() {
                return twice("LIMIT");
            }
            query.limit = number(limit, "LIMIT")?;
            query.with_ties = ast.fetch.as_ref().is_some_and(|fetch| fetch.with_ties);
            if query.with_ties && query.order.is_empty() {
                return Err(error("42601", "WITH TIES cannot be specified without ORDER BY clause"));
            }
        }
        if offset.is_some() {
            if query.offset.is_some() {
                return twice("OFFSET");
            }
            query.offset = number(offset, "OFFSET")?;
        }
        Ok(())
    }
}

/// The column that a number in ORDER BY or GROUP BY stands for.
fn position(ast: &ast::Expr, columns: usize, clause: &str) -> Result<Option<usize>, SqlError> {
    let minus = matches!(ast, ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, .. });
    let value = match ast {
        ast::Expr::Value(value) => value,
        ast::Expr::UnaryOp { op: ast::UnaryOperator::Minus, expr } => match &**expr {
            ast::Expr::Value(value) => value,
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let constant = || error("42601", format!("non-integer constant in {clause}")).at(place::expression(ast));
    let digits = match &value.value {
        ast::Value::Number(digits, _) if digits.parse::<i32>().is_ok() => digits,
        ast::Value::Number(..) | ast::Value::SingleQuotedString(_) | ast::Value::Null => {
            return Err(constant());
        }
        ast::Value::Boolean(_) => return Err(constant()),
        _ => return Ok(None),
    };
    let digits = if minus { format!("-{digits}") } else { digits.clone() };
    let place = digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match place.filter(|place| *place < columns) {
        Some(place) => Ok(Some(place)),
        None => {
            let message = format!("{clause} position {digits} is not in select list");
            Err(error("42P10", message).at(place::expression(ast)))
        }
    }
}
