//! Values of settings, and the texts that stand for them.

use super::known::{Kind, changeable, known};
use crate::error::error;
use crate::options::Isolation;
use drawloom_model::SqlError;
use std::rc::Rc;

/// What a setting becomes that is set to these.
pub(super) fn value(name: &str, values: &[Rc<str>]) -> Result<Rc<str>, SqlError> {
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
pub(super) fn duration_ms(text: &str) -> Option<i64> {
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
