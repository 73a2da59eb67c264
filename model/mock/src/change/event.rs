//! Which keys are to be checked after a change, and when (PostgreSQL's trigger.c, AfterTriggerSaveEvent).
//!
//! ```text
//! a row changes -> an event for each foreign key -> now: after the statement, in order
//!                                                -> later: at COMMIT, or when SET CONSTRAINTS says so
//! ```

use super::Target;
use crate::catalog::Deferral;
use crate::executor::Executor;
use crate::ids::{Oid, Tid};
use crate::store::Row;
use crate::types::Datum;
use std::collections::{BTreeMap, VecDeque};

/// A row that a key is to be checked for.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The foreign key, or the index of the unique one, by its number.
    pub key: Oid,
    /// The table that has it.
    pub table: Oid,
    pub change: Change,
}

/// What happened to the row.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// It refers to another one now.
    Refers { tid: Tid, row: Row },
    /// It may have a unique key that another one has.
    Repeats { tid: Tid },
    /// It has not the key any more that others may refer to.
    Leaves { old: Row, new: Option<Row> },
}

/// What a transaction has yet to check.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks {
    /// After the running statement.
    pub now: VecDeque<Event>,
    /// At COMMIT.
    pub later: Vec<Event>,
    /// What SET CONSTRAINTS said of all of them, and of each since then: whether it is deferred.
    all: Option<bool>,
    each: BTreeMap<Oid, bool>,
}

impl Checks {
    /// SET CONSTRAINTS, of all of them or of these.
    pub fn set_deferred(&mut self, keys: Option<&[Oid]>, deferred: bool) {
        match keys {
            None => {
                self.all = Some(deferred);
                self.each.clear();
            }
            Some(keys) => self.each.extend(keys.iter().map(|key| (*key, deferred))),
        }
    }

    /// Whether a check waits for COMMIT.
    pub fn is_deferred(&self, key: Oid, deferral: Option<Deferral>) -> bool {
        let said = self.each.get(&key).copied().or(self.all);
        deferral.is_some_and(|initially| said.unwrap_or(initially == Deferral::Deferred))
    }
}

/// How many of a key's values are NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nulls {
    None,
    Some,
    All,
}

impl Nulls {
    /// Those of these columns.
    pub fn of(row: &[Datum], columns: &[usize]) -> Nulls {
        match columns.iter().filter(|column| row[**column].is_null()).count() {
            0 => Nulls::None,
            all if all == columns.len() => Nulls::All,
            _ => Nulls::Some,
        }
    }
}

impl Executor {
    /// Notes what a change of a row asks of foreign keys: those of the table, and those that refer to it.
    pub(super) fn note(&self, target: &Target, old: Option<(Tid, &[Datum])>, new: Option<(Tid, &Row)>) {
        let same = |columns: &[usize]| match (old, new) {
            (Some((_, old)), Some((_, new))) => columns.iter().all(|column| old[*column] == new[*column]),
            _ => false,
        };
        let mut events = Vec::new();
        if let Some((_, old)) = old {
            for (table, key) in &target.referred {
                if Nulls::of(old, &key.referenced) == Nulls::None && !same(&key.referenced) {
                    let change = Change::Leaves { old: old.into(), new: new.map(|(_, new)| new.clone()) };
                    events.push(Event { key: key.oid, table: *table, change });
                }
            }
        }
        if let Some((tid, new)) = new {
            for key in &target.refers {
                let nulls = Nulls::of(new, &key.columns);
                let is_refused = nulls == Nulls::Some && key.match_full;
                // A row that the transaction itself wrote may not have been checked yet.
                let is_known = same(&key.columns) && old.is_some_and(|(tid, _)| !self.is_own(target, tid));
                if is_refused || nulls == Nulls::None && !is_known {
                    let change = Change::Refers { tid, row: new.clone() };
                    events.push(Event { key: key.oid, table: target.oid, change });
                }
            }
        }
        if !events.is_empty() {
            self.with(|database| {
                database.session_mut(self.session).transaction_mut().checks.now.extend(events);
            });
        }
    }

    fn is_own(&self, target: &Target, tid: Tid) -> bool {
        self.with(|database| {
            let top = database.session(self.session).transaction().top();
            let tuple = database.files[&target.table.file].heap.get(tid);
            tuple.is_some_and(|tuple| top.is_some() && database.transactions.running(tuple.xmin) == top)
        })
    }
}
