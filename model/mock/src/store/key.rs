//! A row's key in an index.

use crate::types::Datum;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Deref;

/// A key's values, in their order. Most have one, which needs no list on the heap.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    One(Datum),
    Many(Box<[Datum]>),
}

impl Key {
    /// The key of these values.
    pub fn of(values: &[Datum]) -> Key {
        match values {
            [only] => Key::One(only.clone()),
            many => Key::Many(many.into()),
        }
    }
}

impl Deref for Key {
    type Target = [Datum];

    fn deref(&self) -> &[Datum] {
        match self {
            Key::One(only) => std::slice::from_ref(only),
            Key::Many(many) => many,
        }
    }
}

impl Borrow<[Datum]> for Key {
    fn borrow(&self) -> &[Datum] {
        self
    }
}

/// That of the lists of values.
impl Ord for Key {
    #[inline]
    fn cmp(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::One(left), Key::One(right)) => left.cmp(right),
            _ => (**self).cmp(&**other),
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}
