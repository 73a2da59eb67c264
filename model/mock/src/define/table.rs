//! CREATE TABLE.

use super::column::Owner;
use super::foreign_key::{self, deferral};
use crate::catalog::{
    Column, Constraint, ConstraintKind, Deferral, Index, Method, Naming, Object, QualifiedName, Table,
    identifier,
};
use crate::change::{Target, target};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::expression::Expr;
use crate::ids::Oid;
use crate::limit;
use crate::locks::{Mode, Tag};
use crate::session::Storage;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::collections::BTreeSet;
use std::rc::Rc;

/// How long a name may be.
const NAME_BYTES_MAX: usize = 63;

/// A table's unique constraint, before it has its index.
pub(super) struct Unique {
    pub name: Option<Rc<str>>,
    pub columns: Vec<Rc<str>>,
    pub is_primary: bool,
    pub nulls_distinct: bool,
    pub deferral: Option<Deferral>,
}

impl Executor {
    pub(super) async fn create_table(&self, create: &ast::CreateTable) -> Result<Reply, SqlError> {
        let name = QualifiedName::of(&create.name)?;
        if create.inherits.is_some() {
            return Err(unsupported("INHERITS"));
        }
        if create.unlogged {
            return Err(unsupported("CREATE UNLOGGED TABLE"));
        }
        if create.partition_by.is_some() || create.partition_of.is_some() {
            return Err(unsupported("PARTITION"));
        }
        let schema = self.table_place(&name, create.temporary, create.on_commit).await?;
        if self.is_taken(schema, &name.name, create.if_not_exists)? {
            return Ok(Reply::default());
        }
        if let Some(query) = &create.query {
            let names = create.columns.iter().map(|column| identifier(&column.name)).collect();
            return self.create_from(&name.name, schema, create.on_commit, names, query).await;
        }
        if let Some(like) = &create.like {
            return self.create_like(&name.name, schema, create.on_commit, like).await;
        }
        limit::columns(create.columns.len())?;
        let oid = self.with(|database| database.new_oid());
        let mut taken = BTreeSet::new();
        let mut unique = Vec::new();
        let mut constraints = Vec::new();
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        for definition in &create.columns {
            let column = {
                let owner = Owner { table: &name.name, schema, oid, place: columns.len() };
                self.column(owner, definition, &mut unique, &mut constraints)?
            };
            if columns.iter().any(|other: &Column| other.name == column.name) {
                return Err(error("42701", format!("column \"{}\" specified more than once", column.name)));
            }
            columns.push(column);
            for option in &definition.options {
                if let ast::ColumnOption::ForeignKey(key) = &option.option {
                    keys.push(foreign_key::of_column(&definition.name, option, key));
                }
            }
        }
        for constraint in &create.constraints {
            match constraint {
                ast::TableConstraint::ForeignKey(key) => keys.push(key.clone()),
                other => table_constraint(&name.name, other, &mut unique, &mut constraints)?,
            }
        }
        let on_commit = create.on_commit;
        let mut table = Table { name: name.name.clone(), schema, file: oid, columns, constraints, on_commit };
        let mut indexes = Vec::new();
        for unique in unique {
            indexes.push(self.unique(&mut table, oid, unique, &mut taken)?);
        }
        self.found(oid, table, indexes).await?;
        for key in &keys {
            self.add_foreign_key(oid, key, true).await?;
        }
        Ok(Reply::default())
    }

    /// Makes a table that nobody knows yet.
    ///
    /// # Errors
    /// `23505`: somebody else has just made something of its name; a default makes no sense.
    pub(super) async fn found(
        &self,
        oid: Oid,
        table: Table,
        indexes: Vec<(Oid, Index)>,
    ) -> Result<(), SqlError> {
        limit::columns(table.columns.len())?;
        self.claim_name(table.schema, &table.name).await?;
        let (columns, constraints) = (table.columns.clone(), table.constraints.clone());
        let naming = self.with(|database| {
            database.new_file(self.session, oid);
            database.define(self.session, oid, Some(Object::Table(table.into())));
            for (index, definition) in indexes {
                database.define(self.session, index, Some(Object::Index(definition.into())));
            }
            database.session(self.session).naming.clone()
        });
        self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
        for column in &columns {
            self.check_default(oid, column)?;
            self.generation(oid, column)?;
        }
        for constraint in &constraints {
            if let ConstraintKind::Check { condition } = &constraint.kind {
                self.check_condition(oid, condition)?;
            }
        }
        self.fill_indexes(&naming, oid)
    }

