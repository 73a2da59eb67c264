//! Expressions without tables, evaluated through the crate's public interface alone.

use drawloom_mock::error::{error, unsupported};
use drawloom_mock::functions::{self, Moment};
use drawloom_mock::types::{self, Array, Datum, Scalar, Type, cast, name, resolve};
use drawloom_model::SqlError;
use sqlparser::ast::{
    AccessExpr, BinaryOperator, CeilFloorKind, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query,
    SelectItem, SetExpr, Statement, Subscript, TableFactor, TrimWhereField, UnaryOperator, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use std::rc::Rc;

type Typed = (Type, Datum);

/// The answer as the golden files have it.
pub fn answer(expression: &str) -> String {
    match parsed(expression).and_then(|expression| evaluate(&expression)).and_then(settled) {
        Ok((of, Datum::Null)) => format!("{of}: NULL"),
        Ok((of, datum)) => format!("{of}: {}", types::output(&datum, of)).replace('\n', "\\n"),
        Err(refusal) => format!("ERROR {} {}", refusal.sqlstate, refusal.message).replace('\n', "\\n"),
    }
}

/// A literal that nothing gave a type is text.
fn settled((of, datum): Typed) -> Result<Typed, SqlError> {
    if of == Type::UNKNOWN { Ok((Type::TEXT, datum)) } else { Ok((of, datum)) }
}

fn parsed(expression: &str) -> Result<Expr, SqlError> {
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, &format!("select {expression}"))
        .map_err(|refusal| error("42601", refusal.to_string()))?;
    match statements.into_iter().next() {
        Some(Statement::Query(query)) => projected(*query),
        _ => Err(unsupported("what is no query")),
    }
}

fn projected(query: Query) -> Result<Expr, SqlError> {
    let SetExpr::Select(select) = *query.body else { return Err(unsupported("what is no SELECT")) };
    match select.projection.into_iter().next() {
        Some(SelectItem::UnnamedExpr(expression)) => Ok(expression),
        other => Err(unsupported(format!("{other:?}"))),
    }
}

