//! How what the catalog holds is written in PostgreSQL's tables.

use crate::catalog::{Catalog, Grant};
use crate::ids::Oid;
use crate::types::{Array, Datum, Modifier, Scalar, Type};
use crate::world::World;
use std::rc::Rc;

pub(super) const BOOL: Type = Type::of(Scalar::Bool);
pub(super) const INT2: Type = Type::of(Scalar::Int2);
pub(super) const INT4: Type = Type::of(Scalar::Int4);
pub(super) const INT8: Type = Type::of(Scalar::Int8);
pub(super) const NAME: Type = Type::of(Scalar::Name);
pub(super) const OID: Type = Type::of(Scalar::Oid);
pub(super) const TEXT: Type = Type::of(Scalar::Text);
pub(super) const TEXTS: Type = Type::array_of(Scalar::Text);
pub(super) const INT2S: Type = Type::array_of(Scalar::Int2);

/// The catalog as the reader's transaction has it.
pub(super) fn catalog<'a>(world: &World<'a>) -> &'a Catalog {
    world.database.catalog(world.session)
}

pub(super) fn oid(oid: Oid) -> Datum {
    Datum::Int(oid.0.into())
}

pub(super) fn text(text: &str) -> Datum {
    Datum::text(text)
}

pub(super) fn name(name: &Rc<str>) -> Datum {
    Datum::Text(name.clone())
}

pub(super) fn int(number: usize) -> Datum {
    Datum::Int(i64::try_from(number).expect("what is in memory can be counted"))
}

/// The name of what has this number.
pub(super) fn name_of(catalog: &Catalog, oid: Oid) -> Datum {
    catalog.object(oid).map_or(Datum::Null, |object| Datum::Text(object.name()))
}

/// Numbers of columns, counted from 1.
pub(super) fn places(places: &[usize]) -> Datum {
    Datum::Array(Array::row(Scalar::Int2, places.iter().map(|place| int(place + 1)).collect()).into())
}

/// `YES` or `NO`
pub(super) fn yes_or_no(truth: bool) -> Datum {
    text(if truth { "YES" } else { "NO" })
}

/// Rights as PostgreSQL lists them: `grantee=letters/grantor`.
pub(super) fn rights(catalog: &Catalog, oid: Oid) -> Datum {
    let Some(grants) = catalog.notes(oid).and_then(|notes| notes.grants.clone()) else { return Datum::Null };
    let mut lists: Vec<((Oid, Oid), Vec<&Grant>)> = Vec::new();
    for grant in &grants {
        let key = (grant.grantee, grant.grantor);
        match lists.iter_mut().find(|(other, _)| *other == key) {
            Some((_, list)) => list.push(grant),
            None => lists.push((key, vec![grant])),
        }
    }
    let list = |((grantee, grantor), mut grants): ((Oid, Oid), Vec<&Grant>)| {
        grants.sort_by_key(|grant| grant.privilege);
        let letter = |grant: &&Grant| {
            let star = if grant.option { "*" } else { "" };
            format!("{}{star}", grant.privilege.letter())
        };
        let letters: String = grants.iter().map(letter).collect();
        let role = |oid| catalog.object(oid).map(|role| role.name()).unwrap_or_default();
        Datum::text(format!("{}={letters}/{}", role(grantee), role(grantor)))
    };
    Datum::Array(Array::row(Scalar::Text, lists.into_iter().map(list).collect()).into())
}

/// A type's number, and that of arrays of it.
pub(super) const TYPES: &[(Scalar, u32, u32)] = &[
    (Scalar::Bool, 16, 1000),
    (Scalar::Bytea, 17, 1001),
    (Scalar::Name, 19, 1003),
    (Scalar::Int8, 20, 1016),
    (Scalar::Int2, 21, 1005),
    (Scalar::Int4, 23, 1007),
    (Scalar::Text, 25, 1009),
    (Scalar::Oid, 26, 1028),
    (Scalar::Json, 114, 199),
    (Scalar::Float4, 700, 1021),
    (Scalar::Float8, 701, 1022),
    (Scalar::Unknown, 705, 0),
    (Scalar::Char, 1042, 1014),
    (Scalar::Varchar, 1043, 1015),
    (Scalar::Date, 1082, 1182),
    (Scalar::Time, 1083, 1183),
    (Scalar::Timestamp, 1114, 1115),
    (Scalar::Timestamptz, 1184, 1185),
    (Scalar::Interval, 1186, 1187),
    (Scalar::Numeric, 1700, 1231),
    (Scalar::Regclass, 2205, 2210),
    (Scalar::Void, 2278, 0),
    (Scalar::Uuid, 2950, 2951),
    (Scalar::Jsonb, 3802, 3807),
];

/// `pg_type.oid`
pub(super) fn type_number(ty: Type) -> Datum {
    let found = TYPES.iter().find(|(scalar, ..)| *scalar == ty.scalar);
    let (_, plain, array) = found.expect("the list is of all types");
    Datum::Int(i64::from(if ty.is_array { *array } else { *plain }))
}

/// The type with this number.
pub(crate) fn type_of(number: i64) -> Option<Type> {
    TYPES.iter().find_map(|(scalar, plain, array)| match number {
        _ if number == i64::from(*plain) => Some(Type::of(*scalar)),
        _ if number == i64::from(*array) => Some(Type::array_of(*scalar)),
        _ => None,
    })
}

/// `pg_attribute.atttypmod`
pub(super) fn type_modifier(modifier: Option<Modifier>) -> Datum {
    Datum::Int(match modifier {
        None => -1,
        Some(Modifier::Length(length)) => i64::from(length) + 4,
        Some(Modifier::Numeric { precision, scale }) => {
            (i64::from(precision) << 16 | i64::from(scale & 0x7ff)) + 4
        }
        Some(Modifier::Precision(digits)) => digits.into(),
    })
}
