//! Run-time settings, `SET` and `SHOW` (PostgreSQL's manual, chapter 20).

mod known;
mod value;

pub(crate) use value::{checked, isolation, items, level};

use crate::options::Isolation;
use drawloom_model::SqlError;
use drawloom_sim::SimDuration;
use known::{KNOWN, changeable, known};
use std::collections::BTreeMap;
use std::rc::Rc;
use value::{duration_ms, value};

/// A session's settings: those that differ from the defaults. A transaction keeps a copy to go back to, which
/// costs nothing until something is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    session: Rc<Values>,
    /// What SET LOCAL has set, until the transaction ends.
    local: Rc<Values>,
}

type Values = BTreeMap<Rc<str>, Rc<str>>;

impl Settings {
    /// The value of a setting, as SHOW prints it.
    ///
    /// # Errors
    /// `42704`: there is no such setting.
    pub fn get(&self, name: &str) -> Result<Rc<str>, SqlError> {
        let name = name.to_ascii_lowercase();
        match self.own(&name) {
            Some(value) => Ok(value.clone()),
            None => Ok(known(&name)?.2.into()),
        }
    }

    /// Its value, if it was set.
    pub fn own(&self, name: &str) -> Option<&Rc<str>> {
        self.local.get(name).or_else(|| self.session.get(name))
    }

    /// Sets it, for the transaction or for good.
    ///
    /// # Errors
    /// `42704`: there is no such setting; `22023`: the value is none for it; `55P02`: it is fixed.
    pub fn set(&mut self, name: &str, values: &[Rc<str>], local: bool) -> Result<(), SqlError> {
        let name: Rc<str> = name.to_ascii_lowercase().into();
        let value = value(&name, values)?;
        if local {
            Rc::make_mut(&mut self.local).insert(name, value);
        } else {
            self.forget_local(&name);
            Rc::make_mut(&mut self.session).insert(name, value);
        }
        Ok(())
    }

    /// Every setting that is known, and its value.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, Rc<str>)> {
        KNOWN
            .iter()
            .map(|(name, _, usual)| (*name, self.own(name).cloned().unwrap_or_else(|| (*usual).into())))
    }

    /// Back to the default.
    ///
    /// # Errors
    /// `42704`: there is no such setting; `55P02`: it is fixed.
    pub fn reset(&mut self, name: &str, local: bool) -> Result<(), SqlError> {
        let name: Rc<str> = name.to_ascii_lowercase().into();
        // An application's own setting that was ever set is an empty text.
        let default: Rc<str> = if name.contains('.') { "".into() } else { changeable(&name)?.2.into() };
        if local {
            Rc::make_mut(&mut self.local).insert(name, default);
            return Ok(());
        }
        self.forget_local(&name);
        if name.contains('.') {
            Rc::make_mut(&mut self.session).insert(name, default);
        } else if self.session.contains_key(&name) {
            Rc::make_mut(&mut self.session).remove(&name);
        }
        Ok(())
    }

    /// All back to their defaults.
    pub fn reset_all(&mut self) {
        *self = Settings::default();
    }

    /// The transaction is over.
    pub fn end_local(&mut self) {
        if !self.local.is_empty() {
            self.local = Rc::default();
        }
    }

    fn forget_local(&mut self, name: &str) {
        if self.local.contains_key(name) {
            Rc::make_mut(&mut self.local).remove(name);
        }
    }

    /// A timeout; `None` is none.
    pub fn timeout(&self, name: &str) -> Option<SimDuration> {
        // Most sessions set nothing.
        let value = self.own(name)?;
        let duration_ms = duration_ms(value).expect("a setting is read when it is set");
        (duration_ms > 0).then(|| SimDuration::millis(duration_ms.unsigned_abs()))
    }

    /// The level of transactions that do not say theirs, if it was set.
    pub fn isolation(&self) -> Option<Isolation> {
        isolation(self.own("default_transaction_isolation")?)
    }

    /// Whether transactions that do not say otherwise may not write.
    pub fn is_read_only(&self) -> bool {
        self.is_on_by_default("default_transaction_read_only")
    }

    /// Whether COMMIT answers only when the transaction is durable (`synchronous_commit`).
    pub fn waits_for_disk(&self) -> bool {
        self.own("synchronous_commit").is_none_or(|value| **value != *"off")
    }

    /// Whether COMMIT answers only when the standby has the transaction, too.
    pub fn waits_for_standby(&self) -> bool {
        self.own("synchronous_commit").is_none_or(|value| !matches!(&**value, "off" | "local"))
    }

    /// Whether a setting that is off by default was turned on.
    pub fn is_on_by_default(&self, name: &str) -> bool {
        self.own(name).is_some_and(|value| **value == *"on")
    }
}