fn evaluate(expression: &Expr) -> Result<Typed, SqlError> {
    match expression {
        Expr::Nested(inner) => evaluate(inner),
        Expr::Value(value) => literal(&value.value),
        Expr::TypedString(typed) => {
            let (of, modifier) = name::parse(&typed.data_type)?;
            Ok((
                of,
                types::input(&typed.value.value.clone().into_string().unwrap_or_default(), of, modifier)?,
            ))
        }
        Expr::Interval(interval) if interval.leading_field.is_none() => {
            converted(evaluate(&interval.value)?, Type::of(Scalar::Interval))
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok((
            Type::BOOL,
            match truth(expr)? {
                Some(truth) => Datum::Bool(!truth),
                None => Datum::Null,
            },
        )),
        Expr::UnaryOp { op, expr } => unary(*op, expr),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => Ok((
            Type::BOOL,
            match (truth(left)?, truth(right)?) {
                (Some(false), _) | (_, Some(false)) => Datum::Bool(false),
                (Some(true), Some(true)) => Datum::Bool(true),
                _ => Datum::Null,
            },
        )),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => Ok((
            Type::BOOL,
            match (truth(left)?, truth(right)?) {
                (Some(true), _) | (_, Some(true)) => Datum::Bool(true),
                (Some(false), Some(false)) => Datum::Bool(false),
                _ => Datum::Null,
            },
        )),
        Expr::BinaryOp { left, op, right } => binary(&op.to_string(), evaluate(left)?, evaluate(right)?),
        Expr::IsNull(inner) => Ok((Type::BOOL, Datum::Bool(evaluate(inner)?.1.is_null()))),
        Expr::IsNotNull(inner) => Ok((Type::BOOL, Datum::Bool(!evaluate(inner)?.1.is_null()))),
        Expr::Cast { expr, data_type, .. } => {
            if let Expr::Array(array) = &**expr
                && array.elem.is_empty()
            {
                let (of, _) = name::parse(data_type)?;
                return Ok((of, Datum::Array(Rc::new(Array::row(of.scalar, Vec::new())))));
            }
            let (of, modifier) = name::parse(data_type)?;
            let (from, datum) = evaluate(expr)?;
            let cast = cast::find(from, of)
                .ok_or_else(|| error("42846", format!("cannot cast type {from} to {of}")))?;
            Ok((of, cast.apply(&datum, modifier)?))
        }
        Expr::Like { negated, expr, pattern, escape_char, .. } => {
            like("~~", *negated, expr, pattern, escape_char.as_deref())
        }
        Expr::ILike { negated, expr, pattern, escape_char, .. } => {
            like("~~*", *negated, expr, pattern, escape_char.as_deref())
        }
        Expr::Function(function) => {
            let FunctionArguments::List(list) = &function.args else {
                return call(&function.name.to_string(), vec![]);
            };
            let arguments = list.args.iter().map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => evaluate(expression),
                other => Err(unsupported(other)),
            });
            call(&function.name.to_string().to_lowercase(), arguments.collect::<Result<_, _>>()?)
        }
        Expr::Ceil { expr, field } => rounding("ceil", expr, field),
        Expr::Floor { expr, field } => rounding("floor", expr, field),
        Expr::Position { expr, r#in } => call("position", vec![evaluate(r#in)?, evaluate(expr)?]),
        Expr::Substring { expr, substring_from, substring_for, shorthand, .. } => {
            let mut arguments = vec![evaluate(expr)?];
            match (substring_from, substring_for) {
                (None, Some(count)) => arguments.extend([(Type::INT4, Datum::Int(1)), evaluate(count)?]),
                (from, count) => {
                    for argument in [from, count].into_iter().flatten() {
                        arguments.push(evaluate(argument)?);
                    }
                }
            }
            call(if *shorthand { "substr" } else { "substring" }, arguments)
        }
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            let mut arguments = vec![evaluate(expr)?, evaluate(overlay_what)?, evaluate(overlay_from)?];
            if let Some(count) = overlay_for {
                arguments.push(evaluate(count)?);
            }
            call("overlay", arguments)
        }
        Expr::Trim { trim_where, trim_what, expr, .. } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
                _ => "btrim",
            };
            let mut arguments = vec![evaluate(expr)?];
            if let Some(what) = trim_what {
                arguments.push(evaluate(what)?);
            }
            call(name, arguments)
        }
        Expr::Extract { field, expr, .. } => {
            let field = Datum::text(field.to_string().trim_matches('\'').to_lowercase());
            call("extract", vec![(Type::UNKNOWN, field), evaluate(expr)?])
        }
        Expr::AtTimeZone { timestamp, time_zone } => {
            call("timezone", vec![evaluate(time_zone)?, evaluate(timestamp)?])
        }
        Expr::Array(array) => elements(&array.elem),
        Expr::AnyOp { left, compare_op, right, .. } => quantified(left, compare_op, right, true),
        Expr::AllOp { left, compare_op, right } => quantified(left, compare_op, right, false),
        Expr::CompoundFieldAccess { root, access_chain } => subscripted(evaluate(root)?, access_chain),
        Expr::Subquery(query) => gathered(query),
        other => Err(unsupported(other)),
    }
}

/// `(select aggregate(x, constant) from series(...) as x)`
fn gathered(query: &Query) -> Result<Typed, SqlError> {
    let SetExpr::Select(select) = &*query.body else { return Err(unsupported("what is no SELECT")) };
    let (name, arguments) = match &select.from[0].relation {
        TableFactor::Table { name, args: Some(arguments), .. } => {
            (name.to_string(), arguments.args.as_slice())
        }
        TableFactor::UNNEST { array_exprs, .. } => {
            return aggregated(&select.projection[0], rows("unnest", vec![evaluate(&array_exprs[0])?])?);
        }
        other => return Err(unsupported(other)),
    };
    let arguments = arguments.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expression)) => evaluate(expression),
        other => Err(unsupported(other)),
    });
    aggregated(&select.projection[0], rows(&name, arguments.collect::<Result<_, _>>()?)?)
}

