//! Temporary things: each session has a schema for its own, which ends with it.

use crate::catalog::{Object, PG_TEMP, QualifiedName, Schema, Table};
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use drawloom_model::{SessionId, SqlError};
use sqlparser::ast;

impl Executor {
    /// The schema where a new table of this name goes.
    ///
    /// # Errors
    /// There is none, or it does not fit.
    pub(super) async fn table_place(
        &self,
        name: &QualifiedName,
        temporary: bool,
        on_commit: Option<ast::OnCommit>,
    ) -> Result<Oid, SqlError> {
        let schema = self.new_place(name, temporary).await?;
        if on_commit.is_some() {
            if self.with(|database| database.temporary_schema(self.session)) != Some(schema) {
                return Err(error("42P16", "ON COMMIT can only be used on temporary tables"));
            }
            self.with(|database| database.session_mut(self.session).empties_tables = true);
        }
        Ok(schema)
    }

    /// The schema of the session's temporary things, which is made now if there is none.
    ///
    /// # Errors
    /// `42P16`: the name is that of another schema.
    pub(super) fn temporary_place(&self, name: &QualifiedName) -> Result<Oid, SqlError> {
        self.with(|database| {
            let own = database.session(self.session).naming.temporary.clone();
            if name.schema.as_ref().is_some_and(|schema| **schema != *PG_TEMP && *schema != own) {
                return Err(error("42P16", "cannot create temporary relation in non-temporary schema"));
            }
            if let Some(schema) = database.temporary_schema(self.session) {
                return Ok(schema);
            }
            let oid = database.new_oid();
            database.define(self.session, oid, Some(Object::Schema(Schema { name: own }.into())));
            database.refresh(self.session);
            Ok(oid)
        })
    }

    /// Does what temporary tables want at COMMIT.
    ///
    /// # Errors
    /// Never for tables that could be made.
    pub fn end_temporary(&self) -> Result<(), SqlError> {
        let tables: Vec<(Oid, Table)> = self.with(|database| {
            let session = database.session(self.session);
            if session.transaction.is_none() || !session.empties_tables {
                return Vec::new();
            }
            let own = database.temporary_tables(self.session);
            own.filter(|(_, table)| table.on_commit.is_some())
                .map(|(oid, table)| (oid, table.clone()))
                .collect()
        });
        for (oid, table) in tables {
            let is_empty = self.with(|database| database.file_mut(table.file).heap.len() == 0);
            match table.on_commit {
                Some(ast::OnCommit::Drop) => self.with(|database| {
                    for part in super::dependency::along(database.catalog(self.session), oid) {
                        database.define(self.session, part, None);
                    }
                }),
                Some(ast::OnCommit::DeleteRows) if !is_empty => self.replace_file(oid, table, Vec::new())?,
                Some(ast::OnCommit::DeleteRows | ast::OnCommit::PreserveRows) | None => (),
            }
        }
        Ok(())
    }
}

impl Database {
    /// The schema of a session's temporary things, as its transaction has it.
    pub fn temporary_schema(&self, session: SessionId) -> Option<Oid> {
        self.catalog(session).schema(&self.session(session).naming.temporary)
    }

    /// A session's temporary tables, as its transaction has them.
    fn temporary_tables(&self, session: SessionId) -> impl Iterator<Item = (Oid, &Table)> {
        let schema = self.temporary_schema(session);
        // Most sessions have none.
        let objects = schema.map(|_| self.catalog(session).objects()).into_iter().flatten();
        objects.filter_map(move |(oid, object)| match object {
            Object::Table(table) if Some(table.schema) == schema => Some((oid, &**table)),
            _ => None,
        })
    }

    /// The session is over, and what is temporary with it.
    pub fn drop_temporary(&mut self, session: SessionId) {
        let Some(schema) = self.temporary_schema(session) else { return };
        let inside = self.catalog.objects().filter(|(_, object)| object.place() == Some(schema));
        let gone: Vec<Oid> = inside.map(|(oid, _)| oid).chain([schema]).collect();
        let storage: Vec<_> = gone.iter().filter_map(|oid| self.catalog.storage(*oid)).collect();
        gone.into_iter().for_each(|oid| self.catalog.remove(oid));
        self.sweep(&storage);
    }
}
