//! DROP TABLE and DROP INDEX, and what depends on what is dropped (PostgreSQL's dependency.c).

use crate::catalog::{Catalog, ConstraintKind, Object, PG_TEMP, QualifiedName, Table, View};
use crate::error::error;
use crate::executor::Executor;
use crate::expression::Binder;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::collections::BTreeSet;
use std::rc::Rc;

impl Executor {
    pub(super) async fn drop_tables(
        &self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Reply, SqlError> {
        let mut dropped = BTreeSet::new();
        for name in names {
            let name = QualifiedName::of(name)?;
            if let Some(oid) = self.find_to_drop(&name, "table", if_exists).await? {
                self.refuse_pending(oid, "DROP TABLE")?;
                dropped.insert(oid);
            }
        }
        let keys = self.keys_to(&dropped);
        let views = self.views_over(&dropped);
        if !cascade && (!keys.is_empty() || !views.is_empty()) {
            let message = match self.with(|database| only_name(database.catalog(self.session), &dropped)) {
                Some(name) => format!("cannot drop table {name} because other objects depend on it"),
                None => "cannot drop desired object(s) because other objects depend on them".to_owned(),
            };
            return Err(error("2BP01", message));
        }
        self.drop_keys(&keys).await?;
        for view in &views {
            self.lock(Tag::Relation(*view), Mode::AccessExclusive, "a view's lock").await?;
        }
        self.with(|database| {
            database.refresh(self.session);
            views.iter().for_each(|view| database.define(self.session, *view, None));
            for table in dropped {
                for part in belongings(database.catalog(self.session), table) {
                    database.define(self.session, part, None);
                }
            }
        });
        Ok(Reply::default())
    }

    pub(super) async fn drop_indexes(
        &self,
        names: &[ast::ObjectName],
        if_exists: bool,
        cascade: bool,
    ) -> Result<Reply, SqlError> {
        for name in names {
            let name = QualifiedName::of(name)?;
            let table = self.with(|database| {
                let naming = &database.session(self.session).naming;
                let catalog = database.catalog(self.session);
                Some(catalog.index(catalog.find(naming, &name)?)?.table)
            });
            // The table comes first, as everywhere.
            if let Some(table) = table {
                self.lock(Tag::Relation(table), Mode::AccessExclusive, "a table's lock").await?;
            }
            let Some(oid) = self.find_to_drop(&name, "index", if_exists).await? else { continue };
            self.with(|database| refuse_constraint(database.catalog(self.session), oid))?;
            self.drop_index(oid, &format!("index {}", name.name), cascade).await?;
        }
        Ok(Reply::default())
    }

    /// Drops an index, unless foreign keys need it.
    ///
    /// # Errors
    /// `2BP01`: they do.
    pub(super) async fn drop_index(&self, index: Oid, what: &str, cascade: bool) -> Result<(), SqlError> {
        let keys = self.with(|database| {
            let catalog = database.catalog(self.session);
            let Some(table) = catalog.index(index).map(|index| index.table) else { return Vec::new() };
            let over = catalog.references_to(table).filter(|(_, key)| key.index == index);
            over.map(|(table, key)| (table, key.oid)).collect()
        });
        if !keys.is_empty() && !cascade {
            let message = format!("cannot drop {what} because other objects depend on it");
            return Err(error("2BP01", message));
        }
        self.drop_keys(&keys).await?;
        self.with(|database| database.define(self.session, index, None));
        Ok(())
    }

    /// The relation of this name, locked, if there is one that may be missing.
    async fn find_to_drop(
        &self,
        name: &QualifiedName,
        kind: &str,
        if_exists: bool,
    ) -> Result<Option<Oid>, SqlError> {
        let find = || {
            self.with(|database| {
                database.refresh(self.session);
                let naming = &database.session(self.session).naming;
                let catalog = database.catalog(self.session);
                let oid = catalog.find(naming, name)?;
                Some((oid, catalog.object(oid)?.clone()))
            })
        };
        loop {
            let oid = match find() {
                Some((oid, object)) if object.kind() == kind => oid,
                Some((_, other)) => {
                    let article = if kind == "index" { "an" } else { "a" };
                    return Err(error("42809", format!("\"{}\" is not {article} {kind}", other.name())));
                }
                None if if_exists => {
                    self.notice(format!("{kind} \"{}\" does not exist, skipping", name.name));
                    return Ok(None);
                }
                None if self.with(|database| lacks_schema(database.catalog(self.session), name)) => {
                    let schema = name.schema.as_deref().unwrap_or_default();
                    return Err(error("3F000", format!("schema \"{schema}\" does not exist")));
                }
                None => return Err(error("42P01", format!("{kind} \"{}\" does not exist", name.name))),
            };
            self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
            // Somebody may have dropped it meanwhile, or made another one of that name.
            if find().is_some_and(|(found, _)| found == oid) {
                return Ok(Some(oid));
            }
        }
    }

    /// The foreign keys of other tables to these: who has them, and their numbers.
    fn keys_to(&self, tables: &BTreeSet<Oid>) -> Vec<(Oid, Oid)> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let keys = tables.iter().flat_map(|table| catalog.references_to(*table));
            let others = keys.filter(|(from, _)| !tables.contains(from));
            others.map(|(from, key)| (from, key.oid)).collect()
        })
    }

    /// The views that read these, themselves or by way of other views.
    fn views_over(&self, tables: &BTreeSet<Oid>) -> Vec<Oid> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let naming = &database.session(self.session).naming;
            let reads = |view: &View| {
                let mut binder = Binder::new(catalog, naming);
                // One that can no longer be bound reads nothing.
                let _ = binder.query(&view.query);
                binder.uses.iter().any(|(oid, _)| tables.contains(oid))
            };
            let views = catalog.objects().filter(|(_, object)| match object {
                Object::View(view) => reads(view),
                _ => false,
            });
            views.map(|(oid, _)| oid).collect()
        })
    }

    /// Drops foreign keys.
    async fn drop_keys(&self, keys: &[(Oid, Oid)]) -> Result<(), SqlError> {
        for (table, key) in keys {
            self.lock(Tag::Relation(*table), Mode::AccessExclusive, "a table's lock").await?;
            self.with(|database| {
                database.refresh(self.session);
                let Some(definition) = database.catalog(self.session).table(*table) else { return };
                let mut definition = Table::clone(definition);
                definition.constraints.retain(|constraint| match &constraint.kind {
                    ConstraintKind::ForeignKey(other) => other.oid != *key,
                    _ => true,
                });
                database.define(self.session, *table, Some(Object::Table(definition.into())));
            });
        }
        Ok(())
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
                let name = catalog.object(table).map_or("", |table| &**table.name());
                let message = format!("cannot {statement} \"{name}\" because it has pending trigger events");
                return Err(error("55006", message));
            }
            Ok(())
        })
    }
}

fn lacks_schema(catalog: &Catalog, name: &QualifiedName) -> bool {
    name.schema.as_ref().is_some_and(|schema| catalog.schema(schema).is_none() && **schema != *PG_TEMP)
}

/// A table, and what goes with it.
pub(super) fn belongings(catalog: &Catalog, table: Oid) -> Vec<Oid> {
    let belongs = |object: &Object| match object {
        Object::Index(index) => index.table == table,
        Object::Sequence(sequence) => sequence.owner.is_some_and(|(owner, _)| owner == table),
        _ => false,
    };
    let parts = catalog.objects().filter(|(_, object)| belongs(object)).map(|(oid, _)| oid);
    parts.chain([table]).collect()
}

fn only_name(catalog: &Catalog, tables: &BTreeSet<Oid>) -> Option<Rc<str>> {
    let table = tables.first().filter(|_| tables.len() == 1)?;
    catalog.object(*table).map(|table| table.name().clone())
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
