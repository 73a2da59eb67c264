//! What goes to a database and what comes back: plain data.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;

/// A value in a parameter or a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A truth value, where the engine has them.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// The whole number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Value {
        Value::Int(n)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

/// As one would write it in SQL.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Int(n) => write!(f, "{n}"),
            Value::Real(x) => write!(f, "{x:?}"),
            Value::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Value::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
        }
    }
}

/// One SQL statement with its parameters, `$1` being the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The text. Two statements that differ only in their parameters share it.
    pub sql: Cow<'static, str>,
    /// The values of `$1`, `$2`, ...
    pub params: Vec<Value>,
}

/// The text with the parameters filled in, for people.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest: &str = &self.sql;
        while let Some(at) = rest.find('$') {
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let end = at + 1 + digits;
            let number = rest[at + 1..end].parse::<usize>().ok();
            match number.and_then(|n| self.params.get(n.checked_sub(1)?)) {
                Some(value) => write!(f, "{}{value}", &rest[..at])?,
                None => f.write_str(&rest[..end])?,
            }
            rest = &rest[end..];
        }
        f.write_str(rest)
    }
}

/// What a statement that succeeded gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The names of the columns; empty for a statement that returns no rows.
    pub columns: Rc<[String]>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
    /// How many rows the statement inserted, updated or deleted.
    pub affected: u64,
}

impl Reply {
    /// The whole number in the first column of the first row, if there is one.
    pub fn int(&self) -> Option<i64> {
        self.rows.first()?.first()?.as_int()
    }

    /// The first column, as far as it holds whole numbers.
    pub fn ints(&self) -> impl Iterator<Item = i64> + '_ {
        self.rows.iter().filter_map(|row| row.first()?.as_int())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_prints_with_its_values() {
        let params = vec![Value::Int(1), Value::Text("it's".into())];
        let statement =
            Statement { sql: "UPDATE t SET a = $2 WHERE id = $1 AND b = '$' AND c = $9".into(), params };
        assert_eq!(statement.to_string(), "UPDATE t SET a = 'it''s' WHERE id = 1 AND b = '$' AND c = $9");
    }
}
