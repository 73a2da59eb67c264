//! The standard's views of the catalog, of what the reader may see.

use super::System;
use super::relation::{Attribute, attributes};
use super::value::*;
use crate::catalog::{Catalog, ConstraintKind, INFORMATION_SCHEMA, Object, Privilege, Table};
use crate::ids::Oid;
use crate::types::{Datum, Modifier};
use crate::world::World;
use std::rc::Rc;

fn database(world: &World<'_>) -> Datum {
    name_of(catalog(world), crate::catalog::DATABASE)
}

/// The relations that the reader may do something with, with their kinds.
fn relations<'a>(world: &World<'a>) -> Vec<(Oid, &'a Object, &'static str)> {
    let catalog = catalog(world);
    let user = world.database.session(world.session).naming.user;
    let seen = |(number, object): (Oid, &'a Object)| {
        let kind = match object.kind() {
            "table" => "BASE TABLE",
            "view" => "VIEW",
            _ => return None,
        };
        let may = Privilege::of(object).iter().any(|privilege| catalog.allows(user, number, *privilege));
        may.then_some((number, object, kind))
    };
    catalog.objects().filter_map(seen).collect()
}

fn schema_of(catalog: &Catalog, object: &Object) -> Datum {
    object.place().map_or(Datum::Null, |schema| name_of(catalog, schema))
}

