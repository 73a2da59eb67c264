//! Plans, and changes.

use super::Explainer;
use super::node::Node;
use crate::change::{Conflict, ConflictAction, Target};
use crate::plan::{Before, Kind, Plan};
use crate::query::{Select, Source};

impl Explainer<'_> {
    pub(super) fn plan(&mut self, plan: &Plan) -> Node {
        let mut before = Vec::new();
        for part in &plan.before {
            before.push(match part {
                Before::Rows(cte) => self.cte(cte),
                Before::Change(_, name, kind) => (format!("CTE {name}"), self.kind(kind)),
            });
        }
        let mut node = self.kind(&plan.kind);
        node.before.splice(0..0, before);
        node
    }

    fn kind(&mut self, kind: &Kind) -> Node {
        match kind {
            Kind::Query(query) => self.query(query),
            Kind::Update(update) => self.changed("Update", &update.target, &update.source.select, 0),
            Kind::Delete(delete) => self.changed("Delete", &delete.target, &delete.source.select, 0),
            Kind::Merge(merge) => self.changed("Merge", &merge.target, &merge.rows, merge.begin),
            Kind::Insert(insert) => {
                let table = &insert.target.table;
                // Its name is taken, and counts.
                *self.taken.entry(table.name.clone()).or_default() += 1;
                self.relations += 1;
                let mut node = Node::new(format!("Insert on {}", self.quoted(&table.name)));
                node.details = self.conflict(insert.conflict.as_ref(), &insert.target);
                node.inputs = vec![self.query(&insert.source)];
                node
            }
        }
    }

    fn changed(&mut self, verb: &str, target: &Target, rows: &Select, begin: usize) -> Node {
        let names = self.named(&rows.from);
        self.rows.push(names);
        let node = self.filtered(rows);
        self.rows.pop();
        let mut title = format!("{verb} on {}", self.quoted(&target.table.name));
        let name = scan_at(&rows.from, begin).and_then(|scan| self.names.get(&scan));
        if let Some(name) = name.filter(|name| **name != self.quoted(&target.table.name)) {
            title += &format!(" {name}");
        }
        node.under(title)
    }

    fn conflict(&self, conflict: Option<&Conflict>, target: &Target) -> Vec<String> {
        let Some(conflict) = conflict else { return Vec::new() };
        let resolution = match conflict.action {
            ConflictAction::Nothing => "NOTHING",
            ConflictAction::Update { .. } => "UPDATE",
        };
        let mut details = vec![format!("Conflict Resolution: {resolution}")];
        let arbiters: Vec<String> =
            conflict.arbiters.iter().map(|place| self.quoted(&target.indexes[*place].name)).collect();
        if !arbiters.is_empty() {
            details.push(format!("Conflict Arbiter Indexes: {}", arbiters.join(", ")));
        }
        details
    }
}

/// The number of the scan whose values begin there.
fn scan_at(source: &Source, begin: usize) -> Option<usize> {
    match source {
        Source::Table(scan) if begin == 0 => Some(scan.number),
        Source::Join(join) if begin < join.left_width => scan_at(&join.left, begin),
        Source::Join(join) => scan_at(&join.right, begin - join.left_width),
        _ => None,
    }
}
