//! Operators, functions and aggregates: which one a name and types mean, and what it gives.
//!
//! ```text
//! operator / function ── catalog (tables of entries) ── overload (chapter 10 of the manual) ──> Call
//! the binder casts the arguments to `Call::parameters`; the executor runs `Call::apply`
//! ```

mod accumulator;
mod aggregate;
mod arithmetic;
mod array;
mod bits;
mod calendar;
mod catalog;
mod comparison;
mod elsewhere;
mod extract;
mod json;
mod json_edit;
mod json_value;
mod number;
mod overload;
mod pattern;
mod quoting;
#[cfg(test)]
mod robustness;
mod series;
mod span;
mod template;
mod text;
mod time;

use crate::error::{error, unsupported};
use crate::types::cast::{self, Cast};
use crate::types::{Array, Datum, Scalar, Type};
use drawloom_model::SqlError;
use std::rc::Rc;

pub use aggregate::{Aggregate, State};
pub(crate) use quoting::{identifier as quoted_identifier, literal as quoted_literal};
pub use series::{Rows, Series};

/// What functions of time need to know, in microseconds since 2000-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Moment {
    /// When the transaction began.
    pub transaction_us: i64,
    /// When the statement came.
    pub statement_us: i64,
    /// Now.
    pub clock_us: i64,
}

impl Moment {
    /// The beginning of all time, where no function of time is called.
    pub const ZERO: Moment = Moment { transaction_us: 0, statement_us: 0, clock_us: 0 };
}

/// How long a result stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Volatility {
    /// The same arguments give the same result forever.
    Immutable,
    /// The same as long as the session's settings are: its time zone, how it prints dates.
    Settings,
    /// The same within one statement.
    Stable,
    /// Another one at every call.
    Volatile,
}

/// What computes a result.
pub type Apply = fn(&Moment, &[Datum]) -> Result<Datum, SqlError>;
/// What computes a result and asks which types its arguments have.
pub type ApplyTyped = fn(&Moment, &[Type], &[Datum]) -> Result<Datum, SqlError>;

#[derive(Clone, Copy, Debug)]
enum Body {
    Plain(Apply),
    Typed(ApplyTyped),
    Convert(Cast),
    Aggregate(aggregate::Kind),
    Series(series::Kind),
    Refused,
}

/// A function or an operator that was chosen for arguments of certain types.
#[derive(Clone, Debug)]
pub struct Call {
    /// What each argument is to be cast to before the call.
    pub parameters: Rc<[Type]>,
    /// What it gives.
    pub result: Type,
    /// Whether a NULL among the arguments makes it give NULL.
    pub strict: bool,
    /// How long a result stays true.
    pub volatility: Volatility,
    body: Body,
}

impl Call {
    /// What the argument of this place is to be cast to.
    pub fn parameter(&self, place: usize) -> Type {
        // The last one of a variadic function stands for all that follow.
        self.parameters[place.min(self.parameters.len() - 1)]
    }

    /// The result for these arguments, which are of the types of `parameters`. NULL if it is strict and one is NULL.
    ///
    /// # Errors
    /// What the function says of them: 22003, 22012, ...
    pub fn apply(&self, moment: &Moment, arguments: &[Datum]) -> Result<Datum, SqlError> {
        if self.strict && arguments.iter().any(Datum::is_null) {
            return Ok(Datum::Null);
        }
        match &self.body {
            Body::Plain(apply) => apply(moment, arguments),
            Body::Typed(apply) => apply(moment, &self.parameters, arguments),
            Body::Convert(cast) => cast.apply(&arguments[0], None),
            Body::Aggregate(_) | Body::Series(_) | Body::Refused => {
                unreachable!("neither is a function of one row to one value")
            }
        }
    }
}

/// The operator for operands of these types; `left` is None for a prefix operator.
///
/// # Errors
/// 42883 if there is none, 42725 if there are several and none is better.
pub fn operator(symbol: &str, left: Option<Type>, right: Type) -> Result<Call, SqlError> {
    // The grammar takes both; the catalog has only one.
    let symbol = if symbol == "!=" { "<>" } else { symbol };
    let operands: Vec<Type> = left.into_iter().chain([right]).collect();
    let written = || match left {
        Some(left) => format!("{left} {symbol} {right}"),
        None => format!("{symbol} {right}"),
    };
    match overload::operator(catalog::entries(symbol), &operands)? {
        overload::Choice::One(Call { body: Body::Refused, .. }) => {
            Err(unsupported(format!("the operator {}", written())))
        }
        overload::Choice::One(call) => Ok(call),
        overload::Choice::None if elsewhere::is_operator(symbol) => {
            Err(unsupported(format!("the operator {}", written())))
        }
        overload::Choice::None => Err(error("42883", format!("operator does not exist: {}", written()))),
        overload::Choice::Several => Err(error("42725", format!("operator is not unique: {}", written()))),
    }
}

