//! Which entries of an index a scan looks at.

use crate::expression::{Context, Expr};
use crate::ids::{Oid, Tid};
use crate::store::{Index, Key, Span};
use crate::types::Datum;
use drawloom_model::SqlError;
use std::borrow::Cow;

/// The entries of an index whose keys begin with some values, and go on in some way.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub index: Oid,
    /// What the first keys are, worked out over the row so far.
    pub equal: Vec<Expr>,
    /// What the key after these is.
    pub last: Option<Last>,
}

/// What one key of an index is.
#[derive(Clone, Debug)]
pub(crate) enum Last {
    /// `IN (a, b)`
    OneOf(Vec<Expr>),
    /// `= ANY (array)`
    ElementOf(Expr),
    /// Less or more than something.
    Between { low: Option<Limit>, high: Option<Limit> },
}

/// Where a range of keys ends.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub value: Expr,
    pub inclusive: bool,
}

impl Probe {
    /// Every expression in it.
    pub fn parts_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        let last: Vec<&mut Expr> = match &mut self.last {
            None => Vec::new(),
            Some(Last::OneOf(values)) => values.iter_mut().collect(),
            Some(Last::ElementOf(array)) => vec![array],
            Some(Last::Between { low, high }) => {
                low.iter_mut().chain(high).map(|limit| &mut limit.value).collect()
            }
        };
        self.equal.iter_mut().chain(last)
    }

    /// The versions that it finds, by key; `None` if it looks for what is equal to NULL. `watch` is told the pages
    /// that it looks at, and what for.
    ///
    /// # Errors
    /// What its expressions say.
    pub fn tids<'i>(
        &self,
        index: &'i Index,
        watch: &dyn Fn(u32, &[Datum]),
        cx: &Context<'_>,
        row: &[Datum],
    ) -> Result<Option<Cow<'i, [Tid]>>, SqlError> {
        // Most look for one row.
        if let ([only], None, 1) = (&*self.equal, &self.last, index.keys.len()) {
            let value = only.evaluate(cx, row)?;
            if value.is_null() {
                return Ok(None);
            }
            let key = Key::One(value);
            watch(index.page(&key), &key);
            return Ok(Some(Cow::Borrowed(index.exactly(&key))));
        }
        let Some(prefix) = values(&self.equal, cx, row)? else { return Ok(None) };
        let equal = |key: &[Datum]| {
            watch(index.page(key), key);
            index.equal(key).collect::<Vec<Tid>>()
        };
        let mut points = match &self.last {
            None => return Ok(Some(equal(&prefix).into())),
            Some(Last::Between { low, high }) => {
                let limit = |limit: &Option<Limit>| match limit {
                    None => Ok(None),
                    Some(Limit { value, inclusive }) => {
                        value.evaluate(cx, row).map(|value| Some((value, *inclusive)))
                    }
                };
                watch(index.page(&prefix), &prefix);
                let span = Span { prefix: &prefix, low: limit(low)?, high: limit(high)? };
                return Ok((!span.is_empty()).then(|| index.within(&span).collect()));
            }
            Some(Last::OneOf(values)) => {
                values.iter().map(|value| value.evaluate(cx, row)).collect::<Result<Vec<_>, _>>()?
            }
            Some(Last::ElementOf(array)) => match array.evaluate(cx, row)? {
                Datum::Array(array) => array.values.clone(),
                _ => return Ok(None),
            },
        };
        points.retain(|point| !point.is_null());
        points.sort();
        points.dedup();
        let mut tids = Vec::new();
        for point in points {
            let key: Vec<Datum> = prefix.iter().cloned().chain([point]).collect();
            tids.extend(equal(&key));
        }
        Ok(Some(tids.into()))
    }
}

/// What is looked for, over the row so far; `None` if it is NULL, to which nothing is equal.
pub(super) fn values(
    exprs: &[Expr],
    cx: &Context<'_>,
    row: &[Datum],
) -> Result<Option<Vec<Datum>>, SqlError> {
    let mut key = Vec::with_capacity(exprs.len());
    for part in exprs {
        let datum = part.evaluate(cx, row)?;
        if datum.is_null() {
            return Ok(None);
        }
        key.push(datum);
    }
    Ok(Some(key))
}
