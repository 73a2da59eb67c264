//! Run-time settings, `SET` and `SHOW` (PostgreSQL's manual, chapter 20).

use crate::error::error;
use crate::options::Isolation;
use drawloom_model::SqlError;
use drawloom_sim::SimDuration;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A session's settings: those that differ from the defaults. A transaction keeps a copy to go back to, which
/// costs nothing until something is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    session: Rc<Values>,
    /// What SET LOCAL has set, until the transaction ends.
    local: Rc<Values>,
}

type Values = BTreeMap<Rc<str>, Rc<str>>;

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    Text,
    /// Words with commas between them.
    List,
    /// Names with commas between them.
    Names,
    /// It is what it is.
    Fixed,
    /// It is set when the server starts.
    Started,
    /// Which messages the client wants to hear.
    Messages,
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
    ("client_min_messages", Kind::Messages, "notice"),
    ("datestyle", Kind::List, "ISO, MDY"),
    ("deadlock_timeout", Kind::Milliseconds, "1s"),
    ("cpu_index_tuple_cost", Kind::Number, "0.005"),
    ("cpu_operator_cost", Kind::Number, "0.0025"),
    ("cpu_tuple_cost", Kind::Number, "0.01"),
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
    ("max_connections", Kind::Started, "100"),
    ("max_prepared_transactions", Kind::Started, "64"),
    ("max_parallel_workers_per_gather", Kind::Number, "2"),
    ("min_parallel_index_scan_size", Kind::Text, "512kB"),
    ("min_parallel_table_scan_size", Kind::Text, "8MB"),
    ("parallel_leader_participation", Kind::Bool, "on"),
    ("parallel_setup_cost", Kind::Number, "1000"),
    ("parallel_tuple_cost", Kind::Number, "0.1"),
    ("plan_cache_mode", Kind::Text, "auto"),
    ("role", Kind::Text, "none"),
    ("random_page_cost", Kind::Number, "4"),
    ("search_path", Kind::Names, "\"$user\", public"),
    ("seq_page_cost", Kind::Number, "1"),
    ("server_version", Kind::Fixed, "15.18"),
    ("server_version_num", Kind::Fixed, "150018"),
    ("session_authorization", Kind::Text, "postgres"),
    ("standard_conforming_strings", Kind::Bool, "on"),
    ("statement_timeout", Kind::Milliseconds, "0"),
    ("synchronous_commit", Kind::Text, "on"),
    ("timezone", Kind::Text, "Etc/UTC"),
    ("transaction_isolation", Kind::Isolation, "read committed"),
    ("transaction_deferrable", Kind::Bool, "off"),
    ("transaction_read_only", Kind::Bool, "off"),
    ("vacuum_freeze_min_age", Kind::Number, "50000000"),
    ("vacuum_multixact_freeze_min_age", Kind::Number, "5000000"),
    ("work_mem", Kind::Text, "4MB"),
];

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

/// What a setting becomes that is set to these.
fn value(name: &str, values: &[Rc<str>]) -> Result<Rc<str>, SqlError> {
    if name.contains('.') {
        return Ok(values.join(", ").into());
    }
    let kind = changeable(name)?.1;
    match (kind, values) {
        (Kind::Names, _) => {
            let quoted: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            Ok(quoted.join(", ").into())
        }
        (_, [value]) => normal(name, kind, value).map(Rc::from),
        (Kind::List, _) => Ok(values.join(", ").into()),
        _ => Err(error("22023", format!("SET {name} takes only one argument"))),
    }
}

/// The parts of a value that came as one text.
pub(crate) fn items(name: &str, value: &str) -> Vec<Rc<str>> {
    let is_list = known(&name.to_ascii_lowercase()).is_ok_and(|known| known.1 == Kind::Names);
    if !is_list {
        return vec![value.into()];
    }
    let item = |item: &str| match item.trim() {
        item if item.len() > 1 && item.starts_with('"') && item.ends_with('"') => {
            item[1..item.len() - 1].replace("\"\"", "\"").into()
        }
        item => item.to_ascii_lowercase().into(),
    };
    value.split(',').map(item).collect()
}

