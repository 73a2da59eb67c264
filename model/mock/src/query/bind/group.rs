//! What an expression is after its query has grouped.

use super::super::{Group, Scope};
use crate::catalog::{Catalog, ConstraintKind};
use crate::error::error;
use crate::expression::{Aggregated, Binder, Bound, Expr};
use crate::ids::Oid;
use crate::types::Type;
use drawloom_model::SqlError;
use sqlparser::ast;

/// A query's groups while it is bound.
pub(super) struct Grouping<'a> {
    /// What the columns of a row are called.
    scope: &'a Scope,
    keys: Vec<Expr>,
    aggregates: Vec<Aggregated>,
    having: Option<Expr>,
}

impl<'a> Grouping<'a> {
    /// With these keys, and what depends on them: where a table's primary key is grouped by, all of its columns are.
    pub fn new(mut keys: Vec<Expr>, scope: &'a Scope, catalog: &Catalog) -> Grouping<'a> {
        for relation in &scope.relations {
            let Some((oid, number)) = relation.table else { continue };
            let Some(primary) = primary_key(catalog, oid) else { continue };
            let begin = number - catalog.table(oid).map_or(0, |table| table.columns.len());
            if primary.iter().all(|place| keys.contains(&Expr::Column(begin + place))) {
                let depend = (begin..=number).map(Expr::Column).filter(|column| !keys.contains(column));
                keys.extend(depend.collect::<Vec<_>>());
            }
        }
        Grouping { scope, keys, aggregates: Vec::new(), having: None }
    }

    /// An expression over a group instead of over a row: keys and aggregates become columns.
    ///
    /// # Errors
    /// `42803`: it speaks of a column that is no key.
    pub fn regroup(&mut self, expr: &mut Expr) -> Result<(), SqlError> {
        expr.walk(0, &mut |expr, depth| {
            if depth == 0
                && let Some(key) = self.keys.iter().position(|key| key == expr)
            {
                *expr = Expr::Column(key);
                return Ok(true);
            }
            match expr {
                Expr::Aggregate(aggregated) if depth == 0 => {
                    let known = self.aggregates.iter().position(|other| *other == **aggregated);
                    let place = known.unwrap_or_else(|| {
                        self.aggregates.push((**aggregated).clone());
                        self.aggregates.len() - 1
                    });
                    *expr = Expr::Column(self.keys.len() + place);
                    Ok(true)
                }
                Expr::Column(column) if depth == 0 => {
                    let name = self.scope.name_of(*column).unwrap_or_default();
                    let message = format!(
                        "column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function"
                    );
                    Err(error("42803", message))
                }
                Expr::Outer { level, column } if *level == depth && depth > 0 => {
                    let key = self.keys.iter().position(|key| *key == Expr::Column(*column));
                    *column = key.ok_or_else(|| {
                        let name = self.scope.name_of(*column).unwrap_or_default();
                        error("42803", format!("subquery uses ungrouped column \"{name}\" from outer query"))
                    })?;
                    Ok(true)
                }
                _ => Ok(false),
            }
        })
    }

    /// The condition on groups.
    ///
    /// # Errors
    /// As for every expression over a group.
    pub fn having(&mut self, mut having: Expr) -> Result<(), SqlError> {
        self.regroup(&mut having)?;
        self.having = Some(having);
        Ok(())
    }

    /// How many columns a group's row has.
    pub fn width(&self) -> usize {
        self.keys.len() + self.aggregates.len()
    }

    /// The groups as the query has them.
    pub fn into_group(self) -> Group {
        Group { keys: self.keys, aggregates: self.aggregates, having: self.having }
    }
}

/// The places of the columns of a table's primary key.
fn primary_key(catalog: &Catalog, table: Oid) -> Option<Vec<usize>> {
    let table = catalog.table(table)?;
    let index = table.constraints.iter().find_map(|constraint| match constraint.kind {
        ConstraintKind::PrimaryKey { index } => Some(index),
        _ => None,
    })?;
    catalog.index(index)?.keys.iter().map(|key| super::column_of(table, key)).collect()
}

impl Binder<'_> {
    /// What GROUP BY says: columns, expressions, numbers and names of the list.
    ///
    /// # Errors
    /// As for every expression.
    pub(super) fn group_keys(
        &mut self,
        group_by: &ast::GroupByExpr,
        list: &[(std::rc::Rc<str>, Bound)],
    ) -> Result<Vec<(Expr, Type)>, SqlError> {
        let exprs = match group_by {
            ast::GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => exprs,
            other => return Err(crate::error::unsupported(other)),
        };
        let mut keys = Vec::new();
        for ast in exprs {
            if matches!(ast, ast::Expr::Tuple(none) if none.is_empty()) {
                continue;
            }
            let bound = match super::position(ast, list.len(), "GROUP BY")? {
                Some(place) => list[place].1.clone(),
                None => match self.in_clause("GROUP BY", |binder| binder.expr(ast)) {
                    Ok(bound) => bound,
                    // A name of FROM wins over one of the list.
                    Err(failure) => match ast {
                        ast::Expr::Identifier(ident) => {
                            let name = crate::catalog::identifier(ident);
                            let named = list.iter().find(|(other, _)| *other == name);
                            named.map(|(_, bound)| bound.clone()).ok_or(failure)?
                        }
                        _ => return Err(failure),
                    },
                },
            };
            let bound = self.known(bound)?;
            if bound.expr.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Aggregate(_))) {
                return Err(error("42803", "aggregate functions are not allowed in GROUP BY"));
            }
            if bound.expr.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Window(_))) {
                return Err(error("42P20", "window functions are not allowed in GROUP BY"));
            }
            if bound.expr.any(&|expr, _| matches!(expr, Expr::Outer { level: 0, .. })) {
                return Err(crate::error::unsupported("GROUP BY a function that gives rows"));
            }
            keys.push((bound.expr, bound.ty));
        }
        Ok(keys)
    }
}
