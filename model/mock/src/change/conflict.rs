//! INSERT ... ON CONFLICT (PostgreSQL's nodeModifyTable.c, ExecOnConflictUpdate).

use super::claim::{Claim, Request};
use super::store::Holder;
use super::{Insert, Target};
use crate::error::error;
use crate::executor::Executor;
use crate::expression::Expr;
use crate::ids::Tid;
use crate::query::Waits;
use crate::store::{Reader, Row, RowLock};
use crate::types::Datum;
use drawloom_model::SqlError;

/// What is done about a row whose key is taken.
#[derive(Debug)]
pub(crate) struct Conflict {
    /// The target's indexes that are asked, by place.
    pub arbiters: Vec<usize>,
    pub action: Action,
}

/// What is done then.
#[derive(Debug)]
pub(crate) enum Action {
    Nothing,
    /// Over the row that is there, and the one that was to be inserted.
    Update {
        assignments: Vec<(usize, Expr)>,
        filter: Option<Expr>,
    },
}

impl Executor {
    /// Inserts a row, or does what is to be done if its key is taken: the version that is there then.
    pub(super) async fn insert_or(
        &self,
        insert: &Insert,
        conflict: &Conflict,
        row: Row,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Option<(Tid, Row)>, SqlError> {
        let target = &insert.target;
        loop {
            let Some(taken) = self.taken(target, conflict, &row).await? else {
                let tid = self.insert_row(target, &row).await?;
                return Ok(Some((tid, row)));
            };
            self.refuse_unseen(target, taken, reader)?;
            let Action::Update { assignments, filter } = &conflict.action else { return Ok(None) };
            let is_key = assignments.iter().any(|(column, _)| target.is_key(*column));
            let mode = if is_key { RowLock::Update } else { RowLock::NoKeyUpdate };
            let table = &target.table;
            let request =
                Request { table, oid: target.oid, tid: taken, mode, waits: Waits::Wait, locks_only: true };
            match self.claim(request).await? {
                Claim::Taken => (),
                Claim::OwnCommand => return Err(second_time()),
                Claim::Updated(_) => {
                    self.refuse_change("update")?;
                    continue;
                }
                Claim::Deleted | Claim::Skipped => {
                    self.refuse_change("delete")?;
                    continue;
                }
            }
            if self.is_own_command(target, taken) {
                return Err(second_time());
            }
            let Some(tid) = self.lock_newest(request).await? else { continue };
            let width = target.missing.len();
            let both = self.replaced(target, 0, vec![Datum::Null; width + 1], tid);
            let both: Vec<Datum> = both.into_iter().chain(row.iter().cloned()).collect();
            if let Some(filter) = filter
                && !self.read(reader, parameters, |cx| filter.holds(cx, &both)).await?
            {
                return Ok(None);
            }
            let new = self.assigned(target, 0, assignments, reader, parameters, &both).await?;
            target.check(&new)?;
            let new: Row = new.into();
            let next = self.replace(target, tid, &both[..width], new.clone()).await?;
            return Ok(Some((next, new)));
        }
    }

    /// The version that has the row's key. It waits for who may yet give it up.
    async fn taken(&self, target: &Target, conflict: &Conflict, row: &Row) -> Result<Option<Tid>, SqlError> {
        'again: loop {
            for place in &conflict.arbiters {
                let index = &target.indexes[*place];
                if index.deferral.is_some() {
                    let message = "ON CONFLICT does not support deferrable unique constraints/exclusion \
                                   constraints as arbiters";
                    return Err(error("55000", message));
                }
                let Some(key) = self.key(target, index, row)? else { continue };
                match self.holder(target, index, &key, None) {
                    Holder::Nobody => (),
                    Holder::Taken(tid) => return Ok(Some(tid)),
                    Holder::Perhaps(xid) => {
                        self.wait_for(xid).await?;
                        continue 'again;
                    }
                }
            }
            return Ok(None);
        }
    }

    /// With one snapshot for all statements, a row that it does not show may not decide anything.
    fn refuse_unseen(&self, target: &Target, tid: Tid, reader: Reader) -> Result<(), SqlError> {
        let is_seen = self.with(|database| {
            let transaction = database.session(self.session).transaction();
            let file = database.files.get(&target.table.file).expect("a table has a file");
            let tuple = file.heap.get(tid).expect("it has just been found");
            let is_own = database.transactions.running(tuple.xmin).is_some();
            !transaction.keeps_snapshot() || is_own || tuple.is_visible(&database.transactions, &reader)
        });
        if is_seen { Ok(()) } else { self.refuse_change("update") }
    }

    fn is_own_command(&self, target: &Target, tid: Tid) -> bool {
        self.with(|database| {
            let transaction = database.session(self.session).transaction();
            let file = database.files.get(&target.table.file).expect("a table has a file");
            file.heap.get(tid).is_some_and(|tuple| {
                let is_own = transaction.top().is_some()
                    && database.transactions.running(tuple.xmin) == transaction.top();
                is_own && tuple.cmin >= transaction.command
            })
        })
    }
}

fn second_time() -> SqlError {
    error("21000", "ON CONFLICT DO UPDATE command cannot affect row a second time")
}
