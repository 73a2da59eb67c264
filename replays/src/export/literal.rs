//! Statements with their values written into them, so that a shell executes them as they stand.

use drawloom_model::{Dialect, Statement, Value};

/// The value, as the dialect's own shell reads it.
fn literal(dialect: Dialect, value: &Value) -> String {
    match (dialect, value) {
        (_, Value::Real(x)) if x.is_nan() && dialect == Dialect::Sqlite => "NULL".to_owned(),
        // SQLite reads a number that is too large as infinity, and has no other way to say it.
        (Dialect::Sqlite, Value::Real(x)) if x.is_infinite() => {
            if *x > 0.0 { "9e999" } else { "-9e999" }.to_owned()
        }
        (Dialect::Postgres, Value::Real(x)) if !x.is_finite() => {
            let name = if x.is_nan() { "NaN" } else { ["-Infinity", "Infinity"][usize::from(*x > 0.0)] };
            format!("'{name}'::float8")
        }
        (Dialect::Postgres, Value::Blob(bytes)) => format!("'\\x{}'::bytea", hex(bytes)),
        // A terminal might obey it, a shell might end there: its bytes are safe.
        (Dialect::Sqlite, Value::Text(text)) if text.contains(unprintable) => {
            format!("CAST(x'{}' AS TEXT)", hex(text.as_bytes()))
        }
        (Dialect::Postgres, Value::Text(text)) if text.contains(unprintable) => {
            format!("convert_from('\\x{}'::bytea, 'UTF8')", hex(text.as_bytes()))
        }
        (_, value) => value.to_string(),
    }
}

/// The statement as a script has it, with the semicolon that ends it.
pub fn inline(dialect: Dialect, statement: &Statement) -> String {
    let sql = statement.sql.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    let mut text = String::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let in_word = text.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if let Some(length) = quoted(rest) {
            text.push_str(&rest[..length]);
            rest = &rest[length..];
        } else if let Some((number, length)) = parameter(rest).filter(|_| !in_word)
            && let Some(value) = number.checked_sub(1).and_then(|index| statement.params.get(index))
        {
            let literal = literal(dialect, value);
            // Two minus signs in a row begin a comment.
            let negated = text.ends_with('-') && literal.starts_with('-');
            text += &if negated { format!("({literal})") } else { literal };
            rest = &rest[length..];
        } else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    // A comment at the end would swallow the semicolon.
    let ends_in_comment = text.lines().last().is_some_and(|line| line.contains("--"));
    text + if ends_in_comment { "\n;" } else { ";" }
}

fn unprintable(c: char) -> bool {
    c.is_control() && c != '\n'
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The number of the parameter that the text begins with, and how long it is.
fn parameter(text: &str) -> Option<(usize, usize)> {
    let digits = text.strip_prefix('$')?.bytes().take_while(u8::is_ascii_digit).count();
    let length = 1 + digits;
    Some((text[1..length].parse().ok()?, length))
}

/// How long the string, the quoted name or the comment is that the text begins with: no parameter is in there.
fn quoted(text: &str) -> Option<usize> {
    let (open, close) = match text.as_bytes() {
        [quote @ (b'\'' | b'"' | b'`'), ..] => {
            let quote = char::from(*quote).to_string();
            (quote.clone(), quote)
        }
        [b'-', b'-', ..] => ("--".to_owned(), "\n".to_owned()),
        [b'/', b'*', ..] => ("/*".to_owned(), "*/".to_owned()),
        [b'$', ..] => {
            let tag = text[1..].find('$').map(|end| &text[..end + 2])?;
            let name = &tag[1..tag.len() - 1];
            let named = name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !named || name.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            (tag.to_owned(), tag.to_owned())
        }
        _ => return None,
    };
    let end = text[open.len()..].find(&close).map(|at| open.len() + at + close.len());
    Some(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(dialect: Dialect, sql: &'static str, params: Vec<Value>) -> String {
        super::inline(dialect, &Statement { sql: sql.into(), params })
    }

    #[test]
    fn values_stand_where_the_parameters_were_and_nowhere_else() {
        let sqlite = |sql, params| inline(Dialect::Sqlite, sql, params);
        let int = |n: i64| Value::Int(n);
        assert_eq!(sqlite("SELECT $1, $2 + $1;\n", vec![int(1), int(2)]), "SELECT 1, 2 + 1;");
        assert_eq!(
            sqlite(
                "SELECT '$1 it''s', \"$1\", a$1, $1 /* $1 */, $10 -- $1",
                vec![Value::Text("it's".into())]
            ),
            "SELECT '$1 it''s', \"$1\", a$1, 'it''s' /* $1 */, $10 -- $1\n;"
        );
        assert_eq!(sqlite("SELECT 3 -$1, 3 - $1", vec![int(-2)]), "SELECT 3 -(-2), 3 - -2;");
        assert_eq!(sqlite("SELECT 'open $1", vec![int(1)]), "SELECT 'open $1;");
        let postgres = inline(Dialect::Postgres, "DO $a$ $1 $a$; SELECT $1", vec![Value::Blob(vec![7])]);
        assert_eq!(postgres, "DO $a$ $1 $a$; SELECT '\\x07'::bytea;");
        let infinite = inline(Dialect::Postgres, "SELECT $1", vec![Value::Real(f64::NEG_INFINITY)]);
        assert_eq!(infinite, "SELECT '-Infinity'::float8;");
    }

    #[test]
    fn sqlite_reads_every_value_back() {
        use rusqlite::types::Value as Read;
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for (value, expected) in [
            (Value::Null, Read::Null),
            (Value::Int(i64::MIN), Read::Integer(i64::MIN)),
            (Value::Int(i64::MAX), Read::Integer(i64::MAX)),
            (Value::Bool(true), Read::Integer(1)),
            (Value::Real(0.1), Read::Real(0.1)),
            (Value::Real(-1e300), Read::Real(-1e300)),
            (Value::Real(2.0), Read::Real(2.0)),
            (Value::Real(f64::MIN_POSITIVE), Read::Real(f64::MIN_POSITIVE)),
            (Value::Real(f64::INFINITY), Read::Real(f64::INFINITY)),
            (Value::Real(f64::NEG_INFINITY), Read::Real(f64::NEG_INFINITY)),
            (Value::Real(f64::NAN), Read::Null),
            (Value::Text("it's \"quoted\"\n--ü; $1".into()), Read::Text("it's \"quoted\"\n--ü; $1".into())),
            (Value::Text("\u{1b}[31m\r".into()), Read::Text("\u{1b}[31m\r".into())),
            (Value::Text(String::new()), Read::Text(String::new())),
            (Value::Blob(vec![0, 39, 255]), Read::Blob(vec![0, 39, 255])),
            (Value::Blob(Vec::new()), Read::Blob(Vec::new())),
        ] {
            let sql = inline(Dialect::Sqlite, "SELECT $1", vec![value.clone()]);
            let read: Read = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
            assert_eq!(read, expected, "{value:?}: {sql}");
        }
    }
}
