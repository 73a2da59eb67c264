//! What relations there are: `pg_class` and what belongs to it.

use super::System;
use super::value::*;
use crate::catalog::{Catalog, ConstraintKind, Index, Object, PG_CATALOG, Table, identifier};
use crate::ids::Oid;
use crate::types::{Datum, Modifier, Type};
use crate::world::World;
use sqlparser::ast;
use std::rc::Rc;

/// A relation's column, whatever the relation is.
pub(super) struct Attribute {
    pub name: Rc<str>,
    pub ty: Type,
    pub modifier: Option<Modifier>,
    pub number: usize,
    pub not_null: bool,
    pub default: Option<Rc<ast::Expr>>,
    pub is_dropped: bool,
}

/// A relation's columns.
pub(super) fn attributes(catalog: &Catalog, object: &Object) -> Vec<Attribute> {
    let plain = |(number, (name, ty)): (usize, (Rc<str>, Type))| Attribute {
        name,
        ty,
        modifier: None,
        number: number + 1,
        not_null: false,
        default: None,
        is_dropped: false,
    };
    let list = |columns: Vec<(Rc<str>, Type)>| columns.into_iter().enumerate().map(plain).collect();
    match object {
        Object::View(view) => {
            let columns = view.columns.iter().enumerate();
            let own = columns.map(|(place, column)| Attribute {
                modifier: column.modifier,
                ..plain((place, (column.name.clone(), column.ty)))
            });
            own.collect()
        }
        Object::System(system) => {
            list(system.columns.iter().map(|(name, ty)| ((*name).into(), *ty)).collect())
        }
        Object::Sequence(_) => {
            list(crate::sequence::COLUMNS.iter().map(|(name, ty)| ((*name).into(), *ty)).collect())
        }
        Object::Index(index) => list(index_columns(catalog, index)),
        Object::Table(table) => table_attributes(table),
        Object::Schema(_) | Object::Role(_) | Object::Database(_) => Vec::new(),
    }
}

fn table_attributes(table: &Table) -> Vec<Attribute> {
    let columns = table.columns.iter().zip(1..);
    let attribute = |(column, number): (&crate::catalog::Column, usize)| Attribute {
        name: match column.is_dropped {
            true => format!("........pg.dropped.{number}........").into(),
            false => column.name.clone(),
        },
        ty: column.ty,
        modifier: column.modifier,
        number,
        not_null: column.not_null,
        default: column.default.clone(),
        is_dropped: column.is_dropped,
    };
    columns.map(attribute).collect()
}

/// The table's column that each key of an index is.
pub(super) fn key_places(catalog: &Catalog, index: &Index) -> Vec<Option<usize>> {
    let table = catalog.table(index.table);
    let place = |key: &ast::Expr| match key {
        ast::Expr::Identifier(ident) => Some(table?.column(&identifier(ident))?.0),
        _ => None,
    };
    index.keys.iter().map(place).collect()
}

fn index_columns(catalog: &Catalog, index: &Index) -> Vec<(Rc<str>, Type)> {
    let table = catalog.table(index.table);
    let column = |place: Option<usize>| match table.zip(place) {
        Some((table, place)) => (table.columns[place].name.clone(), table.columns[place].ty),
        None => ("expr".into(), Type::UNKNOWN),
    };
    key_places(catalog, index).into_iter().map(column).collect()
}

fn relkind(object: &Object) -> Option<&'static str> {
    Some(match object {
        Object::Table(_) => "r",
        Object::Index(_) => "i",
        Object::Sequence(_) => "S",
        Object::View(view) if view.materialized.is_some() => "m",
        Object::View(_) => "v",
        Object::System(system) if system.is_view => "v",
        Object::System(_) => "r",
        Object::Schema(_) | Object::Role(_) | Object::Database(_) => return None,
    })
}

