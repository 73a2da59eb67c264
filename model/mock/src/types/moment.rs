//! Dates, times and timestamps: their ranges, how they are printed (ISO, in UTC) and cast.

use super::cast::Cast;
use super::{CivilDate, DAY_US, Datum, Interval, Scalar};
use crate::error::error;
use drawloom_model::SqlError;
use std::rc::Rc;

/// 4713-11-24 BC, in days since 2000-01-01.
const DATE_MIN: i64 = -2_451_545;
/// 5874897-12-31.
const DATE_MAX: i64 = 2_145_031_948;
/// The same day as `DATE_MIN`, in microseconds.
const TIMESTAMP_MIN: i64 = DATE_MIN * DAY_US;
/// 294277-01-01, which is too late.
const TIMESTAMP_END: i64 = 9_223_371_331_200_000_000;

/// The date of this many days, if it is within the range.
pub(crate) fn date(days: i64) -> Option<i32> {
    (DATE_MIN..=DATE_MAX).contains(&days).then_some(days as i32)
}

/// The timestamp, if it is within the range.
pub(crate) fn timestamp(time_us: i128) -> Option<i64> {
    (i128::from(TIMESTAMP_MIN)..i128::from(TIMESTAMP_END)).contains(&time_us).then_some(time_us as i64)
}

/// What is said of a date that is out of its range.
pub(crate) fn date_out_of_range() -> SqlError {
    error("22008", "date out of range")
}

/// What is said of a timestamp that is out of its range.
pub(crate) fn timestamp_out_of_range() -> SqlError {
    error("22008", "timestamp out of range")
}

/// Midnight of a date; the infinities stay what they are.
pub(crate) fn midnight(days: i32) -> Result<i64, SqlError> {
    match days {
        i32::MIN => Ok(i64::MIN),
        i32::MAX => Ok(i64::MAX),
        _ => timestamp(i128::from(days) * i128::from(DAY_US))
            .ok_or_else(|| error("22008", "date out of range for timestamp")),
    }
}

/// The day and the time in it.
pub(crate) fn split(time_us: i64) -> (i64, i64) {
    (time_us.div_euclid(DAY_US), time_us.rem_euclid(DAY_US))
}

/// See `Cast`.
pub(super) fn cast(datum: &Datum, cast: &Cast) -> Result<Datum, SqlError> {
    Ok(match (datum, cast.to.scalar) {
        (Datum::Date(days), _) => Datum::Timestamp(midnight(*days)?),
        (Datum::Timestamp(i64::MIN), Scalar::Date) => Datum::Date(i32::MIN),
        (Datum::Timestamp(i64::MAX), Scalar::Date) => Datum::Date(i32::MAX),
        (Datum::Timestamp(time_us), Scalar::Date) => Datum::Date(split(*time_us).0 as i32),
        (Datum::Timestamp(i64::MIN | i64::MAX), _) => Datum::Null,
        (Datum::Timestamp(time_us), _) => Datum::Time(split(*time_us).1),
        (Datum::Time(time_us), _) => {
            Datum::Interval(Rc::new(Interval { time_us: *time_us, ..Interval::default() }))
        }
        (Datum::Interval(interval), _) => Datum::Time(split(interval.time_us).1),
        _ => unreachable!("no other type is cast here"),
    })
}

fn day(days: i64) -> (String, &'static str) {
    let CivilDate { year, month, day } = CivilDate::of(days);
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

/// `1999-01-08`, `0044-03-15 BC`.
pub(super) fn print_date(days: i32) -> String {
    match days {
        i32::MIN => "-infinity".into(),
        i32::MAX => "infinity".into(),
        _ => {
            let (day, era) = day(i64::from(days));
            day + era
        }
    }
}

/// `04:05:06.789`; also of more than a day.
pub(super) fn print_time(time_us: i64) -> String {
    let time_us = time_us.unsigned_abs();
    let (seconds, fraction) = (time_us / 1_000_000, time_us % 1_000_000);
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 { text } else { format!("{text}.{fraction:06}").trim_end_matches('0').into() }
}

/// `1999-01-08 04:05:06`, with `+00` behind it if it has a time zone.
pub(super) fn print_timestamp(time_us: i64, has_zone: bool) -> String {
    match time_us {
        i64::MIN => "-infinity".into(),
        i64::MAX => "infinity".into(),
        _ => {
            let (days, time_us) = split(time_us);
            let (day, era) = day(days);
            format!("{day} {}{}{era}", print_time(time_us), if has_zone { "+00" } else { "" })
        }
    }
}
