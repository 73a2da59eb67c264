//! DROP of what has a name of its own.

use crate::catalog::{Catalog, Object, PUBLIC, QualifiedName, parts};
use crate::command::Kind;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    /// Drops relations of a kind.
    ///
    /// # Errors
    /// There is none, it is of another kind or somebody else's, something depends on it.
    pub(super) async fn drop_relations(
        &self,
        kind: Kind,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Reply, SqlError> {
        let mut targets = Vec::new();
        for name in names {
            let name = QualifiedName::of(name)?;
            if kind == Kind::Index {
                self.lock_table_of(&name).await?;
            }
            let Some(oid) = self.own_relation(kind, &name, Mode::AccessExclusive).await? else {
                self.missing(kind, &name, if_exists)?;
                continue;
            };
            match kind {
                Kind::Table => {
                    self.refuse_pending(oid, "DROP TABLE")?;
                    self.claim_object(oid).await?;
                }
                Kind::Index => {
                    self.with(|database| refuse_constraint(database.catalog(self.session), oid))?
                }
                _ => (),
            }
            if !targets.contains(&oid) {
                targets.push(oid);
            }
        }
        self.drop_objects(&targets, None, cascade).await?;
        Ok(Reply::default())
    }

    /// An index's table is locked before the index, as everywhere.
    async fn lock_table_of(&self, index: &QualifiedName) -> Result<(), SqlError> {
        let table = self.with(|database| {
            database.refresh(self.session);
            let naming = &database.session(self.session).naming;
            let catalog = database.catalog(self.session);
            Some(catalog.index(catalog.find(naming, index)?)?.table)
        });
        match table {
            Some(table) => self.lock(Tag::Relation(table), Mode::AccessExclusive, "a table's lock").await,
            None => Ok(()),
        }
    }

    /// `DROP SCHEMA`
    ///
    /// # Errors
    /// As for relations.
    pub(super) async fn drop_schemas(
        &self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Reply, SqlError> {
        let mut targets: Vec<Oid> = Vec::new();
        for name in names {
            let [name] = &*parts(name)? else { return Err(unsupported(format!("the schema {name}"))) };
            let found = self.with(|database| {
                database.refresh(self.session);
                let Some(oid) = database.catalog(self.session).schema(name) else { return Ok(None) };
                self.require_owner(database, oid)?;
                Ok::<_, SqlError>(Some(oid))
            })?;
            match found {
                Some(oid) if oid < Catalog::first_oid() && oid != PUBLIC => {
                    let message =
                        format!("cannot drop schema {name} because it is required by the database system");
                    return Err(error("2BP01", message));
                }
                Some(oid) => targets.push(oid),
                None if if_exists => {
                    let text = format!("schema \"{name}\" does not exist, skipping");
                    self.notice(&text);
                }
                None => return Err(error("3F000", format!("schema \"{name}\" does not exist"))),
            }
        }
        self.drop_objects(&targets, None, cascade).await?;
        Ok(Reply::default())
    }

    /// Refuses to change a table of which the transaction has yet to check rows.
    ///
    /// # Errors
    /// `55006`
    pub(super) fn refuse_pending(&self, table: Oid, statement: &str) -> Result<(), SqlError> {
        self.with(|database| {
            let later = &database.session(self.session).transaction().checks.later;
            let catalog = database.catalog(self.session);
            let concerns = |from: Oid, key: Oid| {
                let keys = catalog.table(from).into_iter().flat_map(|table| table.foreign_keys());
                from == table || keys.filter(|(_, it)| it.oid == key).any(|(_, it)| it.table == table)
            };
            if later.iter().any(|event| concerns(event.table, event.key)) {
                let name = catalog.object(table).map(Object::name).unwrap_or_default();
                let message = format!("cannot {statement} \"{name}\" because it has pending trigger events");
                return Err(error("55006", message));
            }
            Ok(())
        })
    }
}

/// A constraint's index goes with the constraint.
fn refuse_constraint(catalog: &Catalog, index: Oid) -> Result<(), SqlError> {
    let Some(definition) = catalog.index(index) else { return Ok(()) };
    let Some(table) = catalog.table(definition.table) else { return Ok(()) };
    let Some(constraint) = table.constraints.iter().find(|constraint| constraint.index() == Some(index))
    else {
        return Ok(());
    };
    let message = format!(
        "cannot drop index {} because constraint {} on table {} requires it",
        definition.name, constraint.name, table.name
    );
    Err(error("2BP01", message))
}
