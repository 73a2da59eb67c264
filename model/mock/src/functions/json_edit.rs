//! Functions that make and change `json` and `jsonb`.

use super::Moment;
use super::catalog::{BOOL, Entry, INT4, JSON, JSONB, Kind, TEXT, TEXTS, entry, typed};
use super::json::{json, texts};
use super::json_value::{datum, index, text, value};
use super::text::{int, str};
use crate::error::error;
use crate::types::{Datum, Json, Scalar, Type, json_text, output};
use drawloom_model::SqlError;
use std::rc::Rc;

type Result<T = Datum> = std::result::Result<T, SqlError>;

fn refused(message: &str) -> SqlError {
    error("22023", message)
}

fn to_json(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    Ok(Datum::text(text(&arguments[0], types[0])))
}

fn to_jsonb(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    value(&arguments[0], types[0]).map(datum)
}

fn build_array(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let parts: Vec<String> = arguments.iter().zip(types).map(|(argument, of)| text(argument, *of)).collect();
    Ok(Datum::text(format!("[{}]", parts.join(", "))))
}

fn build_array_b(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let parts: Result<Vec<Json>> =
        arguments.iter().zip(types).map(|(argument, of)| value(argument, *of)).collect();
    parts.map(|parts| datum(Json::Array(parts)))
}

/// The key that a value is.
pub(super) fn key(datum: &Datum, of: Type) -> Result<Rc<str>> {
    if of.is_array || matches!(of.scalar, Scalar::Json | Scalar::Jsonb) {
        return Err(refused("key value must be scalar, not array, composite, or json"));
    }
    Ok(output(datum, of).into())
}

fn pairs<'a>(
    types: &'a [Type],
    arguments: &'a [Datum],
) -> Result<impl Iterator<Item = (usize, &'a [Datum], &'a [Type])>> {
    if !arguments.len().is_multiple_of(2) {
        return Err(refused("argument list must have even number of elements"));
    }
    Ok(arguments
        .chunks(2)
        .zip(types.chunks(2))
        .enumerate()
        .map(|(at, (pair, types))| (2 * at + 1, pair, types)))
}

fn build_object(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let mut members = Vec::new();
    for (position, pair, types) in pairs(types, arguments)? {
        if pair[0].is_null() {
            return Err(error("22023", format!("argument {position} cannot be null")));
        }
        let mut member = String::new();
        json_text::quote(&key(&pair[0], types[0])?, &mut member);
        members.push(format!("{member} : {}", text(&pair[1], types[1])));
    }
    Ok(Datum::text(format!("{{{}}}", members.join(", "))))
}

fn build_object_b(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let mut members = Vec::new();
    for (position, pair, types) in pairs(types, arguments)? {
        if pair[0].is_null() {
            return Err(error("22023", format!("argument {position}: key must not be null")));
        }
        members.push((key(&pair[0], types[0])?, value(&pair[1], types[1])?));
    }
    Ok(datum(Json::object(members)))
}

fn joined(_: &Moment, arguments: &[Datum]) -> Result {
    let elements = |json: &Json| match json {
        Json::Array(elements) => elements.clone(),
        other => vec![other.clone()],
    };
    Ok(datum(match (json(&arguments[0]), json(&arguments[1])) {
        (Json::Object(left), Json::Object(right)) => {
            Json::object(left.iter().chain(right).cloned().collect())
        }
        (left, right) => Json::Array(elements(left).into_iter().chain(elements(right)).collect()),
    }))
}

/// What stays when members and strings with these names go.
fn without(json: &Json, names: &[Option<&str>]) -> Result<Json> {
    let is_named = |name: &str| names.contains(&Some(name));
    match json {
        Json::Object(members) => {
            Ok(Json::Object(members.iter().filter(|(key, _)| !is_named(key)).cloned().collect()))
        }
        Json::Array(elements) => {
            let stays = |element: &&Json| !matches!(element, Json::Text(text) if is_named(text));
            Ok(Json::Array(elements.iter().filter(stays).cloned().collect()))
        }
        _ => Err(refused("cannot delete from scalar")),
    }
}

