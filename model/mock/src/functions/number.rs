//! Functions of numbers (PostgreSQL's manual, section 9.3). What a platform's own library would compute comes from
//! the crate `libm`, so that it is the same everywhere; the last digit of a power or a logarithm may be another than
//! that of a given PostgreSQL server.

use super::Moment;
use super::arithmetic::{floats, numeric, whole, wholes};
use super::catalog::{Entry, FLOAT8, INT4, INT8, NUMERIC, entry};
use super::text::int;
use crate::error::error;
use crate::types::{Datum, Decimal, Numeric, float};
use drawloom_model::SqlError;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// A finite number changed; what is none stays.
fn finite(argument: &Datum, change: impl Fn(&Decimal) -> Decimal) -> Result {
    match numeric(argument) {
        Numeric::Finite(number) => change(number).checked().map(Datum::numeric),
        _ => Ok(argument.clone()),
    }
}

fn ceil_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    finite(&arguments[0], Decimal::ceil)
}

fn floor_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    finite(&arguments[0], Decimal::floor)
}

fn places(arguments: &[Datum]) -> i64 {
    arguments.get(1).map_or(0, int)
}

fn round_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    finite(&arguments[0], |number| number.rounded(places(arguments)))
}

fn trunc_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    finite(&arguments[0], |number| number.truncated(places(arguments)))
}

fn sign_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(match numeric(&arguments[0]) {
        Numeric::NaN => arguments[0].clone(),
        number => Datum::numeric(Numeric::whole(number.signum())),
    })
}

fn scale(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(match numeric(&arguments[0]) {
        Numeric::Finite(number) => Datum::Int(i64::from(number.scale)),
        _ => Datum::Null,
    })
}

fn trim_scale(_: &Moment, arguments: &[Datum]) -> Result {
    finite(&arguments[0], |number| {
        let needed = (0..number.scale).find(|scale| number.truncated(i64::from(*scale)) == *number);
        number.rounded(i64::from(needed.unwrap_or(number.scale)))
    })
}

fn sqrt_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    numeric(&arguments[0]).sqrt().map(Datum::numeric)
}

fn exp_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    numeric(&arguments[0]).exp().map(Datum::numeric)
}

fn ln_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    numeric(&arguments[0]).ln().map(Datum::numeric)
}

fn log10_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    numeric(&arguments[0]).log(&Numeric::whole(10)).map(Datum::numeric)
}

fn log_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    numeric(&arguments[1]).log(numeric(&arguments[0])).map(Datum::numeric)
}

fn power_numeric(_: &Moment, arguments: &[Datum]) -> Result {
    numeric(&arguments[0]).power(numeric(&arguments[1])).map(Datum::numeric)
}

macro_rules! of_floats {
    ($($name:ident = $function:expr;)*) => {
        $(fn $name(_: &Moment, arguments: &[Datum]) -> Result {
            let [number] = floats(arguments);
            Ok(Datum::Float($function(number)))
        })*
    };
}

of_floats! {
    ceil_float = f64::ceil;
    floor_float = f64::floor;
    round_float = f64::round_ties_even;
    trunc_float = f64::trunc;
}

fn sign_float(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    Ok(Datum::Float(if number > 0.0 {
        1.0
    } else if number < 0.0 {
        -1.0
    } else {
        0.0
    }))
}

fn sqrt_float(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    if number < 0.0 {
        return Err(error("2201F", "cannot take square root of a negative number"));
    }
    Ok(Datum::Float(number.sqrt()))
}

fn exp_float(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    let power = float::checked(libm::exp(number), number.is_infinite())?;
    if power == 0.0 && !number.is_infinite() { Err(float::underflow()) } else { Ok(Datum::Float(power)) }
}

fn logarithm(number: f64) -> Result<f64> {
    if number == 0.0 {
        return Err(error("2201E", "cannot take logarithm of zero"));
    }
    if number < 0.0 {
        return Err(error("2201E", "cannot take logarithm of a negative number"));
    }
    Ok(number)
}

fn ln_float(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    Ok(Datum::Float(libm::log(logarithm(number)?)))
}

fn log10_float(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = floats(arguments);
    Ok(Datum::Float(libm::log10(logarithm(number)?)))
}

fn power_float(_: &Moment, arguments: &[Datum]) -> Result {
    let [base, exponent] = floats(arguments);
    if base == 0.0 && exponent < 0.0 {
        return Err(error("2201F", "zero raised to a negative power is undefined"));
    }
    if base < 0.0 && exponent.is_finite() && exponent.trunc() != exponent {
        let message = "a negative number raised to a non-integer power yields a complex result";
        return Err(error("2201F", message));
    }
    let is_finite = base.is_finite() && exponent.is_finite();
    let power = float::checked(libm::pow(base, exponent), !is_finite)?;
    if power == 0.0 && is_finite && base != 0.0 { Err(float::underflow()) } else { Ok(Datum::Float(power)) }
}

fn pi(_: &Moment, _: &[Datum]) -> Result {
    Ok(Datum::Float(std::f64::consts::PI))
}

