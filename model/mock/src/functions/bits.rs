//! Operators on the bits of whole numbers.

use super::Moment;
use super::arithmetic::wholes;
use super::catalog::{Entry, INT2, INT4, INT8, entry};
use crate::types::Datum;
use drawloom_model::SqlError;

type Result = std::result::Result<Datum, SqlError>;

fn and(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    Ok(Datum::Int(left & right))
}

fn or(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    Ok(Datum::Int(left | right))
}

fn exclusive_or(_: &Moment, arguments: &[Datum]) -> Result {
    let [left, right] = wholes(arguments);
    Ok(Datum::Int(left ^ right))
}

fn not(_: &Moment, arguments: &[Datum]) -> Result {
    let [number] = wholes(arguments);
    Ok(Datum::Int(!number))
}

/// Shifts as the machine does: by the last five bits of the distance, or six of 64 bits.
fn left<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [number, distance] = wholes(arguments);
    let distance = distance as u32;
    Ok(Datum::Int(match BITS {
        16 => i64::from((number as i32).wrapping_shl(distance) as i16),
        32 => i64::from((number as i32).wrapping_shl(distance)),
        _ => number.wrapping_shl(distance),
    }))
}

fn right<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let [number, distance] = wholes(arguments);
    let distance = distance as u32;
    Ok(Datum::Int(match BITS {
        16 | 32 => i64::from((number as i32).wrapping_shr(distance)),
        _ => number.wrapping_shr(distance),
    }))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("&", &[INT2, INT2], INT2, and),
    entry("&", &[INT4, INT4], INT4, and),
    entry("&", &[INT8, INT8], INT8, and),
    entry("|", &[INT2, INT2], INT2, or),
    entry("|", &[INT4, INT4], INT4, or),
    entry("|", &[INT8, INT8], INT8, or),
    entry("#", &[INT2, INT2], INT2, exclusive_or),
    entry("#", &[INT4, INT4], INT4, exclusive_or),
    entry("#", &[INT8, INT8], INT8, exclusive_or),
    entry("~", &[INT2], INT2, not),
    entry("~", &[INT4], INT4, not),
    entry("~", &[INT8], INT8, not),
    entry("<<", &[INT2, INT4], INT2, left::<16>),
    entry("<<", &[INT4, INT4], INT4, left::<32>),
    entry("<<", &[INT8, INT4], INT8, left::<64>),
    entry(">>", &[INT2, INT4], INT2, right::<16>),
    entry(">>", &[INT4, INT4], INT4, right::<32>),
    entry(">>", &[INT8, INT4], INT8, right::<64>),
];
