//! What an expression is, over a row.

use super::{Called, Expr, Subquery, SubqueryKind};
use crate::error::{error, unsupported};
use crate::functions::{Moment, Volatility};
use crate::query;
use crate::types::{Array, Datum};
use crate::world::World;
use drawloom_model::SqlError;
use std::cmp::Ordering;
use std::rc::Rc;

/// How deep expressions may be nested.
pub(crate) const DEPTH_MAX: usize = 50;

/// What an expression is worked out in.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The database as the statement sees it. An index's expressions and a table's checks see none.
    pub world: Option<&'a World<'a>>,
    pub moment: &'a Moment,
    pub parameters: &'a [Datum],
    /// The rows of the queries around this one.
    pub outer: Option<&'a Outer<'a>>,
}

/// The row of a query around this one.
pub(crate) struct Outer<'a> {
    pub row: &'a [Datum],
    pub outer: Option<&'a Outer<'a>>,
}

impl<'a> Context<'a> {
    /// One for expressions that see no table and no time.
    pub const IMMUTABLE: Context<'static> =
        Context { world: None, moment: &Moment::ZERO, parameters: &[], outer: None };

    /// The database.
    pub fn world(&self) -> &'a World<'a> {
        self.world.expect("the binder lets only statements read tables")
    }

    /// The value of `$1`, `$2`, ...; what is stored has none.
    fn parameter(&self, number: usize) -> Result<Datum, SqlError> {
        let no_parameter = || error("42P02", format!("there is no parameter ${}", number + 1));
        self.parameters.get(number).cloned().ok_or_else(no_parameter)
    }

    fn outer(&self, level: usize) -> &'a Outer<'a> {
        let mut outer = self.outer.expect("an outer column stands inside a query");
        for _ in 1..level {
            outer = outer.outer.expect("an outer column stands deep enough");
        }
        outer
    }
}

impl Expr {
    /// Its value over this row.
    ///
    /// # Errors
    /// What PostgreSQL says of overflow, of division by zero, and the like.
    pub fn evaluate(&self, cx: &Context<'_>, row: &[Datum]) -> Result<Datum, SqlError> {
        Ok(match self {
            Expr::Literal(datum) => datum.clone(),
            // A stored expression sees a row without what the system knows of it.
            Expr::Column(column) if *column >= row.len() && cx.world.is_none() => {
                return Err(unsupported("a system column in an expression that is stored"));
            }
            Expr::Column(column) => row[*column].clone(),
            Expr::Outer { level, column } => cx.outer(*level).row[*column].clone(),
            Expr::Parameter(number) => return cx.parameter(*number),
            Expr::Call(called) => return called.evaluate(cx, row),
            Expr::Cast(converted) => {
                let datum = converted.expr.evaluate(cx, row)?;
                return converted.cast.apply(&datum, converted.modifier);
            }
            Expr::And(parts) => return junction(parts, false, cx, row),
            Expr::Or(parts) => return junction(parts, true, cx, row),
            Expr::Not(part) => match part.evaluate(cx, row)? {
                Datum::Bool(truth) => Datum::Bool(!truth),
                other => other,
            },
            Expr::IsNull(part) => Datum::Bool(part.evaluate(cx, row)?.is_null()),
            Expr::Is(part, truth) => {
                Datum::Bool(matches!(part.evaluate(cx, row)?, Datum::Bool(it) if it == *truth))
            }
            Expr::IsDistinct(called) => {
                let (left, right) = called.both(cx, row)?;
                Datum::Bool(match (left.is_null(), right.is_null()) {
                    (false, false) => !called.holds(cx, left, right)?.unwrap_or(false),
                    (left, right) => left != right,
                })
            }
            Expr::Case { branches, otherwise } => {
                for (when, then) in branches {
                    if when.holds(cx, row)? {
                        return then.evaluate(cx, row);
                    }
                }
                return otherwise.evaluate(cx, row);
            }
            Expr::Coalesce(parts) => {
                for part in parts {
                    let datum = part.evaluate(cx, row)?;
                    if !datum.is_null() {
                        return Ok(datum);
                    }
                }
                Datum::Null
            }
            Expr::NullIf(called) => {
                let (left, right) = called.both(cx, row)?;
                match called.holds(cx, left.clone(), right)? {
                    Some(true) => Datum::Null,
                    _ => left,
                }
            }
            Expr::Extreme { greatest, of } => return extreme(*greatest, of, cx, row),
            Expr::Quantified { comparison, all } => {
                let (left, array) = comparison.both(cx, row)?;
                let Datum::Array(array) = array else { return Ok(Datum::Null) };
                let elements =
                    array.values.iter().map(|element| comparison.holds(cx, left.clone(), element.clone()));
                return quantified(elements, *all);
            }
            Expr::Array { of, scalar } => {
                let elements = of.iter().map(|part| part.evaluate(cx, row)).collect::<Result<_, _>>()?;
                Datum::Array(Array::row(*scalar, elements).into())
            }
            Expr::Element(parts) => match (parts.0.evaluate(cx, row)?, parts.1.evaluate(cx, row)?) {
                (Datum::Array(array), Datum::Int(number)) => array.at(&[number]),
                _ => Datum::Null,
            },
            Expr::Subquery(subquery) => return subquery.evaluate(cx, row),
            Expr::Engine(call, arguments) => {
                let arguments = values(arguments, cx, row)?;
                let world = cx.world.ok_or_else(not_immutable)?;
                return world.call(*call, &arguments);
            }
            Expr::Aggregate(_) | Expr::Window(_) => {
                unreachable!("the binder replaces aggregates and windows by columns")
            }
        })
    }

