//! The tables of operators and functions, found by name.

use super::{Apply, ApplyTyped, Body, Volatility, aggregate};
use crate::types::{Scalar, Type};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One type.
    Is(Type),
    /// Any type, the same wherever it stands in one signature.
    AnyElement,
    /// An array of it.
    AnyArray,
    /// The same, but no array.
    AnyNonArray,
    /// Any type; of several, the common one.
    AnyCompatible,
    /// An array of the common type.
    AnyCompatibleArray,
    /// Anything, each for itself.
    Any,
    /// A range or several, which only a literal of no type can be here: it makes some choices ambiguous.
    AnyRange,
}

/// One operator or function, as in `pg_operator` and `pg_proc`.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Kind],
    /// Whether the last parameter takes any number of arguments.
    pub(super) is_variadic: bool,
    pub(super) result: Kind,
    pub(super) strict: bool,
    pub(super) volatility: Volatility,
    pub(super) body: Body,
}

const fn strict(name: &'static str, parameters: &'static [Kind], result: Kind, body: Body) -> Entry {
    let volatility = Volatility::Immutable;
    Entry { name, parameters, is_variadic: false, result, strict: true, volatility, body }
}

/// A strict and immutable one.
pub(super) const fn entry(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    apply: Apply,
) -> Entry {
    strict(name, parameters, result, Body::Plain(apply))
}

/// A strict and immutable one that asks for the types of its arguments.
pub(super) const fn typed(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    apply: ApplyTyped,
) -> Entry {
    strict(name, parameters, result, Body::Typed(apply))
}

/// A form of a function that PostgreSQL has and the mock has not.
pub(super) const fn refused(name: &'static str, parameters: &'static [Kind], result: Kind) -> Entry {
    strict(name, parameters, result, Body::Refused)
}

/// An aggregate. Those that tell rows with NULL from others say so themselves.
pub(super) const fn gathered(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    kind: aggregate::Kind,
) -> Entry {
    use aggregate::Kind as Of;
    let tells_nulls = matches!(
        kind,
        Of::TextJoined
            | Of::BytesJoined
            | Of::Array
            | Of::ArrayOfArrays
            | Of::JsonArray
            | Of::JsonbArray
            | Of::JsonObject
            | Of::JsonbObject
    );
    Entry { strict: !tells_nulls, ..strict(name, parameters, result, Body::Aggregate(kind)) }
}

/// A function that gives rows.
pub(super) const fn series(
    name: &'static str,
    parameters: &'static [Kind],
    result: Kind,
    kind: super::series::Kind,
) -> Entry {
    strict(name, parameters, result, Body::Series(kind))
}

impl Entry {
    /// One that is called with NULL too.
    pub(super) const fn with_null(self) -> Entry {
        Entry { strict: false, ..self }
    }

    /// One whose last parameter takes any number of arguments.
    pub(super) const fn variadic(self) -> Entry {
        Entry { is_variadic: true, ..self }
    }

    /// One whose result holds as long as the session's settings.
    pub(super) const fn by_settings(self) -> Entry {
        Entry { volatility: Volatility::Settings, ..self }
    }

    /// One whose result holds for a statement.
    pub(super) const fn stable(self) -> Entry {
        Entry { volatility: Volatility::Stable, ..self }
    }

    /// One whose result holds for a call.
    pub(super) const fn volatile(self) -> Entry {
        Entry { volatility: Volatility::Volatile, ..self }
    }
}

macro_rules! kinds {
    ($($name:ident, $array:ident = $scalar:ident;)*) => {
        $(
            pub(super) const $name: Kind = Kind::Is(Type::of(Scalar::$scalar));
            #[allow(dead_code, reason = "the list is of all types; not every array is some function's")]
            pub(super) const $array: Kind = Kind::Is(Type::array_of(Scalar::$scalar));
        )*
    };
}

kinds! {
    BOOL, BOOLS = Bool;
    INT2, INT2S = Int2;
    INT4, INT4S = Int4;
    INT8, INT8S = Int8;
    FLOAT4, FLOAT4S = Float4;
    FLOAT8, FLOAT8S = Float8;
    NUMERIC, NUMERICS = Numeric;
    TEXT, TEXTS = Text;
    CHAR, CHARS = Char;
    NAME, NAMES = Name;
    BYTEA, BYTEAS = Bytea;
    UUID, UUIDS = Uuid;
    JSON, JSONS = Json;
    JSONB, JSONBS = Jsonb;
    DATE, DATES = Date;
    TIME, TIMES = Time;
    TIMESTAMP, TIMESTAMPS = Timestamp;
    TIMESTAMPTZ, TIMESTAMPTZS = Timestamptz;
    INTERVAL, INTERVALS = Interval;
    OID, OIDS = Oid;
}

static TABLES: &[&[Entry]] = &[
    super::arithmetic::ENTRIES,
    super::bits::ENTRIES,
    super::comparison::ENTRIES,
    super::text::ENTRIES,
    super::time::ENTRIES,
    super::pattern::ENTRIES,
    super::quoting::ENTRIES,
    super::number::ENTRIES,
    super::json::ENTRIES,
    super::json_edit::ENTRIES,
    super::array::ENTRIES,
    super::calendar::ENTRIES,
    super::extract::ENTRIES,
    super::span::ENTRIES,
    super::template::ENTRIES,
    super::elsewhere::ENTRIES,
];

/// All tables of operators and functions.
#[cfg(test)]
pub(super) fn tables() -> &'static [&'static [Entry]] {
    TABLES
}

type Index = BTreeMap<&'static str, Vec<&'static Entry>>;

fn indexed(tables: &[&'static [Entry]]) -> Index {
    let mut index = Index::new();
    for entry in tables.iter().copied().flatten() {
        index.entry(entry.name).or_default().push(entry);
    }
    index
}

/// All operators, or functions, of this name.
pub(super) fn entries(name: &str) -> &'static [&'static Entry] {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| indexed(TABLES)).get(name).map_or(&[], Vec::as_slice)
}

/// All aggregates of this name.
pub(super) fn aggregates(name: &str) -> &'static [&'static Entry] {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| indexed(&[aggregate::ENTRIES])).get(name).map_or(&[], Vec::as_slice)
}

/// All functions of this name that give rows.
pub(super) fn all_series(name: &str) -> &'static [&'static Entry] {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| indexed(&[super::series::ENTRIES])).get(name).map_or(&[], Vec::as_slice)
}
