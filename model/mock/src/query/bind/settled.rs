//! What a view keeps of the names in its query: the things that they stood for.
//!
//! ```text
//! FROM t            becomes   FROM "\0" 16384 AS t (a, b)      every column that t had, dropped ones too
//! nextval('s')      becomes   nextval(16390)
//! ```
//!
//! A table may be renamed, and its columns, and it may get more of them; the view goes on as it was.

use crate::catalog::{Catalog, Naming, Object, QualifiedName, identifier, parts};
use crate::ids::Oid;
use drawloom_model::SqlError;
use sqlparser::ast::{self, VisitMut, VisitorMut};
use std::ops::ControlFlow;
use std::rc::Rc;

/// What no identifier begins with.
const MARK: char = '\0';

/// The query with its names settled, and the relations that it reads.
///
/// # Errors
/// `42P01`: a name stands for nothing.
pub(crate) fn settled(
    catalog: &Catalog,
    naming: &Naming,
    query: &ast::Query,
) -> Result<(ast::Query, Vec<Oid>), SqlError> {
    let mut query = query.clone();
    let mut settler = Settler { catalog, naming, ctes: Vec::new(), uses: Vec::new() };
    match query.visit(&mut settler) {
        ControlFlow::Continue(()) => Ok((query, settler.uses)),
        ControlFlow::Break(failure) => Err(failure),
    }
}

/// The expression with its names of sequences settled, as a column's default keeps it.
pub(crate) fn settled_default(catalog: &Catalog, naming: &Naming, expr: &ast::Expr) -> ast::Expr {
    let mut expr = expr.clone();
    let mut settler = Settler { catalog, naming, ctes: Vec::new(), uses: Vec::new() };
    // A name that stands for nothing stays; whoever binds the expression says so.
    let _ = expr.visit(&mut settler);
    expr
}

/// The relation that a settled name stands for.
pub(crate) fn number(name: &ast::ObjectName) -> Option<Oid> {
    let [part] = name.0.as_slice() else { return None };
    part.as_ident()?.value.strip_prefix(MARK)?.parse().ok().map(Oid)
}

struct Settler<'a> {
    catalog: &'a Catalog,
    naming: &'a Naming,
    /// The subqueries of WITH in sight, by query.
    ctes: Vec<Vec<Rc<str>>>,
    uses: Vec<Oid>,
}

impl Settler<'_> {
    fn is_cte(&self, name: &ast::ObjectName) -> bool {
        match parts(name).as_deref() {
            Ok([name]) => self.ctes.iter().flatten().any(|cte| cte == name),
            _ => false,
        }
    }

    fn settle(
        &mut self,
        name: &mut ast::ObjectName,
        alias: &mut Option<ast::TableAlias>,
    ) -> Result<(), SqlError> {
        let qualified = QualifiedName::of(name)?;
        let (oid, object) = self.catalog.resolve(self.naming, &qualified)?;
        let own = column_names(object);
        let alias = alias.get_or_insert_with(|| ast::TableAlias {
            explicit: true,
            name: quoted(&qualified.name),
            columns: Vec::new(),
            at: None,
        });
        // Those that the query has named come first; a dropped column is nobody's.
        let mut given = std::mem::take(&mut alias.columns).into_iter();
        let column = |own: Option<Rc<str>>| match own {
            Some(own) => given.next().unwrap_or_else(|| column_def(&own)),
            None => column_def(""),
        };
        alias.columns = own.into_iter().map(column).collect();
        *name = ast::ObjectName::from(quoted(&format!("{MARK}{}", oid.0)));
        if !self.uses.contains(&oid) {
            self.uses.push(oid);
        }
        Ok(())
    }
}

/// A relation's columns by their places; a dropped one has no name.
fn column_names(object: &Object) -> Vec<Option<Rc<str>>> {
    match object {
        Object::Table(table) => {
            let name = |column: &crate::catalog::Column| (!column.is_dropped).then(|| column.name.clone());
            table.columns.iter().map(name).collect()
        }
        Object::View(view) => view.columns.iter().map(|column| Some(column.name.clone())).collect(),
        Object::System(system) => system.columns.iter().map(|(name, _)| Some((*name).into())).collect(),
        Object::Sequence(_) => {
            crate::sequence::COLUMNS.iter().map(|(name, _)| Some((*name).into())).collect()
        }
        Object::Index(_) | Object::Schema(_) | Object::Role(_) | Object::Database(_) => Vec::new(),
    }
}

fn quoted(name: &str) -> ast::Ident {
    ast::Ident::with_quote('"', name)
}

fn column_def(name: &str) -> ast::TableAliasColumnDef {
    ast::TableAliasColumnDef { name: quoted(name), data_type: None }
}

impl VisitorMut for Settler<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<SqlError> {
        let ctes = query.with.iter().flat_map(|with| &with.cte_tables);
        self.ctes.push(ctes.map(|cte| identifier(&cte.alias.name)).collect());
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut ast::Query) -> ControlFlow<SqlError> {
        self.ctes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<SqlError> {
        if let ast::TableFactor::Table { name, alias, args: None, .. } = factor
            && !self.is_cte(name)
            && let Err(failure) = self.settle(name, alias)
        {
            return ControlFlow::Break(failure);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<SqlError> {
        if let ast::Expr::Function(function) = expr
            && let Some(ident) = function.name.0.last().and_then(|part| part.as_ident())
            && matches!(&*identifier(ident), "nextval" | "currval" | "setval")
            && let ast::FunctionArguments::List(list) = &mut function.args
            && let Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument))) =
                list.args.first_mut()
            && let Some(text) = text_of(argument)
            && let Ok(name) = crate::sql::relation_name(&text)
            && let Some(oid) = self.catalog.find(self.naming, &name)
        {
            *argument = ast::Expr::Value(ast::Value::Number(oid.0.to_string(), false).into());
        }
        ControlFlow::Continue(())
    }
}

/// The text of a literal, cast or not.
fn text_of(expr: &ast::Expr) -> Option<String> {
    match expr {
        ast::Expr::Value(value) => match &value.value {
            ast::Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        ast::Expr::Cast { expr, .. } => text_of(expr),
        _ => None,
    }
}
