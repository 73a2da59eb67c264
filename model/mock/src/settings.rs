//! Run-time settings, `SET` and `SHOW` (PostgreSQL's manual, chapter 20).

use crate::error::error;
use crate::options::Isolation;
use drawloom_model::SqlError;
use drawloom_sim::SimDuration;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A session's settings: those that differ from the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    values: BTreeMap<Rc<str>, Rc<str>>,
}

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Text,
    /// Milliseconds, if no unit is named.
    Milliseconds,
    Number,
    Isolation,
}

/// Every setting that is known, with its default.
const KNOWN: &[(&str, Kind, &str)] = &[
    ("application_name", Kind::Text, ""),
    ("bytea_output", Kind::Text, "hex"),
    ("client_encoding", Kind::Text, "UTF8"),
    ("client_min_messages", Kind::Text, "notice"),
    ("datestyle", Kind::Text, "ISO, MDY"),
    ("deadlock_timeout", Kind::Milliseconds, "1s"),
    ("debug_parallel_query", Kind::Text, "off"),
    ("default_transaction_deferrable", Kind::Bool, "off"),
    ("default_transaction_isolation", Kind::Isolation, "read committed"),
    ("default_transaction_read_only", Kind::Bool, "off"),
    ("enable_bitmapscan", Kind::Bool, "on"),
    ("enable_hashagg", Kind::Bool, "on"),
    ("enable_hashjoin", Kind::Bool, "on"),
    ("enable_indexonlyscan", Kind::Bool, "on"),
    ("enable_indexscan", Kind::Bool, "on"),
    ("enable_material", Kind::Bool, "on"),
    ("enable_mergejoin", Kind::Bool, "on"),
    ("enable_nestloop", Kind::Bool, "on"),
    ("enable_seqscan", Kind::Bool, "on"),
    ("enable_sort", Kind::Bool, "on"),
    ("extra_float_digits", Kind::Number, "1"),
    ("force_parallel_mode", Kind::Text, "off"),
    ("idle_in_transaction_session_timeout", Kind::Milliseconds, "0"),
    ("idle_session_timeout", Kind::Milliseconds, "0"),
    ("intervalstyle", Kind::Text, "postgres"),
    ("lock_timeout", Kind::Milliseconds, "0"),
    ("max_parallel_workers_per_gather", Kind::Number, "2"),
    ("min_parallel_index_scan_size", Kind::Text, "512kB"),
    ("min_parallel_table_scan_size", Kind::Text, "8MB"),
    ("parallel_leader_participation", Kind::Bool, "on"),
    ("parallel_setup_cost", Kind::Number, "1000"),
    ("parallel_tuple_cost", Kind::Number, "0.1"),
    ("plan_cache_mode", Kind::Text, "auto"),
    ("search_path", Kind::Text, "\"$user\", public"),
    ("server_version", Kind::Text, "15.18"),
    ("server_version_num", Kind::Number, "150018"),
    ("standard_conforming_strings", Kind::Bool, "on"),
    ("statement_timeout", Kind::Milliseconds, "0"),
    ("synchronous_commit", Kind::Text, "on"),
    ("timezone", Kind::Text, "Etc/UTC"),
    ("transaction_isolation", Kind::Isolation, "read committed"),
    ("transaction_read_only", Kind::Bool, "off"),
    ("work_mem", Kind::Text, "4MB"),
];

impl Settings {
    /// The value of a setting, as SHOW prints it.
    ///
    /// # Errors
    /// `42704`: there is no such setting.
    pub fn get(&self, name: &str) -> Result<Rc<str>, SqlError> {
        let name = name.to_ascii_lowercase();
        match self.values.get(&*name) {
            Some(value) => Ok(value.clone()),
            None => Ok(known(&name)?.2.into()),
        }
    }

    /// Sets it.
    ///
    /// # Errors
    /// `42704`: there is no such setting; `22023`: the value is none for it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SqlError> {
        let name = name.to_ascii_lowercase();
        // An application's own settings have a dot in their names.
        let value =
            if name.contains('.') { value.to_owned() } else { normal(&name, known(&name)?.1, value)? };
        self.values.insert(name.into(), value.into());
        Ok(())
    }

    /// Back to the default.
    pub fn reset(&mut self, name: &str) {
        self.values.remove(&*name.to_ascii_lowercase());
    }

    /// A timeout; `None` is none.
    pub fn timeout(&self, name: &str) -> Option<SimDuration> {
        // Most sessions set nothing.
        let value = self.values.get(name)?;
        let duration_us = duration_us(value).expect("a setting is read when it is set");
        (duration_us > 0).then_some(SimDuration(duration_us))
    }

    /// Whether a planner's method may be used.
    pub fn is_on(&self, name: &str) -> bool {
        self.values.get(name).is_none_or(|value| **value != *"off")
    }

    /// The level of transactions that do not say theirs, if it was set.
    pub fn isolation(&self) -> Option<Isolation> {
        isolation(self.values.get("default_transaction_isolation")?)
    }

    /// Whether transactions that do not say otherwise may not write.
    pub fn is_read_only(&self) -> bool {
        self.values.get("default_transaction_read_only").is_some_and(|value| **value == *"on")
    }
}

fn known(name: &str) -> Result<&'static (&'static str, Kind, &'static str), SqlError> {
    let unknown = || error("42704", format!("unrecognized configuration parameter \"{name}\""));
    KNOWN.iter().find(|(known, ..)| *known == name).ok_or_else(unknown)
}

fn normal(name: &str, kind: Kind, value: &str) -> Result<String, SqlError> {
    let invalid = || error("22023", format!("invalid value for parameter \"{name}\": \"{value}\""));
    match kind {
        Kind::Text => Ok(value.to_owned()),
        Kind::Bool => match value.to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" | "1" | "t" => Ok("on".to_owned()),
            "off" | "false" | "no" | "0" | "f" => Ok("off".to_owned()),
            _ => Err(error("22023", format!("parameter \"{name}\" requires a Boolean value"))),
        },
        Kind::Milliseconds => duration_us(value).map(|_| value.to_owned()).ok_or_else(invalid),
        Kind::Number => value.trim().parse::<f64>().map(|_| value.to_owned()).map_err(|_| invalid()),
        Kind::Isolation => isolation(value).map(|_| value.to_ascii_lowercase()).ok_or_else(invalid),
    }
}

/// The level of this name.
pub(crate) fn isolation(name: &str) -> Option<Isolation> {
    match name.to_ascii_lowercase().as_str() {
        "read uncommitted" => Some(Isolation::ReadUncommitted),
        "read committed" => Some(Isolation::ReadCommitted),
        "repeatable read" => Some(Isolation::RepeatableRead),
        "serializable" => Some(Isolation::Serializable),
        _ => None,
    }
}

/// A number and a unit; without one it is milliseconds.
fn duration_us(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit_us = match text[digits..].trim() {
        "us" => 1.0,
        "" | "ms" => 1e3,
        "s" => 1e6,
        "min" => 60e6,
        "h" => 3600e6,
        "d" => 86_400e6,
        _ => return None,
    };
    let duration_us = number * unit_us;
    (duration_us < 9e15).then_some(duration_us as u64)
}
