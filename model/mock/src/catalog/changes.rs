//! What a transaction has defined.

use super::{Notes, Object};
use crate::ids::Oid;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a transaction has changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// Each object as it is now, or that it is gone.
    pub objects: BTreeMap<Oid, Option<Object>>,
    /// What is said of them now.
    pub notes: BTreeMap<Oid, Rc<Notes>>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.notes.is_empty()
    }

    /// Adds, changes or removes an object.
    pub fn define(&mut self, oid: Oid, object: Option<Object>) {
        if object.is_none() {
            self.notes.remove(&oid);
        }
        self.objects.insert(oid, object);
    }
}
