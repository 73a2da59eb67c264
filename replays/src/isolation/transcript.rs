//! What the tester says, as it says it, to whoever listens.

use super::field::field;
use super::rows;
use drawloom_model::{Reply, SqlError};
use std::ops::ControlFlow;
use std::rc::Rc;

/// What the tester prints, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// To stdout: the result.
    Result(&'a str),
    /// To stderr: what is wrong with the spec, or with preparing the database for it.
    Remark(&'a str),
}

impl<'a> Said<'a> {
    /// The text.
    pub fn text(self) -> &'a str {
        match self {
            Said::Result(text) | Said::Remark(text) => text,
        }
    }
}

/// Hears all that is said, and may stop the test.
pub type Listener<'a> = dyn FnMut(Said<'_>) -> ControlFlow<()> + 'a;

pub struct Transcript<'a> {
    listener: &'a mut Listener<'a>,
    /// The listener has heard enough.
    pub stopped: bool,
    /// What the backend said first that it does not support.
    pub lacks: Option<Box<str>>,
}

impl<'a> Transcript<'a> {
    pub fn new(listener: &'a mut Listener<'a>) -> Transcript<'a> {
        Transcript { listener, stopped: false, lacks: None }
    }

    pub fn say(&mut self, text: &str) {
        self.stopped |= (self.listener)(Said::Result(text)).is_break();
    }

    pub fn remark(&mut self, text: &str) {
        self.stopped |= (self.listener)(Said::Remark(text)).is_break();
    }

    /// The rows of a statement that returns any, or its error.
    pub fn answer(&mut self, answer: &Result<Rc<Reply>, SqlError>) {
        match answer {
            Ok(reply) if reply.columns.is_empty() => (),
            Ok(reply) => {
                let columns: Vec<&str> = reply.columns.iter().map(String::as_str).collect();
                let rows: Vec<Vec<Option<String>>> =
                    reply.rows.iter().map(|row| row.iter().map(field).collect()).collect();
                self.say(&rows::print(&columns, &rows));
            }
            Err(error) => {
                let text = self.error(error);
                self.say(&text);
            }
        }
    }

    /// The line of an error.
    pub fn error(&mut self, error: &SqlError) -> String {
        if error.sqlstate.as_str() == "0A000" && self.lacks.is_none() {
            self.lacks = Some(error.message.clone());
        }
        format!("ERROR:  {}\n", error.message)
    }
}
