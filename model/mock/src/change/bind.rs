//! Binds INSERT, UPDATE and DELETE.

use super::conflict::Action;
use super::target::assigned;
use super::{Conflict, Delete, Insert, Returning, Source, Target, Update};
use crate::catalog::{Object, Privilege, QualifiedName, identifier, parts};
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, is_default};
use crate::ids::Oid;
use crate::locks::Mode;
use crate::overriding::{self, Overriding};
use crate::place;
use crate::query::{self, Distinct, Named, Origin, Output, Query, Relation, Scope, Select};
use crate::types::{Type, cast::Context};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    /// `INSERT`
    ///
    /// # Errors
    /// Names that do not exist, types that do not fit, constructs that are not supported.
    pub fn insert(&mut self, ast: &ast::Insert) -> Result<Insert, SqlError> {
        let ast::TableObject::TableName(name) = &ast.table else { return Err(unsupported(&ast.table)) };
        if !ast.into {
            return Err(error("42601", format!("syntax error at or near \"{name}\"")).at(place::name(name)));
        }
        let (oid, name) = self.changed(name, Privilege::Insert)?;
        let target = Rc::new(Target::of(self.catalog, self.naming, oid).map_err(SqlError::elsewhere)?);
        let (columns, overriding) = Overriding::split(&ast.columns);
        let places = self.insert_places(&target, columns)?;
        let source = match &ast.source {
            Some(source) => self.insert_source(source, &target, &places, overriding)?,
            None => Query::of_values(vec![Vec::new()], Vec::new()),
        };
        let given = source.columns.len();
        if given > places.len() {
            let at = ast.source.as_ref().and_then(|source| place::nth(&source.body, places.len()));
            return Err(error("42601", "INSERT has more expressions than target columns").at(at));
        }
        if given < places.len() && !columns.is_empty() {
            let at = place::name(&columns[given]);
            return Err(error("42601", "INSERT has more target columns than expressions").at(at));
        }
        let is_list = matches!(source.body, query::Body::Values(_));
        let mut fixed = places[..given].iter().rev().map(|place| &target.table.columns[*place]);
        if let Some(column) = fixed.find(|column| !is_list && overriding::refuses(column, overriding)) {
            return Err(no_value(column));
        }
        let mut values = Vec::with_capacity(target.missing.len());
        for (place, column) in target.table.columns.iter().enumerate() {
            values.push(match places[..given].iter().position(|named| *named == place) {
                Some(_) if overriding::ignores(column, overriding) => target.default(self, place)?,
                Some(number) => {
                    let bound = Bound::new(Expr::Column(number), source.columns[number].ty);
                    let at = ast.source.as_ref().and_then(|source| place::nth(&source.body, number));
                    assigned(self, bound, column).map_err(|failure| failure.at(at))?
                }
                None if column.is_dropped => Expr::NULL,
                None => target.default(self, place)?,
            });
        }
        let alias = ast.table_alias.as_ref().map(|alias| identifier(&alias.alias)).unwrap_or(name);
        let conflict = match &ast.on {
            None => None,
            Some(ast::OnInsert::OnConflict(on)) => Some(self.conflict(on, &target, &alias)?),
            Some(_) => return Err(unsupported("ON DUPLICATE KEY UPDATE")),
        };
        if matches!(&conflict, Some(Conflict { action: Action::Update { .. }, .. })) {
            self.needs(oid, Privilege::Update);
        }
        if conflict.is_some() || ast.returning.is_some() {
            self.needs(oid, Privilege::Select);
        }
        self.scopes.push(target.scope(&alias));
        let returning = self.returning(ast.returning.as_deref())?;
        self.scopes.pop();
        Ok(Insert { target, source, values, conflict, returning })
    }

    /// The table that a statement changes, and its name.
    pub(super) fn changed(
        &mut self,
        name: &ast::ObjectName,
        privilege: Privilege,
    ) -> Result<(Oid, Rc<str>), SqlError> {
        let place = place::name(name);
        let name = QualifiedName::of(name)?;
        let found = self.catalog.resolve(self.naming, &name);
        let (oid, object) = found.map_err(|failure| failure.at(place))?;
        match object {
            Object::Table(_) => {
                self.uses(oid, Mode::RowExclusive);
                self.needs(oid, privilege);
                Ok((oid, name.name))
            }
            Object::View(view) if view.materialized.is_some() => {
                Err(error("42809", format!("cannot change materialized view \"{}\"", view.name)))
            }
            Object::System(system) => Err(unsupported(format!("a change of {}", system.name))),
            Object::View(view) => Err(unsupported(format!("a change of the view \"{}\"", view.name))),
            other => {
                let message = format!("cannot change {} \"{}\"", other.kind(), other.name());
                Err(error("42809", message))
            }
        }
    }

    /// The columns that an INSERT names; all of them if it names none.
    pub(super) fn insert_places(
        &self,
        target: &Target,
        columns: &[ast::ObjectName],
    ) -> Result<Vec<usize>, SqlError> {
        let mut places = Vec::new();
        for column in columns {
            let [name] = &*parts(column)? else {
                return Err(unsupported(format!("a part of the column {column}")));
            };
            let at = place::name(column);
            let (place, _) = target.column(name).map_err(|failure| failure.at(at))?;
            if places.contains(&place) {
                let message = format!("column \"{name}\" specified more than once");
                return Err(error("42701", message).at(at));
            }
            places.push(place);
        }
        if columns.is_empty() {
            places.extend(target.table.live_columns().map(|(place, _)| place));
        }
        Ok(places)
    }

    /// What an INSERT inserts: in a list of values each is what its column takes, and DEFAULT has a meaning.
    fn insert_source(
        &mut self,
        source: &ast::Query,
        target: &Target,
        places: &[usize],
        overriding: Option<Overriding>,
    ) -> Result<Query, SqlError> {
        let ast::SetExpr::Values(values) = &*source.body else { return self.query(source) };
        if source.with.is_some() || source.order_by.is_some() || source.limit_clause.is_some() {
            return self.query(source);
        }
        let width = values.rows.first().map_or(0, |row| row.content.len());
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            let row = &row.content;
            if row.len() != width {
                let at = row.first().and_then(place::expression);
                return Err(error("42601", "VALUES lists must all be the same length").at(at));
            }
            if row.len() > places.len() {
                let at = place::expression(&row[places.len()]);
                return Err(error("42601", "INSERT has more expressions than target columns").at(at));
            }
            let value = |(ast, place): (&ast::Expr, &usize)| {
                if is_default(ast) {
                    return target.default(self, *place);
                }
                if overriding::refuses(&target.table.columns[*place], overriding) {
                    return Err(no_value(&target.table.columns[*place]));
                }
                let bound = self.in_clause("VALUES", |binder| binder.expr(ast))?;
                assigned(self, bound, &target.table.columns[*place])
            };
            rows.push(row.iter().zip(places).map(value).collect::<Result<Vec<_>, _>>()?);
        }
        let columns = places.iter().take(width).map(|place| {
            let column = &target.table.columns[*place];
            Output { name: column.name.clone(), ty: column.ty }
        });
        Ok(Query::of_values(rows, columns.collect()))
    }

    /// `UPDATE`
    ///
    /// # Errors
    /// As for INSERT.
    pub fn update(&mut self, ast: &ast::Update) -> Result<Update, SqlError> {
        if !ast.table.joins.is_empty() || !ast.order_by.is_empty() || ast.limit.is_some() {
            return Err(unsupported("this clause of UPDATE"));
        }
        let from = match &ast.from {
            None => &[][..],
            Some(ast::UpdateTableFromKind::AfterSet(from)) => from,
            Some(ast::UpdateTableFromKind::BeforeSet(_)) => return Err(unsupported("FROM before SET")),
        };
        let (target, source) =
            self.target(&ast.table.relation, Privilege::Update, from, ast.selection.as_ref())?;
        let assignments = self.assignments(&ast.assignments, &target)?;
        if reads(&ast.selection) || reads(&ast.assignments) || ast.returning.is_some() {
            self.needs(target.oid, Privilege::Select);
        }
        let returning = self.returning(ast.returning.as_deref())?;
        self.scopes.pop();
        Ok(Update { target, source, assignments, returning })
    }

    /// `DELETE`
    ///
    /// # Errors
    /// As for INSERT.
    pub fn delete(&mut self, ast: &ast::Delete) -> Result<Delete, SqlError> {
        let (ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from)) = &ast.from;
        let [ast::TableWithJoins { relation, joins }] = from.as_slice() else {
            return Err(unsupported("DELETE from several tables"));
        };
        if !joins.is_empty() || !ast.tables.is_empty() || !ast.order_by.is_empty() || ast.limit.is_some() {
            return Err(unsupported("this clause of DELETE"));
        }
        let using = ast.using.as_deref().unwrap_or_default();
        let (target, source) = self.target(relation, Privilege::Delete, using, ast.selection.as_ref())?;
        if reads(&ast.selection) || ast.returning.is_some() {
            self.needs(target.oid, Privilege::Select);
        }
        let returning = self.returning(ast.returning.as_deref())?;
        self.scopes.pop();
        Ok(Delete { target, source, returning })
    }

    /// The rows that a statement changes. The scope stays, for what else it says of them.
    fn target(
        &mut self,
        factor: &ast::TableFactor,
        privilege: Privilege,
        from: &[ast::TableWithJoins],
        filter: Option<&ast::Expr>,
    ) -> Result<(Rc<Target>, Source), SqlError> {
        let ast::TableFactor::Table { name, alias, args: None, .. } = factor else {
            return Err(unsupported(format!("a change of {factor}")));
        };
        let (oid, name) = self.changed(name, privilege)?;
        let target = Rc::new(Target::of(self.catalog, self.naming, oid).map_err(SqlError::elsewhere)?);
        self.scopes.push(Scope::default());
        let joined = std::mem::take(&mut self.joined);
        let scan = self.table(oid, &target.table, &name, alias.as_ref())?;
        let others = self.from(from)?;
        let mut all = query::together(scan, others);
        let filter = filter.map(|filter| self.condition(filter, "WHERE")).transpose()?;
        let conditions = std::mem::replace(&mut self.joined, joined);
        let recheck = query::all_of(conditions.into_iter().chain(filter.clone()).collect());
        let filter = self.push_down(&mut all, filter);
        let select = Select::of(all, filter, Distinct::All);
        Ok((target, Source { select, recheck }))
    }

    fn returning(&mut self, items: Option<&[ast::SelectItem]>) -> Result<Option<Returning>, SqlError> {
        let Some(items) = items else { return Ok(None) };
        let entries = self.in_clause("RETURNING", |binder| binder.list(items))?;
        let (mut columns, mut list) = (Vec::new(), Vec::new());
        for (name, bound) in entries {
            let bound = self.known(bound)?;
            columns.push(Output { name, ty: bound.ty });
            list.push(bound.expr);
        }
        Ok(Some(Returning { columns, list }))
    }

    /// An expression as a column gets it.
    ///
    /// # Errors
    /// `42846`: there is no such cast.
    pub fn assign(
        &mut self,
        bound: Bound,
        to: Type,
        modifier: Option<crate::types::Modifier>,
    ) -> Result<Expr, SqlError> {
        self.convert(bound, to, modifier, Context::Assignment)
    }
}

impl Target {
    /// The names of its columns.
    pub(super) fn scope(&self, name: &Rc<str>) -> Scope {
        let named = |(place, column): (usize, &crate::catalog::Column)| Named {
            name: column.name.clone(),
            ty: column.ty,
            slot: place,
        };
        let columns = self.table.live_columns().map(named).collect();
        let width = self.missing.len();
        let table = Some((self.oid, width));
        let relation =
            Relation { name: name.clone(), columns, table, is_hidden: false, origin: Origin::Table };
        let mut scope = Scope::default();
        scope.add(relation, width + 1).expect("the first name is free");
        scope
    }
}

pub(super) fn no_value(column: &crate::catalog::Column) -> SqlError {
    error("428C9", format!("cannot insert a non-DEFAULT value into column \"{}\"", column.name))
}

/// Whether a part of a statement speaks of columns.
fn reads(part: &impl ast::Visit) -> bool {
    let is_column =
        |expr: &ast::Expr| matches!(expr, ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_));
    let found = ast::visit_expressions(part, |expr| match is_column(expr) {
        true => std::ops::ControlFlow::Break(()),
        false => std::ops::ControlFlow::Continue(()),
    });
    found.is_break()
}
