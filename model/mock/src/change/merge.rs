//! MERGE (PostgreSQL's ExecMerge in nodeModifyTable.c).
//!
//! ```text
//! a row of the source -- has a target --> the first WHEN MATCHED that holds -> claim -> update or delete
//!                     |                     somebody changed it: again with its newest version, if that still meets
//!                     |                     the source's row; else, and if it is deleted:
//!                     +-- has none ------> the first WHEN NOT MATCHED that holds -> insert
//! ```

use super::claim::{Claim, Request};
use super::update::tid_at;
use super::{Outcome, Target};
use crate::error::error;
use crate::executor::Executor;
use crate::expression::Expr;
use crate::ids::Tid;
use crate::query::{Select, Waits};
use crate::store::{Reader, Row, RowLock};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::rc::Rc;

/// `MERGE`
#[derive(Debug)]
pub(crate) struct Merge {
    pub target: Rc<Target>,
    /// The source's rows, and behind them those of the target that meet them, or NULLs.
    pub rows: Select,
    /// Where the target's values begin.
    pub begin: usize,
    /// What meets.
    pub on: Expr,
    pub matched: Vec<When>,
    pub unmatched: Vec<When>,
}

/// `WHEN ... THEN`
#[derive(Debug)]
pub(crate) struct When {
    pub condition: Option<Expr>,
    pub action: Action,
}

/// What MERGE does with a row.
#[derive(Debug)]
pub(crate) enum Action {
    Nothing,
    /// Columns and their new values.
    Update(Vec<(usize, Expr)>),
    Delete,
    /// A value for each column of the table.
    Insert(Vec<Expr>),
}

/// What is to be done with a target's row.
enum Change {
    Update(Vec<Datum>),
    Delete,
}

impl Merge {
    /// Whether it may change something.
    pub fn writes(&self) -> bool {
        let acts = |when: &When| !matches!(when.action, Action::Nothing);
        self.matched.iter().chain(&self.unmatched).any(acts)
    }
}

impl Executor {
    /// Merges the source's rows into the target.
    ///
    /// # Errors
    /// A row breaks a constraint, an expression fails, a wait, `21000`: a row is to be changed twice, or at
    /// REPEATABLE READ somebody else was first.
    pub async fn merge(
        &self,
        merge: &Merge,
        reader: Reader,
        parameters: &[Datum],
    ) -> Result<Outcome, SqlError> {
        let reader = reader.clean();
        let mut outcome = Outcome::default();
        let slot = merge.begin + merge.target.missing.len();
        for row in self.rows_of_from(&merge.rows, reader, parameters).await? {
            let changed = match row[slot].is_null() {
                true => None,
                false => self.merge_matched(merge, reader, parameters, row.clone()).await?,
            };
            let changed = match changed {
                Some(changed) => changed,
                None => self.merge_unmatched(merge, reader, parameters, &row).await?,
            };
            outcome.affected += u64::from(changed);
            self.breathe().await?;
        }
        Ok(outcome)
    }

    /// Whether a target's row was changed; `None` if it does not meet the source's row any more.
    async fn merge_matched(
        &self,
        merge: &Merge,
        reader: Reader,
        parameters: &[Datum],
        row: Vec<Datum>,
    ) -> Result<Option<bool>, SqlError> {
        let target = &merge.target;
        let (begin, end) = (merge.begin, merge.begin + target.missing.len());
        let mut row = row;
        loop {
            let Some(change) = self.change_of(merge, reader, parameters, &row).await? else {
                return Ok(Some(false));
            };
            let mode = match &change {
                Change::Update(new) => target.lock_for(&row[begin..end], new),
                Change::Delete => RowLock::Update,
            };
            let (table, tid) = (&target.table, tid_at(&row, end));
            let request =
                Request { table, oid: target.oid, tid, mode, waits: Waits::Wait, locks_only: false };
            let next = match self.claim(request).await? {
                Claim::Taken => {
                    self.refuse_hidden(target, tid)?;
                    self.merge_change(target, tid, &row[begin..end], change).await?;
                    return Ok(Some(true));
                }
                Claim::OwnCommand => {
                    return Err(error("21000", "MERGE command cannot affect row a second time"));
                }
                Claim::Deleted | Claim::Skipped => {
                    self.refuse_change("delete")?;
                    return Ok(None);
                }
                Claim::Updated(next) => next,
            };
            self.refuse_change("update")?;
            let request = Request { tid: next, locks_only: true, ..request };
            let Some(newest) = self.lock_newest(request).await? else { return Ok(None) };
            row = self.replaced(target, begin, row, newest);
            if !self.read(reader, parameters, |cx| merge.on.holds(cx, &row)).await? {
                return Ok(None);
            }
        }
    }

    /// What the first WHEN MATCHED that holds does with a row.
    async fn change_of(
        &self,
        merge: &Merge,
        reader: Reader,
        parameters: &[Datum],
        row: &[Datum],
    ) -> Result<Option<Change>, SqlError> {
        let Some(action) = self.first_that_holds(&merge.matched, reader, parameters, row).await? else {
            return Ok(None);
        };
        match action {
            Action::Update(assignments) => {
                let target = &merge.target;
                let new = self.assigned(target, merge.begin, assignments, reader, parameters, row).await?;
                target.check(&new)?;
                Ok(Some(Change::Update(new)))
            }
            Action::Delete => Ok(Some(Change::Delete)),
            Action::Nothing | Action::Insert(_) => Ok(None),
        }
    }

    /// Changes a claimed row.
    async fn merge_change(
        &self,
        target: &Target,
        tid: Tid,
        old: &[Datum],
        change: Change,
    ) -> Result<(), SqlError> {
        match change {
            Change::Update(new) => {
                self.replace(target, tid, old, new.into()).await?;
            }
            Change::Delete => {
                self.end(target, tid, None, RowLock::Update)?;
                self.note(target, Some((tid, old)), None);
            }
        }
        Ok(())
    }

    /// Whether something was inserted for a row of the source.
    async fn merge_unmatched(
        &self,
        merge: &Merge,
        reader: Reader,
        parameters: &[Datum],
        row: &[Datum],
    ) -> Result<bool, SqlError> {
        let action = self.first_that_holds(&merge.unmatched, reader, parameters, row).await?;
        let Some(Action::Insert(values)) = action else { return Ok(false) };
        let target = &merge.target;
        let mut new = self
            .read(reader, parameters, |cx| values.iter().map(|value| value.evaluate(cx, row)).collect())
            .await
            .map(|new: Vec<Datum>| new)?;
        target.generate(&mut new)?;
        target.check(&new)?;
        let new: Row = new.into();
        self.insert_row(target, &new).await?;
        Ok(true)
    }

    async fn first_that_holds<'a>(
        &self,
        whens: &'a [When],
        reader: Reader,
        parameters: &[Datum],
        row: &[Datum],
    ) -> Result<Option<&'a Action>, SqlError> {
        for When { condition, action } in whens {
            let holds = match condition {
                None => true,
                Some(condition) => self.read(reader, parameters, |cx| condition.holds(cx, row)).await?,
            };
            if holds {
                return Ok(Some(action));
            }
        }
        Ok(None)
    }
}
