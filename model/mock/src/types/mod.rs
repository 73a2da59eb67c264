//! Types and their values.

mod datum;

pub use datum::Datum;

/// A type: a scalar, or an array of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type {
    /// What one value is.
    pub scalar: Scalar,
    /// Whether it is an array of them.
    pub is_array: bool,
}

/// The types that are no arrays, named as PostgreSQL names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scalar {
    /// A literal in quotes, or NULL, of which the context says what it is.
    Unknown,
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `text`
    Text,
    /// `character varying`
    Varchar,
    /// `character`, padded with blanks
    Char,
    /// `name`: an identifier in the catalog
    Name,
    /// `bytea`
    Bytea,
    /// `uuid`
    Uuid,
    /// `json`, as it was written
    Json,
    /// `jsonb`, normalised
    Jsonb,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    Timestamptz,
    /// `interval`
    Interval,
    /// `oid`
    Oid,
    /// `regclass`: the number of a relation, read and printed as its name
    Regclass,
    /// `void`: what a function gives that gives nothing
    Void,
}

impl Type {
    /// This type, not an array.
    pub const fn of(scalar: Scalar) -> Type {
        Type { scalar, is_array: false }
    }

    /// An array of it.
    pub const fn array_of(scalar: Scalar) -> Type {
        Type { scalar, is_array: true }
    }
}
