//! The statements of one text, as PostgreSQL's grammar tells them apart.

/// The statements of this text, without the semicolons between them; what holds nothing but comments is none.
/// A semicolon in a string, a quoted name, a comment or parentheses ends no statement. To a COPY FROM STDIN belong its
/// data, which stand behind its semicolon and end with a line `\.`.
pub fn parts(sql: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut scan = Scan { sql, at: 0 };
    let (mut start, mut depth, mut is_empty) = (0, 0_u32, true);
    while let Some(first) = scan.rest().chars().next() {
        match first {
            ';' if depth == 0 => {
                let part = sql[start..scan.at].trim();
                scan.at += 1;
                if reads_data(part) {
                    scan.at += data(scan.rest());
                    parts.push(sql[start..scan.at].trim_start());
                } else if !is_empty {
                    parts.push(part);
                }
                (start, is_empty) = (scan.at, true);
                continue;
            }
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => (),
        }
        is_empty &= scan.pass();
    }
    if !is_empty {
        parts.push(sql[start..].trim());
    }
    parts
}

/// The strings, names, comments, blanks and signs of this text, one after the other and none left out.
pub(crate) fn tokens(sql: &str) -> impl Iterator<Item = &str> {
    let mut scan = Scan { sql, at: 0 };
    std::iter::from_fn(move || {
        let start = scan.at;
        (start < sql.len()).then(|| {
            scan.pass();
            &sql[start..scan.at]
        })
    })
}

/// Whether data stand behind this statement.
fn reads_data(statement: &str) -> bool {
    let says =
        |token: &&str| !token.trim().is_empty() && !token.starts_with("--") && !token.starts_with("/*");
    let mut words = tokens(statement).filter(says);
    let is_copy = words.next().is_some_and(|word| word.eq_ignore_ascii_case("copy"));
    let rest: Vec<&str> = if is_copy { words.collect() } else { Vec::new() };
    rest.windows(2).any(|two| two[0].eq_ignore_ascii_case("from") && two[1].eq_ignore_ascii_case("stdin"))
}

/// How long the data are that the text has, with the line that ends them.
fn data(text: &str) -> usize {
    let end =
        text.split_inclusive('\n').skip(1).position(|line| line.trim_end_matches(['\r', '\n']) == "\\.");
    let lines = end.map_or(usize::MAX, |end| end + 2);
    text.split_inclusive('\n').take(lines).map(str::len).sum()
}

/// How far a text was read.
struct Scan<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.sql[self.at..]
    }

    /// Passes a blank, a comment, a string, a name or a sign; whether it says nothing.
    fn pass(&mut self) -> bool {
        let rest = self.rest();
        let first = rest.chars().next().expect("the text is not at its end");
        let (length, says_nothing) = match rest.as_bytes() {
            [b'-', b'-', ..] => (rest.find('\n').unwrap_or(rest.len()), true),
            [b'/', b'*', ..] => (comment(rest), true),
            [b'e' | b'E', b'\'', ..] => (1 + string(&rest[1..], true), false),
            [b'\'' | b'"', ..] => (string(rest, false), false),
            [b'$', ..] => (dollar_quoted(rest).unwrap_or(1), false),
            _ if is_of_name(first) => (rest.find(|it| !is_of_name(it)).unwrap_or(rest.len()), false),
            _ => (first.len_utf8(), first.is_whitespace()),
        };
        self.at += length;
        says_nothing
    }
}

/// How long the comment is that the text begins with. Comments stand within comments.
fn comment(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_u32, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// How long the string or the quoted name is that the text begins with. A quote in it is doubled.
fn string(text: &str, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 1,
            it if it == bytes[0] && bytes.get(at + 1) == Some(&it) => at += 1,
            it if it == bytes[0] => return at + 1,
            _ => (),
        }
        at += 1;
    }
    text.len()
}

/// How long the string between `$tag$` and `$tag$` is that the text begins with.
fn dollar_quoted(text: &str) -> Option<usize> {
    let end = 1 + text[1..].find('$')?;
    let (name, tag) = (&text[1..end], &text[..=end]);
    if !name.chars().all(|it| it != '$' && is_of_name(it)) || name.starts_with(|it: char| it.is_ascii_digit())
    {
        return None;
    }
    let close = text[tag.len()..].find(tag);
    Some(close.map_or(text.len(), |at| tag.len() + at + tag.len()))
}

fn is_of_name(it: char) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, '_' | '$') || !it.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::{parts, tokens};
    use proptest::prelude::*;

    #[test]
    fn a_text_is_split_where_a_statement_ends_and_nowhere_else() {
        for (sql, expected) in [
            ("", &[][..]),
            (" ; -- nothing\n;/* ; */", &[]),
            ("SELECT 1", &["SELECT 1"]),
            ("BEGIN; SELECT ';' , \";\" ;\n COMMIT ;", &["BEGIN", "SELECT ';' , \";\"", "COMMIT"]),
            ("SELECT 'it''s;'; x", &["SELECT 'it''s;'", "x"]),
            ("SELECT E'\\';'; x", &["SELECT E'\\';'", "x"]),
            ("SELECT date'\\'; x", &["SELECT date'\\'", "x"]),
            ("SELECT 1 -- ;\n + 1; x", &["SELECT 1 -- ;\n + 1", "x"]),
            ("SELECT /* a /* ; */ ; */ 1; x", &["SELECT /* a /* ; */ ; */ 1", "x"]),
            ("DO $$ a; b $$; x", &["DO $$ a; b $$", "x"]),
            ("DO $a$ $$ ; $b$ ; $a$; x", &["DO $a$ $$ ; $b$ ; $a$", "x"]),
            ("EXECUTE p($1); SELECT a$b$c; $1", &["EXECUTE p($1)", "SELECT a$b$c", "$1"]),
            ("CREATE RULE r AS ON x DO (a; b); y)", &["CREATE RULE r AS ON x DO (a; b)", "y)"]),
            ("COPY t FROM STDIN;\n;\t'\n\\.\n x;", &["COPY t FROM STDIN;\n;\t'\n\\.\n", "x"]),
            ("COPY t TO STDOUT; x", &["COPY t TO STDOUT", "x"]),
            ("copy t from /* ; */ stdin;\n1\t", &["copy t from /* ; */ stdin;\n1\t"]),
            ("SELECT 'open; x", &["SELECT 'open; x"]),
            ("SELECT /* open; x", &["SELECT /* open; x"]),
        ] {
            assert_eq!(parts(sql), expected, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(sql in "(copy from stdin;\n)?[eE'\"$;/*()\\\\a1é. \n-]{0,30}") {
            let all: String = parts(&sql).concat();
            prop_assert!(all.len() <= sql.len());
            prop_assert_eq!(tokens(&sql).collect::<String>(), sql);
        }
    }
}
