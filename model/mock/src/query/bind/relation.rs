//! What FROM names: tables, views, subqueries of WITH, system relations.

use super::super::{Named, Origin, Path, Relation, Scan, Source};
use super::from::{renamed, shown};
use super::settled::number;
use crate::catalog::{Object, Privilege, QualifiedName, Table, View, identifier};
use crate::error::error;
use crate::expression::Binder;
use crate::ids::Oid;
use crate::locks::Mode;
use crate::place;
use crate::sequence;
use crate::system::Rows;
use crate::types::{self, Datum};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    pub(super) fn named(
        &mut self,
        name: &ast::ObjectName,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        if let (Some(oid), Some(alias)) = (number(name), alias) {
            return self.settled(oid, alias);
        }
        let place = place::name(name);
        let name = QualifiedName::of(name).map_err(|failure| failure.at(place))?;
        if name.schema.is_none()
            && let Some(cte) = self.ctes.iter().rev().find(|cte| cte.name == name.name)
        {
            let (number, given) = (cte.number, cte.columns.clone());
            if given.is_empty() && cte.is_change {
                let message = format!("WITH query \"{}\" does not have a RETURNING clause", cte.name);
                return Err(error("0A000", message).at(place));
            }
            let columns = cte.columns.iter().map(|column| (column.name.clone(), column.ty)).collect();
            self.add(&name.name, columns, alias, Origin::Other)?;
            return Ok(Source::Cte { number, name: shown(&name.name, alias), columns: given });
        }
        let found = self.catalog.resolve(self.naming, &name);
        let (oid, object) = found.map_err(|failure| failure.at(place))?;
        self.relation(oid, &object.clone(), &name.name, alias)
    }

    /// A relation of FROM.
    fn relation(
        &mut self,
        oid: Oid,
        object: &Object,
        name: &Rc<str>,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        self.needs(oid, Privilege::Select);
        match object {
            Object::Table(table) => {
                self.uses(oid, Mode::AccessShare);
                self.table(oid, table, name, alias)
            }
            Object::View(view) => {
                self.uses(oid, Mode::AccessShare);
                match &view.materialized {
                    Some(materialized) => self.table(oid, &materialized.table, name, alias),
                    None => self.view(oid, view, name, alias),
                }
            }
            Object::System(system) => {
                self.uses(oid, Mode::AccessShare);
                let columns = system.columns.iter().map(|(name, ty)| ((*name).into(), *ty)).collect();
                self.add(name, columns, alias, Origin::System)?;
                Ok(Source::System(Rows::System(system)))
            }
            Object::Sequence(_) => {
                self.uses(oid, Mode::AccessShare);
                let columns = sequence::COLUMNS.iter().map(|(name, ty)| ((*name).into(), *ty)).collect();
                self.add(name, columns, alias, Origin::Other)?;
                Ok(Source::System(Rows::Sequence(oid)))
            }
            other => Err(error("42809", format!("cannot open relation \"{}\"", other.name()))),
        }
    }

    /// A relation of a view's query: it has the columns that it had when the view was made, by their places.
    fn settled(&mut self, oid: Oid, alias: &ast::TableAlias) -> Result<Source, SqlError> {
        let begin = self.scope().width;
        let object = self.catalog.object(oid).expect("what a view reads stays").clone();
        let source = self.relation(oid, &object, &identifier(&alias.name), None)?;
        let scope = self.scope();
        let relation = scope.relations.last_mut().expect("it has just been added");
        scope.columns.truncate(scope.columns.len() - relation.columns.len());
        relation.columns.retain(|column| column.slot - begin < alias.columns.len());
        for column in &mut relation.columns {
            column.name = identifier(&alias.columns[column.slot - begin].name);
        }
        scope.columns.extend(relation.columns.iter().map(Named::column));
        Ok(source)
    }

    /// A table of FROM, or the one that a statement changes.
    ///
    /// # Errors
    /// `42712`: its name is taken.
    pub fn table(
        &mut self,
        oid: Oid,
        table: &Rc<Table>,
        name: &Rc<str>,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let begin = self.scope().width;
        let mut missing = Vec::new();
        for column in &table.columns {
            missing.push(match &column.missing {
                Some(text) => types::input(text, column.ty, column.modifier)?,
                None => Datum::Null,
            });
        }
        let named = |(place, column): (usize, &crate::catalog::Column)| Named {
            name: column.name.clone(),
            ty: column.ty,
            slot: begin + place,
        };
        let columns: Vec<Named> = table.live_columns().map(named).collect();
        let tid = begin + missing.len();
        let relation = Relation {
            name: name.clone(),
            columns,
            table: Some((oid, tid)),
            is_hidden: false,
            origin: Origin::Table,
        };
        let relation = renamed(relation, alias)?;
        if relation.name != *name {
            self.unreachable.push(name.clone());
        }
        self.scope().add(relation, missing.len() + 1)?;
        let number = self.cte_count;
        self.cte_count += 1;
        Ok(Source::Table(Rc::new(Scan {
            number,
            name: shown(name, alias),
            table: oid,
            file: table.file,
            missing,
            path: Path::Sequential,
            found: Vec::new(),
            filter: None,
        })))
    }

    /// A view is its query; it knows nothing of the query that it stands in.
    fn view(
        &mut self,
        oid: Oid,
        view: &View,
        name: &Rc<str>,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        if self.views.contains(&oid) {
            let message = format!("infinite recursion detected in rules for relation \"{}\"", view.name);
            return Err(error("42P17", message));
        }
        let (scopes, ctes) = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.ctes));
        self.views.push(oid);
        let reader = self.reader.replace(self.catalog.owner(oid));
        let query = self.subquery(&view.query);
        self.views.pop();
        (self.scopes, self.ctes, self.reader) = (scopes, ctes, reader);
        let query = query.map_err(SqlError::elsewhere)?;
        let columns = view.columns.iter().zip(&query.columns);
        let columns = columns.map(|(own, column)| (own.name.clone(), column.ty)).collect();
        self.add(name, columns, alias, Origin::Query)?;
        Ok(Source::Query { query, name: shown(name, alias), lateral: false })
    }
}
