//! `boolean`, read as PostgreSQL's `bool.c` reads it.

use super::{Datum, input, stripped};
use drawloom_model::SqlError;

/// Any beginning of `true`, `false`, `yes`, `no`, of which there is no second; `on`, `off`, `1`, `0`.
pub(super) fn read(text: &str) -> Result<Datum, SqlError> {
    let word = stripped(text).to_ascii_lowercase();
    let begins = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if begins("true", 1) || begins("yes", 1) || begins("on", 2) || word == "1" {
        Ok(Datum::Bool(true))
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0" {
        Ok(Datum::Bool(false))
    } else {
        Err(input::malformed("boolean", text))
    }
}
