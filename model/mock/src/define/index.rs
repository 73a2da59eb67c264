//! CREATE INDEX.

use super::table::free_name;
use crate::catalog::{Index, Method, Object, QualifiedName, Table, identifier};
use crate::change::Target;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::limit;
use crate::locks::{Mode, Tag};
use crate::query::column_of;
use crate::store::Reader;
use crate::types::{Datum, Scalar};
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::collections::BTreeSet;

impl Executor {
    pub(super) async fn create_index(&self, create: &ast::CreateIndex) -> Result<Reply, SqlError> {
        if create.concurrently {
            return Err(unsupported("CREATE INDEX CONCURRENTLY"));
        }
        let name = QualifiedName::of(&create.table_name)?;
        let table = self.with(|database| {
            let naming = &database.session(self.session).naming;
            let (oid, _) = database.catalog(self.session).resolve(naming, &name)?;
            self.require_owner(database, oid)?;
            Ok::<_, SqlError>(oid)
        })?;
        self.lock(Tag::Relation(table), Mode::Share, "a table's lock").await?;
        self.with(|database| database.refresh(self.session));
        let Some(definition) = self.table(table) else {
            return Err(error("42809", format!("cannot create index on relation \"{name}\"")));
        };
        let keys: Vec<ast::Expr> = create.columns.iter().map(|column| column.column.expr.clone()).collect();
        limit::index_keys(keys.len())?;
        let named = create.name.as_ref().map(QualifiedName::of).transpose()?;
        let is_taken = |name: &str| {
            self.with(|database| database.catalog(self.session).relation(definition.schema, name).is_some())
        };
        let name = match named {
            Some(named) if is_taken(&named.name) => {
                if create.if_not_exists {
                    self.notice(format!("relation \"{}\" already exists, skipping", named.name));
                    return Ok(Reply::default());
                }
                return Err(error("42P07", format!("relation \"{}\" already exists", named.name)));
            }
            Some(named) => named.name,
            None => {
                let part = |key: &ast::Expr| match key {
                    ast::Expr::Identifier(ident) => identifier(ident).to_string(),
                    _ => "expr".to_owned(),
                };
                let parts: Vec<String> = keys.iter().map(part).collect();
                free_name(&definition.name, &parts.join("_"), "idx", is_taken)
            }
        };
        self.claim_name(definition.schema, &name).await?;
        self.await_grants(table).await?;
        let oid = self.with(|database| database.new_oid());
        let index = Index {
            name,
            schema: definition.schema,
            table,
            unique: create.unique,
            nulls_distinct: create.nulls_distinct.unwrap_or(true),
            keys,
            predicate: create.predicate.clone(),
            method: method(create)?,
            deferral: None,
        };
        self.check_index(&index)?;
        check_method(&index, &definition)?;
        let naming = self.with(|database| {
            database.define(self.session, oid, Some(Object::Index(index.into())));
            database.session(self.session).naming.clone()
        });
        self.fill_indexes(&naming, table)?;
        if create.unique {
            self.check_unique(table, oid)?;
        }
        Ok(Reply::default())
    }

    /// Whether the rows that there are have different keys.
    pub(super) fn check_unique(&self, table: Oid, index: Oid) -> Result<(), SqlError> {
        let reader = self.reader();
        let reader = self.with(|database| Reader { sequence: database.transactions.commits(), ..reader });
        self.with(|database| {
            let naming = &database.session(self.session).naming;
            let target = Target::of(database.catalog(self.session), naming, table)?;
            let file = database.files.get(&target.table.file).expect("a table has a file");
            let entries = file.index(index);
            let nulls_distinct = target.indexes.iter().any(|it| it.oid == index && it.nulls_distinct);
            let mut seen = BTreeSet::new();
            for (_, tuple) in file.heap.iter() {
                if !tuple.is_visible(&database.transactions, &reader) {
                    continue;
                }
                let Some(key) = entries.key(&tuple.row)? else { continue };
                let is_like_none = nulls_distinct && key.iter().any(Datum::is_null);
                if !is_like_none && !seen.insert(key) {
                    let name =
                        &database.catalog(self.session).index(index).expect("it has just been made").name;
                    return Err(error("23505", format!("could not create unique index \"{name}\"")));
                }
            }
            Ok(())
        })
    }
}

/// How the index is to find its keys.
///
/// # Errors
/// `42704`: PostgreSQL does not know such a way; `0A000`: this database does not.
fn method(create: &ast::CreateIndex) -> Result<Method, SqlError> {
    let name = match &create.using {
        None | Some(ast::IndexType::BTree) => return Ok(Method::Btree),
        Some(ast::IndexType::Hash) => return Ok(Method::Hash),
        Some(ast::IndexType::Custom(name)) => identifier(name),
        Some(other) => other.to_string().to_lowercase().into(),
    };
    match &*name {
        "btree" => Ok(Method::Btree),
        "hash" => Ok(Method::Hash),
        "gin" | "gist" | "spgist" | "brin" => Err(unsupported(format!("CREATE INDEX USING {name}"))),
        _ => Err(error("42704", format!("access method \"{name}\" does not exist"))),
    }
}

/// Whether a hash index is one that there can be.
///
/// # Errors
/// `0A000`
fn check_method(index: &Index, table: &Table) -> Result<(), SqlError> {
    if index.method != Method::Hash {
        return Ok(());
    }
    let refused = |what| Err(error("0A000", format!("access method \"hash\" does not support {what}")));
    if index.unique {
        return refused("unique indexes");
    }
    let [key] = index.keys.as_slice() else { return refused("multicolumn indexes") };
    let Some(column) = column_of(table, key) else {
        return Err(unsupported("a hash index over an expression"));
    };
    let ty = table.columns[column].ty;
    let has_hash = matches!(
        ty.scalar,
        Scalar::Bool
            | Scalar::Int2
            | Scalar::Int4
            | Scalar::Int8
            | Scalar::Text
            | Scalar::Varchar
            | Scalar::Bytea
    );
    if ty.is_array || !has_hash {
        return Err(unsupported(format!("a hash index over {ty}")));
    }
    Ok(())
}
