//! Arithmetic of dates, times and intervals (PostgreSQL's `date.c` and `timestamp.c`).

use super::Moment;
use super::arithmetic::division_by_zero;
use super::catalog::{DATE, Entry, FLOAT8, INT4, INTERVAL, TIME, TIMESTAMP, TIMESTAMPTZ, entry};
use crate::error::error;
use crate::types::moment::{self, date_out_of_range, midnight, timestamp_out_of_range};
use crate::types::{CivilDate, DAY_US, Datum, Interval};
use drawloom_model::SqlError;
use std::rc::Rc;

type Result<T = Datum> = std::result::Result<T, SqlError>;

/// An argument of `interval`.
pub(super) fn interval(argument: &Datum) -> &Interval {
    match argument {
        Datum::Interval(interval) => interval,
        other => unreachable!("an interval was promised, not {other:?}"),
    }
}

/// An argument of a type of timestamps; of a date its midnight.
pub(super) fn timestamp(argument: &Datum) -> Result<i64> {
    match argument {
        Datum::Timestamp(time_us) => Ok(*time_us),
        Datum::Date(days) => midnight(*days),
        other => unreachable!("a timestamp was promised, not {other:?}"),
    }
}

/// An argument of `date`.
pub(super) fn date(argument: &Datum) -> i32 {
    match argument {
        Datum::Date(days) => *days,
        other => unreachable!("a date was promised, not {other:?}"),
    }
}

/// An argument of `time`.
pub(super) fn time(argument: &Datum) -> i64 {
    match argument {
        Datum::Time(time_us) => *time_us,
        other => unreachable!("a time was promised, not {other:?}"),
    }
}

/// Whether a timestamp is an infinity.
pub(super) fn is_infinite(time_us: i64) -> bool {
    matches!(time_us, i64::MIN | i64::MAX)
}

/// What is said of an interval that is out of its range.
pub(super) fn interval_out_of_range() -> SqlError {
    error("22008", "interval out of range")
}

/// The interval of these fields.
pub(super) fn interval_of(months: i32, days: i32, time_us: i64) -> Datum {
    Datum::Interval(Rc::new(Interval { months, days, time_us }))
}

/// A timestamp moved by an interval: first by its months, to the month's last day if it is shorter, then by its days,
/// then by its time.
pub(super) fn moved(time_us: i64, by: &Interval) -> Result<i64> {
    if is_infinite(time_us) {
        return Ok(time_us);
    }
    let (mut days, time_of_day_us) = moment::split(time_us);
    if by.months != 0 {
        let CivilDate { year, month, day } = CivilDate::of(days);
        let months = year * 12 + month - 1 + i64::from(by.months);
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        days = CivilDate { year, month, day: day.min(CivilDate::month_length(year, month)) }.days();
    }
    let days = i128::from(days) + i128::from(by.days);
    let moved = days * i128::from(DAY_US) + i128::from(time_of_day_us) + i128::from(by.time_us);
    moment::timestamp(moved).ok_or_else(timestamp_out_of_range)
}

/// With the other sign.
pub(super) fn negated(interval: &Interval) -> Result<Interval> {
    let negated = || {
        Some(Interval {
            months: interval.months.checked_neg()?,
            days: interval.days.checked_neg()?,
            time_us: interval.time_us.checked_neg()?,
        })
    };
    negated().ok_or_else(interval_out_of_range)
}

fn operands(arguments: &[Datum]) -> (&Datum, &Interval) {
    match arguments {
        [Datum::Interval(by), other] if !matches!(other, Datum::Interval(_)) => (other, by),
        [other, by] => (other, interval(by)),
        _ => unreachable!("two operands were promised"),
    }
}

fn timestamp_plus(_: &Moment, arguments: &[Datum]) -> Result {
    let (start, by) = operands(arguments);
    Ok(Datum::Timestamp(moved(timestamp(start)?, by)?))
}

fn timestamp_minus_interval(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Timestamp(moved(timestamp(&arguments[0])?, &negated(interval(&arguments[1]))?)?))
}

