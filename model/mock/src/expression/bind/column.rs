//! Columns: of this query, of those around it, and what the system knows of a row.

use super::{Binder, Bound};
use crate::error::{error, unsupported};
use crate::expression::{EngineCall, Expr};
use crate::query::Origin;
use crate::types::{Datum, Scalar};
use drawloom_model::SqlError;

impl Binder<'_> {
    pub(super) fn column(&mut self, name: &str) -> Result<Bound, SqlError> {
        for level in 0..self.scopes.len() {
            let scope = &self.scopes[self.scopes.len() - 1 - level];
            if let Some(column) = scope.column(name)? {
                return Ok(Bound::new(outer(column.expr.clone(), level), column.ty));
            }
            let mut tables = scope.relations.iter().filter(|relation| !relation.is_hidden);
            if let (Some(only), None) = (tables.next(), tables.next())
                && let Some(bound) = system_column(only, name)?
            {
                return Ok(Bound::new(outer(bound.expr, level), bound.ty));
            }
            if scope.relation(name).is_some_and(|relation| !relation.is_hidden) {
                return Err(unsupported("a row as a value"));
            }
        }
        if let Some(bound) = self.niladic(name) {
            return Ok(bound);
        }
        let scopes = self.scopes.iter().flat_map(|scope| &scope.relations);
        match scopes.into_iter().find(|relation| relation.origin == Origin::System) {
            Some(system) => Err(unsupported(format!("the column {name} of {}", system.name))),
            None => Err(error("42703", format!("column \"{name}\" does not exist"))),
        }
    }

    pub(super) fn qualified(&mut self, relation: &str, column: &str) -> Result<Bound, SqlError> {
        for level in 0..self.scopes.len() {
            let scope = &self.scopes[self.scopes.len() - 1 - level];
            let Some(source) = scope.relation(relation) else { continue };
            if source.columns.iter().filter(|named| *named.name == *column).count() > 1 {
                return Err(error("42702", format!("column reference \"{column}\" is ambiguous")));
            }
            if let Some(named) = source.column(column) {
                return Ok(Bound::new(outer(Expr::Column(named.slot), level), named.ty));
            }
            if let Some(bound) = system_column(source, column)? {
                return Ok(Bound::new(outer(bound.expr, level), bound.ty));
            }
            if source.origin == Origin::System {
                return Err(unsupported(format!("the column {column} of {relation}")));
            }
            return Err(error("42703", format!("column {relation}.{column} does not exist")));
        }
        if self.unreachable.iter().any(|name| **name == *relation) {
            let message = format!("invalid reference to FROM-clause entry for table \"{relation}\"");
            return Err(error("42P01", message));
        }
        Err(error("42P01", format!("missing FROM-clause entry for table \"{relation}\"")))
    }
}

/// A column as a query `level` deeper sees it.
fn outer(mut expr: Expr, level: usize) -> Expr {
    if level > 0 {
        let walked = expr.walk(0, &mut |expr, _| {
            if let Expr::Column(column) = *expr {
                *expr = Expr::Outer { level, column };
            }
            Ok(false)
        });
        walked.expect("to rename columns never fails");
    }
    expr
}

/// What every table has beside its own columns.
///
/// # Errors
/// `0A000`: the database has it not.
fn system_column(relation: &crate::query::Relation, name: &str) -> Result<Option<Bound>, SqlError> {
    let Some((oid, number)) = relation.table else { return Ok(None) };
    let version = Expr::Column(number);
    Ok(match name {
        "ctid" => Some(Bound::scalar(Expr::Engine(EngineCall::RowVersion, [version].into()), Scalar::Text)),
        // On the outer side of a join there may be no row.
        "tableoid" => {
            let branches = [(Expr::IsNull(version.into()), Expr::NULL)].into();
            let otherwise = Expr::Literal(Datum::Int(oid.0.into())).into();
            Some(Bound::scalar(Expr::Case { branches, otherwise }, Scalar::Oid))
        }
        "xmin" | "xmax" | "cmin" | "cmax" => return Err(unsupported(format!("the system column {name}"))),
        _ => None,
    })
}
