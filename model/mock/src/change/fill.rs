//! Gives indexes their entries.

use super::Target;
use crate::ids::Oid;
use crate::store::{File, Index};
use drawloom_model::SqlError;

impl Target {
    /// Gives the table's indexes their entries, where they have none. Which these are.
    ///
    /// # Errors
    /// An index's expression fails.
    pub fn fill_indexes(&self, file: &mut File) -> Result<Vec<Oid>, SqlError> {
        let mut filled = Vec::new();
        for index in &self.indexes {
            if file.indexes.contains_key(&index.oid) {
                continue;
            }
            let (keys, predicate) = (index.keys.clone(), index.predicate.clone());
            let mut entries = Index::new(keys, predicate, self.missing.clone(), index.method);
            for (tid, tuple) in file.heap.iter() {
                if let Some(key) = entries.key(&tuple.row)? {
                    entries.insert(key, tid);
                }
            }
            file.indexes.insert(index.oid, entries);
            filled.push(index.oid);
        }
        Ok(filled)
    }
}
