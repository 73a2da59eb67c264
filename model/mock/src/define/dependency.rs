//! What goes with what: DROP (PostgreSQL's `dependency.c`).
//!
//! ```text
//! table ◄─ index, sequence of its own      goes along
//! table ◄─ view, foreign key               is in the way, unless CASCADE takes it along
//! sequence ◄─ column's default
//! schema ◄─ everything in it
//! ```

use crate::catalog::{Catalog, ConstraintKind, Naming, Object, Table};
use crate::error::error;
use crate::executor::Executor;
use crate::ids::Oid;
use crate::locks::{Mode, Tag};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::rc::Rc;

/// Something that can depend on an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Object(Oid),
    /// A column's default.
    Default(Oid, usize),
    /// A table's foreign key.
    ForeignKey(Oid, Rc<str>),
}

/// What is to go.
struct Doomed {
    all: Vec<Part>,
    /// Those of them that are in the way, in their order.
    in_the_way: Vec<Part>,
}

impl Executor {
    /// Drops objects, and what goes with them; `what` is what the statement drops, if that is not the objects.
    ///
    /// # Errors
    /// `2BP01`: something depends on them that is in the way; those of waiting.
    pub(super) async fn drop_objects(
        &self,
        targets: &[Oid],
        what: Option<&str>,
        cascade: bool,
    ) -> Result<(), SqlError> {
        let mut locked = BTreeSet::new();
        loop {
            let doomed = self.with(|database| {
                database.refresh(self.session);
                doomed(database.catalog(self.session), targets)
            });
            let open: Vec<(Oid, Tag)> = self.with(|database| {
                let catalog = database.catalog(self.session);
                let relations = doomed.all.iter().map(Part::object);
                let open = relations.filter(|oid| !locked.contains(oid));
                open.map(|oid| (oid, tag(catalog, oid))).collect()
            });
            if open.is_empty() {
                return self.drop_all(&doomed, targets, what, cascade);
            }
            for (oid, tag) in open {
                self.lock(tag, Mode::AccessExclusive, "a table's lock").await?;
                locked.insert(oid);
            }
        }
    }

    fn drop_all(
        &self,
        doomed: &Doomed,
        targets: &[Oid],
        what: Option<&str>,
        cascade: bool,
    ) -> Result<(), SqlError> {
        self.with(|database| {
            let naming = database.session(self.session).naming.clone();
            let catalog = database.catalog(self.session);
            match doomed.in_the_way.as_slice() {
                [] => (),
                _ if !cascade => {
                    let what = match (what, targets) {
                        (Some(what), _) => what.to_owned(),
                        (None, [only]) => catalog.describe(&naming, *only),
                        (None, _) => "desired object(s)".to_owned(),
                    };
                    let message = format!("cannot drop {what} because other objects depend on");
                    let pronoun = if targets.len() == 1 { "it" } else { "them" };
                    return Err(error("2BP01", format!("{message} {pronoun}")));
                }
                [only] => {
                    let text = format!("drop cascades to {}", only.describe(catalog, &naming));
                    database.session(self.session).notice(&text);
                }
                several => {
                    let one = |part: &Part| format!("drop cascades to {}", part.describe(catalog, &naming));
                    let detail: Vec<String> = several.iter().map(one).collect();
                    let text = format!("drop cascades to {} other objects", several.len());
                    database.session(self.session).notice(format!("{text}\nDETAIL:  {}", detail.join("\n")));
                }
            }
            for part in &doomed.all {
                match part {
                    Part::Object(oid) => database.define(self.session, *oid, None),
                    Part::Default(table, _) | Part::ForeignKey(table, _) => {
                        let Some(Object::Table(from)) = database.catalog(self.session).object(*table) else {
                            continue;
                        };
                        let from = part.without(from);
                        database.define(self.session, *table, Some(Object::Table(from.into())));
                    }
                }
            }
            Ok(())
        })
    }
}

fn tag(catalog: &Catalog, oid: Oid) -> Tag {
    match catalog.object(oid) {
        Some(Object::Schema(_)) => Tag::Object(oid),
        _ => Tag::Relation(oid),
    }
}

