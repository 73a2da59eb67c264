//! EXPLAIN: how a statement is executed, in the words of PostgreSQL's plans (its explain.c and ruleutils.c).
//!
//! ```text
//! Plan -> Explainer -> Node, of nodes -> lines
//!            text: what an expression says, with the columns' names
//! ```
//!
//! It is what this engine does, which is not always what PostgreSQL would: there are no costs in it.

mod change;
mod node;
mod query;
mod source;
mod text;

use crate::catalog::{Catalog, Naming};
use crate::error::unsupported;
use crate::plan::Plan;
use drawloom_model::SqlError;
use node::Node;
use sqlparser::ast;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// Puts a plan into words.
struct Explainer<'a> {
    catalog: &'a Catalog,
    naming: &'a Naming,
    /// Whether columns are called with their relations' names.
    qualifies: bool,
    /// How many relations have been met.
    relations: usize,
    /// What each scan's table goes by, by number, and how often each name was wanted.
    names: BTreeMap<usize, String>,
    taken: BTreeMap<Rc<str>, usize>,
    /// What the columns of the rows around are called, the innermost last.
    rows: Vec<Vec<String>>,
    /// Columns of the innermost one that are called by their names alone: those of the scan whose conditions these are.
    bare: Range<usize>,
    subplans: usize,
    /// The subqueries of expressions that no node has taken yet, each with what it is called.
    loose: Vec<(String, Node)>,
}

/// The lines that EXPLAIN says of a plan.
pub(crate) fn explain(plan: &Plan, catalog: &Catalog, naming: &Naming) -> Vec<String> {
    let explained = |qualifies| {
        let mut explainer = Explainer {
            catalog,
            naming,
            qualifies,
            relations: 0,
            names: BTreeMap::new(),
            taken: BTreeMap::new(),
            rows: Vec::new(),
            bare: 0..0,
            subplans: 0,
            loose: Vec::new(),
        };
        (explainer.plan(plan), explainer.relations)
    };
    let (node, relations) = explained(true);
    let node = if relations > 1 { node } else { explained(false).0 };
    node.lines()
}

/// The statement that an EXPLAIN is about.
///
/// # Errors
/// `0A000`: it asks for something else than a plan's text.
pub(crate) fn explained(ast: &ast::Statement) -> Result<Option<&ast::Statement>, SqlError> {
    let ast::Statement::Explain { describe_alias, analyze, verbose, statement, format, options, .. } = ast
    else {
        return Ok(None);
    };
    if *describe_alias != ast::DescribeAlias::Explain {
        return Err(unsupported(describe_alias));
    }
    for (is_said, option) in [(*analyze, "ANALYZE"), (*verbose, "VERBOSE"), (format.is_some(), "FORMAT")] {
        if is_said {
            return Err(unsupported(format!("EXPLAIN {option}")));
        }
    }
    for option in options.iter().flatten() {
        let name = option.name.value.to_ascii_lowercase();
        let value =
            option.arg.as_ref().map_or("on".to_owned(), |value| value.to_string().to_ascii_lowercase());
        let is_off = matches!(value.trim_matches('\''), "off" | "false" | "0");
        let is_known = match name.as_str() {
            "costs" => true,
            "format" => value.trim_matches('\'') == "text",
            "analyze" | "verbose" | "settings" | "buffers" | "wal" | "timing" | "summary" => is_off,
            _ => {
                let message = format!("unrecognized EXPLAIN option \"{name}\"");
                return Err(crate::error::error("42601", message));
            }
        };
        if !is_known {
            return Err(unsupported(format!("EXPLAIN ({option})")));
        }
    }
    Ok(Some(statement))
}
