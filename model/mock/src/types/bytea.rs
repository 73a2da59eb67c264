//! `bytea`: bytes in hexadecimal, or with backslashes (PostgreSQL's `varlena.c`).

use super::Datum;
use crate::error::error;
use drawloom_model::SqlError;
use std::fmt::Write;

/// `\x` and hexadecimal digits, or text in which a backslash begins an octal number or another backslash.
pub(super) fn read(text: &str) -> Result<Datum, SqlError> {
    let bytes = match text.strip_prefix("\\x") {
        Some(digits) => from_hex(digits)?,
        None => from_escaped(text).ok_or_else(|| error("22P02", "invalid input syntax for type bytea"))?,
    };
    Ok(Datum::Bytes(bytes.into()))
}

/// Pairs of hexadecimal digits, white space between them.
pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, SqlError> {
    let digit = |character: char| {
        let refusal = || error("22023", format!("invalid hexadecimal digit: \"{character}\""));
        character.to_digit(16).ok_or_else(refusal)
    };
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut characters = text.chars();
    while let Some(first) = characters.next() {
        if matches!(first, ' ' | '\n' | '\t' | '\r') {
            continue;
        }
        let high = digit(first)?;
        let odd = || error("22023", "invalid hexadecimal data: odd number of digits");
        bytes.push((high * 16 + digit(characters.next().ok_or_else(odd)?)?) as u8);
    }
    Ok(bytes)
}

/// What a text with backslashes stands for.
pub(crate) fn from_escaped(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match (first, after) {
            (b'\\', [b'\\', ..]) => {
                rest = &after[1..];
                b'\\'
            }
            (b'\\', [high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', ..]) => {
                rest = &after[3..];
                (high - b'0') * 64 + (middle - b'0') * 8 + (low - b'0')
            }
            (b'\\', _) => return None,
            _ => first,
        });
    }
    Some(bytes)
}

/// Two digits a byte.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes everything");
        text
    })
}
