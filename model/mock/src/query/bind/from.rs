//! FROM: which sources there are, and how they are joined.

use super::super::{Column, Join, JoinKind, Named, Origin, Path, Relation, Repeated, Scan, Scope, Source};
use super::path::attach;
use crate::catalog::{Object, Privilege, QualifiedName, Table, View, identifier};
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, function_name};
use crate::functions;
use crate::ids::Oid;
use crate::locks::Mode;
use crate::place;
use crate::sequence;
use crate::system::Rows;
use crate::types::cast::Context;
use crate::types::{self, Datum, Scalar, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

impl Binder<'_> {
    /// FROM. What it names is added to the innermost scope.
    ///
    /// # Errors
    /// Names that do not exist, constructs that are not supported.
    pub fn from(&mut self, tables: &[ast::TableWithJoins]) -> Result<Source, SqlError> {
        self.in_clause("functions in FROM", |binder| binder.sources(tables))
    }

    fn sources(&mut self, tables: &[ast::TableWithJoins]) -> Result<Source, SqlError> {
        let mut all = Source::Nothing;
        for table in tables {
            let begin = self.scope().width;
            let source = self.with_joins(table)?;
            debug_assert_eq!(
                begin + source.width(),
                self.scope().width,
                "a source is as wide as its names say"
            );
            all = together(all, source);
        }
        Ok(all)
    }

    pub(super) fn scope(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("FROM stands inside a query")
    }

    fn with_joins(&mut self, table: &ast::TableWithJoins) -> Result<Source, SqlError> {
        let begin = self.scope().width;
        let left = self.scope().columns.len();
        let mut source = self.factor(&table.relation)?;
        for joined in &table.joins {
            use ast::JoinOperator as Op;
            let (kind, constraint) = match &joined.join_operator {
                Op::Join(constraint) | Op::Inner(constraint) | Op::CrossJoin(constraint) => {
                    (JoinKind::Inner, constraint)
                }
                Op::Left(constraint) | Op::LeftOuter(constraint) => (JoinKind::Left, constraint),
                Op::Right(constraint) | Op::RightOuter(constraint) => (JoinKind::Right, constraint),
                Op::FullOuter(constraint) => (JoinKind::Full, constraint),
                _ => return Err(unsupported("this kind of join")),
            };
            let is_cross = matches!(joined.join_operator, Op::CrossJoin(_));
            if matches!(constraint, ast::JoinConstraint::None) && !is_cross {
                return Err(error("42601", "syntax error: a join needs ON or USING"));
            }
            let middle = self.scope().width;
            let middle_column = self.scope().columns.len();
            let right = self.factor(&joined.relation)?;
            let end = self.scope().width;
            let on = self.constraint(kind, constraint, left, middle_column)?;
            if kind == JoinKind::Inner {
                self.joined.extend(on.clone());
            }
            source = join(kind, source, right, None, middle - begin, end - begin);
            if let (Some(on), Source::Join(join)) = (on, &mut source) {
                self.place_on(join, on, begin);
            }
        }
        Ok(source)
    }

    /// What the target of a MERGE, which comes second, meets.
    pub fn met(&self, kind: JoinKind, source: Source, target: Source, on: Expr) -> Source {
        let (middle, end) = (source.width(), source.width() + target.width());
        let mut all = join(kind, source, target, None, middle, end);
        if let Source::Join(join) = &mut all {
            self.place_on(join, on, 0);
        }
        all
    }

    /// Puts a join's condition where it can be asked first.
    fn place_on(&self, join: &mut Join, on: Expr, begin: usize) {
        let conjuncts = match on {
            Expr::And(parts) => parts.into_vec(),
            other => vec![other],
        };
        let middle = begin + join.left_width;
        let mut rest = Vec::new();
        for conjunct in conjuncts {
            let inner = matches!(join.kind, JoinKind::Inner | JoinKind::Left);
            if !inner || !attach(self, &mut join.right, &conjunct, middle) {
                rest.push(conjunct);
            }
        }
        join.on = super::path::all_of(rest);
    }

    /// A join's condition; the columns on its sides begin at these places of the scope's.
    fn constraint(
        &mut self,
        kind: JoinKind,
        constraint: &ast::JoinConstraint,
        left: usize,
        right: usize,
    ) -> Result<Option<Expr>, SqlError> {
        let names: Vec<Rc<str>> = match constraint {
            ast::JoinConstraint::None => return Ok(None),
            ast::JoinConstraint::On(on) => return self.condition(on, "JOIN/ON").map(Some),
            ast::JoinConstraint::Using(names) => {
                let name = |name: &ast::ObjectName| Ok(QualifiedName::of(name)?.name);
                names.iter().map(name).collect::<Result<_, SqlError>>()?
            }
            ast::JoinConstraint::Natural => {
                let (lefts, rights) = self.scope().columns[left..].split_at(right - left);
                let shared = lefts.iter().filter(|column| rights.iter().any(|it| it.name == column.name));
                let mut names: Vec<Rc<str>> = Vec::new();
                for column in shared {
                    if !names.contains(&column.name) {
                        names.push(column.name.clone());
                    }
                }
                names
            }
        };
        let mut rights = self.scope().columns.split_off(right);
        let mut lefts = self.scope().columns.split_off(left);
        let mut conditions = Vec::new();
        let mut merged: Vec<Column> = Vec::new();
        for name in names {
            if merged.iter().any(|column| column.name == name) {
                let message = format!("column name \"{name}\" appears more than once in USING clause");
                return Err(error("42701", message));
            }
            let left = taken(&mut lefts, &name, "left")?;
            let right = taken(&mut rights, &name, "right")?;
            let left_bound = Bound::new(left.expr, left.ty);
            let right_bound = Bound::new(right.expr, right.ty);
            let equal = self.operator("=", left_bound.clone(), right_bound.clone())?;
            conditions.push(equal.expr);
            let (parts, ty) = self.common(vec![left_bound, right_bound], "JOIN/USING")?;
            let [left_expr, right_expr] = <[Expr; 2]>::try_from(parts).expect("two went in");
            let expr = match kind {
                JoinKind::Inner | JoinKind::Left => left_expr,
                JoinKind::Right => right_expr,
                JoinKind::Full => Expr::Coalesce([left_expr, right_expr].into()),
            };
            merged.push(Column { name, ty, expr });
        }
        self.scope().columns.extend(merged.into_iter().chain(lefts).chain(rights));
        Ok(super::path::all_of(conditions))
    }

    fn factor(&mut self, factor: &ast::TableFactor) -> Result<Source, SqlError> {
        match factor {
            ast::TableFactor::Table {
                name, alias, args: None, sample: None, with_ordinality: false, ..
            } => self.named(name, alias.as_ref()),
            ast::TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } => {
                self.series(name, &args.args, *with_ordinality, alias.as_ref())
            }
            ast::TableFactor::Function { name, args, alias, with_ordinality, .. } => {
                self.series(name, args, *with_ordinality, alias.as_ref())
            }
            ast::TableFactor::UNNEST { alias, array_exprs, with_ordinality, .. } => {
                let arguments =
                    array_exprs.iter().map(|expr| self.expr(expr)).collect::<Result<Vec<_>, _>>()?;
                self.repeated("unnest".into(), arguments, *with_ordinality, alias.as_ref())
            }
            ast::TableFactor::Derived { lateral, subquery, alias, sample: None } => {
                self.derived(*lateral, subquery, alias.as_ref())
            }
            ast::TableFactor::NestedJoin { table_with_joins, alias: None } => {
                self.with_joins(table_with_joins)
            }
            ast::TableFactor::NestedJoin { table_with_joins, alias: Some(alias) } => {
                self.named_join(table_with_joins, alias)
            }
            other => Err(unsupported(format!("{other} in FROM"))),
        }
    }

    /// A join that has a name: what is inside has none any more.
    fn named_join(
        &mut self,
        joined: &ast::TableWithJoins,
        alias: &ast::TableAlias,
    ) -> Result<Source, SqlError> {
        let (relations, columns) = (self.scope().relations.len(), self.scope().columns.len());
        let source = self.with_joins(joined)?;
        let scope = self.scope();
        scope.relations.truncate(relations);
        let named = |column: Column| match column.expr {
            Expr::Column(slot) => Ok(Named { name: column.name, ty: column.ty, slot }),
            _ => Err(unsupported("a name for a join that merges columns")),
        };
        let columns = scope.columns.split_off(columns).into_iter().map(named).collect::<Result<_, _>>()?;
        let relation =
            Relation { name: "".into(), columns, table: None, is_hidden: false, origin: Origin::Other };
        self.scope().add(renamed(relation, Some(alias))?, 0)?;
        Ok(source)
    }

    fn named(&mut self, name: &ast::ObjectName, alias: Option<&ast::TableAlias>) -> Result<Source, SqlError> {
        if let (Some(oid), Some(alias)) = (super::settled::number(name), alias) {
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

    fn derived(
        &mut self,
        lateral: bool,
        subquery: &ast::Query,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let Some(alias) = alias else {
            let what = if matches!(*subquery.body, ast::SetExpr::Values(_)) { "VALUES" } else { "subquery" };
            return Err(error("42601", format!("{what} in FROM must have an alias")));
        };
        let query = if lateral {
            self.subquery(subquery)?
        } else {
            // What stands beside it is out of its sight.
            let own = self.scopes.pop().expect("FROM stands inside a query");
            let names = own.relations.iter().map(|relation| relation.name.clone()).collect();
            let unreachable = std::mem::replace(&mut self.unreachable, names);
            let query = self.subquery(subquery);
            self.unreachable = unreachable;
            self.scopes.push(own);
            query?
        };
        let columns = query.columns.iter().map(|column| (column.name.clone(), column.ty)).collect();
        self.add(&identifier(&alias.name), columns, Some(alias), Origin::Query)?;
        Ok(Source::Query { query, name: identifier(&alias.name), lateral })
    }

    fn series(
        &mut self,
        name: &ast::ObjectName,
        arguments: &[ast::FunctionArg],
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let place = place::name(name);
        let name = function_name(name)?;
        let mut bound = Vec::new();
        for argument in arguments {
            match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => bound.push(self.expr(expr)?),
                other => return Err(unsupported(format!("the argument {other} of {name}"))),
            }
        }
        self.repeated(name, bound, ordinality, alias).map_err(|failure| failure.at(place))
    }

    fn repeated(
        &mut self,
        name: Rc<str>,
        arguments: Vec<Bound>,
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        if !functions::is_series(&name) {
            return self.single_row(&name, arguments, ordinality, alias);
        }
        let repeated = self.repeat(&name, arguments)?.ok_or_else(|| unsupported(&name))?;
        let width = repeated.series.columns.len();
        // A function whose only column has no name gives it the one that it goes by.
        let own = alias.map_or_else(|| name.clone(), |alias| identifier(&alias.name));
        let named = |(column, ty): &(Option<&str>, Type)| (column.map_or(own.clone(), Rc::from), *ty);
        let mut columns: Vec<(Rc<str>, Type)> = repeated.series.columns.iter().map(named).collect();
        if ordinality {
            columns.push(("ordinality".into(), Type::of(Scalar::Int8)));
        }
        self.add(&name, columns, alias, Origin::Other)?;
        Ok(Source::Series { function: name, name: own, repeated, width, ordinality })
    }

    /// A function that gives one value, as a row.
    fn single_row(
        &mut self,
        name: &Rc<str>,
        arguments: Vec<Bound>,
        ordinality: bool,
        alias: Option<&ast::TableAlias>,
    ) -> Result<Source, SqlError> {
        let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
        let call = functions::function(name, &types)?;
        if ordinality {
            return Err(unsupported(format!("{name} WITH ORDINALITY")));
        }
        let ty = call.result;
        let called = self.called(name, call, arguments)?;
        let mut expr = Expr::Call(called.into());
        expr.deepen()?;
        let column = alias.map_or_else(|| name.clone(), |alias| identifier(&alias.name));
        let columns = vec![super::super::Output { name: column.clone(), ty }];
        let query = super::super::Query::of_values(vec![vec![expr]], columns).into();
        self.add(name, vec![(column, ty)], alias, Origin::Other)?;
        Ok(Source::Query { query, name: shown(name, alias), lateral: true })
    }

    /// A function that gives rows, if there is one of this name.
    ///
    /// # Errors
    /// Its arguments do not fit.
    pub fn repeat(&mut self, name: &str, arguments: Vec<Bound>) -> Result<Option<Repeated>, SqlError> {
        let types: Vec<Type> = arguments.iter().map(|bound| bound.ty).collect();
        let Some(series) = functions::series(name, &types)? else { return Ok(None) };
        let mut coerced = Vec::new();
        for (place, argument) in arguments.into_iter().enumerate() {
            let ty = series.parameter(place);
            coerced.push(self.coerce(argument, ty, Context::Implicit)?);
        }
        Ok(Some(Repeated { series, arguments: coerced }))
    }

    fn add(
        &mut self,
        name: &Rc<str>,
        columns: Vec<(Rc<str>, Type)>,
        alias: Option<&ast::TableAlias>,
        origin: Origin,
    ) -> Result<(), SqlError> {
        let begin = self.scope().width;
        let width = columns.len();
        let columns = columns.into_iter().zip(begin..);
        let columns = columns.map(|((name, ty), slot)| Named { name, ty, slot }).collect();
        let relation =
            renamed(Relation { name: name.clone(), columns, table: None, is_hidden: false, origin }, alias)?;
        self.scope().add(relation, width)
    }
}