/// Euclid's algorithm; with negative numbers, of which there is one more, and so the result is negative too.
fn common_divisor(left: i64, right: i64) -> i64 {
    let negative = |number: i64| if number > 0 { -number } else { number };
    let (mut left, mut right) = (negative(left), negative(right));
    while right != 0 {
        (left, right) = (right, left.wrapping_rem(right));
    }
    left
}

fn gcd<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    whole::<BITS>(common_divisor(left, right).checked_neg())
}

fn lcm<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    if left == 0 || right == 0 {
        return Ok(Datum::Int(0));
    }
    let quotient = left.checked_div(common_divisor(left, right));
    whole::<BITS>(quotient.and_then(|quotient| quotient.checked_mul(right)).and_then(i64::checked_abs))
}

fn factorial(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = wholes(arguments);
    match number {
        ..0 => Err(error("22003", "factorial of a negative number is undefined")),
        0..=32_177 => {
            let product = (1..=number).fold(num_bigint::BigInt::from(1), |product, factor| product * factor);
            Ok(Datum::numeric(Numeric::whole(product)))
        }
        _ => Err(error("22003", "value overflows numeric format")),
    }
}

fn width_bucket(_: &Moment, arguments: &[Datum]) -> Result {
    let [number, low, high] = floats(arguments);
    let count = int(&arguments[3]);
    if count <= 0 {
        return Err(error("2201G", "count must be greater than zero"));
    }
    if number.is_nan() || low.is_nan() || high.is_nan() {
        return Err(error("2201G", "operand, lower bound, and upper bound cannot be NaN"));
    }
    if low.is_infinite() || high.is_infinite() {
        return Err(error("2201G", "lower and upper bounds must be finite"));
    }
    if low == high {
        return Err(error("2201G", "lower bound cannot equal upper bound"));
    }
    let (number, low, high) = if low < high { (number, low, high) } else { (-number, -low, -high) };
    let bucket = if number < low {
        0
    } else if number >= high {
        count + 1
    } else {
        (count as f64 * ((number - low) / (high - low))) as i64 + 1
    };
    whole::<32>(Some(bucket))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("ceil", &[NUMERIC], NUMERIC, ceil_numeric),
    entry("ceil", &[FLOAT8], FLOAT8, ceil_float),
    entry("ceiling", &[NUMERIC], NUMERIC, ceil_numeric),
    entry("ceiling", &[FLOAT8], FLOAT8, ceil_float),
    entry("floor", &[NUMERIC], NUMERIC, floor_numeric),
    entry("floor", &[FLOAT8], FLOAT8, floor_float),
    entry("round", &[NUMERIC], NUMERIC, round_numeric),
    entry("round", &[NUMERIC, INT4], NUMERIC, round_numeric),
    entry("round", &[FLOAT8], FLOAT8, round_float),
    entry("trunc", &[NUMERIC], NUMERIC, trunc_numeric),
    entry("trunc", &[NUMERIC, INT4], NUMERIC, trunc_numeric),
    entry("trunc", &[FLOAT8], FLOAT8, trunc_float),
    entry("sign", &[NUMERIC], NUMERIC, sign_numeric),
    entry("sign", &[FLOAT8], FLOAT8, sign_float),
    entry("scale", &[NUMERIC], INT4, scale),
    entry("trim_scale", &[NUMERIC], NUMERIC, trim_scale),
    entry("sqrt", &[NUMERIC], NUMERIC, sqrt_numeric),
    entry("sqrt", &[FLOAT8], FLOAT8, sqrt_float),
    entry("|/", &[FLOAT8], FLOAT8, sqrt_float),
    entry("exp", &[NUMERIC], NUMERIC, exp_numeric),
    entry("exp", &[FLOAT8], FLOAT8, exp_float),
    entry("ln", &[NUMERIC], NUMERIC, ln_numeric),
    entry("ln", &[FLOAT8], FLOAT8, ln_float),
    entry("log", &[NUMERIC], NUMERIC, log10_numeric),
    entry("log", &[FLOAT8], FLOAT8, log10_float),
    entry("log", &[NUMERIC, NUMERIC], NUMERIC, log_numeric),
    entry("log10", &[NUMERIC], NUMERIC, log10_numeric),
    entry("log10", &[FLOAT8], FLOAT8, log10_float),
    entry("^", &[NUMERIC, NUMERIC], NUMERIC, power_numeric),
    entry("^", &[FLOAT8, FLOAT8], FLOAT8, power_float),
    entry("power", &[NUMERIC, NUMERIC], NUMERIC, power_numeric),
    entry("power", &[FLOAT8, FLOAT8], FLOAT8, power_float),
    entry("pow", &[NUMERIC, NUMERIC], NUMERIC, power_numeric),
    entry("pow", &[FLOAT8, FLOAT8], FLOAT8, power_float),
    entry("pi", &[], FLOAT8, pi),
    entry("gcd", &[INT4, INT4], INT4, gcd::<32>),
    entry("gcd", &[INT8, INT8], INT8, gcd::<64>),
    entry("lcm", &[INT4, INT4], INT4, lcm::<32>),
    entry("lcm", &[INT8, INT8], INT8, lcm::<64>),
    entry("factorial", &[INT8], NUMERIC, factorial),
    entry("width_bucket", &[FLOAT8, FLOAT8, FLOAT8, INT4], INT4, width_bucket),
];
