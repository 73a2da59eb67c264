//! The fields of a line (PostgreSQL's CopyReadAttributesText and CopyReadAttributesCSV in copyfromparse.c).

use super::format::Format;
use crate::error::error;
use drawloom_model::SqlError;
use std::iter::Peekable;
use std::str::Chars;

impl Format {
    /// The fields of a line; nothing is NULL.
    ///
    /// # Errors
    /// `22P04`: a quote is not closed; `22021`: an escape makes what is no text.
    pub fn fields(&self, line: &str) -> Result<Vec<Option<String>>, SqlError> {
        if self.is_csv { self.quoted_fields(line) } else { self.escaped_fields(line) }
    }

    fn escaped_fields(&self, line: &str) -> Result<Vec<Option<String>>, SqlError> {
        let mut fields = Vec::new();
        let mut rest = Some(line);
        while let Some(here) = rest {
            let mut chars = here.char_indices();
            let end = loop {
                match chars.next() {
                    None => break None,
                    Some((at, c)) if c == self.delimiter => break Some(at),
                    Some((_, '\\')) => drop(chars.next()),
                    Some(_) => (),
                }
            };
            let field = &here[..end.unwrap_or(here.len())];
            fields.push(if field == self.null { None } else { Some(unescaped(field)?) });
            rest = end.map(|end| &here[end + 1..]);
        }
        Ok(fields)
    }

    fn quoted_fields(&self, line: &str) -> Result<Vec<Option<String>>, SqlError> {
        let mut fields = Vec::new();
        let mut chars = line.chars().peekable();
        loop {
            let (mut field, mut saw_quote) = (String::new(), false);
            let ends = loop {
                match chars.next() {
                    None => break true,
                    Some(c) if c == self.delimiter => break false,
                    Some(c) if c == self.quote => {
                        saw_quote = true;
                        self.quoted(&mut chars, &mut field)?;
                    }
                    Some(c) => field.push(c),
                }
            };
            fields.push(Some(field).filter(|field| saw_quote || *field != self.null));
            if ends {
                return Ok(fields);
            }
        }
    }

    /// Takes what is left of a quoted part.
    fn quoted(&self, chars: &mut Peekable<Chars<'_>>, field: &mut String) -> Result<(), SqlError> {
        loop {
            let c = chars.next().ok_or_else(|| error("22P04", "unterminated CSV quoted field"))?;
            let hidden = |next: &char| c == self.escape && (*next == self.escape || *next == self.quote);
            if let Some(hidden) = chars.next_if(hidden) {
                field.push(hidden);
            } else if c == self.quote {
                return Ok(());
            } else {
                field.push(c);
            }
        }
    }
}

/// A field without its escapes.
fn unescaped(field: &str) -> Result<String, SqlError> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut chars = field.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match escaped {
            None if c == '\\' => (),
            None => push(&mut bytes, c),
            Some(digit @ '0'..='7') => bytes.push(number(&mut chars, digit.to_digit(8), 8, 2)),
            Some('x') if chars.peek().is_some_and(char::is_ascii_hexdigit) => {
                bytes.push(number(&mut chars, None, 16, 2));
            }
            Some('b') => bytes.push(8),
            Some('t') => bytes.push(b'\t'),
            Some('n') => bytes.push(b'\n'),
            Some('v') => bytes.push(11),
            Some('f') => bytes.push(12),
            Some('r') => bytes.push(b'\r'),
            Some(other) => push(&mut bytes, other),
        }
    }
    text(bytes)
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// The byte that up to so many more digits make.
fn number(chars: &mut Peekable<Chars<'_>>, first: Option<u32>, radix: u32, digits_max: usize) -> u8 {
    let mut number = first.unwrap_or(0);
    for _ in 0..digits_max {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
        chars.next();
        number = number * radix + digit;
    }
    u8::try_from(number & 0xff).expect("it was cut to a byte")
}

fn text(bytes: Vec<u8>) -> Result<String, SqlError> {
    let zero = bytes.iter().position(|byte| *byte == 0);
    let valid = std::str::from_utf8(&bytes).map_or_else(|failure| failure.valid_up_to(), str::len);
    let wrong = zero.map_or(valid, |zero| zero.min(valid));
    let Some(first) = bytes.get(wrong) else {
        return Ok(String::from_utf8(bytes).expect("all of it is valid"));
    };
    // As many bytes are named as the first one begins.
    let length = match first {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf7 => 4,
        _ => 1,
    };
    let named: Vec<String> = bytes[wrong..].iter().take(length).map(|byte| format!("0x{byte:02x}")).collect();
    Err(error("22021", format!("invalid byte sequence for encoding \"UTF8\": {}", named.join(" "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CopyOption, CopyValue};
    use proptest::prelude::*;

    fn fields(options: &[(&str, &str)], line: &str) -> Result<Vec<Option<String>>, SqlError> {
        let option = |(name, value): &(&str, &str)| CopyOption {
            name: (*name).to_owned(),
            value: CopyValue::Word((*value).to_owned()),
        };
        let options: Vec<CopyOption> = options.iter().map(option).collect();
        Format::of(&options, true).expect("the options are PostgreSQL's").fields(line)
    }

    /// NULL is shown as `-`.
    fn shown(options: &[(&str, &str)], line: &str) -> String {
        match fields(options, line) {
            Ok(fields) => {
                let shown = fields.into_iter().map(|it| it.unwrap_or("-".to_owned()));
                shown.collect::<Vec<_>>().join("|")
            }
            Err(failure) => failure.message.into(),
        }
    }

    #[test]
    fn text_is_read_as_postgresql_reads_it() {
        for (line, expected) in [
            ("a\t\t\\N\tN\\N", "a||-|NN"),
            ("a\\\tb\\\\c", "a\tb\\c"),
            ("\\101\\x42\\x\\8\\qé\\é", "ABx8qéé"),
            ("\\b\\f\\n\\r\\t\\v\\", "\u{8}\u{c}\n\r\t\u{b}"),
            ("\\xc3\\xa9\\777", "invalid byte sequence for encoding \"UTF8\": 0xff"),
            ("a\\0", "invalid byte sequence for encoding \"UTF8\": 0x00"),
            ("\\xe2\\x82x", "invalid byte sequence for encoding \"UTF8\": 0xe2 0x82 0x78"),
        ] {
            assert_eq!(shown(&[], line), expected, "{line}");
        }
        assert_eq!(shown(&[("delimiter", "|"), ("null", "nil")], "a\\|b|nil|\\N"), "a|b|-|N");
    }

    #[test]
    fn csv_is_read_as_postgresql_reads_it() {
        let csv = ("format", "csv");
        for (line, expected) in [
            ("a,,\"\",\"b,\"\"c\"\"\"", "a|-||b,\"c\""),
            ("a\"b,c\"d", "ab,cd"),
            ("", "-"),
            ("\"a", "unterminated CSV quoted field"),
        ] {
            assert_eq!(shown(&[csv], line), expected, "{line}");
        }
        let other = [csv, ("quote", "'"), ("escape", "\\"), ("null", "-")];
        assert_eq!(shown(&other, "'a\\'b\\\\c\\d',-,'-'"), "a'b\\c\\d|-|-");
    }

    proptest! {
        #[test]
        fn any_line_has_fields_or_is_refused(line in "[a\\\\x07N\",\té]*", is_csv: bool) {
            let _ = fields(&[("format", if is_csv { "csv" } else { "text" })], &line);
        }
    }
}
