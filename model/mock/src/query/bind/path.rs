//! Where a condition is asked, and which index finds what it lets through.

use super::super::{JoinKind, Last, Limit, Path, Probe, Scan, Scope, Source};
use crate::catalog::{Index, Method, Table, identifier};
use crate::expression::{Binder, Expr};
use crate::ids::Oid;
use crate::types::Type;
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
pub(super) fn attach(binder: &Binder<'_>, source: &mut Source, condition: &Expr, begin: usize) -> bool {
    let end = begin + source.width();
    let Some((_, greatest)) = columns(condition) else { return false };
    if greatest >= end {
        return false;
    }
    match source {
        Source::Table(scan) => {
            let scan = Rc::make_mut(scan);
            let mut conditions = std::mem::take(&mut scan.found);
            match scan.filter.take() {
                Some(Expr::And(parts)) => conditions.extend(parts),
                other => conditions.extend(other),
            }
            conditions.push(condition.clone());
            let (path, is_found) = path(binder, scan, &conditions, begin);
            let (found, rest): (Vec<_>, Vec<_>) =
                conditions.into_iter().zip(is_found).partition(|(_, is_found)| *is_found);
            let only = |conditions: Vec<(Expr, bool)>| conditions.into_iter().map(|(it, _)| it).collect();
            (scan.path, scan.found, scan.filter) = (path, only(found), all_of(only(rest)));
            true
        }
        Source::Join(join) => {
            let middle = begin + join.left_width;
            let keeps_left = matches!(join.kind, JoinKind::Inner | JoinKind::Left);
            if keeps_left && greatest < middle {
                return attach(binder, &mut join.left, condition, begin);
            }
            join.kind == JoinKind::Inner && attach(binder, &mut join.right, condition, middle)
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

/// The index that leaves the fewest rows, as far as that can be told from the conditions; and which of these every row
/// meets that it finds.
fn path(binder: &Binder<'_>, scan: &Scan, conditions: &[Expr], begin: usize) -> (Path, Vec<bool>) {
    let catalog = binder.catalog;
    let nothing = vec![false; conditions.len()];
    let Some(table) = catalog.table(scan.table) else { return (Path::Sequential, nothing) };
    let sides = Sides { conditions, begin };
    let mut best: Option<(usize, Probe, Vec<bool>)> = None;
    for (oid, index) in catalog.indexes_of(scan.table) {
        let Some(keys) = keys(binder, scan.table, table, index, &sides) else { continue };
        let equal: Vec<Expr> = keys.iter().map_while(|(key, ty)| sides.equal(key, *ty)).collect();
        let last = keys.get(equal.len()).and_then(|(key, ty)| sides.last(key, *ty));
        // Buckets of a hash have no order.
        let is_served = |last: &Last| index.method == Method::Btree || !matches!(last, Last::Between { .. });
        let last = last.filter(is_served);
        let rank = match &last {
            None => 4 * equal.len() + 3 * usize::from(index.unique && equal.len() == index.keys.len()),
            Some(Last::OneOf(_) | Last::ElementOf(_)) => 4 * equal.len() + 3,
            Some(Last::Between { low: Some(_), high: Some(_) }) => 4 * equal.len() + 2,
            Some(Last::Between { .. }) => 4 * equal.len() + 1,
        };
        if rank > 0 && best.as_ref().is_none_or(|(most, ..)| rank > *most) {
            let is_found = |condition| {
                keys.iter().zip(&equal).any(|((key, ty), value)| {
                    sides.compared(condition, key, *ty).is_some_and(|it| it == ("=", value))
                })
            };
            let is_found = conditions.iter().map(is_found).collect();
            best = Some((rank, Probe { index: oid, equal, last }, is_found));
        }
    }
    // Looking for it more than once pays for the order.
    let varies = |expr: &Expr| expr.any(&|expr, _| matches!(expr, Expr::Column(_) | Expr::Outer { .. }));
    let places = 0..table.columns.len();
    let equal = places.filter_map(|place| {
        let key = Expr::Column(begin + place);
        Some((place, sides.equal(&key, table.columns[place].ty)?))
    });
    let (columns, equal): (Vec<usize>, Vec<Expr>) = equal.filter(|(_, expr)| varies(expr)).unzip();
    match best {
        Some((_, probe, is_found)) if columns.is_empty() || !probe.equal.is_empty() => {
            (Path::Index(probe), is_found)
        }
        _ if columns.is_empty() => (Path::Sequential, nothing),
        _ => (Path::Hash { columns, equal }, nothing),
    }
}

/// The keys of an index over the row so far, and their types; `None` if it lacks rows that are wanted.
fn keys(
    binder: &Binder<'_>,
    oid: Oid,
    table: &Rc<Table>,
    index: &Index,
    sides: &Sides<'_>,
) -> Option<Vec<(Expr, Type)>> {
    let column = |key: &ast::Expr| {
        let place = column_of(table, key)?;
        Some((Expr::Column(sides.begin + place), table.columns[place].ty))
    };
    if index.predicate.is_none()
        && let Some(keys) = index.keys.iter().map(column).collect()
    {
        return Some(keys);
    }
    let mut alone = Binder::new(binder.catalog, binder.naming);
    alone.scopes.push(Scope::default());
    alone.table(oid, table, &table.name, None).ok()?;
    if let Some(predicate) = &index.predicate {
        let predicate = shifted(alone.condition(predicate, "WHERE").ok()?, sides.begin);
        let parts = match predicate {
            Expr::And(parts) => parts.into_vec(),
            other => vec![other],
        };
        if !parts.iter().all(|part| sides.conditions.contains(part)) {
            return None;
        }
    }
    let mut key = |key: &ast::Expr| {
        let bound = alone.expr(key).and_then(|bound| alone.known(bound)).ok()?;
        Some((shifted(bound.expr, sides.begin), bound.ty))
    };
    index.keys.iter().map(&mut key).collect()
}

/// An expression over a table's row as one over a row in which that begins there.
fn shifted(mut expr: Expr, begin: usize) -> Expr {
    let walked = expr.walk(0, &mut |expr, depth| {
        match expr {
            Expr::Column(column) if depth == 0 => *column += begin,
            _ => (),
        }
        Ok(false)
    });
    walked.expect("to move columns never fails");
    expr
}

/// The column that a key of an index is.
pub(crate) fn column_of(table: &Table, key: &ast::Expr) -> Option<usize> {
    match key {
        ast::Expr::Identifier(ident) => Some(table.column(&identifier(ident))?.0),
        _ => None,
    }
}

/// What conditions say of a table's keys; its row begins there in the row so far.
struct Sides<'a> {
    conditions: &'a [Expr],
    begin: usize,
}

impl Sides<'_> {
    /// Whether something is known before the table is read.
    fn is_known(&self, expr: &Expr) -> bool {
        let is_later = |expr: &Expr, depth: usize| {
            depth == 0 && matches!(expr, Expr::Column(column) if *column >= self.begin)
        };
        !expr.any(&is_later)
    }

    /// What a condition compares a key with, and how: `a < key` is `key > a`.
    fn compared<'e>(&self, condition: &'e Expr, key: &Expr, ty: Type) -> Option<(&'e str, &'e Expr)> {
        let Expr::Call(called) = condition else { return None };
        let turned = match &*called.name {
            "=" => "=",
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            _ => return None,
        };
        if !(0..2).all(|place| called.call.parameter(place) == ty) {
            return None;
        }
        match &*called.arguments {
            [left, right] if left == key && self.is_known(right) => Some((&called.name, right)),
            [left, right] if right == key && self.is_known(left) => Some((turned, left)),
            _ => None,
        }
    }

    /// What a key must be equal to.
    fn equal(&self, key: &Expr, ty: Type) -> Option<Expr> {
        self.conditions.iter().find_map(|condition| match self.compared(condition, key, ty)? {
            ("=", value) => Some(value.clone()),
            _ => None,
        })
    }

    /// What else is known of a key.
    fn last(&self, key: &Expr, ty: Type) -> Option<Last> {
        let listed = self.conditions.iter().find_map(|condition| self.listed(condition, key, ty));
        if listed.is_some() {
            return listed;
        }
        let (mut low, mut high) = (None, None);
        // BETWEEN is a condition of two parts.
        let parts = self.conditions.iter().flat_map(|condition| match condition {
            Expr::And(parts) => parts.as_ref(),
            other => std::slice::from_ref(other),
        });
        for part in parts {
            let Some((symbol, value)) = self.compared(part, key, ty) else { continue };
            let limit = Limit { value: value.clone(), inclusive: symbol.ends_with('=') };
            match symbol {
                ">" | ">=" => low = low.or(Some(limit)),
                "<" | "<=" => high = high.or(Some(limit)),
                _ => (),
            }
        }
        (low.is_some() || high.is_some()).then_some(Last::Between { low, high })
    }

    /// The values of which a key must be one.
    fn listed(&self, condition: &Expr, key: &Expr, ty: Type) -> Option<Last> {
        match condition {
            Expr::Or(parts) => {
                let value = |part| match self.compared(part, key, ty)? {
                    ("=", value) => Some(value.clone()),
                    _ => None,
                };
                parts.iter().map(value).collect::<Option<_>>().map(Last::OneOf)
            }
            Expr::Quantified { comparison, all: false } => match &*comparison.arguments {
                [left, array]
                    if *comparison.name == *"="
                        && left == key
                        && (0..2).all(|place| comparison.call.parameter(place) == ty)
                        && self.is_known(array) =>
                {
                    Some(Last::ElementOf(array.clone()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Binder<'_> {
    /// Asks a filter as early as it can be; what is left of it is asked at the end.
    pub fn push_down(&self, source: &mut Source, filter: Option<Expr>) -> Option<Expr> {
        let conditions = match filter? {
            Expr::And(parts) => parts.into_vec(),
            other => vec![other],
        };
        let rest = conditions.into_iter().filter(|condition| !attach(self, source, condition, 0));
        all_of(rest.collect())
    }
}
