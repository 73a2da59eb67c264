//! What there is in the database besides rows: schemas, relations, roles.
//!
//! ```text
//! committed: Catalog ---clone---> draft of a transaction with DDL ---changes---> committed, at COMMIT
//!                                   put, remove
//! ```
//!
//! A transaction that defines something works on a draft: the committed catalog with its own changes on top.
//! When somebody else commits meanwhile, the draft is made anew from what is committed then; the locks on what
//! is changed see to it that changes never meet.
//!
//! Every catalog has a version, a digest of the changes that led to it. Catalogs with the same version are
//! equal, in every database of the process, so that a plan that was made for one serves the other.

mod changes;
mod naming;
mod object;
mod role;
mod view;

pub(crate) use changes::Changes;
pub(crate) use naming::{Naming, PG_TEMP, QualifiedName, check_name, identifier, parts};
pub(crate) use object::{
    Column, Constraint, ConstraintKind, Deferral, Generated, Index, Key, Method, Object, Schema, Sequence,
    Table,
};
pub(crate) use object::{DATABASES, ROLES, SCHEMAS};
pub(crate) use role::{EVERYBODY, Grant, Notes, Privilege, Role};
pub(crate) use view::{Materialized, View, ViewColumn};

use crate::ids::Oid;
use crate::session::Storage;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// The schema where what is created without one goes.
pub(crate) const PUBLIC: Oid = Oid(2200);

/// The schema of what PostgreSQL brings along.
pub(crate) const PG_CATALOG: Oid = Oid(11);

/// The standard's views of the catalog.
pub(crate) const INFORMATION_SCHEMA: Oid = Oid(13_183);

/// Who owns what nobody else does, and may do anything.
pub(crate) const SUPERUSER: Oid = Oid(10);

/// The database that every session is in.
pub(crate) const DATABASE: Oid = Oid(5);

/// PostgreSQL's first number for what users create.
const FIRST_OID: u32 = 16_384;

thread_local! {
    static EMPTY: Catalog = Catalog::empty();
}

/// Objects by number and by name. Copies share what they have in common until one of them is changed.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    objects: Rc<BTreeMap<Oid, Object>>,
    /// By where the name is the only one: a schema, for tables, indexes, sequences and views; or PostgreSQL's
    /// table of all schemas, roles or databases.
    names: BTreeMap<Oid, Rc<BTreeMap<Rc<str>, Oid>>>,
    /// Of those objects that have any.
    notes: BTreeMap<Oid, Rc<Notes>>,
    version: u64,
}

impl Catalog {
    /// That of a new database, which is worked out once in a thread.
    pub fn new() -> Catalog {
        EMPTY.with(Catalog::clone)
    }

    fn empty() -> Catalog {
        let mut catalog =
            Catalog { objects: Rc::default(), names: BTreeMap::new(), notes: BTreeMap::new(), version: 0 };
        for (oid, name) in
            [(PUBLIC, "public"), (PG_CATALOG, "pg_catalog"), (INFORMATION_SCHEMA, "information_schema")]
        {
            catalog.put(oid, Object::Schema(Rc::new(Schema { name: name.into() })));
        }
        catalog.put(SUPERUSER, Object::Role(Rc::new(Role::superuser("postgres".into()))));
        for (oid, name) in [(Oid(1), "template1"), (Oid(4), "template0"), (DATABASE, "postgres")] {
            catalog.put(oid, Object::Database(name.into()));
        }
        for system in crate::system::ALL {
            catalog.put(system.oid, Object::System(system));
        }
        catalog
    }

    /// The first number that is free in a new database.
    pub fn first_oid() -> Oid {
        Oid(FIRST_OID)
    }

    /// Which catalog it is: equal for equal ones.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The object with this number.
    pub fn object(&self, oid: Oid) -> Option<&Object> {
        self.objects.get(&oid)
    }

    /// Every object, by number.
    pub fn objects(&self) -> impl Iterator<Item = (Oid, &Object)> {
        self.objects.iter().map(|(oid, object)| (*oid, object))
    }

    pub fn schema(&self, name: &str) -> Option<Oid> {
        self.named(object::SCHEMAS, name)
    }

    pub fn role(&self, name: &str) -> Option<Oid> {
        self.named(object::ROLES, name)
    }

    pub fn database(&self, name: &str) -> Option<Oid> {
        self.named(object::DATABASES, name)
    }

    fn named(&self, space: Oid, name: &str) -> Option<Oid> {
        self.names.get(&space)?.get(name).copied()
    }

