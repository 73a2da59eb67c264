//! A column's definition.

use super::foreign_key::deferral;
use super::serial::serial;
use super::table::{Unique, add_check};
use crate::catalog::{Column, Constraint, Generated, identifier};
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::ids::Oid;
use crate::place;
use crate::query::settled_default;
use crate::spelling::is_nulls_alike;
use crate::types::{self, Type};
use drawloom_model::SqlError;
use sqlparser::ast;
use std::rc::Rc;

/// The table that a column is defined for, and its place there.
#[derive(Clone, Copy)]
pub(super) struct Owner<'a> {
    pub table: &'a Rc<str>,
    pub schema: Oid,
    pub oid: Oid,
    pub place: usize,
}

/// Where a column's values come from if the statement gives none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Default,
    Identity,
    Expression,
}

impl Source {
    /// What is wrong with two of them (PostgreSQL's parse_utilcmd.c).
    fn beside(self, other: Source) -> &'static str {
        match (self.min(other), self.max(other)) {
            (Source::Default, Source::Identity) => "both default and identity specified",
            (Source::Default, Source::Expression) => "both default and generation expression specified",
            (Source::Identity, Source::Expression) => "both identity and generation expression specified",
            (Source::Default, _) => "multiple default values specified",
            (Source::Identity, _) => "multiple identity specifications",
            (Source::Expression, _) => "multiple generation clauses specified",
        }
    }
}

impl Executor {
    /// A default as a column keeps it.
    pub(super) fn settled(&self, default: &ast::Expr) -> Rc<ast::Expr> {
        self.with(|database| {
            let naming = &database.session(self.session).naming;
            settled_default(database.catalog(self.session), naming, default).into()
        })
    }

    /// A column, with what its definition says of the table besides.
    ///
    /// # Errors
    /// It makes no sense, or is not supported.
    pub(super) fn column(
        &self,
        owner: Owner<'_>,
        definition: &ast::ColumnDef,
        unique: &mut Vec<Unique>,
        constraints: &mut Vec<Constraint>,
    ) -> Result<Column, SqlError> {
        let name = identifier(&definition.name);
        if definition.name.quote_style.is_none() && *name == *"like" {
            return Err(unsupported("LIKE beside other columns"));
        }
        let serial = serial(&definition.data_type);
        let (ty, modifier) = match serial {
            Some(scalar) => (Type::of(scalar), None),
            None => types::name::parse(&definition.data_type)?,
        };
        let mut column = Column {
            name: name.clone(),
            ty,
            modifier,
            not_null: false,
            default: None,
            generated: None,
            missing: None,
            is_dropped: false,
        };
        if serial.is_some() {
            self.own_sequence(owner, &mut column);
        }
        let mut source = serial.map(|_| Source::Default);
        let mut nullable = None;
        let twice =
            |what: &str| error("42601", format!("{what} for column \"{name}\" of table \"{}\"", owner.table));
        let mut nulls_alike = None;
        for option in &definition.options {
            let named = option.name.as_ref().map(identifier);
            match &option.option {
                ast::ColumnOption::Null | ast::ColumnOption::NotNull => {
                    let not_null = option.option == ast::ColumnOption::NotNull;
                    if nullable.is_some_and(|said| said == not_null) {
                        return Err(twice("conflicting NULL/NOT NULL declarations"));
                    }
                    nullable = Some(!not_null);
                    column.not_null |= not_null;
                }
                ast::ColumnOption::Default(default) => {
                    if let Some(source) = source.replace(Source::Default) {
                        return Err(twice(source.beside(Source::Default)).at(place::before(default)));
                    }
                    column.default = Some(self.settled(default));
                }
                ast::ColumnOption::PrimaryKey(key) => unique.push(Unique {
                    name: named,
                    columns: vec![name.clone()],
                    is_primary: true,
                    nulls_distinct: true,
                    deferral: deferral(key.characteristics.as_ref())?,
                }),
                ast::ColumnOption::Unique(key) => unique.push(Unique {
                    name: named.or(nulls_alike.clone().flatten()),
                    columns: vec![name.clone()],
                    is_primary: false,
                    nulls_distinct: nulls_alike.take().is_none(),
                    deferral: deferral(key.characteristics.as_ref())?,
                }),
                ast::ColumnOption::Check(check) => {
                    add_check(owner.table, constraints, named, &check.expr)?;
                }
                ast::ColumnOption::Collation(collation) if is_nulls_alike(collation) => {
                    nulls_alike = Some(named)
                }
                ast::ColumnOption::Collation(collation) => types::name::collation(collation, ty)?,
                ast::ColumnOption::ForeignKey(_) => (),
                ast::ColumnOption::Generated {
                    generation_expr: None,
                    generated_as,
                    sequence_options,
                    ..
                } => {
                    if sequence_options.as_ref().is_some_and(|options| !options.is_empty()) {
                        return Err(unsupported("an option of an identity column's sequence"));
                    }
                    if let Some(source) = source.replace(Source::Identity) {
                        return Err(twice(source.beside(Source::Identity)));
                    }
                    self.own_sequence(owner, &mut column);
                    column.generated = Some(match generated_as {
                        ast::GeneratedAs::Always | ast::GeneratedAs::ExpStored => Generated::Always,
                        ast::GeneratedAs::ByDefault => Generated::ByDefault,
                    });
                }
                ast::ColumnOption::Generated {
                    generation_expr: Some(expr),
                    generation_expr_mode: Some(ast::GeneratedExpressionMode::Stored),
                    ..
                } => {
                    if let Some(source) = source.replace(Source::Expression) {
                        return Err(twice(source.beside(Source::Expression)));
                    }
                    column.generated = Some(Generated::Stored(Rc::new(expr.clone())));
                }
                other => return Err(unsupported(other)),
            }
        }
        Ok(column)
    }
}
