//! ALTER TABLE (PostgreSQL's tablecmds.c).
//!
//! ```text
//! the strongest lock that an action needs -> the actions, in PostgreSQL's order: what is dropped first, then
//! types, new columns, their properties, and constraints at the end
//! ```

use super::table::Unique;
use crate::catalog::{ConstraintKind, Index, Object, QualifiedName, Table, identifier};
use crate::database::Database;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast::{self, AlterColumnOperation as ColumnAction, AlterTableOperation as Action};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Executor {
    pub(super) async fn alter_table(&self, alter: &ast::AlterTable) -> Result<Reply, SqlError> {
        let name = QualifiedName::of(&alter.name)?;
        let found = self.with(|database| {
            database.refresh(self.session);
            database.catalog(self.session).find(&database.session(self.session).naming, &name)
        });
        if found.is_none() && alter.if_exists {
            self.notice(format!("relation \"{}\" does not exist, skipping", name.name));
            return Ok(Reply::default());
        }
        let mode = alter.operations.iter().map(lock_mode).max().unwrap_or(Mode::AccessExclusive);
        let owned = |database: &Database, oid| self.require_owner(database, oid);
        let table = self.lock_table(&name, mode, owned).await?;
        self.refuse_pending(table, "ALTER TABLE")?;
        let mut actions: Vec<&Action> = alter.operations.iter().collect();
        actions.sort_by_key(|action| pass(action));
        for action in actions {
            Box::pin(self.alter(table, action)).await?;
        }
        Ok(Reply::default())
    }

    async fn alter(&self, table: Oid, action: &Action) -> Result<(), SqlError> {
        match action {
            Action::AddConstraint { constraint, .. } if is_unique(constraint) => {
                self.await_grants(table).await?
            }
            Action::AddColumn { .. } | Action::AddConstraint { .. } => self.claim_object(table).await?,
            _ => (),
        }
        match action {
            Action::AddColumn { if_not_exists, column_def, column_position: None, .. } => {
                self.add_column(table, column_def, *if_not_exists).await
            }
            Action::DropColumn { column_names, if_exists, drop_behavior, .. } => {
                let cascades = *drop_behavior == Some(ast::DropBehavior::Cascade);
                for name in column_names {
                    self.drop_column(table, &identifier(name), *if_exists, cascades).await?;
                }
                Ok(())
            }
            Action::AlterColumn { column_name, op } => {
                self.alter_column(table, &identifier(column_name), op).await
            }
            Action::AddConstraint { constraint, not_valid } => {
                self.add_constraint(table, constraint, !not_valid).await
            }
            Action::DropConstraint { if_exists, name, drop_behavior } => {
                let cascades = *drop_behavior == Some(ast::DropBehavior::Cascade);
                self.drop_constraint(table, &identifier(name), *if_exists, cascades).await
            }
            Action::ValidateConstraint { name } => self.validate(table, &identifier(name)).await,
            Action::RenameColumn { old_column_name, new_column_name } => {
                self.rename_column(table, &identifier(old_column_name), &identifier(new_column_name))
            }
            Action::RenameConstraint { old_name, new_name } => {
                self.rename_constraint(table, &identifier(old_name), &identifier(new_name))
            }
            // How rows are kept on a disk means nothing here.
            Action::SetOptionsParens { .. } => Ok(()),
            other => Err(unsupported(format!("ALTER TABLE {other}"))),
        }
    }

    /// Changes what a table is.
    pub(super) fn redefine(&self, table: Oid, change: impl FnOnce(&mut Table)) {
        let mut definition = Table::clone(&self.table(table).expect("it is locked"));
        change(&mut definition);
        self.with(|database| database.define(self.session, table, Some(Object::Table(definition.into()))));
    }

    async fn add_constraint(
        &self,
        table: Oid,
        constraint: &ast::TableConstraint,
        validates: bool,
    ) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        if let ast::TableConstraint::ForeignKey(key) = constraint {
            return self.add_foreign_key(table, key, validates).await;
        }
        let (mut unique, mut constraints) = (Vec::new(), definition.constraints.clone());
        super::table::table_constraint(&definition.name, constraint, &mut unique, &mut constraints)?;
        for unique in unique {
            self.add_unique(table, unique)?;
        }
        let Some(added) = constraints.get(definition.constraints.len()).cloned() else { return Ok(()) };
        let ConstraintKind::Check { condition } = &added.kind else { unreachable!("only a CHECK is added") };
        self.check_condition(table, condition).map_err(SqlError::elsewhere)?;
        if validates {
            self.check_rows(table, &added.name, condition)?;
        }
        self.redefine(table, |table| table.constraints.push(added));
        Ok(())
    }

    /// Adds a primary key or a unique constraint.
    pub(super) fn add_unique(&self, table: Oid, unique: Unique) -> Result<(), SqlError> {
        let before = self.table(table).expect("it is locked");
        let mut definition = Table::clone(&before);
        let (index, entries) = self.unique(&mut definition, table, unique, &mut BTreeSet::new())?;
        let newly = definition
            .live_columns()
            .filter(|(place, column)| column.not_null && !before.columns[*place].not_null);
        for (place, _) in newly {
            self.check_not_null(table, place)?;
        }
        let naming = self.with(|database| {
            database.define(self.session, table, Some(Object::Table(definition.into())));
            database.define(self.session, index, Some(Object::Index(entries.into())));
            database.session(self.session).naming.clone()
        });
        self.fill_indexes(&naming, table)?;
        self.check_unique(table, index)
    }

    async fn drop_constraint(
        &self,
        table: Oid,
        name: &str,
        if_exists: bool,
        cascades: bool,
    ) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        let Some(constraint) = definition.constraints.iter().find(|constraint| *constraint.name == *name)
        else {
            return self.skip(missing_constraint(name, &definition), if_exists);
        };
        if let ConstraintKind::ForeignKey(key) = &constraint.kind {
            self.lock(Tag::Relation(key.table), Mode::AccessExclusive, "a table's lock").await?;
            self.with(|database| database.refresh(self.session));
        }
        if let Some(index) = constraint.index() {
            let what = format!("constraint {name} on table {}", definition.name);
            self.drop_objects(&[index], Some(&what), cascades).await?;
        }
        self.redefine(table, |table| table.constraints.retain(|constraint| *constraint.name != *name));
        Ok(())
    }

    async fn validate(&self, table: Oid, name: &str) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        let constraint = definition.constraints.iter().find(|constraint| *constraint.name == *name);
        match &constraint.ok_or_else(|| missing_constraint(name, &definition))?.kind {
            ConstraintKind::Check { condition } => self.check_rows(table, name, condition),
            ConstraintKind::ForeignKey(key) if key.is_valid => Ok(()),
            ConstraintKind::ForeignKey(key) => {
                self.lock(Tag::Relation(key.table), Mode::RowShare, "a table's lock").await?;
                self.validate_key(table, key, name).await?;
                self.redefine(table, |table| {
                    for constraint in &mut table.constraints {
                        if let ConstraintKind::ForeignKey(key) = &mut constraint.kind
                            && *constraint.name == *name
                        {
                            Rc::make_mut(key).is_valid = true;
                        }
                    }
                });
                Ok(())
            }
            ConstraintKind::PrimaryKey { .. } | ConstraintKind::Unique { .. } => {
                let message = format!(
                    "constraint \"{name}\" of relation \"{}\" is not a foreign key or check constraint",
                    definition.name
                );
                Err(error("42809", message))
            }
        }
    }

    fn rename_constraint(&self, table: Oid, old: &str, new: &Rc<str>) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        let constraint = definition.constraints.iter().find(|constraint| *constraint.name == *old);
        let constraint = constraint.ok_or_else(|| {
            let message = format!("constraint \"{old}\" for table \"{}\" does not exist", definition.name);
            error("42704", message)
        })?;
        if constraint.index().is_some() {
            self.is_taken(definition.schema, new, false)?;
        }
        if definition.constraints.iter().any(|other| other.name == *new) {
            let message = format!("constraint \"{new}\" for relation \"{}\" already exists", definition.name);
            return Err(error("42710", message));
        }
        if let Some(oid) = constraint.index() {
            self.with(|database| {
                let index = database.catalog(self.session).index(oid).expect("a constraint has its index");
                let index = Index { name: new.clone(), ..Index::clone(index) };
                database.define(self.session, oid, Some(Object::Index(index.into())));
            });
        }
        self.redefine(table, |table| {
            let named = table.constraints.iter_mut().find(|constraint| *constraint.name == *old);
            named.expect("it has just been found").name = new.clone();
        });
        Ok(())
    }
}