    /// Whether a condition is true; false and NULL are not.
    ///
    /// # Errors
    /// As for its value.
    pub fn holds(&self, cx: &Context<'_>, row: &[Datum]) -> Result<bool, SqlError> {
        Ok(matches!(self.evaluate(cx, row)?, Datum::Bool(true)))
    }
}

impl Called {
    fn evaluate(&self, cx: &Context<'_>, row: &[Datum]) -> Result<Datum, SqlError> {
        match &*self.arguments {
            // Most are operators with two sides: no list on the heap for them.
            [left, right] => {
                let arguments = [left.evaluate(cx, row)?, right.evaluate(cx, row)?];
                self.apply(cx, &arguments)
            }
            [only] => self.apply(cx, &[only.evaluate(cx, row)?]),
            many => self.apply(cx, &values(many, cx, row)?),
        }
    }

    fn apply(&self, cx: &Context<'_>, arguments: &[Datum]) -> Result<Datum, SqlError> {
        if self.call.volatility >= Volatility::Stable
            && let Some(world) = cx.world
        {
            // It asks what time it is.
            world.database.footprints.touch_unknown();
        }
        self.call.apply(cx.moment, arguments)
    }

    fn both(&self, cx: &Context<'_>, row: &[Datum]) -> Result<(Datum, Datum), SqlError> {
        Ok((self.arguments[0].evaluate(cx, row)?, self.arguments[1].evaluate(cx, row)?))
    }

    /// A comparison of two values; `None` is NULL.
    fn holds(&self, cx: &Context<'_>, left: Datum, right: Datum) -> Result<Option<bool>, SqlError> {
        Ok(match self.apply(cx, &[left, right])? {
            Datum::Bool(truth) => Some(truth),
            _ => None,
        })
    }
}

