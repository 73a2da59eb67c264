//! How much a definition or a list may have: PostgreSQL's limits (its manual, appendix K), with its errors. Limits on
//! what a statement costs stand where it is read (sql.rs) and executed (world.rs); docs/mock.md has all of them.

use crate::error::error;
use drawloom_model::SqlError;

/// Columns of a table.
const COLUMNS_MAX: usize = 1_600;

/// Entries of a SELECT list, with what GROUP BY and ORDER BY add to it.
const TARGETS_MAX: usize = 1_664;

/// Columns and expressions of an index.
const KEYS_MAX: usize = 32;

/// Arguments of a function.
const ARGUMENTS_MAX: usize = 100;

/// # Errors
/// `54011`
pub(crate) fn columns(count: usize) -> Result<(), SqlError> {
    refuse(count > COLUMNS_MAX, "54011", || format!("tables can have at most {COLUMNS_MAX} columns"))
}

/// # Errors
/// `54011`
pub(crate) fn targets(count: usize) -> Result<(), SqlError> {
    refuse(count > TARGETS_MAX, "54011", || format!("target lists can have at most {TARGETS_MAX} entries"))
}

/// # Errors
/// `54011`
pub(crate) fn index_keys(count: usize) -> Result<(), SqlError> {
    refuse(count > KEYS_MAX, "54011", || format!("cannot use more than {KEYS_MAX} columns in an index"))
}

/// # Errors
/// `54011`
pub(crate) fn foreign_keys(count: usize) -> Result<(), SqlError> {
    refuse(count > KEYS_MAX, "54011", || format!("cannot have more than {KEYS_MAX} keys in a foreign key"))
}

/// # Errors
/// `54023`
pub(crate) fn arguments(count: usize) -> Result<(), SqlError> {
    let message = || format!("cannot pass more than {ARGUMENTS_MAX} arguments to a function");
    refuse(count > ARGUMENTS_MAX, "54023", message)
}

fn refuse(is_over: bool, sqlstate: &'static str, message: impl FnOnce() -> String) -> Result<(), SqlError> {
    if is_over { Err(error(sqlstate, message())) } else { Ok(()) }
}
