//! Executes VACUUM, ANALYZE, CLUSTER and REINDEX: their locks, and that VACUUM forgets what nobody can see.
//!
//! VACUUM and ANALYZE take one table after the other, each in a transaction of its own where they may (PostgreSQL's
//! vacuum.c); what a table's rows are is the same before and after.

use super::{Maintenance, Verb};
use crate::catalog::{Object, QualifiedName};
use crate::database::Database;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::{Oid, Tid};
use crate::locks::{Mode, Tag};
use crate::session::Block;
use drawloom_model::SqlError;
use std::rc::Rc;

impl Executor {
    pub(super) async fn maintain(&self, it: &Maintenance) -> Result<(), SqlError> {
        match it.verb {
            Verb::Vacuum => self.refuse_block("VACUUM")?,
            Verb::ReindexSchema => self.refuse_block("REINDEX SCHEMA")?,
            Verb::ReindexDatabase => self.refuse_block("REINDEX DATABASE")?,
            Verb::ReindexTable | Verb::ReindexIndex if it.is_concurrent => {
                self.refuse_block("REINDEX CONCURRENTLY")?;
                return Err(unsupported("REINDEX CONCURRENTLY"));
            }
            _ => (),
        }
        match it.verb {
            Verb::Vacuum | Verb::Analyze => self.vacuum(it).await,
            Verb::Cluster => self.cluster(it).await,
            Verb::ReindexTable | Verb::ReindexIndex => self.reindex(it).await,
            Verb::ReindexSchema | Verb::ReindexDatabase => {
                for (oid, _) in self.all_tables() {
                    self.next_transaction().await?;
                    self.lock(Tag::Relation(oid), Mode::Share, "a table's lock").await?;
                }
                Ok(())
            }
        }
    }

    async fn vacuum(&self, it: &Maintenance) -> Result<(), SqlError> {
        let targets = match it.targets.is_empty() {
            true => self.all_tables(),
            false => self.named_tables(it)?,
        };
        let own = !self.is_in_transaction();
        for (oid, name) in targets {
            if it.verb == Verb::Vacuum {
                self.next_transaction().await?;
                let mode = if it.is_full { Mode::AccessExclusive } else { Mode::ShareUpdateExclusive };
                if !self.lock_for(it, "vacuum", oid, &name, mode).await? {
                    continue;
                }
                self.await_grants(oid).await?;
                self.with(|database| forget_dead(database, oid));
            }
            if it.verb == Verb::Analyze || it.analyzes {
                if own {
                    self.next_transaction().await?;
                }
                self.lock_for(it, "analyze", oid, &name, Mode::ShareUpdateExclusive).await?;
            }
        }
        Ok(())
    }

    /// Locks a table; false if that is to be skipped, or the table is gone.
    async fn lock_for(
        &self,
        it: &Maintenance,
        verb: &str,
        oid: Oid,
        name: &str,
        mode: Mode,
    ) -> Result<bool, SqlError> {
        if self.with(|database| self.require_owner(database, oid)).is_err() {
            self.warning(format!("skipping \"{name}\" --- only table or database owner can {verb} it"));
            return Ok(false);
        }
        let tag = Tag::Relation(oid);
        if it.skips_locked {
            let taken = self.with(|database| {
                let depth = database.session(self.session).transaction().depth();
                database.locks.get_mut().try_acquire(self.session, tag, mode, depth)
            });
            if !taken {
                if !it.targets.is_empty() {
                    self.warning(format!("skipping {verb} of \"{name}\" --- lock not available"));
                }
                return Ok(false);
            }
        } else {
            self.lock(tag, mode, "a table's lock").await?;
        }
        self.with(|database| database.refresh(self.session));
        let is_there = self.table(oid).is_some();
        if !is_there && !it.targets.is_empty() {
            self.warning(format!("skipping {verb} of \"{name}\" --- relation no longer exists"));
        }
        Ok(is_there)
    }

