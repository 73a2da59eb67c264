//! What a statement touches, once it is known what its tables are.

use super::place::{Constant, Equality};
use super::table::Values;
use super::text::{Reads, Shape};
use super::{Tables, part, resource};
use crate::statement::Value;
use drawloom_sim::footprint::{Access, Part};
use std::collections::BTreeMap;

/// What executing a statement does, as far as its text and the tables say.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Begins a transaction, and takes the lock for writing at once if `immediate`.
    Begin {
        /// Not only with the first write.
        immediate: bool,
    },
    /// Ends a transaction, or a savepoint that may be one.
    Commit,
    /// Takes a transaction back.
    Rollback,
    /// Marks a place in a transaction, or goes back to one. It touches nothing by itself.
    Savepoint,
    /// Reads.
    Reads(Vec<Touch>),
    /// Reads and writes.
    Writes(Vec<Touch>),
    /// May touch anything: nothing that is not known to be harmless is thought so.
    Opaque,
}

/// One access, up to the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    table: u64,
    key: Option<Key>,
    writes: bool,
}

/// The rows that have a constant in a column.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    column: String,
    values: Values,
    constant: Constant,
}

impl Touch {
    /// The access, with these parameters. A constant that the column does not tell apart from every other is
    /// all of the table.
    pub fn access(&self, params: &[Value]) -> Access {
        let part = self.key.as_ref().and_then(|key| key.part(params));
        Access { resource: self.table, part, writes: self.writes }
    }
}

impl Key {
    fn part(&self, params: &[Value]) -> Option<Part> {
        let value = match &self.constant {
            Constant::Value(value) => value,
            Constant::Param(number) => params.get(number.checked_sub(1)?)?,
        };
        match (self.values, value) {
            (Values::Ints, Value::Int(n)) => Some(part(&self.column, &n.to_le_bytes())),
            // SQLite has no truth values: they are bound as numbers.
            (Values::Ints, Value::Bool(truth)) => Some(part(&self.column, &i64::from(*truth).to_le_bytes())),
            (Values::Texts, Value::Text(text)) => Some(part(&self.column, text.as_bytes())),
            _ => None,
        }
    }
}

/// What a statement means that might mean anything: only that a deferred transaction begins with nothing is
/// certain.
pub(crate) fn when_obscure(shape: &Shape) -> Plan {
    match shape {
        Shape::Begin { immediate: false } => Plan::Begin { immediate: false },
        _ => Plan::Opaque,
    }
}

impl Tables {
    pub(super) fn resolve(&self, shape: &Shape) -> Plan {
        match shape {
            Shape::Begin { immediate } => Plan::Begin { immediate: *immediate },
            Shape::Commit => Plan::Commit,
            Shape::Rollback => Plan::Rollback,
            Shape::Savepoint => Plan::Savepoint,
            Shape::Reads(reads) => Touched::of(self, reads).map_or(Plan::Opaque, Touched::reads),
            Shape::Inserts { .. } | Shape::Updates { .. } | Shape::Deletes { .. } => {
                self.writes(shape).map_or(Plan::Opaque, Touched::writes)
            }
            _ => Plan::Opaque,
        }
    }

    fn writes(&self, shape: &Shape) -> Option<Touched<'_>> {
        match shape {
            // Its keys may be taken, its row number comes after the largest: it looks at the whole table.
            Shape::Inserts { table, replaces, reads } => {
                let mut touched = Touched::of(self, reads)?;
                if self.table(table)?.computes_defaults {
                    return None;
                }
                touched.add(table, &[], true);
                touched.refer(table)?;
                if *replaces {
                    touched.rekey(table)?;
                }
                Some(touched)
            }
            Shape::Updates { table, columns, replaces, place, reads } => {
                let mut touched = Touched::of(self, reads)?;
                let known = self.table(table)?;
                // A column that the table does not have is its row number, under one of its names.
                let is_key = |column: &String| known.keys.contains(column) || known.column(column).is_none();
                let rekeys = *replaces || columns.iter().any(is_key);
                let moves = place.iter().any(|equality| columns.contains(&equality.column));
                touched.add(table, if rekeys || moves { &[] } else { place }, true);
                if columns.iter().any(|column| known.referring.contains(column)) {
                    touched.refer(table)?;
                }
                if rekeys {
                    touched.rekey(table)?;
                }
                Some(touched)
            }
            Shape::Deletes { table, place, reads } => {
                let mut touched = Touched::of(self, reads)?;
                self.table(table)?;
                touched.add(table, place, true);
                touched.rekey(table)?;
                Some(touched)
            }
            _ => None,
        }
    }
}

/// The accesses of a statement while they are gathered, one a table.
struct Touched<'a> {
    tables: &'a Tables,
    touches: BTreeMap<String, Touch>,
}

impl<'a> Touched<'a> {
    fn of(tables: &'a Tables, reads: &Reads) -> Option<Touched<'a>> {
        let mut touched = Touched { tables, touches: BTreeMap::new() };
        for (table, place) in reads {
            tables.table(table)?;
            touched.add(table, place, false);
        }
        Some(touched)
    }

    /// A table that is touched twice is touched as a whole.
    fn add(&mut self, table: &str, place: &[Equality], writes: bool) {
        let key = self.key(table, place);
        let touch = Touch { table: resource(table), key, writes };
        let merge = |before: &mut Touch| {
            before.writes |= writes;
            if before.key != touch.key {
                before.key = None;
            }
        };
        self.touches.entry(table.to_owned()).and_modify(merge).or_insert(touch);
    }

    /// Of several equalities the one whose column comes first, a key's before all others: two statements that
    /// go by the same columns should agree.
    fn key(&self, table: &str, place: &[Equality]) -> Option<Key> {
        let table = self.tables.table(table)?;
        let found = |equality: &Equality| {
            let index = table.columns.iter().position(|column| column.name == equality.column)?;
            let values = table.columns[index].values?;
            let Equality { column, constant } = equality.clone();
            Some(((!table.keys.contains(&column), index), Key { column, values, constant }))
        };
        place.iter().filter_map(found).min_by_key(|(rank, _)| *rank).map(|(_, key)| key)
    }

    /// What the foreign keys of rows refer to must be there.
    fn refer(&mut self, table: &str) -> Option<()> {
        for parent in &self.tables.table(table)?.parents {
            self.add(parent, &[], false);
        }
        Some(())
    }

    /// Rows are gone, or have other keys: what refers to them is looked at, and may change with them, and so
    /// on. It is not asked whether foreign keys are enforced.
    fn rekey(&mut self, table: &str) -> Option<()> {
        for (child, known) in &self.tables.known {
            // A table of which nothing is certain may refer to this one and be referred to by any other.
            let refers = known.as_ref()?.table.parents.contains(table);
            let whole = |touch: &Touch| touch.writes && touch.key.is_none();
            let gathered = self.touches.get(child).is_some_and(whole);
            if !refers {
                continue;
            }
            self.add(child, &[], true);
            self.refer(child)?;
            if !gathered {
                self.rekey(child)?;
            }
        }
        Some(())
    }

    fn reads(self) -> Plan {
        Plan::Reads(self.touches.into_values().collect())
    }

    fn writes(self) -> Plan {
        Plan::Writes(self.touches.into_values().collect())
    }
}