impl Subquery {
    fn evaluate(&self, cx: &Context<'_>, row: &[Datum]) -> Result<Datum, SqlError> {
        let outer = Outer { row, outer: cx.outer };
        let inner = Context { outer: Some(&outer), ..*cx };
        let world = cx.world.ok_or_else(|| unsupported("a query in an expression that is stored"))?;
        let rows = match self.once {
            None => query::rows(&self.query, &inner)?.into(),
            Some(number) => match world.kept(number) {
                Some(rows) => rows,
                None => {
                    let rows = Rc::new(query::rows(&self.query, &inner)?);
                    world.keep(number, rows.clone());
                    rows
                }
            },
        };
        Ok(match &self.kind {
            SubqueryKind::Exists => Datum::Bool(!rows.is_empty()),
            SubqueryKind::Scalar => match rows.as_slice() {
                [] => Datum::Null,
                [only] => only[0].clone(),
                _ => return Err(several_rows()),
            },
            SubqueryKind::Array(scalar) => {
                Datum::Array(Array::row(*scalar, rows.iter().map(|row| row[0].clone()).collect()).into())
            }
            SubqueryKind::QuantifiedRow { comparison, all } => {
                let compared = rows.iter().map(|row| {
                    Ok(match comparison.evaluate(&inner, row)? {
                        Datum::Bool(truth) => Some(truth),
                        _ => None,
                    })
                });
                return quantified(compared, *all);
            }
            SubqueryKind::ScalarRow { comparison } => match rows.as_slice() {
                [] => Datum::Null,
                [only] => return comparison.evaluate(&inner, only),
                _ => return Err(several_rows()),
            },
            SubqueryKind::Quantified { comparison, all } => {
                let left = comparison.arguments[0].evaluate(cx, row)?;
                let compared = rows.iter().map(|inner| {
                    let right = comparison.arguments[1].evaluate(cx, inner)?;
                    comparison.holds(cx, left.clone(), right)
                });
                return quantified(compared, *all);
            }
        })
    }
}

fn several_rows() -> SqlError {
    error("21000", "more than one row returned by a subquery used as an expression")
}

/// `AND`, or `OR`, in three-valued logic: it ends with the first part that decides.
fn junction(parts: &[Expr], decisive: bool, cx: &Context<'_>, row: &[Datum]) -> Result<Datum, SqlError> {
    let mut unknown = false;
    for part in parts {
        match part.evaluate(cx, row)? {
            Datum::Bool(truth) if truth == decisive => return Ok(Datum::Bool(decisive)),
            Datum::Bool(_) => (),
            _ => unknown = true,
        }
    }
    Ok(if unknown { Datum::Null } else { Datum::Bool(!decisive) })
}

/// `ANY` is an `OR` of comparisons, and `ALL` is an `AND`.
fn quantified(
    comparisons: impl Iterator<Item = Result<Option<bool>, SqlError>>,
    all: bool,
) -> Result<Datum, SqlError> {
    let mut unknown = false;
    for comparison in comparisons {
        match comparison? {
            Some(truth) if truth != all => return Ok(Datum::Bool(truth)),
            Some(_) => (),
            None => unknown = true,
        }
    }
    Ok(if unknown { Datum::Null } else { Datum::Bool(all) })
}

/// The greatest or the least that is not NULL.
fn extreme(greatest: bool, of: &[Expr], cx: &Context<'_>, row: &[Datum]) -> Result<Datum, SqlError> {
    let wanted = if greatest { Ordering::Greater } else { Ordering::Less };
    let mut best = Datum::Null;
    for part in of {
        let datum = part.evaluate(cx, row)?;
        if !datum.is_null() && (best.is_null() || datum.cmp(&best) == wanted) {
            best = datum;
        }
    }
    Ok(best)
}

/// The values of these over a row.
///
/// # Errors
/// As for each.
pub(crate) fn values(exprs: &[Expr], cx: &Context<'_>, row: &[Datum]) -> Result<Vec<Datum>, SqlError> {
    // Collecting results makes no room for them before they are there.
    let mut values = Vec::with_capacity(exprs.len());
    for expr in exprs {
        values.push(expr.evaluate(cx, row)?);
    }
    Ok(values)
}

/// What an index, a check or a generated column may not ask: its answer would be another one at another time.
fn not_immutable() -> SqlError {
    unsupported("a function that is not immutable in an expression that is stored")
}

/// Refuses what is nested too deep, before the stack does.
///
/// # Errors
/// `54001`
pub(crate) fn check_depth(depth: usize) -> Result<(), SqlError> {
    if depth > DEPTH_MAX {
        return Err(error("54001", format!("expressions may be nested {DEPTH_MAX} deep")));
    }
    Ok(())
}

/// For a parser's construct that has no meaning here.
pub(crate) fn no_expression(construct: &dyn std::fmt::Display) -> SqlError {
    unsupported(format!("the expression {construct}"))
}
