//! SELECT FOR UPDATE and the like (PostgreSQL's nodeLockRows.c).

use super::Target;
use super::claim::{Claim, Request};
use super::update::tid_at;
use crate::bug::Bug;
use crate::executor::Executor;
use crate::expression::{Context, Outer};
use crate::footprint::Change;
use crate::ids::Tid;
use crate::query::{Body, Mark, Query, Select, filtered, limits, sort};
use crate::store::{Locker, Reader};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::rc::Rc;

impl Executor {
    /// The rows of a query that locks them, inside queries with these rows, the innermost first.
    ///
    /// # Errors
    /// An expression fails, a wait, or at REPEATABLE READ somebody has changed a row.
    pub async fn lock_rows(
        &self,
        query: &Query,
        reader: Reader,
        parameters: &[Datum],
        outer: &[Vec<Datum>],
    ) -> Result<Vec<Vec<Datum>>, SqlError> {
        let (rows, (skipped, most)) = self.lock_candidates(query, reader, parameters, outer).await?;
        let mut locked = Vec::new();
        let wanted = skipped.saturating_add(most);
        for row in rows {
            if locked.len() >= wanted {
                break;
            }
            if let Some((row, _)) = self.lock_candidate(query, reader, parameters, outer, row).await? {
                locked.push(row);
            }
        }
        locked.drain(..skipped.min(locked.len()));
        Ok(locked)
    }

    /// The rows of FROM that such a query wants, in its order; how many it skips, and how many it gives at most.
    ///
    /// # Errors
    /// An expression fails.
    pub async fn lock_candidates(
        &self,
        query: &Query,
        reader: Reader,
        parameters: &[Datum],
        outer: &[Vec<Datum>],
    ) -> Result<(Vec<Vec<Datum>>, (usize, usize)), SqlError> {
        let Body::Select(select) = &query.body else { unreachable!("only a SELECT locks rows") };
        let reader = reader.clean();
        self.read(reader, parameters, |cx| {
            inside(cx, outer, &|cx| {
                query.begin(cx)?;
                let mut rows = Vec::new();
                filtered(select, cx, &mut |row| {
                    let mut all = select.projected(cx, row)?;
                    all.extend_from_slice(row);
                    rows.push(all);
                    Ok(())
                })?;
                sort(&mut rows, &query.order, cx)?;
                let width = select.project.len();
                rows.iter_mut().for_each(|row| drop(row.drain(..width)));
                Ok((rows, limits(query, cx)?))
            })
        })
        .await
    }

    /// Locks one of them: what the query gives for it, and the row of FROM; `None` if it is no longer wanted.
    ///
    /// # Errors
    /// An expression fails, a wait, or at REPEATABLE READ somebody has changed the row.
    pub async fn lock_candidate(
        &self,
        query: &Query,
        reader: Reader,
        parameters: &[Datum],
        outer: &[Vec<Datum>],
        row: Vec<Datum>,
    ) -> Result<Option<(Vec<Datum>, Vec<Datum>)>, SqlError> {
        let Body::Select(select) = &query.body else { unreachable!("only a SELECT locks rows") };
        let Some(from) = self.lock_row(select, reader, parameters, outer, row).await? else {
            return Ok(None);
        };
        let project = |cx: &Context<'_>| select.projected(cx, &from);
        let mut row = self.read(reader, parameters, |cx| inside(cx, outer, &project)).await?;
        row.truncate(query.columns.len());
        Ok(Some((row, from)))
    }

