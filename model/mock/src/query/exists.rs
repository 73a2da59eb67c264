//! What EXISTS leaves of a query: whether it gives a row, and not which (PostgreSQL's simplify_EXISTS_query in
//! subselect.c).

use super::{Body, Distinct, Query};
use crate::expression::Expr;
use crate::types::Datum;

impl Query {
    /// Leaves out its list, and what only sorts its rows or takes those away that are alike, where it can be done
    /// without: an expression there is not worked out.
    pub fn simplify_exists(&mut self) {
        let gives_some = match &self.limit {
            None => true,
            Some(Expr::Literal(Datum::Int(number))) => *number > 0,
            Some(_) => false,
        };
        if !gives_some || self.offset.is_some() {
            return;
        }
        match &mut self.body {
            Body::Select(select) => {
                let counts = |group: &super::Group| !group.aggregates.is_empty() || group.having.is_some();
                let needs_list = !select.windows.is_empty() || !select.series.is_empty();
                if needs_list || !select.marks.is_empty() || select.group.as_ref().is_some_and(counts) {
                    return;
                }
                select.group = None;
                select.project = Vec::new();
                select.distinct = Distinct::All;
            }
            Body::Values(rows) if rows.len() == 1 => rows[0] = Vec::new(),
            Body::Values(_) | Body::Set { .. } => return,
        }
        (self.order, self.limit, self.with_ties) = (Vec::new(), None, false);
    }
}
