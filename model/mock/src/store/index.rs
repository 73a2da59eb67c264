//! Indexes: which row versions have a key.

use super::{Row, bucket};
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
    entries: BTreeMap<Vec<Datum>, Vec<Tid>>,
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
    pub fn key(&self, row: &[Datum]) -> Result<Option<Vec<Datum>>, SqlError> {
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
        let key = self.keys.iter().map(|key| key.evaluate(&Context::IMMUTABLE, row));
        let key = key.collect::<Result<Vec<Datum>, _>>()?;
        let has = self.method == Method::Btree || !key.iter().any(Datum::is_null);
        Ok(has.then_some(key))
    }

    /// Adds an entry; how many there are of its key now.
    pub fn insert(&mut self, key: &[Datum], tid: Tid) -> usize {
        match self.entries.get_mut(key) {
            Some(tids) => {
                tids.push(tid);
                tids.len()
            }
            None => {
                self.entries.insert(key.to_vec(), vec![tid]);
                1
            }
        }
    }

    /// Removes a version's entry, if it has one.
    pub fn remove(&mut self, row: &Row, tid: Tid) {
        let Ok(Some(key)) = self.key(row) else { return };
        if let Some(tids) = self.entries.get_mut(&key) {
            tids.retain(|other| *other != tid);
            if tids.is_empty() {
                self.entries.remove(&key);
            }
        }
    }

    /// The versions with exactly this key, the oldest first.
    pub fn exactly(&self, key: &[Datum]) -> &[Tid] {
        self.entries.get(key).map_or(&[], Vec::as_slice)
    }

    /// The versions whose key begins like this, by key.
    pub fn equal<'a>(&'a self, prefix: &'a [Datum]) -> impl Iterator<Item = Tid> + 'a {
        let whole = prefix.len() == self.keys.len();
        let exact = if whole { self.exactly(prefix) } else { &[] };
        let range =
            (!whole).then(|| self.entries.range::<[Datum], _>((Bound::Included(prefix), Bound::Unbounded)));
        let begins = move |key: &Vec<Datum>| key.starts_with(prefix);
        let ranged = range.into_iter().flatten().take_while(move |(key, _)| begins(key));
        exact.iter().copied().chain(ranged.flat_map(|(_, tids)| tids.iter().copied()))
    }
}
