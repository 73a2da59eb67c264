//! Types and their values: how each is read, printed, ordered and cast, after PostgreSQL's manual, chapter 8.
//!
//! ```text
//! a literal ── input ──> Datum ── cast ──> Datum ── output ──> what the client sees
//!                          └── Ord: index keys, sorting, grouping
//! ```
//!
//! Nothing here knows a table or a transaction.

pub(crate) mod array;
mod array_text;
mod boolean;
pub(crate) mod bytea;
pub(crate) mod calendar;
pub mod cast;
mod datum;
pub(crate) mod float;
mod input;
pub(crate) mod integer;
pub(crate) mod interval;
mod interval_text;
pub(crate) mod json;
mod json_order;
pub(crate) mod json_text;
pub(crate) mod length;
pub(crate) mod moment;
mod moment_text;
mod moment_words;
pub mod name;
pub(crate) mod numeric;
mod numeric_arithmetic;
mod numeric_power;
mod numeric_text;
mod output;
pub mod resolve;
mod uuid;

pub use array::Array;
pub use calendar::{CivilDate, DAY_US};
pub use datum::Datum;
pub use input::{input, literal, number};
pub use interval::Interval;
pub use json::Json;
pub use length::{assigned, trimmed};
pub use numeric::{Decimal, Numeric};
pub use output::output;

/// A type: a scalar, or an array of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type {
    /// What one value is.
    pub scalar: Scalar,
    /// Whether it is an array of them.
    pub is_array: bool,
}

/// What a column's type says beside its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Modifier {
    /// `varchar(n)`, `char(n)`: how many characters.
    Length(u32),
    /// `numeric(precision, scale)`
    Numeric {
        /// How many digits in all.
        precision: u32,
        /// How many of them after the point; if negative, how many before it are zero.
        scale: i32,
    },
    /// `time(p)`, `timestamp(p)`, `interval(p)`: how many digits of a second, at most 6.
    Precision(u8),
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
    /// A literal in quotes, or NULL.
    pub const UNKNOWN: Type = Type::of(Scalar::Unknown);
    /// `boolean`
    pub const BOOL: Type = Type::of(Scalar::Bool);
    /// `integer`
    pub const INT4: Type = Type::of(Scalar::Int4);
    /// `bigint`
    pub const INT8: Type = Type::of(Scalar::Int8);
    /// `text`
    pub const TEXT: Type = Type::of(Scalar::Text);

    /// This type, not an array.
    pub const fn of(scalar: Scalar) -> Type {
        Type { scalar, is_array: false }
    }

    /// An array of it.
    pub const fn array_of(scalar: Scalar) -> Type {
        Type { scalar, is_array: true }
    }

    /// What an array of this type has as elements.
    pub fn element(self) -> Option<Type> {
        self.is_array.then_some(Type::of(self.scalar))
    }
}

/// White space as C's `isspace` has it.
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Without white space around it.
pub(crate) fn stripped(text: &str) -> &str {
    text.trim_matches(|character: char| character.is_ascii() && is_space(character as u8))
}
