//! `uuid`, read and printed as PostgreSQL's `uuid.c` does.

use super::{Datum, input};
use drawloom_model::SqlError;
use std::fmt::Write;
use std::rc::Rc;

/// 32 hexadecimal digits, a hyphen allowed after every fourth, braces around them.
pub(super) fn read(text: &str) -> Result<Datum, SqlError> {
    bytes(text).map(|bytes| Datum::Uuid(Rc::new(bytes))).ok_or_else(|| input::malformed("uuid", text))
}

fn bytes(text: &str) -> Option<[u8; 16]> {
    let mut rest = text.as_bytes();
    let is_braced = rest.first() == Some(&b'{');
    if is_braced {
        rest = &rest[1..];
    }
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
        *byte = (digit(0)? * 16 + digit(1)?) as u8;
        rest = &rest[2..];
        if index % 2 == 1 && index < 15 && rest.first() == Some(&b'-') {
            rest = &rest[1..];
        }
    }
    let end: &[u8] = if is_braced { b"}" } else { b"" };
    (rest == end).then_some(bytes)
}

/// In small letters, with four hyphens.
pub(super) fn print(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("a String takes everything");
    }
    text
}
