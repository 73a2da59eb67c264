//! FROM: which sources there are.

use super::super::{Named, Origin, Relation, Repeated, Scope, Source};
use super::join::together;
use crate::catalog::{check_name, identifier};
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, function_name};
use crate::functions;
use crate::place;
use crate::types::cast::Context;
use crate::types::{Scalar, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    /// FROM. What it names is added to the innermost scope.
    ///
    /// # Errors
    /// Names that do not exist, constructs that are not supported.
    pub fn from(&mut self, tables: &[ast::TableWithJoins]) -> Result<Source, SqlError> {
        self.in_clause("functions in FROM", |binder| binder.sources(tables))
    }

    fn sources(&mut self, tables: &[ast::TableWithJoins]) -> Result<Source, SqlError> {
        let mut all = Source::Nothing;
        for table in tables {
            let begin = self.scope().width;
            let source = self.with_joins(table)?;
            debug_assert_eq!(
                begin + source.width(),
                self.scope().width,
                "a source is as wide as its names say"
            );
            all = together(all, source);
        }
        Ok(all)
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("FROM stands inside a query")
    }

    pub(super) fn factor(&mut self, factor: &ast::TableFactor) -> Result<Source, SqlError> {
        match factor {
            ast::TableFactor::Table {
                name, alias, args: None, sample: None, with_ordinality: false, ..
            } => self.named(name, alias.as_ref()),
            ast::TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                self.series(name, &args.args, *with_ordinality, alias.as_ref())
            }
            ast::TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                self.series(name, args, *with_ordinality, alias.as_ref())
            }
            ast::TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                let arguments =
                    array_exprs.iter().map(|expr| self.expr(expr)).collect::<Result<Vec<_>, _>>()?;
                self.repeated("unnest".into(), arguments, *with_ordinality, alias.as_ref())
            }
            ast::TableFactor::Derived { lateral, subquery, alias, sample: None } => {
                self.derived(*lateral, subquery, alias.as_ref())
            }
            ast::TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.with_joins(table_with_joins)
            }
            ast::TableFactor::NestedJoin { table_with_joins, alias: Some(alias) } => {
                self.named_join(table_with_joins, alias)
            }
            other => Err(unsupported(format!("{other} in FROM"))),
        }
    }

    fn derived(
        &mut self,
        lateral: bool,
        subquery: &ast::Query,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let Some(alias) = alias else {
            let what = if matches!(*subquery.body, ast::SetExpr::Values(_)) { "VALUES" } else { "subquery" };
            return Err(error("42601", format!("{what} in FROM must have an alias")));
        };
        let query = if lateral {
            self.subquery(subquery)?
        } else {
            // What stands beside it is out of its sight.
            let own = self.scopes.pop().expect("FROM stands inside a query");
            let names = own.relations.iter().map(|relation| relation.name.clone()).collect();
            let unreachable = std::mem::replace(&mut self.unreachable, names);
            let query = self.subquery(subquery);
            self.unreachable = unreachable;
            self.scopes.push(own);
            query?
        };
        let columns = query.columns.iter().map(|column| (column.name.clone(), column.ty)).collect();
        self.add(&identifier(&alias.name), columns, Some(alias), Origin::Query)?;
        Ok(Source::Query { query, name: identifier(&alias.name), lateral })
    }

    fn series(
        &mut self,
        name: &ast::ObjectName,
        arguments: &[ast::FunctionArg],
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let place = place::name(name);
        let name = function_name(name)?;
        let mut bound = Vec::new();
        for argument in arguments {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => bound.push(self.expr(expr)?),
                other => return Err(unsupported(format!("the argument {other} of {name}"))),
            }
        }
        self.repeated(name, bound, ordinality, alias).map_err(|failure| failure.at(place))
    }

    fn repeated(
        &mut self,
        name: Rc<str>,
        arguments: Vec<Bound>,
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        if !functions::is_series(&name) {
            return self.single_row(&name, arguments, ordinality, alias);
        }
        let repeated = self.repeat(&name, arguments)?.ok_or_else(|| unsupported(&name))?;
        let width = repeated.series.columns.len();
        // A function whose only column has no name gives it the one that it goes by.
        let own = alias.map_or_else(|| name.clone(), |alias| identifier(&alias.name));
        let named = |(column, ty): &(Option<&str>, Type)| (column.map_or(own.clone(), Rc::from), *ty);
        let mut columns: Vec<(Rc<str>, Type)> = repeated.series.columns.iter().map(named).collect();
        if ordinality {
            columns.push(("ordinality".into(), Type::of(Scalar::Int8)));
        }
        self.add(&name, columns, alias, Origin::Other)?;
        Ok(Source::Series { function: name, name: own, repeated, width, ordinality })
    }

    /// A function that gives one value, as a row.
    fn single_row(
        &mut self,
        name: &Rc<str>,
        arguments: Vec<Bound>,
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
        let call = functions::function(name, &types)?;
        if ordinality {
            return Err(unsupported(format!("{name} WITH ORDINALITY")));
        }
        let ty = call.result;
        let called = self.called(name, call, arguments)?;
        let mut expr = Expr::Call(called.into());
        expr.deepen()?;
        let column = alias.map_or_else(|| name.clone(), |alias| identifier(&alias.name));
        let columns = vec![super::super::Output { name: column.clone(), ty }];
        let query = super::super::Query::of_values(vec![vec![expr]], columns).into();
        self.add(name, vec![(column, ty)], alias, Origin::Other)?;
        Ok(Source::Query { query, name: shown(name, alias), lateral: true })
    }

    /// A function that gives rows, if there is one of this name.
    ///
    /// # Errors
    /// Its arguments do not fit.
    pub fn repeat(&mut self, name: &str, arguments: Vec<Bound>) -> Result<Option<Repeated>, SqlError> {
        let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
        let Some(series) = functions::series(name, &types)? else { return Ok(None) };
        let mut coerced = Vec::new();
        for (place, argument) in arguments.into_iter().enumerate() {
            let ty = series.parameter(place);
            coerced.push(self.coerce(argument, ty, Context::Implicit)?);
        }
        Ok(Some(Repeated { series, arguments: coerced }))
    }

    pub(super) fn add(
        &mut self,
        name: &Rc<str>,
        columns: Vec<(Rc<str>, Type)>,
        alias: Option<&ast::TableAlias>,
        origin: Origin,
    ) -> Result<(), SqlError> {
        let begin = self.scope().width;
        let width = columns.len();
        let columns = columns.into_iter().zip(begin..);
        let columns = columns.map(|((name, ty), slot)| Named { name, ty, slot }).collect();
        let relation =
            renamed(Relation { name: name.clone(), columns, table: None, is_hidden: false, origin }, alias)?;
        self.scope().add(relation, width)
    }
}

/// What a source goes by.
pub(super) fn shown(name: &Rc<str>, alias: Option<&ast::TableAlias>) -> Rc<str> {
    alias.map_or_else(|| name.clone(), |alias| identifier(&alias.name))
}

pub(super) fn renamed(mut relation: Relation, alias: Option<&ast::TableAlias>) -> Result<Relation, SqlError> {
    let Some(alias) = alias else { return Ok(relation) };
    check_name(&alias.name)?;
    relation.name = identifier(&alias.name);
    if alias.columns.len() > relation.columns.len() {
        let message = format!(
            "table \"{}\" has {} columns available but {} columns specified",
            relation.name,
            relation.columns.len(),
            alias.columns.len()
        );
        return Err(error("42P10", message));
    }
    for (column, alias) in relation.columns.iter_mut().zip(&alias.columns) {
        column.name = identifier(&alias.name);
    }
    Ok(relation)
}
