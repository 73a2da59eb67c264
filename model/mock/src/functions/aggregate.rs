//! Aggregates: a state for each group, fed a row at a time (PostgreSQL's manual, section 9.21).
//!
//! FILTER, DISTINCT and ORDER BY are the executor's: it decides which rows come, and in which order.

use super::accumulator::{Extreme, Moments, Squares, Sum};
use super::catalog::*;
use super::text::str;
use super::{Call, json_edit, json_value, overload};
use crate::error::error;
use crate::types::{Array, Datum, Json, Type, json_text};
use drawloom_model::SqlError;
use std::rc::Rc;

/// Which aggregate it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Count,
    /// Sum of numbers of up to 32 bits, which is a `bigint`.
    SumWhole,
    /// Sum of all other types.
    Sum,
    Average,
    Least,
    Greatest,
    /// Whether all are true.
    Every,
    /// Whether any is.
    Any,
    TextJoined,
    BytesJoined,
    Array,
    ArrayOfArrays,
    JsonArray,
    JsonbArray,
    JsonObject,
    JsonbObject,
    Spread {
        is_sample: bool,
        is_root: bool,
    },
    BitAnd,
    BitOr,
    BitXor,
}

/// An aggregate that was chosen for arguments of certain types.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// What each argument is to be cast to before it is added.
    pub parameters: Rc<[Type]>,
    /// What it gives.
    pub result: Type,
    /// Whether rows with a NULL among the arguments do not count.
    pub strict: bool,
    kind: Kind,
}

/// What an aggregate has seen of a group.
#[derive(Clone, Debug)]
pub struct State(Seen);

#[derive(Clone, Debug)]
enum Seen {
    Count(i64),
    Whole(Option<i64>),
    Sum(Sum),
    Extreme(Extreme),
    Truth(Option<bool>),
    Bits(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Values(Option<Vec<Datum>>),
    Json(Option<Vec<Json>>),
    Members(Option<Vec<(Rc<str>, Json)>>),
    Squares(Squares),
    Moments(Moments),
}

impl Aggregate {
    /// What the argument of this place is to be cast to.
    pub fn parameter(&self, place: usize) -> Type {
        self.parameters[place.min(self.parameters.len() - 1)]
    }

    pub(super) fn of(call: Call, kind: Kind) -> Aggregate {
        Aggregate { parameters: call.parameters, result: call.result, strict: call.strict, kind }
    }

    /// The state of a group without rows.
    pub fn start(&self) -> State {
        let is_float = self.parameters.first().is_some_and(|of| overload::is_float(*of));
        State(match self.kind {
            Kind::Count => Seen::Count(0),
            Kind::SumWhole => Seen::Whole(None),
            Kind::Average if is_float => Seen::Moments(Moments::default()),
            Kind::Sum | Kind::Average => Seen::Sum(Sum::default()),
            Kind::Least => Seen::Extreme(Extreme::new(true)),
            Kind::Greatest => Seen::Extreme(Extreme::new(false)),
            Kind::Every | Kind::Any => Seen::Truth(None),
            Kind::TextJoined | Kind::JsonArray | Kind::JsonObject => Seen::Text(None),
            Kind::BytesJoined => Seen::Bytes(None),
            Kind::Array | Kind::ArrayOfArrays => Seen::Values(None),
            Kind::JsonbArray => Seen::Json(None),
            Kind::JsonbObject => Seen::Members(None),
            Kind::Spread { .. } if is_float => Seen::Moments(Moments::default()),
            Kind::Spread { .. } => Seen::Squares(Squares::default()),
            Kind::BitAnd | Kind::BitOr | Kind::BitXor => Seen::Bits(None),
        })
    }

    /// One row more, its arguments of the types of `parameters`.
    ///
    /// # Errors
    /// 22003 for a sum that does not fit, 22004 for a NULL that may not be.
    pub fn add(&self, state: &mut State, arguments: &[Datum]) -> Result<(), SqlError> {
        if self.strict && arguments.iter().any(Datum::is_null) {
            return Ok(());
        }
        match &mut state.0 {
            Seen::Count(count) => *count += 1,
            Seen::Whole(sum) => {
                let Datum::Int(number) = arguments[0] else { unreachable!("a whole number was promised") };
                let beyond = || error("22003", "bigint out of range");
                *sum = Some(sum.unwrap_or(0).checked_add(number).ok_or_else(beyond)?);
            }
            Seen::Sum(sum) => sum.add(&arguments[0], self.parameters[0])?,
            Seen::Extreme(extreme) => extreme.add(&arguments[0]),
            Seen::Truth(truth) => {
                let new = arguments[0] == Datum::Bool(true);
                let old = truth.unwrap_or(self.kind == Kind::Every);
                *truth = Some(if self.kind == Kind::Every { old && new } else { old || new });
            }
            Seen::Bits(bits) => {
                let Datum::Int(new) = arguments[0] else { unreachable!("a whole number was promised") };
                *bits = Some(match (*bits, self.kind) {
                    (None, _) => new,
                    (Some(old), Kind::BitAnd) => old & new,
                    (Some(old), Kind::BitOr) => old | new,
                    (Some(old), _) => old ^ new,
                });
            }
            Seen::Text(text) => self.add_text(text, arguments)?,
            Seen::Bytes(bytes) => add_bytes(bytes, arguments),
            Seen::Values(values) => self.add_value(values.get_or_insert_default(), &arguments[0])?,
            Seen::Json(elements) => {
                elements.get_or_insert_default().push(json_value::value(&arguments[0], self.parameters[0])?);
            }
            Seen::Members(members) => {
                if arguments[0].is_null() {
                    return Err(error("22023", "field name must not be null"));
                }
                let key = json_edit::key(&arguments[0], self.parameters[0])?;
                members
                    .get_or_insert_default()
                    .push((key, json_value::value(&arguments[1], self.parameters[1])?));
            }
            Seen::Squares(squares) => squares.add(&arguments[0]),
            Seen::Moments(moments) => moments.add(&arguments[0])?,
        }
        Ok(())
    }

