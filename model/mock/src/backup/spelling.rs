//! Expressions and queries of the catalog as text, with the names that things have now.

use super::{list, name_of};
use crate::catalog::{Catalog, Object, identifier};
use crate::functions::quoted_identifier as quoted;
use crate::ids::Oid;
use crate::query::settled_number;
use sqlparser::ast::{self, VisitMut, VisitorMut};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use std::ops::ControlFlow;

/// An expression as text.
pub(super) fn spelled(catalog: &Catalog, expr: &ast::Expr) -> String {
    let mut expr = expr.clone();
    let _ = expr.visit(&mut Speller { catalog });
    expr.to_string()
}

/// A query as text.
pub(super) fn spelled_query(catalog: &Catalog, query: &ast::Query) -> String {
    let mut query = query.clone();
    let _ = query.visit(&mut Speller { catalog });
    query.to_string()
}

struct Speller<'a> {
    catalog: &'a Catalog,
}

impl Speller<'_> {
    /// A relation with the columns that a view knows of it.
    fn relation(&self, oid: Oid, alias: &ast::TableAlias) -> ast::TableFactor {
        let known: Vec<String> =
            alias.columns.iter().map(|column| identifier(&column.name).to_string()).collect();
        let mut seen = Vec::new();
        let mut all = Vec::new();
        match self.catalog.object(oid) {
            Some(Object::Table(table)) => {
                for (place, column) in table.live_columns() {
                    seen.extend(known.get(place).map(String::as_str));
                    all.push(known.get(place).map_or(&*column.name, String::as_str));
                }
            }
            _ => {
                seen.extend(known.iter().map(String::as_str));
                all.clone_from(&seen);
            }
        }
        let (name, own) = (name_of(self.catalog, oid), quoted(&identifier(&alias.name)));
        let columns =
            if all.is_empty() { String::new() } else { format!(" ({})", list(all.iter().copied())) };
        let from = match seen.len() == all.len() {
            true => format!("{name} AS {own}{columns}"),
            // The table has got more since, which the view does not see.
            false => {
                let select = list(seen.iter().copied());
                format!("(SELECT {select} FROM {name} AS {own}{columns}) AS {own}")
            }
        };
        let mut parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(&from).expect("names are quoted");
        parser.parse_table_factor().expect("it is written by the rules")
    }
}

impl VisitorMut for Speller<'_> {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut ast::TableFactor) -> ControlFlow<()> {
        if let ast::TableFactor::Table { name, alias: Some(alias), args: None, .. } = factor
            && let Some(oid) = settled_number(name)
        {
            *factor = self.relation(oid, alias);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut ast::Expr) -> ControlFlow<()> {
        if let ast::Expr::Function(function) = expr
            && let Some(ident) = function.name.0.last().and_then(|part| part.as_ident())
            && matches!(&*identifier(ident), "nextval" | "currval" | "setval")
            && let ast::FunctionArguments::List(list) = &mut function.args
            && let Some(ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(ast::Expr::Value(value)))) =
                list.args.first_mut()
            && let ast::Value::Number(number, _) = &value.value
            && let Some(oid) = number.parse().ok().map(Oid)
            && self.catalog.object(oid).is_some()
        {
            value.value = ast::Value::SingleQuotedString(name_of(self.catalog, oid));
        }
        ControlFlow::Continue(())
    }
}
