//! Whole numbers: their ranges, and how they are read (PostgreSQL's `numutils.c`).

use super::{Datum, Scalar, input, is_space};
use crate::error::error;
use drawloom_model::SqlError;

/// The least and the greatest value of a type of whole numbers.
pub(crate) fn bounds(scalar: Scalar) -> (i64, i64) {
    match scalar {
        Scalar::Int2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Scalar::Int4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        Scalar::Oid | Scalar::Regclass => (0, i64::from(u32::MAX)),
        _ => (i64::MIN, i64::MAX),
    }
}

/// The number, if its type can hold it.
pub(crate) fn fitting(number: i64, scalar: Scalar) -> Result<Datum, SqlError> {
    let (least, greatest) = bounds(scalar);
    if (least..=greatest).contains(&number) { Ok(Datum::Int(number)) } else { Err(out_of_range(scalar)) }
}

/// What arithmetic says whose result does not fit.
pub(crate) fn out_of_range(scalar: Scalar) -> SqlError {
    error("22003", format!("{} out of range", if scalar == Scalar::Oid { "OID" } else { scalar.name() }))
}

/// A number in decimal, with white space around it.
pub(super) fn read(text: &str, scalar: Scalar) -> Result<Datum, SqlError> {
    let (least, greatest) = match scalar {
        Scalar::Oid | Scalar::Regclass => (-i128::from(u32::MAX), i128::from(u32::MAX)),
        _ => (i128::from(bounds(scalar).0), i128::from(bounds(scalar).1)),
    };
    let beyond = || error("22003", format!("value \"{text}\" is out of range for type {}", scalar.name()));
    let bytes = text.as_bytes();
    let mut rest = &bytes[bytes.iter().take_while(|byte| is_space(**byte)).count()..];
    let is_negative = rest.first() == Some(&b'-');
    if matches!(rest.first(), Some(b'-' | b'+')) {
        rest = &rest[1..];
    }
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut number: i128 = 0;
    for digit in &rest[..digits] {
        let digit = i128::from(digit - b'0');
        number = number * 10 + if is_negative { -digit } else { digit };
        // One number more than the greatest is refused only behind the end, for its opposite is one.
        if !(least..=-least).contains(&number) {
            return Err(beyond());
        }
    }
    if digits == 0 || !rest[digits..].iter().all(|byte| is_space(*byte)) {
        return Err(input::malformed(scalar.name(), text));
    }
    if number > greatest {
        return Err(beyond());
    }
    let number = match scalar {
        Scalar::Oid | Scalar::Regclass => i64::from(number as u32),
        _ => i64::try_from(number).expect("it is within the bounds of its type"),
    };
    Ok(Datum::Int(number))
}
