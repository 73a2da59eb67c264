//! Views: each comes after those that it reads.

use super::spelling::spelled_query;
use super::{constraint, list, named};
use crate::catalog::{Catalog, Object, View};
use crate::ids::Oid;
use std::rc::Rc;

/// `CREATE VIEW` and `CREATE MATERIALIZED VIEW`
pub(super) fn definitions(catalog: &Catalog) -> Vec<String> {
    let mut open: Vec<(String, Oid, &Rc<View>)> = named(catalog, |object| match object {
        Object::View(view) => Some(view),
        _ => None,
    });
    let mut texts = Vec::new();
    while !open.is_empty() {
        let waits = |view: &View| open.iter().any(|(_, oid, _)| view.uses.contains(oid));
        let next = open.iter().position(|(_, _, view)| !waits(view)).unwrap_or(0);
        let (name, oid, view) = open.remove(next);
        texts.extend(definition(catalog, &name, oid, view));
    }
    texts
}

fn definition(catalog: &Catalog, name: &str, oid: Oid, view: &View) -> Vec<String> {
    let columns = list(view.columns.iter().map(|column| &*column.name));
    let query = spelled_query(catalog, &view.query);
    let Some(materialized) = &view.materialized else {
        return vec![format!("CREATE VIEW {name} ({columns}) AS\n{query};")];
    };
    let mut texts = vec![format!("CREATE MATERIALIZED VIEW {name} ({columns}) AS\n{query}\nWITH NO DATA;")];
    texts.extend(constraint::indexes_of(catalog, oid, &materialized.table));
    if materialized.is_populated {
        texts.push(format!("REFRESH MATERIALIZED VIEW {name};"));
    }
    texts
}
