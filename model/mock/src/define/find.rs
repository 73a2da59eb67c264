//! Finds and locks what a statement defines anew.

use crate::catalog::{Catalog, Object, PG_TEMP, Privilege, QualifiedName};
use crate::command::Kind;
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::SqlError;

impl Executor {
    /// The object with this number, as the session's transaction has it.
    pub(crate) fn object(&self, oid: Oid) -> Option<Object> {
        self.with(|database| database.catalog(self.session).object(oid).cloned())
    }

    /// Locks the relation of this name, and finds it again until the name stands for what is locked.
    ///
    /// # Errors
    /// `42501`, `42809`: the user does not own it, or it is of another kind; those of waiting.
    pub(super) async fn own_relation(
        &self,
        kind: Kind,
        name: &QualifiedName,
        mode: Mode,
    ) -> Result<Option<Oid>, SqlError> {
        let mut locked = None;
        loop {
            let found = self.with(|database| {
                database.refresh(self.session);
                let naming = &database.session(self.session).naming;
                let catalog = database.catalog(self.session);
                catalog.use_schema(naming, name)?;
                let Some(oid) = catalog.find(naming, name) else { return Ok(None) };
                let object = catalog.object(oid).expect("a name stands for an object");
                if !kind.covers(object) {
                    return Err(error("42809", format!("\"{}\" is not {}", name.name, kind.article())));
                }
                self.require_owner(database, oid)?;
                Ok(Some(oid))
            })?;
            let Some(oid) = found else { return Ok(None) };
            if locked == Some(oid) {
                return Ok(found);
            }
            self.lock(Tag::Relation(oid), mode, "a table's lock").await?;
            locked = Some(oid);
        }
    }

    /// The schema where a new relation of this name goes, locked so that it stays.
    ///
    /// # Errors
    /// `3F000`, `42P16`: there is none; `42501`: the user may not create anything in it.
    pub(super) async fn new_place(&self, name: &QualifiedName, temporary: bool) -> Result<Oid, SqlError> {
        if temporary || name.schema.as_deref() == Some(PG_TEMP) {
            return self.temporary_place(name);
        }
        let mut locked = None;
        loop {
            let schema = self.with(|database| {
                database.refresh(self.session);
                let naming = &database.session(self.session).naming;
                let catalog = database.catalog(self.session);
                let schema = catalog.place(naming, name)?;
                catalog.require(naming.user, schema, Privilege::Create)?;
                Ok::<_, SqlError>(schema)
            })?;
            if locked == Some(schema) {
                return Ok(schema);
            }
            self.lock(Tag::Object(schema), Mode::AccessShare, "a schema's lock").await?;
            locked = Some(schema);
        }
    }

    /// Whether a relation of this name is there already.
    ///
    /// # Errors
    /// `42P07`: it is, and the statement has not said IF NOT EXISTS.
    pub(super) fn is_taken(&self, schema: Oid, name: &str, if_not_exists: bool) -> Result<bool, SqlError> {
        if self.with(|database| database.catalog(self.session).relation(schema, name)).is_none() {
            return Ok(false);
        }
        let message = format!("relation \"{name}\" already exists");
        if !if_not_exists {
            return Err(error("42P07", message));
        }
        self.notice(format!("{message}, skipping"));
        Ok(true)
    }

    /// Refuses who does not own an object.
    ///
    /// # Errors
    /// `42501`
    pub(crate) fn require_owner(
        &self,
        database: &crate::database::Database,
        oid: Oid,
    ) -> Result<(), SqlError> {
        let catalog = database.catalog(self.session);
        let user = database.session(self.session).naming.user;
        if catalog.is_owner(user, oid) {
            return Ok(());
        }
        let object = catalog.object(oid).expect("it was found");
        Err(error("42501", format!("must be owner of {} {}", object.kind(), object.name())))
    }

    /// What is said where something is missing that the statement names: an error, or a notice.
    ///
    /// # Errors
    /// The error.
    pub(super) fn missing(&self, kind: Kind, name: &QualifiedName, if_exists: bool) -> Result<(), SqlError> {
        let schema = name.schema.as_ref().filter(|schema| {
            let is_missing = self.with(|database| database.catalog(self.session).schema(schema).is_none());
            ***schema != *PG_TEMP && is_missing
        });
        let (code, message) = match schema {
            Some(schema) => ("3F000", format!("schema \"{schema}\" does not exist")),
            None => {
                let code = if kind == Kind::Index { "42704" } else { "42P01" };
                (code, format!("{} \"{}\" does not exist", kind.name(), name.name))
            }
        };
        self.skip(error(code, message), if_exists)
    }

    /// What is missing is an error, or is skipped if it need not exist.
    ///
    /// # Errors
    /// The error.
    pub(super) fn skip(&self, missing: SqlError, if_exists: bool) -> Result<(), SqlError> {
        if !if_exists {
            return Err(missing);
        }
        self.notice(format!("{}, skipping", missing.message));
        Ok(())
    }
}

impl Kind {
    /// Whether an object is of this kind.
    pub(super) fn covers(self, object: &Object) -> bool {
        match (self, object) {
            (Kind::Table, Object::Table(_))
            | (Kind::Index, Object::Index(_))
            | (Kind::Sequence, Object::Sequence(_))
            | (Kind::Schema, Object::Schema(_))
            | (Kind::Role, Object::Role(_))
            | (Kind::Database, Object::Database(_)) => true,
            (Kind::View, Object::View(view)) => view.materialized.is_none(),
            (Kind::MaterializedView, Object::View(view)) => view.materialized.is_some(),
            _ => false,
        }
    }

    fn article(self) -> String {
        let article = if self == Kind::Index { "an" } else { "a" };
        format!("{article} {}", self.name())
    }
}

impl Catalog {
    /// The schema, database or role of this name.
    ///
    /// # Errors
    /// `3F000`, `3D000`, `42704`: there is none.
    pub fn unqualified(&self, kind: Kind, name: &str) -> Result<Oid, SqlError> {
        let (found, code) = match kind {
            Kind::Schema => (self.schema(name), "3F000"),
            Kind::Database => (self.database(name), "3D000"),
            _ => (self.role(name), "42704"),
        };
        found.ok_or_else(|| error(code, format!("{} \"{name}\" does not exist", kind.name())))
    }
}
