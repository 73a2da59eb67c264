//! Makes queries of what the parser read.

mod from;
mod group;
mod path;
mod select;

pub(crate) use from::together;
pub(crate) use path::{all_of, column_of};

use super::{Body, Cte, Output, Query, SetOperation};
use crate::catalog::identifier;
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, SortKey, VisibleCte, sort_key};
use crate::types::cast::Context;
use crate::types::{Scalar, Type, resolve};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

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
                if !ast.locks.is_empty() {
                    let message = "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT";
                    return Err(error("0A000", message));
                }
                let mut query = self.body(body)?;
                query.order.extend(self.order_of_columns(order, &query.columns)?);
                query
            }
        };
        query.with.splice(0..0, with);
        self.limit(ast, &mut query)?;
        self.ctes.truncate(in_sight);
        self.depth -= 1;
        Ok(query)
    }

    fn body(&mut self, body: &ast::SetExpr) -> Result<Query, SqlError> {
        match body {
            ast::SetExpr::Select(select) => self.select(select, &[], &[]),
            ast::SetExpr::Query(query) => self.query(query),
            ast::SetExpr::Values(values) => self.values(values),
            ast::SetExpr::SetOperation { left, op, set_quantifier, right } => {
                self.set_operation(left, *op, *set_quantifier, right)
            }
            ast::SetExpr::Table(table) => {
                let name = table.table_name.as_deref().unwrap_or_default();
                Err(unsupported(format!("TABLE {name}")))
            }
            ast::SetExpr::Insert(_)
            | ast::SetExpr::Update(_)
            | ast::SetExpr::Delete(_)
            | ast::SetExpr::Merge(_) => Err(unsupported("a statement that changes rows inside a query")),
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
        let (mut left, mut right) = (self.body(left)?, self.body(right)?);
        self.depth -= 1;
        if left.columns.len() != right.columns.len() {
            let message = format!("each {name} query must have the same number of columns");
            return Err(error("42601", message));
        }
        let mut columns = Vec::new();
        for (left, right) in left.columns.iter().zip(&right.columns) {
            let ty = resolve::common(name, &[left.ty, right.ty])?;
            columns.push(Output { name: left.name.clone(), ty });
        }
        let types: Vec<Type> = columns.iter().map(|column| column.ty).collect();
        self.coerce_columns(&mut left, &types, Context::Implicit)?;
        self.coerce_columns(&mut right, &types, Context::Implicit)?;
        let body = Body::Set { operation, all, left: left.into(), right: right.into() };
        Ok(Query { with: Vec::new(), body, columns, order: Vec::new(), limit: None, offset: None })
    }

    fn values(&mut self, values: &ast::Values) -> Result<Query, SqlError> {
        let width = values.rows.first().map_or(0, |row| row.content.len());
        let mut columns: Vec<Vec<Bound>> = vec![Vec::new(); width];
        for row in &values.rows {
            if row.content.len() != width {
                return Err(error("42601", "VALUES lists must all be the same length"));
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
        order.iter().map(column).collect()
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
            Some(fetch) if !fetch.percent && !fetch.with_ties => {
                Some(fetch.quantity.as_ref().unwrap_or(&one))
            }
            Some(fetch) => return Err(unsupported(fetch)),
        };
        let mut number = |ast: Option<&ast::Expr>| -> Result<Option<Expr>, SqlError> {
            let scopes = std::mem::take(&mut self.scopes);
            let bound = ast.map(|ast| self.expr_as(ast, Type::of(Scalar::Int8))).transpose();
            self.scopes = scopes;
            bound
        };
        if limit.is_some() {
            query.limit = number(limit)?;
        }
        if offset.is_some() {
            query.offset = number(offset)?;
        }
        Ok(())
    }

    fn with(&mut self, with: &ast::With) -> Result<Vec<Rc<Cte>>, SqlError> {
        let mut ctes = Vec::new();
        for cte in &with.cte_tables {
            let name = identifier(&cte.alias.name);
            let number = self.cte_count;
            self.cte_count += 1;
            let recursion = match &*cte.query.body {
                ast::SetExpr::SetOperation { left, op: ast::SetOperator::Union, set_quantifier, right }
                    if with.recursive && mentions(right, &name) =>
                {
                    Some((left, *set_quantifier, right))
                }
                _ => None,
            };
            let rename = |columns: &mut Vec<Output>| -> Result<(), SqlError> {
                if cte.alias.columns.len() > columns.len() {
                    let message = format!(
                        "WITH query \"{name}\" has {} columns available but {} columns specified",
                        columns.len(),
                        cte.alias.columns.len()
                    );
                    return Err(error("42P10", message));
                }
                for (column, alias) in columns.iter_mut().zip(&cte.alias.columns) {
                    column.name = identifier(&alias.name);
                }
                Ok(())
            };
            let cte = match recursion {
                None => {
                    let mut query = self.query(&cte.query)?;
                    self.settle(&mut query)?;
                    rename(&mut query.columns)?;
                    Cte { number, query, repeated: None, keeps_duplicates: true }
                }
                Some((first, quantifier, again)) => {
                    let mut query = self.body(first)?;
                    self.settle(&mut query)?;
                    rename(&mut query.columns)?;
                    let visible = VisibleCte { name: name.clone(), number, columns: query.columns.clone() };
                    self.ctes.push(visible);
                    let mut repeated = self.body(again)?;
                    self.ctes.pop();
                    let types: Vec<Type> = query.columns.iter().map(|column| column.ty).collect();
                    if repeated.columns.len() != types.len() {
                        return Err(error("42601", "each UNION query must have the same number of columns"));
                    }
                    self.coerce_columns(&mut repeated, &types, Context::Implicit)?;
                    let keeps_duplicates = quantifier == ast::SetQuantifier::All;
                    Cte { number, query, repeated: Some(repeated), keeps_duplicates }
                }
            };
            self.ctes.push(VisibleCte { name, number, columns: cte.query.columns.clone() });
            ctes.push(Rc::new(cte));
        }
        Ok(ctes)
    }
}

/// The column that a number in ORDER BY or GROUP BY stands for.
fn position(ast: &ast::Expr, columns: usize, clause: &str) -> Result<Option<usize>, SqlError> {
    let ast::Expr::Value(value) = ast else { return Ok(None) };
    let ast::Value::Number(digits, _) = &value.value else { return Ok(None) };
    let place = digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    match place.filter(|place| *place < columns) {
        Some(place) => Ok(Some(place)),
        None => Err(error("42P10", format!("{clause} position {digits} is not in select list"))),
    }
}

/// Whether a part of a recursive subquery speaks of itself.
fn mentions(body: &ast::SetExpr, name: &str) -> bool {
    let mut found = false;
    let _ = ast::visit_relations(body, |relation| {
        found |= relation.0.len() == 1
            && relation.0[0].as_ident().is_some_and(|ident| *identifier(ident) == *name);
        std::ops::ControlFlow::<()>::Continue(())
    });
    found
}
