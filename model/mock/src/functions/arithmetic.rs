//! `+ - * / % ^` of all numbers, with PostgreSQL's refusals of what overflows (`int.c`, `float.c`, `numeric.c`).

use super::Moment;
use super::catalog::{Entry, FLOAT4, FLOAT8, INT2, INT4, INT8, NUMERIC, entry};
use crate::error::error;
use crate::types::{Datum, Numeric, Scalar, float, integer};
use drawloom_model::SqlError;

type Result = std::result::Result<Datum, SqlError>;

/// What every division says whose divisor is zero.
pub(super) fn division_by_zero() -> SqlError {
    error("22012", "division by zero")
}

/// The arguments of a function of whole numbers.
pub(super) fn wholes<const COUNT: usize>(arguments: &[Datum]) -> [i64; COUNT] {
    std::array::from_fn(|index| match &arguments[index] {
        Datum::Int(number) => *number,
        other => unreachable!("a whole number was promised, not {other:?}"),
    })
}

/// The arguments of a function of floating-point numbers.
pub(super) fn floats<const COUNT: usize>(arguments: &[Datum]) -> [f64; COUNT] {
    std::array::from_fn(|index| match &arguments[index] {
        Datum::Float(number) => *number,
        other => unreachable!("a floating-point number was promised, not {other:?}"),
    })
}

/// An argument of `numeric`.
pub(super) fn numeric(argument: &Datum) -> &Numeric {
    match argument {
        Datum::Numeric(number) => number,
        other => unreachable!("a numeric was promised, not {other:?}"),
    }
}

const fn scalar_of(bits: u32) -> Scalar {
    match bits {
        16 => Scalar::Int2,
        32 => Scalar::Int4,
        _ => Scalar::Int8,
    }
}

/// The number, if it fits so many bits.
pub(super) fn whole<const BITS: u32>(number: Option<i64>) -> Result {
    match number {
        Some(number) if matches!(number >> (BITS - 1), 0 | -1) => Ok(Datum::Int(number)),
        _ => Err(integer::out_of_range(scalar_of(BITS))),
    }
}

fn whole_plus<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    whole::<BITS>(left.checked_add(right))
}

fn whole_minus<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    whole::<BITS>(left.checked_sub(right))
}

fn whole_times<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    whole::<BITS>(left.checked_mul(right))
}

fn whole_over<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    if right == 0 {
        return Err(division_by_zero());
    }
    whole::<BITS>(left.checked_div(right))
}

fn whole_remainder(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    if right == 0 {
        return Err(division_by_zero());
    }
    Ok(Datum::Int(left.wrapping_rem(right)))
}

fn whole_negated<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = wholes(arguments);
    whole::<BITS>(number.checked_neg())
}

fn whole_absolute<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = wholes(arguments);
    whole::<BITS>(number.checked_abs())
}

fn same(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(arguments[0].clone())
}

/// Rounded to `real` if that is the type, which rounds as often as the type's own arithmetic would.
fn single_or_double<const BITS: u32>(number: f64) -> f64 {
    if BITS == 32 { f64::from(number as f32) } else { number }
}

fn float_plus<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = floats(arguments);
    let sum = single_or_double::<BITS>(left + right);
    float::checked(sum, left.is_infinite() || right.is_infinite()).map(Datum::Float)
}

fn float_minus<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = floats(arguments);
    let difference = single_or_double::<BITS>(left - right);
    float::checked(difference, left.is_infinite() || right.is_infinite()).map(Datum::Float)
}

fn float_times<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = floats(arguments);
    let product =
        float::checked(single_or_double::<BITS>(left * right), left.is_infinite() || right.is_infinite())?;
    if product == 0.0 && left != 0.0 && right != 0.0 {
        return Err(float::underflow());
    }
    Ok(Datum::Float(product))
}

fn float_over<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = floats(arguments);
    if right == 0.0 && !left.is_nan() {
        return Err(division_by_zero());
    }
    let quotient = float::checked(single_or_double::<BITS>(left / right), left.is_infinite())?;
    if quotient == 0.0 && left != 0.0 && !right.is_infinite() {
        return Err(float::underflow());
    }
    Ok(Datum::Float(quotient))
}

