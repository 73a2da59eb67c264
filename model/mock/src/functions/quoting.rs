//! Text made of values: `concat`, `format`, quoting, and the encodings of bytes.

use super::Moment;
use super::catalog::{BYTEA, Entry, Kind, TEXT, entry, typed};
use super::text::{bytes, str};
use crate::error::{error, unsupported};
use crate::types::{Datum, Type, bytea, cast, output};
use drawloom_model::SqlError;
use md5::{Digest, Md5};

type Result<T = Datum> = std::result::Result<T, SqlError>;

fn concat(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    Ok(Datum::text(
        arguments.iter().zip(types).map(|(argument, of)| output(argument, *of)).collect::<String>(),
    ))
}

fn concat_ws(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    if arguments[0].is_null() {
        return Ok(Datum::Null);
    }
    let shown = arguments.iter().zip(types).skip(1).filter(|(argument, _)| !argument.is_null());
    let parts: Vec<String> = shown.map(|(argument, of)| output(argument, *of)).collect();
    Ok(Datum::text(parts.join(str(&arguments[0]))))
}

/// `%s`, `%I`, `%L` and `%%`, with positions and widths.
fn format(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    if arguments[0].is_null() {
        return Ok(Datum::Null);
    }
    let mut text = String::new();
    let mut next = 0;
    let mut rest = str(&arguments[0]);
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let specifier = Specifier::of(&mut rest)?;
        next = specifier.position.unwrap_or(next + 1);
        let argument = arguments.get(next).ok_or_else(|| error("22023", "too few arguments for format()"))?;
        let part = match specifier.conversion {
            's' if argument.is_null() => String::new(),
            's' => output(argument, types[next]),
            'I' if argument.is_null() => {
                return Err(error("22004", "null values cannot be formatted as an SQL identifier"));
            }
            'I' => identifier(&output(argument, types[next])),
            _ if argument.is_null() => "NULL".into(),
            _ => literal(&output(argument, types[next])),
        };
        let missing = " ".repeat(specifier.width.saturating_sub(part.chars().count()));
        text.push_str(&if specifier.is_left { part + &missing } else { missing + &part });
    }
    Ok(Datum::text(text + rest))
}

/// `1$-10s`
struct Specifier {
    position: Option<usize>,
    is_left: bool,
    width: usize,
    conversion: char,
}

impl Specifier {
    fn of(rest: &mut &str) -> Result<Specifier> {
        let mut position = None;
        let mut width = digits(rest)?;
        if let Some(after) = rest.strip_prefix('$') {
            let argument = width.take().filter(|argument| *argument > 0);
            position = Some(argument.ok_or_else(|| {
                error("22023", "format specifies argument 0, but arguments are numbered from 1")
            })?);
            *rest = after;
        }
        let is_left = width.is_none() && rest.starts_with('-');
        if is_left {
            *rest = &rest[1..];
        }
        let width = width.map_or_else(|| digits(rest), |width| Ok(Some(width)))?.unwrap_or_default();
        let conversion =
            rest.chars().next().ok_or_else(|| error("22023", "unterminated format() type specifier"))?;
        if conversion == '*' {
            return Err(unsupported("a width that is an argument of format()"));
        }
        if !matches!(conversion, 's' | 'I' | 'L') {
            let message = format!("unrecognized format() type specifier \"{conversion}\"");
            return Err(error("22023", message));
        }
        *rest = &rest[1..];
        Ok(Specifier { position, is_left, width, conversion })
    }
}

