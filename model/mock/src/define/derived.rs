//! Tables made of others: CREATE TABLE AS, SELECT INTO, and LIKE.

use crate::catalog::{Column, Generated, Privilege, QualifiedName, Table};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::expression::Binder;
use crate::ids::Oid;
use crate::locks::Mode;
use crate::place;
use crate::query::{Output, Query};
use crate::store::Tuple;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;
use std::fmt;
use std::rc::Rc;

impl Executor {
    /// SELECT INTO.
    pub(super) async fn select_into(
        &self,
        query: &ast::Query,
        into: &ast::SelectInto,
    ) -> Result<Reply, SqlError> {
        if into.unlogged {
            return Err(unsupported("SELECT INTO UNLOGGED"));
        }
        let ident = |target: &ast::Expr| match target {
            ast::Expr::Identifier(ident) => Some(vec![ident.clone()]),
            ast::Expr::CompoundIdentifier(idents) => Some(idents.clone()),
            _ => None,
        };
        let syntax_error =
            |near: &dyn fmt::Display| error("42601", format!("syntax error at or near \"{near}\""));
        let name = match into.targets.as_slice() {
            [target] => ident(target).ok_or_else(|| syntax_error(target).at(place::expression(target)))?,
            [_, second, ..] => return Err(syntax_error(&",").at(place::before(second))),
            [] => unreachable!("the parser reads at least one"),
        };
        let name = QualifiedName::of(&ast::ObjectName::from(name))?;
        let mut query = query.clone();
        if let ast::SetExpr::Select(select) = &mut *query.body {
            select.into = None;
        }
        let schema = self.table_place(&name, into.temporary, None).await?;
        self.is_taken(schema, &name.name, false)?;
        self.create_from(&name.name, schema, None, Vec::new(), &query).await
    }

    /// A table with the columns and the rows of a query.
    pub(super) async fn create_from(
        &self,
        name: &Rc<str>,
        schema: Oid,
        on_commit: Option<ast::OnCommit>,
        names: Vec<Rc<str>>,
        ast: &ast::Query,
    ) -> Result<Reply, SqlError> {
        let query = self.locked_query(ast, None).await?;
        if names.len() > query.columns.len() {
            return Err(error("42601", "too many column names were specified"));
        }
        let column = |(name, output): (Rc<str>, &Output)| Column {
            name,
            ty: output.ty,
            modifier: None,
            not_null: false,
            default: None,
            generated: None,
            missing: None,
            is_dropped: false,
        };
        let names = column_names(&query.columns, &names)?;
        let columns = names.into_iter().zip(&query.columns).map(column).collect();
        let oid = self.with(|database| database.new_oid());
        let table =
            Table { name: name.clone(), schema, file: oid, columns, constraints: Vec::new(), on_commit };
        self.found(oid, table, Vec::new()).await?;
        let rows = Box::pin(self.query(&query, self.reader(), &[])).await?;
        let affected = rows.len() as u64;
        let xid = self.xid();
        self.with(|database| {
            let command = database.session(self.session).transaction().command;
            let heap = &mut database.file_mut(oid).heap;
            for row in rows {
                heap.push(Tuple::new(row.into(), xid, command));
            }
            database.session_mut(self.session).transaction_mut().command += 1;
        });
        Ok(Reply { affected, ..Reply::default() })
    }

    /// A query, bound to relations that are locked; with a view, as its owner reads them.
    pub(super) async fn locked_query(&self, ast: &ast::Query, view: Option<Oid>) -> Result<Query, SqlError> {
        let mut locked = None;
        loop {
            let (query, uses, needs) = self.with(|database| {
                database.refresh(self.session);
                let catalog = database.catalog(self.session);
                let mut binder = Binder::new(catalog, &database.session(self.session).naming);
                binder.has_parameters = false;
                binder.reader = view.map(|view| catalog.owner(view));
                let mut query = binder.query(ast)?;
                binder.settle(&mut query)?;
                Ok::<_, SqlError>((query, binder.uses, binder.needs))
            })?;
            // What it waited for may have changed what it is bound to.
            if locked.as_ref() == Some(&uses) {
                self.check_needs(&needs)?;
                return Ok(query);
            }
            self.lock_relations(&uses).await?;
            locked = Some(uses);
        }
    }

    /// A table with the columns of another one.
    pub(super) async fn create_like(
        &self,
        name: &Rc<str>,
        schema: Oid,
        on_commit: Option<ast::OnCommit>,
        like: &ast::CreateTableLikeKind,
    ) -> Result<Reply, SqlError> {
        let (ast::CreateTableLikeKind::Parenthesized(like) | ast::CreateTableLikeKind::Plain(like)) = like;
        let from = self
            .lock_table(&QualifiedName::of(&like.name)?, Mode::AccessShare, self.allowed(Privilege::Select))
            .await?;
        let from = self.table(from).expect("it is locked");
        let keeps_defaults = like.defaults == Some(ast::CreateTableLikeDefaults::Including);
        let column = |(_, column): (usize, &Column)| Column {
            default: column.default.clone().filter(|_| {
                let is_identity = matches!(column.generated, Some(Generated::Always | Generated::ByDefault));
                keeps_defaults && !is_identity
            }),
            generated: None,
            missing: None,
            ..column.clone()
        };
        let columns: Vec<Column> = from.live_columns().map(column).collect();
        let oid = self.with(|database| database.new_oid());
        let table =
            Table { name: name.clone(), schema, file: oid, columns, constraints: Vec::new(), on_commit };
        self.found(oid, table, Vec::new()).await?;
        Ok(Reply::default())
    }
}

/// The table that a query's rows go into, if it says so.
pub(crate) fn into(query: &ast::Query) -> Option<&ast::SelectInto> {
    match &*query.body {
        ast::SetExpr::Select(select) => select.into.as_ref(),
        _ => None,
    }
}

/// The names of a query's columns, which have their own where none are given.
///
/// # Errors
/// `42701`: two are the same.
pub(super) fn column_names(columns: &[Output], given: &[Rc<str>]) -> Result<Vec<Rc<str>>, SqlError> {
    let mut names: Vec<Rc<str>> = Vec::new();
    for (place, column) in columns.iter().enumerate() {
        let name = given.get(place).unwrap_or(&column.name).clone();
        if names.contains(&name) {
            return Err(error("42701", format!("column \"{name}\" specified more than once")));
        }
        names.push(name);
    }
    Ok(names)
}
