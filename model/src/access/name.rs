//! What a statement touches, by name: what people call it, for a sentence about it.

use super::place::{Constant, Equality};
use super::text::{Shape, shape};
use crate::statement::{Statement, Value};

/// What a statement does, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads rows.
    Reads,
    /// Adds rows.
    Inserts,
    /// Changes rows.
    Updates,
    /// Removes rows.
    Deletes,
    /// Begins a transaction.
    Begins,
    /// Ends one.
    Commits,
    /// Takes one back.
    RollsBack,
    /// Something else, or nobody knows what.
    Other,
}

/// Rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// The table's name.
    pub table: String,
    /// What certainly holds of them: a column and its value.
    pub values: Vec<(String, Value)>,
    /// Whether they are written.
    pub written: bool,
}

impl Rows {
    /// Whether a row can be among both: there is no column in which they differ.
    pub fn overlaps(&self, other: &Rows) -> bool {
        let apart = |(column, value): &(String, Value)| {
            other.values.iter().any(|(other_column, other)| column == other_column && value != other)
        };
        self.table == other.table && !self.values.iter().any(apart)
    }
}

/// What a statement does, and to which rows: those that it writes, or else reads, first.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// What it does.
    pub verb: Verb,
    /// To which rows; empty where that is not known.
    pub rows: Vec<Rows>,
}

/// What the statement's text says that it does. That says less than its footprint: not which tables there are, what
/// a key is, or what foreign keys refer to.
pub fn named(statement: &Statement) -> Named {
    let rows = |table: &str, place: &[Equality], written| Rows {
        table: table.to_owned(),
        values: place.iter().filter_map(|equality| value(equality, &statement.params)).collect(),
        written,
    };
    let shape = shape(&statement.sql);
    let (verb, own, reads) = match &*shape {
        Shape::Begin { .. } => (Verb::Begins, None, None),
        Shape::Commit => (Verb::Commits, None, None),
        Shape::Rollback => (Verb::RollsBack, None, None),
        Shape::Reads(reads) => (Verb::Reads, None, Some(reads)),
        Shape::Inserts { table, reads, .. } => (Verb::Inserts, Some(rows(table, &[], true)), Some(reads)),
        Shape::Updates { table, place, reads, .. } => {
            (Verb::Updates, Some(rows(table, place, true)), Some(reads))
        }
        Shape::Deletes { table, place, reads } => {
            (Verb::Deletes, Some(rows(table, place, true)), Some(reads))
        }
        _ => (Verb::Other, None, None),
    };
    let read = reads.into_iter().flatten().map(|(table, place)| rows(table, place, false));
    Named { verb, rows: own.into_iter().chain(read).collect() }
}

fn value(equality: &Equality, params: &[Value]) -> Option<(String, Value)> {
    let value = match &equality.constant {
        Constant::Value(value) => value,
        Constant::Param(number) => params.get(number.checked_sub(1)?)?,
    };
    Some((equality.column.clone(), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &'static str, params: &[i64]) -> Named {
        named(&Statement { sql: sql.into(), params: params.iter().copied().map(Value::Int).collect() })
    }

    #[test]
    fn a_statement_names_its_rows() {
        let read = of("SELECT balance FROM accounts WHERE id = $1", &[3]);
        assert_eq!(read.verb, Verb::Reads);
        assert_eq!(read.rows[0].values, [("id".to_owned(), Value::Int(3))]);
        let write = of("UPDATE accounts SET balance = $1 WHERE id = $2", &[7, 3]);
        assert_eq!((write.verb, write.rows[0].written), (Verb::Updates, true));
        assert!(write.rows[0].overlaps(&read.rows[0]));
        assert!(!write.rows[0].overlaps(&of("SELECT 1 FROM accounts WHERE id = 4", &[]).rows[0]));
        assert!(write.rows[0].overlaps(&of("SELECT * FROM accounts", &[]).rows[0]));
        assert!(!write.rows[0].overlaps(&of("DELETE FROM items WHERE id = 3", &[]).rows[0]));
    }

    #[test]
    fn what_is_not_understood_names_nothing() {
        for sql in ["COMMIT", "BEGIN", "ROLLBACK", "PRAGMA user_version", "hello"] {
            assert!(of(sql, &[]).rows.is_empty(), "{sql}");
        }
        let copy = of("INSERT INTO b SELECT * FROM a WHERE changed > $1", &[3]);
        let tables: Vec<(&str, bool)> = copy.rows.iter().map(|it| (&*it.table, it.written)).collect();
        assert_eq!((copy.verb, tables), (Verb::Inserts, vec![("b", true), ("a", false)]));
    }
}
