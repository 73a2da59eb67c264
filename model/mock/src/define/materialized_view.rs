//! CREATE MATERIALIZED VIEW and REFRESH.

use super::view::Definition;
use crate::bug::Bug;
use crate::catalog::{Column, Materialized, Object, QualifiedName, Table, View, ViewColumn, identifier};
use crate::change::Target;
use crate::command::Kind;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use crate::store::Reader;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    pub(super) async fn create_materialized_view(
        &self,
        name: &ast::ObjectName,
        if_not_exists: bool,
        columns: &[ast::Ident],
        query: &ast::Query,
        with_data: bool,
    ) -> Result<Reply, SqlError> {
        let name = QualifiedName::of(name)?;
        let schema = self.new_place(&name, false).await?;
        let names: Vec<Rc<str>> = columns.iter().map(identifier).collect();
        let definition = self.view_definition(query, &names, "CREATE MATERIALIZED VIEW").await?;
        if self.reads_temporary(&definition.uses) {
            return Err(error("0A000", "materialized views must not use temporary tables or views"));
        }
        if self.is_taken(schema, &name.name, if_not_exists)? {
            return Ok(Reply::default());
        }
        self.claim_name(schema, &name.name).await?;
        let oid = self.with(|database| database.new_oid());
        let Definition { columns, query, uses } = definition;
        let table = Table {
            columns: columns.iter().map(stored).collect(),
            name: name.name.clone(),
            schema,
            file: oid,
            constraints: Vec::new(),
            on_commit: None,
        };
        let materialized = Some(Materialized { table: table.into(), is_populated: with_data });
        let view = View { name: name.name, schema, columns, query: query.into(), uses, materialized };
        self.with(|database| {
            database.new_file(self.session, oid);
            database.define(self.session, oid, Some(Object::View(view.into())));
        });
        self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
        let affected = if with_data { self.fill(oid, None).await? } else { 0 };
        Ok(Reply { affected, ..Reply::default() })
    }

    /// `REFRESH MATERIALIZED VIEW`: it gets a new file with the rows that its query has now.
    pub(super) async fn refresh_materialized_view(
        &self,
        name: &ast::ObjectName,
        concurrently: bool,
        with_data: bool,
    ) -> Result<Reply, SqlError> {
        let name = QualifiedName::of(name)?;
        if concurrently && !with_data {
            return Err(error(
                "42601",
                "REFRESH options CONCURRENTLY and WITH NO DATA cannot be used together",
            ));
        }
        // It reads what there was before it waited for anything.
        let mut reader = self.reader();
        reader.sequence = reader.sequence.saturating_sub(self.has(Bug::StaleMaterializedView).into());
        let mode = if concurrently { Mode::Exclusive } else { Mode::AccessExclusive };
        let oid = self.own_relation(Kind::MaterializedView, &name, mode).await;
        let oid = match oid {
            Ok(Some(oid)) => oid,
            Ok(None) => return Err(error("42P01", format!("relation \"{name}\" does not exist"))),
            Err(failure) if failure.sqlstate.as_str() == "42809" => {
                return Err(error("0A000", format!("\"{}\" is not a materialized view", name.name)));
            }
            Err(failure) => return Err(failure),
        };
        let Some(Object::View(view)) = self.object(oid) else { unreachable!("it is locked") };
        if concurrently {
            return Err(unsupported("REFRESH MATERIALIZED VIEW CONCURRENTLY"));
        }
        let naming = self.with(|database| {
            let file = database.new_oid();
            database.new_file(self.session, file);
            let mut view = (*view).clone();
            let materialized = view.materialized.as_mut().expect("it is one");
            Rc::make_mut(&mut materialized.table).file = file;
            materialized.is_populated = with_data;
            database.define(self.session, oid, Some(Object::View(view.into())));
            database.session(self.session).naming.clone()
        });
        self.fill_indexes(&naming, oid)?;
        let affected = if with_data { self.fill(oid, Some(reader)).await? } else { 0 };
        Ok(Reply { affected, ..Reply::default() })
    }

    /// Fills a materialized view with what this reader sees of its query, or whoever reads it now; how many rows that
    /// are.
    async fn fill(&self, oid: Oid, reader: Option<Reader>) -> Result<u64, SqlError> {
        let Some(Object::View(view)) = self.object(oid) else { unreachable!("it has just been made") };
        // The query is no part of REFRESH's text.
        let query = self.locked_query(&view.query, Some(oid)).await.map_err(SqlError::elsewhere)?;
        let rows = self.query(&query, reader.unwrap_or_else(|| self.reader()), &[]).await?;
        let target = self.with(|database| {
            let naming = &database.session(self.session).naming;
            Target::of(database.catalog(self.session), naming, oid)
        })?;
        let affected = rows.len();
        for row in rows {
            self.insert_row(&target, &row.into()).await?;
        }
        self.with(|database| database.session_mut(self.session).transaction_mut().command += 1);
        Ok(affected as u64)
    }
}

fn stored(column: &ViewColumn) -> Column {
    Column {
        name: column.name.clone(),
        ty: column.ty,
        modifier: column.modifier,
        not_null: false,
        default: None,
        generated: None,
        missing: None,
        is_dropped: false,
    }
}
