//! Checks foreign keys, and does what they do about rows that refer (PostgreSQL's ri_triggers.c).
//!
//! ```text
//! a row refers        -> the row with that key is there, and is locked FOR KEY SHARE
//! a row leaves a key  -> NO ACTION, RESTRICT: no row refers to it
//!                     -> CASCADE, SET NULL, SET DEFAULT: the rows that refer to it are changed
//! ```
//!
//! As there it is done by statements, which wait and fail like others. At REPEATABLE READ the rows that refer
//! are looked for in what is committed now, and one that the transaction does not see may not be changed.

use super::event::{Change, Event, Nulls};
use crate::catalog::{Catalog, Deferral, Key, Table};
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::{Oid, Tid};
use crate::locks::{Mode, Tag};
use crate::plan::{Kind, Text};
use crate::store::Row;
use crate::types::Datum;
use drawloom_model::SqlError;
use sqlparser::ast::ReferentialAction as Action;
use std::fmt::Write;
use std::rc::Rc;

/// A foreign key between its tables.
struct Link {
    key: Rc<Key>,
    name: Rc<str>,
    from: Rc<Table>,
    to: Rc<Table>,
}

impl Executor {
    /// Checks what the statement has changed, and what that changes in turn.
    ///
    /// # Errors
    /// `23503`: a foreign key is broken; and those of what is done about it.
    pub async fn check_keys(&self) -> Result<(), SqlError> {
        let is_done =
            |database: &mut Database| database.session(self.session).transaction().checks.now.is_empty();
        if self.with(is_done) { Ok(()) } else { Box::pin(self.check_now()).await }
    }

    async fn check_now(&self) -> Result<(), SqlError> {
        loop {
            let event = self
                .with(|database| database.session_mut(self.session).transaction_mut().checks.now.pop_front());
            let Some(event) = event else { return Ok(()) };
            self.check_unless_deferred(event, false).await?;
        }
    }

    /// Checks what was put off: all of it, or what is not deferred any more.
    ///
    /// # Errors
    /// As `check_keys`.
    pub async fn check_deferred(&self, all: bool) -> Result<(), SqlError> {
        let events = self.with(|database| {
            let transaction = database.session_mut(self.session).transaction.as_mut();
            transaction.map(|transaction| std::mem::take(&mut transaction.checks.later)).unwrap_or_default()
        });
        if events.is_empty() { Ok(()) } else { Box::pin(self.check_later(events, all)).await }
    }

    async fn check_later(&self, events: Vec<Event>, all: bool) -> Result<(), SqlError> {
        for event in events {
            self.check_unless_deferred(event, all).await?;
        }
        Ok(())
    }

    async fn check_unless_deferred(&self, event: Event, is_last: bool) -> Result<(), SqlError> {
        let deferral = self.deferral(&event);
        let is_deferred = self.with(|database| {
            let checks = &mut database.session_mut(self.session).transaction_mut().checks;
            let is_deferred = !is_last && checks.is_deferred(event.key, deferral);
            if is_deferred {
                checks.later.push(event.clone());
            }
            is_deferred
        });
        if is_deferred {
            return Ok(());
        }
        if let Change::Repeats { tid } = event.change {
            return self.check_repeated(event.table, event.key, tid).await;
        }
        match self.link(&event) {
            Some(link) => Box::pin(self.check_key(&link, &event)).await,
            None => Ok(()),
        }
    }

    /// Whether a check may wait for COMMIT. Of what is done about rows that refer only NO ACTION does.
    fn deferral(&self, event: &Event) -> Option<Deferral> {
        if let Change::Repeats { .. } = event.change {
            return self.with(|database| database.catalog(self.session).index(event.key)?.deferral);
        }
        let key = self.link(event)?.key;
        let waits = match &event.change {
            Change::Leaves { new, .. } => key.action(new.is_some()).is_none(),
            Change::Refers { .. } | Change::Repeats { .. } => true,
        };
        key.deferral.filter(|_| waits)
    }

