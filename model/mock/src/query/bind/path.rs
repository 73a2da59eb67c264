//! Where a condition is asked, and which index finds what it lets through.

use super::super::{JoinKind, Path, Scan, Source};
use crate::catalog::{Catalog, Table, identifier};
use crate::expression::{Called, Expr};
use sqlparser::ast;
use std::rc::Rc;

/// Several conditions as one.
pub(crate) fn all_of(mut conditions: Vec<Expr>) -> Option<Expr> {
    match conditions.len() {
        0 => None,
        1 => conditions.pop(),
        _ => Some(Expr::And(conditions.into())),
    }
}

/// Asks a condition as early as it can be: hands it to the source that completes what it speaks of, whose
/// columns begin at `begin`. False if no source can take it.
pub(super) fn attach(catalog: &Catalog, source: &mut Source, condition: &Expr, begin: usize) -> bool {
    let end = begin + source.width();
    let Some((_, greatest)) = columns(condition) else { return false };
    if greatest >= end {
        return false;
    }
    match source {
        Source::Table(scan) => {
            let scan = Rc::make_mut(scan);
            let mut conditions = match scan.filter.take() {
                Some(Expr::And(parts)) => parts.into_vec(),
                other => other.into_iter().collect(),
            };
            conditions.push(condition.clone());
            scan.path = path(catalog, scan, &conditions, begin);
            scan.filter = all_of(conditions);
            true
        }
        Source::Join(join) => {
            let middle = begin + join.left_width;
            let keeps_left = matches!(join.kind, JoinKind::Inner | JoinKind::Left);
            if keeps_left && greatest < middle {
                return attach(catalog, &mut join.left, condition, begin);
            }
            join.kind == JoinKind::Inner && attach(catalog, &mut join.right, condition, middle)
        }
        Source::Nothing
        | Source::Query { .. }
        | Source::Cte { .. }
        | Source::Series { .. }
        | Source::System(_) => false,
    }
}

/// The first and the last column of the row that a condition speaks of; `None` if it speaks of none, or should
/// be asked as it stands.
fn columns(condition: &Expr) -> Option<(usize, usize)> {
    let stays = |expr: &Expr, _: usize| match expr {
        Expr::Subquery(subquery) => subquery.once.is_none(),
        Expr::Engine(..) => true,
        _ => false,
    };
    if condition.any(&stays) {
        return None;
    }
    let mut least = usize::MAX;
    let mut greatest = 0;
    condition
        .clone()
        .walk(0, &mut |expr, depth| {
            if let Expr::Column(column) = expr
                && depth == 0
            {
                (least, greatest) = (least.min(*column), greatest.max(*column));
            }
            Ok(false)
        })
        .expect("to look at columns never fails");
    (least != usize::MAX).then_some((least, greatest))
}

/// The index with the most leading columns that must be equal to something.
fn path(catalog: &Catalog, scan: &Scan, conditions: &[Expr], begin: usize) -> Path {
    let Some(table) = catalog.table(scan.table) else { return Path::Sequential };
    let mut best: Option<(usize, Path)> = None;
    for (oid, index) in catalog.indexes_of(scan.table) {
        if index.predicate.is_some() {
            continue;
        }
        let keys = index.keys.iter().map_while(|key| column_of(table, key));
        let equal: Vec<Expr> = keys.map_while(|column| equal_to(table, conditions, column, begin)).collect();
        let rank = 2 * equal.len() + usize::from(index.unique && equal.len() == index.keys.len());
        if !equal.is_empty() && best.as_ref().is_none_or(|(most, _)| rank > *most) {
            best = Some((rank, Path::Index { index: oid, equal }));
        }
    }
    if let Some((_, path)) = best {
        return path;
    }
    // Looking for it more than once pays for the order.
    let varies = |expr: &Expr| expr.any(&|expr, _| matches!(expr, Expr::Column(_) | Expr::Outer { .. }));
    let places = 0..table.columns.len();
    let equal = places.filter_map(|column| Some((column, equal_to(table, conditions, column, begin)?)));
    let (columns, equal): (Vec<usize>, Vec<Expr>) = equal.filter(|(_, expr)| varies(expr)).unzip();
    if columns.is_empty() { Path::Sequential } else { Path::Hash { columns, equal } }
}

/// The column that a key of an index is.
pub(crate) fn column_of(table: &Table, key: &ast::Expr) -> Option<usize> {
    match key {
        ast::Expr::Identifier(ident) => Some(table.column(&identifier(ident))?.0),
        _ => None,
    }
}

/// What a column of a table must be equal to, and is known before the table is read.
fn equal_to(table: &Table, conditions: &[Expr], column: usize, begin: usize) -> Option<Expr> {
    let ty = table.columns[column].ty;
    let is_equality =
        |called: &Called| *called.name == *"=" && (0..2).all(|place| called.call.parameter(place) == ty);
    let is_later =
        |expr: &Expr, depth: usize| depth == 0 && matches!(expr, Expr::Column(column) if *column >= begin);
    let known = |expr: &Expr| !expr.any(&is_later);
    conditions.iter().find_map(|condition| match condition {
        Expr::Call(called) if is_equality(called) => match &*called.arguments {
            [Expr::Column(left), right] if *left == begin + column && known(right) => Some(right.clone()),
            [left, Expr::Column(right)] if *right == begin + column && known(left) => Some(left.clone()),
            _ => None,
        },
        _ => None,
    })
}

impl crate::expression::Binder<'_> {
    /// Asks a filter as early as it can be; what is left of it is asked at the end.
    pub fn push_down(&self, source: &mut Source, filter: Option<Expr>) -> Option<Expr> {
        let conditions = match filter? {
            Expr::And(parts) => parts.into_vec(),
            other => vec![other],
        };
        let rest = conditions.into_iter().filter(|condition| !attach(self.catalog, source, condition, 0));
        all_of(rest.collect())
    }
}
