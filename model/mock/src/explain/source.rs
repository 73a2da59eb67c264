//! FROM.

use super::Explainer;
use super::node::Node;
use crate::catalog::Object;
use crate::expression::Expr;
use crate::query::{Join, JoinKind, Last, Path, Probe, Scan, Source};
use crate::system::Rows;

impl Explainer<'_> {
    /// What the columns of a source are called.
    pub(super) fn named(&mut self, source: &Source) -> Vec<String> {
        match source {
            Source::Nothing => Vec::new(),
            Source::Table(scan) => self.named_table(scan),
            Source::Join(join) => {
                let mut names = self.named(&join.left);
                names.extend(self.named(&join.right));
                names
            }
            Source::Query { query, name, .. } => {
                let columns: Vec<_> = query.columns.iter().map(|column| column.name.clone()).collect();
                self.named_columns(name, columns.iter().map(|column| &**column))
            }
            Source::Cte { name, columns, .. } => {
                self.named_columns(name, columns.iter().map(|column| &*column.name))
            }
            Source::System(rows) => {
                let columns: Vec<String> = rows.columns().iter().map(|(name, _)| name.to_string()).collect();
                self.named_columns(&self.system(rows), columns.iter().map(String::as_str))
            }
            Source::Series { name, repeated, ordinality, .. } => {
                let own =
                    |(column, _): &(Option<&'static str>, _)| column.map_or(name.to_string(), str::to_owned);
                let mut columns: Vec<String> = repeated.series.columns.iter().map(own).collect();
                columns.extend(ordinality.then(|| "ordinality".to_owned()));
                self.named_columns(name, columns.iter().map(String::as_str))
            }
        }
    }

    fn named_columns<'n>(&mut self, relation: &str, columns: impl Iterator<Item = &'n str>) -> Vec<String> {
        self.relations += 1;
        let relation = self.quoted(relation);
        columns.map(|column| self.qualified(&relation, column)).collect()
    }

    fn named_table(&mut self, scan: &Scan) -> Vec<String> {
        self.relations += 1;
        let count = self.taken.entry(scan.name.clone()).or_default();
        *count += 1;
        let name = match *count {
            1 => self.quoted(&scan.name),
            count => self.quoted(&format!("{}_{}", scan.name, count - 1)),
        };
        self.names.insert(scan.number, name.clone());
        let columns = match self.catalog.object(scan.table) {
            Some(Object::Table(table)) => table.columns.clone(),
            Some(Object::View(view)) => {
                view.materialized.as_ref().map(|it| it.table.columns.clone()).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let mut names: Vec<String> =
            columns.iter().map(|column| self.qualified(&name, &column.name)).collect();
        names.resize(scan.missing.len(), "?".to_owned());
        names.push(self.qualified(&name, "ctid"));
        names
    }

    fn qualified(&self, relation: &str, column: &str) -> String {
        let column = self.quoted(column);
        if self.qualifies { format!("{relation}.{column}") } else { column }
    }

    pub(super) fn quoted(&self, name: &str) -> String {
        crate::functions::quoted_identifier(name)
    }

    fn system(&self, rows: &Rows) -> String {
        match rows {
            Rows::System(system) => system.name.to_owned(),
            Rows::Sequence(oid) => self.catalog.name_of(self.naming, *oid),
        }
    }

    /// How a source is read whose values begin there in the row.
    pub(super) fn source(&mut self, source: &Source, begin: usize) -> Node {
        match source {
            Source::Nothing => Node::new("Result"),
            Source::Table(scan) => self.scan(scan, begin, false, None),
            Source::Join(join) => self.join(join, begin),
            Source::Query { query, name, lateral } => {
                let around = (!lateral).then(|| self.rows.pop().expect("FROM stands inside a query"));
                let loose = std::mem::take(&mut self.loose);
                let node = self.query(query);
                self.loose = loose;
                self.rows.extend(around);
                node.under(format!("Subquery Scan on {}", self.quoted(name)))
            }
            Source::Cte { name, .. } => Node::new(format!("CTE Scan on {}", self.quoted(name))),
            Source::System(rows) => Node::new(format!("Seq Scan on {}", self.system(rows))),
            Source::Series { function, name, .. } => {
                let on = if function == name { String::new() } else { format!(" {}", self.quoted(name)) };
                Node::new(format!("Function Scan on {}{on}", self.quoted(function)))
            }
        }
    }

    /// How a table is read, with what is asked of its rows beside its own conditions.
    pub(super) fn scan(&mut self, scan: &Scan, begin: usize, is_hashed: bool, more: Option<&Expr>) -> Node {
        let table = self.catalog.object(scan.table).map(|object| object.name()).unwrap_or_default();
        let (table, name) = (self.quoted(&table), self.names[&scan.number].clone());
        let on = if table == name { table } else { format!("{table} {name}") };
        let mut rest = scan.found.clone();
        flatten(scan.filter.as_ref(), &mut rest);
        flatten(more, &mut rest);
        self.bare = begin..begin + scan.missing.len();
        let mut node = match &scan.path {
            Path::Index(probe) => {
                let index = self.catalog.index(probe.index);
                let index_name = index.map(|index| self.quoted(&index.name)).unwrap_or_default();
                let (found, others) = rest.into_iter().partition(|it| probe.answers(it, begin));
                rest = others;
                let found: Vec<Expr> = found;
                let condition = self.condition(&found);
                Node::new(format!("Index Scan using {index_name} on {on}"))
                    .detail(format!("Index Cond: {condition}"))
            }
            Path::Hash { columns, .. } if is_hashed => {
                rest.retain(|it| !is_equality(it, columns, begin));
                Node::new(format!("Seq Scan on {on}"))
            }
            Path::Hash { .. } | Path::Sequential => Node::new(format!("Seq Scan on {on}")),
        };
        if !rest.is_empty() {
            let condition = self.condition(&rest);
            node.details.push(format!("Filter: {condition}"));
        }
        self.bare = 0..0;
        self.taking(node)
    }

    fn join(&mut self, join: &Join, begin: usize) -> Node {
        let middle = begin + join.left_width;
        let kind = match join.kind {
            JoinKind::Inner => "",
            JoinKind::Left => " Left",
            JoinKind::Right => " Right",
            JoinKind::Full => " Full",
        };
        let left = self.source(&join.left, begin);
        let mut node = match &join.right {
            Source::Table(scan) if let Path::Hash { columns, .. } = &scan.path => {
                let right = self.scan(scan, middle, true, None);
                let mut all = Vec::new();
                flatten(scan.filter.as_ref(), &mut all);
                all.retain(|it| is_equality(it, columns, middle));
                let condition = self.condition(&all);
                let inputs = vec![left, right.under("Hash")];
                Node { inputs, ..Node::new(format!("Hash{kind} Join")) }
                    .detail(format!("Hash Cond: {condition}"))
            }
            right => {
                let inputs = vec![left, self.source(right, middle)];
                let title = if kind.is_empty() { String::new() } else { format!("{kind} Join") };
                Node { inputs, ..Node::new(format!("Nested Loop{title}")) }
            }
        };
        if let Some(on) = &join.on {
            let condition = self.condition(std::slice::from_ref(on));
            node.details.push(format!("Join Filter: {condition}"));
        }
        self.taking(node)
    }
}

/// The conditions that must all hold.
pub(super) fn flatten(condition: Option<&Expr>, parts: &mut Vec<Expr>) {
    match condition {
        None => (),
        Some(Expr::And(all)) => all.iter().for_each(|part| flatten(Some(part), parts)),
        Some(other) => parts.push(other.clone()),
    }
}

/// Whether a condition is what rows are kept by.
fn is_equality(condition: &Expr, columns: &[usize], begin: usize) -> bool {
    let is_key = |expr: &Expr| matches!(expr, Expr::Column(column) if *column >= begin && columns.contains(&(column - begin)));
    matches!(condition, Expr::Call(called) if *called.name == *"=" && called.arguments.iter().any(is_key))
}

impl Probe {
    /// Whether the rows that it finds meet this condition.
    fn answers(&self, condition: &Expr, begin: usize) -> bool {
        // One side is of the table, the other one is what is looked for.
        let is_own = |expr: &Expr| {
            expr.any(&|expr, depth| depth == 0 && matches!(expr, Expr::Column(column) if *column >= begin))
        };
        let values: Vec<&Expr> = self
            .equal
            .iter()
            .chain(match &self.last {
                Some(Last::Between { low, high }) => {
                    low.iter().chain(high).map(|limit| &limit.value).collect::<Vec<_>>()
                }
                _ => Vec::new(),
            })
            .collect();
        match (condition, &self.last) {
            (Expr::Call(called), _) => {
                matches!(&*called.name, "=" | "<" | "<=" | ">" | ">=")
                    && called.arguments.iter().any(|part| values.contains(&part))
                    && called.arguments.iter().any(is_own)
            }
            (Expr::Or(parts), Some(Last::OneOf(values))) => {
                let is_one = |part: &Expr| {
                    matches!(part, Expr::Call(called)
                        if called.arguments.iter().any(|argument| values.contains(argument)))
                };
                parts.len() == values.len() && parts.iter().all(is_one)
            }
            (Expr::Quantified { comparison, all: false }, Some(Last::ElementOf(array))) => {
                comparison.arguments.contains(array)
            }
            _ => false,
        }
    }
}
