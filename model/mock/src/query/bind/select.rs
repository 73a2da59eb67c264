//! SELECT.

use super::super::{Body, Distinct, Output, Query, Scope, Select};
use super::all_of;
use super::group::Grouping;
use super::list::{place_series, take_windows};
use super::mark::refuse_nullable;
use crate::error::{error, unsupported};
use crate::expression::{Binder, Expr, SortKey};
use crate::limit;
use crate::place::{self, Place};
use crate::spelling::LockStrength;
use drawloom_model::SqlError;
use sqlparser::ast;

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
