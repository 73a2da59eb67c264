//! Who defines the same thing at the same time: the second waits for the first.
//!
//! PostgreSQL does so by the rows of its catalog: a name by the unique index over it, an object by its row.

use crate::catalog::{Catalog, Changes};
use crate::error::error;
use crate::executor::Executor;
use crate::ids::{Oid, Xid};
use drawloom_model::SqlError;
use std::hash::{DefaultHasher, Hash, Hasher};

impl Executor {
    /// Makes a name this transaction's: nobody else is about to define something of this name.
    ///
    /// # Errors
    /// `23505`: somebody else has just done so; those of waiting.
    pub(crate) async fn claim_name(&self, space: Oid, name: &str) -> Result<(), SqlError> {
        let defines = |changes: &Changes| {
            changes
                .objects
                .values()
                .flatten()
                .any(|object| object.space() == space && *object.name() == *name)
        };
        while let Some(xid) = self.rival(defines) {
            self.wait_for(xid).await?;
            self.with(|database| database.refresh(self.session));
            let taken = self.with(|database| {
                let catalog = database.catalog(self.session);
                catalog.object(catalog.relation(space, name)?).map(Catalog::name_index)
            });
            if let Some(index) = taken {
                let message = format!("duplicate key value violates unique constraint \"{index}\"");
                return Err(error("23505", message));
            }
        }
        Ok(())
    }

    /// Makes an object this transaction's that no lock keeps for it.
    ///
    /// # Errors
    /// `XX000`: somebody else has just changed it; those of waiting.
    pub(super) async fn claim_object(&self, oid: Oid) -> Result<(), SqlError> {
        let changes =
            |changes: &Changes| changes.objects.contains_key(&oid) || changes.notes.contains_key(&oid);
        let before = self.with(|database| database.catalog.digest_of(oid));
        while let Some(xid) = self.rival(changes) {
            self.wait_for(xid).await?;
            self.with(|database| database.refresh(self.session));
            match self.with(|database| database.catalog.digest_of(oid)) {
                None => return Err(error("XX000", "tuple concurrently deleted")),
                after if after != before => return Err(error("XX000", "tuple concurrently updated")),
                Some(_) => (),
            }
        }
        Ok(())
    }

    /// Waits until nobody is granting anything on an object: what PostgreSQL changes in place, in the same row of its
    /// catalog, comes after.
    ///
    /// # Errors
    /// Those of waiting.
    pub(crate) async fn await_grants(&self, oid: Oid) -> Result<(), SqlError> {
        while let Some(xid) = self.rival(|changes: &Changes| changes.notes.contains_key(&oid)) {
            self.wait_for(xid).await?;
        }
        self.with(|database| database.refresh(self.session));
        Ok(())
    }

    /// The transaction of another session that has made such changes.
    fn rival(&self, made: impl Fn(&Changes) -> bool) -> Option<Xid> {
        self.with(|database| {
            let others = database.sessions.iter().filter(|(id, _)| *id != self.session);
            let mut transactions = others.filter_map(|(_, session)| session.transaction.as_ref());
            let rival = transactions
                .find(|transaction| transaction.draft.as_ref().is_some_and(|draft| made(&draft.changes)));
            rival?.top()
        })
    }
}

impl Catalog {
    /// An object and what is said of it, as a number.
    fn digest_of(&self, oid: Oid) -> Option<u64> {
        let object = self.object(oid)?;
        let mut hasher = DefaultHasher::new();
        (object, self.notes(oid)).hash(&mut hasher);
        Some(hasher.finish())
    }
}
