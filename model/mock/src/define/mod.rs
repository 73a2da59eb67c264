//! Statements that define things.

mod alter;
mod alter_column;
mod column;
mod constraint;
mod copy;
pub(crate) mod derived;
mod drop;
mod foreign_key;
mod index;
mod lock;
mod rewrite;
mod serial;
mod table;
pub(crate) mod temporary;
mod truncate;

use crate::error::unsupported;
use crate::executor::Executor;
use crate::sql::CONSTRAINTS;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    /// Executes a statement that is not planned.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn utility(&self, ast: &ast::Statement) -> Result<Reply, SqlError> {
        self.take_snapshot(ast);
        match ast {
            ast::Statement::Query(query) => match derived::into(query) {
                Some(into) => self.select_into(query, into).await,
                None => unreachable!("other queries are planned"),
            },
            ast::Statement::CreateTable(create) => self.create_table(create).await,
            ast::Statement::CreateIndex(create) => self.create_index(create).await,
            ast::Statement::Drop {
                object_type: ast::ObjectType::Table, names, if_exists, cascade, ..
            } => self.drop_tables(names, *if_exists, *cascade).await,
            ast::Statement::Drop {
                object_type: ast::ObjectType::Index, names, if_exists, cascade, ..
            } => self.drop_indexes(names, *if_exists, *cascade).await,
            ast::Statement::AlterTable(alter) => self.alter_table(alter).await,
            ast::Statement::Truncate(truncate) => self.truncate(truncate).await,
            ast::Statement::Lock(lock) => self.lock_tables(lock).await,
            ast::Statement::Set(ast::Set::SingleAssignment { variable, values, .. })
                if variable.to_string().trim_matches('"') == CONSTRAINTS =>
            {
                self.set_constraints(values).await
            }
            ast::Statement::Copy {
                source,
                to: true,
                target: ast::CopyTarget::Stdout,
                options,
                legacy_options,
                ..
            } if legacy_options.is_empty() => self.copy_out(source, options).await,
            other => Err(unsupported(construct(other))),
        }
    }

    /// With one snapshot for all statements the first takes it, whatever it does, except for some that are about
    /// the transaction itself (PostgreSQL's PlannedStmtRequiresSnapshot).
    fn take_snapshot(&self, ast: &ast::Statement) {
        if matches!(
            ast,
            ast::Statement::Lock(_) | ast::Statement::Set(_) | ast::Statement::ShowVariable { .. }
        ) {
            return;
        }
        self.with(|database| {
            if database.session(self.session).transaction().keeps_snapshot() {
                database.reader(self.session);
            }
        });
    }
}

/// The first words of a statement, which name it.
pub(crate) fn construct(ast: &ast::Statement) -> String {
    let text = ast.to_string();
    let is_keyword = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    let words: Vec<&str> = text.split_whitespace().take(3).take_while(is_keyword).collect();
    words.join(" ")
}
