//! Indexes: which row versions have a key.

use super::{Key, Row, bucket};
use crate::catalog::Method;
use crate::expression::{Context, Expr};
use crate::ids::Tid;
use crate::types::Datum;
use drawloom_model::SqlError;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

/// An index over a table's rows. It has an entry for every version; who reads looks which one he sees.
#[derive(Debug)]
pub(crate) struct Index {
    pub keys: Rc<[Expr]>,
    pub predicate: Option<Expr>,
    /// What a row has in the columns that it was written without.
    pub missing: Vec<Datum>,
    method: Method,
    entries: BTreeMap<Key, Vec<Tid>>,
}

/// Keys that begin with some values, and whose next one lies between two limits, each in it or not.
#[derive(Debug)]
pub(crate) struct Span<'a> {
    pub prefix: &'a [Datum],
    pub low: Option<(Datum, bool)>,
    pub high: Option<(Datum, bool)>,
}

impl Index {
    /// An index with no entries.
    pub fn new(keys: Rc<[Expr]>, predicate: Option<Expr>, missing: Vec<Datum>, method: Method) -> Index {
        Index { keys, predicate, missing, method, entries: BTreeMap::new() }
    }

    /// The page that a key is on, as who watches reads and writes has it: a B-tree is one page as long as it is small.
    pub fn page(&self, key: &[Datum]) -> u32 {
        match (self.method, key) {
            (Method::Hash, [key]) => bucket::bucket(key),
            _ => 0,
        }
    }

    /// The key of a row, if the index has it.
    ///
    /// # Errors
    /// What the index's expressions say.
    pub fn key(&self, row: &[Datum]) -> Result<Option<Key>, SqlError> {
        let padded: Vec<Datum>;
        let row = match self.missing.get(row.len()..) {
            Some(rest) if !rest.is_empty() => {
                padded = row.iter().chain(rest).cloned().collect();
                &padded
            }
            _ => row,
        };
        if let Some(predicate) = &self.predicate
            && !predicate.holds(&Context::IMMUTABLE, row)?
        {
            return Ok(None);
        }
        let value = |key: &Expr| key.evaluate(&Context::IMMUTABLE, row);
        let key = match &*self.keys {
            [only] => Key::One(value(only)?),
            many => Key::Many(many.iter().map(value).collect::<Result<_, _>>()?),
        };
        let has = self.method == Method::Btree || !key.iter().any(Datum::is_null);
        Ok(has.then_some(key))
    }

    /// Adds an entry; the versions with its key.
    pub fn insert(&mut self, key: Key, tid: Tid) -> &mut Vec<Tid> {
        let tids = self.entries.entry(key).or_default();
        tids.push(tid);
        tids
    }

    /// Removes the entries of versions, if they have some.
    pub fn remove<'a>(&mut self, versions: impl Iterator<Item = (Tid, &'a Row)>) {
        let keyed = versions.filter_map(|(tid, row)| Some((self.key(row).ok()??, tid)));
        let mut keyed = keyed.collect::<Vec<_>>().into_iter().peekable();
        // Versions of one row follow on each other, and mostly have one key.
        while let Some((key, tid)) = keyed.next() {
            let mut gone = vec![tid];
            while let Some((_, tid)) = keyed.next_if(|(next, _)| *next == key) {
                gone.push(tid);
            }
            if let Some(tids) = self.entries.get_mut(&key) {
                tids.retain(|tid| !gone.contains(tid));
                if tids.is_empty() {
                    self.entries.remove(&key);
                }
            }
        }
    }

    /// The versions with exactly this key, the oldest first.
    pub fn exactly(&self, key: &Key) -> &[Tid] {
        self.entries.get(key).map_or(&[], Vec::as_slice)
    }

    /// The versions whose key begins like this, by key.
    pub fn equal<'a>(&'a self, prefix: &'a [Datum]) -> impl Iterator<Item = Tid> + 'a {
        let whole = prefix.len() == self.keys.len();
        let exact = if whole { self.exactly(&Key::of(prefix)) } else { &[] };
        let range =
            (!whole).then(|| self.entries.range::<[Datum], _>((Bound::Included(prefix), Bound::Unbounded)));
        let begins = move |key: &Key| key.starts_with(prefix);
        let ranged = range.into_iter().flatten().take_while(move |(key, _)| begins(key));
        exact.iter().copied().chain(ranged.flat_map(|(_, tids)| tids.iter().copied()))
    }

    /// The versions with a key in this span, by key.
    pub fn within<'a>(&'a self, span: &'a Span<'a>) -> impl Iterator<Item = Tid> + 'a {
        let mut first = span.prefix.to_vec();
        first.extend(span.low.iter().map(|(low, _)| low.clone()));
        let begin = (Bound::Included(first.as_slice()), Bound::Unbounded);
        let entries = self.entries.range::<[Datum], _>(begin).take_while(|(key, _)| span.goes_on(key));
        entries.filter(|(key, _)| span.has(key)).flat_map(|(_, tids)| tids.iter().copied())
    }
}

impl Span<'_> {
    /// Whether nothing is in it: nothing is less or more than NULL.
    pub fn is_empty(&self) -> bool {
        let is_null =
            |limit: &Option<(Datum, bool)>| limit.as_ref().is_some_and(|(value, _)| value.is_null());
        is_null(&self.low) || is_null(&self.high)
    }

    fn has(&self, key: &[Datum]) -> bool {
        let value = &key[self.prefix.len()];
        let is_low = |(low, inclusive): &(Datum, bool)| value > low || *inclusive && value == low;
        !value.is_null() && self.low.as_ref().is_none_or(is_low) && self.reaches(value)
    }

    /// Whether a key behind this one may be in it.
    fn goes_on(&self, key: &[Datum]) -> bool {
        let value = &key[self.prefix.len()];
        key.starts_with(self.prefix) && (value.is_null() || self.reaches(value))
    }

    fn reaches(&self, value: &Datum) -> bool {
        self.high.as_ref().is_none_or(|(high, inclusive)| value < high || *inclusive && value == high)
    }
}