/// The first column of what a function gives.
fn rows(name: &str, arguments: Vec<Typed>) -> Result<(Type, Vec<Datum>), SqlError> {
    let types: Vec<Type> = arguments.iter().map(|argument| argument.0).collect();
    let series = functions::series(name, &types)?.ok_or_else(|| unsupported(name))?;
    let arguments: Vec<Datum> = arguments
        .into_iter()
        .zip(series.parameters.iter())
        .map(|(argument, to)| converted(argument, *to).map(|typed| typed.1))
        .collect::<Result<_, _>>()?;
    let last = series.columns.len() - 1;
    let column = series.rows(&arguments)?.map(|row| row.map(|row| row[last].clone()));
    Ok((series.columns[last].1, column.collect::<Result<_, _>>()?))
}

fn aggregated(item: &SelectItem, (of, rows): (Type, Vec<Datum>)) -> Result<Typed, SqlError> {
    let SelectItem::UnnamedExpr(Expr::Function(function)) = item else { return Err(unsupported(item)) };
    let FunctionArguments::List(list) = &function.args else { return Err(unsupported(function)) };
    // None stands for the row's value.
    let mut constants: Vec<Option<Typed>> = Vec::new();
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) => {}
            FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(_))) => constants.push(None),
            FunctionArg::Unnamed(FunctionArgExpr::Expr(constant)) => {
                constants.push(Some(evaluate(constant)?))
            }
            other => return Err(unsupported(other)),
        }
    }
    let types: Vec<Type> =
        constants.iter().map(|constant| constant.as_ref().map_or(of, |typed| typed.0)).collect();
    let name = function.name.to_string();
    let aggregate = functions::aggregate(&name, &types)?.ok_or_else(|| unsupported(&name))?;
    let mut state = aggregate.start();
    for row in rows {
        let arguments: Vec<Datum> = constants
            .iter()
            .zip(aggregate.parameters.iter())
            .map(|(constant, to)| converted(constant.clone().unwrap_or_else(|| (of, row.clone())), *to))
            .map(|typed| typed.map(|typed| typed.1))
            .collect::<Result<_, _>>()?;
        aggregate.add(&mut state, &arguments)?;
    }
    Ok((aggregate.result, aggregate.finish(state)?))
}

fn literal(value: &Value) -> Result<Typed, SqlError> {
    match value {
        Value::Number(digits, _) => types::number(digits),
        Value::SingleQuotedString(text) | Value::EscapedStringLiteral(text) => {
            Ok((Type::UNKNOWN, Datum::text(text.as_str())))
        }
        Value::Boolean(truth) => Ok((Type::BOOL, Datum::Bool(*truth))),
        Value::Null => Ok((Type::UNKNOWN, Datum::Null)),
        other => Err(unsupported(other)),
    }
}

fn unary(op: UnaryOperator, operand: &Expr) -> Result<Typed, SqlError> {
    // A sign before a number is part of it, as in PostgreSQL's grammar.
    if let (UnaryOperator::Minus, Expr::Value(value)) = (op, operand)
        && let Value::Number(digits, _) = &value.value
    {
        return types::number(&format!("-{digits}"));
    }
    let (of, datum) = evaluate(operand)?;
    let call = functions::operator(&op.to_string(), None, of)?;
    run(&call, vec![(of, datum)])
}

fn truth(expression: &Expr) -> Result<Option<bool>, SqlError> {
    match converted(evaluate(expression)?, Type::BOOL)?.1 {
        Datum::Bool(truth) => Ok(Some(truth)),
        _ => Ok(None),
    }
}

fn converted((from, datum): Typed, to: Type) -> Result<Typed, SqlError> {
    let cast =
        cast::find(from, to).ok_or_else(|| error("42846", format!("cannot cast type {from} to {to}")))?;
    Ok((to, cast.apply(&datum, None)?))
}

fn binary(symbol: &str, left: Typed, right: Typed) -> Result<Typed, SqlError> {
    let call = functions::operator(symbol, Some(left.0), right.0)?;
    run(&call, vec![left, right])
}

fn call(name: &str, arguments: Vec<Typed>) -> Result<Typed, SqlError> {
    let types: Vec<Type> = arguments.iter().map(|argument| argument.0).collect();
    run(&functions::function(name, &types)?, arguments)
}

