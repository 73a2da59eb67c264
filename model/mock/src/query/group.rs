//! GROUP BY and aggregates.

use super::{Group, Select, filtered, sort};
use crate::expression::{Aggregated, Context};
use crate::functions::State;
use crate::types::Datum;
use drawloom_model::SqlError;
use std::collections::{BTreeMap, BTreeSet};

/// One row for each group: its keys, then its aggregates. The groups come in the order of their keys.
///
/// # Errors
/// What the expressions say.
pub(super) fn rows(select: &Select, group: &Group, cx: &Context<'_>) -> Result<Vec<Vec<Datum>>, SqlError> {
    let mut groups: BTreeMap<Vec<Datum>, Vec<Running<'_>>> = BTreeMap::new();
    let begin = || group.aggregates.iter().map(Running::begin).collect::<Vec<_>>();
    if group.keys.is_empty() {
        groups.insert(Vec::new(), begin());
    }
    filtered(select, cx, &mut |row| {
        let keys = group.keys.iter().map(|key| key.evaluate(cx, row)).collect::<Result<Vec<_>, _>>()?;
        let running = groups.entry(keys).or_insert_with(begin);
        running.iter_mut().try_for_each(|aggregate| aggregate.take(cx, row))
    })?;
    let mut rows = Vec::with_capacity(groups.len());
    for (mut row, running) in groups {
        for aggregate in running {
            row.push(aggregate.end(cx)?);
        }
        if group.having.as_ref().map_or(Ok(true), |having| having.holds(cx, &row))? {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// An aggregate that has seen some of its rows.
struct Running<'a> {
    aggregated: &'a Aggregated,
    state: State,
    seen: BTreeSet<Vec<Datum>>,
    /// What is to be sorted first: sort keys and arguments.
    held: Vec<(Vec<Datum>, Vec<Datum>)>,
}

impl<'a> Running<'a> {
    fn begin(aggregated: &'a Aggregated) -> Running<'a> {
        Running { aggregated, state: aggregated.aggregate.start(), seen: BTreeSet::new(), held: Vec::new() }
    }

    fn take(&mut self, cx: &Context<'_>, row: &[Datum]) -> Result<(), SqlError> {
        if let Some(filter) = &self.aggregated.filter
            && !filter.holds(cx, row)?
        {
            return Ok(());
        }
        let arguments = self.aggregated.arguments.iter().map(|part| part.evaluate(cx, row));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        if self.aggregated.distinct && !self.seen.insert(arguments.clone()) {
            return Ok(());
        }
        if self.aggregated.order.is_empty() && !self.aggregated.distinct {
            return self.aggregated.aggregate.add(&mut self.state, &arguments);
        }
        self.held.push((sort::values(&self.aggregated.order, cx, row)?, arguments));
        Ok(())
    }

    fn end(mut self, _cx: &Context<'_>) -> Result<Datum, SqlError> {
        if self.aggregated.order.is_empty() {
            // What is distinct has been sorted to see that it is.
            self.held.sort();
        } else {
            self.held.sort_by(|a, b| sort::compare(&self.aggregated.order, &a.0, &b.0));
        }
        for (_, arguments) in self.held {
            self.aggregated.aggregate.add(&mut self.state, &arguments)?;
        }
        self.aggregated.aggregate.finish(self.state)
    }
}
