//! Where new relations go, and temporary tables: each session has a schema for its own, which ends with it.

use crate::catalog::{Object, PG_TEMP, QualifiedName, Table};
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::{SessionId, SqlError};
use sqlparser::ast;

impl Executor {
    /// The schema where a new relation of this name goes.
    ///
    /// # Errors
    /// There is none, or it does not fit.
    pub(super) fn place(
        &self,
        name: &QualifiedName,
        temporary: bool,
        on_commit: Option<ast::OnCommit>,
    ) -> Result<Oid, SqlError> {
        let is_own = name.schema.as_deref().is_some_and(|schema| schema == PG_TEMP);
        if temporary && name.schema.is_some() && !is_own {
            return Err(error("42P16", "cannot create temporary relation in non-temporary schema"));
        }
        if temporary || is_own {
            let schema = temporary_schema(self.session);
            self.with(|database| database.session_mut(self.session).naming.temporary = Some(schema));
            return Ok(schema);
        }
        if on_commit.is_some() {
            return Err(error("42P16", "ON COMMIT can only be used on temporary tables"));
        }
        self.with(|database| {
            let naming = &database.session(self.session).naming;
            database.catalog(self.session).place(naming, name)
        })
    }

    /// Takes a name for a new relation: who wants the same waits. False if it exists and may.
    ///
    /// # Errors
    /// `42P07`: it is taken; `23505`: it was taken by who was waited for.
    pub(super) async fn reserve(&self, schema: Oid, name: &str, may_exist: bool) -> Result<bool, SqlError> {
        let is_taken = || {
            self.with(|database| {
                database.refresh(self.session);
                database.catalog(self.session).relation(schema, name).is_some()
            })
        };
        if is_taken() {
            if may_exist {
                return Ok(false);
            }
            return Err(error("42P07", format!("relation \"{name}\" already exists")));
        }
        let number = self.with(|database| database.name(schema, name));
        self.lock(Tag::Object(number), Mode::Exclusive, "a name").await?;
        if is_taken() {
            let message = "duplicate key value violates unique constraint \"pg_type_typname_nsp_index\"";
            return Err(error("23505", message));
        }
        Ok(true)
    }

    /// Does what temporary tables want at COMMIT.
    ///
    /// # Errors
    /// Never for tables that could be made.
    pub fn end_temporary(&self) -> Result<(), SqlError> {
        let tables: Vec<(Oid, Table)> = self.with(|database| {
            let session = database.session(self.session);
            if session.transaction.is_none() || session.naming.temporary.is_none() {
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
                    for part in super::drop::belongings(database.catalog(self.session), oid) {
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
    /// A session's temporary tables, as its transaction has them.
    fn temporary_tables(&self, session: SessionId) -> impl Iterator<Item = (Oid, &Table)> {
        let schema = temporary_schema(session);
        self.catalog(session).objects().filter_map(move |(oid, object)| match object {
            Object::Table(table) if table.schema == schema => Some((oid, &**table)),
            _ => None,
        })
    }

    /// The session is over, and its temporary tables with it.
    pub fn drop_temporary(&mut self, session: SessionId) {
        let schema = temporary_schema(session);
        let objects = self.catalog.objects().filter(|(_, object)| object.place() == Some(schema));
        let objects: Vec<Oid> = objects.map(|(oid, _)| oid).collect();
        let storage: Vec<_> = objects.iter().filter_map(|oid| self.catalog.storage(*oid)).collect();
        objects.into_iter().for_each(|oid| self.catalog.remove(oid));
        self.sweep(&storage);
    }
}

/// The schema of a session's temporary tables. It is not in the catalog: nobody else can name it.
pub(crate) fn temporary_schema(session: SessionId) -> Oid {
    Oid(u32::MAX - session.0)
}
