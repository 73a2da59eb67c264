//! Statements that define things.

mod alter;
mod alter_column;
mod claim;
mod column;
mod comment;
mod constraint;
mod copy;
mod database;
mod dependency;
pub(crate) mod derived;
mod drop;
mod find;
mod foreign_key;
mod grant;
mod index;
mod lock;
mod materialized_view;
mod rename;
mod rewrite;
mod role;
mod schema;
mod sequence;
mod serial;
mod stored;
mod table;
pub(crate) mod temporary;
mod truncate;
mod view;

use crate::command::{Command, Kind};
use crate::error::unsupported;
use crate::executor::Executor;
use crate::spelling::CONSTRAINTS;
use crate::statement::read_only;
use drawloom_model::{Reply, SqlError};
use sqlparser::ast;

impl Executor {
    /// Executes a statement that is not planned.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn utility(&self, ast: &ast::Statement) -> Result<Reply, SqlError> {
        let is_read_only = self.with(|database| database.session(self.session).transaction().is_read_only);
        if let Some(verb) = verb(ast).filter(|_| is_read_only) {
            return Err(read_only(&verb));
        }
        if !matches!(ast, ast::Statement::Lock(_) | ast::Statement::Set(_)) {
            self.touch_unknown();
        }
        if takes_snapshot(ast) {
            self.keep_snapshot();
        }
        match ast {
            ast::Statement::Query(query) => match derived::into(query) {
                Some(into) => self.select_into(query, into).await,
                None => unreachable!("other queries are planned"),
            },
            ast::Statement::CreateTable(create) => self.create_table(create).await,
            ast::Statement::CreateIndex(create) => self.create_index(create).await,
            ast::Statement::AlterTable(alter) => self.alter_table(alter).await,
            ast::Statement::Truncate(truncate) => self.truncate(truncate).await,
            ast::Statement::CreateView(create) => self.create_view(create).await,
            ast::Statement::CreateSchema { schema_name, if_not_exists, .. } => {
                self.create_schema(schema_name, *if_not_exists).await
            }
            ast::Statement::Drop {
                object_type: ast::ObjectType::Schema, names, if_exists, cascade, ..
            } => self.drop_schemas(names, *if_exists, *cascade).await,
            ast::Statement::Drop { object_type, names, if_exists, cascade, .. }
                if let Some(kind) = dropped(object_type) =>
            {
                self.drop_relations(kind, names, *if_exists, *cascade).await
            }
            ast::Statement::Lock(lock) => self.lock_tables(lock).await,
            ast::Statement::Set(ast::Set::SingleAssignment { variable, values, .. })
                if variable.to_string().trim_matches('"') == CONSTRAINTS =>
            {
                self.set_constraints(values).await
            }
            other => Err(unsupported(construct(other))),
        }
    }

    /// Takes the snapshot, where one serves all statements.
    pub fn keep_snapshot(&self) {
        self.with(|database| {
            if database.session(self.session).transaction().keeps_snapshot() {
                database.reader(self.session);
            }
        });
    }
}

impl Executor {
    /// Executes a statement that the parser does not know.
    ///
    /// # Errors
    /// Those of the statement.
    pub async fn command(&self, command: &Command) -> Result<Reply, SqlError> {
        let is_read_only = self.with(|database| database.session(self.session).transaction().is_read_only);
        if is_read_only && !command.is_read_only() {
            return Err(read_only(command.verb()));
        }
        if !matches!(command, Command::SetRole(_) | Command::SetSessionAuthorization(_)) {
            self.await_safe_snapshot().await?;
            self.keep_snapshot();
        }
        match command {
            Command::CreateSequence { name, temporary, if_not_exists, options } => {
                self.create_sequence(name, *temporary, *if_not_exists, options).await
            }
            Command::AlterSequence { name, if_exists, options } => {
                self.alter_sequence(name, *if_exists, options).await
            }
            Command::CreateMaterializedView { name, if_not_exists, columns, query, with_data } => {
                self.create_materialized_view(name, *if_not_exists, columns, query, *with_data).await
            }
            Command::RefreshMaterializedView { name, concurrently, with_data } => {
                self.refresh_materialized_view(name, *concurrently, *with_data).await
            }
            Command::Rename { kind, name, if_exists, to } => self.rename(*kind, name, *if_exists, to).await,
            Command::Move { kind, name, if_exists, to } => {
                self.change_schema(*kind, name, *if_exists, to).await
            }
            Command::ChangeOwner { kind, name, if_exists, to } => {
                self.change_owner(*kind, name, *if_exists, to).await
            }
            Command::Comment { kind, name, text } => self.comment(*kind, name, text.as_deref()).await,
            Command::CreateRole { name, options } => self.create_role(name, options).await,
            Command::AlterRole { name, options } => self.alter_role(name, options).await,
            Command::DropRoles { names, if_exists } => self.drop_roles(names, *if_exists).await,
            Command::Grant(grant) => self.grant(grant).await,
            Command::Membership(membership) => self.change_membership(membership).await,
            Command::SetRole(name) => self.set_role(name.as_ref()),
            Command::SetSessionAuthorization(name) => self.set_session_authorization(name.as_ref()),
            Command::Copy(copy) => self.copy(copy).await,
            Command::CreateDatabase { name, owner } => self.create_database(name, owner.as_ref()).await,
            Command::DropDatabase { name, if_exists } => self.drop_database(name, *if_exists).await,
        }
    }
}

/// What DROP drops, where that is a relation.
fn dropped(object_type: &ast::ObjectType) -> Option<Kind> {
    match object_type {
        ast::ObjectType::Table => Some(Kind::Table),
        ast::ObjectType::Index => Some(Kind::Index),
        ast::ObjectType::View => Some(Kind::View),
        ast::ObjectType::MaterializedView => Some(Kind::MaterializedView),
        ast::ObjectType::Sequence => Some(Kind::Sequence),
        _ => None,
    }
}

/// With one snapshot for all statements the first takes it, whatever it does, except for some that are about the
/// transaction itself (PostgreSQL's PlannedStmtRequiresSnapshot).
pub(crate) fn takes_snapshot(ast: &ast::Statement) -> bool {
    !matches!(ast, ast::Statement::Lock(_) | ast::Statement::Set(_) | ast::Statement::ShowVariable { .. })
}

/// What a statement that defines something is called.
fn verb(ast: &ast::Statement) -> Option<String> {
    let verb = match ast {
        ast::Statement::Query(_) => "SELECT INTO",
        ast::Statement::CreateTable(create) if create.query.is_some() => "CREATE TABLE AS",
        ast::Statement::CreateTable(_) => "CREATE TABLE",
        ast::Statement::CreateIndex(_) => "CREATE INDEX",
        ast::Statement::CreateView(_) => "CREATE VIEW",
        ast::Statement::CreateSchema { .. } => "CREATE SCHEMA",
        ast::Statement::AlterTable(_) => "ALTER TABLE",
        ast::Statement::Truncate(_) => "TRUNCATE TABLE",
        ast::Statement::Drop { object_type, .. } => return Some(format!("DROP {object_type}")),
        _ => return None,
    };
    Some(verb.to_owned())
}

/// The first words of a statement, which name it.
pub(crate) fn construct(ast: &ast::Statement) -> String {
    let text = ast.to_string();
    let is_keyword = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    let words: Vec<&str> = text.split_whitespace().take(3).take_while(is_keyword).collect();
    words.join(" ")
}