    fn add_text(&self, text: &mut Option<String>, arguments: &[Datum]) -> Result<(), SqlError> {
        match self.kind {
            Kind::TextJoined => match (text, &arguments[0]) {
                (_, Datum::Null) => {}
                (Some(text), part) => {
                    if !arguments[1].is_null() {
                        text.push_str(str(&arguments[1]));
                    }
                    text.push_str(str(part));
                }
                (text, part) => *text = Some(str(part).to_owned()),
            },
            Kind::JsonArray => {
                let is_array = self.parameters[0].is_array && !arguments[0].is_null();
                let text = match text {
                    Some(text) => {
                        text.push_str(if is_array { ", \n " } else { ", " });
                        text
                    }
                    None => text.insert("[".into()),
                };
                text.push_str(&json_value::text(&arguments[0], self.parameters[0]));
            }
            _ => {
                if arguments[0].is_null() {
                    return Err(error("22023", "field name must not be null"));
                }
                let text = match text {
                    Some(text) => {
                        text.push_str(", ");
                        text
                    }
                    None => text.insert("{ ".into()),
                };
                json_text::quote(&json_edit::key(&arguments[0], self.parameters[0])?, text);
                text.push_str(" : ");
                text.push_str(&json_value::text(&arguments[1], self.parameters[1]));
            }
        }
        Ok(())
    }

    fn add_value(&self, values: &mut Vec<Datum>, value: &Datum) -> Result<(), SqlError> {
        if self.kind == Kind::ArrayOfArrays {
            let Datum::Array(array) = value else {
                return Err(error("22004", "cannot accumulate null arrays"));
            };
            if array.values.is_empty() {
                return Err(error("2202E", "cannot accumulate empty arrays"));
            }
            if let Some(Datum::Array(first)) = values.first()
                && first.dimensions != array.dimensions
            {
                return Err(error("2202E", "cannot accumulate arrays of different dimensionality"));
            }
        }
        values.push(value.clone());
        Ok(())
    }

