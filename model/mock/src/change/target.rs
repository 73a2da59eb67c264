//! The table that a statement changes.

use crate::catalog::{Catalog, Column, ConstraintKind, Deferral, Generated, Key, Method, Naming, Table};
use crate::error::error;
use crate::expression::{Binder, Bound, Context, Expr};
use crate::ids::Oid;
use crate::query::{Scope, Source, column_of};
use crate::types::{Datum, Type, cast};
use drawloom_model::SqlError;
use std::rc::Rc;

/// A table, ready to be changed.
#[derive(Debug)]
pub(crate) struct Target {
    pub oid: Oid,
    pub table: Rc<Table>,
    /// What rows have in columns that they were written without.
    pub missing: Vec<Datum>,
    checks: Vec<(Rc<str>, Expr)>,
    /// The columns that are worked out from the others.
    stored: Vec<(usize, Expr)>,
    /// The oldest first.
    pub indexes: Vec<TargetIndex>,
    /// Its foreign keys, and those of other tables to it, the oldest first.
    pub refers: Vec<Rc<Key>>,
    pub referred: Vec<(Oid, Rc<Key>)>,
}

/// An index of it.
#[derive(Debug)]
pub(crate) struct TargetIndex {
    pub oid: Oid,
    pub name: Rc<str>,
    pub is_unique: bool,
    pub nulls_distinct: bool,
    /// The columns that it is over, where it is over columns only and over all rows: then others may refer to them.
    pub columns: Option<Vec<usize>>,
    /// What it is over, on the table's row.
    pub keys: Rc<[Expr]>,
    pub predicate: Option<Expr>,
    pub method: Method,
    pub deferral: Option<Deferral>,
}

impl Target {
    /// A table with its constraints and indexes.
    ///
    /// # Errors
    /// An expression of it can no longer be bound.
    pub fn of(catalog: &Catalog, naming: &Naming, oid: Oid) -> Result<Target, SqlError> {
        let table = catalog.table(oid).expect("the caller has found it").clone();
        let mut binder = Binder::new(catalog, naming);
        binder.scopes.push(Scope::default());
        let Source::Table(scan) = binder.table(oid, &table, &table.name.clone(), None)? else {
            unreachable!("a table is scanned")
        };
        let mut checks = Vec::new();
        for constraint in &table.constraints {
            if let ConstraintKind::Check { condition } = &constraint.kind {
                checks.push((constraint.name.clone(), binder.condition(condition, "CHECK")?));
            }
        }
        let mut stored = Vec::new();
        for (place, column) in table.live_columns() {
            if let Some(Generated::Stored(value)) = &column.generated {
                let bound = binder.in_clause("column generation expressions", |binder| binder.expr(value))?;
                stored.push((place, assigned(&mut binder, bound, column)?));
            }
        }
        let mut indexes = Vec::new();
        for (oid, index) in catalog.indexes_of(oid) {
            let columns = index.keys.iter().map(|key| column_of(&table, key)).collect::<Option<Vec<_>>>();
            let mut keys = Vec::new();
            for key in &index.keys {
                let bound = binder.in_clause("index expressions", |binder| binder.expr(key))?;
                keys.push(binder.known(bound)?.expr);
            }
            let predicate = index.predicate.as_ref();
            let predicate = predicate.map(|predicate| binder.predicate(predicate)).transpose()?;
            indexes.push(TargetIndex {
                oid,
                name: index.name.clone(),
                is_unique: index.unique,
                nulls_distinct: index.nulls_distinct,
                columns: columns.filter(|_| predicate.is_none()),
                keys: keys.into(),
                predicate,
                method: index.method,
                deferral: index.deferral,
            });
        }
        let mut refers: Vec<_> = table.foreign_keys().map(|(_, key)| key.clone()).collect();
        refers.sort_by_key(|key| key.oid);
        let mut referred: Vec<_> =
            catalog.references_to(oid).map(|(from, key)| (from, key.clone())).collect();
        referred.sort_by_key(|(_, key)| key.oid);
        Ok(Target { oid, missing: scan.missing.clone(), table, checks, stored, indexes, refers, referred })
    }

    /// What a column gets that the statement does not name.
    ///
    /// # Errors
    /// Its default can no longer be bound.
    pub fn default(&self, binder: &mut Binder<'_>, place: usize) -> Result<Expr, SqlError> {
        let column = &self.table.columns[place];
        let Some(default) = &column.default else { return Ok(Expr::NULL) };
        let scopes = std::mem::take(&mut binder.scopes);
        let bound = binder.expr(default);
        binder.scopes = scopes;
        bound.and_then(|bound| assigned(binder, bound, column)).map_err(SqlError::elsewhere)
    }

    /// The column of this name, and its place.
    ///
    /// # Errors
    /// `42703`: there is none.
    pub fn column(&self, name: &str) -> Result<(usize, &Column), SqlError> {
        self.table.column(name).ok_or_else(|| {
            let message = format!("column \"{name}\" of relation \"{}\" does not exist", self.table.name);
            error("42703", message)
        })
    }

    /// Whether other tables may refer to this column.
    pub fn is_key(&self, place: usize) -> bool {
        let unique = self.indexes.iter().filter(|index| index.is_unique);
        unique.filter_map(|index| index.columns.as_ref()).flatten().any(|column| *column == place)
    }

    /// A row's values with those that it was written without.
    pub fn padded(&self, row: &[Datum]) -> Vec<Datum> {
        row.iter().chain(&self.missing[row.len()..]).cloned().collect()
    }

    /// Works out the values of a row that follow from the others.
    ///
    /// # Errors
    /// What the expressions say.
    pub fn generate(&self, row: &mut [Datum]) -> Result<(), SqlError> {
        for (place, value) in &self.stored {
            row[*place] = value.evaluate(&Context::IMMUTABLE, row)?;
        }
        Ok(())
    }

    /// Whether a row may be stored.
    ///
    /// # Errors
    /// `23502`, `23514`: it breaks a constraint.
    pub fn check(&self, row: &[Datum]) -> Result<(), SqlError> {
        let table = &self.table.name;
        for (column, datum) in self.table.columns.iter().zip(row) {
            if column.not_null && datum.is_null() && !column.is_dropped {
                let column = &column.name;
                let message = format!(
                    "null value in column \"{column}\" of relation \"{table}\" violates not-null constraint"
                );
                return Err(error("23502", message));
            }
        }
        for (name, check) in &self.checks {
            // What is not known to be false is allowed.
            if matches!(check.evaluate(&Context::IMMUTABLE, row)?, Datum::Bool(false)) {
                let message =
                    format!("new row for relation \"{table}\" violates check constraint \"{name}\"");
                return Err(error("23514", message));
            }
        }
        Ok(())
    }
}

/// An expression turned into what a column takes.
///
/// # Errors
/// `42804`: it has a type that the column does not take.
pub(crate) fn assigned(binder: &mut Binder<'_>, bound: Bound, column: &Column) -> Result<Expr, SqlError> {
    let from = bound.ty;
    let fits = cast::find(from, column.ty).is_some_and(|cast| cast.context <= cast::Context::Assignment);
    if !fits && from != Type::UNKNOWN {
        let message =
            format!("column \"{}\" is of type {} but expression is of type {from}", column.name, column.ty);
        return Err(error("42804", message).at(bound.place));
    }
    binder.assign(bound, column.ty, column.modifier)
}
