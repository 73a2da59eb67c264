//! Foreign keys, as a table gets them (PostgreSQL's ATAddForeignKeyConstraint in tablecmds.c).

use super::table::free_name;
use crate::catalog::{
    Catalog, Constraint, ConstraintKind, Deferral, Index, Key, Object, PG_TEMP, QualifiedName, Table,
    identifier,
};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::limit;
use crate::locks::{Mode, Tag};
use crate::types::cast;
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    /// Adds a foreign key to a table that is locked; the rows that it has are looked at unless it is empty, or
    /// nobody wants it.
    ///
    /// # Errors
    /// It does not fit the tables; `23503`: a row does not fit it.
    pub(super) async fn add_foreign_key(
        &self,
        table: Oid,
        ast: &ast::ForeignKeyConstraint,
        validates: bool,
    ) -> Result<(), SqlError> {
        limit::foreign_keys(ast.columns.len())?;
        let name = QualifiedName::of(&ast.foreign_table)?;
        let (referenced, _) = self.with(|database| {
            let naming = &database.session(self.session).naming;
            let (oid, object) = database.catalog(self.session).resolve(naming, &name)?;
            Ok::<_, SqlError>((oid, object.name().clone()))
        })?;
        self.lock(Tag::Relation(referenced), Mode::ShareRowExclusive, "a table's lock").await?;
        self.with(|database| database.refresh(self.session));
        let number = self.with(|database| database.new_oid());
        let (constraint, key) = self.with(|database| {
            let catalog = database.catalog(self.session);
            let key = key(catalog, number, table, referenced, &name, ast)?;
            let mut definition = catalog.table(table).expect("it is locked").as_ref().clone();
            let constraint = constraint_name(catalog, &definition, &key, ast)?;
            check_types(catalog, &definition, &key, &constraint)?;
            let key = Rc::new(Key { is_valid: validates, ..key });
            let kind = ConstraintKind::ForeignKey(key.clone());
            definition.constraints.push(Constraint { name: constraint.clone(), kind });
            database.define(self.session, table, Some(Object::Table(definition.into())));
            Ok::<_, SqlError>((constraint, key))
        })?;
        if validates { Box::pin(self.validate_key(table, &key, &constraint)).await } else { Ok(()) }
    }
}

fn key(
    catalog: &Catalog,
    oid: Oid,
    from: Oid,
    to: Oid,
    name: &QualifiedName,
    ast: &ast::ForeignKeyConstraint,
) -> Result<Key, SqlError> {
    let table = catalog.table(from).expect("it is locked");
    let referenced = match catalog.object(to) {
        Some(Object::Table(referenced)) => referenced,
        Some(other) => {
            return Err(error("42809", format!("referenced relation \"{}\" is not a table", other.name())));
        }
        None => return Err(error("42P01", format!("relation \"{name}\" does not exist"))),
    };
    let is_temporary = |table: &Table| {
        let schema = catalog.object(table.schema).map(Object::name);
        schema.is_some_and(|schema| schema.starts_with(PG_TEMP))
    };
    match (is_temporary(table), is_temporary(referenced)) {
        (true, false) => {
            let message = "constraints on temporary tables may reference only temporary tables";
            return Err(error("42P16", message));
        }
        (false, true) => {
            let message = "constraints on permanent tables may reference only permanent tables";
            return Err(error("42P16", message));
        }
        _ => (),
    }
    let columns = places(table, &ast.columns)?;
    let index = if ast.referred_columns.is_empty() {
        primary(catalog, referenced)?
    } else {
        let columns = places(referenced, &ast.referred_columns)?;
        (unique_over(catalog, to, referenced, &columns)?, columns)
    };
    let (index, referred) = index;
    if columns.len() != referred.len() {
        let message = "number of referencing and referenced columns for foreign key disagree";
        return Err(error("42830", message));
    }
    let action = |action: Option<ast::ReferentialAction>| {
        action.filter(|action| *action != ast::ReferentialAction::NoAction)
    };
    if ast.match_kind == Some(ast::ConstraintReferenceMatchKind::Partial) {
        return Err(error("0A000", "MATCH PARTIAL not yet implemented"));
    }
    Ok(Key {
        oid,
        columns,
        table: to,
        referenced: referred,
        index,
        on_delete: action(ast.on_delete),
        on_update: action(ast.on_update),
        match_full: ast.match_kind == Some(ast::ConstraintReferenceMatchKind::Full),
        deferral: deferral(ast.characteristics.as_ref())?,
        is_valid: true,
    })
}

fn places(table: &Table, names: &[ast::Ident]) -> Result<Vec<usize>, SqlError> {
    let place = |name: &ast::Ident| {
        let name = identifier(name);
        let missing = || {
            error("42703", format!("column \"{name}\" referenced in foreign key constraint does not exist"))
        };
        Ok(table.column(&name).ok_or_else(missing)?.0)
    };
    names.iter().map(place).collect()
}

