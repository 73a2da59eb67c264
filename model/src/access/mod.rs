//! What a statement's text says about the rows it touches, so that a search can tell which steps commute.
//!
//! ```text
//! text --sqlparser--> Shape (text.rs) --the tables (table.rs)--> Plan (plan.rs) --parameters--> accesses
//!      once a thread                    until a table changes                   each time
//! ```
//!
//! The rules are SQLite's: its dialect, its types, its keys. Too much touched costs a search time, too little
//! makes it lie; so whatever is not understood is [`Plan::Opaque`], and whatever is not certainly one part of a
//! table is all of it. A table is known by the `CREATE TABLE` that passed through, a name that is not known is
//! not guessed at: it may be a view.

mod inventory;
pub mod name;
mod place;
mod plan;
mod table;
mod text;

pub use plan::{Plan, Touch};

use drawloom_sim::footprint::Part;
use std::collections::BTreeMap;
use std::rc::Rc;
use table::Table;
use text::Shape;

/// The tables of one database, as the statements that made them said, and what is known of each text.
#[derive(Default)]
pub struct Tables {
    /// `None` stands for a table of which nothing is certain any more.
    known: BTreeMap<String, Option<Known>>,
    /// A statement went through that may have changed what any other means: a trigger, a setting.
    obscure: bool,
    plans: BTreeMap<String, Rc<Plan>>,
}

struct Known {
    /// The statement that made it.
    sql: String,
    table: Table,
}

impl Tables {
    /// What executing this text touches, as far as its text and the tables say.
    pub fn plan(&mut self, sql: &str) -> Rc<Plan> {
        if let Some(plan) = self.plans.get(sql) {
            return plan.clone();
        }
        let shape = text::shape(sql);
        let plan = Rc::new(if self.obscure { plan::when_obscure(&shape) } else { self.resolve(&shape) });
        self.plans.insert(sql.to_owned(), plan.clone());
        plan
    }

    /// A statement was executed, with success or without: what does it say of the tables?
    pub fn learn(&mut self, sql: &str, succeeded: bool) {
        // Only what is opaque can change a table.
        if !matches!(*self.plan(sql), Plan::Opaque) {
            return;
        }
        match &*text::shape(sql) {
            Shape::Defines(table) if succeeded => self.define(sql, table),
            Shape::Keys { table, columns } if succeeded => self.add_keys(table, columns),
            Shape::Forgets(names) => {
                names.iter().for_each(|name| drop(self.known.insert(name.clone(), None)))
            }
            // A name that is not known stays so.
            Shape::Hides(name) => drop(self.known.get_mut(name).map(|known| *known = None)),
            Shape::Opaque { obscures: true } => self.obscure = true,
            _ => return,
        }
        self.plans.clear();
    }

    /// Whether a statement went through after which nothing is certain of any other.
    pub fn are_obscure(&self) -> bool {
        self.obscure
    }

    /// A name that is defined twice, differently, may be either: the first may have been rolled back.
    fn define(&mut self, sql: &str, table: &Table) {
        let known = self.known.entry(table.name.clone());
        let known = known.or_insert_with(|| Some(Known { sql: sql.to_owned(), table: table.clone() }));
        if known.as_ref().is_some_and(|known| known.sql != sql) {
            *known = None;
        }
    }

    fn add_keys(&mut self, table: &str, columns: &[String]) {
        if let Some(Some(known)) = self.known.get_mut(table) {
            known.table.keys.extend(columns.iter().cloned());
        }
    }

    fn table(&self, name: &str) -> Option<&Table> {
        Some(&self.known.get(name)?.as_ref()?.table)
    }
}

/// The name of a resource: a table, or something of an engine's own that no table can be called.
pub fn resource(name: &str) -> u64 {
    digest(name.as_bytes())
}

/// The part of a table that has this value in this column; equal values give equal parts.
pub(crate) fn part(column: &str, value: &[u8]) -> Part {
    Part { dimension: digest(column.as_bytes()), value: digest(value) }
}

/// FNV-1a, 64 bits: small, and the same everywhere for ever. That two names collide only makes footprints
/// larger. Source: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}
