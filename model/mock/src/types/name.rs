//! Names of types: as SQL writes them, as PostgreSQL prints them (its `format_type.c`).

use super::{Modifier, Scalar, Type};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;
use sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType, ExactNumberInfo, ObjectName, TimezoneInfo,
};
use std::fmt;

impl Scalar {
    /// The type's name, as PostgreSQL prints it.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::Unknown => "unknown",
            Scalar::Bool => "boolean",
            Scalar::Int2 => "smallint",
            Scalar::Int4 => "integer",
            Scalar::Int8 => "bigint",
            Scalar::Float4 => "real",
            Scalar::Float8 => "double precision",
            Scalar::Numeric => "numeric",
            Scalar::Text => "text",
            Scalar::Varchar => "character varying",
            Scalar::Char => "character",
            Scalar::Name => "name",
            Scalar::Bytea => "bytea",
            Scalar::Uuid => "uuid",
            Scalar::Json => "json",
            Scalar::Jsonb => "jsonb",
            Scalar::Date => "date",
            Scalar::Time => "time without time zone",
            Scalar::Timestamp => "timestamp without time zone",
            Scalar::Timestamptz => "timestamp with time zone",
            Scalar::Interval => "interval",
            Scalar::Oid => "oid",
            Scalar::Regclass => "regclass",
            Scalar::Void => "void",
        }
    }

    /// The type that PostgreSQL's catalog (`pg_type.typname`) calls so.
    pub fn named(name: &str) -> Option<Scalar> {
        Some(match name {
            "unknown" => Scalar::Unknown,
            "bool" => Scalar::Bool,
            "int2" => Scalar::Int2,
            "int4" => Scalar::Int4,
            "int8" => Scalar::Int8,
            "float4" => Scalar::Float4,
            "float8" => Scalar::Float8,
            "numeric" => Scalar::Numeric,
            "text" => Scalar::Text,
            "varchar" => Scalar::Varchar,
            "bpchar" => Scalar::Char,
            "name" => Scalar::Name,
            "bytea" => Scalar::Bytea,
            "uuid" => Scalar::Uuid,
            "json" => Scalar::Json,
            "jsonb" => Scalar::Jsonb,
            "date" => Scalar::Date,
            "time" => Scalar::Time,
            "timestamp" => Scalar::Timestamp,
            "timestamptz" => Scalar::Timestamptz,
            "interval" => Scalar::Interval,
            "oid" => Scalar::Oid,
            "regclass" => Scalar::Regclass,
            "void" => Scalar::Void,
            _ => return None,
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.scalar.name(), if self.is_array { "[]" } else { "" })
    }
}

/// The type with its modifier: `character varying(10)`, `timestamp(3) without time zone`, `integer[]`.
pub fn print(of: Type, modifier: Option<Modifier>) -> String {
    let name = of.scalar.name();
    let scalar = match modifier {
        // Without a length it is not SQL's `character`, which has one.
        None if of.scalar == Scalar::Char => "bpchar".to_owned(),
        None => name.to_owned(),
        Some(Modifier::Length(length)) => format!("{name}({length})"),
        Some(Modifier::Numeric { precision, scale }) => format!("{name}({precision},{scale})"),
        Some(Modifier::Precision(digits)) => match name.split_once(' ') {
            Some((first, rest)) => format!("{first}({digits}) {rest}"),
            None => format!("{name}({digits})"),
        },
    };
    if of.is_array { scalar + "[]" } else { scalar }
}

/// The type that a statement names, with its modifier.
///
/// # Errors
/// 42704 for a name that no type has, 22023 for a modifier out of its range, 0A000 for PostgreSQL's other types.
pub fn parse(written: &DataType) -> Result<(Type, Option<Modifier>), SqlError> {
    parsed(written).map_err(|failure| failure.at(crate::place::data_type(written)))
}

