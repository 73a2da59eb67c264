//! What is said of tables once their rows are there: keys, indexes, foreign keys.

use super::spelling::spelled;
use super::{list, name_of, named, table};
use crate::catalog::{Catalog, ConstraintKind, Deferral, Index, Key, Method, Object, Table};
use crate::functions::quoted_identifier as quoted;
use crate::ids::Oid;
use sqlparser::ast;
use std::rc::Rc;

/// Primary keys and unique constraints.
pub(super) fn keys(catalog: &Catalog) -> Vec<String> {
    per_table(catalog, |_, table, kind| {
        let (index, what) = match kind {
            ConstraintKind::PrimaryKey { index } => (*index, "PRIMARY KEY"),
            ConstraintKind::Unique { index } => (*index, "UNIQUE"),
            _ => return None,
        };
        let index = catalog.index(index)?;
        let nulls = if index.nulls_distinct { "" } else { " NULLS NOT DISTINCT" };
        let places = index.keys.iter().filter_map(|key| crate::query::column_of(table, key));
        let columns = list(places.map(|place| &*table.columns[place].name));
        Some(format!("{what}{nulls} ({columns}){}", deferral(index.deferral)))
    })
}

/// Foreign keys.
pub(super) fn foreign_keys(catalog: &Catalog) -> Vec<String> {
    per_table(catalog, |_, table, kind| match kind {
        ConstraintKind::ForeignKey(key) => Some(foreign_key(catalog, table, key)),
        _ => None,
    })
}

/// Constraints of every table, each table's by name.
fn per_table(
    catalog: &Catalog,
    text: impl Fn(Oid, &Table, &ConstraintKind) -> Option<String>,
) -> Vec<String> {
    let mut texts = Vec::new();
    for (name, oid, table) in table::all(catalog) {
        let own = table.constraints.iter().filter_map(|constraint| {
            let text = text(oid, table, &constraint.kind)?;
            Some(format!("ALTER TABLE {name}\n    ADD CONSTRAINT {} {text};", quoted(&constraint.name)))
        });
        let mut own: Vec<String> = own.collect();
        own.sort();
        texts.extend(own);
    }
    texts
}

fn foreign_key(catalog: &Catalog, table: &Table, key: &Key) -> String {
    let names =
        |table: &Table, places: &[usize]| list(places.iter().map(|place| &*table.columns[*place].name));
    let referenced = catalog.table(key.table).map(|to| names(to, &key.referenced)).unwrap_or_default();
    let columns = names(table, &key.columns);
    let mut text =
        format!("FOREIGN KEY ({columns}) REFERENCES {} ({referenced})", name_of(catalog, key.table));
    if key.match_full {
        text += " MATCH FULL";
    }
    let actions = [("UPDATE", key.on_update), ("DELETE", key.on_delete)];
    for (event, action) in actions {
        match action {
            None | Some(ast::ReferentialAction::NoAction) => (),
            Some(action) => text += &format!(" ON {event} {action}"),
        }
    }
    text += deferral(key.deferral);
    if !key.is_valid {
        text += " NOT VALID";
    }
    text
}

/// As pg_dump writes it.
fn deferral(deferral: Option<Deferral>) -> &'static str {
    match deferral {
        None => "",
        Some(Deferral::Immediate) => " DEFERRABLE",
        Some(Deferral::Deferred) => " DEFERRABLE INITIALLY DEFERRED",
    }
}

/// Indexes over tables that belong to no constraint.
pub(super) fn indexes(catalog: &Catalog) -> Vec<String> {
    table::all(catalog).into_iter().flat_map(|(_, oid, table)| indexes_of(catalog, oid, table)).collect()
}

/// Those over a table, by name.
pub(super) fn indexes_of(catalog: &Catalog, table: Oid, definition: &Table) -> Vec<String> {
    let belongs =
        |index: Oid| definition.constraints.iter().any(|constraint| constraint.index() == Some(index));
    let all = named(catalog, |object| match object {
        Object::Index(index) if index.table == table => Some(index),
        _ => None,
    });
    let own = all.into_iter().filter(|(_, oid, _)| !belongs(*oid));
    own.map(|(_, _, index)| index_text(catalog, index)).collect()
}

fn index_text(catalog: &Catalog, index: &Rc<Index>) -> String {
    let key = |key: &ast::Expr| match key {
        ast::Expr::Identifier(name) => name.to_string(),
        ast::Expr::Nested(_) => spelled(catalog, key),
        key => format!("({})", spelled(catalog, key)),
    };
    let keys: Vec<String> = index.keys.iter().map(key).collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let nulls = if index.nulls_distinct { "" } else { " NULLS NOT DISTINCT" };
    let predicate = index.predicate.as_ref();
    let predicate = predicate.map(|it| format!(" WHERE {}", spelled(catalog, it))).unwrap_or_default();
    let (name, table) = (quoted(&index.name), name_of(catalog, index.table));
    let using = if index.method == Method::Hash { " USING hash" } else { "" };
    format!("CREATE {unique}INDEX {name} ON {table}{using} ({}){nulls}{predicate};", keys.join(", "))
}
