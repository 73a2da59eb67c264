//! COPY between a table and the client (PostgreSQL's copy.c). The rows to be read stand in the text of the statement,
//! behind it, as in psql's input and pg_dump's files; those that are written are lines of one text column.
//!
//! ```text
//! TO STDOUT     rows of a query -> Format: a line each
//! FROM STDIN    data -> Lines -> Format: fields -> values, defaults, constraints -> rows, some at a time
//! ```

mod field;
mod format;
mod into;
mod line;
mod out;

use crate::catalog::{Object, QualifiedName, Table, identifier};
use crate::command::{Copy, CopyPeer, CopySubject};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    pub(super) async fn copy(&self, copy: &Copy) -> Result<Reply, SqlError> {
        match copy.peer {
            CopyPeer::Client => (),
            CopyPeer::File => return Err(unsupported("COPY with a file of the server")),
            CopyPeer::Program => return Err(unsupported("COPY with a program of the server")),
        }
        match &copy.subject {
            CopySubject::Relation { name, columns } if copy.is_from => {
                self.copy_in(name, columns, copy).await
            }
            subject => self.copy_out(subject, &copy.options).await,
        }
    }

    /// Refuses what is no table; `way` is `to` or `from`.
    fn refuse_other(&self, name: &QualifiedName, way: &str) -> Result<Rc<Table>, SqlError> {
        self.with(|database| {
            database.refresh(self.session);
            let naming = &database.session(self.session).naming;
            match database.catalog(self.session).resolve(naming, name)?.1 {
                Object::Table(table) => Ok(table.clone()),
                Object::System(system) => Err(unsupported(format!("COPY of {}", system.name))),
                Object::Index(index) => Err(error("42809", format!("\"{}\" is an index", index.name))),
                other => {
                    let message = format!("cannot copy {way} {} \"{}\"", other.kind(), other.name());
                    Err(error("42809", message))
                }
            }
        })
    }
}

/// The columns that a COPY names; if none, all that are not worked out from others.
///
/// # Errors
/// `42703`, `42P10`, `42701`: there is no such column, it is worked out, or is named twice.
fn places(table: &Table, columns: &[ast::Ident]) -> Result<Vec<usize>, SqlError> {
    if columns.is_empty() {
        let stored = table.live_columns().filter(|(_, column)| !column.is_stored());
        return Ok(stored.map(|(place, _)| place).collect());
    }
    let mut places = Vec::new();
    for name in columns {
        let name = identifier(name);
        let Some((place, column)) = table.column(&name) else {
            let message = format!("column \"{name}\" of relation \"{}\" does not exist", table.name);
            return Err(error("42703", message));
        };
        if column.is_stored() {
            return Err(error("42P10", format!("column \"{name}\" is a generated column")));
        }
        if places.contains(&place) {
            return Err(error("42701", format!("column \"{name}\" specified more than once")));
        }
        places.push(place);
    }
    Ok(places)
}
