//! Binds what UPDATE assigns.

use super::Target;
use crate::catalog::parts;
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, SubqueryKind, function_name, is_default};
use crate::place;
use crate::query::{self, Body, Distinct, Query, Select};
use drawloom_model::SqlError;
use sqlparser::ast;

impl Binder<'_> {
    /// The columns that are assigned to, and their new values.
    pub(super) fn assignments(
        &mut self,
        assignments: &[ast::Assignment],
        target: &Target,
    ) -> Result<Vec<(usize, Expr)>, SqlError> {
        // What is assigned is looked at before what it is assigned to.
        let mut values = Vec::new();
        for ast::Assignment { target: to, value } in assignments {
            match to {
                ast::AssignmentTarget::ColumnName(name) => values.push((name, self.value(value)?)),
                ast::AssignmentTarget::Tuple(names) => {
                    let given = self.row_of_values(value)?;
                    if names.len() != given.len() {
                        return Err(error("42601", "number of columns does not match number of values"));
                    }
                    values.extend(names.iter().zip(given));
                }
            }
        }
        let mut assigned: Vec<(usize, Expr)> = Vec::new();
        for (name, value) in values {
            let at = place::name(name);
            let [name] = &*parts(name)? else { return Err(unsupported(format!("an assignment to {name}"))) };
            let (place, column) = target.column(name).map_err(|failure| failure.at(at))?;
            if assigned.iter().any(|(other, _)| *other == place) {
                return Err(error("42601", format!("multiple assignments to same column \"{name}\"")));
            }
            let expr = match value {
                None => target.default(self, place)?,
                Some(_) if column.is_fixed() => {
                    return Err(error("428C9", format!("column \"{name}\" can only be updated to DEFAULT")));
                }
                Some(bound) => super::target::assigned(self, bound, column)?,
            };
            assigned.push((place, expr));
        }
        Ok(assigned)
    }

    /// What is assigned to several columns at once.
    fn row_of_values(&mut self, ast: &ast::Expr) -> Result<Vec<Option<Bound>>, SqlError> {
        if let Some(list) = parts_of_row(ast) {
            return list.into_iter().map(|value| self.value(value)).collect();
        }
        let ast::Expr::Subquery(query) = ast else {
            let message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression";
            return Err(error("0A000", message).at(place::expression(ast)));
        };
        let query = self.in_clause("UPDATE", |binder| binder.subquery(query))?;
        if query.columns.len() > 1 && query.any(&|expr, _| matches!(expr, Expr::Engine(..))) {
            return Err(unsupported("an assignment of a row that the engine is asked for"));
        }
        // Each column is a subquery of its own.
        let column = |place: usize| {
            let output = query.columns[place].clone();
            let ty = output.ty;
            let from = query::Source::Query { query: query.clone(), name: "*SELECT*".into(), lateral: false };
            let project = vec![Expr::Column(place)];
            let select = Select { project, ..Select::of(from, None, Distinct::All) };
            let only = Query { columns: vec![output], ..Query::of(Body::Select(select.into())) };
            Some(Bound::new(self.over_query(SubqueryKind::Scalar, only.into()), ty))
        };
        Ok((0..query.columns.len()).map(column).collect())
    }

    /// What is assigned; `None` is DEFAULT.
    fn value(&mut self, ast: &ast::Expr) -> Result<Option<Bound>, SqlError> {
        if is_default(ast) { Ok(None) } else { self.in_clause("UPDATE", |binder| binder.expr(ast)).map(Some) }
    }
}

/// The parts of `(a, b)` or `ROW (a, b)`.
fn parts_of_row(ast: &ast::Expr) -> Option<Vec<&ast::Expr>> {
    match ast {
        ast::Expr::Tuple(list) => Some(list.iter().collect()),
        ast::Expr::Function(function) if function_name(&function.name).is_ok_and(|name| *name == *"row") => {
            let ast::FunctionArguments::List(list) = &function.args else { return None };
            list.args.iter().map(argument).collect()
        }
        _ => None,
    }
}

fn argument(argument: &ast::FunctionArg) -> Option<&ast::Expr> {
    match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}
