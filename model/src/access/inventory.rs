//! Every table that a statement names, and whether it holds anything that is not understood.

use super::text::{Reads, name};
use sqlparser::ast::{Expr, Function, ObjectName, Query, Statement, TableFactor, Visit, Visitor};
use std::ops::ControlFlow;

/// The tables that a statement names, wherever it does, if nothing in it is beyond what is understood.
#[derive(Default)]
pub(super) struct Inventory {
    names: Vec<String>,
}

impl Inventory {
    pub(super) fn of(statement: &Statement) -> Option<Inventory> {
        let mut inventory = Inventory::default();
        match statement.visit(&mut inventory) {
            ControlFlow::Continue(()) => Some(inventory),
            ControlFlow::Break(()) => None,
        }
    }

    pub(super) fn count(&self, table: &str) -> usize {
        self.names.iter().filter(|name| *name == table).count()
    }

    /// Leaves out the one place where a statement names the table that it writes.
    pub(super) fn forget(&mut self, table: &str) {
        if let Some(place) = self.names.iter().position(|name| name == table) {
            self.names.remove(place);
        }
    }

    pub(super) fn reads(&self) -> Reads {
        self.names.iter().map(|name| (name.clone(), Vec::new())).collect()
    }
}

/// Whether an expression is a function of what stands in it.
pub(super) fn is_understood(expr: &Expr) -> bool {
    expr.visit(&mut Inventory::default()).is_continue()
}

fn go_on_if(understood: bool) -> ControlFlow<()> {
    if understood { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

impl Visitor for Inventory {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = name(relation);
        self.names.extend(name.clone());
        go_on_if(name.is_some())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        go_on_if(match factor {
            TableFactor::Table { args, .. } => args.is_none(),
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => true,
            _ => false,
        })
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        go_on_if(query.with.is_none())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        go_on_if(match expr {
            Expr::Identifier(name) => !name.value.to_ascii_lowercase().starts_with("current_"),
            Expr::Function(function) => is_function_of_arguments(function),
            Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::Nested(_) | Expr::Tuple(_) => true,
            Expr::IsFalse(_) | Expr::IsNotFalse(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) => true,
            Expr::IsNull(_) | Expr::IsNotNull(_) => true,
            Expr::IsDistinctFrom(..) | Expr::IsNotDistinctFrom(..) => true,
            Expr::InList { .. } | Expr::InSubquery { .. } | Expr::Between { .. } | Expr::Like { .. } => true,
            Expr::BinaryOp { .. } | Expr::UnaryOp { .. } | Expr::Cast { .. } | Expr::Collate { .. } => true,
            Expr::Case { .. } | Expr::Exists { .. } | Expr::Subquery(_) => true,
            Expr::Substring { .. } | Expr::Trim { .. } => true,
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => true,
            _ => false,
        })
    }
}

/// Whether the function's value comes from its arguments, or from the rows, and from nothing else.
fn is_function_of_arguments(function: &Function) -> bool {
    const KNOWN: [&str; 27] = [
        "abs",
        "avg",
        "char",
        "coalesce",
        "count",
        "group_concat",
        "hex",
        "ifnull",
        "iif",
        "instr",
        "length",
        "lower",
        "ltrim",
        "max",
        "min",
        "nullif",
        "quote",
        "replace",
        "round",
        "rtrim",
        "sign",
        "substr",
        "sum",
        "total",
        "trim",
        "typeof",
        "upper",
    ];
    name(&function.name).is_some_and(|name| KNOWN.contains(&&*name))
}