fn timestamp_minus(_: &Moment, arguments: &[Datum]) -> Result {
    let (left, right) = (timestamp(&arguments[0])?, timestamp(&arguments[1])?);
    if is_infinite(left) || is_infinite(right) {
        return Err(error("22008", "cannot subtract infinite timestamps"));
    }
    // PostgreSQL 15 lets it wrap around.
    let difference = left.wrapping_sub(right);
    Ok(interval_of(0, (difference / DAY_US) as i32, difference % DAY_US))
}

fn date_plus(_: &Moment, arguments: &[Datum]) -> Result {
    let (days, count) = match arguments {
        [Datum::Int(count), Datum::Date(days)] | [Datum::Date(days), Datum::Int(count)] => (*days, *count),
        _ => unreachable!("a date and a number were promised"),
    };
    shifted(days, count)
}

fn date_minus_count(_: &Moment, arguments: &[Datum]) -> Result {
    match arguments {
        [Datum::Date(days), Datum::Int(count)] => shifted(*days, -count),
        _ => unreachable!("a date and a number were promised"),
    }
}

fn shifted(days: i32, count: i64) -> Result {
    if matches!(days, i32::MIN | i32::MAX) {
        return Ok(Datum::Date(days));
    }
    moment::date(i64::from(days) + count).map(Datum::Date).ok_or_else(date_out_of_range)
}

fn date_minus(_: &Moment, arguments: &[Datum]) -> Result {
    let (left, right) = (date(&arguments[0]), date(&arguments[1]));
    if [left, right].iter().any(|days| matches!(*days, i32::MIN | i32::MAX)) {
        return Err(error("22008", "cannot subtract infinite dates"));
    }
    Ok(Datum::Int(i64::from(left) - i64::from(right)))
}

fn date_plus_time(_: &Moment, arguments: &[Datum]) -> Result {
    let (days, time_us) = match arguments {
        [Datum::Date(days), Datum::Time(time_us)] | [Datum::Time(time_us), Datum::Date(days)] => {
            (*days, *time_us)
        }
        _ => unreachable!("a date and a time were promised"),
    };
    let start_us = midnight(days)?;
    if is_infinite(start_us) {
        return Ok(Datum::Timestamp(start_us));
    }
    let sum = i128::from(start_us) + i128::from(time_us);
    moment::timestamp(sum).map(Datum::Timestamp).ok_or_else(timestamp_out_of_range)
}

fn time_plus(_: &Moment, arguments: &[Datum]) -> Result {
    let (start, by) = operands(arguments);
    Ok(Datum::Time((time(start) + by.time_us % DAY_US).rem_euclid(DAY_US)))
}

fn time_minus_interval(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Time((time(&arguments[0]) - interval(&arguments[1]).time_us % DAY_US).rem_euclid(DAY_US)))
}

fn time_minus(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(interval_of(0, 0, time(&arguments[0]) - time(&arguments[1])))
}

/// The sum, if it is within the range.
pub(super) fn sum(left: &Interval, right: &Interval) -> Result<Interval> {
    let sum = || {
        Some(Interval {
            months: left.months.checked_add(right.months)?,
            days: left.days.checked_add(right.days)?,
            time_us: left.time_us.checked_add(right.time_us)?,
        })
    };
    sum().ok_or_else(interval_out_of_range)
}

fn interval_plus(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Interval(Rc::new(sum(interval(&arguments[0]), interval(&arguments[1]))?)))
}

fn interval_minus(_: &Moment, arguments: &[Datum]) -> Result {
    let (left, right) = (interval(&arguments[0]), interval(&arguments[1]));
    let difference = || {
        Some(Interval {
            months: left.months.checked_sub(right.months)?,
            days: left.days.checked_sub(right.days)?,
            time_us: left.time_us.checked_sub(right.time_us)?,
        })
    };
    Ok(Datum::Interval(Rc::new(difference().ok_or_else(interval_out_of_range)?)))
}

fn interval_negated(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Interval(Rc::new(negated(interval(&arguments[0]))?)))
}

fn interval_times(_: &Moment, arguments: &[Datum]) -> Result {
    let (factor, interval) = match arguments {
        [Datum::Float(factor), Datum::Interval(interval)]
        | [Datum::Interval(interval), Datum::Float(factor)] => (*factor, interval),
        _ => unreachable!("an interval and a number were promised"),
    };
    scaled(interval, |number| number * factor)
}

