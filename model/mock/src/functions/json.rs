//! Operators and functions that look into `json` and `jsonb` (PostgreSQL's manual, section 9.16).

use super::Moment;
use super::catalog::{BOOL, Entry, INT4, JSON, JSONB, TEXT, TEXTS, entry};
use super::json_value::{datum, index};
use super::text::{int, str};
use crate::error::error;
use crate::types::json::{Written, decoded, parts};
use crate::types::{Datum, Json, json_text};
use drawloom_model::SqlError;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// An argument of `jsonb`.
pub(super) fn json(argument: &Datum) -> &Json {
    match argument {
        Datum::Jsonb(json) => json,
        other => unreachable!("a jsonb was promised, not {other:?}"),
    }
}

/// An argument of `text[]`.
pub(super) fn texts(argument: &Datum) -> Vec<Option<&str>> {
    match argument {
        Datum::Array(array) => {
            array.values.iter().map(|value| (!value.is_null()).then(|| str(value))).collect()
        }
        other => unreachable!("an array was promised, not {other:?}"),
    }
}

/// What `->` gives.
fn found(json: Option<&Json>) -> Datum {
    json.map_or(Datum::Null, |json| datum(json.clone()))
}

/// What `->>` gives.
pub(super) fn shown(json: Option<&Json>) -> Datum {
    match json {
        None | Some(Json::Null) => Datum::Null,
        Some(Json::Text(text)) => Datum::Text(text.clone()),
        Some(other) => Datum::text(json_text::print(other)),
    }
}

fn member(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(found(json(&arguments[0]).member(str(&arguments[1]))))
}

fn member_text(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(shown(json(&arguments[0]).member(str(&arguments[1]))))
}

/// The element of an array; a scalar that stands alone is kept as an array of one.
fn place(json: &Json, index: i64) -> Option<&Json> {
    match json {
        Json::Array(_) => json.element(index),
        Json::Object(_) => None,
        scalar => matches!(index, 0 | -1).then_some(scalar),
    }
}

fn element(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(found(place(json(&arguments[0]), int(&arguments[1]))))
}

fn element_text(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(shown(place(json(&arguments[0]), int(&arguments[1]))))
}

/// The value at the end of a path.
fn walked<'a>(json: &'a Json, path: &[Option<&str>]) -> Option<&'a Json> {
    path.iter().try_fold(json, |json, step| match json {
        Json::Object(_) => json.member((*step)?),
        Json::Array(_) => json.element(index((*step)?)?),
        _ => None,
    })
}

fn path(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(found(walked(json(&arguments[0]), &texts(&arguments[1]))))
}

fn path_text(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(shown(walked(json(&arguments[0]), &texts(&arguments[1]))))
}

fn extract_path(_: &Moment, arguments: &[Datum]) -> Result {
    let path: Vec<Option<&str>> = arguments[1..].iter().map(|step| Some(str(step))).collect();
    Ok(found(walked(json(&arguments[0]), &path)))
}

fn extract_path_text(_: &Moment, arguments: &[Datum]) -> Result {
    let path: Vec<Option<&str>> = arguments[1..].iter().map(|step| Some(str(step))).collect();
    Ok(shown(walked(json(&arguments[0]), &path)))
}

/// One step into a `json`, as it was written.
fn written_step<'a>(text: &'a str, step: Step<'_>) -> Result<Option<&'a str>> {
    Ok(match (parts(text)?, step) {
        (Written::Object(members), Step::Key(key) | Step::Either(key)) => {
            members.iter().rfind(|(name, _)| name == key).map(|(_, value)| *value)
        }
        (Written::Array(elements), Step::Index(place)) => place_in(&elements, place),
        (Written::Array(elements), Step::Either(step)) => {
            index(step).and_then(|place| place_in(&elements, place))
        }
        _ => None,
    })
}

fn place_in<'a>(elements: &[&'a str], place: i64) -> Option<&'a str> {
    let place = if place < 0 { place + elements.len() as i64 } else { place };
    elements.get(usize::try_from(place).ok()?).copied()
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(i64),
    Either(&'a str),
}

fn written(text: Option<&str>) -> Result {
    Ok(text.map_or(Datum::Null, Datum::text))
}

/// What `->>` gives of a `json`.
pub(super) fn written_text(text: Option<&str>) -> Result {
    match text {
        None | Some("null") => Ok(Datum::Null),
        Some(text) => Ok(Datum::text(decoded(text)?.unwrap_or_else(|| text.to_owned()))),
    }
}

fn written_member(_: &Moment, arguments: &[Datum]) -> Result {
    written(written_step(str(&arguments[0]), Step::Key(str(&arguments[1])))?)
}

fn written_member_text(_: &Moment, arguments: &[Datum]) -> Result {
    written_text(written_step(str(&arguments[0]), Step::Key(str(&arguments[1])))?)
}

fn written_element(_: &Moment, arguments: &[Datum]) -> Result {
    written(written_step(str(&arguments[0]), Step::Index(int(&arguments[1])))?)
}

fn written_element_text(_: &Moment, arguments: &[Datum]) -> Result {
    written_text(written_step(str(&arguments[0]), Step::Index(int(&arguments[1])))?)
}

