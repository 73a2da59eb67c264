//! A database made anew from its log, as after a power loss: what was committed is there, what was prepared waits for
//! its end, and whatever was temporary is gone.

use super::{Log, Prepared};
use crate::bug::Bug;
use crate::catalog::{Catalog, Object};
use crate::change::Target;
use crate::database::Database;
use crate::ids::{Oid, Tid, Xid};
use crate::session::Session;
use crate::store::{End, File, Locker, Pages, Row, Tuple};
use crate::two_phase;
use drawloom_model::{SessionId, SqlError};
use std::collections::BTreeMap;

/// The database of this log. Its numbers go on where those of `before` are: none is ever given twice.
///
/// # Errors
/// An index's expression fails, which it did not before.
pub(crate) fn recover(before: &Database, mut log: Log) -> Result<Database, SqlError> {
    if before.has(Bug::HalfRecovery) {
        log.tear();
    }
    log.fold();
    drop_temporary(&mut log.image.catalog);
    let image = &log.image;
    let mut database = Database::new(before.options.clone());
    (database.now, database.next_oid) = (before.now, before.next_oid);
    database.catalog = image.catalog.clone().unwrap_or_else(Catalog::new);
    let alive: Vec<Xid> =
        image.prepared.values().flat_map(|prepared| prepared.xids.iter().copied()).collect();
    database.transactions = before.transactions.survivors(&alive);
    let xid = database.transactions.begin(None);
    database.transactions.commit([xid]);
    for table in database.catalog.tables() {
        let rows = image.files.get(&table.file).into_iter().flat_map(Pages::iter);
        database.files.insert(table.file, file_of(xid, rows.map(|(tid, row)| (tid, row.clone()))));
    }
    database.sequences.get_mut().resume(&image.sequences);
    fill_indexes(&mut database.files, &database.catalog)?;
    for prepared in image.prepared.values() {
        restore(&mut database, prepared)?;
    }
    database.log = log.into();
    Ok(database)
}

/// A file with these rows, which this transaction has written.
fn file_of(xid: Xid, rows: impl IntoIterator<Item = (Tid, Row)>) -> File {
    let mut file = File::default();
    for (tid, row) in rows {
        file.heap.restore(tid, Tuple::new(row, xid, 0));
    }
    file
}

/// Brings a prepared transaction back, with the rows that it wrote, ended and locked.
fn restore(database: &mut Database, prepared: &Prepared) -> Result<(), SqlError> {
    two_phase::restore(database, prepared);
    let own = prepared.xids.first().copied();
    let definition = prepared.commit.definition.as_ref();
    for (file, rows) in definition.into_iter().flat_map(|definition| &definition.files) {
        let xid = own.expect("who makes a file has a number");
        database.files.insert(*file, file_of(xid, rows.iter().cloned()));
    }
    for change in &prepared.commit.changes {
        let Some(file) = database.files.get_mut(&change.file) else { continue };
        if let Some((tid, row)) = &change.after {
            file.heap.restore(*tid, Tuple::new(row.clone(), change.xid, 0));
            for index in file.indexes.values_mut() {
                if let Some(key) = index.key(row)? {
                    index.insert(key, *tid);
                }
            }
        }
        if let Some((tuple, mode)) =
            change.before.and_then(|(tid, mode)| Some((file.heap.get_mut(tid)?, mode)))
        {
            let next = change.after.as_ref().map(|(tid, _)| *tid);
            tuple.end = Some(End { xid: change.xid, command: 0, next, mode });
        }
    }
    for (file, tid, mode) in &prepared.rows {
        let tuple = database.files.get_mut(file).and_then(|file| file.heap.get_mut(*tid));
        if let (Some(tuple), Some(xid)) = (tuple, own) {
            tuple.lockers.push(Locker { xid, mode: *mode });
        }
    }
    let session = database.prepared.session(&prepared.name).expect("it has just been restored");
    let catalog = database.catalog(session).clone();
    fill_indexes(&mut database.files, &catalog)
}

/// Gives the indexes of the catalog their entries, where they have none.
fn fill_indexes(files: &mut BTreeMap<Oid, File>, catalog: &Catalog) -> Result<(), SqlError> {
    let naming = Session::new(SessionId(0), crate::settings::Settings::default()).naming;
    for (oid, _) in catalog.objects().filter(|(oid, _)| catalog.table(*oid).is_some()) {
        let target = Target::of(catalog, &naming, oid)?;
        let Some(file) = files.get_mut(&target.table.file) else { continue };
        target.fill_indexes(file)?;
    }
    Ok(())
}

/// Removes the schemas of temporary things, and what is in them.
fn drop_temporary(catalog: &mut Option<Catalog>) {
    let Some(catalog) = catalog else { return };
    let is_temporary =
        |object: &Object| matches!(object, Object::Schema(schema) if schema.name.starts_with("pg_temp_"));
    let schemas = catalog.objects().filter(|(_, object)| is_temporary(object));
    let schemas: Vec<Oid> = schemas.map(|(oid, _)| oid).collect();
    let inside = |object: &Object| object.place().is_some_and(|schema| schemas.contains(&schema));
    let gone = catalog.objects().filter(|(_, object)| inside(object)).map(|(oid, _)| oid);
    let gone: Vec<Oid> = gone.chain(schemas.iter().copied()).collect();
    gone.into_iter().for_each(|oid| catalog.remove(oid));
}