fn parsed(written: &DataType) -> Result<(Type, Option<Modifier>), SqlError> {
    use DataType as D;
    if let D::Array(definition) = written {
        return array(definition);
    }
    let plain = |scalar| Ok((Type::of(scalar), None));
    match written {
        D::Bool | D::Boolean => plain(Scalar::Bool),
        D::SmallInt(None) | D::Int2(None) => plain(Scalar::Int2),
        D::Int(None) | D::Integer(None) | D::Int4(None) => plain(Scalar::Int4),
        D::BigInt(None) | D::Int8(None) => plain(Scalar::Int8),
        D::Real | D::Float4 => plain(Scalar::Float4),
        D::DoublePrecision | D::Float8 | D::Float(ExactNumberInfo::None) => plain(Scalar::Float8),
        D::Float(ExactNumberInfo::Precision(bits)) => float(*bits as i64),
        D::Numeric(info) | D::Decimal(info) | D::Dec(info) => numeric(info),
        D::Text => plain(Scalar::Text),
        D::Varchar(length) | D::CharacterVarying(length) | D::CharVarying(length) => {
            characters(Scalar::Varchar, length.as_ref(), None)
        }
        D::Char(length) | D::Character(length) => characters(Scalar::Char, length.as_ref(), Some(1)),
        D::Bytea => plain(Scalar::Bytea),
        D::Uuid => plain(Scalar::Uuid),
        D::JSON => plain(Scalar::Json),
        D::JSONB => plain(Scalar::Jsonb),
        D::Date => plain(Scalar::Date),
        D::Time(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => seconds(Scalar::Time, *digits),
        D::Timestamp(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            seconds(Scalar::Timestamp, *digits)
        }
        D::Timestamp(digits, TimezoneInfo::WithTimeZone | TimezoneInfo::Tz) => {
            seconds(Scalar::Timestamptz, *digits)
        }
        D::Interval { fields: None, precision } => seconds(Scalar::Interval, *precision),
        D::Regclass => plain(Scalar::Regclass),
        D::Custom(name, modifiers) => custom(name, modifiers),
        D::String(None) => Err(absent("string")),
        other => Err(unsupported(format!("the type {other}"))),
    }
}

fn absent(name: impl fmt::Display) -> SqlError {
    error("42704", format!("type \"{name}\" does not exist"))
}

fn array(definition: &ArrayElemTypeDef) -> Result<(Type, Option<Modifier>), SqlError> {
    let (ArrayElemTypeDef::SquareBracket(element, _) | ArrayElemTypeDef::AngleBracket(element)) = definition
    else {
        return Err(unsupported("an array whose elements have no type"));
    };
    let (element, modifier) = parse(element)?;
    Ok((Type { is_array: true, ..element }, modifier))
}

fn float(bits: i64) -> Result<(Type, Option<Modifier>), SqlError> {
    match bits {
        1..=24 => Ok((Type::of(Scalar::Float4), None)),
        25..=53 => Ok((Type::of(Scalar::Float8), None)),
        ..=0 => Err(error("22023", "precision for type float must be at least 1 bit")),
        _ => Err(error("22023", "precision for type float must be less than 54 bits")),
    }
}

fn numeric(info: &ExactNumberInfo) -> Result<(Type, Option<Modifier>), SqlError> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => return Ok((Type::of(Scalar::Numeric), None)),
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    if !(1..=1000).contains(&precision) {
        return Err(error("22023", format!("NUMERIC precision {precision} must be between 1 and 1000")));
    }
    if !(-1000..=1000).contains(&scale) {
        return Err(error("22023", format!("NUMERIC scale {scale} must be between -1000 and 1000")));
    }
    let modifier = Modifier::Numeric { precision: precision as u32, scale: scale as i32 };
    Ok((Type::of(Scalar::Numeric), Some(modifier)))
}

fn characters(
    scalar: Scalar,
    length: Option<&CharacterLength>,
    otherwise: Option<u32>,
) -> Result<(Type, Option<Modifier>), SqlError> {
    let of = Type::of(scalar);
    let length = match length {
        None => return Ok((of, otherwise.map(Modifier::Length))),
        Some(CharacterLength::IntegerLength { length, .. }) => *length,
        Some(CharacterLength::Max) => return Err(unsupported("varchar(max)")),
    };
    let name = if scalar == Scalar::Char { "char" } else { "varchar" };
    match length {
        0 => Err(error("22023", format!("length for type {name} must be at least 1"))),
        1..=10_485_760 => Ok((of, Some(Modifier::Length(length as u32)))),
        _ => Err(error("22023", format!("length for type {name} cannot exceed 10485760"))),
    }
}

fn seconds(scalar: Scalar, digits: Option<u64>) -> Result<(Type, Option<Modifier>), SqlError> {
    // PostgreSQL takes more than six digits with a warning and keeps six.
    let modifier = digits.map(|digits| Modifier::Precision(digits.min(6) as u8));
    Ok((Type::of(scalar), modifier))
}

