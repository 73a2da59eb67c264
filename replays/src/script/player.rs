//! Who plays a script: sessions by name, on a driven mock.

use super::failure;
use super::line::Line;
use crate::isolation::driver::{Driver, Heard};
use crate::isolation::field::field;
use drawloom_mock::{Mock, Options};
use drawloom_model::{Reply, SqlError};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many characters rows may take on one line together.
const WIDTH_MAX: usize = 100;

/// The sessions of a script, each opened when it is first named.
pub struct Player<'a> {
    driver: Driver,
    clients: BTreeMap<&'a str, usize>,
    /// Those that wait, in the order in which they began to, with what they said.
    waiting: Vec<(&'a str, Cow<'a, str>)>,
}

impl<'a> Player<'a> {
    /// A mock without data.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(options: Options) -> Result<Player<'a>, SqlError> {
        let driver = Driver::start(Box::new(Mock::new(options)), 0)?;
        Ok(Player { driver, clients: BTreeMap::new(), waiting: Vec::new() })
    }

    /// Takes a line. What came of it, a line each.
    ///
    /// # Errors
    /// The line has no place here.
    pub fn take(&mut self, line: Line<'a>) -> Result<Vec<String>, String> {
        let mut said = Vec::new();
        match &line {
            Line::Silent | Line::GoesOn(_) => (),
            Line::Says { session, sql } => said = self.says(session, sql)?,
            Line::Wait(time) => {
                let until = self.driver.now() + *time;
                while self.driver.now() < until {
                    self.driver.pass(until);
                }
            }
            Line::Cancel(session) => {
                let client = self.client(session)?;
                self.driver.cancel(client);
            }
            Line::Disconnect(session) => {
                let client = self.client(session)?;
                self.clients.remove(*session);
                self.waiting.retain(|(name, _)| name != session);
                self.driver.close(client);
            }
            Line::Crash | Line::Restart => {
                self.clients.clear();
                self.waiting.clear();
                let again = if line == Line::Crash { Driver::crash } else { Driver::restart };
                again(&mut self.driver).map_err(|error| failure(&error))?;
            }
        }
        for (session, sql) in std::mem::take(&mut self.waiting) {
            let client = self.client(session)?;
            if self.driver.is_busy(client) {
                self.waiting.push((session, sql));
                continue;
            }
            let outcomes = self.heard(client, &sql);
            if outcomes.is_empty() {
                said.push(format!("{session} goes on"));
            }
            said.extend(outcomes.iter().map(|outcome| format!("{session} goes on: {outcome}")));
        }
        if let Line::Says { session, sql } = line
            && self.driver.is_busy(self.client(session)?)
        {
            said.push("waits".to_owned());
            self.waiting.push((session, sql));
        }
        Ok(said)
    }

    fn client(&self, session: &str) -> Result<usize, String> {
        self.clients.get(session).copied().ok_or_else(|| format!("{session} has said nothing yet"))
    }

    /// Says it, and hears what comes at once.
    fn says(&mut self, session: &'a str, sql: &str) -> Result<Vec<String>, String> {
        let client = match self.clients.get(session) {
            Some(client) => *client,
            None => self.driver.open().map_err(|error| failure(&error))?,
        };
        self.clients.insert(session, client);
        if self.driver.is_busy(client) {
            return Err(format!("{session} waits"));
        }
        self.driver.send(client, sql);
        Ok(if self.driver.is_busy(client) { Vec::new() } else { self.heard(client, sql) })
    }

    fn heard(&mut self, client: usize, sql: &str) -> Vec<String> {
        let mut said = Vec::new();
        for heard in self.driver.take_heard(client) {
            match heard {
                Heard::Notice(text) => {
                    // The message alone, as of an error.
                    let message = text.split_once("\nDETAIL:").map_or(&*text, |(message, _)| message);
                    said.push(message.replacen(":  ", " ", 1));
                }
                Heard::Notification(told) => {
                    said.push(format!("NOTIFY {} {}", told.channel, told.payload).trim_end().to_owned());
                }
                Heard::Answer(Ok(reply)) => said.extend(outcome(&reply, sql)),
                Heard::Answer(Err(error)) => said.push(failure(&error)),
            }
        }
        said
    }
}

/// What a statement came to: its rows, or how many it changed.
fn outcome(reply: &Rc<Reply>, sql: &str) -> Vec<String> {
    let verb = sql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let changes = matches!(verb.as_str(), "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "WITH" | "COPY");
    if reply.columns.is_empty() {
        let count = format!("{} row{}", reply.affected, if reply.affected == 1 { "" } else { "s" });
        return if changes { vec![count] } else { Vec::new() };
    }
    let row = |row: &Vec<_>| {
        let fields: Vec<String> =
            row.iter().map(|value| field(value).unwrap_or_else(|| "NULL".to_owned())).collect();
        format!("({})", fields.join(", "))
    };
    let rows: Vec<String> = reply.rows.iter().map(row).collect();
    let line = if rows.is_empty() { "no rows".to_owned() } else { rows.join(" ") };
    if line.chars().count() > WIDTH_MAX { rows } else { vec![line] }
}
