//! SQLite's result codes as SQLSTATEs, classes and effects.

use drawloom_model::{Class, SqlError};
use rusqlite::ffi;

/// What a caller may conclude from SQLite's error (<https://sqlite.org/rescode.html>).
pub(crate) fn classify(error: &rusqlite::Error) -> SqlError {
    let (failure, message, position) = match error {
        rusqlite::Error::SqliteFailure(failure, message) => (failure, message.clone(), None),
        // `sqlite3_error_offset` counts bytes.
        rusqlite::Error::SqlInputError { error, msg, sql, offset } => {
            let before = usize::try_from(*offset).ok().and_then(|offset| sql.get(..offset));
            let position = before.and_then(|before| u32::try_from(before.chars().count() + 1).ok());
            (error, Some(msg.clone()), position)
        }
        _ => return SqlError::new("42601", Class::Statement, error.to_string()),
    };
    let message = message.unwrap_or_else(|| ffi::code_to_str(failure.extended_code).to_owned());
    let (sqlstate, class) = match failure.extended_code {
        // The transaction's snapshot is no longer the newest: only a rollback helps.
        ffi::SQLITE_BUSY_SNAPSHOT => ("40001", Class::Serialization),
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            ("23505", Class::Constraint)
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => ("23502", Class::Constraint),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => ("23503", Class::Constraint),
        ffi::SQLITE_CONSTRAINT_CHECK => ("23514", Class::Constraint),
        code => match code & 0xFF {
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED | ffi::SQLITE_PROTOCOL => ("55P03", Class::LockTimeout),
            ffi::SQLITE_CONSTRAINT => ("23000", Class::Constraint),
            ffi::SQLITE_INTERRUPT => ("57014", Class::Cancelled),
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => ("XX001", Class::Corruption),
            ffi::SQLITE_FULL => ("53100", Class::Resources),
            ffi::SQLITE_NOMEM => ("53200", Class::Resources),
            ffi::SQLITE_TOOBIG => ("54000", Class::Resources),
            ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => ("58030", Class::Internal),
            ffi::SQLITE_INTERNAL | ffi::SQLITE_MISUSE => ("XX000", Class::Internal),
            ffi::SQLITE_READONLY => ("25006", Class::Statement),
            _ => ("42601", Class::Statement),
        },
    };
    SqlError::new(sqlstate, class, message).at(position)
}

/// Whether SQLite says that a lock is not to be had now, and a later attempt may find it free.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code & 0xFF == ffi::SQLITE_BUSY && failure.extended_code != ffi::SQLITE_BUSY_SNAPSHOT)
}
