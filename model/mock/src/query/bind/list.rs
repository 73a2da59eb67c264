//! The list of a SELECT: what it gives, what it is only sorted by, and how its columns are called.

use super::position;
use crate::catalog::{QualifiedName, check_name, identifier};
use crate::error::{error, unsupported};
use crate::expression::{Binder, Bound, Expr, SortKey, Windowed, function_name, sort_key};
use crate::place;
use drawloom_model::SqlError;
use sqlparser::ast::{self, Spanned};
use std::rc::Rc;

/// An entry of the list, with its name.
pub(super) type Entry = (Rc<str>, Bound);

impl Binder<'_> {
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
                    // `name 'text'` is a literal of a type.
                    if let (Some('\''), ast::Expr::Identifier(ty)) = (alias.quote_style, expr) {
                        let ty = ast::ObjectName::from(vec![ty.clone()]);
                        let place = place::name(&ty);
                        return Err(
                            match crate::types::name::parse(&ast::DataType::Custom(ty, Vec::new())) {
                                Ok((ty, _)) => unsupported(format!("a literal behind the name of {ty}")),
                                Err(failure) => failure.at(place),
                            },
                        );
                    }
                    check_name(alias)?;
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
    pub(super) fn order(
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
    pub(super) fn places(
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
}

/// Puts each window function aside, and a column in its place.
pub(super) fn take_windows(
    expr: &mut Expr,
    windows: &mut Vec<Windowed>,
    width: usize,
) -> Result<(), SqlError> {
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
pub(super) fn place_series(list: &mut [Entry], begin: usize) -> Result<(), SqlError> {
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
