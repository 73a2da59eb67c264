//! Functions of text and bytes (PostgreSQL's `varlena.c`, `oracle_compat.c`). Case is that of the C collation: ASCII's.

use super::Moment;
use super::catalog::{BYTEA, CHAR, Entry, INT4, INT8, Kind, TEXT, TEXTS, entry, typed};
use crate::error::error;
use crate::types::{Array, Datum, Scalar, Type, cast, integer};
use drawloom_model::SqlError;
use std::rc::Rc;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// What a text may have at most, in bytes.
const BYTES_MAX: i64 = 0x3fff_ffff;

/// An argument of text.
pub(super) fn str(argument: &Datum) -> &str {
    match argument {
        Datum::Text(text) | Datum::Padded(text) => text,
        other => unreachable!("text was promised, not {other:?}"),
    }
}

/// An argument of `bytea`.
pub(super) fn bytes(argument: &Datum) -> &[u8] {
    match argument {
        Datum::Bytes(bytes) => bytes,
        other => unreachable!("bytes were promised, not {other:?}"),
    }
}

/// An argument of whole numbers.
pub(super) fn int(argument: &Datum) -> i64 {
    match argument {
        Datum::Int(number) => *number,
        other => unreachable!("a whole number was promised, not {other:?}"),
    }
}

fn too_long() -> SqlError {
    error("54000", "requested length too large")
}

fn joined(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).to_owned() + str(&arguments[1])))
}

fn bytes_joined(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bytes([bytes(&arguments[0]), bytes(&arguments[1])].concat().into()))
}

fn with_text(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let text = |index: usize| {
        let cast = cast::find(types[index], Type::TEXT).expect("every type becomes text");
        cast.apply(&arguments[index], None)
    };
    joined(&Moment::default(), &[text(0)?, text(1)?])
}

fn length(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(str(&arguments[0]).chars().count() as i64))
}

fn padded_length(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(str(&arguments[0]).trim_end_matches(' ').chars().count() as i64))
}

fn octet_length(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(match &arguments[0] {
        Datum::Bytes(bytes) => bytes.len() as i64,
        text => str(text).len() as i64,
    }))
}

fn bit_length(moment: &Moment, arguments: &[Datum]) -> Result {
    octet_length(moment, arguments).map(|length| Datum::Int(int(&length) * 8))
}

fn lower(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).to_ascii_lowercase()))
}

fn upper(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).to_ascii_uppercase()))
}

fn initcap(_: &Moment, arguments: &[Datum]) -> Result {
    let mut is_within = false;
    let word = str(&arguments[0]).chars().map(|character| {
        let shown = if is_within { character.to_ascii_lowercase() } else { character.to_ascii_uppercase() };
        is_within = character.is_ascii_alphanumeric();
        shown
    });
    Ok(Datum::text(word.collect::<String>()))
}

/// The positions that `substring` takes, of so many there are; None for a negative length.
fn range(arguments: &[Datum], length: usize) -> Result<std::ops::Range<usize>> {
    let start = int(&arguments[1]);
    let end = match arguments.get(2) {
        Some(count) if int(count) < 0 => return Err(error("22011", "negative substring length not allowed")),
        Some(count) => start + int(count),
        None => i64::MAX,
    };
    let place = |position: i64| usize::try_from(position - 1).unwrap_or(0).min(length);
    Ok(place(start)..place(end).max(place(start)))
}

fn substring(_: &Moment, arguments: &[Datum]) -> Result {
    let text = str(&arguments[0]);
    let range = range(arguments, text.chars().count())?;
    Ok(Datum::text(text.chars().skip(range.start).take(range.len()).collect::<String>()))
}

fn bytes_substring(_: &Moment, arguments: &[Datum]) -> Result {
    let bytes = bytes(&arguments[0]);
    Ok(Datum::Bytes(bytes[range(arguments, bytes.len())?].into()))
}

fn overlay(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, new, start) = (str(&arguments[0]), str(&arguments[1]), int(&arguments[2]));
    if start <= 0 {
        return Err(error("22011", "negative substring length not allowed"));
    }
    let count = arguments.get(3).map_or(new.chars().count() as i64, int);
    // PostgreSQL reckons where the text goes on in 32 bits.
    if i32::try_from(start + count).is_err() {
        return Err(integer::out_of_range(Scalar::Int4));
    }
    let before = text.chars().take((start - 1) as usize);
    let after = text.chars().skip(usize::try_from(start - 1 + count).unwrap_or(0));
    Ok(Datum::text(before.chain(new.chars()).chain(after).collect::<String>()))
}

fn position(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, part) = (str(&arguments[0]), str(&arguments[1]));
    Ok(Datum::Int(text.find(part).map_or(0, |at| text[..at].chars().count() as i64 + 1)))
}

fn starts_with(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(str(&arguments[0]).starts_with(str(&arguments[1]))))
}

