//! Functions: those over values, those of the engine, aggregates and windows.

use super::{Binder, Bound};
use crate::catalog::parts;
use crate::error::{error, unsupported};
use crate::expression::{Aggregated, Expr, SortKey};
use crate::functions;
use crate::limit;
use crate::types::cast::Context;
use crate::types::{Scalar, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    pub(super) fn function(&mut self, function: &ast::Function) -> Result<Bound, SqlError> {
        let name = function_name(&function.name)?;
        let list = match &function.args {
            ast::FunctionArguments::None => None,
            ast::FunctionArguments::List(list) => Some(list),
            ast::FunctionArguments::Subquery(query) if *name == *"array" => return self.array_of(query),
            ast::FunctionArguments::Subquery(_) => {
                return Err(unsupported(format!("a subquery as {name}'s list")));
            }
        };
        if list.is_none()
            && let Some(bound) = self.niladic(&name)
        {
            return Ok(bound);
        }
        if !function.within_group.is_empty() || function.null_treatment.is_some() {
            return Err(unsupported(format!("WITHIN GROUP or IGNORE NULLS of {name}")));
        }
        if let Some(over) = &function.over {
            return self.window(&name, function, list, over);
        }
        if functions::is_series(&name) {
            return self.series_of_list(&name, list);
        }
        let star = list.is_some_and(is_star);
        let arguments = if star { Vec::new() } else { self.arguments(&name, list)? };
        if let Some(bound) = self.syntax(&name, &arguments)? {
            return Ok(bound);
        }
        if let Some(bound) = self.engine(&name, &arguments)? {
            return Ok(bound);
        }
        limit::arguments(arguments.len())?;
        let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
        if let Some(aggregate) = functions::aggregate(&name, &types)? {
            if arguments.is_empty() && !star {
                let message = format!("{name}(*) must be used to call a parameterless aggregate function");
                return Err(error("42809", message));
            }
            return self.aggregate(name, aggregate, arguments, function, list);
        }
        if super::window::is_window_function(&name) {
            return Err(error("42809", format!("window function {name} requires an OVER clause")));
        }
        let call = functions::function(&name, &types)?;
        let result = call.result;
        Ok(Bound::new(Expr::Call(self.called(&name, call, arguments)?.into()), result))
    }

    /// A function that gives rows, in a list: a column that its rows come to be.
    fn series_of_list(
        &mut self,
        name: &str,
        list: Option<&ast::FunctionArgumentList>,
    ) -> Result<Bound, SqlError> {
        let Some(mut series) = self.series.take() else {
            let place = if self.is_stored() { self.clause } else { &self.place };
            let message = format!("set-returning functions are not allowed in {place}");
            return Err(error("0A000", message));
        };
        let arguments = self.arguments(name, list)?;
        let repeated = self.repeat(name, arguments)?.ok_or_else(|| unsupported(name))?;
        let ty = match repeated.series.columns.as_slice() {
            [(_, ty)] => *ty,
            _ => return Err(unsupported(format!("the function {name} outside FROM"))),
        };
        series.push(repeated);
        let column = series.len() - 1;
        self.series = Some(series);
        Ok(Bound::new(Expr::Outer { level: 0, column }, ty))
    }

    pub(super) fn arguments(
        &mut self,
        name: &str,
        list: Option<&ast::FunctionArgumentList>,
    ) -> Result<Vec<Bound>, SqlError> {
        let argument = |argument: &ast::FunctionArg| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => self.expr(expr),
            _ => Err(unsupported(format!("the argument {argument} of {name}"))),
        };
        list.into_iter().flat_map(|list| &list.args).map(argument).collect()
    }

    /// What looks like a function and is syntax.
    fn syntax(&mut self, name: &str, arguments: &[Bound]) -> Result<Option<Bound>, SqlError> {
        let arguments = arguments.to_vec();
        Ok(Some(match name {
            "coalesce" if !arguments.is_empty() => {
                let (parts, ty) = self.common(arguments, "COALESCE")?;
                Bound::new(Expr::Coalesce(parts.into()), ty)
            }
            "greatest" | "least" if !arguments.is_empty() => {
                let (parts, ty) = self.common(arguments, &name.to_uppercase())?;
                Bound::new(Expr::Extreme { greatest: name == "greatest", of: parts.into() }, ty)
            }
            "nullif" if arguments.len() == 2 => {
                let [left, right] = <[Bound; 2]>::try_from(arguments).expect("there are two");
                let called = self.comparison("=", left, right)?;
                let ty = called.call.parameter(0);
                Bound::new(Expr::NullIf(called.into()), ty)
            }
            _ => return Ok(None),
        }))
    }

    fn aggregate(
        &mut self,
        name: Rc<str>,
        aggregate: functions::Aggregate,
        arguments: Vec<Bound>,
        function: &ast::Function,
        list: Option<&ast::FunctionArgumentList>,
    ) -> Result<Bound, SqlError> {
        let list = list.ok_or_else(|| error("42809", format!("{name} is an aggregate function")))?;
        let mut order = Vec::new();
        for clause in &list.clauses {
            match clause {
                ast::FunctionArgumentClause::OrderBy(by) => order = self.sort_keys(by)?,
                _ => return Err(unsupported(format!("the clause {clause} of {name}"))),
            }
        }
        let filter = function.filter.as_ref().map(|filter| self.condition(filter, "FILTER")).transpose()?;
        let mut coerced = Vec::new();
        for (place, argument) in arguments.into_iter().enumerate() {
            let ty = aggregate.parameter(place);
            coerced.push(self.coerce(argument, ty, Context::Implicit)?);
        }
        let distinct = list.duplicate_treatment == Some(ast::DuplicateTreatment::Distinct);
        if distinct && order.iter().any(|key| !coerced.contains(&key.expr)) {
            let message = "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list";
            return Err(error("42P10", message));
        }
        for part in coerced.iter().chain(order.iter().map(|key| &key.expr)).chain(&filter) {
            if part.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Aggregate(_))) {
                return Err(error("42803", "aggregate function calls cannot be nested"));
            }
            if part.any(&|expr, _| matches!(expr, Expr::Outer { level: 0, .. })) {
                let message = "aggregate function calls cannot contain set-returning function calls";
                return Err(error("0A000", message));
            }
            if part.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Window(_))) {
                let message = "aggregate function calls cannot contain window function calls";
                return Err(error("42803", message));
            }
        }
        let reaches = |expr: &Expr, at: usize| matches!(expr, Expr::Outer { level, .. } if *level > at);
        let is_own = |expr: &Expr, _: usize| matches!(expr, Expr::Column(_));
        if coerced.iter().any(|part| part.any(&reaches)) && !coerced.iter().any(|part| part.any(&is_own)) {
            return Err(unsupported("an aggregate of a query around its own"));
        }
        if !self.clause.is_empty() {
            let message = format!("aggregate functions are not allowed in {}", self.clause);
            return Err(error("42803", message));
        }
        let result = aggregate.result;
        let aggregated = Aggregated { name, aggregate, arguments: coerced.into(), distinct, order, filter };
        Ok(Bound::new(Expr::Aggregate(aggregated.into()), result))
    }

    /// ORDER BY inside an aggregate or a window.
    fn sort_keys(&mut self, by: &[ast::OrderByExpr]) -> Result<Vec<SortKey>, SqlError> {
        Ok(self.typed_sort_keys(by)?.0)
    }

    /// ORDER BY inside an aggregate or a window, with the keys' types.
    pub(super) fn typed_sort_keys(
        &mut self,
        by: &[ast::OrderByExpr],
    ) -> Result<(Vec<SortKey>, Vec<Type>), SqlError> {
        let (mut keys, mut types) = (Vec::new(), Vec::new());
        for by in by {
            let bound = self.expr(&by.expr)?;
            let bound = self.known(bound)?;
            keys.push(sort_key(bound.expr, &by.options)?);
            types.push(bound.ty);
        }
        Ok((keys, types))
    }

    /// What is of no known type is text.
    pub fn known(&mut self, bound: Bound) -> Result<Bound, SqlError> {
        if bound.ty != Type::of(Scalar::Unknown) {
            return Ok(bound);
        }
        let text = Type::of(Scalar::Text);
        Ok(Bound::new(self.coerce(bound, text, Context::Implicit)?, text))
    }

    /// What the parser has made a construct of its own of, and is a function.
    pub(super) fn special_function(&mut self, ast: &ast::Expr) -> Result<Bound, SqlError> {
        use ast::Expr as Ast;
        let mut over = |name: &str, asts: &[&ast::Expr]| -> Result<Bound, SqlError> {
            let arguments = asts.iter().map(|ast| self.expr(ast)).collect::<Result<Vec<_>, _>>()?;
            let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
            let own = |failure: SqlError| match failure.sqlstate.as_str() {
                "42883" => error("42883", failure.message.replacen("function ", "function pg_catalog.", 1)),
                _ => failure,
            };
            let call = functions::function(name, &types).map_err(own)?;
            let result = call.result;
            Ok(Bound::new(Expr::Call(self.called(name, call, arguments)?.into()), result))
        };
        match ast {
            Ast::Ceil { expr, .. } => over("ceil", &[expr]),
            Ast::Floor { expr, .. } => over("floor", &[expr]),
            Ast::Position { expr, r#in } => over("position", &[r#in, expr]),
            Ast::Substring { expr, substring_from, substring_for, .. } => {
                let one = number_literal("1");
                let from = substring_from.as_deref().unwrap_or(&one);
                match substring_for {
                    Some(length) => over("substring", &[expr, from, length]),
                    None => over("substring", &[expr, from]),
                }
            }
            Ast::Trim { trim_where, trim_what, expr, trim_characters } => {
                let name = match trim_where {
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                    Some(ast::TrimWhereField::Both) | None => "btrim",
                };
                let what = trim_what.as_deref().or(trim_characters.as_ref().and_then(|all| all.first()));
                match what {
                    Some(what) => over(name, &[expr, what]),
                    None => over(name, &[expr]),
                }
            }
            Ast::Extract { field, expr, .. } => {
                let field = text_literal(&field.to_string().to_lowercase());
                over("extract", &[&field, expr])
            }
            Ast::AtTimeZone { timestamp, time_zone } => over("timezone", &[time_zone, timestamp]),
            _ => Err(crate::expression::no_expression(ast)),
        }
    }

    fn array_of(&mut self, query: &ast::Query) -> Result<Bound, SqlError> {
        let query = self.subquery(query)?;
        let ty = super::subquery::single_column(&query)?;
        let kind = crate::expression::SubqueryKind::Array(ty.scalar);
        let expr = self.over_query(kind, query);
        Ok(Bound::new(expr, Type::array_of(ty.scalar)))
    }
}