    /// The table, index, sequence or view of this name in this schema.
    pub fn relation(&self, schema: Oid, name: &str) -> Option<Oid> {
        self.named(schema, name)
    }

    /// The table with this number, or what a materialized view holds.
    pub fn table(&self, oid: Oid) -> Option<&Rc<Table>> {
        match self.object(oid)? {
            Object::Table(table) => Some(table),
            Object::View(view) => Some(&view.materialized.as_ref()?.table),
            _ => None,
        }
    }

    /// Every table, and what materialized views hold.
    pub fn tables(&self) -> impl Iterator<Item = &Rc<Table>> {
        self.objects.keys().filter_map(|oid| self.table(*oid))
    }

    pub fn index(&self, oid: Oid) -> Option<&Rc<Index>> {
        match self.object(oid)? {
            Object::Index(index) => Some(index),
            _ => None,
        }
    }

    /// The indexes over a table, in the order in which they were made.
    pub fn indexes_of(&self, table: Oid) -> impl Iterator<Item = (Oid, &Rc<Index>)> {
        self.objects.iter().filter_map(move |(oid, object)| match object {
            Object::Index(index) if index.table == table => Some((*oid, index)),
            _ => None,
        })
    }

    /// Where a table's rows are, or an index's entries.
    pub fn storage(&self, oid: Oid) -> Option<Storage> {
        match self.object(oid)? {
            Object::Index(index) => Some(Storage { file: self.table(index.table)?.file, index: Some(oid) }),
            _ => Some(Storage { file: self.table(oid)?.file, index: None }),
        }
    }

    /// The foreign keys that point to a table, and the tables that have them.
    pub fn references_to(&self, table: Oid) -> impl Iterator<Item = (Oid, &Rc<Key>)> {
        let tables = self.objects.iter().filter_map(|(oid, object)| match object {
            Object::Table(from) => Some((*oid, from)),
            _ => None,
        });
        tables.flat_map(move |(oid, from)| {
            let points = from.foreign_keys().filter(move |(_, key)| key.table == table);
            points.map(move |(_, key)| (oid, key))
        })
    }

    /// PostgreSQL's index that sees to it that nothing else has this object's name.
    pub fn name_index(object: &Object) -> &'static str {
        match object {
            Object::Schema(_) => "pg_namespace_nspname_index",
            Object::Role(_) => "pg_authid_rolname_index",
            Object::Database(_) => "pg_database_datname_index",
            Object::Sequence(_) | Object::Index(_) => "pg_class_relname_nsp_index",
            // Its row type comes first.
            Object::Table(_) | Object::View(_) | Object::System(_) => "pg_type_typname_nsp_index",
        }
    }

    /// What is said of an object.
    pub fn notes(&self, oid: Oid) -> Option<&Rc<Notes>> {
        self.notes.get(&oid)
    }

    /// Adds an object, or changes it.
    pub fn put(&mut self, oid: Oid, object: Object) {
        self.unname(oid);
        Rc::make_mut(self.names.entry(object.space()).or_default()).insert(object.name(), oid);
        self.digest(&(oid, &object));
        Rc::make_mut(&mut self.objects).insert(oid, object);
    }

    /// Removes an object, and what is said of it.
    pub fn remove(&mut self, oid: Oid) {
        self.unname(oid);
        Rc::make_mut(&mut self.objects).remove(&oid);
        self.notes.remove(&oid);
        self.digest(&oid);
    }

    /// Says something else of an object.
    pub fn note(&mut self, oid: Oid, notes: Rc<Notes>) {
        self.digest(&(oid, &notes));
        self.notes.insert(oid, notes);
    }

    /// Makes these changes.
    pub fn apply(&mut self, changes: &Changes) {
        for (oid, change) in &changes.objects {
            match change {
                Some(object) => self.put(*oid, object.clone()),
                None => self.remove(*oid),
            }
        }
        for (oid, notes) in &changes.notes {
            self.note(*oid, notes.clone());
        }
    }

    fn unname(&mut self, oid: Oid) {
        let Some(object) = self.objects.get(&oid) else { return };
        let (space, name) = (object.space(), object.name());
        // Two objects may have swapped their names.
        if self.named(space, &name) == Some(oid)
            && let Some(names) = self.names.get_mut(&space)
        {
            Rc::make_mut(names).remove(&name);
        }
    }

    fn digest(&mut self, change: &impl Hash) {
        let mut hasher = DefaultHasher::new();
        (self.version, change).hash(&mut hasher);
        self.version = hasher.finish();
    }
}
