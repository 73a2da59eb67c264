//! What looks at all rows of a table, and what gives a table other ones (PostgreSQL's ATRewriteTable in
//! tablecmds.c). The new ones belong to the transaction that writes them: an older snapshot finds the table empty.

use crate::catalog::{Object, Table};
use crate::change::Target;
use crate::error::error;
use crate::executor::Executor;
use crate::expression::{Binder, Context, Expr};
use crate::ids::Oid;
use crate::query::Scope;
use crate::store::Tuple;
use crate::types::Datum;
use drawloom_model::SqlError;

/// What a table's rows become.
pub(super) struct Rewrite {
    /// Columns and what they get, over the row as it is.
    pub values: Vec<(usize, Expr)>,
}

impl Executor {
    /// A table's rows as of now, with what they were written without.
    ///
    /// # Errors
    /// The table's definition can no longer be bound.
    pub(super) fn rows_of(&self, table: Oid) -> Result<Vec<Vec<Datum>>, SqlError> {
        self.with(|database| {
            let reader = crate::store::Reader {
                sequence: database.transactions.commits(),
                ..database.reader(self.session)
            };
            let naming = &database.session(self.session).naming;
            let target = Target::of(database.catalog(self.session), naming, table)?;
            let file = database.files.get(&target.table.file).expect("a table has a file");
            let visible = |tuple: &&Tuple| tuple.is_visible(&database.transactions, &reader);
            let tuples = file.heap.iter().map(|(_, tuple)| tuple).filter(visible);
            Ok(tuples.map(|tuple| target.padded(&tuple.row)).collect())
        })
    }

    /// A binder's result over a table's columns.
    pub(super) fn over<T>(
        &self,
        table: Oid,
        bind: impl FnOnce(&mut Binder<'_>) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let naming = &database.session(self.session).naming;
            let definition = catalog.table(table).expect("it is locked").clone();
            let mut binder = Binder::new(catalog, naming);
            binder.scopes.push(Scope::default());
            let name = definition.name.clone();
            binder.table(table, &definition, &name, None)?;
            bind(&mut binder)
        })
    }

    /// Gives a table a file with these rows, and the indexes over them.
    ///
    /// # Errors
    /// A value or an index's expression fails; a unique key is there twice.
    pub(super) async fn rewrite(
        &self,
        table: Oid,
        definition: Table,
        rows: Vec<Vec<Datum>>,
        rewrite: &Rewrite,
    ) -> Result<(), SqlError> {
        let reader = self.reader();
        let mut written = Vec::with_capacity(rows.len());
        for mut row in rows {
            let values = |cx: &Context<'_>| {
                rewrite
                    .values
                    .iter()
                    .map(|(_, value)| value.evaluate(cx, &row))
                    .collect::<Result<Vec<_>, _>>()
            };
            let values = self.read(reader, &[], values).await?;
            row.resize(definition.columns.len(), Datum::Null);
            for ((column, _), value) in rewrite.values.iter().zip(values) {
                row[*column] = value;
            }
            written.push(row);
        }
        self.replace_file(table, definition, written)
    }

    /// Gives a table a file of its own with these rows.
    ///
    /// # Errors
    /// An index's expression fails; a unique key is there twice.
    pub(super) fn replace_file(
        &self,
        table: Oid,
        definition: Table,
        rows: Vec<Vec<Datum>>,
    ) -> Result<(), SqlError> {
        let xid = self.xid();
        let indexes: Vec<Oid> = self.with(|database| {
            let file = database.new_oid();
            let mut definition = Table { file, ..definition };
            definition.columns.iter_mut().for_each(|column| column.missing = None);
            database.new_file(self.session, file);
            let command = database.session(self.session).transaction().command;
            let heap = &mut database.file_mut(file).heap;
            for row in rows {
                heap.push(Tuple::new(row.into(), xid, command));
            }
            database.define(self.session, table, Some(Object::Table(definition.into())));
            let unique = database.catalog(self.session).indexes_of(table).filter(|(_, index)| index.unique);
            unique.map(|(oid, _)| oid).collect()
        });
        let naming = self.with(|database| database.session(self.session).naming.clone());
        self.fill_indexes(&naming, table)?;
        self.with(|database| database.session_mut(self.session).transaction_mut().command += 1);
        indexes.into_iter().try_for_each(|index| self.check_unique(table, index))
    }

    /// Whether a column has a value in every row.
    ///
    /// # Errors
    /// `23502`: it has not.
    pub(super) fn check_not_null(&self, table: Oid, place: usize) -> Result<(), SqlError> {
        if self.rows_of(table)?.iter().any(|row| row[place].is_null()) {
            let table = self.table(table).expect("it is locked");
            let message = format!(
                "column \"{}\" of relation \"{}\" contains null values",
                table.columns[place].name, table.name
            );
            return Err(error("23502", message));
        }
        Ok(())
    }

    /// Whether a CHECK holds for every row.
    ///
    /// # Errors
    /// `23514`: it does not.
    pub(super) fn check_rows(
        &self,
        table: Oid,
        name: &str,
        condition: &sqlparser::ast::Expr,
    ) -> Result<(), SqlError> {
        let condition = self.over(table, |binder| binder.condition(condition, "CHECK"))?;
        for row in self.rows_of(table)? {
            if matches!(condition.evaluate(&Context::IMMUTABLE, &row)?, Datum::Bool(false)) {
                let table = self.table(table).expect("it is locked");
                let message = format!(
                    "check constraint \"{name}\" of relation \"{}\" is violated by some row",
                    table.name
                );
                return Err(error("23514", message));
            }
        }
        Ok(())
    }
}
