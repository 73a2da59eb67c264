//! What a type's modifier does to a value: lengths of text, digits of numbers and of seconds.
//!
//! An assignment refuses text that is too long; an explicit cast cuts it off. Numbers are rounded in both cases.

use super::{Datum, Modifier, Numeric, Scalar, Type, interval};
use crate::error::error;
use drawloom_model::SqlError;
use std::rc::Rc;

/// The most bytes of an identifier.
const NAME_BYTES_MAX: usize = 63;

/// The value as a column of this type keeps it.
///
/// # Errors
/// 22001 for text that is too long and ends in something else than blanks, 22003 for a number with too many digits
/// before the point, 22008 for a moment that rounding moves out of the range.
pub fn assigned(datum: Datum, of: Type, modifier: Option<Modifier>) -> Result<Datum, SqlError> {
    fit(datum, of, modifier, false)
}

/// The value as an explicit cast to this type gives it: text that is too long is cut off.
///
/// # Errors
/// As `assigned`, but never 22001.
pub fn trimmed(datum: Datum, of: Type, modifier: Option<Modifier>) -> Result<Datum, SqlError> {
    fit(datum, of, modifier, true)
}

fn fit(datum: Datum, of: Type, modifier: Option<Modifier>, is_explicit: bool) -> Result<Datum, SqlError> {
    let Some(modifier) = modifier else { return Ok(datum) };
    match (&datum, modifier) {
        (Datum::Text(text), Modifier::Length(length)) => {
            match characters(text, of.scalar, length, is_explicit)? {
                Some(text) => Ok(Datum::Text(text)),
                None => Ok(datum),
            }
        }
        (Datum::Padded(text), Modifier::Length(length)) => {
            match characters(text, of.scalar, length, is_explicit)? {
                Some(text) => Ok(Datum::Padded(text)),
                None => Ok(datum),
            }
        }
        (Datum::Numeric(number), Modifier::Numeric { precision, scale }) => {
            digits(number, precision, scale).map(Datum::numeric)
        }
        (Datum::Time(time_us), Modifier::Precision(digits)) => Ok(Datum::Time(rounded(*time_us, digits))),
        (Datum::Timestamp(time_us), Modifier::Precision(digits)) => {
            let is_infinite = matches!(*time_us, i64::MIN | i64::MAX);
            Ok(Datum::Timestamp(if is_infinite { *time_us } else { rounded(*time_us, digits) }))
        }
        (Datum::Interval(interval), Modifier::Precision(digits)) => {
            Ok(Datum::Interval(Rc::new(interval::rounded(interval, digits))))
        }
        (Datum::Array(array), _) => {
            let mut array = (**array).clone();
            for value in &mut array.values {
                *value = fit(
                    std::mem::replace(value, Datum::Null),
                    Type::of(of.scalar),
                    Some(modifier),
                    is_explicit,
                )?;
            }
            Ok(Datum::Array(Rc::new(array)))
        }
        _ => Ok(datum),
    }
}

/// None if the text stays as it is.
fn characters(
    text: &str,
    scalar: Scalar,
    length: u32,
    is_explicit: bool,
) -> Result<Option<Rc<str>>, SqlError> {
    let length = length as usize;
    if let Some((end, _)) = text.char_indices().nth(length) {
        if !is_explicit && !text[end..].bytes().all(|byte| byte == b' ') {
            let message = format!("value too long for type {}({length})", scalar.name());
            return Err(error("22001", message));
        }
        return Ok(Some(text[..end].into()));
    }
    if scalar != Scalar::Char {
        return Ok(None);
    }
    let missing = length - text.chars().count();
    Ok((missing > 0).then(|| format!("{text}{}", " ".repeat(missing)).into()))
}

fn digits(number: &Numeric, precision: u32, scale: i32) -> Result<Numeric, SqlError> {
    let overflow = || Err(error("22003", "numeric field overflow"));
    match number {
        Numeric::Finite(decimal) => {
            let rounded = decimal.rounded(i64::from(scale));
            let whole_digits = i64::from(precision) - i64::from(scale);
            if !rounded.is_zero() && rounded.exponent() >= whole_digits {
                return overflow();
            }
            Ok(Numeric::Finite(rounded))
        }
        Numeric::NaN => Ok(Numeric::NaN),
        _ => overflow(),
    }
}

/// Rounded to so many digits of a second, away from zero in the middle.
pub(super) fn rounded(time_us: i64, digits: u8) -> i64 {
    let unit = 10_i64.pow(u32::from(6 - digits.min(6)));
    let half = if time_us < 0 { -unit / 2 } else { unit / 2 };
    time_us.saturating_add(half) / unit * unit
}

/// As much of the text as an identifier holds.
pub(super) fn name(text: &str) -> &str {
    &text[..text.floor_char_boundary(NAME_BYTES_MAX)]
}
