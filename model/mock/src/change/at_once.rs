//! Changes that are over at once: those of single rows that are free, alone and outside a block.
//!
//! Whether a change can be made is found out before any of it is: what finds somebody in its way, or breaks something,
//! goes the usual way from its beginning, and finds it again there.

use super::claim::Request;
use super::insert::with_tid;
use super::store::{Holder, Keys, Writer};
use super::update::tid_at;
use super::{Delete, Insert, Outcome, Returning, Source, Target, Update};
use crate::database::Database;
use crate::expression::Context;
use crate::ids::Tid;
use crate::log::{self, Commit, Record};
use crate::plan::Kind;
use crate::query::{Body, Path, Waits, filtered};
use crate::store::{Reader, Row, RowLock};
use crate::types::Datum;
use drawloom_model::{SessionId, SqlError};
use smallvec::smallvec;
use std::rc::Rc;

/// Who changes something, and what he sees.
#[derive(Clone, Copy)]
pub(crate) struct Author<'a> {
    pub session: SessionId,
    pub reader: Reader,
    pub parameters: &'a [Datum],
}

impl Author<'_> {
    /// One who sees nothing uncommitted.
    fn clean(self) -> Self {
        Author { reader: self.reader.clean(), ..self }
    }
}

/// Whether a change touches at most one row of a table, or a few new ones.
pub(crate) fn is_small(kind: &Kind) -> bool {
    match kind {
        Kind::Insert(insert) => {
            let is_short = matches!(&insert.source.body, Body::Values(rows) if rows.len() <= ROWS_MAX);
            is_short && insert.conflict.is_none() && insert.target.refers.is_empty()
        }
        Kind::Update(update) => update.source.is_of_one_row(&update.target),
        Kind::Delete(delete) => {
            delete.source.is_of_one_row(&delete.target) && delete.target.referred.is_empty()
        }
        Kind::Query(_) | Kind::Merge(_) => false,
    }
}

/// How many rows an INSERT may have that is over at once: each key is compared with all before it.
const ROWS_MAX: usize = 8;

impl Source {
    /// Whether it finds its row by all of a unique key.
    fn is_of_one_row(&self, target: &Target) -> bool {
        let crate::query::Source::Table(scan) = &self.select.from else { return false };
        let Path::Index(probe) = &scan.path else { return false };
        let index = target.indexes.iter().find(|index| index.oid == probe.index);
        let is_whole = index.is_some_and(|index| index.is_unique && probe.equal.len() == index.keys.len());
        probe.last.is_none() && is_whole
    }
}

impl Database {
    /// Makes a change that is over at once, and commits it; `None` if it has to go the usual way.
    pub fn change_at_once(&mut self, author: Author<'_>, kind: &Kind) -> Option<Outcome> {
        match kind {
            Kind::Insert(insert) => self.insert_at_once(author, insert),
            Kind::Update(update) => self.update_at_once(author.clean(), update),
            Kind::Delete(delete) => self.delete_at_once(author.clean(), delete),
            Kind::Query(_) | Kind::Merge(_) => None,
        }
    }

    fn insert_at_once(&mut self, author: Author<'_>, insert: &Insert) -> Option<Outcome> {
        let target = &insert.target;
        let rows = self.read_at_once(author, |cx| insert.rows(cx))?;
        let mut outcome = Outcome::default();
        let mut entries: Vec<(Row, Keys)> = Vec::with_capacity(rows.len());
        let mut next = self.files.get(&target.table.file)?.heap.next();
        for mut row in rows {
            target.generate(&mut row).and_then(|()| target.check(&row)).ok()?;
            let keys = self.keys(target, &row, None).ok()?;
            let is_repeated = |place: usize| entries.iter().any(|(_, other)| other[place].0 == keys[place].0);
            if !self.are_free(author.session, target, &keys)
                || (0..keys.len()).any(|place| target.indexes[place].is_unique && is_repeated(place))
            {
                return None;
            }
            if let Some(returning) = &insert.returning {
                let shown = with_tid(target.padded(&row), next);
                outcome.rows.push(self.returned(author, returning, &shown)?);
            }
            next = Tid(next.0 + 1);
            entries.push((row.into(), keys));
        }
        let writer = self.new_writer(author.session);
        let mut changes = log::RowChanges::new();
        for (row, keys) in entries {
            let (tid, change) = self.write_new(writer, target, &row);
            self.enter_keys(target, keys, tid);
            changes.push(change);
            outcome.affected += 1;
        }
        self.commit_at_once(writer, changes);
        Some(outcome)
    }