fn run(call: &functions::Call, arguments: Vec<Typed>) -> Result<Typed, SqlError> {
    let arguments: Vec<Datum> = arguments
        .into_iter()
        .zip(call.parameters.iter())
        .map(|(argument, to)| converted(argument, *to).map(|typed| typed.1))
        .collect::<Result<_, _>>()?;
    Ok((call.result, call.apply(&Moment::default(), &arguments)?))
}

fn like(
    symbol: &str,
    negated: bool,
    text: &Expr,
    pattern: &Expr,
    escape: Option<&Expr>,
) -> Result<Typed, SqlError> {
    let mut pattern = evaluate(pattern)?;
    if let Some(escape) = escape {
        pattern = call("like_escape", vec![pattern, evaluate(escape)?])?;
    }
    let symbol = if negated { format!("!{symbol}") } else { symbol.to_owned() };
    binary(&symbol, evaluate(text)?, pattern)
}

fn rounding(name: &str, operand: &Expr, field: &CeilFloorKind) -> Result<Typed, SqlError> {
    match field {
        CeilFloorKind::DateTimeField(sqlparser::ast::DateTimeField::NoDateTime) => {
            call(name, vec![evaluate(operand)?])
        }
        other => Err(unsupported(format!("{other:?}"))),
    }
}

fn elements(expressions: &[Expr]) -> Result<Typed, SqlError> {
    let values: Vec<Typed> = expressions.iter().map(evaluate).collect::<Result<_, _>>()?;
    let types: Vec<Type> = values.iter().map(|value| value.0).collect();
    let common = resolve::common("ARRAY", &types)?;
    let values: Vec<Datum> = values
        .into_iter()
        .map(|value| converted(value, common).map(|typed| typed.1))
        .collect::<Result<_, _>>()?;
    let array = if common.is_array {
        Array::stacked(common.scalar, &values)?
    } else {
        Array::row(common.scalar, values)
    };
    Ok((Type::array_of(common.scalar), Datum::Array(Rc::new(array))))
}

fn quantified(left: &Expr, op: &BinaryOperator, right: &Expr, is_any: bool) -> Result<Typed, SqlError> {
    let (left, (of, right)) = (evaluate(left)?, evaluate(right)?);
    let (of, right) = if of == Type::UNKNOWN {
        converted((of, right), Type::array_of(left.0.scalar))?
    } else {
        (of, right)
    };
    let element =
        of.element().ok_or_else(|| error("42809", "op ANY/ALL (array) requires array on right side"))?;
    let call = functions::operator(&op.to_string(), Some(left.0), element)?;
    let operand = converted(left, call.parameters[0])?.1;
    let Datum::Array(array) = converted((of, right), Type::array_of(call.parameters[1].scalar))?.1 else {
        return Ok((Type::BOOL, Datum::Null));
    };
    Ok((Type::BOOL, functions::quantified(&call, is_any, &Moment::default(), &operand, &array)?))
}

fn subscripted((of, datum): Typed, chain: &[AccessExpr]) -> Result<Typed, SqlError> {
    let element = of.element().ok_or_else(|| unsupported("a subscript of no array"))?;
    let Datum::Array(array) = datum else { return Ok((of, Datum::Null)) };
    let index = |expression: &Expr| match evaluate(expression)?.1 {
        Datum::Int(index) => Ok(index),
        _ => Err(unsupported("a subscript that is no integer")),
    };
    if let [AccessExpr::Subscript(Subscript::Slice { lower_bound, upper_bound, .. })] = chain {
        let bound = |bound: &Option<Expr>| bound.as_ref().map(index).transpose();
        return Ok((of, Datum::Array(Rc::new(array.slice(bound(lower_bound)?, bound(upper_bound)?)?))));
    }
    let subscripts: Vec<i64> = chain
        .iter()
        .map(|access| match access {
            AccessExpr::Subscript(Subscript::Index { index: expression }) => index(expression),
            other => Err(unsupported(other)),
        })
        .collect::<Result<_, _>>()?;
    Ok((element, array.at(&subscripts)))
}