    /// Whether a column takes its default.
    ///
    /// # Errors
    /// It does not, or makes no sense.
    pub(super) fn check_default(&self, table: Oid, column: &Column) -> Result<Expr, SqlError> {
        let Some(default) = &column.default else { return Ok(Expr::NULL) };
        self.over(table, |binder| {
            binder.scopes.clear();
            let bound = binder.expr(default)?;
            target::assigned(binder, bound, column)
        })
        .map_err(|failure| match failure.sqlstate.as_str() {
            "42804" => error("42804", failure.message.replace("but expression", "but default expression")),
            "42703" | "42P01" => {
                error("0A000", "cannot use column reference in DEFAULT expression").at(failure.position)
            }
            _ => failure,
        })
    }

    /// A unique constraint, and the index that sees to it.
    pub(super) fn unique(
        &self,
        table: &mut Table,
        oid: Oid,
        unique: Unique,
        taken: &mut BTreeSet<Rc<str>>,
    ) -> Result<(Oid, Index), SqlError> {
        limit::index_keys(unique.columns.len())?;
        for (place, name) in unique.columns.iter().enumerate() {
            if unique.columns[..place].contains(name) {
                let kind = if unique.is_primary { "primary key" } else { "unique" };
                let message = format!("column \"{name}\" appears twice in {kind} constraint");
                return Err(error("42701", message));
            }
            let column = table.columns.iter_mut().find(|column| column.name == *name);
            let column = column
                .ok_or_else(|| error("42703", format!("column \"{name}\" named in key does not exist")))?;
            column.not_null |= unique.is_primary;
        }
        if unique.is_primary
            && table.constraints.iter().any(|other| matches!(other.kind, ConstraintKind::PrimaryKey { .. }))
        {
            let message = format!("multiple primary keys for table \"{}\" are not allowed", table.name);
            return Err(error("42P16", message));
        }
        let index = self.with(|database| database.new_oid());
        let catalog = |name: &str| {
            self.with(|database| database.catalog(self.session).relation(table.schema, name).is_some())
        };
        let is_taken = |name: &str| taken.contains(name) || catalog(name);
        let name = match unique.name {
            Some(name) if is_taken(&name) => {
                return Err(error("42P07", format!("relation \"{name}\" already exists")));
            }
            Some(name) => name,
            None if unique.is_primary => free_name(&table.name, "", "pkey", is_taken),
            None => free_name(&table.name, &unique.columns.join("_"), "key", is_taken),
        };
        taken.insert(name.clone());
        let kind = match unique.is_primary {
            true => ConstraintKind::PrimaryKey { index },
            false => ConstraintKind::Unique { index },
        };
        table.constraints.push(Constraint { name: name.clone(), kind });
        let key = |name: &Rc<str>| ast::Expr::Identifier(ast::Ident::with_quote('"', name.as_ref()));
        let keys = unique.columns.iter().map(key).collect();
        Ok((
            index,
            Index {
                name,
                schema: table.schema,
                table: oid,
                unique: true,
                nulls_distinct: unique.nulls_distinct,
                keys,
                predicate: None,
                method: Method::Btree,
                deferral: unique.deferral,
            },
        ))
    }

    /// Gives the table's indexes in the catalog their entries, where they have none.
    ///
    /// # Errors
    /// An index's expression fails.
    pub(super) fn fill_indexes(&self, naming: &Naming, oid: Oid) -> Result<(), SqlError> {
        self.with(|database| {
            let target = Target::of(database.catalog(self.session), naming, oid)?;
            let file = database.files.get_mut(&target.table.file).expect("a table has a file");
            let filled = target.fill_indexes(file)?.into_iter();
            let made = filled.map(|index| Storage { file: target.table.file, index: Some(index) });
            database.session_mut(self.session).transaction_mut().storage.extend(made);
            Ok(())
        })
    }
}

