//! From text to a value: the input functions of all types.

use super::{
    Datum, Modifier, Scalar, Type, array_text, boolean, bytea, float, integer, length, numeric_text, uuid,
};
use super::{interval_text, json, moment_text};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;
use std::rc::Rc;

/// The value that the text stands for.
///
/// # Errors
/// As PostgreSQL's input function for the type, with its message: mostly 22P02, 22003, 22007, 22008; 22001 for what
/// is longer than the modifier allows.
pub fn input(text: &str, of: Type, modifier: Option<Modifier>) -> Result<Datum, SqlError> {
    let datum = if of.is_array {
        return Ok(Datum::Array(Rc::new(array_text::read(text, of.scalar, modifier)?)));
    } else {
        scalar(text, of.scalar)?
    };
    length::assigned(datum, of, modifier)
}

fn scalar(text: &str, scalar: Scalar) -> Result<Datum, SqlError> {
    match scalar {
        Scalar::Bool => boolean::read(text),
        Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid | Scalar::Regclass => {
            integer::read(text, scalar)
        }
        Scalar::Float4 | Scalar::Float8 => float::read(text, scalar),
        Scalar::Numeric => numeric_text::read(text).map(Datum::numeric),
        Scalar::Unknown | Scalar::Text | Scalar::Varchar => characters(text).map(Datum::Text),
        Scalar::Char => characters(text).map(Datum::Padded),
        Scalar::Name => characters(length::name(text)).map(Datum::Text),
        Scalar::Bytea => bytea::read(text),
        Scalar::Uuid => uuid::read(text),
        Scalar::Json => json::verify(text).map(|()| Datum::text(text)),
        Scalar::Jsonb => json::read(text).map(|json| Datum::Jsonb(Rc::new(json))),
        Scalar::Date | Scalar::Time | Scalar::Timestamp | Scalar::Timestamptz => {
            moment_text::read(text, scalar)
        }
        Scalar::Interval => interval_text::read(text).map(|interval| Datum::Interval(Rc::new(interval))),
        Scalar::Void => Err(unsupported("a literal of the type void")),
    }
}

fn characters(text: &str) -> Result<Rc<str>, SqlError> {
    if text.contains('\0') {
        return Err(error("22021", "invalid byte sequence for encoding \"UTF8\": 0x00"));
    }
    Ok(text.into())
}

/// What is said of text that a type cannot read.
pub(super) fn malformed(type_name: &str, text: &str) -> SqlError {
    error("22P02", format!("invalid input syntax for type {type_name}: \"{text}\""))
}

/// The value of a text that is cast to a type where it is written: text that is too long is cut off.
///
/// # Errors
/// As `input`, but never 22001.
pub fn literal(text: &str, of: Type, modifier: Option<Modifier>) -> Result<Datum, SqlError> {
    match modifier {
        Some(Modifier::Length(_)) => super::trimmed(input(text, of, None)?, of, modifier),
        _ => input(text, of, modifier),
    }
}

/// The type and value of a number that a statement contains: `integer` if it fits, else `bigint`, else `numeric`.
///
/// # Errors
/// 42601 if it is no number, 22003 if it is too large even for `numeric`.
pub fn number(written: &str) -> Result<(Type, Datum), SqlError> {
    if let Ok(whole) = written.parse::<i64>() {
        let of = if i32::try_from(whole).is_ok() { Type::INT4 } else { Type::INT8 };
        return Ok((of, Datum::Int(whole)));
    }
    Ok((Type::of(Scalar::Numeric), Datum::numeric(numeric_text::read(written)?)))
}
