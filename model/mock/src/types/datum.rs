//! A value as the engine holds it, and the order of values.

use super::{Array, Interval, Json, Numeric};
use std::cmp::Ordering;
use std::rc::Rc;

/// A value. Which type it has is known where it stands; one variant may serve several types.
///
/// Values of one type are ordered as PostgreSQL's default operator class for it orders them, in the C collation;
/// NULL stands after all of them. Values of different variants never meet in a query that was bound; their order
/// is total all the same.
#[derive(Clone, Debug)]
pub enum Datum {
    /// NULL, of any type.
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`, `integer`, `bigint`, `oid`, `regclass`
    Int(i64),
    /// `real` (rounded to it) and `double precision`
    Float(f64),
    /// `numeric`
    Numeric(Rc<Numeric>),
    /// `text`, `character varying`, `name`, `json`
    Text(Rc<str>),
    /// `character`: blanks at its end are shown, and mean nothing where it is compared.
    Padded(Rc<str>),
    /// `bytea`
    Bytes(Rc<[u8]>),
    /// `uuid`
    Uuid(Rc<[u8; 16]>),
    /// `date`: days since 2000-01-01; the least and the greatest number are the infinities.
    Date(i32),
    /// `time`: microseconds since midnight
    Time(i64),
    /// Both types of timestamp: microseconds since 2000-01-01, in UTC; the extremes are the infinities.
    Timestamp(i64),
    /// `interval`
    Interval(Rc<Interval>),
    /// `jsonb`
    Jsonb(Rc<Json>),
    /// An array of any type
    Array(Rc<Array>),
}

const _: () = assert!(size_of::<Datum>() <= 24);

impl Datum {
    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    /// A text.
    pub fn text(text: impl Into<Rc<str>>) -> Datum {
        Datum::Text(text.into())
    }

    /// A number with a scale.
    pub fn numeric(number: Numeric) -> Datum {
        Datum::Numeric(Rc::new(number))
    }

    fn rank(&self) -> u8 {
        match self {
            Datum::Bool(_) => 0,
            Datum::Int(_) => 1,
            Datum::Float(_) => 2,
            Datum::Numeric(_) => 3,
            Datum::Text(_) => 4,
            Datum::Padded(_) => 5,
            Datum::Bytes(_) => 6,
            Datum::Uuid(_) => 7,
            Datum::Date(_) => 8,
            Datum::Time(_) => 9,
            Datum::Timestamp(_) => 10,
            Datum::Interval(_) => 11,
            Datum::Jsonb(_) => 12,
            Datum::Array(_) => 13,
            Datum::Null => 14,
        }
    }
}

/// The order of floating-point numbers in PostgreSQL: NaN equals itself and is the greatest.
pub(crate) fn float_order(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

impl Ord for Datum {
    #[inline]
    fn cmp(&self, other: &Datum) -> Ordering {
        // Most keys are whole numbers.
        match (self, other) {
            (Datum::Int(left), Datum::Int(right)) => left.cmp(right),
            _ => self.order(other),
        }
    }
}

impl Datum {
    fn order(&self, other: &Datum) -> Ordering {
        match (self, other) {
            (Datum::Int(left), Datum::Int(right)) => left.cmp(right),
            (Datum::Text(left), Datum::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
            (Datum::Padded(left), Datum::Padded(right)) => {
                left.trim_end_matches(' ').as_bytes().cmp(right.trim_end_matches(' ').as_bytes())
            }
            (Datum::Bool(left), Datum::Bool(right)) => left.cmp(right),
            (Datum::Float(left), Datum::Float(right)) => float_order(*left, *right),
            (Datum::Numeric(left), Datum::Numeric(right)) => left.cmp(right),
            (Datum::Bytes(left), Datum::Bytes(right)) => left.cmp(right),
            (Datum::Uuid(left), Datum::Uuid(right)) => left.cmp(right),
            (Datum::Date(left), Datum::Date(right)) => left.cmp(right),
            (Datum::Time(left), Datum::Time(right)) => left.cmp(right),
            (Datum::Timestamp(left), Datum::Timestamp(right)) => left.cmp(right),
            (Datum::Interval(left), Datum::Interval(right)) => left.cmp(right),
            (Datum::Jsonb(left), Datum::Jsonb(right)) => left.cmp(right),
            (Datum::Array(left), Datum::Array(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Datum {
    fn partial_cmp(&self, other: &Datum) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Datum {
    fn eq(&self, other: &Datum) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Datum {}