fn missing_constraint(name: &str, table: &Table) -> SqlError {
    let message = format!("constraint \"{name}\" of relation \"{}\" does not exist", table.name);
    error("42704", message)
}

fn is_unique(constraint: &ast::TableConstraint) -> bool {
    matches!(constraint, ast::TableConstraint::PrimaryKey(_) | ast::TableConstraint::Unique(_))
}

/// How an action locks the table (PostgreSQL's AlterTableGetLockLevel).
fn lock_mode(action: &Action) -> Mode {
    match action {
        Action::AddConstraint { constraint: ast::TableConstraint::ForeignKey(_), .. } => {
            Mode::ShareRowExclusive
        }
        Action::ValidateConstraint { .. } | Action::SetOptionsParens { .. } => Mode::ShareUpdateExclusive,
        _ => Mode::AccessExclusive,
    }
}

/// When an action comes (PostgreSQL's AT_PASS_*).
fn pass(action: &Action) -> u8 {
    match action {
        Action::DropColumn { .. } | Action::DropConstraint { .. } => 0,
        Action::AlterColumn { op: ColumnAction::DropNotNull, .. } => 0,
        Action::AlterColumn { op: ColumnAction::SetDataType { .. }, .. } => 1,
        Action::AddColumn { .. } => 2,
        Action::AlterColumn { .. } => 3,
        Action::AddConstraint { constraint, .. } if is_unique(constraint) => 4,
        Action::AddConstraint { .. } => 5,
        _ => 6,
    }
}