    /// The result for the rows that came.
    ///
    /// # Errors
    /// 22003 for an average or a spread that does not fit.
    pub fn finish(&self, state: State) -> Result<Datum, SqlError> {
        let or_null = |datum: Option<Datum>| datum.unwrap_or(Datum::Null);
        Ok(match state.0 {
            Seen::Count(count) => Datum::Int(count),
            Seen::Whole(sum) => or_null(sum.map(Datum::Int)),
            Seen::Sum(sum) if self.kind == Kind::Average => sum.average()?,
            Seen::Sum(sum) => sum.total(),
            Seen::Extreme(extreme) => extreme.value(),
            Seen::Truth(truth) => or_null(truth.map(Datum::Bool)),
            Seen::Bits(bits) => or_null(bits.map(Datum::Int)),
            Seen::Text(text) => or_null(text.map(|text| match self.kind {
                Kind::JsonArray => Datum::text(text + "]"),
                Kind::JsonObject => Datum::text(text + " }"),
                _ => Datum::text(text),
            })),
            Seen::Bytes(bytes) => or_null(bytes.map(|bytes| Datum::Bytes(bytes.into()))),
            Seen::Values(None) => Datum::Null,
            Seen::Values(Some(values)) => Datum::Array(Rc::new(match self.kind {
                Kind::ArrayOfArrays => Array::stacked(self.result.scalar, &values)?,
                _ => Array::row(self.result.scalar, values),
            })),
            Seen::Json(elements) => {
                or_null(elements.map(|elements| json_value::datum(Json::Array(elements))))
            }
            Seen::Members(members) => {
                or_null(members.map(|members| json_value::datum(Json::object(members))))
            }
            Seen::Squares(squares) => match self.kind {
                Kind::Spread { is_sample, is_root } => squares.spread(is_sample, is_root)?,
                _ => unreachable!("squares are summed for a spread alone"),
            },
            Seen::Moments(moments) => match self.kind {
                Kind::Spread { is_sample, is_root } => moments.spread(is_sample, is_root),
                _ => moments.average(),
            },
        })
    }
}

fn add_bytes(bytes: &mut Option<Vec<u8>>, arguments: &[Datum]) {
    let Datum::Bytes(part) = &arguments[0] else { return };
    match (bytes, &arguments[1]) {
        (Some(bytes), Datum::Bytes(separator)) => bytes.extend(separator.iter().chain(part.iter())),
        (Some(bytes), _) => bytes.extend_from_slice(part),
        (bytes, _) => *bytes = Some(part.to_vec()),
    }
}

use super::catalog::Kind as Takes;

const fn spread(is_sample: bool, is_root: bool) -> Kind {
    Kind::Spread { is_sample, is_root }
}

macro_rules! aggregates {
    ($($name:literal: $kind:expr => $([$($parameter:expr),*] $result:expr),*;)*) => {
        &[$($(gathered($name, &[$($parameter),*], $result, $kind)),*),*]
    };
}

pub(super) const ENTRIES: &[Entry] = aggregates! {
    "count": Kind::Count => [] INT8, [Takes::Any] INT8;
    "sum": Kind::SumWhole => [INT2] INT8, [INT4] INT8;
    "sum": Kind::Sum => [INT8] NUMERIC, [NUMERIC] NUMERIC, [FLOAT4] FLOAT4, [FLOAT8] FLOAT8, [INTERVAL] INTERVAL;
    "avg": Kind::Average => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC, [FLOAT4] FLOAT8,
        [FLOAT8] FLOAT8, [INTERVAL] INTERVAL;
    "min": Kind::Least => [INT2] INT2, [INT4] INT4, [INT8] INT8, [FLOAT4] FLOAT4, [FLOAT8] FLOAT8, [NUMERIC] NUMERIC,
        [TEXT] TEXT, [CHAR] CHAR, [DATE] DATE, [TIME] TIME, [TIMESTAMP] TIMESTAMP, [TIMESTAMPTZ] TIMESTAMPTZ,
        [INTERVAL] INTERVAL, [OID] OID, [Takes::AnyArray] Takes::AnyArray;
    "max": Kind::Greatest => [INT2] INT2, [INT4] INT4, [INT8] INT8, [FLOAT4] FLOAT4, [FLOAT8] FLOAT8,
        [NUMERIC] NUMERIC, [TEXT] TEXT, [CHAR] CHAR, [DATE] DATE, [TIME] TIME, [TIMESTAMP] TIMESTAMP,
        [TIMESTAMPTZ] TIMESTAMPTZ, [INTERVAL] INTERVAL, [OID] OID, [Takes::AnyArray] Takes::AnyArray;
    "bool_and": Kind::Every => [BOOL] BOOL;
    "every": Kind::Every => [BOOL] BOOL;
    "bool_or": Kind::Any => [BOOL] BOOL;
    "string_agg": Kind::TextJoined => [TEXT, TEXT] TEXT;
    "string_agg": Kind::BytesJoined => [BYTEA, BYTEA] BYTEA;
    "array_agg": Kind::Array => [Takes::AnyNonArray] Takes::AnyArray;
    "array_agg": Kind::ArrayOfArrays => [Takes::AnyArray] Takes::AnyArray;
    "json_agg": Kind::JsonArray => [Takes::AnyElement] JSON;
    "jsonb_agg": Kind::JsonbArray => [Takes::AnyElement] JSONB;
    "json_object_agg": Kind::JsonObject => [Takes::Any, Takes::Any] JSON;
    "jsonb_object_agg": Kind::JsonbObject => [Takes::Any, Takes::Any] JSONB;
    "variance": spread(true, false) => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC,
        [FLOAT4] FLOAT8, [FLOAT8] FLOAT8;
    "var_samp": spread(true, false) => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC,
        [FLOAT4] FLOAT8, [FLOAT8] FLOAT8;
    "var_pop": spread(false, false) => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC,
        [FLOAT4] FLOAT8, [FLOAT8] FLOAT8;
    "stddev": spread(true, true) => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC,
        [FLOAT4] FLOAT8, [FLOAT8] FLOAT8;
    "stddev_samp": spread(true, true) => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC,
        [FLOAT4] FLOAT8, [FLOAT8] FLOAT8;
    "stddev_pop": spread(false, true) => [INT2] NUMERIC, [INT4] NUMERIC, [INT8] NUMERIC, [NUMERIC] NUMERIC,
        [FLOAT4] FLOAT8, [FLOAT8] FLOAT8;
    "bit_and": Kind::BitAnd => [INT2] INT2, [INT4] INT4, [INT8] INT8;
    "bit_or": Kind::BitOr => [INT2] INT2, [INT4] INT4, [INT8] INT8;
    "bit_xor": Kind::BitXor => [INT2] INT2, [INT4] INT4, [INT8] INT8;
};