fn custom(name: &ObjectName, modifiers: &[String]) -> Result<(Type, Option<Modifier>), SqlError> {
    let parts: Vec<&sqlparser::ast::Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    let last = match parts.as_slice() {
        [last] => last,
        [schema, last] if schema.value.eq_ignore_ascii_case("pg_catalog") => last,
        _ => return Err(absent(name)),
    };
    let folded =
        if last.quote_style.is_some() { last.value.clone() } else { last.value.to_ascii_lowercase() };
    let (plain, is_array) = folded.strip_prefix('_').map_or((folded.as_str(), false), |rest| (rest, true));
    let scalar = Scalar::named(plain).filter(|scalar| *scalar != Scalar::Unknown);
    let of = match scalar.ok_or_else(|| absent(&folded)) {
        Ok(scalar) => Type { scalar, is_array },
        Err(refusal) => {
            return Err(if is_elsewhere(plain) { unsupported(format!("the type {plain}")) } else { refusal });
        }
    };
    match (of.scalar, modifiers) {
        (_, []) => Ok((of, None)),
        (Scalar::Timestamptz | Scalar::Timestamp | Scalar::Time | Scalar::Interval, [digits]) => {
            Ok((of, seconds(of.scalar, digits.parse().ok())?.1))
        }
        (Scalar::Char | Scalar::Varchar, [length]) => {
            let length = length.parse().map_err(|_| error("22023", "invalid type modifier"))?;
            let length = CharacterLength::IntegerLength { length, unit: None };
            Ok((of, characters(of.scalar, Some(&length), None)?.1))
        }
        _ => Err(error("42601", format!("type modifier is not allowed for type \"{folded}\""))),
    }
}

/// Whether a type's values can be sorted by a collation, and this is the one by which they are sorted here: by bytes.
///
/// # Errors
/// `42804`: the type has none; `0A000`: it is another one.
pub fn collation(name: &ObjectName, of: Type) -> Result<(), SqlError> {
    use Scalar::{Char, Name, Text, Unknown, Varchar};
    if !matches!(of.scalar, Char | Name | Text | Unknown | Varchar) {
        return Err(error("42804", format!("collations are not supported by type {of}")));
    }
    let last = name.0.last().and_then(|part| part.as_ident());
    match last.map(|ident| (ident.value.as_str(), ident.quote_style.is_some())) {
        Some(("C" | "POSIX" | "default", true) | ("ucs_basic", _)) => Ok(()),
        _ => Err(unsupported(format!("the collation {name}"))),
    }
}

/// Types of PostgreSQL that are not had here.
fn is_elsewhere(name: &str) -> bool {
    const NAMES: [&str; 37] = [
        "bit",
        "box",
        "cid",
        "cidr",
        "circle",
        "daterange",
        "inet",
        "int4range",
        "int8range",
        "jsonpath",
        "line",
        "lseg",
        "macaddr",
        "macaddr8",
        "money",
        "numrange",
        "path",
        "pg_lsn",
        "point",
        "polygon",
        "record",
        "refcursor",
        "regnamespace",
        "regoper",
        "regproc",
        "regprocedure",
        "regrole",
        "regtype",
        "tid",
        "timetz",
        "tsquery",
        "tsrange",
        "tstzrange",
        "tsvector",
        "varbit",
        "xid",
        "xml",
    ];
    NAMES.contains(&name)
}

/// A type's name in the catalog, by which a column of that type is called that has no other name.
pub fn short(written: &DataType) -> &'static str {
    parse(written).map_or("?column?", |(ty, _)| ty.scalar.catalog_name())
}

impl Scalar {
    /// `pg_type.typname`
    pub fn catalog_name(self) -> &'static str {
        match self {
            Scalar::Unknown => "unknown",
            Scalar::Bool => "bool",
            Scalar::Int2 => "int2",
            Scalar::Int4 => "int4",
            Scalar::Int8 => "int8",
            Scalar::Float4 => "float4",
            Scalar::Float8 => "float8",
            Scalar::Varchar => "varchar",
            Scalar::Char => "bpchar",
            Scalar::Time => "time",
            Scalar::Timestamp => "timestamp",
            Scalar::Timestamptz => "timestamptz",
            other => other.name(),
        }
    }
}
