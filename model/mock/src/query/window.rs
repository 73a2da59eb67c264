//! Window functions.

use super::sort;
use crate::expression::{Context, Expr, Frame, WindowFunction, Windowed};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::cmp::Ordering;

/// Appends what each window function is to every row.
///
/// # Errors
/// What the expressions say.
pub(super) fn extend(
    rows: &mut Vec<Vec<Datum>>,
    windows: &[Windowed],
    cx: &Context<'_>,
) -> Result<(), SqlError> {
    let width = rows.first().map_or(0, Vec::len);
    for window in windows {
        let mut keyed = Vec::with_capacity(rows.len());
        for (place, row) in rows.iter().enumerate() {
            let row = &row[..width];
            let partition = window.partition.iter().map(|part| part.evaluate(cx, row));
            let arguments = window.arguments.iter().map(|part| part.evaluate(cx, row));
            keyed.push(Member {
                place,
                partition: partition.collect::<Result<_, _>>()?,
                order: sort::values(&window.order, cx, row)?,
                arguments: arguments.collect::<Result<_, _>>()?,
            });
        }
        keyed.sort_by(|a, b| {
            a.partition.cmp(&b.partition).then_with(|| sort::compare(&window.order, &a.order, &b.order))
        });
        let mut results = vec![Datum::Null; rows.len()];
        for partition in keyed.chunk_by(|a, b| a.partition == b.partition) {
            for (number, member) in partition.iter().enumerate() {
                results[member.place] = window.value(partition, number)?;
            }
        }
        for (row, result) in rows.iter_mut().zip(results) {
            row.push(result);
        }
    }
    // The rows come as the last window sorted them.
    if let Some(window) = windows.last() {
        let keys: Vec<Expr> = window.partition.to_vec();
        let mut keyed = Vec::with_capacity(rows.len());
        for row in std::mem::take(rows) {
            let partition = keys.iter().map(|part| part.evaluate(cx, &row)).collect::<Result<Vec<_>, _>>()?;
            keyed.push(((partition, sort::values(&window.order, cx, &row)?), row));
        }
        keyed.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0).then_with(|| sort::compare(&window.order, &a.1, &b.1)));
        rows.extend(keyed.into_iter().map(|(_, row)| row));
    }
    Ok(())
}

/// A row of a partition.
struct Member {
    place: usize,
    partition: Vec<Datum>,
    order: Vec<Datum>,
    arguments: Vec<Datum>,
}

impl Windowed {
    /// What it is for the row of this number in its sorted partition.
    fn value(&self, partition: &[Member], number: usize) -> Result<Datum, SqlError> {
        let is_peer =
            |a: &Member, b: &Member| sort::compare(&self.order, &a.order, &b.order) == Ordering::Equal;
        let me = &partition[number];
        let first_peer =
            partition[..number].iter().rposition(|other| !is_peer(other, me)).map_or(0, |at| at + 1);
        let count = |n: usize| Datum::Int(i64::try_from(n).expect("a partition fits into memory"));
        let end = match self.frame {
            Frame::Partition => partition.len(),
            Frame::Row => number + 1,
            Frame::Peers => partition[number..]
                .iter()
                .position(|other| !is_peer(other, me))
                .map_or(partition.len(), |at| number + at),
        };
        let argument = |member: &Member| member.arguments.first().cloned().unwrap_or(Datum::Null);
        Ok(match &self.function {
            WindowFunction::RowNumber => count(number + 1),
            WindowFunction::Rank => count(first_peer + 1),
            WindowFunction::DenseRank => {
                let steps = partition[..=number].windows(2).filter(|pair| !is_peer(&pair[0], &pair[1]));
                count(steps.count() + 1)
            }
            WindowFunction::Shift(direction) => {
                let by = match me.arguments.get(1) {
                    None => 1,
                    Some(Datum::Int(by)) => *by,
                    Some(_) => return Ok(Datum::Null),
                };
                let at =
                    i64::try_from(number).ok().and_then(|at| at.checked_add(by.checked_mul(*direction)?));
                match at.and_then(|at| usize::try_from(at).ok()).and_then(|at| partition.get(at)) {
                    Some(other) => argument(other),
                    None => me.arguments.get(2).cloned().unwrap_or(Datum::Null),
                }
            }
            WindowFunction::FirstValue => argument(&partition[0]),
            WindowFunction::LastValue => argument(&partition[end - 1]),
            WindowFunction::Aggregate(aggregate) => {
                let mut state = aggregate.start();
                for member in &partition[..end] {
                    aggregate.add(&mut state, &member.arguments)?;
                }
                aggregate.finish(state)?
            }
        })
    }
}