/// The function of this name for arguments of these types. The name is folded already.
///
/// # Errors
/// As `operator`.
pub fn function(name: &str, arguments: &[Type]) -> Result<Call, SqlError> {
    match overload::function(catalog::entries(name), arguments)? {
        overload::Choice::One(Call { body: Body::Refused, .. }) => {
            Err(unsupported(format!("the {}", written(name, arguments))))
        }
        overload::Choice::One(call) => Ok(call),
        overload::Choice::None if elsewhere::is_function(name) => {
            Err(unsupported(format!("the {}", written(name, arguments))))
        }
        overload::Choice::None => conversion(name, arguments).ok_or_else(|| absent(name, arguments)),
        overload::Choice::Several => Err(ambiguous(name, arguments)),
    }
}

/// The aggregate of this name for arguments of these types (`count(*)` has none); None if no aggregate has the name.
///
/// # Errors
/// As `operator`.
pub fn aggregate(name: &str, arguments: &[Type]) -> Result<Option<Aggregate>, SqlError> {
    let entries = catalog::aggregates(name);
    if entries.is_empty() {
        return Ok(None);
    }
    let call = only(entries, name, arguments)?;
    match call.body {
        Body::Aggregate(kind) => Ok(Some(Aggregate::of(call, kind))),
        _ => unreachable!("the table has aggregates alone"),
    }
}

/// The function of this name that gives rows, for arguments of these types; None if no such function has the name.
///
/// # Errors
/// As `operator`.
pub fn series(name: &str, arguments: &[Type]) -> Result<Option<Series>, SqlError> {
    let entries = catalog::all_series(name);
    if entries.is_empty() {
        return Ok(None);
    }
    if name == "unnest" && arguments.len() > 1 {
        return Err(unsupported("unnest of several arrays"));
    }
    let call = only(entries, name, arguments)?;
    match call.body {
        Body::Series(kind) => Ok(Some(Series::of(call, kind))),
        _ => unreachable!("the table has functions that give rows alone"),
    }
}

/// The only one of these that fits.
fn only(entries: &[&'static catalog::Entry], name: &str, arguments: &[Type]) -> Result<Call, SqlError> {
    match overload::function(entries, arguments)? {
        overload::Choice::One(call) => Ok(call),
        overload::Choice::None => Err(absent(name, arguments)),
        overload::Choice::Several => Err(ambiguous(name, arguments)),
    }
}

fn written(name: &str, arguments: &[Type]) -> String {
    let types: Vec<String> = arguments.iter().map(Type::to_string).collect();
    format!("function {name}({})", types.join(", "))
}

fn absent(name: &str, arguments: &[Type]) -> SqlError {
    error("42883", format!("{} does not exist", written(name, arguments)))
}

fn ambiguous(name: &str, arguments: &[Type]) -> SqlError {
    error("42725", format!("{} is not unique", written(name, arguments)))
}

/// `operand OPERATOR ANY (array)`, or ALL: the operator's result for each element, joined by OR, or AND. The array is of
/// the operator's right parameter.
///
/// # Errors
/// As the operator's.
pub fn quantified(
    call: &Call,
    is_any: bool,
    moment: &Moment,
    operand: &Datum,
    array: &Array,
) -> Result<Datum, SqlError> {
    let mut result = Datum::Bool(!is_any);
    for value in &array.values {
        match call.apply(moment, &[operand.clone(), value.clone()])? {
            Datum::Bool(truth) if truth == is_any => return Ok(Datum::Bool(is_any)),
            Datum::Null => result = Datum::Null,
            _ => {}
        }
    }
    Ok(result)
}

/// Whether a function of this name gives rows.
pub fn is_series(name: &str) -> bool {
    !catalog::all_series(name).is_empty()
}

/// Whether there is a function of this name at all, of whatever arguments.
pub fn is_function(name: &str) -> bool {
    !catalog::entries(name).is_empty()
}

/// A type's name called as a function of one argument is a cast.
fn conversion(name: &str, arguments: &[Type]) -> Option<Call> {
    let to =
        Type::of(Scalar::named(name).filter(|scalar| !matches!(scalar, Scalar::Unknown | Scalar::Void))?);
    let &[from] = arguments else { return None };
    let cast = cast::find(from, to)?;
    Some(Call {
        parameters: Rc::new([from]),
        result: to,
        strict: true,
        volatility: if cast.asks_settings() { Volatility::Settings } else { Volatility::Immutable },
        body: Body::Convert(cast),
    })
}
