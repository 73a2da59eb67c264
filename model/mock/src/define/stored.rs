//! What a table keeps as expressions: the keys and the predicates of its indexes, generated columns, checks. What they
//! say of a row must be true forever (PostgreSQL's CheckMutability in indexcmds.c, cookDefault in heap.c).

use crate::catalog::{Column, Generated, Index, Table, identifier};
use crate::change::target;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::expression::Expr;
use crate::functions::Volatility;
use crate::ids::Oid;
use crate::place;
use drawloom_model::SqlError;
use sqlparser::ast;
use std::ops::ControlFlow;

impl Executor {
    /// Whether an index may be over these keys and rows.
    ///
    /// # Errors
    /// Those of the expressions; `42P17`: they may say something else another time.
    pub(super) fn check_index(&self, index: &Index) -> Result<(), SqlError> {
        let width = self.table(index.table).expect("it is locked").columns.len();
        self.over(index.table, |binder| {
            let predicate = index.predicate.as_ref().map(|predicate| binder.predicate(predicate));
            if !predicate.transpose()?.is_none_or(|predicate| predicate.lasts(Volatility::Immutable)) {
                return Err(error("42P17", "functions in index predicate must be marked IMMUTABLE"));
            }
            for key in &index.keys {
                let key = binder.in_clause("index expressions", |binder| binder.expr(key))?.expr;
                if reads_system_column(&key, width) {
                    return Err(error("0A000", "index creation on system columns is not supported"));
                }
                if !key.lasts(Volatility::Immutable) {
                    return Err(error("42P17", "functions in index expression must be marked IMMUTABLE"));
                }
            }
            Ok(())
        })
    }

    /// What a generated column gets, over a row; none if it is no such column.
    ///
    /// # Errors
    /// Those of the expression; `42P17`: it may say something else another time.
    pub(super) fn generation(&self, table: Oid, column: &Column) -> Result<Option<Expr>, SqlError> {
        let Some(Generated::Stored(value)) = &column.generated else { return Ok(None) };
        let definition = self.table(table).expect("it is locked");
        if let Some(other) = reads_generated(value, &definition) {
            let name = identifier(&other);
            let message = format!("cannot use generated column \"{name}\" in column generation expression");
            return Err(error("42P17", message).at(place::begin(other.span)));
        }
        self.over(table, |binder| {
            let bound = binder.in_clause("column generation expressions", |binder| binder.expr(value))?;
            if reads_system_column(&bound.expr, definition.columns.len()) {
                return Err(unsupported("a system column in an expression that is stored"));
            }
            // How the column turns it into its own type is not asked.
            if !bound.expr.lasts(Volatility::Immutable) {
                return Err(error("42P17", "generation expression is not immutable"));
            }
            target::assigned(binder, bound, column).map(Some)
        })
    }

    /// Whether a CHECK makes sense, even if no row is asked.
    ///
    /// # Errors
    /// Those of the condition; `0A000`: it asks for more than the row.
    pub(super) fn check_condition(&self, table: Oid, condition: &ast::Expr) -> Result<(), SqlError> {
        let width = self.table(table).expect("it is locked").columns.len();
        let bound = self.over(table, |binder| binder.condition(condition, "CHECK"))?;
        if reads_system_column(&bound, width) {
            return Err(unsupported("a system column in an expression that is stored"));
        }
        if !bound.lasts(Volatility::Settings) {
            return Err(unsupported("a check constraint that asks for more than the row"));
        }
        Ok(())
    }
}

/// A generated column that the expression speaks of.
fn reads_generated(value: &ast::Expr, table: &Table) -> Option<ast::Ident> {
    let mut found = None;
    let _ = ast::visit_expressions(value, |expr| {
        let ident = match expr {
            ast::Expr::Identifier(ident) => Some(ident),
            ast::Expr::CompoundIdentifier(parts) => parts.last(),
            _ => None,
        };
        let column = ident.and_then(|ident| table.column(&identifier(ident)));
        match column.is_some_and(|(_, column)| matches!(column.generated, Some(Generated::Stored(_)))) {
            true => {
                found = ident.cloned();
                ControlFlow::Break(())
            }
            false => ControlFlow::Continue(()),
        }
    });
    found
}

/// Whether it reads what a table's row has behind its columns.
fn reads_system_column(expr: &Expr, width: usize) -> bool {
    expr.any(&|part, _| matches!(part, Expr::Column(column) if *column >= width))
}
