//! Window functions (PostgreSQL's nodeWindowAgg.c and windowfuncs.c).

use super::sort;
use crate::error::error;
use crate::expression::{Context, Edge, Expr, Offset, SortKey, Units, WindowFunction, Windowed};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::cmp::Ordering;
use std::ops::Range;

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
        let mut members = Vec::with_capacity(rows.len());
        for (place, row) in rows.iter().enumerate() {
            members.push(Member::of(window, cx, place, &row[..width])?);
        }
        members.sort_by(|a, b| {
            a.partition.cmp(&b.partition).then_with(|| sort::compare(&window.order, &a.order, &b.order))
        });
        let mut results = vec![Datum::Null; rows.len()];
        for members in members.chunk_by(|a, b| a.partition == b.partition) {
            Partition::of(window, members).values(&mut results)?;
        }
        for (row, result) in rows.iter_mut().zip(results) {
            row.push(result);
        }
    }
    // The rows come as the last window sorted them.
    if let Some(window) = windows.last() {
        let plain = |expr: &Expr| SortKey { expr: expr.clone(), descending: false, nulls_first: false };
        let keys: Vec<SortKey> = window.partition.iter().map(plain).chain(window.order.clone()).collect();
        sort::sort(rows, &keys, cx)?;
    }
    Ok(())
}

/// A row of a partition.
struct Member {
    place: usize,
    partition: Vec<Datum>,
    order: Vec<Datum>,
    arguments: Vec<Datum>,
    /// Whether the aggregate's FILTER lets it through.
    counts: bool,
    /// What its frame's edges are at.
    start: Datum,
    end: Datum,
}

impl Member {
    fn of(window: &Windowed, cx: &Context<'_>, place: usize, row: &[Datum]) -> Result<Member, SqlError> {
        let all = |exprs: &[Expr]| exprs.iter().map(|part| part.evaluate(cx, row)).collect::<Result<_, _>>();
        Ok(Member {
            place,
            partition: all(&window.partition)?,
            order: sort::values(&window.order, cx, row)?,
            arguments: all(&window.arguments)?,
            counts: window.filter.as_ref().map_or(Ok(true), |filter| filter.holds(cx, row))?,
            start: window.frame.start.at(cx, row, "starting")?,
            end: window.frame.end.at(cx, row, "ending")?,
        })
    }
}

impl Edge {
    /// How far it is away; for RANGE, what it is at.
    fn at(&self, cx: &Context<'_>, row: &[Datum], which: &str) -> Result<Datum, SqlError> {
        let (Edge::Preceding(Offset { distance, limit }) | Edge::Following(Offset { distance, limit })) =
            self
        else {
            return Ok(Datum::Null);
        };
        match (distance.evaluate(cx, row)?, limit) {
            (Datum::Null, _) => Err(error("22004", format!("frame {which} offset must not be null"))),
            (Datum::Int(distance), None) if distance < 0 => {
                Err(error("22013", format!("frame {which} offset must not be negative")))
            }
            (Datum::Int(distance), Some(_)) if distance < 0 => {
                Err(error("22013", "invalid preceding or following size in window function"))
            }
            (distance, None) => Ok(distance),
            (_, Some(limit)) => limit.evaluate(cx, row),
        }
    }
}

/// The sorted rows that a window function sees parts of.
struct Partition<'a> {
    window: &'a Windowed,
    members: &'a [Member],
    /// For each, the number of its peers' group.
    groups: Vec<usize>,
}

