//! PostgreSQL's own tables and views of the catalog, worked out when they are read.
//!
//! They have those of PostgreSQL's columns that say something here, in its order; the others are not there, so
//! that nobody takes a wrong answer for a right one. PostgreSQL's `"char"` is `text`, its `xid` is `bigint`.

mod activity;
mod elsewhere;
mod information_schema;
mod listing;
mod question;
mod relation;
mod value;

pub(crate) use elsewhere::is_relation;
pub(crate) use value::type_of;

use crate::ids::Oid;
use crate::sequence;
use crate::types::{Datum, Type};
use crate::world::World;
use drawloom_model::SqlError;
use std::hash::{Hash, Hasher};

/// A table or a view that PostgreSQL brings along.
#[derive(Debug)]
pub(crate) struct System {
    pub oid: Oid,
    pub schema: Oid,
    pub name: &'static str,
    pub is_view: bool,
    pub columns: &'static [(&'static str, Type)],
    /// What is in it.
    pub rows: fn(&World<'_>) -> Vec<Vec<Datum>>,
}

/// All of them.
pub(crate) static ALL: &[&System] = &[
    &relation::CLASS,
    &relation::ATTRIBUTE,
    &relation::INDEX,
    &relation::CONSTRAINT,
    &relation::NAMESPACE,
    &relation::TYPE,
    &listing::TABLES,
    &listing::VIEWS,
    &listing::MATVIEWS,
    &listing::INDEXES,
    &listing::SEQUENCES,
    &listing::ROLES,
    &listing::MEMBERS,
    &listing::DATABASES,
    &listing::DESCRIPTIONS,
    &listing::DEFAULTS,
    &activity::LOCKS,
    &activity::ACTIVITY,
    &activity::SETTINGS,
    &activity::PREPARED_TRANSACTIONS,
    &activity::PREPARED_STATEMENTS,
    &activity::CURSORS,
    &information_schema::SCHEMATA,
    &information_schema::TABLES,
    &information_schema::VIEWS,
    &information_schema::COLUMNS,
    &information_schema::TABLE_CONSTRAINTS,
    &information_schema::KEY_COLUMNS,
    &information_schema::REFERENTIAL,
    &information_schema::SEQUENCES,
];

/// Rows that are no table's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rows {
    System(&'static System),
    /// A sequence's only one.
    Sequence(Oid),
}

impl Rows {
    /// What they have.
    pub fn columns(self) -> &'static [(&'static str, Type)] {
        match self {
            Rows::System(system) => system.columns,
            Rows::Sequence(_) => sequence::COLUMNS,
        }
    }

    /// What they are now.
    ///
    /// # Errors
    /// `42P01`: the sequence is gone.
    pub fn read(self, world: &World<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
        match self {
            Rows::System(system) => {
                world.database.footprints.touch_unknown();
                Ok((system.rows)(world))
            }
            Rows::Sequence(oid) => {
                world.database.footprints.touch_sequence(oid, false);
                let sequence = sequence::find(world.database.catalog(world.session), oid)?;
                Ok(vec![world.database.sequences.borrow().state(sequence).row()])
            }
        }
    }
}

impl Hash for System {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.oid.hash(state);
    }
}
