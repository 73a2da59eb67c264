//! What a statement's text says before anything is known of its tables.
//!
//! Anything that is not listed here as understood is [`Shape::Opaque`]: a function that is not known to be one
//! of its arguments (`random()`, `date('now')`), a common table expression, a table-valued function, a
//! statement that is seldom seen.

use super::inventory::Inventory;
use super::place::{Equality, Target};
use super::table::{Table, key_columns};
use sqlparser::ast::{
    AssignmentTarget, CreateIndex, Delete, FromTable, Ident, Insert, ObjectName, ObjectNamePart, ObjectType,
    OnConflict, OnConflictAction, OnInsert, Query, SetExpr, SqliteOnConflict, Statement, TableObject,
    TransactionModifier, Update,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Texts that a thread remembers: a workload that builds its texts from values has no end of them.
const TEXTS_KEPT: usize = 4_096;

thread_local! {
    /// A shape is a function of its text alone, so runs may share it.
    static SHAPES: RefCell<BTreeMap<String, Rc<Shape>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The tables that are read, each with what is certain to hold of every row that matters; a table that is
/// named more than once is read as a whole.
pub(crate) type Reads = BTreeMap<String, Vec<Equality>>;

/// What a text says.
#[derive(Debug)]
pub(crate) enum Shape {
    Begin {
        immediate: bool,
    },
    Commit,
    Rollback,
    Savepoint,
    Reads(Reads),
    Inserts {
        table: String,
        replaces: bool,
        reads: Reads,
    },
    Updates {
        table: String,
        columns: Vec<String>,
        replaces: bool,
        place: Vec<Equality>,
        reads: Reads,
    },
    Deletes {
        table: String,
        place: Vec<Equality>,
        reads: Reads,
    },
    Defines(Table),
    /// These columns of a table are now a key.
    Keys {
        table: String,
        columns: Vec<String>,
    },
    /// This is no table, nor can one refer to it.
    Hides(String),
    /// Of what has one of these names nothing is certain any more.
    Forgets(Vec<String>),
    /// Not understood; `obscures` where other statements may mean something else from now on.
    Opaque {
        obscures: bool,
    },
}

/// What the text says.
pub(crate) fn shape(sql: &str) -> Rc<Shape> {
    SHAPES.with_borrow_mut(|shapes| {
        if let Some(shape) = shapes.get(sql) {
            return shape.clone();
        }
        if shapes.len() == TEXTS_KEPT {
            shapes.clear();
        }
        let shape = Rc::new(read(sql));
        shapes.insert(sql.to_owned(), shape.clone());
        shape
    })
}

fn read(sql: &str) -> Shape {
    let parsed = Parser::parse_sql(&SQLiteDialect {}, sql);
    let understood = match parsed.as_deref() {
        Ok([statement]) => understand(statement),
        _ => None,
    };
    understood.unwrap_or_else(|| Shape::Opaque { obscures: !is_tame(sql) })
}

/// Whether a text that is not understood leaves the meaning of others alone, by its first word. Settings are
/// not tame: `PRAGMA journal_mode` changes who waits for whom.
fn is_tame(sql: &str) -> bool {
    const TAME: [&str; 12] = [
        "SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE", "EXPLAIN", "ANALYZE", "REINDEX",
        "VACUUM", "BEGIN",
    ];
    const TAME_SETTINGS: [&str; 10] = [
        "foreign_keys",
        "foreign_key_list",
        "foreign_key_check",
        "table_info",
        "table_xinfo",
        "index_list",
        "index_info",
        "integrity_check",
        "quick_check",
        "user_version",
    ];
    let mut words =
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    let tame = |words: &[&str], word: &str| words.iter().any(|tame| tame.eq_ignore_ascii_case(word));
    // A word that a comment begins with says nothing.
    let commented = sql.contains("--") || sql.contains("/*");
    let setting = first.eq_ignore_ascii_case("PRAGMA").then(|| words.next().unwrap_or_default());
    !commented && setting.map_or_else(|| tame(&TAME, first), |setting| tame(&TAME_SETTINGS, setting))
}

fn understand(statement: &Statement) -> Option<Shape> {
    let inventory = || Inventory::of(statement);
    match statement {
        Statement::StartTransaction { modes, statements, modifier, exception: None, .. }
            if modes.is_empty() && statements.is_empty() =>
        {
            match modifier {
                None | Some(TransactionModifier::Deferred) => Some(Shape::Begin { immediate: false }),
                Some(TransactionModifier::Immediate | TransactionModifier::Exclusive) => {
                    Some(Shape::Begin { immediate: true })
                }
                Some(_) => None,
            }
        }
        Statement::Commit { chain: false, modifier: None, .. } | Statement::ReleaseSavepoint { .. } => {
            Some(Shape::Commit)
        }
        Statement::Rollback { chain: false, savepoint: None } => Some(Shape::Rollback),
        Statement::Rollback { chain: false, savepoint: Some(_) } | Statement::Savepoint { .. } => {
            Some(Shape::Savepoint)
        }
        Statement::Query(query) => Some(Shape::Reads(read_places(query, inventory()?))),
        Statement::Insert(insert) => understand_insert(insert, inventory()?),
        Statement::Update(update) => understand_update(update, inventory()?),
        Statement::Delete(delete) => understand_delete(delete, inventory()?),
        Statement::CreateTable(create) if !create.temporary => Some(match Table::read(create) {
            Some(table) => Shape::Defines(table),
            None => Shape::Forgets(vec![name(&create.name)?]),
        }),
        Statement::CreateView(view) if !view.temporary => Some(Shape::Hides(name(&view.name)?)),
        Statement::CreateVirtualTable { name: table, .. } => Some(Shape::Hides(name(table)?)),
        Statement::CreateIndex(index) => understand_index(index),
        Statement::AlterTable(alter) => Some(Shape::Forgets(vec![name(&alter.name)?])),
        Statement::Drop { object_type: ObjectType::Table | ObjectType::View, names, .. } => {
            Some(Shape::Forgets(names.iter().map(name).collect::<Option<_>>()?))
        }
        Statement::Drop { object_type: ObjectType::Index, .. } => Some(Shape::Forgets(Vec::new())),
        _ => None,
    }
}

fn read_places(query: &Query, inventory: Inventory) -> Reads {
    let mut reads = inventory.reads();
    if let SetExpr::Select(select) = &*query.body
        && let [from] = &select.from[..]
        && let Some(table) = Target::of(from)
        && let Some(place) = reads.get_mut(&table.name)
        && inventory.count(&table.name) == 1
    {
        *place = table.place(select.selection.as_ref());
    }
    reads
}

fn understand_insert(insert: &Insert, mut inventory: Inventory) -> Option<Shape> {
    let TableObject::TableName(table) = &insert.table else { return None };
    let table = name(table)?;
    if insert.or == Some(SqliteOnConflict::Rollback) || !insert.assignments.is_empty() {
        return None;
    }
    let upserts = matches!(&insert.on, Some(OnInsert::OnConflict(conflict)) if !is_nothing(conflict));
    if insert.on.is_some() && !matches!(insert.on, Some(OnInsert::OnConflict(_))) {
        return None;
    }
    let replaces = insert.or == Some(SqliteOnConflict::Replace) || insert.replace_into || upserts;
    inventory.forget(&table);
    Some(Shape::Inserts { table, replaces, reads: inventory.reads() })
}

fn is_nothing(conflict: &OnConflict) -> bool {
    matches!(conflict.action, OnConflictAction::DoNothing)
}

fn understand_update(update: &Update, mut inventory: Inventory) -> Option<Shape> {
    let target = Target::of(&update.table)?;
    let unusual = update.from.is_some() || !update.order_by.is_empty() || update.limit.is_some();
    if unusual || update.or == Some(SqliteOnConflict::Rollback) {
        return None;
    }
    let mut columns = Vec::new();
    for assignment in &update.assignments {
        match &assignment.target {
            AssignmentTarget::ColumnName(column) => columns.push(name(column)?),
            AssignmentTarget::Tuple(tuple) => {
                columns.extend(tuple.iter().map(name).collect::<Option<Vec<_>>>()?)
            }
        }
    }
    let replaces = update.or == Some(SqliteOnConflict::Replace);
    let place = target.place(update.selection.as_ref());
    inventory.forget(&target.name);
    Some(Shape::Updates { table: target.name, columns, replaces, place, reads: inventory.reads() })
}

fn understand_delete(delete: &Delete, mut inventory: Inventory) -> Option<Shape> {
    let FromTable::WithFromKeyword(from) = &delete.from else { return None };
    let [from] = &from[..] else { return None };
    let unusual = delete.using.is_some() || !delete.order_by.is_empty() || delete.limit.is_some();
    if unusual || !delete.tables.is_empty() {
        return None;
    }
    let target = Target::of(from)?;
    let place = target.place(delete.selection.as_ref());
    inventory.forget(&target.name);
    Some(Shape::Deletes { table: target.name, place, reads: inventory.reads() })
}

/// Which rows a unique index compares may hang on any expression: then nothing is certain of its table.
fn understand_index(index: &CreateIndex) -> Option<Shape> {
    let table = name(&index.table_name)?;
    if !index.unique {
        return Some(Shape::Forgets(Vec::new()));
    }
    Some(match key_columns(&index.columns) {
        Some(columns) if index.predicate.is_none() => Shape::Keys { table, columns },
        _ => Shape::Forgets(vec![table]),
    })
}

/// An identifier, as SQLite compares it.
pub(crate) fn single(ident: &Ident) -> Option<String> {
    // A string in the place of a name is SQLite's own habit.
    (ident.quote_style != Some('\'')).then(|| ident.value.to_ascii_lowercase())
}

/// The name of a table of the database itself.
pub(crate) fn name(name: &ObjectName) -> Option<String> {
    match &name.0[..] {
        [ObjectNamePart::Identifier(table)] => single(table),
        [ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(table)] => {
            (single(schema)? == "main").then(|| single(table)).flatten()
        }
        _ => None,
    }
}
