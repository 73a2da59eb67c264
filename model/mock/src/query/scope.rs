//! The names that an expression can speak of.

use crate::error::error;
use crate::expression::Expr;
use crate::ids::Oid;
use crate::types::Type;
use drawloom_model::SqlError;
use std::rc::Rc;

/// The names of a FROM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    pub relations: Vec<Relation>,
    /// The columns as `*` gives them, and as they are found by their names alone: a join by USING has made one of two.
    pub columns: Vec<Column>,
    /// How many values a row has.
    pub width: usize,
}

/// A source of FROM, by the name that it goes by.
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    pub name: Rc<str>,
    pub columns: Vec<Named>,
    /// The table that it is, and the place of its version's number in a row.
    pub table: Option<(Oid, usize)>,
    /// Its columns are found by their full names only.
    pub is_hidden: bool,
    pub origin: Origin,
}

/// What a source of FROM is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Table,
    /// One of PostgreSQL's own tables.
    System,
    /// A view or a subquery, whose tables are further in.
    Query,
    Other,
}

/// A column that has a name.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub name: Rc<str>,
    pub ty: Type,
    /// Its place in a row.
    pub slot: usize,
}

/// A column of a FROM, or one instead of two.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub name: Rc<str>,
    pub ty: Type,
    pub expr: Expr,
}

impl Scope {
    /// The column of this name, if there is one.
    ///
    /// # Errors
    /// `42702`: there are several.
    pub fn column(&self, name: &str) -> Result<Option<&Column>, SqlError> {
        let mut found = self.columns.iter().filter(|column| *column.name == *name);
        let first = found.next();
        if found.next().is_some() {
            return Err(error("42702", format!("column reference \"{name}\" is ambiguous")));
        }
        Ok(first)
    }

    /// The source of this name.
    pub fn relation(&self, name: &str) -> Option<&Relation> {
        self.relations.iter().find(|relation| *relation.name == *name)
    }

    /// Adds a source at the end of the row.
    ///
    /// # Errors
    /// `42712`: the name is taken.
    pub fn add(&mut self, relation: Relation, width: usize) -> Result<(), SqlError> {
        if self.relation(&relation.name).is_some() {
            let message = format!("table name \"{}\" specified more than once", relation.name);
            return Err(error("42712", message));
        }
        if !relation.is_hidden {
            self.columns.extend(relation.columns.iter().map(Named::column));
        }
        self.relations.push(relation);
        self.width += width;
        Ok(())
    }

    /// The name of the column at this place of a row, with its relation's.
    pub fn name_of(&self, slot: usize) -> Option<String> {
        let named = self.relations.iter().find_map(|relation| {
            let column = relation.columns.iter().find(|column| column.slot == slot)?;
            Some(format!("{}.{}", relation.name, column.name))
        });
        let number = |relation: &&Relation| relation.table.is_some_and(|(_, number)| number == slot);
        named.or_else(|| Some(format!("{}.ctid", self.relations.iter().find(number)?.name)))
    }
}

impl Named {
    /// As a column of the scope.
    pub fn column(&self) -> Column {
        Column { name: self.name.clone(), ty: self.ty, expr: Expr::Column(self.slot) }
    }
}

impl Relation {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Named> {
        self.columns.iter().find(|column| *column.name == *name)
    }
}