fn written_walk<'a>(text: &'a str, path: &[Option<&str>]) -> Result<Option<&'a str>> {
    let mut at = Some(text.trim_matches([' ', '\t', '\n', '\r']));
    for step in path {
        at = match (at, step) {
            (Some(text), Some(step)) => written_step(text, Step::Either(step))?,
            _ => None,
        };
    }
    Ok(at)
}

fn written_path(_: &Moment, arguments: &[Datum]) -> Result {
    written(written_walk(str(&arguments[0]), &texts(&arguments[1]))?)
}

fn written_path_text(_: &Moment, arguments: &[Datum]) -> Result {
    written_text(written_walk(str(&arguments[0]), &texts(&arguments[1]))?)
}

/// Whether the left value contains the right one.
fn is_containing(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Object(_), Json::Object(members)) => members
            .iter()
            .all(|(key, wanted)| left.member(key).is_some_and(|value| is_containing(value, wanted))),
        (Json::Array(elements), Json::Array(wanted)) => {
            wanted.iter().all(|wanted| elements.iter().any(|element| is_containing(element, wanted)))
        }
        (Json::Object(_) | Json::Array(_), _) | (_, Json::Object(_) | Json::Array(_)) => false,
        _ => left == right,
    }
}

/// At the top, an array contains a scalar that it has as an element.
fn is_containing_at_top(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Array(elements), right) if !matches!(right, Json::Array(_) | Json::Object(_)) => {
            elements.contains(right)
        }
        _ => is_containing(left, right),
    }
}

fn contains(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(is_containing_at_top(json(&arguments[0]), json(&arguments[1]))))
}

fn contained(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(is_containing_at_top(json(&arguments[1]), json(&arguments[0]))))
}

fn has_key(json: &Json, key: &str) -> bool {
    let is_key = |json: &Json| matches!(json, Json::Text(text) if &**text == key);
    match json {
        Json::Object(_) => json.member(key).is_some(),
        Json::Array(elements) => elements.iter().any(is_key),
        scalar => is_key(scalar),
    }
}

fn exists(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(has_key(json(&arguments[0]), str(&arguments[1]))))
}

fn exists_any(_: &Moment, arguments: &[Datum]) -> Result {
    let json = json(&arguments[0]);
    Ok(Datum::Bool(texts(&arguments[1]).into_iter().flatten().any(|key| has_key(json, key))))
}

fn exists_all(_: &Moment, arguments: &[Datum]) -> Result {
    let json = json(&arguments[0]);
    Ok(Datum::Bool(texts(&arguments[1]).into_iter().flatten().all(|key| has_key(json, key))))
}

fn array_length(_: &Moment, arguments: &[Datum]) -> Result {
    let length = match &arguments[0] {
        Datum::Jsonb(json) => match &**json {
            Json::Array(elements) => Ok(elements.len()),
            Json::Object(_) => Err("non-array"),
            _ => Err("scalar"),
        },
        text => match parts(str(text))? {
            Written::Array(elements) => Ok(elements.len()),
            Written::Object(_) => Err("non-array"),
            Written::Scalar(_) => Err("scalar"),
        },
    };
    match length {
        Ok(length) => Ok(Datum::Int(length as i64)),
        Err("scalar") => Err(error("22023", "cannot get array length of a scalar")),
        Err(_) => Err(error("22023", "cannot get array length of a non-array")),
    }
}

fn kind(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(match &arguments[0] {
        Datum::Jsonb(json) => json_text::kind(json),
        text => match parts(str(text))? {
            Written::Array(_) => "array",
            Written::Object(_) => "object",
            Written::Scalar("null") => "null",
            Written::Scalar("true" | "false") => "boolean",
            Written::Scalar(text) if text.starts_with('"') => "string",
            Written::Scalar(_) => "number",
        },
    }))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("->", &[JSONB, TEXT], JSONB, member),
    entry("->", &[JSONB, INT4], JSONB, element),
    entry("->", &[JSON, TEXT], JSON, written_member),
    entry("->", &[JSON, INT4], JSON, written_element),
    entry("->>", &[JSONB, TEXT], TEXT, member_text),
    entry("->>", &[JSONB, INT4], TEXT, element_text),
    entry("->>", &[JSON, TEXT], TEXT, written_member_text),
    entry("->>", &[JSON, INT4], TEXT, written_element_text),
    entry("#>", &[JSONB, TEXTS], JSONB, path),
    entry("#>", &[JSON, TEXTS], JSON, written_path),
    entry("#>>", &[JSONB, TEXTS], TEXT, path_text),
    entry("#>>", &[JSON, TEXTS], TEXT, written_path_text),
    entry("jsonb_extract_path", &[JSONB, TEXT], JSONB, extract_path).variadic(),
    entry("jsonb_extract_path_text", &[JSONB, TEXT], TEXT, extract_path_text).variadic(),
    entry("@>", &[JSONB, JSONB], BOOL, contains),
    entry("<@", &[JSONB, JSONB], BOOL, contained),
    entry("?", &[JSONB, TEXT], BOOL, exists),
    entry("?|", &[JSONB, TEXTS], BOOL, exists_any),
    entry("?&", &[JSONB, TEXTS], BOOL, exists_all),
    entry("jsonb_array_length", &[JSONB], INT4, array_length),
    entry("json_array_length", &[JSON], INT4, array_length),
    entry("jsonb_typeof", &[JSONB], TEXT, kind),
    entry("json_typeof", &[JSON], TEXT, kind),
];
