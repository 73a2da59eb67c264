//! SET, RESET and SHOW.

use super::Modes;
use crate::error::{error, unsupported};
use crate::executor::Executor;
use crate::settings;
use drawloom_model::{Reply, SqlError, Value};
use std::rc::Rc;

impl Executor {
    pub(super) fn set_transaction(&self, modes: Modes) -> Result<(), SqlError> {
        self.set_modes(modes)?;
        if !self.is_in_transaction() {
            self.warning("SET TRANSACTION can only be used in transaction blocks");
        }
        Ok(())
    }

    pub(super) fn set_default_modes(&self, modes: Modes) -> Result<(), SqlError> {
        let is_on = |on: bool| if on { "on" } else { "off" };
        let settings = [
            ("default_transaction_isolation", modes.isolation.map(settings::level)),
            ("default_transaction_read_only", modes.is_read_only.map(is_on)),
            ("default_transaction_deferrable", modes.is_deferrable.map(is_on)),
        ];
        for (name, value) in settings {
            if let Some(value) = value {
                self.set(name, Some(&[value.into()]), false)?;
            }
        }
        Ok(())
    }

    /// Sets a setting; no value is the default.
    ///
    /// # Errors
    /// There is none of this name, or it does not take this value.
    pub fn set(&self, name: &str, values: Option<&[Rc<str>]>, local: bool) -> Result<(), SqlError> {
        if local && !self.is_in_transaction() {
            self.warning("SET LOCAL can only be used in transaction blocks");
        }
        if let Some(modes) = transaction_mode(name, values)? {
            return self.set_modes(modes);
        }
        self.with(|database| {
            database.ends_idle |= name.to_ascii_lowercase().starts_with("idle_");
            let settings = &mut database.session_mut(self.session).settings;
            match values {
                Some(values) => settings.set(name, values, local),
                None => settings.reset(name, local),
            }
        })
    }

    /// `set_config`
    ///
    /// # Errors
    /// As for SET.
    pub fn configure(&self, name: &str, value: Option<Rc<str>>, local: bool) -> Result<(), SqlError> {
        let values = value.map(|value| settings::items(name, &value));
        match transaction_mode(name, values.as_deref())? {
            Some(modes) => self.set_modes(modes),
            None => self.with(|database| {
                database.ends_idle |= name.to_ascii_lowercase().starts_with("idle_");
                let settings = &mut database.session_mut(self.session).settings;
                match &values {
                    Some(values) => settings.set(name, values, local),
                    None => settings.reset(name, local),
                }
            }),
        }
    }

    pub(super) fn reset(&self, name: Option<&str>) -> Result<(), SqlError> {
        match name {
            Some(name) => self.set(name, None, false),
            None => {
                self.with(|database| database.session_mut(self.session).settings.reset_all());
                Ok(())
            }
        }
    }

    pub(super) fn show(&self, name: &str) -> Result<Reply, SqlError> {
        if name == "all" {
            return Err(unsupported("SHOW ALL"));
        }
        let value = self.with(|database| database.session(self.session).setting(name))?;
        let name = match name {
            "timezone" => "TimeZone",
            "datestyle" => "DateStyle",
            "intervalstyle" => "IntervalStyle",
            name => name,
        };
        let columns: Rc<[String]> = [name.to_owned()].into();
        Ok(Reply { columns, rows: vec![vec![Value::Text(value.to_string())]], ..Reply::default() })
    }

    /// Whether the statement is not a transaction of its own.
    pub fn is_in_transaction(&self) -> bool {
        self.with(|database| database.session(self.session).is_in_transaction())
    }

    /// Refuses a statement that must be a transaction of its own.
    ///
    /// # Errors
    /// `25001`
    pub fn refuse_block(&self, statement: &str) -> Result<(), SqlError> {
        if self.is_in_transaction() {
            return Err(error("25001", format!("{statement} cannot run inside a transaction block")));
        }
        Ok(())
    }
}

/// What a setting says that is the transaction's.
fn transaction_mode(name: &str, values: Option<&[Rc<str>]>) -> Result<Option<Modes>, SqlError> {
    let name = name.to_ascii_lowercase();
    let value = match (&*name, values) {
        ("transaction_isolation" | "transaction_read_only" | "transaction_deferrable", None) => {
            return Err(error("55P02", format!("parameter \"{name}\" cannot be reset")));
        }
        ("transaction_isolation" | "transaction_read_only" | "transaction_deferrable", Some([value])) => {
            value
        }
        _ => return Ok(None),
    };
    let value = settings::checked(&name, value)?;
    let is_on = Some(value == "on");
    Ok(Some(match &*name {
        "transaction_isolation" => Modes { isolation: settings::isolation(&value), ..Modes::default() },
        "transaction_read_only" => Modes { is_read_only: is_on, ..Modes::default() },
        _ => Modes { is_deferrable: is_on, ..Modes::default() },
    }))
}