fn replace(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, old) = (str(&arguments[0]), str(&arguments[1]));
    Ok(if old.is_empty() { arguments[0].clone() } else { Datum::text(text.replace(old, str(&arguments[2]))) })
}

fn translate(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, from, to) = (str(&arguments[0]), str(&arguments[1]), str(&arguments[2]));
    let moved =
        text.chars().filter_map(|character| match from.chars().position(|known| known == character) {
            Some(at) => to.chars().nth(at),
            None => Some(character),
        });
    Ok(Datum::text(moved.collect::<String>()))
}

fn repeat(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, count) = (str(&arguments[0]), int(&arguments[1]).max(0));
    if text.len() as i64 * count > BYTES_MAX {
        return Err(too_long());
    }
    Ok(Datum::text(text.repeat(count as usize)))
}

fn trim_set(arguments: &[Datum]) -> Vec<char> {
    arguments.get(1).map_or(vec![' '], |set| str(set).chars().collect())
}

fn trim(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).trim_matches(trim_set(arguments).as_slice())))
}

fn trim_start(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).trim_start_matches(trim_set(arguments).as_slice())))
}

fn trim_end(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).trim_end_matches(trim_set(arguments).as_slice())))
}

/// What a text lacks of a length; None if it is to be cut instead.
fn padding(arguments: &[Datum]) -> Result<Option<String>> {
    let (text, length) = (str(&arguments[0]), int(&arguments[1]).max(0));
    let fill = arguments.get(2).map_or(" ", |fill| str(fill));
    let missing = length - text.chars().count() as i64;
    if length > BYTES_MAX / 4 {
        return Err(too_long());
    }
    Ok((missing > 0).then(|| fill.chars().cycle().take(missing as usize).collect()))
}

fn cut(arguments: &[Datum]) -> Datum {
    Datum::text(str(&arguments[0]).chars().take(int(&arguments[1]).max(0) as usize).collect::<String>())
}

fn pad_start(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(padding(arguments)?.map_or_else(|| cut(arguments), |fill| Datum::text(fill + str(&arguments[0]))))
}

fn pad_end(_: &Moment, arguments: &[Datum]) -> Result {
    let padded = |fill: String| Datum::text(str(&arguments[0]).to_owned() + &fill);
    Ok(padding(arguments)?.map_or_else(|| cut(arguments), padded))
}

fn left(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, count) = (str(&arguments[0]), int(&arguments[1]));
    let count = if count < 0 { (text.chars().count() as i64 + count).max(0) } else { count };
    Ok(Datum::text(text.chars().take(count as usize).collect::<String>()))
}

fn right(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, count) = (str(&arguments[0]), int(&arguments[1]));
    let dropped = if count < 0 {
        // The least number has no opposite, and stays negative.
        i64::from((count as i32).wrapping_neg()).max(0)
    } else {
        (text.chars().count() as i64 - count).max(0)
    };
    Ok(Datum::text(text.chars().skip(dropped as usize).collect::<String>()))
}

fn split_part(_: &Moment, arguments: &[Datum]) -> Result {
    let (text, separator, at) = (str(&arguments[0]), str(&arguments[1]), int(&arguments[2]));
    if at == 0 {
        return Err(error("22023", "field position must not be zero"));
    }
    let parts: Vec<&str> = match (text, separator) {
        ("", _) => Vec::new(),
        (_, "") => vec![text],
        _ => text.split(separator).collect(),
    };
    let index = if at > 0 { at - 1 } else { parts.len() as i64 + at };
    Ok(Datum::text(
        usize::try_from(index).ok().and_then(|index| parts.get(index)).copied().unwrap_or_default(),
    ))
}

fn reverse(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::text(str(&arguments[0]).chars().rev().collect::<String>()))
}

fn ascii(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Int(str(&arguments[0]).chars().next().map_or(0, |first| i64::from(u32::from(first)))))
}

fn chr(_: &Moment, arguments: &[Datum]) -> Result {
    match int(&arguments[0]) {
        0 => Err(error("54000", "null character not permitted")),
        ..0 => Err(error("22023", "character number must be positive")),
        code => match char::from_u32(code as u32) {
            Some(character) => Ok(Datum::text(character.to_string())),
            None if code > 0x10_ffff => {
                Err(error("54000", format!("requested character too large for encoding: {code}")))
            }
            None => Err(error("54000", format!("requested character not valid for encoding: {code}"))),
        },
    }
}

fn to_hex<const BITS: u32>(_: &Moment, arguments: &[Datum]) -> Result {
    let number = int(&arguments[0]);
    Ok(Datum::text(if BITS == 32 { format!("{:x}", number as u32) } else { format!("{number:x}") }))
}