/// Takes the only column of this name out of a join's side.
fn taken(columns: &mut Vec<Column>, name: &str, side: &str) -> Result<Column, SqlError> {
    let mut places = (0..columns.len()).filter(|place| *columns[*place].name == *name);
    match (places.next(), places.next()) {
        (Some(only), None) => Ok(columns.remove(only)),
        (Some(_), Some(_)) => {
            let message = format!("common column name \"{name}\" appears more than once in {side} table");
            Err(error("42702", message))
        }
        (None, _) => {
            let message =
                format!("column \"{name}\" specified in USING clause does not exist in {side} table");
            Err(error("42703", message))
        }
    }
}

/// What a source goes by.
fn shown(name: &Rc<str>, alias: Option<&ast::TableAlias>) -> Rc<str> {
    alias.map_or_else(|| name.clone(), |alias| identifier(&alias.name))
}

fn renamed(mut relation: Relation, alias: Option<&ast::TableAlias>) -> Result<Relation, SqlError> {
    let Some(alias) = alias else { return Ok(relation) };
    relation.name = identifier(&alias.name);
    if alias.columns.len() > relation.columns.len() {
        let message = format!(
            "table \"{}\" has {} columns available but {} columns specified",
            relation.name,
            relation.columns.len(),
            alias.columns.len()
        );
        return Err(error("42P10", message));
    }
    for (column, alias) in relation.columns.iter_mut().zip(&alias.columns) {
        column.name = identifier(&alias.name);
    }
    Ok(relation)
}

/// Every row of one with every row of the other.
pub(crate) fn together(left: Source, right: Source) -> Source {
    match (left, right) {
        (Source::Nothing, only) | (only, Source::Nothing) => only,
        (left, right) => {
            let (middle, end) = (left.width(), left.width() + right.width());
            join(JoinKind::Inner, left, right, None, middle, end)
        }
    }
}

/// Two sources put together; the left one's row is `middle` wide, both are `end`.
fn join(kind: JoinKind, left: Source, right: Source, on: Option<Expr>, middle: usize, end: usize) -> Source {
    Source::Join(Box::new(Join { kind, left, right, on, left_width: middle, right_width: end - middle }))
}