/// A name as it has to be written in a list.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A setting that a session may set.
fn changeable(name: &str) -> Result<&'static (&'static str, Kind, &'static str), SqlError> {
    let known = known(name)?;
    match known.1 {
        Kind::Fixed => Err(error("55P02", format!("parameter \"{name}\" cannot be changed"))),
        Kind::Started => {
            let message = format!("parameter \"{name}\" cannot be changed without restarting the server");
            Err(error("55P02", message))
        }
        _ => Ok(known),
    }
}

fn known(name: &str) -> Result<&'static (&'static str, Kind, &'static str), SqlError> {
    let unknown = || error("42704", format!("unrecognized configuration parameter \"{name}\""));
    KNOWN.iter().find(|(known, ..)| *known == name).ok_or_else(unknown)
}

/// A value as the setting keeps it.
///
/// # Errors
/// `42704`, `22023`
pub(crate) fn checked(name: &str, value: &str) -> Result<String, SqlError> {
    normal(name, changeable(name)?.1, value)
}

fn normal(name: &str, kind: Kind, value: &str) -> Result<String, SqlError> {
    let invalid = || error("22023", format!("invalid value for parameter \"{name}\": \"{value}\""));
    match kind {
        Kind::Text | Kind::List | Kind::Names | Kind::Fixed | Kind::Started => Ok(value.to_owned()),
        Kind::Bool => match truth(value) {
            Some(truth) => Ok(if truth { "on" } else { "off" }.to_owned()),
            None => Err(error("22023", format!("parameter \"{name}\" requires a Boolean value"))),
        },
        Kind::Milliseconds => {
            let duration_ms = duration_ms(value).ok_or_else(invalid)?;
            if !(0..=i64::from(i32::MAX)).contains(&duration_ms) {
                let message = format!(
                    "{duration_ms} ms is outside the valid range for parameter \"{name}\" (0 .. {})",
                    i32::MAX
                );
                return Err(error("22023", message));
            }
            Ok(duration_text(duration_ms))
        }
        Kind::Number => value.trim().parse::<f64>().map(|_| value.to_owned()).map_err(|_| invalid()),
        Kind::Isolation => isolation(value).map(|_| value.to_ascii_lowercase()).ok_or_else(invalid),
        Kind::Messages => {
            let value = value.to_ascii_lowercase();
            let levels = [
                "debug5", "debug4", "debug3", "debug2", "debug1", "debug", "log", "notice", "warning",
                "error",
            ];
            levels.contains(&&*value).then_some(value).ok_or_else(invalid)
        }
    }
}

/// A truth value, or the beginning of its name.
fn truth(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |name: &str, least: usize| text.len() >= least && name.starts_with(&*text);
    if begins("on", 2) || begins("true", 1) || begins("yes", 1) || text == "1" {
        Some(true)
    } else if begins("off", 2) || begins("false", 1) || begins("no", 1) || text == "0" {
        Some(false)
    } else {
        None
    }
}

/// The name of a level; what PostgreSQL does not know is serializable to it.
pub(crate) fn level(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::ReadUncommitted => "read uncommitted",
        Isolation::ReadCommitted => "read committed",
        Isolation::RepeatableRead => "repeatable read",
        Isolation::Serializable | Isolation::Strict => "serializable",
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
fn duration_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit_ms = match text[digits..].trim() {
        "us" => 1e-3,
        "" | "ms" => 1.0,
        "s" => 1e3,
        "min" => 60e3,
        "h" => 3600e3,
        "d" => 86_400e3,
        _ => return None,
    };
    // What is out of range stays so.
    Some(libm::rint(number * unit_ms).clamp(-1e15, 1e15) as i64)
}

/// Milliseconds in the largest unit that gives a whole number.
fn duration_text(duration_ms: i64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")];
    match units.iter().find(|(unit_ms, _)| duration_ms > 0 && duration_ms % unit_ms == 0) {
        Some((unit_ms, unit)) => format!("{}{unit}", duration_ms / unit_ms),
        None if duration_ms == 0 => "0".to_owned(),
        None => format!("{duration_ms}ms"),
    }
}
