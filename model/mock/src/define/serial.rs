//! Columns that are numbered by a sequence of their own.

use super::column::Owner;
use super::table::free_name;
use crate::catalog::{Column, Object, Sequence};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::types::Scalar;
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    /// Gives a column numbers from a sequence of its own.
    pub(super) fn own_sequence(&self, owner: Owner<'_>, column: &mut Column) {
        let Owner { table, schema, oid, place } = owner;
        self.with(|database| {
            let sequence = database.new_oid();
            let catalog = database.catalog(self.session);
            let name = free_name(table, &column.name, "seq", |name| catalog.relation(schema, name).is_some());
            let owner = Some((oid, place));
            let definition = Sequence { owner, ..Sequence::of(name, schema, sequence, column.ty) };
            database.define(self.session, sequence, Some(Object::Sequence(definition.into())));
            column.not_null = true;
            column.default = Some(Rc::new(nextval(sequence)));
        });
    }

    /// Lets the sequences of a table's columns begin again. They get new files, so that it can be undone.
    pub(super) fn restart(&self, table: Oid) {
        let owned: Vec<(Oid, Rc<Sequence>)> = self.with(|database| {
            let owned = database.catalog(self.session).objects().filter_map(|(oid, object)| match object {
                Object::Sequence(sequence) => Some((oid, sequence.clone())),
                _ => None,
            });
            owned.filter(|(_, sequence)| sequence.owner.is_some_and(|(owner, _)| owner == table)).collect()
        });
        self.with(|database| {
            for (oid, sequence) in owned {
                let fresh = Sequence { file: database.new_oid(), ..(*sequence).clone() };
                database.define(self.session, oid, Some(Object::Sequence(fresh.into())));
            }
        });
    }
}

/// `serial` and its kin.
pub(super) fn serial(data_type: &ast::DataType) -> Option<Scalar> {
    match data_type.to_string().to_ascii_lowercase().as_str() {
        "smallserial" | "serial2" => Some(Scalar::Int2),
        "serial" | "serial4" => Some(Scalar::Int4),
        "bigserial" | "serial8" => Some(Scalar::Int8),
        _ => None,
    }
}

/// `nextval` of a sequence, whatever it is called later.
fn nextval(sequence: Oid) -> ast::Expr {
    let number = ast::Expr::Value(ast::Value::Number(sequence.0.to_string(), false).into());
    let list = ast::FunctionArgumentList {
        duplicate_treatment: None,
        args: vec![ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(number))],
        clauses: Vec::new(),
    };
    ast::Expr::Function(ast::Function {
        name: ast::ObjectName::from(ast::Ident::new("nextval")),
        uses_odbc_syntax: false,
        parameters: ast::FunctionArguments::None,
        args: ast::FunctionArguments::List(list),
        within_group: Vec::new(),
        filter: None,
        null_treatment: None,
        over: None,
    })
}