fn minus_key(_: &Moment, arguments: &[Datum]) -> Result {
    without(json(&arguments[0]), &[Some(str(&arguments[1]))]).map(datum)
}

fn minus_keys(_: &Moment, arguments: &[Datum]) -> Result {
    without(json(&arguments[0]), &texts(&arguments[1])).map(datum)
}

fn minus_index(_: &Moment, arguments: &[Datum]) -> Result {
    match json(&arguments[0]) {
        Json::Array(elements) => {
            let mut elements = elements.clone();
            let place = int(&arguments[1]);
            let place = if place < 0 { place + elements.len() as i64 } else { place };
            if let Some(place) = usize::try_from(place).ok().filter(|place| *place < elements.len()) {
                elements.remove(place);
            }
            Ok(datum(Json::Array(elements)))
        }
        Json::Object(_) => Err(refused("cannot delete from object using integer index")),
        _ => Err(refused("cannot delete from scalar")),
    }
}

/// What happens at the end of a path.
#[derive(Clone, Copy)]
enum Edit<'a> {
    Delete,
    Set { new: &'a Json, creates: bool },
}

fn edited(json: &Json, path: &[Option<&str>], depth: usize, edit: Edit<'_>) -> Result<Json> {
    let Some(step) = path.get(depth) else { return Ok(json.clone()) };
    let step =
        step.ok_or_else(|| error("22004", format!("path element at position {} is null", depth + 1)))?;
    let is_last = depth + 1 == path.len();
    match json {
        Json::Object(members) => {
            let mut members = members.clone();
            let place = members.iter().position(|(key, _)| &**key == step);
            match (place, edit) {
                (Some(place), Edit::Delete) if is_last => drop(members.remove(place)),
                (Some(place), Edit::Set { new, .. }) if is_last => members[place].1 = new.clone(),
                (Some(place), _) => members[place].1 = edited(&members[place].1, path, depth + 1, edit)?,
                (None, Edit::Set { new, creates: true }) if is_last => {
                    members.push((step.into(), new.clone()))
                }
                _ => {}
            }
            Ok(Json::object(members))
        }
        Json::Array(elements) => {
            let mut elements = elements.clone();
            let wrong = || {
                let position = depth + 1;
                error("22P02", format!("path element at position {position} is not an integer: \"{step}\""))
            };
            let index = index(step).ok_or_else(wrong)?;
            let place = if index < 0 { index + elements.len() as i64 } else { index };
            let within = usize::try_from(place).ok().filter(|place| *place < elements.len());
            match (within, edit) {
                (Some(place), Edit::Delete) if is_last => drop(elements.remove(place)),
                (Some(place), Edit::Set { new, .. }) if is_last => elements[place] = new.clone(),
                (Some(place), _) => elements[place] = edited(&elements[place], path, depth + 1, edit)?,
                (None, Edit::Set { new, creates: true }) if is_last && place < 0 => {
                    elements.insert(0, new.clone())
                }
                (None, Edit::Set { new, creates: true }) if is_last => elements.push(new.clone()),
                _ => {}
            }
            Ok(Json::Array(elements))
        }
        scalar => Ok(scalar.clone()),
    }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Object(members) => members.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        _ => false,
    }
}

fn is_scalar(json: &Json) -> bool {
    !matches!(json, Json::Object(_) | Json::Array(_))
}

fn set(_: &Moment, arguments: &[Datum]) -> Result {
    let target = json(&arguments[0]);
    let creates = arguments.get(3).is_none_or(|creates| *creates == Datum::Bool(true));
    if is_scalar(target) {
        return Err(refused("cannot set path in scalar"));
    }
    if is_empty(target) && !creates {
        return Ok(arguments[0].clone());
    }
    edited(target, &texts(&arguments[1]), 0, Edit::Set { new: json(&arguments[2]), creates }).map(datum)
}