    async fn cluster(&self, it: &Maintenance) -> Result<(), SqlError> {
        if it.targets.is_empty() {
            return self.refuse_block("CLUSTER");
        }
        for (oid, name) in self.named_tables(it)? {
            self.with(|database| self.require_owner(database, oid))?;
            self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
            self.with(|database| database.refresh(self.session));
            let Some(table) = self.table(oid) else {
                return Err(error("42P01", format!("relation \"{name}\" does not exist")));
            };
            let Some(index) = &it.index else {
                let message = format!("there is no previously clustered index for table \"{name}\"");
                return Err(error("42704", message));
            };
            let found = self.with(|database| {
                let catalog = database.catalog(self.session);
                catalog.indexes_of(oid).any(|(_, of)| of.name == *index)
            });
            if !found {
                let message = format!("index \"{index}\" for table \"{}\" does not exist", table.name);
                return Err(error("42704", message));
            }
        }
        Ok(())
    }

    async fn reindex(&self, it: &Maintenance) -> Result<(), SqlError> {
        for (oid, name) in self.named(it)? {
            self.with(|database| self.require_owner(database, oid))?;
            let object = self.with(|database| database.catalog(self.session).object(oid).cloned());
            match (it.verb, object) {
                (Verb::ReindexTable, Some(Object::Table(_))) => {
                    self.lock(Tag::Relation(oid), Mode::Share, "a table's lock").await?;
                    let indexes: Vec<Oid> = self.with(|database| {
                        database.refresh(self.session);
                        database.catalog(self.session).indexes_of(oid).map(|(oid, _)| oid).collect()
                    });
                    for index in indexes {
                        self.lock(Tag::Relation(index), Mode::AccessExclusive, "an index's lock").await?;
                    }
                }
                (Verb::ReindexIndex, Some(Object::Index(index))) => {
                    self.lock(Tag::Relation(index.table), Mode::Share, "a table's lock").await?;
                    self.lock(Tag::Relation(oid), Mode::AccessExclusive, "an index's lock").await?;
                }
                (Verb::ReindexTable, _) => {
                    return Err(error("42809", format!("\"{name}\" is not a table or materialized view")));
                }
                _ => return Err(error("42809", format!("\"{name}\" is not an index"))),
            }
        }
        Ok(())
    }

    /// Ends the transaction of the part that is over, and begins the next one's.
    async fn next_transaction(&self) -> Result<(), SqlError> {
        self.commit().await?;
        self.with(|database| database.begin(self.session, Block::Implicit));
        Ok(())
    }

    fn all_tables(&self) -> Vec<(Oid, Rc<str>)> {
        self.with(|database| {
            let objects = database.catalog(self.session).objects();
            let table = |(oid, object): (Oid, &Object)| match object {
                Object::Table(table) => Some((oid, table.name.clone())),
                _ => None,
            };
            objects.filter_map(table).collect()
        })
    }

    fn named(&self, it: &Maintenance) -> Result<Vec<(Oid, Rc<str>)>, SqlError> {
        self.with(|database| {
            let naming = &database.session(self.session).naming;
            let catalog = database.catalog(self.session);
            let one = |(schema, name): &(Option<Rc<str>>, Rc<str>)| {
                let name = QualifiedName { schema: schema.clone(), name: name.clone() };
                let (oid, object) = catalog.resolve(naming, &name)?;
                Ok((oid, object.name().clone()))
            };
            it.targets.iter().map(one).collect()
        })
    }

    fn named_tables(&self, it: &Maintenance) -> Result<Vec<(Oid, Rc<str>)>, SqlError> {
        let named = self.named(it)?;
        if it.verb == Verb::Cluster
            && let Some((_, name)) = named.iter().find(|(oid, _)| self.table(*oid).is_none())
        {
            return Err(error("42809", format!("\"{name}\" is not a table or materialized view")));
        }
        let (tables, others): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|(oid, _)| self.table(*oid).is_some());
        for (_, name) in others {
            let verb = if it.verb == Verb::Vacuum { "vacuum" } else { "analyze" };
            self.warning(format!(
                "skipping \"{name}\" --- cannot {verb} non-tables or special system tables"
            ));
        }
        Ok(tables)
    }
}

/// Forgets the versions of a table that nobody can see.
fn forget_dead(database: &mut Database, oid: Oid) {
    let horizon = database.horizon();
    let Some(table) = database.catalog.table(oid).cloned() else { return };
    let Database { files, transactions, .. } = database;
    let Some(file) = files.get_mut(&table.file) else { return };
    let tids: Vec<Tid> = file.heap.iter().map(|(tid, _)| tid).collect();
    file.prune(&tids, transactions, horizon);
}
