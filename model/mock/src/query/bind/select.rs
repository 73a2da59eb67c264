//! SELECT.

use super::super::{
    Body, Distinct, JoinKind, Mark, Origin, Output, Query, Relation, Scope, Select, Source, Waits,
};
use super::group::Grouping;
use super::{all_of, position};
use crate::catalog::{Privilege, QualifiedName, identifier};
use crate::change::Target;
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, SortKey, Windowed, function_name, sort_key};
use crate::limit;
use crate::locks::Mode;
use crate::place::{self, Place};
use crate::spelling::LockStrength;
use drawloom_model::SqlError;
use sqlparser::ast::{self, Spanned};
use std::ops::Range;
use std::rc::Rc;

/// An entry of the list, with its name.
type Entry = (Rc<str>, Bound);

impl Binder<'_> {
    pub(super) fn select(
        &mut self,
        select: &ast::Select,
        order: &[ast::OrderByExpr],
        locks: &[ast::LockClause],
    ) -> Result<Query, SqlError> {
        refuse_foreign(select)?;
        self.scopes.push(Scope::default());
        let joined = std::mem::take(&mut self.joined);
        let mut from = self.from(&select.from)?;
        let filter = match &select.selection {
            Some(filter) => Some(self.condition(filter, "WHERE")?),
            None => None,
        };
        let conditions = std::mem::replace(&mut self.joined, joined);
        let recheck = all_of(conditions.into_iter().chain(filter.clone()).collect());
        let filter = self.push_down(&mut from, filter);
        let clause_around = std::mem::take(&mut self.clause);
        let windows_around = std::mem::take(&mut self.windows);
        self.named_windows(&select.named_window)?;
        let series_around = self.series.replace(Vec::new());
        let mut list = self.list(&select.projection)?;
        let visible = list.len();
        limit::targets(visible)?;
        let keys = self.group_keys(&select.group_by, &list)?;
        let series_of_list = self.series.take();
        let having = select.having.as_ref().map(|having| self.condition(having, "HAVING")).transpose()?;
        if having.as_ref().is_some_and(|having| having.any(&|expr, _| matches!(expr, Expr::Window(_)))) {
            return Err(error("42P20", "window functions are not allowed in HAVING"));
        }
        self.series = series_of_list;
        let distinct_on = match &select.distinct {
            Some(ast::Distinct::On(keys)) => self.places("SELECT DISTINCT ON", keys, &mut list, visible)?,
            _ => Vec::new(),
        };
        let order = self.order(order, &mut list, visible)?;
        limit::targets(list.len().max(keys.len()))?;
        let mut leading = order.iter().take(distinct_on.len());
        let is_distinct_on = |key: &SortKey| distinct_on.iter().any(|place| key.expr == Expr::Column(*place));
        if !distinct_on.is_empty() && !leading.all(is_distinct_on) {
            let message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
            let at = leading_place(&select.distinct);
            return Err(error("42P10", message).at(at));
        }
        if matches!(select.distinct, Some(ast::Distinct::Distinct)) && list.len() > visible {
            let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
            return Err(error("42P10", message).at(list[visible].1.place));
        }
        (self.windows, self.clause) = (windows_around, clause_around);
        let mut series = std::mem::replace(&mut self.series, series_around).unwrap_or_default();
        let aggregated =
            |expr: &Expr| expr.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Aggregate(_)));
        let mut width = self.scopes.last().expect("its own scope").width;
        let groups = !matches!(&select.group_by, ast::GroupByExpr::Expressions(exprs, _) if exprs.is_empty())
            || having.is_some()
            || list.iter().any(|(_, bound)| aggregated(&bound.expr));
        let group = if groups {
            let scope = self.scopes.last().expect("its own scope");
            let keys = keys.into_iter().map(|(expr, _)| expr).collect();
            let mut grouping = Grouping::new(keys, scope, self.catalog);
            for (_, bound) in &mut list {
                grouping.regroup(&mut bound.expr).map_err(|failure| failure.at(bound.place))?;
            }
            for repeated in &mut series {
                repeated.arguments.iter_mut().try_for_each(|argument| grouping.regroup(argument))?;
            }
            if let Some(having) = having {
                let at = select.having.as_ref().and_then(place::expression);
                grouping.having(having).map_err(|failure| failure.at(at))?;
            }
            width = grouping.width();
            Some(grouping.into_group())
        } else {
            None
        };
        let mut windows = Vec::new();
        for (_, bound) in &mut list {
            take_windows(&mut bound.expr, &mut windows, width)?;
        }
        place_series(&mut list, width + windows.len())?;
        let not_rows = match &select.group_by {
            _ if matches!(select.distinct, Some(ast::Distinct::Distinct | ast::Distinct::On(_))) => {
                Some("DISTINCT clause")
            }
            ast::GroupByExpr::Expressions(keys, _) if keys.is_empty() && select.having.is_some() => {
                Some("HAVING clause")
            }
            ast::GroupByExpr::Expressions(keys, _) if keys.is_empty() && group.is_some() => {
                Some("aggregate functions")
            }
            _ if group.is_some() => Some("GROUP BY clause"),
            _ if !windows.is_empty() => Some("window functions"),
            _ if !series.is_empty() => Some("set-returning functions in the target list"),
            _ => None,
        };
        if let (Some(clause), Some(what)) = (locks.first(), not_rows) {
            let clause = LockStrength::of(clause)?.mode.clause();
            return Err(error("0A000", format!("{clause} is not allowed with {what}")));
        }
        let marks = self.marks(locks)?;
        refuse_nullable(&from, &marks)?;
        self.scopes.pop();
        let columns = list[..visible].iter().map(|(name, bound)| Output { name: name.clone(), ty: bound.ty });
        let columns = columns.collect();
        let distinct = match &select.distinct {
            None | Some(ast::Distinct::All) => Distinct::All,
            Some(ast::Distinct::Distinct) => Distinct::First(visible),
            Some(ast::Distinct::On(_)) => Distinct::On(distinct_on.into_iter().map(Expr::Column).collect()),
        };
        let project = list.into_iter().map(|(_, bound)| bound.expr).collect();
        let recheck = recheck.filter(|_| !marks.is_empty());
        let select = Select { from, filter, group, windows, series, project, distinct, marks, recheck };
        let body = Body::Select(select.into());
        Ok(Query { columns, order, ..Query::of(body) })
    }

    /// The list, wildcards written out.
    ///
    /// # Errors
    /// As for every expression.
    pub fn list(&mut self, items: &[ast::SelectItem]) -> Result<Vec<Entry>, SqlError> {
        let mut list = Vec::new();
        for item in items {
            match item {
                ast::SelectItem::UnnamedExpr(expr) => {
                    let bound = self.expr(expr)?;
                    let name = match &bound.expr {
                        // It is called as the query's column is, which may come from a wildcard.
                        Expr::Subquery(subquery) if matches!(expr, ast::Expr::Subquery(_)) => {
                            subquery.query.columns[0].name.clone()
                        }
                        _ => column_name(expr),
                    };
                    list.push((name, bound));
                }
                ast::SelectItem::ExprWithAlias { expr, alias } => {
                    let bound = self.expr(expr)?;
                    list.push((identifier(alias), bound));
                }
                ast::SelectItem::Wildcard(_) => {
                    let scope = self.scopes.last().expect("a list stands inside a query");
                    if scope.relations.is_empty() {
                        return Err(error("42601", "SELECT * with no tables specified is not valid")
                            .at(place::begin(item.span())));
                    }
                    list.extend(
                        scope
                            .columns
                            .iter()
                            .map(|column| (column.name.clone(), Bound::new(column.expr.clone(), column.ty))),
                    );
                }
                ast::SelectItem::QualifiedWildcard(
                    ast::SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => {
                    let name = QualifiedName::of(name)?.name;
                    let scope = self.scopes.last().expect("a list stands inside a query");
                    let relation = scope.relation(&name).ok_or_else(|| {
                        error("42P01", format!("missing FROM-clause entry for table \"{name}\""))
                            .at(place::begin(item.span()))
                    })?;
                    list.extend(relation.columns.iter().map(|column| {
                        (column.name.clone(), Bound::new(Expr::Column(column.slot), column.ty))
                    }));
                }
                other => return Err(unsupported(other)),
            }
        }
        Ok(list)
    }

    /// What rows are sorted by: names and numbers of the list, and expressions, which join the list unseen.
    fn order(
        &mut self,
        order: &[ast::OrderByExpr],
        list: &mut Vec<Entry>,
        visible: usize,
    ) -> Result<Vec<SortKey>, SqlError> {
        let exprs: Vec<ast::Expr> = order.iter().map(|by| by.expr.clone()).collect();
        let places = self.places("ORDER BY", &exprs, list, visible)?;
        let keys = places.into_iter().zip(order);
        keys.map(|(place, by)| sort_key(Expr::Column(place), &by.options)).collect()
    }

    /// Where in the list these are.
    fn places(
        &mut self,
        clause: &str,
        exprs: &[ast::Expr],
        list: &mut Vec<Entry>,
        visible: usize,
    ) -> Result<Vec<usize>, SqlError> {
        let mut places = Vec::new();
        for ast in exprs {
            if let Some(place) = position(ast, visible, clause)? {
                places.push(place);
                continue;
            }
            if let ast::Expr::Identifier(ident) = ast
                && let name = identifier(ident)
                && let Some(place) = list[..visible].iter().position(|(other, _)| *other == name)
            {
                let (_, first) = &list[place];
                if list[place + 1..visible]
                    .iter()
                    .any(|(other, bound)| *other == name && bound.expr != first.expr)
                {
                    let message = format!("{clause} \"{name}\" is ambiguous");
                    return Err(error("42702", message).at(place::begin(ident.span)));
                }
                places.push(place);
                continue;
            }
            let bound = self.expr(ast)?;
            let bound = self.known(bound)?;
            let known = list.iter().position(|(_, other)| other.expr == bound.expr);
            places.push(known.unwrap_or(list.len()));
            if known.is_none() {
                list.push(("".into(), bound));
            }
        }
        Ok(places)
    }

    fn marks(&mut self, locks: &[ast::LockClause]) -> Result<Vec<Mark>, SqlError> {
        let mut marks: Vec<Mark> = Vec::new();
        for clause in locks {
            let LockStrength { mode, of } = LockStrength::of(clause)?;
            self.row_lock.get_or_insert(mode);
            let waits = match &clause.nonblock {
                None => Waits::Wait,
                Some(ast::NonBlock::Nowait) => Waits::Fail,
                Some(ast::NonBlock::SkipLocked) => Waits::Skip,
            };
            let scope = self.scopes.last().expect("its own scope");
            let relations: Vec<_> = match &of {
                Some(name) => {
                    let message =
                        format!("relation \"{name}\" in {} clause not found in FROM clause", mode.clause());
                    let at = clause.of.as_ref().and_then(|of| place::begin(of.0.last()?.span()));
                    vec![scope.relation(name).cloned().ok_or_else(|| error("42P01", message).at(at))?]
                }
                None => scope.relations.iter().filter(|relation| relation.table.is_some()).cloned().collect(),
            };
            let named = of.is_some();
            let within = |relation: &&Relation| matches!(relation.origin, Origin::System | Origin::Query);
            if let Some(other) =
                scope.relations.iter().filter(|it| !named || of.as_ref() == Some(&it.name)).find(within)
            {
                return Err(unsupported(format!("{} of {}, which is no table,", mode.clause(), other.name)));
            }
            for relation in relations {
                let Some((oid, _)) = relation.table else {
                    let message = format!("{} cannot be applied to {}", mode.clause(), relation.name);
                    return Err(error("0A000", message));
                };
                self.uses(oid, Mode::RowShare);
                self.needs(oid, Privilege::Update);
                // Of several the strongest holds.
                match marks.iter_mut().find(|mark| mark.relation.name == relation.name) {
                    Some(mark) => mark.mode = mode.max(mark.mode),
                    None => {
                        let target =
                            Target::of(self.catalog, self.naming, oid).map_err(SqlError::elsewhere)?.into();
                        marks.push(Mark { relation, mode, waits, target });
                    }
                }
            }
        }
        Ok(marks)
    }
}

