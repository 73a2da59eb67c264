//! What the catalog holds.

use super::{Role, View};
use crate::ids::Oid;
use crate::system::System;
use crate::types::{Modifier, Type};
use sqlparser::ast;
use std::rc::Rc;

/// Something with a number and a name.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Object {
    Schema(Rc<Schema>),
    Table(Rc<Table>),
    Index(Rc<Index>),
    Sequence(Rc<Sequence>),
    View(Rc<View>),
    /// One of PostgreSQL's own tables.
    System(&'static System),
    Role(Rc<Role>),
    Database(Rc<str>),
}

/// PostgreSQL's table of schemas, whose names are different.
pub(crate) const SCHEMAS: Oid = Oid(2615);

/// PostgreSQL's table of roles.
pub(crate) const ROLES: Oid = Oid(1260);

/// PostgreSQL's table of databases.
pub(crate) const DATABASES: Oid = Oid(1262);

/// A schema.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Schema {
    pub name: Rc<str>,
}

/// A table.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Table {
    pub name: Rc<str>,
    pub schema: Oid,
    /// Where its rows are: TRUNCATE, and what rewrites a table, gives it another one.
    pub file: Oid,
    /// Every column that it ever had: a row has a value for each that there was when it was written.
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    /// What becomes of a temporary table's rows, or of itself, at COMMIT.
    pub on_commit: Option<ast::OnCommit>,
}

/// A column.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Column {
    pub name: Rc<str>,
    pub ty: Type,
    pub modifier: Option<Modifier>,
    pub not_null: bool,
    pub default: Option<Rc<ast::Expr>>,
    pub generated: Option<Generated>,
    /// What it is in rows that were written before there was this column, as text.
    pub missing: Option<Rc<str>>,
    pub is_dropped: bool,
}

/// A column whose values are not just what a statement says.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Generated {
    /// From a sequence, and from nowhere else.
    Always,
    /// From a sequence, if the statement does not say.
    ByDefault,
    /// Worked out from the row's other values.
    Stored(Rc<ast::Expr>),
}

impl Column {
    /// Whether a statement may give it a value.
    pub fn is_fixed(&self) -> bool {
        matches!(self.generated, Some(Generated::Always | Generated::Stored(_)))
    }

    /// Whether it is worked out from the others.
    pub fn is_stored(&self) -> bool {
        matches!(self.generated, Some(Generated::Stored(_)))
    }
}

/// A table's constraint.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Constraint {
    pub name: Rc<str>,
    pub kind: ConstraintKind,
}

/// What a constraint demands.
#[derive(Clone, Debug, Hash)]
pub(crate) enum ConstraintKind {
    /// The index sees to it.
    PrimaryKey {
        index: Oid,
    },
    /// The index sees to it.
    Unique {
        index: Oid,
    },
    Check {
        condition: Rc<ast::Expr>,
    },
    ForeignKey(Rc<Key>),
}

/// A foreign key.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Key {
    /// Its number: who was made first is checked first.
    pub oid: Oid,
    /// The columns that refer.
    pub columns: Vec<usize>,
    /// To which table.
    pub table: Oid,
    /// To which of its columns.
    pub referenced: Vec<usize>,
    /// The unique index over them.
    pub index: Oid,
    /// `None` is NO ACTION.
    pub on_delete: Option<ast::ReferentialAction>,
    pub on_update: Option<ast::ReferentialAction>,
    /// Either all of the columns are NULL or none (MATCH FULL).
    pub match_full: bool,
    pub deferral: Option<Deferral>,
    /// Whether the rows that there were have been checked.
    pub is_valid: bool,
}

/// An index.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Index {
    pub name: Rc<str>,
    pub schema: Oid,
    pub table: Oid,
    pub unique: bool,
    /// Whether a key with a NULL is like no other.
    pub nulls_distinct: bool,
    /// What it is over, on the table's row.
    pub keys: Vec<ast::Expr>,
    /// Only the rows where this holds.
    pub predicate: Option<ast::Expr>,
    pub method: Method,
    pub deferral: Option<Deferral>,
}

/// When a constraint is checked that SET CONSTRAINTS may put off; others are checked at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Deferral {
    /// `DEFERRABLE INITIALLY IMMEDIATE`: after each statement.
    Immediate,
    /// `DEFERRABLE INITIALLY DEFERRED`: at COMMIT.
    Deferred,
}

/// How an index finds its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    Btree,
    Hash,
}

/// A sequence.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Sequence {
    pub name: Rc<str>,
    pub schema: Oid,
    /// Where its value is: what ALTER SEQUENCE changes gets another one.
    pub file: Oid,
    /// `smallint`, `integer` or `bigint`
    pub ty: Type,
    pub start: i64,
    pub increment: i64,
    pub least: i64,
    pub greatest: i64,
    pub cycle: bool,
    /// The table and column whose end is its end.
    pub owner: Option<(Oid, usize)>,
}

impl Object {
    pub fn name(&self) -> Rc<str> {
        match self {
            Object::Schema(schema) => schema.name.clone(),
            Object::Table(table) => table.name.clone(),
            Object::Index(index) => index.name.clone(),
            Object::Sequence(sequence) => sequence.name.clone(),
            Object::View(view) => view.name.clone(),
            Object::System(system) => system.name.into(),
            Object::Role(role) => role.name.clone(),
            Object::Database(name) => name.clone(),
        }
    }

    /// The schema that it is in, if it is in one.
    pub fn place(&self) -> Option<Oid> {
        match self {
            Object::Schema(_) | Object::Role(_) | Object::Database(_) => None,
            Object::Table(table) => Some(table.schema),
            Object::Index(index) => Some(index.schema),
            Object::Sequence(sequence) => Some(sequence.schema),
            Object::View(view) => Some(view.schema),
            Object::System(system) => Some(system.schema),
        }
    }

    /// Where its name is the only one.
    pub fn space(&self) -> Oid {
        match self {
            Object::Schema(_) => SCHEMAS,
            Object::Role(_) => ROLES,
            Object::Database(_) => DATABASES,
            other => other.place().expect("every relation is in a schema"),
        }
    }

    /// What it is called in errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Object::Schema(_) => "schema",
            Object::Table(_) => "table",
            Object::Index(_) => "index",
            Object::Sequence(_) => "sequence",
            Object::View(view) if view.materialized.is_some() => "materialized view",
            Object::View(_) => "view",
            Object::System(system) if system.is_view => "view",
            Object::System(_) => "table",
            Object::Role(_) => "role",
            Object::Database(_) => "database",
        }
    }
}

impl Constraint {
    /// The index that sees to it.
    pub fn index(&self) -> Option<Oid> {
        match self.kind {
            ConstraintKind::PrimaryKey { index } | ConstraintKind::Unique { index } => Some(index),
            ConstraintKind::Check { .. } | ConstraintKind::ForeignKey(_) => None,
        }
    }
}

impl Key {
    /// What is done about rows that refer to a key that is left, by an update or else by a delete.
    pub fn action(&self, is_update: bool) -> Option<ast::ReferentialAction> {
        if is_update { self.on_update } else { self.on_delete }
    }
}

impl Table {
    /// Its foreign keys, and their names.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&Rc<str>, &Rc<Key>)> {
        self.constraints.iter().filter_map(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) => Some((&constraint.name, key)),
            _ => None,
        })
    }

    /// The column of this name, and its place in a row.
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.live_columns().find(|(_, column)| *column.name == *name)
    }

    /// The columns that it has now, and their places in a row.
    pub fn live_columns(&self) -> impl Iterator<Item = (usize, &Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| !column.is_dropped)
    }
}
