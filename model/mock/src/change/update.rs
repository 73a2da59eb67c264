//! UPDATE, and what it has in common with DELETE: the rows of FROM, and the claim on the target's version.

use super::claim::{Claim, Request};
use super::insert::with_tid;
use super::store::Writer;
use super::{Outcome, Source, Target, Update};
use crate::bug::Bug;
use crate::database::Database;
use crate::error::error;
use crate::executor::Executor;
use crate::expression::Expr;
use crate::footprint;
use crate::ids::Tid;
use crate::log::Change;
use crate::query::{Select, Waits, filtered};
use crate::store::{End, Locker, Reader, Row, RowLock};
use crate::types::Datum;
use drawloom_model::SqlError;

impl Executor {
    /// Updates the rows of FROM.
    ///
    /// # Errors
    /// A row breaks a constraint, an expression fails, a wait, or at REPEATABLE READ somebody else was first.
    pub async fn update(
        &self,
        update: &Update,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Outcome, SqlError> {
        let reader = reader.clean();
        let target = &update.target;
        let mut outcome = Outcome::default();
        for row in self.candidates(&update.source, reader, parameters).await? {
            let waited_for = tid_at(&row, target.missing.len());
            let Some((tid, row, new)) = self.claim_update(update, reader, parameters, row).await? else {
                let is_gone = self.with(|database| {
                    let tuple = database.file_mut(target.table.file).heap.get(waited_for);
                    tuple.is_some_and(|tuple| tuple.end.is_some())
                });
                if is_gone && self.has(Bug::WrongRowCount) {
                    outcome.affected += 1;
                }
                continue;
            };
            let old = &row[..target.missing.len()];
            let new: Row = new.into();
            let next = self.replace(target, tid, old, new.clone()).await?;
            outcome.affected += 1;
            self.breathe().await?;
            if let Some(returning) = &update.returning {
                let mut shown = with_tid(new.to_vec(), next);
                shown.extend_from_slice(&row[target.missing.len() + 1..]);
                outcome.rows.push(self.read(reader, parameters, |cx| returning.row(cx, &shown)).await?);
            }
        }
        Ok(outcome)
    }

    /// Claims a row's version; with it comes the row as it is then, and as it shall be.
    async fn claim_update(
        &self,
        update: &Update,
        reader: Reader,
        parameters: &[Datum],
        row: Vec<Datum>,
    ) -> Result<Option<(Tid, Vec<Datum>, Vec<Datum>)>, SqlError> {
        let target = &update.target;
        let mut row = row;
        loop {
            let new = self.assigned(target, 0, &update.assignments, reader, parameters, &row).await?;
            // Before it waits for anybody, as PostgreSQL's ExecUpdate does.
            target.check(&new)?;
            let mode = target.lock_for(&row, &new);
            let stale = self.has(Bug::LostUpdate).then(|| row.clone());
            match self.claim_target(target, &update.source, reader, parameters, row, mode).await? {
                Claimed::Gone => return Ok(None),
                Claimed::Same(tid, row) => return Ok(Some((tid, row, new))),
                Claimed::Newer(newer) => {
                    row = newer;
                    if let Some(mut stale) = stale {
                        let place = target.missing.len();
                        stale[place] = row[place].clone();
                        row = stale;
                    }
                }
            }
        }
    }

    /// The rows of FROM that the filter lets through.
    ///
    /// # Errors
    /// What the expressions say.
    pub(super) async fn candidates(
        &self,
        source: &Source,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Vec<Vec<Datum>>, SqlError> {
        self.rows_of_from(&source.select, reader, parameters).await
    }

    pub(super) async fn rows_of_from(
        &self,
        select: &Select,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Vec<Vec<Datum>>, SqlError> {
        self.read(reader, parameters, |cx| {
            let mut rows = Vec::new();
            filtered(select, cx, &mut |row| {
                rows.push(row.clone());
                Ok(())
            })?;
            Ok(rows)
        })
        .await
    }

    /// The target's values, which begin there in a row, with the assigned ones.
    ///
    /// # Errors
    /// What the expressions say.
    pub(super) async fn assigned(
        &self,
        target: &Target,
        begin: usize,
        assignments: &[(usize, Expr)],
        reader: Reader,
        parameters: &[Datum],
        row: &[Datum],
    ) -> Result<Vec<Datum>, SqlError> {
        let mut new = row[begin..begin + target.missing.len()].to_vec();
        for (column, expr) in assignments {
            new[*column] = self.read(reader, parameters, |cx| expr.evaluate(cx, row)).await?;
        }
        target.generate(&mut new)?;
        Ok(new)
    }

    /// Claims the target's version in a row of FROM. At READ COMMITTED a row that was changed meanwhile is looked
    /// at again as it is now (EvalPlanQual).
    pub(super) async fn claim_target(
        &self,
        target: &Target,
        source: &Source,
        reader: Reader,
        parameters: &[Datum],
        row: Vec<Datum>,
        mode: RowLock,
    ) -> Result<Claimed, SqlError> {
        let tid = tid_at(&row, target.missing.len());
        let table = &target.table;
        let request = Request { table, oid: target.oid, tid, mode, waits: Waits::Wait, locks_only: false };
        match self.claim(request).await? {
            Claim::Taken => {
                self.refuse_hidden(target, tid)?;
                Ok(Claimed::Same(tid, row))
            }
            Claim::OwnCommand | Claim::Skipped => Ok(Claimed::Gone),
            Claim::Deleted => {
                self.refuse_change("delete")?;
                Ok(Claimed::Gone)
            }
            Claim::Updated(next) => {
                let request = Request { tid: next, locks_only: true, ..request };
                Box::pin(self.claim_newest(request, target, source, reader, parameters, row)).await
            }
        }
    }

    /// Locks the newest version of a row of FROM that was changed meanwhile, if it still is one that is wanted.
    async fn claim_newest(
        &self,
        request: Request<'_>,
        target: &Target,
        source: &Source,
        reader: Reader,
        parameters: &[Datum],
        row: Vec<Datum>,
    ) -> Result<Claimed, SqlError> {
        self.refuse_change("update")?;
        let Some(newest) = self.lock_newest(request).await? else { return Ok(Claimed::Gone) };
        let row = self.replaced(target, 0, row, newest);
        if let Some(condition) = &source.recheck
            && !self.has(Bug::SkippedEvalPlanQual)
            && !self.read(reader, parameters, |cx| condition.holds(cx, &row)).await?
        {
            return Ok(Claimed::Gone);
        }
        Ok(Claimed::Newer(row))
    }

    /// With one snapshot for all statements, what was changed since may not be changed again.
    ///
    /// # Errors
    /// `40001`
    pub(super) fn refuse_change(&self, how: &str) -> Result<(), SqlError> {
        let keeps_snapshot =
            self.with(|database| database.session(self.session).transaction().keeps_snapshot());
        if keeps_snapshot && !self.has(Bug::NoFirstUpdaterWins) {
            return Err(error("40001", format!("could not serialize access due to concurrent {how}")));
        }
        Ok(())
    }

    /// Who reads the latest may change only what the transaction's snapshot shows as well.
    pub(super) fn refuse_hidden(&self, target: &Target, tid: Tid) -> Result<(), SqlError> {
        let is_hidden = self.with(|database| {
            let transaction = database.session_mut(self.session).transaction_mut();
            if !transaction.reads_latest || !transaction.keeps_snapshot() {
                return false;
            }
            transaction.reads_latest = false;
            let reader = database.reader(self.session);
            database.session_mut(self.session).transaction_mut().reads_latest = true;
            let tuple = database.files[&target.table.file].heap.get(tid);
            tuple.is_some_and(|tuple| !tuple.is_visible(&database.transactions, &reader))
        });
        if is_hidden { self.refuse_change("update") } else { Ok(()) }
    }

    /// A row of FROM with another version of the table whose values begin there.
    pub(super) fn replaced(
        &self,
        target: &Target,
        begin: usize,
        mut row: Vec<Datum>,
        tid: Tid,
    ) -> Vec<Datum> {
        let values = self.with(|database| {
            let tuple = database.file_mut(target.table.file).heap.get(tid).expect("it has just been claimed");
            tuple.row.clone()
        });
        let width = target.missing.len();
        row.splice(begin..=begin + width, with_tid(target.padded(&values), tid));
        row
    }

    /// Puts a new version in the place of a claimed one.
    ///
    /// # Errors
    /// `23505`
    pub(super) async fn replace(
        &self,
        target: &Target,
        tid: Tid,
        old: &[Datum],
        new: Row,
    ) -> Result<Tid, SqlError> {
        let mode = target.lock_for(old, &new);
        let next = self.with(|database| {
            let lockers = database.lockers(target, tid);
            let writer = database.writer(self.session);
            database.write(writer, target, new.clone(), lockers)
        });
        self.end(target, tid, Some(next), mode)?;
        self.enter(target, next, &new, Some(old)).await?;
        self.note(target, Some((tid, old)), Some((next, &new)));
        Ok(next)
    }

    /// Ends a claimed version.
    ///
    /// # Errors
    /// `40001`: at SERIALIZABLE.
    pub(super) fn end(
        &self,
        target: &Target,
        tid: Tid,
        next: Option<Tid>,
        mode: RowLock,
    ) -> Result<(), SqlError> {
        self.watch_row(target, Some(tid))?;
        self.with(|database| {
            let writer = database.writer(self.session);
            let change = database.end_version(writer, target, tid, next, mode);
            database.log_change(self.session, change);
        });
        Ok(())
    }
}

impl Database {
    /// Who has locked a row beside us, and so has locked its next version too.
    pub(super) fn lockers(&self, target: &Target, tid: Tid) -> Vec<Locker> {
        let Some(tuple) = self.files[&target.table.file].heap.get(tid) else { return Vec::new() };
        let is_running = |locker: &&Locker| self.transactions.running(locker.xid).is_some();
        tuple.lockers.iter().filter(is_running).copied().collect()
    }

    /// Ends a claimed version; what is to be logged.
    pub(super) fn end_version(
        &mut self,
        by: Writer,
        target: &Target,
        tid: Tid,
        next: Option<Tid>,
        mode: RowLock,
    ) -> Change {
        let Writer { session, xid, command } = by;
        let file = target.table.file;
        let heap = &mut self.file_mut(file).heap;
        let tuple = heap.get_mut(tid).expect("a claimed version is there");
        tuple.end = Some(End { xid, command, next, mode });
        let after = next.and_then(|next| Some((next, heap.get(next)?.row.clone())));
        self.touch_change(session, (target.oid, file), tid, footprint::Change::Ended);
        Change { file, xid, before: Some((tid, mode)), after }
    }
}

/// What became of the claim on a row's version.
pub(super) enum Claimed {
    /// It is ours, as it was read.
    Same(Tid, Vec<Datum>),
    /// The row has changed, and still is one of those that are wanted: again.
    Newer(Vec<Datum>),
    /// It is not one of those any more.
    Gone,
}

impl Target {
    /// How strongly a row is locked by this change.
    pub(super) fn lock_for(&self, old: &[Datum], new: &[Datum]) -> RowLock {
        let changes_key =
            old.iter().zip(new).enumerate().any(|(place, (old, new))| old != new && self.is_key(place));
        if changes_key { RowLock::Update } else { RowLock::NoKeyUpdate }
    }
}

/// The number of a version in a row of FROM.
pub(super) fn tid_at(row: &[Datum], slot: usize) -> Tid {
    match row[slot] {
        Datum::Int(number) => Tid(u32::try_from(number).expect("it was made of one")),
        _ => unreachable!("a table's values end with its version's number"),
    }
}
