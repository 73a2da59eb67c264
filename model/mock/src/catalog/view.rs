//! Views: queries that have a name.

use super::Table;
use crate::ids::Oid;
use crate::types::{Modifier, Type};
use sqlparser::ast;
use std::rc::Rc;

/// A view.
#[derive(Clone, Debug, Hash)]
pub(crate) struct View {
    pub name: Rc<str>,
    pub schema: Oid,
    pub columns: Vec<ViewColumn>,
    /// Its names of relations are settled: see `query/bind/settled.rs`.
    pub query: Rc<ast::Query>,
    /// The relations that it reads.
    pub uses: Vec<Oid>,
    /// The rows, if it keeps them.
    pub materialized: Option<Materialized>,
}

/// A view's column.
#[derive(Clone, Debug, Hash)]
pub(crate) struct ViewColumn {
    pub name: Rc<str>,
    pub ty: Type,
    pub modifier: Option<Modifier>,
}

/// What makes a view a materialized one.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Materialized {
    /// Holds the rows. It has the view's number and name.
    pub table: Rc<Table>,
    /// Whether it has been filled.
    pub is_populated: bool,
}
