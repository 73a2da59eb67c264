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

mod naming;
mod object;

pub(crate) use naming::{Naming, PG_TEMP, QualifiedName, identifier, parts};

pub(crate) use object::{
    Column, Constraint, ConstraintKind, Generated, Index, Key, Object, Schema, Sequence, Table, View,
};

use crate::ids::Oid;
use crate::session::Storage;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// The schema where what is created without one goes.
pub(crate) const PUBLIC: Oid = Oid(2200);

/// PostgreSQL's first number for what users create.
const FIRST_OID: u32 = 16_384;

/// Objects by number and by name.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    objects: BTreeMap<Oid, Object>,
    /// Schemas.
    schemas: BTreeMap<Rc<str>, Oid>,
    /// Tables, indexes, sequences and views: they share their names.
    relations: BTreeMap<(Oid, Rc<str>), Oid>,
    version: u64,
}

/// What a transaction has changed: each object as it is now, or that it is gone.
pub(crate) type Changes = BTreeMap<Oid, Option<Object>>;

impl Catalog {
    /// That of a new database.
    pub fn new() -> Catalog {
        let mut catalog = Catalog {
            objects: BTreeMap::new(),
            schemas: BTreeMap::new(),
            relations: BTreeMap::new(),
            version: 0,
        };
        catalog.put(PUBLIC, Object::Schema(Rc::new(Schema { name: "public".into() })));
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
        self.schemas.get(name).copied()
    }

    /// The table, index, sequence or view of this name in this schema.
    pub fn relation(&self, schema: Oid, name: &str) -> Option<Oid> {
        // A range spares the name's copy.
        self.relations.get(&(schema, Rc::from(name))).copied()
    }

    pub fn table(&self, oid: Oid) -> Option<&Rc<Table>> {
        match self.object(oid)? {
            Object::Table(table) => Some(table),
            _ => None,
        }
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
            Object::Table(table) => Some(Storage { file: table.file, index: None }),
            Object::Index(index) => Some(Storage { file: self.table(index.table)?.file, index: Some(oid) }),
            _ => None,
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

    /// Adds an object, or changes it.
    pub fn put(&mut self, oid: Oid, object: Object) {
        self.unname(oid);
        match object.place() {
            None => self.schemas.insert(object.name().clone(), oid),
            Some(schema) => self.relations.insert((schema, object.name().clone()), oid),
        };
        self.digest(oid, Some(&object));
        self.objects.insert(oid, object);
    }

    /// Removes an object.
    pub fn remove(&mut self, oid: Oid) {
        self.unname(oid);
        self.objects.remove(&oid);
        self.digest(oid, None);
    }

    /// Makes these changes.
    pub fn apply(&mut self, changes: &Changes) {
        for (oid, change) in changes {
            match change {
                Some(object) => self.put(*oid, object.clone()),
                None => self.remove(*oid),
            }
        }
    }

    fn unname(&mut self, oid: Oid) {
        let Some(object) = self.objects.get(&oid) else { return };
        match object.place() {
            None => self.schemas.remove(object.name()),
            Some(schema) => self.relations.remove(&(schema, object.name().clone())),
        };
    }

    fn digest(&mut self, oid: Oid, object: Option<&Object>) {
        let mut hasher = DefaultHasher::new();
        (self.version, oid, object).hash(&mut hasher);
        self.version = hasher.finish();
    }
}