fn interval_over(_: &Moment, arguments: &[Datum]) -> Result {
    let Datum::Float(divisor) = arguments[1] else { unreachable!("a number was promised") };
    if divisor == 0.0 {
        return Err(division_by_zero());
    }
    scaled(interval(&arguments[0]), |number| number / divisor)
}

/// Each field scaled; what is left of months goes to the days, what is left of days to the time.
pub(super) fn scaled(interval: &Interval, scale: impl Fn(f64) -> f64) -> Result {
    const DAY_S: f64 = 86_400.0;
    let microseconds = |seconds: f64| (seconds * 1e6).round_ties_even() / 1e6;
    let whole = |number: f64| {
        let is_within = number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX);
        if is_within { Ok(number as i32) } else { Err(interval_out_of_range()) }
    };
    let months = scale(f64::from(interval.months));
    let days = scale(f64::from(interval.days));
    let (whole_months, mut whole_days) = (whole(months)?, whole(days)?);
    let month_days = microseconds((months - f64::from(whole_months)) * 30.0);
    let mut seconds = microseconds((days - f64::from(whole_days) + month_days - month_days.trunc()) * DAY_S);
    if seconds.abs() >= DAY_S {
        let extra = (seconds / DAY_S).trunc();
        whole_days = whole(f64::from(whole_days) + extra)?;
        seconds -= extra * DAY_S;
    }
    let whole_days = whole(f64::from(whole_days) + month_days.trunc())?;
    let time_us = (scale(interval.time_us as f64) + seconds * 1e6).round_ties_even();
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&time_us) {
        return Err(interval_out_of_range());
    }
    Ok(interval_of(whole_months, whole_days, time_us as i64))
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("+", &[TIMESTAMP, INTERVAL], TIMESTAMP, timestamp_plus),
    entry("+", &[INTERVAL, TIMESTAMP], TIMESTAMP, timestamp_plus),
    entry("+", &[TIMESTAMPTZ, INTERVAL], TIMESTAMPTZ, timestamp_plus).by_settings(),
    entry("+", &[INTERVAL, TIMESTAMPTZ], TIMESTAMPTZ, timestamp_plus).by_settings(),
    entry("+", &[DATE, INTERVAL], TIMESTAMP, timestamp_plus),
    entry("+", &[INTERVAL, DATE], TIMESTAMP, timestamp_plus),
    entry("+", &[DATE, INT4], DATE, date_plus),
    entry("+", &[INT4, DATE], DATE, date_plus),
    entry("+", &[DATE, TIME], TIMESTAMP, date_plus_time),
    entry("+", &[TIME, DATE], TIMESTAMP, date_plus_time),
    entry("+", &[TIME, INTERVAL], TIME, time_plus),
    entry("+", &[INTERVAL, TIME], TIME, time_plus),
    entry("+", &[INTERVAL, INTERVAL], INTERVAL, interval_plus),
    entry("-", &[TIMESTAMP, INTERVAL], TIMESTAMP, timestamp_minus_interval),
    entry("-", &[TIMESTAMPTZ, INTERVAL], TIMESTAMPTZ, timestamp_minus_interval).by_settings(),
    entry("-", &[DATE, INTERVAL], TIMESTAMP, timestamp_minus_interval),
    entry("-", &[TIMESTAMP, TIMESTAMP], INTERVAL, timestamp_minus),
    entry("-", &[TIMESTAMPTZ, TIMESTAMPTZ], INTERVAL, timestamp_minus),
    entry("-", &[DATE, INT4], DATE, date_minus_count),
    entry("-", &[DATE, DATE], INT4, date_minus),
    entry("-", &[TIME, INTERVAL], TIME, time_minus_interval),
    entry("-", &[TIME, TIME], INTERVAL, time_minus),
    entry("-", &[INTERVAL, INTERVAL], INTERVAL, interval_minus),
    entry("-", &[INTERVAL], INTERVAL, interval_negated),
    entry("*", &[INTERVAL, FLOAT8], INTERVAL, interval_times),
    entry("*", &[FLOAT8, INTERVAL], INTERVAL, interval_times),
    entry("/", &[INTERVAL, FLOAT8], INTERVAL, interval_over),
];
