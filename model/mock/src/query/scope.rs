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
    /// The columns that a join by USING made one of two.
    pub merged: Vec<Merged>,
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
}

/// A column that has a name.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub name: Rc<str>,
    pub ty: Type,
    /// Its place in a row.
    pub slot: usize,
}

/// One column instead of two.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    pub name: Rc<str>,
    pub ty: Type,
    pub expr: Expr,
    /// The places of those that it stands for.
    pub slots: [usize; 2],
}

impl Scope {
    /// The column of this name, if there is one.
    ///
    /// # Errors
    /// `42702`: there are several.
    pub fn column(&self, name: &str) -> Result<Option<(Expr, Type)>, SqlError> {
        let merged = self.merged.iter().rev().find(|merged| *merged.name == *name);
        let hidden = |slot: usize| self.merged.iter().any(|merged| merged.slots.contains(&slot));
        let all = self
            .relations
            .iter()
            .filter(|relation| !relation.is_hidden)
            .flat_map(|relation| &relation.columns);
        let mut found =
            all.filter(|column| *column.name == *name && !(merged.is_some() && hidden(column.slot)));
        let first = match merged {
            Some(merged) => Some((merged.expr.clone(), merged.ty)),
            None => found.next().map(|column| (Expr::Column(column.slot), column.ty)),
        };
        if first.is_some() && found.next().is_some() {
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
        self.relations.push(relation);
        self.width += width;
        Ok(())
    }

    /// All columns, in their order, those that were made one of two first.
    pub fn all(&self) -> Vec<(Rc<str>, Expr, Type)> {
        let merged = self.merged.iter().map(|merged| (merged.name.clone(), merged.expr.clone(), merged.ty));
        let hidden = |slot: usize| self.merged.iter().any(|merged| merged.slots.contains(&slot));
        let single = self.relations.iter().flat_map(|relation| &relation.columns);
        let single = single.filter(|column| !hidden(column.slot));
        merged
            .chain(single.map(|column| (column.name.clone(), Expr::Column(column.slot), column.ty)))
            .collect()
    }
}

impl Relation {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Named> {
        self.columns.iter().find(|column| *column.name == *name)
    }
}
