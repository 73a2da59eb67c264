//! WITH, and WITH RECURSIVE.

use super::super::{Body, Cte, Output};
use crate::catalog::identifier;
use crate::error::error;
use crate::expression::{Binder, VisibleCte};
use crate::place;
use crate::types::cast::Context;
use crate::types::{Type, resolve};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    /// The subqueries of a WITH; they come in sight.
    ///
    /// # Errors
    /// As for every query.
    pub fn with(&mut self, with: &ast::With) -> Result<Vec<Rc<Cte>>, SqlError> {
        let mut ctes = Vec::new();
        let in_sight = self.ctes.len();
        for cte in &with.cte_tables {
            let name = identifier(&cte.alias.name);
            if self.ctes[in_sight..].iter().any(|other| other.name == name) {
                return Err(error("42712", format!("WITH query name \"{name}\" specified more than once"))
                    .at(place::begin(cte.alias.name.span)));
            }
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
            if with.recursive {
                refuse_recursion(&cte.query, &name, recursion.map(|(first, ..)| &**first))?;
            }
            let rename = |columns: &mut Vec<Output>| -> Result<(), SqlError> {
                if cte.alias.columns.len() > columns.len() {
                    let message = format!(
                        "WITH query \"{name}\" has {} columns available but {} columns specified",
                        columns.len(),
                        cte.alias.columns.len()
                    );
                    return Err(error("42P10", message).at(place::begin(cte.alias.name.span)));
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
                    Cte { number, name: name.clone(), query, repeated: None, keeps_duplicates: true }
                }
                Some((first, quantifier, again)) => {
                    let mut query = self.body(first)?;
                    self.settle(&mut query)?;
                    rename(&mut query.columns)?;
                    let visible = VisibleCte {
                        name: name.clone(),
                        number,
                        columns: query.columns.clone(),
                        is_change: false,
                    };
                    self.ctes.push(visible);
                    let around = std::mem::replace(&mut self.is_recursing, true);
                    let mut repeated = self.body(again)?;
                    self.is_recursing = around;
                    self.ctes.pop();
                    let types: Vec<Type> = query.columns.iter().map(|column| column.ty).collect();
                    if repeated.columns.len() != types.len() {
                        return Err(error("42601", "each UNION query must have the same number of columns"));
                    }
                    for (number, column) in repeated.columns.iter().enumerate() {
                        let overall = resolve::common("UNION", &[types[number], column.ty])?;
                        if overall != types[number] {
                            let message = format!(
                                "recursive query \"{name}\" column {} has type {} in non-recursive term but type {overall} overall",
                                number + 1,
                                types[number]
                            );
                            return Err(error("42804", message).at(place::nth(first, number)));
                        }
                    }
                    if let Body::Select(select) = &repeated.body
                        && select.group.as_ref().is_some_and(|group| !group.aggregates.is_empty())
                    {
                        let message =
                            "aggregate functions are not allowed in a recursive query's recursive term";
                        return Err(error("42P19", message));
                    }
                    self.coerce_columns(&mut repeated, &types, Context::Implicit)?;
                    let keeps_duplicates = quantifier == ast::SetQuantifier::All;
                    Cte { number, name: name.clone(), query, repeated: Some(repeated), keeps_duplicates }
                }
            };
            self.ctes.push(VisibleCte { name, number, columns: cte.query.columns.clone(), is_change: false });
            ctes.push(Rc::new(cte));
        }
        Ok(ctes)
    }
}

/// Refuses a subquery that speaks of itself in another way than PostgreSQL's `WITH RECURSIVE` has.
fn refuse_recursion(query: &ast::Query, name: &str, first: Option<&ast::SetExpr>) -> Result<(), SqlError> {
    match first {
        Some(first) if mentions(first, name) => {
            let message = format!(
                "recursive reference to query \"{name}\" must not appear within its non-recursive term"
            );
            Err(error("42P19", message))
        }
        Some(_) if query.order_by.is_some() => {
            Err(error("0A000", "ORDER BY in a recursive query is not implemented"))
        }
        Some(_) if query.limit_clause.is_some() || query.fetch.is_some() => {
            Err(error("0A000", "LIMIT in a recursive query is not implemented"))
        }
        Some(_) => Ok(()),
        None => match &*query.body {
            ast::SetExpr::SetOperation { left, op: ast::SetOperator::Union, .. } if mentions(left, name) => {
                let message = format!(
                    "recursive reference to query \"{name}\" must not appear within its non-recursive term"
                );
                Err(error("42P19", message))
            }
            body if mentions(body, name) => {
                let message = format!(
                    "recursive query \"{name}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
                );
                Err(error("42P19", message))
            }
            _ => Ok(()),
        },
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
