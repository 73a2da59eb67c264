//! What an expression is after its query has grouped.

use super::super::Group;
use crate::error::error;
use crate::expression::{Aggregated, Binder, Bound, Expr};
use crate::types::Type;
use drawloom_model::SqlError;
use sqlparser::ast;

/// A query's groups while it is bound.
pub(super) struct Grouping {
    keys: Vec<Expr>,
    aggregates: Vec<Aggregated>,
    having: Option<Expr>,
}

impl Grouping {
    /// With these keys.
    pub fn new(keys: Vec<Expr>) -> Grouping {
        Grouping { keys, aggregates: Vec::new(), having: None }
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
                Expr::Column(_) if depth == 0 => Err(ungrouped()),
                Expr::Outer { level, column } if *level == depth && depth > 0 => {
                    let key = self.keys.iter().position(|key| *key == Expr::Column(*column));
                    *column = key.ok_or_else(ungrouped)?;
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

fn ungrouped() -> SqlError {
    let message = "column must appear in the GROUP BY clause or be used in an aggregate function";
    error("42803", message)
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
            let bound = match super::position(ast, list.len(), "GROUP BY")? {
                Some(place) => list[place].1.clone(),
                None => match self.expr(ast) {
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
            keys.push((bound.expr, bound.ty));
        }
        Ok(keys)
    }
}
