//! ALTER TABLE, as far as it is about columns.

use super::column::Owner;
use super::foreign_key;
use super::rewrite::Rewrite;
use crate::catalog::{Column, ConstraintKind, Generated, Index, Object, Table, identifier};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::expression::Binder;
use crate::ids::Oid;
use crate::limit;
use crate::query::column_of;
use crate::types::{self, Scalar, cast};
use drawloom_model::SqlError;
use sqlparser::ast::{self, AlterColumnOperation as ColumnAction};
use std::ops::ControlFlow;
use std::rc::Rc;

impl Executor {
    /// ADD COLUMN. Rows that there are get the default as it is now, or one each if it is never the same.
    pub(super) async fn add_column(
        &self,
        table: Oid,
        definition: &ast::ColumnDef,
        if_not_exists: bool,
    ) -> Result<(), SqlError> {
        let before = self.table(table).expect("it is locked");
        let name = identifier(&definition.name);
        if before.column(&name).is_some() {
            let message = format!("column \"{name}\" of relation \"{}\" already exists", before.name);
            if if_not_exists {
                self.notice(format!("{message}, skipping"));
                return Ok(());
            }
            return Err(error("42701", message));
        }
        let (mut unique, mut constraints) = (Vec::new(), before.constraints.clone());
        let owner =
            Owner { table: &before.name, schema: before.schema, oid: table, place: before.columns.len() };
        let column = self.column(owner, definition, &mut unique, &mut constraints)?;
        let added = constraints.split_off(before.constraints.len());
        let place = before.columns.len();
        limit::columns(before.live_columns().count() + 1)?;
        let value = self.check_default(table, &column).map_err(SqlError::elsewhere)?;
        let generated = self.generation(table, &column).map_err(SqlError::elsewhere)?;
        let is_rewritten = generated.is_some() || column.default.as_deref().is_some_and(is_volatile);
        let value = generated.unwrap_or(value);
        if is_rewritten {
            let rows = self.rows_of(table)?;
            let mut definition = Table::clone(&before);
            definition.columns.push(column.clone());
            self.rewrite(table, definition, rows, &Rewrite { values: vec![(place, value)] }).await?;
        } else {
            let reader = self.reader();
            let value = self.read(reader, &[], |cx| value.evaluate(cx, &[])).await?;
            let missing = (!value.is_null()).then(|| types::output(&value, column.ty).into());
            self.redefine(table, |table| table.columns.push(Column { missing, ..column.clone() }));
        }
        if column.not_null {
            self.check_not_null(table, place)?;
        }
        for constraint in added {
            if let ConstraintKind::Check { condition } = &constraint.kind {
                self.check_condition(table, condition).map_err(SqlError::elsewhere)?;
                self.check_rows(table, &constraint.name, condition)?;
            }
            self.redefine(table, |table| table.constraints.push(constraint));
        }
        for unique in unique {
            self.add_unique(table, unique)?;
        }
        for option in &definition.options {
            if let ast::ColumnOption::ForeignKey(key) = &option.option {
                let key = foreign_key::of_column(&definition.name, option, key);
                self.add_foreign_key(table, &key, true).await?;
            }
        }
        Ok(())
    }