fn delete_path(_: &Moment, arguments: &[Datum]) -> Result {
    let target = json(&arguments[0]);
    if is_scalar(target) {
        return Err(refused("cannot delete path in scalar"));
    }
    if is_empty(target) {
        return Ok(arguments[0].clone());
    }
    edited(target, &texts(&arguments[1]), 0, Edit::Delete).map(datum)
}

fn stripped(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !matches!(value, Json::Null));
            Json::Object(kept.map(|(key, value)| (key.clone(), stripped(value))).collect())
        }
        Json::Array(elements) => Json::Array(elements.iter().map(stripped).collect()),
        scalar => scalar.clone(),
    }
}

fn strip_nulls(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(datum(stripped(json(&arguments[0]))))
}

fn pretty(_: &Moment, arguments: &[Datum]) -> Result {
    let mut text = String::new();
    indent(json(&arguments[0]), 0, &mut text);
    Ok(Datum::text(text))
}

fn indent(json: &Json, depth: usize, text: &mut String) {
    let line = |depth: usize, text: &mut String| {
        text.push('\n');
        text.push_str(&"    ".repeat(depth));
    };
    let (open, close, count) = match json {
        Json::Array(elements) => ('[', ']', elements.len()),
        Json::Object(members) => ('{', '}', members.len()),
        scalar => return text.push_str(&json_text::print(scalar)),
    };
    text.push(open);
    for place in 0..count {
        text.push_str(if place > 0 { "," } else { "" });
        line(depth + 1, text);
        match json {
            Json::Object(members) => {
                json_text::quote(&members[place].0, text);
                text.push_str(": ");
                indent(&members[place].1, depth + 1, text);
            }
            Json::Array(elements) => indent(&elements[place], depth + 1, text),
            _ => unreachable!("a scalar has no parts"),
        }
    }
    line(depth, text);
    text.push(close);
}

pub(super) const ENTRIES: &[Entry] = &[
    typed("to_json", &[Kind::AnyElement], JSON, to_json).by_settings(),
    typed("to_jsonb", &[Kind::AnyElement], JSONB, to_jsonb).by_settings(),
    typed("array_to_json", &[Kind::AnyArray], JSON, to_json).by_settings(),
    typed("json_build_array", &[Kind::Any], JSON, build_array).variadic().with_null().by_settings(),
    typed("json_build_array", &[], JSON, build_array).with_null().by_settings(),
    typed("jsonb_build_array", &[Kind::Any], JSONB, build_array_b).variadic().with_null().by_settings(),
    typed("jsonb_build_array", &[], JSONB, build_array_b).with_null().by_settings(),
    typed("json_build_object", &[Kind::Any], JSON, build_object).variadic().with_null().by_settings(),
    typed("json_build_object", &[], JSON, build_object).with_null().by_settings(),
    typed("jsonb_build_object", &[Kind::Any], JSONB, build_object_b).variadic().with_null().by_settings(),
    typed("jsonb_build_object", &[], JSONB, build_object_b).with_null().by_settings(),
    entry("||", &[JSONB, JSONB], JSONB, joined),
    entry("-", &[JSONB, TEXT], JSONB, minus_key),
    entry("-", &[JSONB, TEXTS], JSONB, minus_keys),
    entry("-", &[JSONB, INT4], JSONB, minus_index),
    entry("#-", &[JSONB, TEXTS], JSONB, delete_path),
    entry("jsonb_set", &[JSONB, TEXTS, JSONB], JSONB, set),
    entry("jsonb_set", &[JSONB, TEXTS, JSONB, BOOL], JSONB, set),
    entry("jsonb_strip_nulls", &[JSONB], JSONB, strip_nulls),
    entry("jsonb_pretty", &[JSONB], TEXT, pretty),
];
