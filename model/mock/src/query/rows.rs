//! A query's rows.

use super::{Body, Cte, Distinct, Query, Select, each, group, set, sort, window};
use crate::error::error;
use crate::expression::{Context, Expr, values};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::collections::BTreeSet;

/// A query's rows, as many as it gives, in its order.
///
/// # Errors
/// What its expressions say.
pub(crate) fn rows(query: &Query, cx: &Context<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
    if query.locks_rows() {
        return cx.world().locked_rows(query, cx);
    }
    query.begin(cx)?;
    let mut rows = match &query.body {
        Body::Select(select) => match select.rows_at_point(cx)? {
            Some(rows) => rows,
            None => select.rows(cx)?,
        },
        Body::Values(listed) => {
            let mut rows = Vec::with_capacity(listed.len());
            for row in listed {
                rows.push(values(row, cx, &[])?);
            }
            rows
        }
        Body::Set { operation, all, left, right } => {
            set::combine(*operation, *all, self::rows(left, cx)?, self::rows(right, cx)?)
        }
    };
    sort(&mut rows, &query.order, cx)?;
    if let Body::Select(select) = &query.body
        && let Distinct::On(keys) = &select.distinct
    {
        rows = first_of_each(rows, |row| keys.iter().map(|key| key.evaluate(cx, row)).collect())?;
    }
    let (skipped, most) = limits(query, cx)?;
    if skipped > 0 {
        rows.drain(..skipped.min(rows.len()));
    }
    if query.with_ties && 0 < most && most < rows.len() {
        let last = sort::values(&query.order, cx, &rows[most - 1])?;
        let mut end = most;
        while end < rows.len()
            && sort::compare(&query.order, &last, &sort::values(&query.order, cx, &rows[end])?).is_eq()
        {
            end += 1;
        }
        rows.truncate(end);
    }
    if !query.with_ties || most == 0 {
        rows.truncate(most);
    }
    let width = query.columns.len();
    if rows.first().is_some_and(|row| row.len() > width) {
        rows.iter_mut().for_each(|row| row.truncate(width));
    }
    Ok(rows)
}

impl Query {
    /// Works out its subqueries of WITH.
    ///
    /// # Errors
    /// What their expressions say.
    pub fn begin(&self, cx: &Context<'_>) -> Result<(), SqlError> {
        self.with.iter().try_for_each(|cte| cte.fill(cx))
    }
}

/// How many rows are skipped, and how many are given at most.
///
/// # Errors
/// A number is negative.
pub(crate) fn limits(query: &Query, cx: &Context<'_>) -> Result<(usize, usize), SqlError> {
    let number = |expr: &Option<Expr>, sqlstate, name| match expr {
        None => Ok(None),
        Some(expr) => match expr.evaluate(cx, &[])? {
            Datum::Int(number) if number < 0 => Err(error(sqlstate, format!("{name} must not be negative"))),
            Datum::Int(number) => Ok(usize::try_from(number).ok()),
            _ => Ok(None),
        },
    };
    let skipped = number(&query.offset, "2201X", "OFFSET")?.unwrap_or(0);
    Ok((skipped, number(&query.limit, "2201W", "LIMIT")?.unwrap_or(usize::MAX)))
}

/// Hands on the rows of FROM that the filter lets through.
///
/// # Errors
/// What the expressions say, or who takes the rows.
pub(crate) fn filtered(
    select: &Select,
    cx: &Context<'_>,
    take: &mut dyn FnMut(&mut Vec<Datum>) -> Result<(), SqlError>,
) -> Result<(), SqlError> {
    let mut row = Vec::with_capacity(select.from.width());
    each(&select.from, cx, &mut row, &mut |row| match &select.filter {
        Some(filter) if !filter.holds(cx, row)? => Ok(()),
        _ => take(row),
    })
}

/// How many rows a recursive subquery may come to.
const RECURSIVE_ROWS_MAX: usize = 1_000_000;

impl Cte {
    /// Works out its rows, for those who read them.
    ///
    /// # Errors
    /// What its expressions say.
    pub fn fill(&self, cx: &Context<'_>) -> Result<(), SqlError> {
        let mut all = rows(&self.query, cx)?;
        let Some(repeated) = &self.repeated else {
            cx.world().keep(self.number, all.into());
            return Ok(());
        };
        let mut seen = BTreeSet::new();
        if !self.keeps_duplicates {
            all.retain(|row| seen.insert(row.clone()));
        }
        let mut last = all.clone();
        while !last.is_empty() {
            cx.world().keep(self.number, std::mem::take(&mut last).into());
            last = rows(repeated, cx)?;
            if !self.keeps_duplicates {
                last.retain(|row| seen.insert(row.clone()));
            }
            all.extend(last.iter().cloned());
            if all.len() > RECURSIVE_ROWS_MAX {
                let message = format!("a recursive query may come to {RECURSIVE_ROWS_MAX} rows");
                return Err(error("54000", message));
            }
        }
        cx.world().keep(self.number, all.into());
        Ok(())
    }
}

impl Select {
    fn rows(&self, cx: &Context<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
        // Many give one row.
        let mut rows = Vec::with_capacity(1);
        let mut project = |row: &[Datum]| {
            rows.push(self.projected(cx, row)?);
            Ok::<(), SqlError>(())
        };
        if self.group.is_none() && self.windows.is_empty() && self.series.is_empty() {
            filtered(self, cx, &mut |row| project(row))?;
        } else {
            let mut wide = match &self.group {
                Some(grouping) => group::rows(self, grouping, cx)?,
                None => {
                    let mut wide = Vec::new();
                    filtered(self, cx, &mut |row| {
                        wide.push(row.clone());
                        Ok(())
                    })?;
                    wide
                }
            };
            window::extend(&mut wide, &self.windows, cx)?;
            if !self.series.is_empty() {
                wide = self.repeated(wide, cx)?;
            }
            wide.iter().try_for_each(|row| project(row))?;
        }
        match &self.distinct {
            Distinct::First(width) => first_of_each(rows, |row| Ok(row[..*width].to_vec())),
            // It waits for the order.
            Distinct::On(_) | Distinct::All => Ok(rows),
        }
    }

    /// What the list gives for a row.
    ///
    /// # Errors
    /// What the expressions say.
    pub fn projected(&self, cx: &Context<'_>, row: &[Datum]) -> Result<Vec<Datum>, SqlError> {
        values(&self.project, cx, row)
    }

    /// Repeats each row for what the functions of the list give; who gives less is NULL at the end.
    fn repeated(&self, rows: Vec<Vec<Datum>>, cx: &Context<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
        let mut repeated = Vec::new();
        for row in rows {
            let all =
                self.series.iter().map(|series| series.rows(cx, &row)).collect::<Result<Vec<_>, _>>()?;
            for number in 0..all.iter().map(Vec::len).max().unwrap_or(0) {
                let given =
                    |rows: &Vec<Vec<Datum>>| rows.get(number).map_or(Datum::Null, |row| row[0].clone());
                repeated.push(row.iter().cloned().chain(all.iter().map(given)).collect());
            }
        }
        Ok(repeated)
    }
}

fn first_of_each(
    rows: Vec<Vec<Datum>>,
    key: impl Fn(&[Datum]) -> Result<Vec<Datum>, SqlError>,
) -> Result<Vec<Vec<Datum>>, SqlError> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for row in rows {
        if seen.insert(key(&row)?) {
            kept.push(row);
        }
    }
    Ok(kept)
}