/// `pg_class`
pub(super) static CLASS: System = System {
    oid: Oid(1259),
    schema: PG_CATALOG,
    name: "pg_class",
    is_view: false,
    columns: &[
        ("oid", OID),
        ("relname", NAME),
        ("relnamespace", OID),
        ("relowner", OID),
        ("relfilenode", OID),
        ("relhasindex", BOOL),
        ("relpersistence", TEXT),
        ("relkind", TEXT),
        ("relnatts", INT2),
        ("relchecks", INT2),
        ("relispopulated", BOOL),
        ("relacl", TEXTS),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            let kind = relkind(object)?;
            let schema = object.place()?;
            let file = match object {
                Object::Sequence(sequence) => sequence.file,
                _ => catalog.table(number).map_or(number, |table| table.file),
            };
            let is_stored = !matches!(kind, "v");
            let temporary =
                catalog.object(schema).is_some_and(|schema| schema.name().starts_with("pg_temp_"));
            let checks = catalog.table(number).map_or(0, |table| {
                let is_check = |kind: &ConstraintKind| matches!(kind, ConstraintKind::Check { .. });
                table.constraints.iter().filter(|constraint| is_check(&constraint.kind)).count()
            });
            let populated = match object {
                Object::View(view) => view.materialized.as_ref().is_none_or(|view| view.is_populated),
                _ => true,
            };
            Some(vec![
                oid(number),
                Datum::Text(object.name()),
                oid(schema),
                oid(catalog.owner(number)),
                if is_stored { oid(file) } else { Datum::Int(0) },
                Datum::Bool(catalog.indexes_of(number).next().is_some()),
                text(if temporary { "t" } else { "p" }),
                text(kind),
                int(attributes(catalog, object).len()),
                int(checks),
                Datum::Bool(populated),
                rights(catalog, number),
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_attribute`, without the system's columns
pub(super) static ATTRIBUTE: System = System {
    oid: Oid(1249),
    schema: PG_CATALOG,
    name: "pg_attribute",
    is_view: false,
    columns: &[
        ("attrelid", OID),
        ("attname", NAME),
        ("atttypid", OID),
        ("attnum", INT2),
        ("atttypmod", INT4),
        ("attnotnull", BOOL),
        ("atthasdef", BOOL),
        ("attisdropped", BOOL),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let all = catalog.objects().flat_map(|(number, object)| {
            let row = move |column: Attribute| {
                vec![
                    oid(number),
                    name(&column.name),
                    if column.is_dropped { Datum::Int(0) } else { type_number(column.ty) },
                    int(column.number),
                    type_modifier(column.modifier),
                    Datum::Bool(column.not_null),
                    Datum::Bool(column.default.is_some()),
                    Datum::Bool(column.is_dropped),
                ]
            };
            attributes(catalog, object).into_iter().map(row)
        });
        all.collect()
    },
};

/// `pg_index`
pub(super) static INDEX: System = System {
    oid: Oid(2610),
    schema: PG_CATALOG,
    name: "pg_index",
    is_view: false,
    columns: &[
        ("indexrelid", OID),
        ("indrelid", OID),
        ("indnatts", INT2),
        ("indisunique", BOOL),
        ("indisprimary", BOOL),
        ("indisvalid", BOOL),
        ("indkey", INT2S),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            let Object::Index(index) = object else { return None };
            let is_primary = catalog.table(index.table).is_some_and(|table| {
                let own = |kind: &ConstraintKind| {
                    matches!(kind, ConstraintKind::PrimaryKey { index } if *index == number)
                };
                table.constraints.iter().any(|constraint| own(&constraint.kind))
            });
            let keys = key_places(catalog, index);
            let keys = keys.into_iter().map(|place| place.map_or(Datum::Int(0), |place| int(place + 1)));
            let keys = crate::types::Array::row(crate::types::Scalar::Int2, keys.collect());
            Some(vec![
                oid(number),
                oid(index.table),
                int(index.keys.len()),
                Datum::Bool(index.unique),
                Datum::Bool(is_primary),
                Datum::Bool(true),
                Datum::Array(keys.into()),
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_constraint`
pub(super) static CONSTRAINT: System = System {
    oid: Oid(2606),
    schema: PG_CATALOG,
    name: "pg_constraint",
    is_view: false,
    columns: &[
        ("conname", NAME),
        ("connamespace", OID),
        ("contype", TEXT),
        ("conrelid", OID),
        ("conindid", OID),
        ("confrelid", OID),
        ("conkey", INT2S),
        ("confkey", INT2S),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let mut rows = Vec::new();
        for (number, object) in catalog.objects() {
            let Object::Table(table) = object else { continue };
            for constraint in &table.constraints {
                let of_index = |letter: &'static str, index: &Oid| {
                    let keys = catalog.index(*index).map_or(Vec::new(), |index| key_places(catalog, index));
                    let keys: Vec<usize> = keys.into_iter().flatten().collect();
                    (letter, *index, Oid(0), places(&keys), Datum::Null)
                };
                let (letter, index, referenced, key, foreign) = match &constraint.kind {
                    ConstraintKind::PrimaryKey { index } => of_index("p", index),
                    ConstraintKind::Unique { index } => of_index("u", index),
                    ConstraintKind::ForeignKey(key) => {
                        ("f", key.index, key.table, places(&key.columns), places(&key.referenced))
                    }
                    _ => ("c", Oid(0), Oid(0), Datum::Null, Datum::Null),
                };
                rows.push(vec![
                    name(&constraint.name),
                    oid(table.schema),
                    text(letter),
                    oid(number),
                    oid(index),
                    oid(referenced),
                    key,
                    foreign,
                ]);
            }
        }
        rows
    },
};

/// `pg_namespace`
pub(super) static NAMESPACE: System = System {
    oid: Oid(2615),
    schema: PG_CATALOG,
    name: "pg_namespace",
    is_view: false,
    columns: &[("oid", OID), ("nspname", NAME), ("nspowner", OID), ("nspacl", TEXTS)],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            let Object::Schema(schema) = object else { return None };
            Some(vec![oid(number), name(&schema.name), oid(catalog.owner(number)), rights(catalog, number)])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_type`, of the types that there are here
pub(super) static TYPE: System = System {
    oid: Oid(1247),
    schema: PG_CATALOG,
    name: "pg_type",
    is_view: false,
    columns: &[("oid", OID), ("typname", NAME), ("typnamespace", OID), ("typelem", OID), ("typarray", OID)],
    rows: types,
};

fn types(_: &World<'_>) -> Vec<Vec<Datum>> {
    let mut rows = Vec::new();
    for (scalar, plain, array) in TYPES {
        let own = scalar.catalog_name();
        let number = |number: u32| Datum::Int(number.into());
        rows.push(vec![number(*plain), text(own), oid(PG_CATALOG), number(0), number(*array)]);
        if *array > 0 {
            let name = Datum::text(format!("_{own}"));
            rows.push(vec![number(*array), name, oid(PG_CATALOG), number(*plain), number(0)]);
        }
    }
    rows
}

/// PostgreSQL's table where an object of this kind is listed.
pub(super) fn table_of(object: &Object) -> Oid {
    match object {
        Object::Schema(_) => NAMESPACE.oid,
        Object::Role(_) => Oid(1260),
        Object::Database(_) => Oid(1262),
        _ => CLASS.oid,
    }
}