    fn update_at_once(&mut self, author: Author<'_>, update: &Update) -> Option<Outcome> {
        let target = &update.target;
        let width = target.missing.len();
        let Some((tid, row)) = self.found_at_once(author, &update.source, width)? else {
            return Some(Outcome::default());
        };
        let old = &row[..width];
        let new: Row = self.read_at_once(author, |cx| {
            let mut new = Row::from(old);
            let values = Rc::get_mut(&mut new).expect("it has just been made");
            for (column, expr) in &update.assignments {
                values[*column] = expr.evaluate(cx, &row)?;
            }
            target.generate(values)?;
            target.check(values)?;
            Ok(new)
        })?;
        let mode = target.lock_for(old, &new);
        let keys = self.keys(target, &new, Some(old)).ok()?;
        let is_ready = self.is_free(author.session, claim(target, tid, mode))
            && target.references_stay(old, &new)
            && self.are_free(author.session, target, &keys);
        if !is_ready {
            return None;
        }
        let mut outcome = Outcome { affected: 1, rows: Vec::new() };
        if let Some(returning) = &update.returning {
            let mut shown = with_tid(new.to_vec(), self.files.get(&target.table.file)?.heap.next());
            shown.extend_from_slice(&row[width + 1..]);
            outcome.rows.push(self.returned(author, returning, &shown)?);
        }
        let writer = self.new_writer(author.session);
        let lockers = self.lockers(target, tid);
        let next = self.write(writer, target, new, lockers);
        let change = self.end_version(writer, target, tid, Some(next), mode);
        self.enter_keys(target, keys, next);
        self.commit_at_once(writer, smallvec![change]);
        Some(outcome)
    }

    fn delete_at_once(&mut self, author: Author<'_>, delete: &Delete) -> Option<Outcome> {
        let target = &delete.target;
        let Some((tid, row)) = self.found_at_once(author, &delete.source, target.missing.len())? else {
            return Some(Outcome::default());
        };
        if !self.is_free(author.session, claim(target, tid, RowLock::Update)) {
            return None;
        }
        let mut outcome = Outcome { affected: 1, rows: Vec::new() };
        if let Some(returning) = &delete.returning {
            outcome.rows.push(self.returned(author, returning, &row)?);
        }
        let writer = self.new_writer(author.session);
        let change = self.end_version(writer, target, tid, None, RowLock::Update);
        self.commit_at_once(writer, smallvec![change]);
        Some(outcome)
    }

    /// The row of FROM that is to be changed, and the number of the target's version in it; `None` inside if there is
    /// none, outside if there are several.
    fn found_at_once(
        &self,
        author: Author<'_>,
        source: &Source,
        width: usize,
    ) -> Option<Option<(Tid, Vec<Datum>)>> {
        let mut rows = self.read_at_once(author, |cx| {
            let mut rows = Vec::with_capacity(1);
            filtered(&source.select, cx, &mut |row| {
                // Whoever hands it on puts together the next one anew.
                rows.push(std::mem::take(row));
                Ok(())
            })?;
            Ok(rows)
        })?;
        let row = rows.pop();
        rows.is_empty().then(|| row.map(|row| (tid_at(&row, width), row)))
    }

    /// Works something out; what fails goes the usual way.
    fn read_at_once<T>(
        &self,
        Author { session, reader, parameters }: Author<'_>,
        read: impl FnOnce(&Context<'_>) -> Result<T, SqlError>,
    ) -> Option<T> {
        self.look(session, reader, parameters, read).ok()
    }

    fn returned(&self, author: Author<'_>, returning: &Returning, row: &[Datum]) -> Option<Vec<Datum>> {
        self.read_at_once(author, |cx| returning.row(cx, row))
    }

    /// Whether nobody has the unique ones of these keys.
    fn are_free(&mut self, session: SessionId, target: &Target, keys: &Keys) -> bool {
        target.indexes.iter().zip(keys).all(|(index, (key, same))| match key {
            Some(key) if index.is_unique && !same => {
                self.holder(session, target, index, key, None) == Holder::Nobody
            }
            _ => true,
        })
    }

    fn enter_keys(&mut self, target: &Target, keys: Keys, tid: Tid) {
        for (index, (key, _)) in target.indexes.iter().zip(keys) {
            if let Some(key) = key {
                self.enter_key(target, index.oid, key, tid);
            }
        }
    }

    /// The only command of a transaction that is over before anybody could ask after it.
    fn new_writer(&mut self, session: SessionId) -> Writer {
        Writer { session, xid: self.transactions.begin(None), command: 0 }
    }

    fn commit_at_once(&mut self, writer: Writer, changes: log::RowChanges) {
        self.transactions.commit([writer.xid]);
        let waits = self.session(writer.session).settings.waits_for_disk();
        self.log(Record::Commit(Commit { changes, ..Commit::default() }), waits);
    }
}

fn claim(target: &Target, tid: Tid, mode: RowLock) -> Request<'_> {
    Request { table: &target.table, oid: target.oid, tid, mode, waits: Waits::Wait, locks_only: false }
}

impl Target {
    /// Whether an update leaves alone what refers to others, and what others refer to.
    fn references_stay(&self, old: &[Datum], new: &[Datum]) -> bool {
        if self.refers.is_empty() && self.referred.is_empty() {
            return true;
        }
        let refers = self.refers.iter().flat_map(|key| &key.columns);
        let referred = self.referred.iter().flat_map(|(_, key)| &key.referenced);
        refers.chain(referred).all(|column| old[*column] == new[*column])
    }
}