/// Refuses to lock rows that need not be there: those that an outer join fills up with NULLs.
fn refuse_nullable(from: &Source, marks: &[Mark]) -> Result<(), SqlError> {
    let mut nullable = Vec::new();
    nullable_slots(from, 0, false, &mut nullable);
    let is_nullable = |mark: &&Mark| {
        mark.relation.table.is_some_and(|(_, slot)| nullable.iter().any(|slots| slots.contains(&slot)))
    };
    match marks.iter().find(is_nullable) {
        Some(mark) => {
            let clause = mark.mode.clause();
            let message = format!("{clause} cannot be applied to the nullable side of an outer join");
            Err(error("0A000", message))
        }
        None => Ok(()),
    }
}

fn nullable_slots(source: &Source, begin: usize, is_nullable: bool, found: &mut Vec<Range<usize>>) {
    if let Source::Join(join) = source {
        let left = matches!(join.kind, JoinKind::Right | JoinKind::Full);
        let right = matches!(join.kind, JoinKind::Left | JoinKind::Full);
        nullable_slots(&join.left, begin, is_nullable || left, found);
        nullable_slots(&join.right, begin + join.left_width, is_nullable || right, found);
    } else if is_nullable {
        found.push(begin..begin + source.width());
    }
}

/// Puts each window function aside, and a column in its place.
fn take_windows(expr: &mut Expr, windows: &mut Vec<Windowed>, width: usize) -> Result<(), SqlError> {
    expr.walk(0, &mut |expr, depth| match expr {
        Expr::Window(windowed) if depth == 0 => {
            windows.push((**windowed).clone());
            *expr = Expr::Column(width + windows.len() - 1);
            Ok(true)
        }
        _ => Ok(false),
    })
}

