//! Operators and functions of arrays (PostgreSQL's manual, section 9.19).

use super::Moment;
use super::catalog::{BOOL, Entry, INT4, INT4S, Kind, TEXT, entry, typed};
use super::text::{int, str};
use crate::error::error;
use crate::types::array::Dimension;
use crate::types::{Array, Datum, Scalar, Type, output};
use drawloom_model::SqlError;
use std::rc::Rc;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// An argument of an array type.
pub(super) fn array(argument: &Datum) -> &Array {
    match argument {
        Datum::Array(array) => array,
        other => unreachable!("an array was promised, not {other:?}"),
    }
}

fn datum(array: Array) -> Datum {
    Datum::Array(Rc::new(array))
}

/// An array without its subscripts changed but with other elements, of one dimension.
fn with_values(array: &Array, element: Scalar, values: Vec<Datum>) -> Datum {
    let lower = array.dimensions.first().map_or(1, |dimension| dimension.lower);
    let dimensions =
        if values.is_empty() { Vec::new() } else { vec![Dimension { length: values.len(), lower }] };
    datum(Array { element, dimensions, values })
}

fn flat(argument: &Datum, element: Scalar) -> Result<Array> {
    match argument {
        Datum::Null => Ok(Array::row(element, Vec::new())),
        Datum::Array(array) if array.dimensions.len() <= 1 => Ok((**array).clone()),
        _ => Err(error("22000", "argument must be empty or one-dimensional array")),
    }
}

fn append(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let array = flat(&arguments[0], types[0].scalar)?;
    let values = array.values.iter().chain([&arguments[1]]).cloned().collect();
    Ok(with_values(&array, types[0].scalar, values))
}

fn prepend(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let array = flat(&arguments[1], types[1].scalar)?;
    let values = [&arguments[0]].into_iter().chain(&array.values).cloned().collect();
    Ok(with_values(&array, types[1].scalar, values))
}

fn cat(_: &Moment, arguments: &[Datum]) -> Result {
    let (left, right) = match (&arguments[0], &arguments[1]) {
        (Datum::Null, other) | (other, Datum::Null) => return Ok(other.clone()),
        (left, right) => (array(left), array(right)),
    };
    if left.values.is_empty() || right.values.is_empty() {
        return Ok(arguments[usize::from(left.values.is_empty())].clone());
    }
    let incompatible = || error("2202E", "cannot concatenate incompatible arrays");
    let lengths =
        |dimensions: &[Dimension]| dimensions.iter().map(|dimension| dimension.length).collect::<Vec<_>>();
    let (depth, other) = (left.dimensions.len(), right.dimensions.len());
    let rows = |array: &Array, is_row: bool| if is_row { 1 } else { array.dimensions[0].length };
    let (shape, is_left_row, is_right_row) = match depth as i64 - other as i64 {
        0 => (left, false, false),
        1 => (left, false, true),
        -1 => (right, true, false),
        _ => return Err(incompatible()),
    };
    let inner = |array: &Array, is_row: bool| lengths(&array.dimensions[usize::from(!is_row)..]);
    if inner(left, is_left_row) != inner(right, is_right_row) {
        return Err(incompatible());
    }
    let mut dimensions = shape.dimensions.clone();
    dimensions[0].length = rows(left, is_left_row) + rows(right, is_right_row);
    let values = left.values.iter().chain(&right.values).cloned().collect();
    Ok(datum(Array { element: left.element, dimensions, values }))
}

fn dimension(arguments: &[Datum]) -> Option<Dimension> {
    let at = usize::try_from(int(&arguments[1]) - 1).ok()?;
    array(&arguments[0]).dimensions.get(at).copied()
}

fn length(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(dimension(arguments).map_or(Datum::Null, |dimension| Datum::Int(dimension.length as i64)))
}

fn lower(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(dimension(arguments).map_or(Datum::Null, |dimension| Datum::Int(i64::from(dimension.lower))))
}

fn upper(_: &Moment, arguments: &[Datum]) -> Result {
    let last = |dimension: Dimension| Datum::Int(i64::from(dimension.lower) + dimension.length as i64 - 1);
    Ok(dimension(arguments).map_or(Datum::Null, last))
}

fn dimensions(_: &Moment, arguments: &[Datum]) -> Result {
    let count = array(&arguments[0]).dimensions.len() as i64;
    Ok(if count == 0 { Datum::Null } else { Datum::Int(count) })
}

fn cardinality(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(array(&arguments[0]).values.len() as i64))
}

fn one_dimension(array: &Array, doing: &str) -> Result<()> {
    if array.dimensions.len() > 1 {
        let message = format!("{doing} multidimensional arrays is not supported");
        return Err(error("0A000", message));
    }
    Ok(())
}

/// The subscripts of the elements that are the value, NULL included.
fn places(arguments: &[Datum]) -> Result<impl Iterator<Item = i64>> {
    let array = array(&arguments[0]);
    one_dimension(array, "searching for elements in")?;
    let lower = array.dimensions.first().map_or(1, |dimension| i64::from(dimension.lower));
    let places = array.values.iter().zip(lower..).filter(|(value, _)| **value == arguments[1]);
    Ok(places.map(|(_, place)| place))
}

