//! The names of what sessions share.

use crate::ids::Oid;
use crate::locks::{AdvisoryKey, Mode, Tag};
use crate::types::Datum;
use drawloom_model::SessionId;
use drawloom_model::access::resource;
use drawloom_sim::footprint::{Access, Part};

/// Something that sessions share; the module says who touches it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Thing {
    Catalog,
    Snapshot,
    Waits,
    Serializable,
    Rows(Oid),
    Versions(Oid),
    Order(Oid),
    Predicates(Oid),
    Queue(Oid),
    Relation(Oid),
    Object(Oid),
    Sequence(Oid),
    /// Advisory locks with one number, and with two.
    Key,
    KeyPair,
}

impl Thing {
    pub fn read(self) -> Access {
        Access { resource: self.resource(), part: None, writes: false }
    }

    pub fn write(self) -> Access {
        Access { writes: true, ..self.read() }
    }

    /// Small numbers: other resources are named by digests.
    fn resource(self) -> u64 {
        let (kind, Oid(oid)) = match self {
            Thing::Catalog => (1, Oid(0)),
            Thing::Snapshot => (2, Oid(0)),
            Thing::Waits => (3, Oid(0)),
            Thing::Serializable => (4, Oid(0)),
            Thing::Rows(table) => (5, table),
            Thing::Versions(table) => (6, table),
            Thing::Order(table) => (7, table),
            Thing::Predicates(table) => (8, table),
            Thing::Queue(table) => (9, table),
            Thing::Relation(relation) => (10, relation),
            Thing::Object(object) => (11, object),
            Thing::Sequence(sequence) => (12, sequence),
            Thing::Key => (13, Oid(0)),
            Thing::KeyPair => (14, Oid(0)),
        };
        kind << 32 | u64::from(oid)
    }
}

/// The same access, to this part only.
pub(super) fn at(part: Option<Part>, access: Access) -> Access {
    Access { part, ..access }
}

/// What a transaction makes visible is its session's own part: who takes a snapshot reads all parts.
pub(super) fn publication(session: SessionId) -> Access {
    at(Some(Part { dimension: 0, value: session.0.into() }), Thing::Snapshot.write())
}

/// What it is to take this lock, or to give it back. Modes that exclude each other never are reads; those that many
/// may hold are. Who waits for a transaction has seen what it wrote, and that is touched already.
pub(super) fn lock(tag: Tag, mode: Mode) -> Option<Access> {
    let number = |value: u64| Some(Part { dimension: 0, value });
    let (part, thing) = match tag {
        Tag::Relation(oid) => (None, Thing::Relation(oid)),
        Tag::Object(oid) => (None, Thing::Object(oid)),
        Tag::Tuple(oid, _) => (None, Thing::Queue(oid)),
        Tag::Advisory(AdvisoryKey::Big(key)) => (number(key as u64), Thing::Key),
        Tag::Advisory(AdvisoryKey::Pair(high, low)) => {
            (number(u64::from(high as u32) << 32 | u64::from(low as u32)), Thing::KeyPair)
        }
        Tag::Transaction(_) | Tag::Speculative(..) => return None,
    };
    let is_shared = match tag {
        Tag::Relation(_) => matches!(mode, Mode::AccessShare | Mode::RowShare | Mode::RowExclusive),
        Tag::Advisory(_) => mode == Mode::Share,
        _ => false,
    };
    Some(at(part, if is_shared { thing.read() } else { thing.write() }))
}

/// The rows with this key in an index: equal keys give equal parts. Values that may be equal and differ in what they
/// print give none.
pub(super) fn part(index: Oid, key: &[Datum]) -> Option<Part> {
    let is_plain = |datum: &Datum| {
        use Datum::{Bool, Bytes, Date, Int, Null, Text, Time, Timestamp, Uuid};
        matches!(
            datum,
            Null | Bool(_) | Int(_) | Text(_) | Bytes(_) | Uuid(_) | Date(_) | Time(_) | Timestamp(_)
        )
    };
    let value = || resource(&format!("{key:?}"));
    key.iter().all(is_plain).then(|| Part { dimension: index.0.into(), value: value() })
}
