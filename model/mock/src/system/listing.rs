//! What there is, one view for each kind of thing: `pg_tables`, `pg_views`, ...

use super::System;
use super::relation::{attributes, table_of};
use super::value::*;
use crate::catalog::{Object, PG_CATALOG};
use crate::ids::Oid;
use crate::types::{Datum, Scalar, Type};

/// `pg_tables`
pub(super) static TABLES: System = System {
    oid: Oid(12_000),
    schema: PG_CATALOG,
    name: "pg_tables",
    is_view: true,
    columns: &[
        ("schemaname", NAME),
        ("tablename", NAME),
        ("tableowner", NAME),
        ("tablespace", NAME),
        ("hasindexes", BOOL),
        ("hasrules", BOOL),
        ("hastriggers", BOOL),
        ("rowsecurity", BOOL),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            if object.kind() != "table" {
                return None;
            }
            Some(vec![
                name_of(catalog, object.place()?),
                Datum::Text(object.name()),
                name_of(catalog, catalog.owner(number)),
                Datum::Null,
                Datum::Bool(catalog.indexes_of(number).next().is_some()),
                Datum::Bool(false),
                Datum::Bool(false),
                Datum::Bool(false),
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_views`, without their definitions
pub(super) static VIEWS: System = System {
    oid: Oid(12_001),
    schema: PG_CATALOG,
    name: "pg_views",
    is_view: true,
    columns: &[("schemaname", NAME), ("viewname", NAME), ("viewowner", NAME)],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            let schema = object.place().filter(|_| object.kind() == "view")?;
            let owner = name_of(catalog, catalog.owner(number));
            Some(vec![name_of(catalog, schema), Datum::Text(object.name()), owner])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_matviews`, without their definitions
pub(super) static MATVIEWS: System = System {
    oid: Oid(12_002),
    schema: PG_CATALOG,
    name: "pg_matviews",
    is_view: true,
    columns: &[
        ("schemaname", NAME),
        ("matviewname", NAME),
        ("matviewowner", NAME),
        ("tablespace", NAME),
        ("hasindexes", BOOL),
        ("ispopulated", BOOL),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            let Object::View(view) = object else { return None };
            let materialized = view.materialized.as_ref()?;
            Some(vec![
                name_of(catalog, view.schema),
                name(&view.name),
                name_of(catalog, catalog.owner(number)),
                Datum::Null,
                Datum::Bool(catalog.indexes_of(number).next().is_some()),
                Datum::Bool(materialized.is_populated),
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_indexes`, without their definitions
pub(super) static INDEXES: System = System {
    oid: Oid(12_003),
    schema: PG_CATALOG,
    name: "pg_indexes",
    is_view: true,
    columns: &[("schemaname", NAME), ("tablename", NAME), ("indexname", NAME), ("tablespace", NAME)],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(_, object): (Oid, &Object)| {
            let Object::Index(index) = object else { return None };
            let table = name_of(catalog, index.table);
            Some(vec![name_of(catalog, index.schema), table, name(&index.name), Datum::Null])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_sequences`
pub(super) static SEQUENCES: System = System {
    oid: Oid(12_004),
    schema: PG_CATALOG,
    name: "pg_sequences",
    is_view: true,
    columns: &[
        ("schemaname", NAME),
        ("sequencename", NAME),
        ("sequenceowner", NAME),
        ("data_type", TEXT),
        ("start_value", INT8),
        ("min_value", INT8),
        ("max_value", INT8),
        ("increment_by", INT8),
        ("cycle", BOOL),
        ("cache_size", INT8),
        ("last_value", INT8),
    ],
    rows: |world| {
        let catalog = catalog(world);
        let sequences = world.database.sequences.borrow();
        let row = |(number, object): (Oid, &Object)| {
            let Object::Sequence(sequence) = object else { return None };
            let state = sequences.state(sequence);
            Some(vec![
                name_of(catalog, sequence.schema),
                name(&sequence.name),
                name_of(catalog, catalog.owner(number)),
                Datum::text(sequence.ty.to_string()),
                Datum::Int(sequence.start),
                Datum::Int(sequence.least),
                Datum::Int(sequence.greatest),
                Datum::Int(sequence.increment),
                Datum::Bool(sequence.cycle),
                Datum::Int(1),
                if state.is_called { Datum::Int(state.value) } else { Datum::Null },
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_roles`
pub(super) static ROLES: System = System {
    oid: Oid(12_005),
    schema: PG_CATALOG,
    name: "pg_roles",
    is_view: true,
    columns: &[
        ("rolname", NAME),
        ("rolsuper", BOOL),
        ("rolinherit", BOOL),
        ("rolcreaterole", BOOL),
        ("rolcreatedb", BOOL),
        ("rolcanlogin", BOOL),
        ("rolreplication", BOOL),
        ("rolconnlimit", INT4),
        ("rolpassword", TEXT),
        ("rolvaliduntil", Type::of(Scalar::Timestamptz)),
        ("rolbypassrls", BOOL),
        ("oid", OID),
    ],
    rows: |world| {
        let row = |(number, object): (Oid, &Object)| {
            let Object::Role(role) = object else { return None };
            Some(vec![
                name(&role.name),
                Datum::Bool(role.is_superuser),
                Datum::Bool(role.inherits),
                Datum::Bool(role.creates_roles),
                Datum::Bool(role.creates_databases),
                Datum::Bool(role.logs_in),
                Datum::Bool(role.replicates),
                Datum::Int(role.connection_limit.into()),
                text("********"),
                Datum::Null,
                Datum::Bool(role.bypasses_rls),
                oid(number),
            ])
        };
        catalog(world).objects().filter_map(row).collect()
    },
};

/// `pg_auth_members`
pub(super) static MEMBERS: System = System {
    oid: Oid(1261),
    schema: PG_CATALOG,
    name: "pg_auth_members",
    is_view: false,
    columns: &[("roleid", OID), ("member", OID), ("admin_option", BOOL)],
    rows: |world| {
        let mut rows = Vec::new();
        for (number, object) in catalog(world).objects() {
            let Object::Role(role) = object else { continue };
            let row = |(of, admin): (&Oid, &bool)| vec![oid(*of), oid(number), Datum::Bool(*admin)];
            rows.extend(role.member_of.iter().map(row));
        }
        rows
    },
};

/// `pg_database`
pub(super) static DATABASES: System = System {
    oid: Oid(1262),
    schema: PG_CATALOG,
    name: "pg_database",
    is_view: false,
    columns: &[("oid", OID), ("datname", NAME), ("datdba", OID), ("datistemplate", BOOL), ("datacl", TEXTS)],
    rows: |world| {
        let catalog = catalog(world);
        let row = |(number, object): (Oid, &Object)| {
            let Object::Database(own) = object else { return None };
            let is_template = Datum::Bool(own.starts_with("template") && number < Oid(5));
            Some(vec![
                oid(number),
                name(own),
                oid(catalog.owner(number)),
                is_template,
                rights(catalog, number),
            ])
        };
        catalog.objects().filter_map(row).collect()
    },
};

/// `pg_description`: the comments
pub(super) static DESCRIPTIONS: System = System {
    oid: Oid(2609),
    schema: PG_CATALOG,
    name: "pg_description",
    is_view: false,
    columns: &[("objoid", OID), ("classoid", OID), ("objsubid", INT4), ("description", TEXT)],
    rows: |world| {
        let catalog = catalog(world);
        let mut rows = Vec::new();
        for (number, object) in catalog.objects() {
            let Some(notes) = catalog.notes(number) else { continue };
            let class = oid(table_of(object));
            let row = |(place, comment): (&u32, &std::rc::Rc<str>)| {
                vec![oid(number), class.clone(), Datum::Int((*place).into()), name(comment)]
            };
            rows.extend(notes.comments.iter().map(row));
        }
        rows
    },
};

/// `pg_attrdef`: which columns have a default
pub(super) static DEFAULTS: System = System {
    oid: Oid(2604),
    schema: PG_CATALOG,
    name: "pg_attrdef",
    is_view: false,
    columns: &[("adrelid", OID), ("adnum", INT2)],
    rows: |world| {
        let catalog = catalog(world);
        let mut rows = Vec::new();
        for (number, object) in catalog.objects() {
            for column in attributes(catalog, object).iter().filter(|column| column.default.is_some()) {
                rows.push(vec![oid(number), int(column.number)]);
            }
        }
        rows
    },
};
