//! Dates, times and timestamps: read, printed, cast.

use super::cast::Cast;
use super::{Datum, Scalar};
use crate::error::unsupported;
use drawloom_model::SqlError;

pub(super) fn read(_: &str, scalar: Scalar) -> Result<Datum, SqlError> {
    Err(unsupported(scalar.name()))
}

pub(super) fn print_date(_: i32) -> String {
    String::new()
}

pub(super) fn print_time(_: i64) -> String {
    String::new()
}

pub(super) fn print_timestamp(_: i64, _: bool) -> String {
    String::new()
}

pub(super) fn cast(_: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    Err(unsupported(cast.to.scalar.name()))
}
