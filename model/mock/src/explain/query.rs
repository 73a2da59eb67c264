//! Queries.

use super::Explainer;
use super::node::Node;
use crate::expression::{Expr, SortKey};
use crate::query::{Body, Cte, Distinct, Group, Query, Select, SetOperation, Source};

impl Explainer<'_> {
    pub(super) fn query(&mut self, query: &Query) -> Node {
        let ctes: Vec<_> = query.with.iter().map(|cte| self.cte(cte)).collect();
        let mut node = match &query.body {
            Body::Select(select) => self.select(select, &query.order),
            Body::Values(rows) if rows.len() > 1 => Node::new("Values Scan on \"*VALUES*\""),
            Body::Values(rows) => {
                self.rows.push(Vec::new());
                rows.iter().flatten().for_each(|part| drop(self.text(part)));
                self.rows.pop();
                self.taking(Node::new("Result"))
            }
            Body::Set { operation, all, left, right } => self.set(*operation, *all, left, right),
        };
        if !matches!(query.body, Body::Select(_)) && !query.order.is_empty() {
            let names = query.columns.iter().map(|column| self.quoted(&column.name)).collect();
            node = self.sorted(node, &query.order, names);
        }
        if matches!(&query.body, Body::Select(select) if !select.marks.is_empty()) {
            node = node.under("LockRows");
        }
        if query.limit.is_some() || query.offset.is_some() {
            node = node.under("Limit");
        }
        node.before.splice(0..0, ctes);
        node
    }

    pub(super) fn cte(&mut self, cte: &Cte) -> (String, Node) {
        let mut node = self.query(&cte.query);
        if let Some(repeated) = &cte.repeated {
            let again = self.query(repeated);
            node = Node { inputs: vec![node, again], ..Node::new("Recursive Union") };
        }
        (format!("CTE {}", self.quoted(&cte.name)), node)
    }

    fn set(&mut self, operation: SetOperation, all: bool, left: &Query, right: &Query) -> Node {
        let inputs = vec![self.query(left), self.query(right)];
        let append = Node { inputs, ..Node::new("Append") };
        let all_or_not = if all { " All" } else { "" };
        match operation {
            SetOperation::Union if all => append,
            SetOperation::Union => {
                let names: Vec<String> =
                    left.columns.iter().map(|column| self.quoted(&column.name)).collect();
                append.under("HashAggregate").detail(format!("Group Key: {}", names.join(", ")))
            }
            SetOperation::Except => append.under(format!("HashSetOp Except{all_or_not}")),
            SetOperation::Intersect => append.under(format!("HashSetOp Intersect{all_or_not}")),
        }
    }

    fn select(&mut self, select: &Select, order: &[SortKey]) -> Node {
        let names = self.named(&select.from);
        self.rows.push(names);
        let mut node = self.filtered(select);
        if let Some(group) = &select.group {
            node = self.grouped(node, group);
        }
        if !select.windows.is_empty() {
            for window in &select.windows {
                let name = self.text(&Expr::Window(window.clone().into()));
                self.row().push(name);
            }
            node = node.under("WindowAgg");
        }
        if !select.series.is_empty() {
            node = node.under("ProjectSet");
            self.row().extend(select.series.iter().map(|_| "?".to_owned()));
        }
        let projected: Vec<String> = select.project.iter().map(|part| self.text(part)).collect();
        node = self.taking(node);
        if let Distinct::First(width) = select.distinct {
            let key = projected[..width].join(", ");
            node = node.under("HashAggregate").detail(format!("Group Key: {key}"));
        }
        if !order.is_empty() {
            node = self.sorted(node, order, projected);
        }
        if let Distinct::On(_) = select.distinct {
            node = node.under("Unique");
        }
        self.rows.pop();
        node
    }

    /// The rows of FROM that the filter lets through; their names are known.
    pub(super) fn filtered(&mut self, select: &Select) -> Node {
        if let Source::Table(scan) = &select.from {
            return self.scan(scan, 0, false, select.filter.as_ref());
        }
        let mut node = self.source(&select.from, 0);
        if let Some(filter) = &select.filter {
            let is_once = matches!(select.from, Source::Nothing);
            let label = if is_once { "One-Time Filter" } else { "Filter" };
            let width = if matches!(select.from, Source::Join(_)) { 0 } else { select.from.width() };
            self.bare = 0..width;
            let text = self.condition(std::slice::from_ref(filter));
            self.bare = 0..0;
            node.details.push(format!("{label}: {text}"));
        }
        self.taking(node)
    }

    fn grouped(&mut self, node: Node, group: &Group) -> Node {
        let mut names: Vec<String> = group.keys.iter().map(|key| self.text(key)).collect();
        let keys = names.join(", ");
        for aggregated in &group.aggregates {
            names.push(self.text(&Expr::Aggregate(aggregated.clone().into())));
        }
        let mut node = match keys.is_empty() {
            true => node.under("Aggregate"),
            false => node.under("HashAggregate").detail(format!("Group Key: {keys}")),
        };
        *self.row() = names;
        if let Some(having) = &group.having {
            let text = self.condition(std::slice::from_ref(having));
            node.details.push(format!("Filter: {text}"));
        }
        self.taking(node)
    }

    /// Rows with these names, sorted.
    fn sorted(&mut self, node: Node, order: &[SortKey], names: Vec<String>) -> Node {
        let key = |key: &SortKey| {
            let name = match key.expr {
                Expr::Column(place) => names[place].clone(),
                _ => "?".to_owned(),
            };
            let is_plain = !name.contains(['(', ' ']) || name.starts_with('(');
            let name = if is_plain { name } else { format!("({name})") };
            let nulls = match (key.descending, key.nulls_first) {
                (false, true) => " NULLS FIRST",
                (true, false) => " NULLS LAST",
                _ => "",
            };
            format!("{name}{}{nulls}", if key.descending { " DESC" } else { "" })
        };
        let keys: Vec<String> = order.iter().map(key).collect();
        node.under("Sort").detail(format!("Sort Key: {}", keys.join(", ")))
    }

    fn row(&mut self) -> &mut Vec<String> {
        self.rows.last_mut().expect("a query has pushed its row")
    }
}
