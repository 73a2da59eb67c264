//! `numeric`, read and printed, and to and from the other numbers.

use super::numeric::{SCALE_MAX, overflow, power_of_ten};
use super::{Decimal, Numeric, input};
use crate::error::error;
use drawloom_model::SqlError;
use num_bigint::BigInt;
use std::fmt;

/// Digits with a point and an exponent, or one of the words for what is no number.
pub(super) fn read(text: &str) -> Result<Numeric, SqlError> {
    let malformed = || input::malformed("numeric", text);
    let word = super::stripped(text);
    let (is_negative, unsigned) = match word.as_bytes().first() {
        Some(b'-') => (true, &word[1..]),
        Some(b'+') => (false, &word[1..]),
        _ => (false, word),
    };
    match unsigned.to_ascii_lowercase().as_str() {
        "nan" if unsigned.len() == word.len() => return Ok(Numeric::NaN),
        "inf" | "infinity" => return Ok(Numeric::infinity(is_negative)),
        _ => {}
    }
    let mut number = finite(unsigned).ok_or_else(malformed)??;
    if is_negative {
        number = -number;
    }
    number.checked()
}

/// None if it is no number in decimal.
fn finite(text: &str) -> Option<Result<Decimal, SqlError>> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], exponent(&text[at + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let coefficient: BigInt = digits.parse().expect("it is made of digits");
    let scale = fraction.len() as i64 - exponent;
    if exponent.abs() > 200_000 || scale > i64::from(SCALE_MAX) {
        return Some(beyond(coefficient, scale));
    }
    Some(Ok(match u32::try_from(scale) {
        Ok(scale) => Decimal { coefficient, scale },
        Err(_) => Decimal::whole(coefficient * power_of_ten((-scale) as u32)),
    }))
}

fn beyond(coefficient: BigInt, scale: i64) -> Result<Decimal, SqlError> {
    if coefficient == BigInt::ZERO && scale < 0 { Ok(Decimal::whole(0)) } else { Err(overflow()) }
}

fn exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = if is_whole { text.parse().ok()? } else { return None };
    (number.abs() < i64::from(i32::MAX / 2)).then_some(number)
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.magnitude().to_str_radix(10);
        let sign = if self.is_negative() { "-" } else { "" };
        let scale = self.scale as usize;
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Numeric::Finite(number) => number.fmt(f),
            Numeric::Infinity => f.write_str("Infinity"),
            Numeric::NegativeInfinity => f.write_str("-Infinity"),
            Numeric::NaN => f.write_str("NaN"),
        }
    }
}

impl Numeric {
    /// The nearest floating-point number.
    pub fn to_float(&self) -> Result<f64, SqlError> {
        match self {
            Numeric::Finite(number) => {
                let text = number.to_string();
                let float: f64 = text.parse().expect("decimal digits are a number");
                if float.is_infinite() || float == 0.0 && !number.is_zero() {
                    let message = format!("\"{text}\" is out of range for type double precision");
                    return Err(error("22003", message));
                }
                Ok(float)
            }
            Numeric::Infinity => Ok(f64::INFINITY),
            Numeric::NegativeInfinity => Ok(f64::NEG_INFINITY),
            Numeric::NaN => Ok(f64::NAN),
        }
    }

    /// The floating-point number with as many digits as are sure: 15, or 6 of a `real`.
    pub fn from_float(float: f64, digits: usize) -> Numeric {
        if float.is_nan() {
            return Numeric::NaN;
        }
        if float.is_infinite() {
            return Numeric::infinity(float < 0.0);
        }
        let scientific = format!("{float:.places$e}", places = digits - 1);
        let (mantissa, exponent) = scientific.split_once('e').expect("the format writes an exponent");
        let exponent: i32 = exponent.parse().expect("the format writes it in decimal");
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        read(&format!("{mantissa}e{exponent}")).expect("every floating-point number is within the range")
    }

    /// The nearest whole number, if it fits 64 bits.
    pub fn to_whole(&self) -> Option<i64> {
        match self {
            Numeric::Finite(number) => i64::try_from(number.at(0)).ok(),
            _ => None,
        }
    }
}