pub(super) fn table_constraint(
    table: &Rc<str>,
    constraint: &ast::TableConstraint,
    unique: &mut Vec<Unique>,
    constraints: &mut Vec<Constraint>,
) -> Result<(), SqlError> {
    match constraint {
        ast::TableConstraint::PrimaryKey(key) => unique.push(Unique {
            name: key.name.as_ref().map(identifier),
            columns: key_columns(&key.columns)?,
            is_primary: true,
            nulls_distinct: true,
            deferral: deferral(key.characteristics.as_ref())?,
        }),
        ast::TableConstraint::Unique(key) => {
            let columns = key_columns(&key.columns)?;
            unique.push(Unique {
                name: key.name.as_ref().map(identifier),
                columns,
                is_primary: false,
                nulls_distinct: key.nulls_distinct != ast::NullsDistinctOption::NotDistinct,
                deferral: deferral(key.characteristics.as_ref())?,
            });
        }
        ast::TableConstraint::Check(check) => {
            add_check(table, constraints, check.name.as_ref().map(identifier), &check.expr)?;
        }
        other => return Err(unsupported(other)),
    }
    Ok(())
}

/// A CHECK. Its usual name has the column in it if it speaks of one only.
pub(super) fn add_check(
    table: &str,
    constraints: &mut Vec<Constraint>,
    name: Option<Rc<str>>,
    condition: &ast::Expr,
) -> Result<(), SqlError> {
    let is_taken = |name: &str| constraints.iter().any(|other| *other.name == *name);
    let name = match name {
        Some(name) if is_taken(&name) => {
            let message = format!("check constraint \"{name}\" already exists");
            return Err(error("42710", message));
        }
        Some(name) => name,
        None => {
            let mut columns = BTreeSet::new();
            let _ = ast::visit_expressions(condition, |expr| {
                if let ast::Expr::Identifier(ident) = expr {
                    columns.insert(identifier(ident));
                }
                std::ops::ControlFlow::<()>::Continue(())
            });
            let column = columns.first().filter(|_| columns.len() == 1);
            free_name(table, column.map_or("", |column| column), "check", is_taken)
        }
    };
    let condition = Rc::new(condition.clone());
    constraints.push(Constraint { name, kind: ConstraintKind::Check { condition } });
    Ok(())
}

fn key_columns(columns: &[ast::IndexColumn]) -> Result<Vec<Rc<str>>, SqlError> {
    let column = |column: &ast::IndexColumn| match &column.column.expr {
        ast::Expr::Identifier(ident) => Ok(identifier(ident)),
        other => Err(unsupported(format!("{other} as a part of a key"))),
    };
    columns.iter().map(column).collect()
}

/// A name for what belongs to a table, or the name with the first number that makes it one that is free
/// (PostgreSQL's ChooseRelationName).
pub(super) fn free_name(table: &str, part: &str, label: &str, is_taken: impl Fn(&str) -> bool) -> Rc<str> {
    let numbers = std::iter::once(String::new()).chain((1..).map(|number: u32| number.to_string()));
    let mut names = numbers.map(|number| object_name(table, part, &format!("{label}{number}")));
    names.find(|name| !is_taken(name)).expect("there are more numbers than names").into()
}

/// `table_part_label`, of which the longer one of table and part is cut until it fits (makeObjectName).
fn object_name(table: &str, part: &str, label: &str) -> String {
    let joints = 1 + usize::from(!part.is_empty());
    let room = NAME_BYTES_MAX - label.len() - joints;
    let (mut first, mut second) = (table.len(), part.len());
    while first + second > room {
        if first > second { first -= 1 } else { second -= 1 }
    }
    let cut = |text: &str, mut end: usize| {
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].to_owned()
    };
    match part {
        "" => format!("{}_{label}", cut(table, first)),
        _ => format!("{}_{}_{label}", cut(table, first), cut(part, second)),
    }
}