/// A table's primary key: its index and its columns.
fn primary(catalog: &Catalog, table: &Table) -> Result<(Oid, Vec<usize>), SqlError> {
    let primary = table.constraints.iter().find_map(|constraint| match constraint.kind {
        ConstraintKind::PrimaryKey { index } => Some(index),
        _ => None,
    });
    let missing =
        || error("42704", format!("there is no primary key for referenced table \"{}\"", table.name));
    let oid = primary.ok_or_else(missing)?;
    let index = catalog.index(oid).expect("a constraint has its index");
    refuse_deferrable(index, table, "a deferrable primary key")?;
    Ok((oid, columns(table, index).expect("a primary key is over columns")))
}

/// The columns that an index is over, if it is over columns and all rows.
pub(super) fn columns(table: &Table, index: &Index) -> Option<Vec<usize>> {
    let column = |key: &ast::Expr| crate::query::column_of(table, key);
    if index.predicate.is_some() { None } else { index.keys.iter().map(column).collect() }
}

fn unique_over(catalog: &Catalog, oid: Oid, table: &Table, wanted: &[usize]) -> Result<Oid, SqlError> {
    let mut sorted = wanted.to_vec();
    sorted.sort_unstable();
    let fits = |index: &Index| {
        let mut columns = columns(table, index).unwrap_or_default();
        columns.sort_unstable();
        index.unique && columns == sorted
    };
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(error("42830", "foreign key referenced-columns list must not contain duplicates"));
    }
    let found = catalog.indexes_of(oid).find(|(_, index)| fits(index));
    let missing = || {
        let table = &table.name;
        let message =
            format!("there is no unique constraint matching given keys for referenced table \"{table}\"");
        error("42830", message)
    };
    let (oid, index) = found.ok_or_else(missing)?;
    refuse_deferrable(index, table, "a deferrable unique constraint")?;
    Ok(oid)
}

fn refuse_deferrable(index: &Index, table: &Table, what: &str) -> Result<(), SqlError> {
    if index.deferral.is_none() {
        return Ok(());
    }
    Err(error("55000", format!("cannot use {what} for referenced table \"{}\"", table.name)))
}

fn constraint_name(
    catalog: &Catalog,
    table: &Table,
    key: &Key,
    ast: &ast::ForeignKeyConstraint,
) -> Result<Rc<str>, SqlError> {
    if let Some(name) = &ast.name {
        let name = identifier(name);
        if table.constraints.iter().any(|constraint| constraint.name == name) {
            let table = &table.name;
            let message = format!("constraint \"{name}\" for relation \"{table}\" already exists");
            return Err(error("42710", message));
        }
        return Ok(name);
    }
    let names: Vec<&str> = key.columns.iter().map(|column| &*table.columns[*column].name).collect();
    let is_taken = |name: &str| {
        catalog.objects().any(|(_, object)| match object {
            Object::Table(other) if other.schema == table.schema => {
                other.constraints.iter().any(|constraint| *constraint.name == *name)
            }
            _ => false,
        }) || table.constraints.iter().any(|constraint| *constraint.name == *name)
    };
    Ok(free_name(&table.name, &names.join("_"), "fkey", is_taken))
}

/// Whether the columns can be compared.
fn check_types(catalog: &Catalog, from: &Table, key: &Key, name: &str) -> Result<(), SqlError> {
    let to = catalog.table(key.table).expect("it is locked");
    for (own, other) in key.columns.iter().zip(&key.referenced) {
        let (own, other) = (from.columns[*own].ty, to.columns[*other].ty);
        let converts =
            |from, to| cast::find(from, to).is_some_and(|cast| cast.context == cast::Context::Implicit);
        if own != other && !converts(own, other) && !(converts(other, own) && numbers(own, other)) {
            let message = format!("foreign key constraint \"{name}\" cannot be implemented");
            return Err(error("42804", message));
        }
    }
    Ok(())
}

/// Whether both are whole numbers, which are compared whatever their sizes.
fn numbers(one: crate::types::Type, other: crate::types::Type) -> bool {
    use crate::types::{Scalar, Type};
    let is_whole = |ty| [Scalar::Int2, Scalar::Int4, Scalar::Int8].map(Type::of).contains(&ty);
    is_whole(one) && is_whole(other)
}

/// The key that a column's REFERENCES stands for.
pub(super) fn of_column(
    column: &ast::Ident,
    option: &ast::ColumnOptionDef,
    key: &ast::ForeignKeyConstraint,
) -> ast::ForeignKeyConstraint {
    let name = option.name.clone().or_else(|| key.name.clone());
    ast::ForeignKeyConstraint { name, columns: vec![column.clone()], ..key.clone() }
}

/// When a constraint is checked of which this is said.
///
/// # Errors
/// `42601`: it makes no sense.
pub(super) fn deferral(
    characteristics: Option<&ast::ConstraintCharacteristics>,
) -> Result<Option<Deferral>, SqlError> {
    let Some(said) = characteristics else { return Ok(None) };
    if said.enforced.is_some() {
        return Err(unsupported("ENFORCED"));
    }
    let is_deferred = said.initially == Some(ast::DeferrableInitial::Deferred);
    match said.deferrable {
        Some(false) if is_deferred => {
            Err(error("42601", "constraint declared INITIALLY DEFERRED must be DEFERRABLE"))
        }
        _ if is_deferred => Ok(Some(Deferral::Deferred)),
        Some(true) => Ok(Some(Deferral::Immediate)),
        _ => Ok(None),
    }
}