    fn link(&self, event: &Event) -> Option<Link> {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let from = catalog.table(event.table)?.clone();
            let (name, key) = from.foreign_keys().find(|(_, key)| key.oid == event.key)?;
            let to = catalog.table(key.table)?.clone();
            Some(Link { key: key.clone(), name: name.clone(), to, from })
        })
    }

    async fn check_key(&self, link: &Link, event: &Event) -> Result<(), SqlError> {
        let action = |new: &Option<Row>| link.key.action(new.is_some());
        match &event.change {
            Change::Refers { tid, row } => self.check_referring(link, *tid, row).await,
            Change::Repeats { .. } => unreachable!("a unique key links no tables"),
            Change::Leaves { old, new } => match action(new) {
                None => self.check_left(link, event.table, old, true).await,
                Some(Action::Restrict) => self.check_left(link, event.table, old, false).await,
                Some(action) => {
                    self.change_referring(link, event.table, action, old, new.as_ref()).await?;
                    if action == Action::SetDefault {
                        // The defaults may be what was left.
                        self.check_left(link, event.table, old, true).await?;
                    }
                    Ok(())
                }
            },
        }
    }

    /// Whether the row that this one refers to is there.
    async fn check_referring(&self, link: &Link, tid: Tid, row: &Row) -> Result<(), SqlError> {
        let key = &link.key;
        let is_gone = self.with(|database| {
            let Some(file) = database.files.get(&link.from.file) else { return true };
            file.heap.get(tid).is_none_or(|tuple| tuple.ended(&database.transactions).is_some())
        });
        let nulls = Nulls::of(row, &key.columns);
        if is_gone || nulls == Nulls::All || nulls == Nulls::Some && !key.match_full {
            return Ok(());
        }
        if nulls == Nulls::None {
            let condition = equal(&link.to, &key.referenced, &link.from, &key.columns, 1);
            let values = values(row, &key.columns);
            let text = |to: &str| format!("SELECT 1 FROM {to} WHERE {condition} LIMIT 1 FOR KEY SHARE");
            if self.check_by(key.table, Mode::RowShare, text, &values, false).await? {
                return Ok(());
            }
        }
        let message = format!(
            "insert or update on table \"{}\" violates foreign key constraint \"{}\"",
            link.from.name, link.name
        );
        Err(error("23503", message))
    }

    /// Whether nobody refers to the key that was left, unless another row has it.
    async fn check_left(&self, link: &Link, from: Oid, old: &Row, forgives: bool) -> Result<(), SqlError> {
        let key = &link.key;
        let values = values(old, &key.referenced);
        if forgives {
            let condition = equal(&link.to, &key.referenced, &link.to, &key.referenced, 1);
            let text = |to: &str| format!("SELECT 1 FROM {to} WHERE {condition} LIMIT 1 FOR KEY SHARE");
            if self.check_by(key.table, Mode::RowShare, text, &values, true).await? {
                return Ok(());
            }
        }
        let condition = equal(&link.from, &key.columns, &link.to, &key.referenced, 1);
        let text = |from: &str| format!("SELECT 1 FROM {from} WHERE {condition} LIMIT 1 FOR KEY SHARE");
        if !self.check_by(from, Mode::RowShare, text, &values, true).await? {
            return Ok(());
        }
        let message = format!(
            "update or delete on table \"{}\" violates foreign key constraint \"{}\" on table \"{}\"",
            link.to.name, link.name, link.from.name
        );
        Err(error("23503", message))
    }

    /// Changes the rows that refer to the key that was left.
    async fn change_referring(
        &self,
        link: &Link,
        from: Oid,
        action: Action,
        old: &Row,
        new: Option<&Row>,
    ) -> Result<(), SqlError> {
        let key = &link.key;
        let mut parameters = values(old, &key.referenced);
        let condition = equal(&link.from, &key.columns, &link.to, &key.referenced, 1);
        let set = |value: &dyn Fn(usize) -> String| {
            let part = |(number, column): (usize, &usize)| {
                format!("{} = {}", quoted(&link.from.columns[*column].name), value(number))
            };
            key.columns.iter().enumerate().map(part).collect::<Vec<_>>().join(", ")
        };
        let text = |from: &str| match (action, new) {
            (Action::Cascade, None) => format!("DELETE FROM {from} WHERE {condition}"),
            (Action::Cascade, Some(_)) => {
                let begin = key.columns.len() + 1;
                let new = |number: usize| {
                    format!("${}::{}", begin + number, link.to.columns[key.referenced[number]].ty)
                };
                format!("UPDATE {from} SET {} WHERE {condition}", set(&new))
            }
            (Action::SetNull, _) => {
                format!("UPDATE {from} SET {} WHERE {condition}", set(&|_| "NULL".to_owned()))
            }
            (Action::SetDefault, _) => {
                format!("UPDATE {from} SET {} WHERE {condition}", set(&|_| "DEFAULT".to_owned()))
            }
            (Action::Restrict | Action::NoAction, _) => unreachable!("these change nothing"),
        };
        if let (Action::Cascade, Some(new)) = (action, new) {
            parameters.extend(values(new, &key.referenced));
        }
        self.check_by(from, Mode::RowExclusive, text, &parameters, true).await?;
        Ok(())
    }

    /// Executes a statement over a table, at REPEATABLE READ over what is committed now if it is to be the latest;
    /// whether a query gave a row.
    async fn check_by(
        &self,
        table: Oid,
        mode: Mode,
        text: impl Fn(&str) -> String,
        parameters: &[Datum],
        latest: bool,
    ) -> Result<bool, SqlError> {
        self.lock(Tag::Relation(table), mode, "a table's lock").await?;
        let plan = self.with(|database| {
            database.refresh(self.session);
            let catalog = database.catalog(self.session);
            let Some(name) = catalog.full_name(table) else { return Ok(None) };
            Text::of(&text(&name))?.plan(catalog, &database.session(self.session).naming)
        })?;
        let Some(plan) = plan else { return Ok(false) };
        self.reads_latest(latest);
        let reader = self.reader();
        let result = async {
            match &plan.kind {
                Kind::Query(query) => Ok(!self.query(query, reader, parameters).await?.is_empty()),
                Kind::Update(update) => self.update(update, reader, parameters).await.map(|_| false),
                Kind::Delete(delete) => self.delete(delete, reader, parameters).await.map(|_| false),
                Kind::Insert(_) | Kind::Merge(_) => unreachable!("no check inserts"),
            }
        };
        let result = Box::pin(result).await;
        self.reads_latest(false);
        if plan.writes() {
            self.with(|database| database.session_mut(self.session).transaction_mut().command += 1);
        }
        result
    }

    fn reads_latest(&self, latest: bool) {
        self.with(|database| {
            database.session_mut(self.session).transaction_mut().reads_latest = latest;
        });
    }

    /// Whether every row of a table refers to one that is there (PostgreSQL's RI_Initial_Check).
    ///
    /// # Errors
    /// `23503`: one does not.
    pub async fn validate_key(&self, from: Oid, key: &Key, name: &str) -> Result<(), SqlError> {
        let (text, table) = self.with(|database| {
            let catalog = database.catalog(self.session);
            let (Some(from_name), Some(to_name)) = (catalog.full_name(from), catalog.full_name(key.table))
            else {
                unreachable!("both tables are locked")
            };
            let table = |oid| catalog.table(oid).expect("both tables are locked").clone();
            let (from, to) = (table(from), table(key.table));
            let column = |table: &Table, column: &usize| quoted(&table.columns[*column].name);
            let pairs = key.columns.iter().zip(&key.referenced);
            let on = pairs.map(|(own, other)| format!("f.{} = t.{}", column(&from, own), column(&to, other)));
            let given = key.columns.iter().map(|own| format!("f.{} IS NOT NULL", column(&from, own)));
            let word = if key.match_full { " OR " } else { " AND " };
            let text = format!(
                "SELECT 1 FROM {from_name} f LEFT JOIN {to_name} t ON {} WHERE t.{} IS NULL AND ({}) LIMIT 1",
                on.collect::<Vec<_>>().join(" AND "),
                column(&to, &key.referenced[0]),
                given.collect::<Vec<_>>().join(word),
            );
            (text, from)
        });
        if self.check_by(from, Mode::RowShare, |_| text.clone(), &[], true).await? {
            let message = format!(
                "insert or update on table \"{}\" violates foreign key constraint \"{name}\"",
                table.name
            );
            return Err(error("23503", message));
        }
        Ok(())
    }
}

/// A row's values in these columns.
fn values(row: &Row, columns: &[usize]) -> Vec<Datum> {
    columns.iter().map(|column| row[*column].clone()).collect()
}

/// That these columns are what the parameters are, which have the types of those.
fn equal(table: &Table, columns: &[usize], of: &Table, like: &[usize], first: usize) -> String {
    let mut condition = String::new();
    for (number, (column, like)) in columns.iter().zip(like).enumerate() {
        let joint = if number == 0 { "" } else { " AND " };
        let (name, ty) = (quoted(&table.columns[*column].name), of.columns[*like].ty);
        write!(condition, "{joint}{name} = ${}::{ty}", first + number).expect("a string takes everything");
    }
    condition
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Catalog {
    /// A relation's name as a statement can say it whatever the session's path is.
    fn full_name(&self, oid: Oid) -> Option<String> {
        let relation = self.object(oid)?;
        let schema = self.object(relation.place()?)?;
        Some(format!("{}.{}", quoted(&schema.name()), quoted(&relation.name())))
    }
}