/// `schemata`
pub(super) static SCHEMATA: System = System {
    oid: Oid(13_200),
    schema: INFORMATION_SCHEMA,
    name: "schemata",
    is_view: true,
    columns: &[("catalog_name", NAME), ("schema_name", NAME), ("schema_owner", NAME)],
    rows: |world| {
        let catalog = catalog(world);
        let user = world.database.session(world.session).naming.user;
        let row = |(number, object): (Oid, &Object)| {
            let Object::Schema(schema) = object else { return None };
            let may = catalog.is_owner(user, number)
                || [Privilege::Create, Privilege::Usage].iter().any(|one| catalog.allows(user, number, *one));
            may.then(|| vec![database(world), name(&schema.name), name_of(catalog, catalog.owner(number))])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `tables`
pub(super) static TABLES: System = System {
    oid: Oid(13_201),
    schema: INFORMATION_SCHEMA,
    name: "tables",
    is_view: true,
    columns: &[("table_catalog", NAME), ("table_schema", NAME), ("table_name", NAME), ("table_type", TEXT)],
    rows: |world| {
        let row = |(_, object, kind): (Oid, &Object, &'static str)| {
            let schema = schema_of(catalog(world), object);
            let temporary = matches!(&schema, Datum::Text(schema) if kind == "BASE TABLE" && schema.starts_with("pg_temp_"));
            let kind = if temporary { "LOCAL TEMPORARY" } else { kind };
            vec![database(world), schema, Datum::Text(object.name()), text(kind)]
        };
        relations(world).into_iter().map(row).collect()
    },
};

/// `views`, without their definitions
pub(super) static VIEWS: System = System {
    oid: Oid(13_202),
    schema: INFORMATION_SCHEMA,
    name: "views",
    is_view: true,
    columns: &[("table_catalog", NAME), ("table_schema", NAME), ("table_name", NAME)],
    rows: |world| {
        let views = relations(world).into_iter().filter(|(.., kind)| *kind == "VIEW");
        let row = |(_, object, _): (Oid, &Object, &str)| {
            vec![database(world), schema_of(catalog(world), object), Datum::Text(object.name())]
        };
        views.map(row).collect()
    },
};

/// `columns`
pub(super) static COLUMNS: System = System {
    oid: Oid(13_203),
    schema: INFORMATION_SCHEMA,
    name: "columns",
    is_view: true,
    columns: &[
        ("table_catalog", NAME),
        ("table_schema", NAME),
        ("table_name", NAME),
        ("column_name", NAME),
        ("ordinal_position", INT4),
        ("is_nullable", TEXT),
        ("data_type", TEXT),
        ("character_maximum_length", INT4),
        ("udt_name", NAME),
    ],
    rows: |world| {
        let mut rows = Vec::new();
        for (_, object, _) in relations(world) {
            let columns = attributes(catalog(world), object);
            for column in columns.into_iter().filter(|column| !column.is_dropped) {
                let (database, schema) = (database(world), schema_of(catalog(world), object));
                rows.push(column_row([database, schema, Datum::Text(object.name())], &column));
            }
        }
        rows
    },
};

fn column_row(table: [Datum; 3], column: &Attribute) -> Vec<Datum> {
    let data_type = if column.ty.is_array { "ARRAY" } else { column.ty.scalar.name() };
    let length = match column.modifier {
        Some(Modifier::Length(length)) => Datum::Int(length.into()),
        _ => Datum::Null,
    };
    let array = if column.ty.is_array { "_" } else { "" };
    let mut row = table.to_vec();
    row.extend([
        name(&column.name),
        int(column.number),
        yes_or_no(!column.not_null),
        text(data_type),
        length,
        Datum::text(format!("{array}{}", column.ty.scalar.catalog_name())),
    ]);
    row
}

/// The constraints of the tables that the reader may see, NOT NULL left out: the table, the constraint's name, what it demands.
fn constraints<'a>(world: &World<'a>) -> Vec<(&'a Rc<Table>, &'a Rc<str>, &'a ConstraintKind)> {
    let mut all = Vec::new();
    for (_, object, _) in relations(world) {
        if let Object::Table(table) = object {
            all.extend(
                table.constraints.iter().map(|constraint| (table, &constraint.name, &constraint.kind)),
            );
        }
    }
    all
}

/// `table_constraints`, without NOT NULL
pub(super) static TABLE_CONSTRAINTS: System = System {
    oid: Oid(13_204),
    schema: INFORMATION_SCHEMA,
    name: "table_constraints",
    is_view: true,
    columns: &[
        ("constraint_catalog", NAME),
        ("constraint_schema", NAME),
        ("constraint_name", NAME),
        ("table_catalog", NAME),
        ("table_schema", NAME),
        ("table_name", NAME),
        ("constraint_type", TEXT),
    ],
    rows: |world| {
        let row = |(table, own, kind): (&Rc<Table>, &Rc<str>, &ConstraintKind)| {
            let (database, schema) = (database(world), name_of(catalog(world), table.schema));
            let kind = match kind {
                ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY",
                ConstraintKind::Unique { .. } => "UNIQUE",
                ConstraintKind::ForeignKey(_) => "FOREIGN KEY",
                _ => "CHECK",
            };
            vec![database.clone(), schema.clone(), name(own), database, schema, name(&table.name), text(kind)]
        };
        constraints(world).into_iter().map(row).collect()
    },
};

/// `key_column_usage`
pub(super) static KEY_COLUMNS: System = System {
    oid: Oid(13_205),
    schema: INFORMATION_SCHEMA,
    name: "key_column_usage",
    is_view: true,
    columns: &[
        ("constraint_schema", NAME),
        ("constraint_name", NAME),
        ("table_schema", NAME),
        ("table_name", NAME),
        ("column_name", NAME),
        ("ordinal_position", INT4),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let mut rows = Vec::new();
        for (table, own, kind) in constraints(world) {
            let places: Vec<usize> = match kind {
                ConstraintKind::PrimaryKey { index } | ConstraintKind::Unique { index } => {
                    let index = catalog.index(*index);
                    let keys = index.map_or(Vec::new(), |index| super::relation::key_places(catalog, index));
                    keys.into_iter().flatten().collect()
                }
                ConstraintKind::ForeignKey(key) => key.columns.clone(),
                _ => continue,
            };
            let schema = name_of(catalog, table.schema);
            for (place, position) in places.into_iter().zip(1..) {
                rows.push(vec![
                    schema.clone(),
                    name(own),
                    schema.clone(),
                    name(&table.name),
                    name(&table.columns[place].name),
                    int(position),
                ]);
            }
        }
        rows
    },
};

/// `referential_constraints`
pub(super) static REFERENTIAL: System = System {
    oid: Oid(13_206),
    schema: INFORMATION_SCHEMA,
    name: "referential_constraints",
    is_view: true,
    columns: &[
        ("constraint_schema", NAME),
        ("constraint_name", NAME),
        ("unique_constraint_schema", NAME),
        ("unique_constraint_name", NAME),
        ("update_rule", TEXT),
        ("delete_rule", TEXT),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(table, own, kind): (&Rc<Table>, &Rc<str>, &ConstraintKind)| {
            let ConstraintKind::ForeignKey(key) = kind else { return None };
            let index = catalog.index(key.index)?;
            let rule = |action: &Option<sqlparser::ast::ReferentialAction>| match action {
                Some(action) => Datum::text(action.to_string()),
                None => text("NO ACTION"),
            };
            Some(vec![
                name_of(catalog, table.schema),
                name(own),
                name_of(catalog, index.schema),
                name(&index.name),
                rule(&key.on_update),
                rule(&key.on_delete),
            ])
        };
        constraints(world).into_iter().filter_map(row).collect()
    },
};

/// `sequences`: those that are no identity column's
pub(super) static SEQUENCES: System = System {
    oid: Oid(13_207),
    schema: INFORMATION_SCHEMA,
    name: "sequences",
    is_view: true,
    columns: &[
        ("sequence_catalog", NAME),
        ("sequence_schema", NAME),
        ("sequence_name", NAME),
        ("data_type", TEXT),
        ("start_value", TEXT),
        ("minimum_value", TEXT),
        ("maximum_value", TEXT),
        ("increment", TEXT),
        ("cycle_option", TEXT),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(_, object): (Oid, &Object)| {
            let Object::Sequence(sequence) = object else { return None };
            let number = |number: i64| Datum::text(number.to_string());
            Some(vec![
                database(world),
                name_of(catalog, sequence.schema),
                name(&sequence.name),
                Datum::text(sequence.ty.to_string()),
                number(sequence.start),
                number(sequence.least),
                number(sequence.greatest),
                number(sequence.increment),
                yes_or_no(sequence.cycle),
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};