/// A function's name; that it is PostgreSQL's own may be said.
pub(crate) fn function_name(name: &ast::ObjectName) -> Result<Rc<str>, SqlError> {
    match &*parts(name)? {
        [name] => Ok(name.clone()),
        [schema, name] if **schema == *"pg_catalog" => Ok(name.clone()),
        _ => Err(error("42883", format!("function {name}() does not exist"))),
    }
}

/// How ORDER BY sorts by an expression: NULL is greater than everything, unless it says otherwise.
pub(crate) fn sort_key(expr: Expr, options: &ast::OrderByOptions) -> Result<SortKey, SqlError> {
    let descending = match &options.sort {
        None | Some(ast::OrderBySort::Asc) => false,
        Some(ast::OrderBySort::Desc) => true,
        Some(ast::OrderBySort::Using(operator)) => match operator.to_string().as_str() {
            "<" => false,
            ">" => true,
            other => return Err(unsupported(format!("ORDER BY USING {other}"))),
        },
    };
    Ok(SortKey { expr, descending, nulls_first: options.nulls_first.unwrap_or(descending) })
}

pub(super) fn is_star(list: &ast::FunctionArgumentList) -> bool {
    matches!(list.args.as_slice(), [ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Wildcard)])
}

fn text_literal(text: &str) -> ast::Expr {
    ast::Expr::Value(ast::Value::SingleQuotedString(text.to_owned()).into())
}

fn number_literal(digits: &str) -> ast::Expr {
    ast::Expr::Value(ast::Value::Number(digits.to_owned(), false).into())
}
