//! A value as the engine holds it.

use std::rc::Rc;

/// A value. Which type it has is known where it stands; one variant may serve several types.
#[derive(Clone, Debug)]
pub enum Datum {
    /// NULL, of any type.
    Null,
    /// `boolean`
    Bool(bool),
    /// `smallint`, `integer`, `bigint`, `oid`, `regclass`
    Int(i64),
    /// `real` (rounded to it) and `double precision`
    Float(f64),
    /// `text`, `character varying`, `character`, `name`, `json`
    Text(Rc<str>),
    /// `bytea`
    Bytes(Rc<[u8]>),
}
