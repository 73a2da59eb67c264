//! A table as the statement that made it says: its columns, its keys, and what it refers to.

use super::inventory::is_understood;
use super::text::{name, single};
use sqlparser::ast::{
    ColumnDef, ColumnOption, CreateTable, DataType, Expr, ForeignKeyConstraint, IndexColumn, TableConstraint,
    UnaryOperator,
};
use std::collections::BTreeSet;

/// What is known of a table.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of any key that must be unique: changing one looks at other rows.
    pub keys: BTreeSet<String>,
    /// The columns of any foreign key, and the tables that those refer to.
    pub referring: BTreeSet<String>,
    pub parents: BTreeSet<String>,
    /// A default is more than a literal: it may look at the clock or at chance.
    pub computes_defaults: bool,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub name: String,
    pub values: Option<Values>,
}

/// Constants of which two different ones are never both equal to what a row has in the column.
///
/// An INTEGER column compares a whole number as it is, and a row equals at most one; but `'1'` and `1.0` equal
/// 1 there. A TEXT column, compared byte by byte, makes text of what it is compared with; so `'1'` and `'01'`
/// differ there, but 1 equals `'1'`. A collation may find different texts equal, and other columns compare by
/// rules of their own: they have no such constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    Ints,
    Texts,
}

impl Table {
    /// What the statement says, if there is nothing in it that is not understood.
    pub(crate) fn read(create: &CreateTable) -> Option<Table> {
        let mut table = Table {
            name: name(&create.name)?,
            columns: Vec::new(),
            keys: BTreeSet::new(),
            referring: BTreeSet::new(),
            parents: BTreeSet::new(),
            computes_defaults: false,
        };
        if create.query.is_some() || create.like.is_some() || create.clone.is_some() {
            return None;
        }
        create.columns.iter().try_for_each(|column| table.add_column(column))?;
        create.constraints.iter().try_for_each(|constraint| table.add_constraint(constraint))?;
        Some(table)
    }

    fn add_column(&mut self, definition: &ColumnDef) -> Option<()> {
        let name = single(&definition.name)?;
        let mut values = values_of(&definition.data_type);
        for option in &definition.options {
            match &option.option {
                ColumnOption::Null | ColumnOption::NotNull => (),
                ColumnOption::Check(check) if is_understood(&check.expr) => (),
                // AUTOINCREMENT, ASC, DESC.
                ColumnOption::DialectSpecific(_) => (),
                ColumnOption::Default(value) => self.computes_defaults |= !is_literal(value),
                ColumnOption::PrimaryKey(_) | ColumnOption::Unique(_) => drop(self.keys.insert(name.clone())),
                ColumnOption::ForeignKey(foreign) => self.refer(foreign, vec![name.clone()])?,
                ColumnOption::Collation(_) => values = None,
                _ => return None,
            }
        }
        self.columns.push(Column { name, values });
        Some(())
    }

    fn add_constraint(&mut self, constraint: &TableConstraint) -> Option<()> {
        match constraint {
            TableConstraint::PrimaryKey(key) => self.keys.extend(key_columns(&key.columns)?),
            TableConstraint::Unique(key) => self.keys.extend(key_columns(&key.columns)?),
            TableConstraint::ForeignKey(foreign) => {
                let columns = foreign.columns.iter().map(single).collect::<Option<_>>()?;
                self.refer(foreign, columns)?;
            }
            TableConstraint::Check(check) if is_understood(&check.expr) => (),
            _ => return None,
        }
        Some(())
    }

    fn refer(&mut self, foreign: &ForeignKeyConstraint, columns: Vec<String>) -> Option<()> {
        self.parents.insert(name(&foreign.foreign_table)?);
        self.referring.extend(columns);
        Some(())
    }

    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// The names of the columns of a key, if it is made of nothing but columns.
pub(crate) fn key_columns(columns: &[IndexColumn]) -> Option<Vec<String>> {
    let column = |index: &IndexColumn| match &index.column.expr {
        Expr::Identifier(column) => single(column),
        _ => None,
    };
    columns.iter().map(column).collect()
}

/// Source: <https://sqlite.org/datatype3.html#determination_of_column_affinity>.
fn values_of(declared: &DataType) -> Option<Values> {
    let declared = declared.to_string().to_ascii_uppercase();
    if declared.contains("INT") {
        return Some(Values::Ints);
    }
    ["CHAR", "CLOB", "TEXT"].iter().any(|text| declared.contains(text)).then_some(Values::Texts)
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) => true,
        Expr::UnaryOp { op: UnaryOperator::Minus | UnaryOperator::Plus, expr } => is_literal(expr),
        Expr::Nested(expr) => is_literal(expr),
        _ => false,
    }
}