impl<'a> Partition<'a> {
    fn of(window: &'a Windowed, members: &'a [Member]) -> Partition<'a> {
        let mut groups = vec![0; members.len()];
        for number in 1..members.len() {
            let order = sort::compare(&window.order, &members[number - 1].order, &members[number].order);
            groups[number] = groups[number - 1] + usize::from(order != Ordering::Equal);
        }
        Partition { window, members, groups }
    }

    fn values(&self, results: &mut [Datum]) -> Result<(), SqlError> {
        let WindowFunction::Aggregate(aggregate) = &self.window.function else {
            for (number, member) in self.members.iter().enumerate() {
                results[member.place] = self.value(number)?;
            }
            return Ok(());
        };
        // Frames that only grow are added to.
        let (mut state, mut seen) = (aggregate.start(), 0..0);
        for (number, member) in self.members.iter().enumerate() {
            let frame = self.frame(number);
            if frame.start != seen.start || frame.end < seen.end {
                (state, seen) = (aggregate.start(), frame.start..frame.start);
            }
            for member in self.members[seen.end..frame.end.max(seen.end)].iter().filter(|it| it.counts) {
                aggregate.add(&mut state, &member.arguments)?;
            }
            seen.end = frame.end.max(seen.end);
            results[member.place] = aggregate.finish(state.clone())?;
        }
        Ok(())
    }

    fn peers(&self, number: usize) -> Range<usize> {
        let group = self.groups[number];
        self.groups.partition_point(|it| *it < group)..self.groups.partition_point(|it| *it <= group)
    }

    /// The rows that the one of this number sees.
    fn frame(&self, number: usize) -> Range<usize> {
        let frame = &self.window.frame;
        let start = self.edge(number, &frame.start, &self.members[number].start, false);
        let end = self.edge(number, &frame.end, &self.members[number].end, true);
        start..end.max(start)
    }

    /// The place of an edge; `is_end` is that after the last row.
    fn edge(&self, number: usize, edge: &Edge, at: &Datum, is_end: bool) -> usize {
        let len = self.members.len();
        let side = |range: Range<usize>| if is_end { range.end } else { range.start };
        let distance = match at {
            Datum::Int(distance) => usize::try_from(*distance).unwrap_or(usize::MAX),
            _ => 0,
        };
        match (edge, self.window.frame.units) {
            (Edge::First, _) => 0,
            (Edge::Last, _) => len,
            (Edge::Current, Units::Rows) => side(number..number + 1),
            (Edge::Current, Units::Range | Units::Groups) => side(self.peers(number)),
            (Edge::Preceding(_), Units::Rows) => (number + usize::from(is_end)).saturating_sub(distance),
            (Edge::Following(_), Units::Rows) => {
                (number + usize::from(is_end)).saturating_add(distance).min(len)
            }
            (Edge::Preceding(_) | Edge::Following(_), Units::Groups) => {
                let group = match edge {
                    Edge::Preceding(_) => self.groups[number].checked_sub(distance),
                    _ => Some(self.groups[number].saturating_add(distance)),
                };
                let Some(group) = group else { return 0 };
                self.groups.partition_point(|it| if is_end { *it <= group } else { *it < group })
            }
            (Edge::Preceding(_) | Edge::Following(_), Units::Range) => {
                if self.members[number].order[0].is_null() {
                    return side(self.peers(number));
                }
                let limit = std::slice::from_ref(at);
                self.members.partition_point(|member| {
                    let order = sort::compare(&self.window.order, &member.order, limit);
                    order == Ordering::Less || is_end && order == Ordering::Equal
                })
            }
        }
    }

    /// What a function that is no aggregate is for the row of this number.
    fn value(&self, number: usize) -> Result<Datum, SqlError> {
        let count = |n: usize| Datum::Int(i64::try_from(n).expect("a partition fits into memory"));
        let member = &self.members[number];
        let argument = |number: usize| self.members[number].arguments[0].clone();
        let len = self.members.len();
        // Partitions are far smaller than the numbers that a float has exactly.
        let ratio = |part: usize, of: usize| Datum::Float(part as f64 / of as f64);
        Ok(match &self.window.function {
            WindowFunction::RowNumber => count(number + 1),
            WindowFunction::Rank => count(self.peers(number).start + 1),
            WindowFunction::DenseRank => count(self.groups[number] + 1),
            WindowFunction::PercentRank if len == 1 => Datum::Float(0.0),
            WindowFunction::PercentRank => ratio(self.peers(number).start, len - 1),
            WindowFunction::CumeDist => ratio(self.peers(number).end, len),
            WindowFunction::Ntile => match member.arguments[0] {
                Datum::Int(buckets) => match usize::try_from(buckets) {
                    Ok(buckets) if buckets > 0 => count(bucket(number, len, buckets) + 1),
                    _ => return Err(error("22014", "argument of ntile must be greater than zero")),
                },
                _ => Datum::Null,
            },
            WindowFunction::Shift(direction) => {
                let by = match member.arguments.get(1) {
                    None => 1,
                    Some(Datum::Int(by)) => *by,
                    Some(_) => return Ok(Datum::Null),
                };
                let at =
                    i64::try_from(number).ok().and_then(|at| at.checked_add(by.checked_mul(*direction)?));
                match at.and_then(|at| usize::try_from(at).ok()).filter(|at| *at < len) {
                    Some(other) => argument(other),
                    None => member.arguments.get(2).cloned().unwrap_or(Datum::Null),
                }
            }
            WindowFunction::FirstValue => self.frame(number).next().map_or(Datum::Null, argument),
            WindowFunction::LastValue => self.frame(number).next_back().map_or(Datum::Null, argument),
            WindowFunction::NthValue => match member.arguments[1] {
                Datum::Int(nth) if nth > 0 => {
                    let nth = usize::try_from(nth - 1).unwrap_or(usize::MAX);
                    self.frame(number).nth(nth).map_or(Datum::Null, argument)
                }
                Datum::Int(_) => {
                    return Err(error("22016", "argument of nth_value must be greater than zero"));
                }
                _ => Datum::Null,
            },
            WindowFunction::Aggregate(_) => unreachable!("aggregates are worked out together"),
        })
    }
}

/// Which of so many buckets, as even as can be and the larger ones first, a row is in.
fn bucket(number: usize, len: usize, buckets: usize) -> usize {
    let (least, larger) = (len / buckets, len % buckets);
    let in_larger = larger * (least + 1);
    if number < in_larger { number / (least + 1) } else { larger + (number - in_larger) / least.max(1) }
}
