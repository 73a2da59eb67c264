//! What the records of a log amount to.

use super::record::{Commit, Prepared, Record};
use crate::catalog::Catalog;
use crate::ids::Oid;
use crate::sequence;
use crate::store::{Pages, Row};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A database as the log tells it: what is committed, and what is prepared.
#[derive(Debug, Default)]
pub(crate) struct Image {
    /// `None` is that of a new database.
    pub catalog: Option<Catalog>,
    pub files: BTreeMap<Oid, Pages<Row>>,
    pub sequences: BTreeMap<Oid, sequence::State>,
    pub prepared: BTreeMap<Rc<str>, Rc<Prepared>>,
}

impl Image {
    /// Does what the record says.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Commit(commit) => self.commit(commit),
            Record::Prepare(prepared) => drop(self.prepared.insert(prepared.name.clone(), prepared)),
            Record::RollBack(name) => drop(self.prepared.remove(&name)),
            Record::Sequence { file, state } => drop(self.sequences.insert(file, state)),
        }
    }

    fn commit(&mut self, commit: Commit) {
        if let Some(name) = commit.prepared {
            self.prepared.remove(&name);
        }
        for change in commit.changes {
            let rows = self.files.entry(change.file).or_default();
            if let Some((tid, _)) = change.before {
                rows.remove(tid);
            }
            if let Some((tid, row)) = change.after {
                rows.restore(tid, row);
            }
        }
        let Some(definition) = commit.definition else { return };
        for (file, rows) in definition.files {
            let mut made = Pages::default();
            rows.into_iter().for_each(|(tid, row)| made.restore(tid, row));
            self.files.insert(file, made);
        }
        self.sequences.extend(definition.sequences);
        self.catalog.get_or_insert_with(Catalog::new).apply(&definition.objects);
    }
}