fn string_to_array(_: &Moment, arguments: &[Datum]) -> Result {
    let Datum::Text(text) = &arguments[0] else { return Ok(Datum::Null) };
    let parts: Vec<String> = match &arguments[1] {
        _ if text.is_empty() => Vec::new(),
        Datum::Text(separator) if separator.is_empty() => vec![text.to_string()],
        Datum::Text(separator) => text.split(&**separator).map(str::to_owned).collect(),
        _ => text.chars().map(String::from).collect(),
    };
    let null = arguments.get(2).filter(|null| !null.is_null()).map(str);
    let value = |part: String| if null == Some(part.as_str()) { Datum::Null } else { Datum::text(part) };
    Ok(Datum::Array(Rc::new(Array::row(Scalar::Text, parts.into_iter().map(value).collect()))))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("||", &[TEXT, TEXT], TEXT, joined),
    entry("||", &[BYTEA, BYTEA], BYTEA, bytes_joined),
    typed("||", &[TEXT, Kind::AnyNonArray], TEXT, with_text).by_settings(),
    typed("||", &[Kind::AnyNonArray, TEXT], TEXT, with_text).by_settings(),
    entry("length", &[TEXT], INT4, length),
    entry("length", &[CHAR], INT4, padded_length),
    entry("length", &[BYTEA], INT4, octet_length),
    entry("char_length", &[TEXT], INT4, length),
    entry("char_length", &[CHAR], INT4, padded_length),
    entry("character_length", &[TEXT], INT4, length),
    entry("character_length", &[CHAR], INT4, padded_length),
    entry("octet_length", &[TEXT], INT4, octet_length),
    entry("octet_length", &[CHAR], INT4, octet_length),
    entry("octet_length", &[BYTEA], INT4, octet_length),
    entry("bit_length", &[TEXT], INT4, bit_length),
    entry("bit_length", &[BYTEA], INT4, bit_length),
    entry("lower", &[TEXT], TEXT, lower),
    entry("upper", &[TEXT], TEXT, upper),
    entry("initcap", &[TEXT], TEXT, initcap),
    entry("substr", &[TEXT, INT4], TEXT, substring),
    entry("substr", &[TEXT, INT4, INT4], TEXT, substring),
    entry("substr", &[BYTEA, INT4], BYTEA, bytes_substring),
    entry("substr", &[BYTEA, INT4, INT4], BYTEA, bytes_substring),
    entry("substring", &[TEXT, INT4], TEXT, substring),
    entry("substring", &[TEXT, INT4, INT4], TEXT, substring),
    entry("substring", &[BYTEA, INT4], BYTEA, bytes_substring),
    entry("substring", &[BYTEA, INT4, INT4], BYTEA, bytes_substring),
    entry("overlay", &[TEXT, TEXT, INT4], TEXT, overlay),
    entry("overlay", &[TEXT, TEXT, INT4, INT4], TEXT, overlay),
    entry("position", &[TEXT, TEXT], INT4, position),
    entry("strpos", &[TEXT, TEXT], INT4, position),
    entry("starts_with", &[TEXT, TEXT], super::catalog::BOOL, starts_with),
    entry("^@", &[TEXT, TEXT], super::catalog::BOOL, starts_with),
    entry("replace", &[TEXT, TEXT, TEXT], TEXT, replace),
    entry("translate", &[TEXT, TEXT, TEXT], TEXT, translate),
    entry("repeat", &[TEXT, INT4], TEXT, repeat),
    entry("btrim", &[TEXT], TEXT, trim),
    entry("btrim", &[TEXT, TEXT], TEXT, trim),
    entry("ltrim", &[TEXT], TEXT, trim_start),
    entry("ltrim", &[TEXT, TEXT], TEXT, trim_start),
    entry("rtrim", &[TEXT], TEXT, trim_end),
    entry("rtrim", &[TEXT, TEXT], TEXT, trim_end),
    entry("lpad", &[TEXT, INT4], TEXT, pad_start),
    entry("lpad", &[TEXT, INT4, TEXT], TEXT, pad_start),
    entry("rpad", &[TEXT, INT4], TEXT, pad_end),
    entry("rpad", &[TEXT, INT4, TEXT], TEXT, pad_end),
    entry("left", &[TEXT, INT4], TEXT, left),
    entry("right", &[TEXT, INT4], TEXT, right),
    entry("split_part", &[TEXT, TEXT, INT4], TEXT, split_part),
    entry("reverse", &[TEXT], TEXT, reverse),
    entry("ascii", &[TEXT], INT4, ascii),
    entry("chr", &[INT4], TEXT, chr),
    entry("to_hex", &[INT4], TEXT, to_hex::<32>),
    entry("to_hex", &[INT8], TEXT, to_hex::<64>),
    entry("string_to_array", &[TEXT, TEXT], TEXTS, string_to_array).with_null(),
    entry("string_to_array", &[TEXT, TEXT, TEXT], TEXTS, string_to_array).with_null(),
];
