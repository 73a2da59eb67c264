//! The committed state as a script of SQL, as `pg_dump --inserts --no-owner --no-privileges` writes it: `psql` loads it
//! into an empty database, and so does the mock.
//!
//! ```text
//! schemas, sequences, tables --> rows, values of sequences --> keys, indexes, foreign keys --> views
//! ```
//!
//! Everything is in the order of its name, so that equal databases give equal texts, whoever made them and how. Roles,
//! owners, grants and comments are left out.

mod constraint;
mod sequence;
mod spelling;
mod table;
mod view;

use crate::catalog::{Catalog, Object, PUBLIC, Schema};
use crate::database::Database;
use crate::error::unsupported;
use crate::functions::quoted_identifier as quoted;
use crate::ids::Oid;
use drawloom_model::SqlError;

/// The schemas that every database has.
const BUILT_IN: [&str; 2] = ["pg_catalog", "information_schema"];

/// A script that makes this database.
///
/// # Errors
/// `0A000`: something in it cannot be written.
pub(crate) fn script(database: &Database) -> Result<String, SqlError> {
    let catalog = &database.catalog;
    let mut parts = vec!["-- A database of drawloom's mock: psql -f loads it into an empty one.".to_owned()];
    let schemas = catalog.objects().filter_map(|(oid, object)| match object {
        Object::Schema(schema) if oid != PUBLIC && !is_hidden(schema) => Some(quoted(&schema.name)),
        _ => None,
    });
    let mut schemas: Vec<String> = schemas.map(|name| format!("CREATE SCHEMA {name};")).collect();
    schemas.sort();
    parts.extend(schemas);
    parts.extend(sequence::definitions(catalog));
    parts.extend(table::definitions(catalog));
    parts.extend(sequence::owners(catalog));
    parts.extend(table::rows(database)?);
    parts.extend(sequence::values(database));
    parts.extend(constraint::keys(catalog));
    parts.extend(constraint::indexes(catalog));
    parts.extend(constraint::foreign_keys(catalog));
    parts.extend(view::definitions(catalog));
    let script = parts.join("\n\n") + "\n";
    if script.contains('\0') {
        return Err(unsupported("a dump of a view that locks rows"));
    }
    Ok(script)
}

fn is_hidden(schema: &Schema) -> bool {
    BUILT_IN.contains(&&*schema.name) || schema.name.starts_with("pg_temp_")
}

/// The objects that last and are like this, by name.
fn named<'a, T>(catalog: &'a Catalog, like: impl Fn(&'a Object) -> Option<T>) -> Vec<(String, Oid, T)> {
    let of_user = |object: &Object| {
        let schema = object.place().and_then(|schema| catalog.object(schema));
        matches!(schema, Some(Object::Schema(schema)) if !is_hidden(schema))
    };
    let objects = catalog.objects().filter(|(_, object)| of_user(object));
    let mut named: Vec<(String, Oid, T)> =
        objects.filter_map(|(oid, object)| Some((name_of(catalog, oid), oid, like(object)?))).collect();
    named.sort_by(|(a, _, _), (b, _, _)| a.cmp(b));
    named
}

/// A relation's name with its schema's.
fn name_of(catalog: &Catalog, oid: Oid) -> String {
    let object = catalog.object(oid).expect("what is named is there");
    let schema = object.place().and_then(|schema| catalog.object(schema));
    let schema = schema.map(|schema| format!("{}.", quoted(&schema.name()))).unwrap_or_default();
    schema + &quoted(&object.name())
}

/// Names with commas between them.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quoted).collect::<Vec<_>>().join(", ")
}
