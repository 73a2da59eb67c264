//! Where the lines of the data end (PostgreSQL's CopyReadLineText in copyfromparse.c).

use super::format::Format;
use crate::error::error;
use drawloom_model::SqlError;

/// The lines of the data that are left.
pub(super) struct Lines<'a> {
    rest: &'a str,
    is_csv: bool,
    quote: char,
    /// What takes a quote's meaning; nothing if that is another quote.
    escape: Option<char>,
    /// How the first line ends, and so all of them do.
    newline: Option<&'static str>,
}

impl<'a> Lines<'a> {
    /// Those of these data.
    pub fn of(data: &'a str, format: &Format) -> Lines<'a> {
        let escape = Some(format.escape).filter(|escape| *escape != format.quote);
        Lines { rest: data, is_csv: format.is_csv, quote: format.quote, escape, newline: None }
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// `22P04`: it ends otherwise than the first one, or the data end where they cannot.
    pub fn next(&mut self) -> Result<Option<&'a str>, SqlError> {
        let rest = self.rest;
        let (length, newline) = self.end()?;
        let line = &rest[..length];
        self.rest = newline.map_or("", |newline| &rest[length + newline.len()..]);
        Ok(Some(line).filter(|line| newline.is_some() || !line.is_empty()))
    }

    /// How long the line is, and what ends it; nothing if it is the last one.
    fn end(&mut self) -> Result<(usize, Option<&'static str>), SqlError> {
        let rest = self.rest;
        let (mut is_quoted, mut is_escaped) = (false, false);
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            if self.is_csv {
                if is_quoted && Some(c) == self.escape {
                    is_escaped = !is_escaped;
                }
                if c == self.quote && !is_escaped {
                    is_quoted = !is_quoted;
                }
                is_escaped &= Some(c) == self.escape;
            }
            if matches!(c, '\n' | '\r') && !is_quoted {
                return Ok((at, Some(self.newline(&rest[at..])?)));
            }
            if c == '\\' && !self.is_csv && matches!(chars.next(), Some((_, '.'))) {
                // What stands behind it is not looked at.
                self.check_marker(&rest[at + 2..])?;
                return Ok((at, None));
            }
        }
        Ok((rest.len(), None))
    }

    /// The newline that stands here.
    fn newline(&mut self, rest: &str) -> Result<&'static str, SqlError> {
        let found = match rest {
            _ if rest.starts_with('\n') => "\n",
            _ if rest.starts_with("\r\n") && self.newline != Some("\r") => "\r\n",
            _ => "\r",
        };
        // What begins with a carriage return is told as one.
        let expected = *self.newline.get_or_insert(found);
        if found == expected {
            return Ok(found);
        }
        let name = if found == "\n" { "newline" } else { "carriage return" };
        let how = if self.is_csv { "unquoted" } else { "literal" };
        Err(error("22P04", format!("{how} {name} found in data")))
    }

    /// Whether the data may end here, by a `\.` behind which this stands.
    fn check_marker(&self, rest: &str) -> Result<(), SqlError> {
        let mut chars = rest.chars();
        let corrupt = || error("22P04", "end-of-copy marker corrupt");
        let mismatch = || error("22P04", "end-of-copy marker does not match previous newline style");
        if self.newline == Some("\r\n") {
            match chars.next() {
                Some('\r') => (),
                Some('\n') => return Err(mismatch()),
                _ => return Err(corrupt()),
            }
        }
        let last = chars.next().filter(|last| matches!(last, '\n' | '\r')).ok_or_else(corrupt)?;
        let fits = self.newline.is_none_or(|newline| newline.ends_with(last));
        if fits { Ok(()) } else { Err(mismatch()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{CopyOption, CopyValue};
    use proptest::prelude::*;

    fn lines(data: &str, is_csv: bool) -> Result<Vec<String>, String> {
        let name = if is_csv { "csv" } else { "text" };
        let option = CopyOption { name: "format".to_owned(), value: CopyValue::Word(name.to_owned()) };
        let format = Format::of(&[option], true).expect("the option is PostgreSQL's");
        let mut lines = Lines::of(data, &format);
        let mut all = Vec::new();
        while let Some(line) = lines.next().map_err(|failure| failure.message.to_string())? {
            all.push(line.to_owned());
        }
        Ok(all)
    }

    #[test]
    fn lines_end_as_the_first_one_does() {
        let ok = |lines: &[&str]| Ok(lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        let failed = |message: &str| Err(message.to_owned());
        for (data, is_csv, expected) in [
            ("a\n\nb", false, ok(&["a", "", "b"])),
            ("a\r\nb\r\n", false, ok(&["a", "b"])),
            ("a\rb\r", false, ok(&["a", "b"])),
            ("a\\\nb\n", false, ok(&["a\\\nb"])),
            ("a\\.\nb\n", false, ok(&["a"])),
            ("\"a\nb\"\nc\n", true, ok(&["\"a\nb\"", "c"])),
            ("a\nb\rc\n", false, failed("literal carriage return found in data")),
            ("a\r\nb\nc\r\n", false, failed("literal newline found in data")),
            ("a\r\nb\rc\r\n", true, failed("unquoted carriage return found in data")),
            ("a\rb\n", true, failed("unquoted newline found in data")),
            ("a\n\\.b\n", false, failed("end-of-copy marker corrupt")),
            ("a\r\nb\\.\n", false, failed("end-of-copy marker does not match previous newline style")),
        ] {
            assert_eq!(lines(data, is_csv), expected, "{data:?}");
        }
    }

    proptest! {
        #[test]
        fn any_data_are_lines_or_refused(data in "[a\\\\.\"\n\ré]*", is_csv: bool) {
            let _ = lines(&data, is_csv);
        }
    }
}
