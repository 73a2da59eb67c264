//! Values of any type as JSON (PostgreSQL's `to_json` and `to_jsonb`).

use crate::types::{Array, Datum, Json, Numeric, Scalar, Type, json, json_text, output};
use drawloom_model::SqlError;
use std::rc::Rc;

/// The value as `json` writes it.
pub(super) fn text(datum: &Datum, of: Type) -> String {
    let quoted = |string: &str| {
        let mut text = String::new();
        json_text::quote(string, &mut text);
        text
    };
    match (datum, of.scalar) {
        (Datum::Null, _) => "null".into(),
        (Datum::Bool(truth), _) => truth.to_string(),
        (Datum::Array(array), _) => array_text(array, 0, &array.values),
        (Datum::Int(_), Scalar::Int2 | Scalar::Int4 | Scalar::Int8) | (Datum::Jsonb(_), _) => {
            output(datum, of)
        }
        (Datum::Text(text), Scalar::Json) => text.to_string(),
        (Datum::Float(number), _) if number.is_finite() => output(datum, of),
        (Datum::Numeric(number), _) if matches!(**number, Numeric::Finite(_)) => output(datum, of),
        (Datum::Timestamp(_), _) => quoted(&iso(&output(datum, of))),
        _ => quoted(&output(datum, of)),
    }
}

/// ISO 8601 as its standard has it: a `T` between, and minutes in the offset.
fn iso(text: &str) -> String {
    let text = text.replacen(' ', "T", usize::from(text.starts_with(|first: char| first.is_ascii_digit())));
    match text.find("+00") {
        Some(at) => format!("{}+00:00{}", &text[..at], &text[at + 3..]),
        None => text,
    }
}

fn array_text(array: &Array, depth: usize, values: &[Datum]) -> String {
    let parts: Vec<String> = match array.dimensions.get(depth) {
        None => Vec::new(),
        Some(_) if depth + 1 == array.dimensions.len() => {
            values.iter().map(|value| text(value, Type::of(array.element))).collect()
        }
        Some(dimension) => values
            .chunks(values.len() / dimension.length)
            .map(|part| array_text(array, depth + 1, part))
            .collect(),
    };
    format!("[{}]", parts.join(","))
}

/// The value as `jsonb`.
///
/// # Errors
/// What a `json` among the values has that `jsonb` refuses.
pub(super) fn value(datum: &Datum, of: Type) -> Result<Json, SqlError> {
    Ok(match (datum, of.scalar) {
        (Datum::Null, _) => Json::Null,
        (Datum::Bool(truth), _) => Json::Bool(*truth),
        (Datum::Jsonb(json), _) => (**json).clone(),
        (Datum::Int(number), Scalar::Int2 | Scalar::Int4 | Scalar::Int8) => Json::whole(*number),
        (Datum::Numeric(number), _) if matches!(**number, Numeric::Finite(_)) => Json::Number(number.clone()),
        (Datum::Array(array), _) => array_value(array, 0, &array.values)?,
        _ => json::read(&text(datum, of))?,
    })
}

fn array_value(array: &Array, depth: usize, values: &[Datum]) -> Result<Json, SqlError> {
    let parts: Result<Vec<Json>, SqlError> = match array.dimensions.get(depth) {
        None => Ok(Vec::new()),
        Some(_) if depth + 1 == array.dimensions.len() => {
            values.iter().map(|element| value(element, Type::of(array.element))).collect()
        }
        Some(dimension) => values
            .chunks(values.len() / dimension.length)
            .map(|part| array_value(array, depth + 1, part))
            .collect(),
    };
    Ok(Json::Array(parts?))
}

/// A value of `jsonb`.
pub(super) fn datum(json: Json) -> Datum {
    Datum::Jsonb(Rc::new(json))
}

/// A whole number that stands for a place in an array.
pub(super) fn index(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole { text.parse::<i32>().ok().map(i64::from) } else { None }
}
