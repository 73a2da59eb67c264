//! TRUNCATE: the tables get new files (PostgreSQL's ExecuteTruncate in tablecmds.c).

use crate::catalog::{Object, QualifiedName, Table};
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    pub(super) async fn truncate(&self, truncate: &ast::Truncate) -> Result<Reply, SqlError> {
        let mut tables = Vec::new();
        for target in &truncate.table_names {
            let name = QualifiedName::of(&target.name)?;
            let oid = self.lock_table(&name, Mode::AccessExclusive).await?;
            if !tables.contains(&oid) {
                tables.push(oid);
            }
        }
        let cascades = truncate.cascade == Some(ast::CascadeOption::Cascade);
        while let Some(from) = self.reference_into(&tables) {
            if !cascades {
                let message = "cannot truncate a table referenced in a foreign key constraint";
                return Err(error("0A000", message));
            }
            self.lock(Tag::Relation(from), Mode::AccessExclusive, "a table's lock").await?;
            self.with(|database| database.refresh(self.session));
            tables.push(from);
        }
        for table in &tables {
            self.refuse_pending(*table, "TRUNCATE")?;
        }
        for table in tables {
            if truncate.identity == Some(ast::TruncateIdentityOption::Restart) {
                self.restart(table);
            }
            let Some(definition) = self.table(table) else { continue };
            self.replace_file(table, Table::clone(&definition), Vec::new())?;
        }
        Ok(Reply::default())
    }

    /// A table that refers to one of these and is none of them.
    fn reference_into(&self, tables: &[Oid]) -> Option<Oid> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            tables.iter().find_map(|to| {
                catalog.references_to(*to).map(|(from, _)| from).find(|from| !tables.contains(from))
            })
        })
    }

    /// The table of this name, locked.
    ///
    /// # Errors
    /// `42P01`: there is none; `42809`: it is something else.
    pub(super) async fn lock_table(&self, name: &QualifiedName, mode: Mode) -> Result<Oid, SqlError> {
        let find = || {
            self.with(|database| {
                database.refresh(self.session);
                let naming = &database.session(self.session).naming;
                match database.catalog(self.session).resolve(naming, name)? {
                    (oid, Object::Table(_)) => Ok(oid),
                    (_, other) => Err(error("42809", format!("\"{}\" is not a table", other.name()))),
                }
            })
        };
        loop {
            let oid = find()?;
            self.lock(Tag::Relation(oid), mode, "a table's lock").await?;
            if find()? == oid {
                return Ok(oid);
            }
        }
    }
}
