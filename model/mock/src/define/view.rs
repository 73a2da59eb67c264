//! CREATE VIEW.

use super::derived::column_names;
use crate::catalog::{Catalog, Object, QualifiedName, View, ViewColumn, identifier};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::expression::{Binder, Expr};
use crate::ids::Oid;
use crate::limit;
use crate::locks::{Mode, Tag};
use crate::query::{Body, Query, Source, settled};
use crate::types::Modifier;
use crate::types::name::print;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::rc::Rc;

/// A view's query, as the catalog keeps it.
pub(super) struct Definition {
    pub columns: Vec<ViewColumn>,
    pub query: ast::Query,
    pub uses: Vec<Oid>,
}

impl Executor {
    pub(super) async fn create_view(&self, create: &ast::CreateView) -> Result<Reply, SqlError> {
        if create.materialized || !matches!(create.options, ast::CreateTableOptions::None) {
            return Err(unsupported("CREATE VIEW with options"));
        }
        let name = QualifiedName::of(&create.name)?;
        let columns: Vec<Rc<str>> = create.columns.iter().map(|column| identifier(&column.name)).collect();
        let definition = self.view_definition(&create.query, &columns, "CREATE VIEW").await?;
        let becomes_temporary = !create.temporary && self.reads_temporary(&definition.uses);
        let schema = self.new_place(&name, create.temporary || becomes_temporary).await?;
        if becomes_temporary {
            let text = format!("view \"{}\" will be a temporary view", name.name);
            self.notice(&text);
        }
        let existing = self.with(|database| database.catalog(self.session).relation(schema, &name.name));
        let oid = match existing {
            Some(oid) if create.or_replace => {
                self.check_replaced(oid, &definition.columns)?;
                self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
                self.with(|database| database.refresh(self.session));
                self.check_replaced(oid, &definition.columns)?;
                oid
            }
            Some(_) => return Err(error("42P07", format!("relation \"{}\" already exists", name.name))),
            None => {
                self.claim_name(schema, &name.name).await?;
                self.with(|database| database.new_oid())
            }
        };
        let Definition { columns, query, uses } = definition;
        let view = View { name: name.name, schema, columns, query: query.into(), uses, materialized: None };
        self.with(|database| database.define(self.session, oid, Some(Object::View(view.into()))));
        self.lock(Tag::Relation(oid), Mode::AccessExclusive, "a table's lock").await?;
        Ok(Reply::default())
    }

    /// What a view is to be: its columns, and its query with the names settled. What it reads is locked.
    ///
    /// # Errors
    /// Those of the query; `42601`, `42701`: the columns' names do not fit.
    pub(super) async fn view_definition(
        &self,
        query: &ast::Query,
        names: &[Rc<str>],
        statement: &str,
    ) -> Result<Definition, SqlError> {
        let mut locked = None;
        loop {
            let (uses, definition) = self.with(|database| {
                database.refresh(self.session);
                let naming = &database.session(self.session).naming;
                let catalog = database.catalog(self.session);
                let mut binder = Binder::new(catalog, naming);
                binder.has_parameters = false;
                let mut bound = binder.query(query)?;
                binder.settle(&mut bound)?;
                if names.len() > bound.columns.len() {
                    let message = match statement {
                        "CREATE VIEW" => "CREATE VIEW specifies more column names than columns",
                        _ => "too many column names were specified",
                    };
                    return Err(error("42601", message));
                }
                limit::columns(bound.columns.len())?;
                let column = |(place, name): (usize, Rc<str>)| ViewColumn {
                    name,
                    ty: bound.columns[place].ty,
                    modifier: modifier(catalog, &bound, place),
                };
                let names = column_names(&bound.columns, names)?;
                let columns = names.into_iter().enumerate().map(column).collect();
                let (query, uses) = settled(catalog, naming, query)?;
                Ok::<_, SqlError>((binder.uses, Definition { columns, query, uses }))
            })?;
            if locked.as_ref() == Some(&uses) {
                return Ok(definition);
            }
            self.lock_relations(&uses).await?;
            locked = Some(uses);
        }
    }

    /// Whether one of these relations is the session's own only.
    pub(super) fn reads_temporary(&self, uses: &[Oid]) -> bool {
        self.with(|database| {
            let catalog = database.catalog(self.session);
            let own = database.temporary_schema(self.session);
            own.is_some() && uses.iter().any(|oid| catalog.object(*oid).and_then(Object::place) == own)
        })
    }

    /// Whether a view may become one with these columns.
    fn check_replaced(&self, oid: Oid, columns: &[ViewColumn]) -> Result<(), SqlError> {
        self.with(|database| {
            let object = database.catalog(self.session).object(oid);
            let Some(Object::View(view)) = object.filter(|object| object.kind() == "view") else {
                let name = object.map(Object::name).unwrap_or_default();
                return Err(error("42809", format!("\"{name}\" is not a view")));
            };
            self.require_owner(database, oid)?;
            if columns.len() < view.columns.len() {
                return Err(error("42P16", "cannot drop columns from view"));
            }
            for (old, new) in view.columns.iter().zip(columns) {
                if old.name != new.name {
                    let message =
                        format!("cannot change name of view column \"{}\" to \"{}\"", old.name, new.name);
                    return Err(error("42P16", message));
                }
                if (old.ty, old.modifier) != (new.ty, new.modifier) {
                    let message = format!(
                        "cannot change data type of view column \"{}\" from {} to {}",
                        old.name,
                        print(old.ty, old.modifier),
                        print(new.ty, new.modifier)
                    );
                    return Err(error("42P16", message));
                }
            }
            Ok(())
        })
    }
}

/// The length or scale of a query's column: that of the table's column, or of the cast, which it is.
fn modifier(catalog: &Catalog, query: &Query, place: usize) -> Option<Modifier> {
    let Body::Select(select) = &query.body else { return None };
    match select.project.get(place)? {
        Expr::Column(slot) => stored_modifier(catalog, &select.from, *slot),
        Expr::Cast(converted) => converted.modifier,
        _ => None,
    }
}

/// That of what a source appends to the row in this place.
fn stored_modifier(catalog: &Catalog, source: &Source, slot: usize) -> Option<Modifier> {
    match source {
        Source::Table(scan) => catalog.table(scan.table)?.columns.get(slot)?.modifier,
        Source::Join(join) if slot < join.left_width => stored_modifier(catalog, &join.left, slot),
        Source::Join(join) => stored_modifier(catalog, &join.right, slot - join.left_width),
        Source::Query { query, .. } => modifier(catalog, query, slot),
        _ => None,
    }
}