fn digits(rest: &mut &str) -> Result<Option<usize>> {
    let (digits, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    *rest = after;
    if digits.len() > 8 {
        return Err(error("22003", "number is out of range"));
    }
    Ok(digits.parse().ok())
}

/// In quotes if it is no plain name in small letters, or a keyword that is reserved.
pub(crate) fn identifier(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_keyword = KEYWORDS.binary_search(&name).is_ok();
    if is_plain && !is_keyword { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// The keywords of PostgreSQL 15 that are no plain names everywhere (`pg_get_keywords`), in order.
#[rustfmt::skip]
const KEYWORDS: [&str; 151] = [
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
    "between", "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character",
    "check", "coalesce", "collate", "collation", "column", "concurrently", "constraint", "create",
    "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
    "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc", "distinct",
    "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign",
    "freeze", "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in",
    "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is", "isnull",
    "join", "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp",
    "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric",
    "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position",
    "precision", "primary", "real", "references", "returning", "right", "row", "select", "session_user",
    "setof", "similar", "smallint", "some", "substring", "symmetric", "table", "tablesample", "then",
    "time", "timestamp", "to", "trailing", "treat", "trim", "true", "union", "unique", "user", "using",
    "values", "varchar", "variadic", "verbose", "when", "where", "window", "with", "xmlattributes",
    "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi",
    "xmlroot", "xmlserialize", "xmltable",
];

/// In quotes, with what is within them doubled.
pub(crate) fn literal(text: &str) -> String {
    let prefix = if text.contains('\\') { "E" } else { "" };
    format!("{prefix}'{}'", text.replace('\'', "''").replace('\\', "\\\\"))
}

fn quote_ident(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(identifier(str(&arguments[0]))))
}

fn quote_literal(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let cast = cast::find(types[0], Type::TEXT).expect("every type becomes text");
    Ok(Datum::text(literal(str(&cast.apply(&arguments[0], None)?))))
}

fn quote_nullable(moment: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    if arguments[0].is_null() { Ok(Datum::text("NULL")) } else { quote_literal(moment, types, arguments) }
}

fn md5(_: &Moment, arguments: &[Datum]) -> Result {
    let digest = match &arguments[0] {
        Datum::Bytes(bytes) => Md5::digest(bytes),
        text => Md5::digest(str(text)),
    };
    Ok(Datum::text(bytea::to_hex(&digest)))
}

fn encode(_: &Moment, arguments: &[Datum]) -> Result {
    let bytes = bytes(&arguments[0]);
    Ok(Datum::text(match str(&arguments[1]).to_ascii_lowercase().as_str() {
        "hex" => bytea::to_hex(bytes),
        "base64" => base64(bytes),
        "escape" => escaped(bytes),
        _ => return Err(unknown_encoding(str(&arguments[1]))),
    }))
}

fn decode(_: &Moment, arguments: &[Datum]) -> Result {
    let text = str(&arguments[0]);
    Ok(Datum::Bytes(match str(&arguments[1]).to_ascii_lowercase().as_str() {
        "hex" => bytea::from_hex(text)?.into(),
        "base64" => return Err(unsupported("decode(..., 'base64')")),
        "escape" => bytea::from_escaped(text)
            .ok_or_else(|| error("22P02", "invalid input syntax for type bytea"))?
            .into(),
        _ => return Err(unknown_encoding(str(&arguments[1]))),
    }))
}

fn unknown_encoding(name: &str) -> SqlError {
    error("22023", format!("unrecognized encoding: \"{name}\""))
}

/// Lines of 76 characters.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, chunk) in bytes.chunks(3).enumerate() {
        if index > 0 && index % 19 == 0 {
            text.push('\n');
        }
        let packed =
            (0..3).fold(0_usize, |packed, at| packed << 8 | usize::from(chunk.get(at).copied().unwrap_or(0)));
        for place in 0..4 {
            let digit = DIGITS[packed >> (18 - 6 * place) & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

fn escaped(bytes: &[u8]) -> String {
    let shown = |byte: &u8| match byte {
        b'\\' => "\\\\".to_owned(),
        0 | 128.. => format!("\\{byte:03o}"),
        _ => char::from(*byte).to_string(),
    };
    bytes.iter().map(shown).collect()
}

pub(super) const ENTRIES: &[Entry] = &[
    typed("concat", &[Kind::Any], TEXT, concat).variadic().with_null().by_settings(),
    typed("concat_ws", &[TEXT, Kind::Any], TEXT, concat_ws).variadic().with_null().by_settings(),
    typed("format", &[TEXT, Kind::Any], TEXT, format).variadic().with_null().by_settings(),
    typed("format", &[TEXT], TEXT, format).with_null().by_settings(),
    entry("quote_ident", &[TEXT], TEXT, quote_ident),
    typed("quote_literal", &[TEXT], TEXT, quote_literal),
    typed("quote_literal", &[Kind::AnyElement], TEXT, quote_literal).by_settings(),
    typed("quote_nullable", &[TEXT], TEXT, quote_nullable).with_null(),
    typed("quote_nullable", &[Kind::AnyElement], TEXT, quote_nullable).with_null().by_settings(),
    entry("md5", &[TEXT], TEXT, md5),
    entry("md5", &[BYTEA], TEXT, md5),
    entry("encode", &[BYTEA, TEXT], TEXT, encode),
    entry("decode", &[TEXT, TEXT], BYTEA, decode),
];