fn doomed(catalog: &Catalog, targets: &[Oid]) -> Doomed {
    let mut search = Search::default();
    for target in targets {
        search.silent.insert(Part::Object(*target));
    }
    for target in targets.iter().rev() {
        search.visit(catalog, Part::Object(*target));
    }
    let Search { mut all, silent, .. } = search;
    all.reverse();
    // A table that goes takes its own defaults and keys along.
    let gone: BTreeSet<Oid> = all.iter().filter_map(Part::whole).collect();
    let own = |part: &Part| part.whole().is_none() && gone.contains(&part.object());
    let in_the_way = all.iter().filter(|part| !silent.contains(part) && !own(part)).cloned().collect();
    all.retain(|part| !own(part));
    Doomed { all, in_the_way }
}

/// An object, and all that goes with it.
pub(super) fn along(catalog: &Catalog, oid: Oid) -> Vec<Oid> {
    doomed(catalog, &[oid]).all.iter().filter_map(Part::whole).collect()
}

/// A search for what goes along.
#[derive(Default)]
struct Search {
    /// Each after what depends on it, the newest first.
    all: Vec<Part>,
    seen: BTreeSet<Part>,
    /// Those of which nothing is said.
    silent: BTreeSet<Part>,
}

impl Search {
    fn visit(&mut self, catalog: &Catalog, part: Part) {
        // Views may read each other in a circle.
        if !self.seen.insert(part.clone()) {
            return;
        }
        let mut found = match &part {
            Part::Object(oid) => dependents(catalog, *oid),
            Part::Default(..) | Part::ForeignKey(..) => Vec::new(),
        };
        found.reverse();
        for (dependent, goes_along) in found {
            if goes_along {
                self.silent.insert(dependent.clone());
            }
            // A table's default may depend on a sequence that goes with the table.
            if dependent != part {
                self.visit(catalog, dependent);
            }
        }
        self.all.push(part);
    }
}

/// What depends on an object, and whether it goes along without being asked.
fn dependents(catalog: &Catalog, oid: Oid) -> Vec<(Part, bool)> {
    let mut found = Vec::new();
    for (other, object) in catalog.objects() {
        let whole = Part::Object(other);
        if object.place() == Some(oid) && !matches!(object, Object::Index(_)) {
            found.push((whole.clone(), false));
        }
        match object {
            Object::Index(index) if index.table == oid => found.push((whole, true)),
            Object::Sequence(sequence) if sequence.owner.is_some_and(|(table, _)| table == oid) => {
                found.push((whole, true));
            }
            Object::View(view) if view.uses.contains(&oid) => found.push((whole, false)),
            Object::Table(table) => {
                for constraint in &table.constraints {
                    if matches!(&constraint.kind, ConstraintKind::ForeignKey(key) if key.table == oid || key.index == oid)
                    {
                        found.push((Part::ForeignKey(other, constraint.name.clone()), false));
                    }
                }
                for (place, column) in table.live_columns() {
                    if column.default.as_ref().is_some_and(|default| takes_from(default, oid)) {
                        found.push((Part::Default(other, place), false));
                    }
                }
            }
            _ => (),
        }
    }
    found
}

/// Whether a default takes its values from this sequence.
fn takes_from(default: &ast::Expr, sequence: Oid) -> bool {
    let found = ast::visit_expressions(default, |expr| match expr {
        ast::Expr::Value(value) if value.to_string() == sequence.0.to_string() => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break() && default.to_string().contains("nextval")
}

impl Part {
    /// The object that it is, or is a part of.
    fn object(&self) -> Oid {
        match self {
            Part::Object(oid) | Part::Default(oid, _) | Part::ForeignKey(oid, _) => *oid,
        }
    }

    /// The object that it is, if it is no part.
    fn whole(&self) -> Option<Oid> {
        match self {
            Part::Object(oid) => Some(*oid),
            Part::Default(..) | Part::ForeignKey(..) => None,
        }
    }

    fn describe(&self, catalog: &Catalog, naming: &Naming) -> String {
        let object = self.object();
        match self {
            Part::Object(_) => catalog.describe(naming, object),
            Part::Default(_, place) => {
                let column = catalog.table(object).map(|table| table.columns[*place].name.clone());
                let column = column.unwrap_or_default();
                format!("default value for column {column} of {}", catalog.describe(naming, object))
            }
            Part::ForeignKey(_, name) => {
                format!("constraint {name} on {}", catalog.describe(naming, object))
            }
        }
    }

    /// The table without this part.
    fn without(&self, table: &Table) -> Table {
        let mut table = table.clone();
        match self {
            Part::Object(_) => (),
            Part::Default(_, place) => table.columns[*place].default = None,
            Part::ForeignKey(_, name) => table.constraints.retain(|constraint| constraint.name != *name),
        }
        table
    }
}
