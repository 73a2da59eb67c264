//! PostgreSQL's errors, by their codes (its manual, appendix A).

use drawloom_model::{Class, SqlError};

/// An error with this code, of the class that the code belongs to.
pub fn error(sqlstate: &'static str, message: impl Into<Box<str>>) -> SqlError {
    SqlError::new(sqlstate, class(sqlstate), message)
}

/// The construct is PostgreSQL's, and is not supported here.
pub fn unsupported(construct: impl std::fmt::Display) -> SqlError {
    error("0A000", format!("{construct} is not supported by the mock"))
}

fn class(sqlstate: &str) -> Class {
    match (sqlstate, &sqlstate[..2]) {
        ("40P01", _) => Class::Deadlock,
        ("55P03", _) => Class::LockTimeout,
        ("57014", _) => Class::Cancelled,
        ("25P03", _) => Class::Connection,
        (_, "23") => Class::Constraint,
        (_, "40") => Class::Serialization,
        (_, "08") => Class::Connection,
        (_, "53" | "54") => Class::Resources,
        (_, "57") => Class::Connection,
        (_, "58" | "XX") => Class::Internal,
        _ => Class::Statement,
    }
}
