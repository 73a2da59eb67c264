//! COPY ... FROM STDIN (PostgreSQL's copyfrom.c).

use super::format::{Format, Header};
use super::line::Lines;
use super::places;
use crate::bug::Bug;
use crate::catalog::{Privilege, QualifiedName};
use crate::change::Target;
use crate::command::Copy;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::expression::{Binder, Context, Expr};
use crate::locks::Mode;
use crate::store::Row;
use crate::types::{self, Datum, Scalar};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

/// How many rows are read before they are stored, and how many bytes of lines: a row that cannot be read is told of
/// before one of the same lot that cannot be stored.
const LOT_ROWS_MAX: usize = 1_000;
const LOT_BYTES_MAX: usize = 65_535;

/// What each column of the table gets.
enum Filler {
    /// The line's field with this number.
    Field(usize),
    Default(Expr),
}

/// Where the rows go, and how.
struct Into {
    target: Target,
    places: Vec<usize>,
    fillers: Vec<Filler>,
    format: Format,
}

impl Executor {
    pub(super) async fn copy_in(
        &self,
        name: &ast::ObjectName,
        columns: &[ast::Ident],
        copy: &Copy,
    ) -> Result<Reply, SqlError> {
        let into = self.copy_into(&QualifiedName::of(name)?, columns, copy).await?;
        let mut lines = Lines::of(&copy.data, &into.format);
        if into.format.header != Header::No
            && let Some(header) = lines.next()?
        {
            into.check_header(header)?;
        }
        let (mut affected, mut lot, mut bytes) = (0, Vec::new(), 0);
        while let Some(line) = lines.next()? {
            lot.push(self.copied_row(&into, line).await?);
            bytes += line.len();
            affected += 1;
            if lot.len() >= LOT_ROWS_MAX || bytes >= LOT_BYTES_MAX {
                self.store_lot(&into.target, std::mem::take(&mut lot)).await?;
                bytes = 0;
            }
        }
        if self.has(Bug::CopyLosesLastRow) {
            lot.pop();
        }
        self.store_lot(&into.target, lot).await?;
        self.with(|database| database.session_mut(self.session).transaction_mut().command += 1);
        self.check_keys().await?;
        Ok(Reply { affected, ..Reply::default() })
    }

    async fn store_lot(&self, target: &Target, rows: Vec<Row>) -> Result<(), SqlError> {
        for row in rows {
            self.insert_row(target, &row).await?;
            self.breathe().await?;
        }
        Ok(())
    }

    /// Locks the table, and finds out what its columns get.
    async fn copy_into(
        &self,
        name: &QualifiedName,
        columns: &[ast::Ident],
        copy: &Copy,
    ) -> Result<Into, SqlError> {
        self.refuse_other(name, "to")?;
        let oid = self.lock_table(name, Mode::RowExclusive, self.allowed(Privilege::Insert)).await?;
        let (target, places, fillers) = self.with(|database| {
            let naming = &database.session(self.session).naming;
            let catalog = database.catalog(self.session);
            let target = Target::of(catalog, naming, oid)?;
            let places = places(&target.table, columns)?;
            let mut binder = Binder::new(catalog, naming);
            let filler = |place: usize| match places.iter().position(|named| *named == place) {
                Some(number) => Ok(Filler::Field(number)),
                None => target.default(&mut binder, place).map(Filler::Default),
            };
            let fillers = (0..target.table.columns.len()).map(filler).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, SqlError>((target, places, fillers))
        })?;
        if self.with(|database| database.session(self.session).transaction().is_read_only) {
            return Err(error("25006", "cannot execute COPY FROM in a read-only transaction"));
        }
        let format = Format::of(&copy.options, true)?;
        let named: Vec<&str> = places.iter().map(|place| &*target.table.columns[*place].name).collect();
        format.check_columns(&target.table, &named)?;
        if copy.is_filtered {
            return Err(unsupported("COPY ... WHERE"));
        }
        Ok(Into { target, places, fillers, format })
    }

    /// The row that a line stands for, if it may be stored.
    async fn copied_row(&self, into: &Into, line: &str) -> Result<Row, SqlError> {
        let fields = into.fields(line)?;
        let defaults = |cx: &Context<'_>| {
            let value = |filler: &Filler| match filler {
                Filler::Field(number) => Ok(fields[*number].clone()),
                Filler::Default(default) => default.evaluate(cx, &[]),
            };
            into.fillers.iter().map(value).collect::<Result<Vec<Datum>, _>>()
        };
        let mut row = self.read(self.reader(), &[], defaults).await?;
        into.target.generate(&mut row)?;
        into.target.check(&row)?;
        Ok(row.into())
    }
}

impl Into {
    /// The values of a line.
    fn fields(&self, line: &str) -> Result<Vec<Datum>, SqlError> {
        let extra = || error("22P04", "extra data after last expected column");
        if self.places.is_empty() {
            return if line.is_empty() { Ok(Vec::new()) } else { Err(extra()) };
        }
        let mut fields = self.format.fields(line)?;
        if fields.len() > self.places.len() {
            return Err(extra());
        }
        let mut fields = fields.drain(..);
        let mut values = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let column = &self.target.table.columns[*place];
            let missing = || error("22P04", format!("missing data for column \"{}\"", column.name));
            let field = self.format.forced(&column.name, fields.next().ok_or_else(missing)?);
            values.push(match field {
                None => Datum::Null,
                Some(_) if column.ty.scalar == Scalar::Regclass => {
                    return Err(unsupported("COPY of regclass"));
                }
                Some(text) => types::input(&text, column.ty, column.modifier)?,
            });
        }
        Ok(values)
    }

    /// The first line, if it is to have the names of the columns.
    fn check_header(&self, line: &str) -> Result<(), SqlError> {
        if self.format.header != Header::Match {
            return Ok(());
        }
        let fields = self.format.fields(line)?;
        if fields.len() != self.places.len() {
            let message = format!(
                "wrong number of fields in header line: got {}, expected {}",
                fields.len(),
                self.places.len()
            );
            return Err(error("22P04", message));
        }
        for (number, (field, place)) in fields.iter().zip(&self.places).enumerate() {
            let expected = &self.target.table.columns[*place].name;
            let got = match field {
                Some(name) if **name == **expected => continue,
                Some(name) => format!("got \"{name}\""),
                None => format!("got null value (\"{}\")", self.format.null),
            };
            let message = format!(
                "column name mismatch in header line field {}: {got}, expected \"{expected}\"",
                number + 1
            );
            return Err(error("22P04", message));
        }
        Ok(())
    }
}

impl Format {
    /// What the options make of a field of this column.
    fn forced(&self, column: &str, field: Option<String>) -> Option<String> {
        match field {
            None if self.force_not_null.has(column) => Some(self.null.clone()),
            Some(text) if text == self.null && self.force_null.has(column) => None,
            field => field,
        }
    }
}