    /// DROP COLUMN: the indexes and constraints over it go too.
    pub(super) async fn drop_column(
        &self,
        table: Oid,
        name: &Rc<str>,
        if_exists: bool,
        cascades: bool,
    ) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        let Some((place, _)) = definition.column(name) else {
            return self.skip(missing_column(name, &definition), if_exists);
        };
        let indexes: Vec<Oid> = self.with(|database| {
            let over = |index: &Index| {
                let mut all = index.keys.iter().chain(&index.predicate);
                all.any(|key| names(key).contains(name))
            };
            let indexes = database.catalog(self.session).indexes_of(table);
            indexes.filter(|(_, index)| over(index)).map(|(oid, _)| oid).collect()
        });
        let follows = |column: &Column| match &column.generated {
            Some(Generated::Stored(value)) => names(value).contains(name),
            _ => false,
        };
        let following: Vec<Rc<str>> = definition
            .live_columns()
            .filter(|(other, column)| *other != place && follows(column))
            .map(|(_, column)| column.name.clone())
            .collect();
        let is_viewed = self.is_viewed(table, place);
        if is_viewed && cascades {
            return Err(unsupported("DROP COLUMN CASCADE of what a view reads"));
        }
        if (!following.is_empty() || is_viewed) && !cascades {
            let message = format!(
                "cannot drop column {name} of table {} because other objects depend on it",
                definition.name
            );
            return Err(error("2BP01", message));
        }
        for other in following {
            Box::pin(self.drop_column(table, &other, true, true)).await?;
        }
        for index in &indexes {
            let what = format!("column {name} of table {}", definition.name);
            self.drop_objects(&[*index], Some(&what), cascades).await?;
        }
        let sequences: Vec<Oid> = self.with(|database| {
            let objects = database.catalog(self.session).objects();
            let owned = objects.filter(|(_, object)| match object {
                Object::Sequence(sequence) => sequence.owner == Some((table, place)),
                _ => false,
            });
            owned.map(|(oid, _)| oid).collect()
        });
        self.redefine(table, |table| {
            table.constraints.retain(|constraint| match &constraint.kind {
                ConstraintKind::Check { condition } => !names(condition).contains(name),
                ConstraintKind::ForeignKey(key) => !key.columns.contains(&place),
                _ => constraint.index().is_none_or(|index| !indexes.contains(&index)),
            });
            let column = &mut table.columns[place];
            (column.is_dropped, column.not_null, column.default) = (true, false, None);
            column.generated = None;
        });
        self.with(|database| {
            sequences.into_iter().for_each(|sequence| database.define(self.session, sequence, None));
        });
        Ok(())
    }

    /// Whether a view reads a column: without it, the view is no longer what it is.
    fn is_viewed(&self, table: Oid, place: usize) -> bool {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let Some(definition) = catalog.table(table) else { return false };
            let mut definition = Table::clone(definition);
            definition.columns[place].is_dropped = true;
            let mut without = catalog.clone();
            without.put(table, Object::Table(definition.into()));
            let naming = &database.session(self.session).naming;
            catalog.objects().any(|(_, object)| match object {
                Object::View(view) if view.uses.contains(&table) => {
                    let bound = Binder::new(&without, naming).query(&view.query);
                    !bound.is_ok_and(|query| query.columns.len() == view.columns.len())
                }
                _ => false,
            })
        })
    }

    pub(super) async fn alter_column(
        &self,
        table: Oid,
        name: &Rc<str>,
        action: &ColumnAction,
    ) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        let (place, column) = definition.column(name).ok_or_else(|| missing_column(name, &definition))?;
        match action {
            ColumnAction::SetNotNull => {
                self.check_not_null(table, place)?;
                self.redefine(table, |table| table.columns[place].not_null = true);
            }
            ColumnAction::DropNotNull => {
                let primary = definition.constraints.iter().find_map(|constraint| match constraint.kind {
                    ConstraintKind::PrimaryKey { index } => Some(index),
                    _ => None,
                });
                let is_primary = primary.is_some_and(|index| {
                    self.with(|database| {
                        let index = database.catalog(self.session).index(index);
                        let mut keys = index.into_iter().flat_map(|index| &index.keys);
                        keys.any(|key| column_of(&definition, key) == Some(place))
                    })
                });
                if is_primary {
                    return Err(error("42P16", format!("column \"{name}\" is in a primary key")));
                }
                self.redefine(table, |table| table.columns[place].not_null = false);
            }
            ColumnAction::SetDefault { value } => {
                let default = Some(self.settled(value));
                self.check_default(table, &Column { default: default.clone(), ..column.clone() })
                    .map_err(SqlError::elsewhere)?;
                self.redefine(table, |table| table.columns[place].default = default);
            }
            ColumnAction::DropDefault => self.redefine(table, |table| table.columns[place].default = None),
            ColumnAction::SetDataType { data_type, using, .. } => {
                self.set_type(table, place, data_type, using.as_ref()).await?;
            }
            ColumnAction::AddGenerated { .. } => return Err(unsupported("ADD GENERATED")),
        }
        Ok(())
    }

    /// ALTER COLUMN TYPE.
    async fn set_type(
        &self,
        table: Oid,
        place: usize,
        data_type: &ast::DataType,
        using: Option<&ast::Expr>,
    ) -> Result<(), SqlError> {
        let (ty, modifier) = types::name::parse(data_type).map_err(SqlError::elsewhere)?;
        if self.is_viewed(table, place) {
            return Err(error("0A000", "cannot alter type of a column used by a view or rule"));
        }
        let before = self.table(table).expect("it is locked");
        let uses = |column: &Column| match &column.generated {
            Some(Generated::Stored(value)) => names(value).contains(&before.columns[place].name),
            _ => false,
        };
        if before.live_columns().any(|(_, column)| uses(column)) {
            return Err(error("0A000", "cannot alter type of a column used by a generated column"));
        }
        let mut definition = Table::clone(&self.table(table).expect("it is locked"));
        let column = &mut definition.columns[place];
        let (name, from) = (column.name.clone(), column.ty);
        (column.ty, column.modifier) = (ty, modifier);
        let converts = |from| {
            cast::find(from, ty).is_some_and(|cast| cast.context <= cast::Context::Assignment) || from == ty
        };
        if using.is_none() && !converts(from) {
            return Err(error(
                "42804",
                format!("column \"{name}\" cannot be cast automatically to type {ty}"),
            ));
        }
        let column = column.clone();
        let value = self.over(table, |binder| {
            let own = ast::Expr::Identifier(ast::Ident::with_quote('"', name.as_ref()));
            let bound =
                binder.in_clause("transform expressions", |binder| binder.expr(using.unwrap_or(&own)))?;
            if !converts(bound.ty) && bound.ty != types::Type::of(Scalar::Unknown) {
                let message = format!(
                    "result of USING clause for column \"{name}\" cannot be cast automatically to type {ty}"
                );
                return Err(error("42804", message));
            }
            binder.assign(bound, ty, column.modifier)
        })?;
        self.check_default(table, &column).map_err(|_| {
            error("42804", format!("default for column \"{name}\" cannot be cast automatically to type {ty}"))
        })?;
        let rows = self.rows_of(table)?;
        self.rewrite(table, definition, rows, &Rewrite { values: vec![(place, value)] }).await
    }

    pub(super) fn rename_column(&self, table: Oid, old: &Rc<str>, new: &Rc<str>) -> Result<(), SqlError> {
        let definition = self.table(table).expect("it is locked");
        let Some((place, _)) = definition.column(old) else {
            return Err(error("42703", format!("column \"{old}\" does not exist")));
        };
        if definition.column(new).is_some() {
            let message = format!("column \"{new}\" of relation \"{}\" already exists", definition.name);
            return Err(error("42701", message));
        }
        self.with(|database| {
            let indexes = database.catalog(self.session).indexes_of(table);
            let indexes: Vec<(Oid, Index)> = indexes.map(|(oid, index)| (oid, Index::clone(index))).collect();
            for (oid, mut index) in indexes {
                index.keys.iter_mut().chain(&mut index.predicate).for_each(|key| rename(key, old, new));
                database.define(self.session, oid, Some(Object::Index(index.into())));
            }
        });
        self.redefine(table, |table| {
            table.columns[place].name = new.clone();
            for column in &mut table.columns {
                if let Some(Generated::Stored(value)) = &mut column.generated {
                    rename(Rc::make_mut(value), old, new);
                }
            }
            for constraint in &mut table.constraints {
                if let ConstraintKind::Check { condition } = &mut constraint.kind {
                    rename(Rc::make_mut(condition), old, new);
                }
            }
        });
        Ok(())
    }
}