fn float_negated(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    Ok(Datum::Float(-number))
}

fn float_absolute(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    Ok(Datum::Float(number.abs()))
}

macro_rules! of_numerics {
    ($($name:ident = $method:ident;)*) => {
        $(fn $name(_: &Moment, arguments: &[Datum]) -> Result {
            numeric(&arguments[0]).$method(numeric(&arguments[1])).map(Datum::numeric)
        })*
    };
}

of_numerics! {
    numeric_plus = plus;
    numeric_minus = minus;
    numeric_times = times;
    numeric_over = divided_by;
    numeric_remainder = remainder;
    numeric_div = whole_quotient;
}

fn numeric_negated(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::numeric(numeric(&arguments[0]).negated()))
}

fn numeric_absolute(_: &Moment, arguments: &[Datum]) -> Result {
    let number = numeric(&arguments[0]);
    Ok(Datum::numeric(if number.signum() < 0 { number.negated() } else { number.clone() }))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("+", &[INT2, INT2], INT2, whole_plus::<16>),
    entry("+", &[INT2, INT4], INT4, whole_plus::<32>),
    entry("+", &[INT4, INT2], INT4, whole_plus::<32>),
    entry("+", &[INT4, INT4], INT4, whole_plus::<32>),
    entry("+", &[INT2, INT8], INT8, whole_plus::<64>),
    entry("+", &[INT4, INT8], INT8, whole_plus::<64>),
    entry("+", &[INT8, INT2], INT8, whole_plus::<64>),
    entry("+", &[INT8, INT4], INT8, whole_plus::<64>),
    entry("+", &[INT8, INT8], INT8, whole_plus::<64>),
    entry("-", &[INT2, INT2], INT2, whole_minus::<16>),
    entry("-", &[INT2, INT4], INT4, whole_minus::<32>),
    entry("-", &[INT4, INT2], INT4, whole_minus::<32>),
    entry("-", &[INT4, INT4], INT4, whole_minus::<32>),
    entry("-", &[INT2, INT8], INT8, whole_minus::<64>),
    entry("-", &[INT4, INT8], INT8, whole_minus::<64>),
    entry("-", &[INT8, INT2], INT8, whole_minus::<64>),
    entry("-", &[INT8, INT4], INT8, whole_minus::<64>),
    entry("-", &[INT8, INT8], INT8, whole_minus::<64>),
    entry("*", &[INT2, INT2], INT2, whole_times::<16>),
    entry("*", &[INT2, INT4], INT4, whole_times::<32>),
    entry("*", &[INT4, INT2], INT4, whole_times::<32>),
    entry("*", &[INT4, INT4], INT4, whole_times::<32>),
    entry("*", &[INT2, INT8], INT8, whole_times::<64>),
    entry("*", &[INT4, INT8], INT8, whole_times::<64>),
    entry("*", &[INT8, INT2], INT8, whole_times::<64>),
    entry("*", &[INT8, INT4], INT8, whole_times::<64>),
    entry("*", &[INT8, INT8], INT8, whole_times::<64>),
    entry("/", &[INT2, INT2], INT2, whole_over::<16>),
    entry("/", &[INT2, INT4], INT4, whole_over::<32>),
    entry("/", &[INT4, INT2], INT4, whole_over::<32>),
    entry("/", &[INT4, INT4], INT4, whole_over::<32>),
    entry("/", &[INT2, INT8], INT8, whole_over::<64>),
    entry("/", &[INT4, INT8], INT8, whole_over::<64>),
    entry("/", &[INT8, INT2], INT8, whole_over::<64>),
    entry("/", &[INT8, INT4], INT8, whole_over::<64>),
    entry("/", &[INT8, INT8], INT8, whole_over::<64>),
    entry("%", &[INT2, INT2], INT2, whole_remainder),
    entry("%", &[INT4, INT4], INT4, whole_remainder),
    entry("%", &[INT8, INT8], INT8, whole_remainder),
    entry("mod", &[INT2, INT2], INT2, whole_remainder),
    entry("mod", &[INT4, INT4], INT4, whole_remainder),
    entry("mod", &[INT8, INT8], INT8, whole_remainder),
    entry("+", &[INT2], INT2, same),
    entry("+", &[INT4], INT4, same),
    entry("+", &[INT8], INT8, same),
    entry("-", &[INT2], INT2, whole_negated::<16>),
    entry("-", &[INT4], INT4, whole_negated::<32>),
    entry("-", &[INT8], INT8, whole_negated::<64>),
    entry("@", &[INT2], INT2, whole_absolute::<16>),
    entry("@", &[INT4], INT4, whole_absolute::<32>),
    entry("@", &[INT8], INT8, whole_absolute::<64>),
    entry("abs", &[INT2], INT2, whole_absolute::<16>),
    entry("abs", &[INT4], INT4, whole_absolute::<32>),
    entry("abs", &[INT8], INT8, whole_absolute::<64>),
    entry("+", &[FLOAT4, FLOAT4], FLOAT4, float_plus::<32>),
    entry("+", &[FLOAT4, FLOAT8], FLOAT8, float_plus::<64>),
    entry("+", &[FLOAT8, FLOAT4], FLOAT8, float_plus::<64>),
    entry("+", &[FLOAT8, FLOAT8], FLOAT8, float_plus::<64>),
    entry("-", &[FLOAT4, FLOAT4], FLOAT4, float_minus::<32>),
    entry("-", &[FLOAT4, FLOAT8], FLOAT8, float_minus::<64>),
    entry("-", &[FLOAT8, FLOAT4], FLOAT8, float_minus::<64>),
    entry("-", &[FLOAT8, FLOAT8], FLOAT8, float_minus::<64>),
    entry("*", &[FLOAT4, FLOAT4], FLOAT4, float_times::<32>),
    entry("*", &[FLOAT4, FLOAT8], FLOAT8, float_times::<64>),
    entry("*", &[FLOAT8, FLOAT4], FLOAT8, float_times::<64>),
    entry("*", &[FLOAT8, FLOAT8], FLOAT8, float_times::<64>),
    entry("/", &[FLOAT4, FLOAT4], FLOAT4, float_over::<32>),
    entry("/", &[FLOAT4, FLOAT8], FLOAT8, float_over::<64>),
    entry("/", &[FLOAT8, FLOAT4], FLOAT8, float_over::<64>),
    entry("/", &[FLOAT8, FLOAT8], FLOAT8, float_over::<64>),
    entry("+", &[FLOAT4], FLOAT4, same),
    entry("+", &[FLOAT8], FLOAT8, same),
    entry("-", &[FLOAT4], FLOAT4, float_negated),
    entry("-", &[FLOAT8], FLOAT8, float_negated),
    entry("@", &[FLOAT4], FLOAT4, float_absolute),
    entry("@", &[FLOAT8], FLOAT8, float_absolute),
    entry("abs", &[FLOAT4], FLOAT4, float_absolute),
    entry("abs", &[FLOAT8], FLOAT8, float_absolute),
    entry("+", &[NUMERIC, NUMERIC], NUMERIC, numeric_plus),
    entry("-", &[NUMERIC, NUMERIC], NUMERIC, numeric_minus),
    entry("*", &[NUMERIC, NUMERIC], NUMERIC, numeric_times),
    entry("/", &[NUMERIC, NUMERIC], NUMERIC, numeric_over),
    entry("%", &[NUMERIC, NUMERIC], NUMERIC, numeric_remainder),
    entry("mod", &[NUMERIC, NUMERIC], NUMERIC, numeric_remainder),
    entry("div", &[NUMERIC, NUMERIC], NUMERIC, numeric_div),
    entry("+", &[NUMERIC], NUMERIC, same),
    entry("-", &[NUMERIC], NUMERIC, numeric_negated),
    entry("@", &[NUMERIC], NUMERIC, numeric_absolute),
    entry("abs", &[NUMERIC], NUMERIC, numeric_absolute),
];
