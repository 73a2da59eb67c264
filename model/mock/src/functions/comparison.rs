//! `= <> < <= > >=` of all types, and between the types that PostgreSQL compares as they are.

use super::Moment;
use super::arithmetic::wholes;
use super::catalog::*;
use crate::types::{DAY_US, Datum};
use drawloom_model::SqlError;
use std::cmp::Ordering;

/// How the values of two types are ordered.
trait Order {
    fn order(arguments: &[Datum]) -> Ordering;
}

/// As `Datum` orders them.
struct Plain;
/// The same, for the types that are compared most.
struct Whole;
/// A date is its midnight.
struct Midnight;

impl Order for Plain {
    fn order(arguments: &[Datum]) -> Ordering {
        arguments[0].cmp(&arguments[1])
    }
}

impl Order for Whole {
    fn order(arguments: &[Datum]) -> Ordering {
        let [left, right] = wholes(arguments);
        left.cmp(&right)
    }
}

impl Order for Midnight {
    fn order(arguments: &[Datum]) -> Ordering {
        let time_us = |argument: &Datum| match argument {
            Datum::Date(i32::MIN) => i128::MIN,
            Datum::Date(i32::MAX) => i128::MAX,
            Datum::Date(days) => i128::from(*days) * i128::from(DAY_US),
            Datum::Timestamp(i64::MIN) => i128::MIN,
            Datum::Timestamp(i64::MAX) => i128::MAX,
            Datum::Timestamp(time_us) => i128::from(*time_us),
            _ => unreachable!("a date or a timestamp was promised"),
        };
        time_us(&arguments[0]).cmp(&time_us(&arguments[1]))
    }
}

type Result = std::result::Result<Datum, SqlError>;

fn equal<O: Order>(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(O::order(arguments).is_eq()))
}

fn unequal<O: Order>(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(O::order(arguments).is_ne()))
}

fn less<O: Order>(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(O::order(arguments).is_lt()))
}

fn at_most<O: Order>(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(O::order(arguments).is_le()))
}

fn greater<O: Order>(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(O::order(arguments).is_gt()))
}

fn at_least<O: Order>(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(O::order(arguments).is_ge()))
}

macro_rules! comparisons {
    ($($order:ident: $([$left:ident, $right:ident] $(@ $lasting:ident)?)*;)*) => {
        &[$($(
            entry("=", &[$left, $right], BOOL, equal::<$order>)$(.$lasting())?,
            entry("<>", &[$left, $right], BOOL, unequal::<$order>)$(.$lasting())?,
            entry("<", &[$left, $right], BOOL, less::<$order>)$(.$lasting())?,
            entry("<=", &[$left, $right], BOOL, at_most::<$order>)$(.$lasting())?,
            entry(">", &[$left, $right], BOOL, greater::<$order>)$(.$lasting())?,
            entry(">=", &[$left, $right], BOOL, at_least::<$order>)$(.$lasting())?,
        )*)*]
    };
}

const ANY_ARRAY: Kind = Kind::AnyArray;

pub(super) const ENTRIES: &[Entry] = comparisons! {
    Whole:
        [INT2, INT2] [INT2, INT4] [INT2, INT8] [INT4, INT2] [INT4, INT4] [INT4, INT8] [INT8, INT2] [INT8, INT4]
        [INT8, INT8] [OID, OID];
    Plain:
        [BOOL, BOOL] [FLOAT4, FLOAT4] [FLOAT4, FLOAT8] [FLOAT8, FLOAT4] [FLOAT8, FLOAT8] [NUMERIC, NUMERIC]
        [TEXT, TEXT] [CHAR, CHAR] [NAME, NAME] [NAME, TEXT] [TEXT, NAME] [BYTEA, BYTEA] [UUID, UUID] [JSONB, JSONB]
        [DATE, DATE] [TIME, TIME] [TIMESTAMP, TIMESTAMP] [TIMESTAMP, TIMESTAMPTZ] @by_settings
        [TIMESTAMPTZ, TIMESTAMP] @by_settings
        [TIMESTAMPTZ, TIMESTAMPTZ] [INTERVAL, INTERVAL] [ANY_ARRAY, ANY_ARRAY];
    Midnight:
        [DATE, TIMESTAMP] [TIMESTAMP, DATE] [DATE, TIMESTAMPTZ] @by_settings [TIMESTAMPTZ, DATE] @by_settings;
};