fn missing_column(name: &str, table: &Table) -> SqlError {
    error("42703", format!("column \"{name}\" of relation \"{}\" does not exist", table.name))
}

/// The columns that an expression over one table speaks of.
pub(super) fn names(expr: &ast::Expr) -> Vec<Rc<str>> {
    let mut names = Vec::new();
    let _ = ast::visit_expressions(expr, |expr| {
        match expr {
            ast::Expr::Identifier(ident) => names.push(identifier(ident)),
            ast::Expr::CompoundIdentifier(parts) => names.extend(parts.last().map(identifier)),
            _ => (),
        }
        ControlFlow::<()>::Continue(())
    });
    names
}

fn rename(expr: &mut ast::Expr, old: &str, new: &str) {
    let _ = ast::visit_expressions_mut(expr, |expr| {
        let ident = match expr {
            ast::Expr::Identifier(ident) => Some(ident),
            ast::Expr::CompoundIdentifier(parts) => parts.last_mut(),
            _ => None,
        };
        if let Some(ident) = ident.filter(|ident| *identifier(ident) == *old) {
            *ident = ast::Ident::with_quote('"', new);
        }
        ControlFlow::<()>::Continue(())
    });
}

/// Whether it is another value each time.
fn is_volatile(expr: &ast::Expr) -> bool {
    const VOLATILE: [&str; 5] = ["nextval", "random", "clock_timestamp", "gen_random_uuid", "setval"];
    let found = ast::visit_expressions(expr, |expr| match expr {
        ast::Expr::Function(function) if VOLATILE.contains(&&*function.name.to_string().to_lowercase()) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
