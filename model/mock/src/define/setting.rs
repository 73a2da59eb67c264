//! SET and SHOW.

use crate::error::unsupported;
use crate::executor::Executor;
use drawloom_model::{Reply, SqlError, Value};
use sqlparser::ast;
use std::rc::Rc;

impl Executor {
    pub(super) fn set(&self, set: &ast::Set) -> Result<Reply, SqlError> {
        match set {
            ast::Set::SingleAssignment {
                scope: None | Some(ast::ContextModifier::Session),
                variable,
                values,
                ..
            } => {
                let words: Vec<String> = values.iter().map(word).collect();
                let name = variable.to_string();
                self.with(|database| {
                    database.session_mut(self.session).settings.set(&name, &words.join(", "))
                })?;
            }
            ast::Set::SetTransaction { modes, snapshot: None, session: false } => self.set_modes(modes)?,
            other => return Err(unsupported(other)),
        }
        Ok(Reply::default())
    }

    pub(super) fn show(&self, variable: &[ast::Ident]) -> Result<Reply, SqlError> {
        let words: Vec<String> = variable.iter().map(|ident| ident.value.to_lowercase()).collect();
        let name = match words.join(" ").as_str() {
            "transaction isolation level" => "transaction_isolation".to_owned(),
            "time zone" => "timezone".to_owned(),
            _ => words.join("."),
        };
        let value = self.with(|database| database.session(self.session).settings.get(&name))?;
        let columns: Rc<[String]> = [name].into();
        Ok(Reply { columns, rows: vec![vec![Value::Text(value.to_string())]], ..Reply::default() })
    }
}

/// What a setting is set to: a word or a literal.
fn word(value: &ast::Expr) -> String {
    match value {
        ast::Expr::Value(value) => match value.value.clone().into_string() {
            Some(text) => text,
            None => value.to_string(),
        },
        ast::Expr::Identifier(ident) => ident.value.clone(),
        other => other.to_string(),
    }
}