/// The columns of functions that give rows come last.
fn place_series(list: &mut [Entry], begin: usize) -> Result<(), SqlError> {
    for (_, bound) in list {
        bound.expr.walk(0, &mut |expr, _| {
            if let Expr::Outer { level: 0, column } = expr {
                *expr = Expr::Column(begin + *column);
            }
            Ok(false)
        })?;
    }
    Ok(())
}

/// The first expression of DISTINCT ON.
fn leading_place(distinct: &Option<ast::Distinct>) -> Place {
    match distinct {
        Some(ast::Distinct::On(keys)) => keys.first().and_then(place::expression),
        _ => None,
    }
}

fn refuse_foreign(select: &ast::Select) -> Result<(), SqlError> {
    let foreign = select.top.is_some()
        || select.into.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.qualify.is_some();
    if foreign {
        return Err(unsupported("this clause of SELECT"));
    }
    Ok(())
}

/// Whether an expression is called after its type at most.
fn has_no_name(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Nested(inner) | ast::Expr::Cast { expr: inner, .. } => has_no_name(inner),
        ast::Expr::Value(_) | ast::Expr::TypedString(_) | ast::Expr::Interval(_) => true,
        other => *column_name(other) == *"?column?",
    }
}

/// The name of a column that has been given none (PostgreSQL's FigureColname).
fn column_name(expr: &ast::Expr) -> Rc<str> {
    use ast::Expr as Ast;
    match expr {
        Ast::Identifier(ident) => identifier(ident),
        Ast::CompoundIdentifier(idents) => idents.last().map_or("?column?".into(), identifier),
        Ast::Nested(inner) | Ast::Collate { expr: inner, .. } => column_name(inner),
        Ast::Function(function) => function_name(&function.name).unwrap_or("?column?".into()),
        Ast::Cast { expr, data_type, .. } if has_no_name(expr) => crate::types::name::short(data_type).into(),
        Ast::Cast { expr, .. } => column_name(expr),
        Ast::Case { else_result, .. } => match else_result.as_deref().map(column_name) {
            Some(name) if *name != *"?column?" => name,
            _ => "case".into(),
        },
        Ast::Exists { negated: false, .. } => "exists".into(),
        Ast::Array(_) => "array".into(),
        Ast::Subquery(query) => match &*query.body {
            ast::SetExpr::Select(select) => match select.projection.first() {
                Some(ast::SelectItem::UnnamedExpr(expr)) => column_name(expr),
                Some(ast::SelectItem::ExprWithAlias { alias, .. }) => identifier(alias),
                _ => "?column?".into(),
            },
            _ => "?column?".into(),
        },
        Ast::CompoundFieldAccess { root, .. } => column_name(root),
        Ast::TypedString(typed) => crate::types::name::short(&typed.data_type).into(),
        Ast::Interval(_) => "interval".into(),
        Ast::Value(value) if matches!(value.value, ast::Value::Boolean(_)) => "bool".into(),
        Ast::Extract { .. } => "extract".into(),
        Ast::Ceil { .. } => "ceil".into(),
        Ast::Floor { .. } => "floor".into(),
        Ast::Position { .. } => "position".into(),
        Ast::Substring { .. } => "substring".into(),
        Ast::Trim { .. } => "btrim".into(),
        Ast::AtTimeZone { .. } => "timezone".into(),
        _ => "?column?".into(),
    }
}