    /// Locks a row of FROM in each of its marked tables; the row as it is then, if it still is one that is wanted.
    async fn lock_row(
        &self,
        select: &Select,
        reader: Reader,
        parameters: &[Datum],
        outer: &[Vec<Datum>],
        row: Vec<Datum>,
    ) -> Result<Option<Vec<Datum>>, SqlError> {
        let mut row = row;
        let mut is_newer = false;
        for Mark { relation, mode, waits, target } in &select.marks {
            let (oid, slot) = relation.table.expect("only tables are marked");
            if row[slot].is_null() {
                // The outer side of a join has no row here.
                continue;
            }
            let target: &Rc<Target> = target;
            let tid = tid_at(&row, slot);
            let request =
                Request { table: &target.table, oid, tid, mode: *mode, waits: *waits, locks_only: true };
            match self.hold(request).await? {
                Claim::Taken => (),
                Claim::Skipped | Claim::OwnCommand => return Ok(None),
                Claim::Deleted => {
                    self.refuse_change("update")?;
                    return Ok(None);
                }
                Claim::Updated(next) => {
                    self.refuse_change("update")?;
                    let Some(newest) = self.lock_newest(Request { tid: next, ..request }).await? else {
                        return Ok(None);
                    };
                    row = self.replaced(target, slot - target.missing.len(), row, newest);
                    is_newer = true;
                }
            }
        }
        match &select.recheck {
            Some(condition) if is_newer => {
                let holds = |cx: &Context<'_>| condition.holds(cx, &row);
                let holds = self.read(reader, parameters, |cx| inside(cx, outer, &holds)).await?;
                Ok(holds.then_some(row))
            }
            _ => Ok(Some(row)),
        }
    }

    /// Locks the newest version that comes after one; `None` if the row is deleted, or one does not wait for it.
    ///
    /// # Errors
    /// As for a claim.
    pub(super) async fn lock_newest(&self, request: Request<'_>) -> Result<Option<Tid>, SqlError> {
        let mut request = request;
        loop {
            match self.hold(request).await? {
                Claim::Taken => return Ok(Some(request.tid)),
                Claim::Updated(next) => {
                    assert!(!self.has(Bug::StatementPanic), "a row has changed twice during one wait");
                    request.tid = next;
                }
                Claim::Deleted | Claim::OwnCommand | Claim::Skipped => return Ok(None),
            }
        }
    }

    /// Claims a version and notes there that it is locked, and on those that others have made of it: one of these
    /// may be deleted, or have another key, and then the row is not the one that was asked for
    /// (heap_lock_updated_tuple).
    async fn hold(&self, request: Request<'_>) -> Result<Claim, SqlError> {
        let mut version = request;
        let mut first = None;
        loop {
            match self.claim(version).await? {
                Claim::Taken => (),
                Claim::Updated(next) => return Ok(Claim::Updated(first.unwrap_or(next))),
                Claim::OwnCommand if first.is_some() => return Ok(Claim::Taken),
                other => return Ok(other),
            }
            match self.mark(version) {
                Some(next) => version.tid = next,
                None => return Ok(Claim::Taken),
            }
            first = first.or(Some(version.tid));
        }
    }

    /// Notes on a claimed version that it is locked; the next one, if there is one.
    fn mark(&self, request: Request<'_>) -> Option<Tid> {
        let xid = self.xid();
        self.with(|database| {
            let table = (request.oid, request.table.file);
            database.touch_change(self.session, table, request.tid, Change::Locked);
            let top = database.session(self.session).transaction().top();
            let transactions = &database.transactions;
            let file = database.files.get_mut(&request.table.file).expect("a table has a file");
            let tuple = file.heap.get_mut(request.tid)?;
            if tuple.held_by(transactions, top).is_none_or(|held| held < request.mode) {
                // Who is gone needs no note any more.
                tuple.lockers.retain(|locker| transactions.running(locker.xid).is_some());
                tuple.lockers.push(Locker { xid, mode: request.mode });
            }
            tuple.ended(transactions)?.next
        })
    }
}

/// Works something out inside queries with these rows, the innermost first.
fn inside<T>(
    cx: &Context<'_>,
    rows: &[Vec<Datum>],
    work: &dyn Fn(&Context<'_>) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    match rows.split_last() {
        None => work(cx),
        Some((outermost, rest)) => {
            let outer = Outer { row: outermost, outer: cx.outer };
            inside(&Context { outer: Some(&outer), ..*cx }, rest, work)
        }
    }
}
