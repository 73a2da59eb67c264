//! Sequences.

use super::{name_of, named};
use crate::catalog::{Catalog, Generated, Object, Sequence};
use crate::database::Database;
use crate::functions::{quoted_identifier as quoted, quoted_literal};
use crate::ids::Oid;
use std::rc::Rc;

fn all(catalog: &Catalog) -> Vec<(String, Oid, &Rc<Sequence>)> {
    named(catalog, |object| match object {
        Object::Sequence(sequence) => Some(sequence),
        _ => None,
    })
}

/// Whether a sequence is made together with its identity column.
fn is_identity(catalog: &Catalog, sequence: &Sequence) -> bool {
    let column = sequence.owner.and_then(|(table, place)| catalog.table(table)?.columns.get(place));
    column.is_some_and(|column| matches!(column.generated, Some(Generated::Always | Generated::ByDefault)))
}

/// `CREATE SEQUENCE`
pub(super) fn definitions(catalog: &Catalog) -> impl Iterator<Item = String> {
    let own = all(catalog).into_iter().filter(|(_, _, sequence)| !is_identity(catalog, sequence));
    own.map(|(name, _, sequence)| {
        format!("CREATE SEQUENCE {name}\n    AS {}{};", sequence.ty, options(sequence))
    })
}

fn options(sequence: &Sequence) -> String {
    let Sequence { start, increment, least, greatest, cycle, .. } = sequence;
    let cycle = if *cycle { "CYCLE" } else { "NO CYCLE" };
    format!(
        "\n    START WITH {start}\n    INCREMENT BY {increment}\n    MINVALUE {least}\n    MAXVALUE {greatest}\n    {cycle}"
    )
}

/// The columns that sequences belong to; and identity columns' sequences as they are.
pub(super) fn owners(catalog: &Catalog) -> Vec<String> {
    let mut texts = Vec::new();
    for (name, _, sequence) in all(catalog) {
        let Some((table, place)) = sequence.owner else { continue };
        let Some(definition) = catalog.table(table) else { continue };
        let column = &definition.columns[place].name;
        if !is_identity(catalog, sequence) {
            texts.push(format!(
                "ALTER SEQUENCE {name} OWNED BY {}.{};",
                name_of(catalog, table),
                quoted(column)
            ));
            continue;
        }
        // What its table makes it.
        let made = format!("{}_{column}_seq", definition.name);
        let usual = Sequence::of(sequence.name.clone(), sequence.schema, sequence.file, sequence.ty);
        if made != *sequence.name {
            let schema = name.strip_suffix(&quoted(&sequence.name)).unwrap_or_default();
            let made = format!("{schema}{}", quoted(&made));
            texts.push(format!("ALTER SEQUENCE {made} RENAME TO {};", quoted(&sequence.name)));
        }
        if options(sequence) != options(&usual) {
            texts.push(format!("ALTER SEQUENCE {name}{};", options(sequence)));
        }
    }
    texts
}

/// How far they are.
pub(super) fn values(database: &Database) -> Vec<String> {
    let states = database.sequences.borrow();
    let value = |(name, _, sequence): (String, Oid, &Rc<Sequence>)| {
        let state = states.state(sequence);
        let (name, value) = (quoted_literal(&name), state.value);
        format!("SELECT pg_catalog.setval({name}, {value}, {});", state.is_called)
    };
    all(&database.catalog).into_iter().map(value).collect()
}