fn position(_: &Moment, arguments: &[Datum]) -> Result {
    let start = match arguments.get(2) {
        Some(Datum::Null) => return Err(error("22004", "initial position must not be null")),
        start => start.map_or(i64::MIN, int),
    };
    if arguments[0].is_null() {
        return Ok(Datum::Null);
    }
    Ok(places(arguments)?.find(|place| *place >= start).map_or(Datum::Null, Datum::Int))
}

fn positions(_: &Moment, arguments: &[Datum]) -> Result {
    if arguments[0].is_null() {
        return Ok(Datum::Null);
    }
    Ok(datum(Array::row(Scalar::Int4, places(arguments)?.map(Datum::Int).collect())))
}

fn remove(_: &Moment, arguments: &[Datum]) -> Result {
    if arguments[0].is_null() {
        return Ok(Datum::Null);
    }
    let array = array(&arguments[0]);
    one_dimension(array, "removing elements from")?;
    let values = array.values.iter().filter(|value| **value != arguments[1]).cloned().collect();
    Ok(with_values(array, array.element, values))
}

fn replace(_: &Moment, arguments: &[Datum]) -> Result {
    if arguments[0].is_null() {
        return Ok(Datum::Null);
    }
    let mut array = array(&arguments[0]).clone();
    for value in array.values.iter_mut().filter(|value| **value == arguments[1]) {
        *value = arguments[2].clone();
    }
    Ok(datum(array))
}

fn to_string(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let (Datum::Array(array), Datum::Text(separator)) = (&arguments[0], &arguments[1]) else {
        return Ok(Datum::Null);
    };
    let null = arguments.get(2).filter(|null| !null.is_null()).map(str);
    let element = Type::of(types[0].scalar);
    let parts: Vec<String> = array
        .values
        .iter()
        .filter_map(
            |value| if value.is_null() { null.map(str::to_owned) } else { Some(output(value, element)) },
        )
        .collect();
    Ok(Datum::text(parts.join(separator)))
}

/// Whether the left array has every element of the right one; NULL is no element here.
fn is_containing(left: &Array, right: &Array) -> bool {
    right.values.iter().all(|wanted| !wanted.is_null() && left.values.contains(wanted))
}

fn contains(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(is_containing(array(&arguments[0]), array(&arguments[1]))))
}

fn contained(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(is_containing(array(&arguments[1]), array(&arguments[0]))))
}

fn overlaps(_: &Moment, arguments: &[Datum]) -> Result {
    let (left, right) = (array(&arguments[0]), array(&arguments[1]));
    Ok(Datum::Bool(left.values.iter().any(|value| !value.is_null() && right.values.contains(value))))
}

fn nulls(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(arguments.iter().filter(|argument| argument.is_null()).count() as i64))
}

fn nonnulls(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(arguments.iter().filter(|argument| !argument.is_null()).count() as i64))
}

const ARRAY: Kind = Kind::AnyArray;
const COMPATIBLE: Kind = Kind::AnyCompatible;
const COMPATIBLES: Kind = Kind::AnyCompatibleArray;

pub(super) const ENTRIES: &[Entry] = &[
    typed("||", &[COMPATIBLES, COMPATIBLE], COMPATIBLES, append).with_null(),
    typed("||", &[COMPATIBLE, COMPATIBLES], COMPATIBLES, prepend).with_null(),
    entry("||", &[COMPATIBLES, COMPATIBLES], COMPATIBLES, cat).with_null(),
    typed("array_append", &[COMPATIBLES, COMPATIBLE], COMPATIBLES, append).with_null(),
    typed("array_prepend", &[COMPATIBLE, COMPATIBLES], COMPATIBLES, prepend).with_null(),
    entry("array_cat", &[COMPATIBLES, COMPATIBLES], COMPATIBLES, cat).with_null(),
    entry("array_length", &[ARRAY, INT4], INT4, length),
    entry("array_lower", &[ARRAY, INT4], INT4, lower),
    entry("array_upper", &[ARRAY, INT4], INT4, upper),
    entry("array_ndims", &[ARRAY], INT4, dimensions),
    entry("cardinality", &[ARRAY], INT4, cardinality),
    entry("array_position", &[COMPATIBLES, COMPATIBLE], INT4, position).with_null(),
    entry("array_position", &[COMPATIBLES, COMPATIBLE, INT4], INT4, position).with_null(),
    entry("array_positions", &[COMPATIBLES, COMPATIBLE], INT4S, positions).with_null(),
    entry("array_remove", &[COMPATIBLES, COMPATIBLE], COMPATIBLES, remove).with_null(),
    entry("array_replace", &[COMPATIBLES, COMPATIBLE, COMPATIBLE], COMPATIBLES, replace).with_null(),
    typed("array_to_string", &[ARRAY, TEXT], TEXT, to_string).by_settings(),
    typed("array_to_string", &[ARRAY, TEXT, TEXT], TEXT, to_string).with_null().by_settings(),
    entry("@>", &[ARRAY, ARRAY], BOOL, contains),
    entry("<@", &[ARRAY, ARRAY], BOOL, contained),
    entry("&&", &[ARRAY, ARRAY], BOOL, overlaps),
    entry("num_nulls", &[Kind::Any], INT4, nulls).variadic().with_null(),
    entry("num_nonnulls", &[Kind::Any], INT4, nonnulls).variadic().with_null(),
];
