//! TRUNCATE: the tables get new files (PostgreSQL's ExecuteTruncate in tablecmds.c).

use crate::catalog::{Object, Privilege, QualifiedName, Table};
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::collections::BTreeSet;

impl Executor {
    pub(super) async fn truncate(&self, truncate: &ast::Truncate) -> Result<Reply, SqlError> {
        let mut tables = Vec::new();
        for target in &truncate.table_names {
            let name = QualifiedName::of(&target.name)?;
            let oid =
                self.lock_table(&name, Mode::AccessExclusive, self.allowed(Privilege::Truncate)).await?;
            if !tables.contains(&oid) {
                tables.push(oid);
            }
        }
        let cascades = truncate.cascade == Some(ast::CascadeOption::Cascade);
        loop {
            let referring = self.references_into(&tables);
            if referring.is_empty() {
                break;
            }
            if !cascades {
                let message = "cannot truncate a table referenced in a foreign key constraint";
                return Err(error("0A000", message));
            }
            for from in referring {
                self.lock(Tag::Relation(from), Mode::AccessExclusive, "a table's lock").await?;
                self.with(|database| database.refresh(self.session));
                tables.push(from);
                let Some(table) = self.table(from) else { continue };
                self.notice(format!("truncate cascades to table \"{}\"", table.name));
                self.with(|database| self.allowed(Privilege::Truncate)(database, from))?;
            }
        }
        for table in &tables {
            self.refuse_pending(*table, "TRUNCATE")?;
        }
        for table in tables {
            if truncate.identity == Some(ast::TruncateIdentityOption::Restart) {
                self.restart(table);
            }
            self.claim_object(table).await?;
            let Some(definition) = self.table(table) else { continue };
            self.replace_file(table, Table::clone(&definition), Vec::new())?;
        }
        Ok(Reply::default())
    }

    /// The tables that refer to one of these and are none of them.
    fn references_into(&self, tables: &[Oid]) -> BTreeSet<Oid> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let referring = tables.iter().flat_map(|to| catalog.references_to(*to));
            referring.map(|(from, _)| from).filter(|from| !tables.contains(from)).collect()
        })
    }

    /// Refuses the user who lacks a privilege for a relation.
    pub(super) fn allowed(&self, privilege: Privilege) -> impl Fn(&Database, Oid) -> Result<(), SqlError> {
        let session = self.session;
        move |database, oid| {
            database.catalog(session).require(database.session(session).naming.user, oid, privilege)
        }
    }

    /// The table of this name, locked by who may do so.
    ///
    /// # Errors
    /// `42P01`: there is none; `42809`: it is something else; those of `may`, and of waiting.
    pub(super) async fn lock_table(
        &self,
        name: &QualifiedName,
        mode: Mode,
        may: impl Fn(&Database, Oid) -> Result<(), SqlError>,
    ) -> Result<Oid, SqlError> {
        let find = || {
            self.with(|database| {
                database.refresh(self.session);
                let naming = &database.session(self.session).naming;
                match database.catalog(self.session).resolve(naming, name)? {
                    (oid, Object::Table(_)) => may(database, oid).map(|()| oid),
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

#[cfg(test)]
mod tests {
    use crate::Options;
    use crate::database::Database;
    use crate::executor::Executor;
    use crate::plan::Text;
    use crate::session::Session;
    use drawloom_model::SessionId;
    use std::cell::RefCell;
    use std::pin::pin;
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    fn execute(executor: &Executor, sql: &str) {
        let running = pin!(executor.execute(Text::of(sql), &[]));
        match running.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => drop(reply.expect("the test's statements are right")),
            Poll::Pending => unreachable!("one session waits for nobody"),
        }
    }

    /// The rows of what is dropped, rewritten or rolled back are freed; those that somebody may need are not.
    #[test]
    fn a_database_has_the_files_of_its_tables_and_no_others() {
        let session = SessionId(1);
        let database = Rc::new(RefCell::new(Database::new(Options::default())));
        let settings = database.borrow().settings();
        database.borrow_mut().sessions.insert(session, Session::new(session, settings));
        let executor = Executor { database: database.clone(), session };
        let held = || {
            let database = database.borrow();
            (database.files.len(), database.files.values().map(|file| file.indexes.len()).sum())
        };
        let script: [(&str, (usize, usize)); 16] = [
            ("CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE)", (1, 2)),
            ("INSERT INTO t VALUES (1, 1), (2, 2)", (1, 2)),
            ("TRUNCATE t", (1, 2)),
            ("ALTER TABLE t ALTER b TYPE bigint", (1, 2)),
            ("BEGIN", (1, 2)),
            ("TRUNCATE t", (2, 4)),
            ("CREATE INDEX ON t (b)", (2, 5)),
            ("ROLLBACK", (1, 2)),
            ("BEGIN", (1, 2)),
            ("CREATE TABLE u (a int)", (2, 2)),
            ("DROP TABLE u, t", (2, 2)),
            ("ROLLBACK", (1, 2)),
            ("ALTER TABLE t DROP b", (1, 1)),
            ("CREATE TEMP TABLE v (a int) ON COMMIT DROP", (1, 1)),
            ("CREATE TEMP TABLE w (a int PRIMARY KEY)", (2, 2)),
            ("DROP TABLE t", (1, 1)),
        ];
        for (sql, expected) in script {
            execute(&executor, sql);
            assert_eq!(held(), expected, "files and indexes after {sql}");
        }
        database.borrow_mut().close(session);
        assert_eq!(held(), (0, 0), "temporary tables end with their session");
    }
}
