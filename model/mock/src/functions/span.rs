//! Spans between moments, and spans put in order.

use super::Moment;
use super::catalog::{Entry, INTERVAL, TIMESTAMP, TIMESTAMPTZ, entry};
use super::time::{interval, interval_of, interval_out_of_range, is_infinite, timestamp};
use crate::error::unsupported;
use crate::types::moment::split;
use crate::types::{CivilDate, DAY_US, Datum};
use drawloom_model::SqlError;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// The difference in years, months, days and time, as people count.
fn age(_: &Moment, arguments: &[Datum]) -> Result {
    let (left, right) = (timestamp(&arguments[0])?, timestamp(&arguments[1])?);
    if is_infinite(left) || is_infinite(right) {
        return Err(unsupported("the age of an infinite timestamp"));
    }
    let sign = if left < right { -1 } else { 1 };
    let (early, late) = if left < right { (left, right) } else { (right, left) };
    let ((early_days, early_us), (late_days, late_us)) = (split(early), split(late));
    let (from, to) = (CivilDate::of(early_days), CivilDate::of(late_days));
    let mut months = (to.year - from.year) * 12 + to.month - from.month;
    let mut days = to.day - from.day;
    let mut time_us = late_us - early_us;
    if time_us < 0 {
        time_us += DAY_US;
        days -= 1;
    }
    if days < 0 {
        // A month is as long as the earlier timestamp's.
        days += CivilDate::month_length(from.year, from.month);
        months -= 1;
    }
    Ok(interval_of((sign * months) as i32, (sign * days) as i32, sign * time_us))
}

fn age_today(moment: &Moment, arguments: &[Datum]) -> Result {
    let midnight_us = split(moment.transaction_us).0 * DAY_US;
    age(moment, &[Datum::Timestamp(midnight_us), arguments[0].clone()])
}

fn sum_of(months: i64, days: i64, time_us: i64) -> Result {
    match (i32::try_from(months), i32::try_from(days)) {
        (Ok(months), Ok(days)) => Ok(interval_of(months, days, time_us)),
        _ => Err(interval_out_of_range()),
    }
}

fn justify_hours(_: &Moment, arguments: &[Datum]) -> Result {
    let span = interval(&arguments[0]);
    let (mut days, mut time_us) = (i64::from(span.days) + span.time_us / DAY_US, span.time_us % DAY_US);
    if days > 0 && time_us < 0 {
        (days, time_us) = (days - 1, time_us + DAY_US);
    } else if days < 0 && time_us > 0 {
        (days, time_us) = (days + 1, time_us - DAY_US);
    }
    sum_of(i64::from(span.months), days, time_us)
}

fn justify_days(_: &Moment, arguments: &[Datum]) -> Result {
    let span = interval(&arguments[0]);
    let (mut months, mut days) =
        (i64::from(span.months) + i64::from(span.days / 30), i64::from(span.days % 30));
    if months > 0 && days < 0 {
        (months, days) = (months - 1, days + 30);
    } else if months < 0 && days > 0 {
        (months, days) = (months + 1, days - 30);
    }
    sum_of(months, days, span.time_us)
}

fn justify_interval(_: &Moment, arguments: &[Datum]) -> Result {
    let span = interval(&arguments[0]);
    let mut days = i64::from(span.days) + span.time_us / DAY_US;
    let mut time_us = span.time_us % DAY_US;
    let mut months = i64::from(span.months) + days / 30;
    days %= 30;
    if months > 0 && (days < 0 || days == 0 && time_us < 0) {
        (months, days) = (months - 1, days + 30);
    } else if months < 0 && (days > 0 || days == 0 && time_us > 0) {
        (months, days) = (months + 1, days - 30);
    }
    if days > 0 && time_us < 0 {
        (days, time_us) = (days - 1, time_us + DAY_US);
    } else if days < 0 && time_us > 0 {
        (days, time_us) = (days + 1, time_us - DAY_US);
    }
    sum_of(months, days, time_us)
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("age", &[TIMESTAMP, TIMESTAMP], INTERVAL, age),
    entry("age", &[TIMESTAMPTZ, TIMESTAMPTZ], INTERVAL, age),
    entry("age", &[TIMESTAMP], INTERVAL, age_today).stable(),
    entry("age", &[TIMESTAMPTZ], INTERVAL, age_today).stable(),
    entry("justify_hours", &[INTERVAL], INTERVAL, justify_hours),
    entry("justify_days", &[INTERVAL], INTERVAL, justify_days),
    entry("justify_interval", &[INTERVAL], INTERVAL, justify_interval),
];
