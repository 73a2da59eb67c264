//! Functions of dates and times (PostgreSQL's manual, section 9.9), in UTC.

use super::Moment;
use super::catalog::{BOOL, DATE, Entry, FLOAT8, INT4, INTERVAL, TEXT, TIME, TIMESTAMP, TIMESTAMPTZ, entry};
use super::text::{int, str};
use super::time::{interval, interval_of, is_infinite, moved, timestamp};
use crate::error::{error, unsupported};
use crate::types::moment::{self, split, timestamp_out_of_range};
use crate::types::{CivilDate, DAY_US, Datum, Interval, Scalar, Type, float, output};
use drawloom_model::SqlError;

type Result<T = Datum> = std::result::Result<T, SqlError>;

const SECOND_US: i64 = 1_000_000;
const MINUTE_US: i64 = 60 * SECOND_US;
const HOUR_US: i64 = 60 * MINUTE_US;

fn transaction(moment: &Moment, _: &[Datum]) -> Result {
    Ok(Datum::Timestamp(moment.transaction_us))
}

fn statement(moment: &Moment, _: &[Datum]) -> Result {
    Ok(Datum::Timestamp(moment.statement_us))
}

fn clock(moment: &Moment, _: &[Datum]) -> Result {
    Ok(Datum::Timestamp(moment.clock_us))
}

fn today(moment: &Moment, _: &[Datum]) -> Result {
    Ok(Datum::Date(split(moment.transaction_us).0 as i32))
}

fn time_of_day(moment: &Moment, _: &[Datum]) -> Result {
    Ok(Datum::Time(split(moment.transaction_us).1))
}

/// The canonical name of a unit that `date_trunc` knows, and `extract`.
pub(super) fn unit(name: &str) -> Option<&'static str> {
    Some(match name {
        "microsecond" | "microseconds" | "us" | "usec" | "usecs" | "useconds" => "microseconds",
        "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" | "mseconds" => "milliseconds",
        "second" | "seconds" | "s" | "sec" | "secs" => "second",
        "minute" | "minutes" | "m" | "min" | "mins" => "minute",
        "hour" | "hours" | "h" | "hr" | "hrs" => "hour",
        "day" | "days" | "d" => "day",
        "week" | "weeks" | "w" => "week",
        "month" | "months" | "mon" | "mons" => "month",
        "quarter" | "qtr" => "quarter",
        "year" | "years" | "y" | "yr" | "yrs" => "year",
        "decade" | "decades" | "dec" | "decs" => "decade",
        "century" | "centuries" | "c" | "cent" => "century",
        "millennium" | "millennia" | "mil" | "mils" => "millennium",
        _ => return None,
    })
}

/// What is said of a unit that a type does not know, or has nothing of.
pub(super) fn refused(name: &str, scalar: Scalar) -> SqlError {
    let of_extract = [
        "dow",
        "isodow",
        "doy",
        "isoyear",
        "epoch",
        "julian",
        "timezone",
        "timezone_hour",
        "timezone_minute",
    ];
    let (sqlstate, what) = if unit(name).is_some() || of_extract.contains(&name) {
        ("0A000", "not supported")
    } else {
        ("22023", "not recognized")
    };
    error(sqlstate, format!("unit \"{name}\" {what} for type {}", scalar.name()))
}

/// A number of years, cut to a whole number of spans; years are counted from 1.
fn first_year(year: i64, span: i64) -> i64 {
    if year > 0 { (year - 1) / span * span + 1 } else { -(span - 1 - (year - 1)) / span * span + 1 }
}

fn truncated(name: &str, time_us: i64, scalar: Scalar) -> Result<i64> {
    if is_infinite(time_us) {
        return Ok(time_us);
    }
    let lower = name.to_ascii_lowercase();
    let Some(unit) = unit(&lower) else {
        let of_extract = ["timezone", "timezone_hour", "timezone_minute"];
        let sqlstate = if of_extract.contains(&lower.as_str()) { "0A000" } else { "22023" };
        let what = if sqlstate == "0A000" { "not supported" } else { "not recognized" };
        return Err(error(sqlstate, format!("unit \"{lower}\" {what} for type {}", scalar.name())));
    };
    let (days, time_of_day_us) = split(time_us);
    let cut = |unit_us: i64| Ok(time_us - time_of_day_us % unit_us);
    let CivilDate { year, month, .. } = CivilDate::of(days);
    let (year, month, day) = match unit {
        "microseconds" => return Ok(time_us),
        "milliseconds" => return cut(1000),
        "second" => return cut(SECOND_US),
        "minute" => return cut(MINUTE_US),
        "hour" => return cut(HOUR_US),
        "day" => return cut(DAY_US),
        "week" => return Ok((days - (days + 5).rem_euclid(7)) * DAY_US),
        "month" => (year, month, 1),
        "quarter" => (year, (month - 1) / 3 * 3 + 1, 1),
        "year" => (year, 1, 1),
        "decade" => (year.div_euclid(10) * 10, 1, 1),
        "century" => (first_year(year, 100), 1, 1),
        _ => (first_year(year, 1000), 1, 1),
    };
    let days = CivilDate { year, month, day }.days();
    moment::timestamp(i128::from(days) * i128::from(DAY_US)).ok_or_else(timestamp_out_of_range)
}

fn trunc_timestamp(_: &Moment, arguments: &[Datum]) -> Result {
    truncated(str(&arguments[0]), timestamp(&arguments[1])?, Scalar::Timestamp).map(Datum::Timestamp)
}

fn trunc_timestamptz(_: &Moment, arguments: &[Datum]) -> Result {
    truncated(str(&arguments[0]), timestamp(&arguments[1])?, Scalar::Timestamptz).map(Datum::Timestamp)
}

fn trunc_interval(_: &Moment, arguments: &[Datum]) -> Result {
    let (name, span) = (str(&arguments[0]).to_ascii_lowercase(), interval(&arguments[1]));
    let cut_us =
        |unit_us: i64| Ok(interval_of(span.months, span.days, span.time_us - span.time_us % unit_us));
    let cut_months = |unit: i32| Ok(interval_of(span.months - span.months % unit, 0, 0));
    match unit(&name).ok_or_else(|| refused(&name, Scalar::Interval))? {
        "microseconds" => cut_us(1),
        "milliseconds" => cut_us(1000),
        "second" => cut_us(SECOND_US),
        "minute" => cut_us(MINUTE_US),
        "hour" => cut_us(HOUR_US),
        "day" => Ok(interval_of(span.months, span.days, 0)),
        "month" => cut_months(1),
        "quarter" => cut_months(3),
        "year" => cut_months(12),
        "decade" => cut_months(120),
        "century" => cut_months(1200),
        "millennium" => cut_months(12_000),
        _ => Err(refused(&name, Scalar::Interval)),
    }
}

fn civil_days(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = if year < 0 { year + 1 } else { year };
    let is_right = (1..=12).contains(&month)
        && (-4800..6_000_000).contains(&year)
        && (1..=CivilDate::month_length(year, month)).contains(&day);
    is_right.then(|| CivilDate { year, month, day }.days())
}

fn make_date(_: &Moment, arguments: &[Datum]) -> Result {
    let (year, month, day) = (int(&arguments[0]), int(&arguments[1]), int(&arguments[2]));
    // PostgreSQL has turned a year before Christ into its own count when it says so.
    let shown = if year < 0 { year + 1 } else { year };
    let message = || format!("date field value out of range: {shown}-{month:02}-{day:02}");
    let days = if year == 0 { None } else { civil_days(year, month, day) };
    let days = days.ok_or_else(|| error("22008", message()))?;
    let beyond = || error("22008", format!("date out of range: {year}-{month:02}-{day:02}"));
    moment::date(days).map(Datum::Date).ok_or_else(beyond)
}

fn clock_us(hour: &Datum, minute: &Datum, second: &Datum) -> Result<i64> {
    let (hour, minute) = (int(hour), int(minute));
    let Datum::Float(second) = *second else { unreachable!("a number was promised") };
    let refusal = || {
        error(
            "22008",
            format!(
                "time field value out of range: {hour}:{minute:02}:{:0>2}",
                float::print(second, Scalar::Float8)
            ),
        )
    };
    if !(0..=24).contains(&hour) || !(0..=59).contains(&minute) || !(0.0..=60.0).contains(&second) {
        return Err(refusal());
    }
    let time_us = hour * HOUR_US + minute * MINUTE_US + (second * 1e6).round_ties_even() as i64;
    if time_us > DAY_US { Err(refusal()) } else { Ok(time_us) }
}

fn make_time(_: &Moment, arguments: &[Datum]) -> Result {
    clock_us(&arguments[0], &arguments[1], &arguments[2]).map(Datum::Time)
}

fn make_timestamp(_: &Moment, arguments: &[Datum]) -> Result {
    let (year, month, day) = (int(&arguments[0]), int(&arguments[1]), int(&arguments[2]));
    let days = if year == 0 { None } else { civil_days(year, month, day) };
    let refusal = || error("22008", format!("date field value out of range: {year}-{month:02}-{day:02}"));
    let days = days.ok_or_else(refusal)?;
    let time_us = clock_us(&arguments[3], &arguments[4], &arguments[5])?;
    let moment = i128::from(days) * i128::from(DAY_US) + i128::from(time_us);
    moment::timestamp(moment).map(Datum::Timestamp).ok_or_else(timestamp_out_of_range)
}

fn make_interval(_: &Moment, arguments: &[Datum]) -> Result {
    let field = |at: usize| i128::from(arguments.get(at).map_or(0, int));
    let seconds = match arguments.get(6) {
        Some(Datum::Float(seconds)) if !seconds.is_finite() => {
            return Err(super::time::interval_out_of_range());
        }
        // What is too large for 64 bits is the least number, as on x86-64.
        Some(Datum::Float(seconds)) => {
            let us = (seconds * 1e6).round_ties_even();
            i128::from(if us.abs() < 9.2e18 { us as i64 } else { i64::MIN })
        }
        _ => 0,
    };
    let time_us = (field(4) * 60 + field(5)) * i128::from(MINUTE_US) + seconds;
    // PostgreSQL 15 lets months, days and time wrap around here.
    Ok(interval_of((field(0) * 12 + field(1)) as i32, (field(2) * 7 + field(3)) as i32, time_us as i64))
}

fn to_timestamp(_: &Moment, arguments: &[Datum]) -> Result {
    let Datum::Float(seconds) = arguments[0] else { unreachable!("a number was promised") };
    if seconds.is_nan() {
        return Err(error("22008", "timestamp cannot be NaN"));
    }
    if seconds.is_infinite() {
        return Ok(Datum::Timestamp(if seconds > 0.0 { i64::MAX } else { i64::MIN }));
    }
    let since_2000_us = ((seconds - 946_684_800.0) * 1e6).round_ties_even();
    let beyond =
        || error("22008", format!("timestamp out of range: \"{}\"", float::print(seconds, Scalar::Float8)));
    moment::timestamp(since_2000_us as i128).map(Datum::Timestamp).ok_or_else(beyond)
}

fn is_finite(_: &Moment, arguments: &[Datum]) -> Result {
    Ok(Datum::Bool(match &arguments[0] {
        Datum::Date(days) => !matches!(*days, i32::MIN | i32::MAX),
        Datum::Timestamp(time_us) => !is_infinite(*time_us),
        _ => true,
    }))
}

/// How far a zone is from UTC.
fn offset_us(zone: &str) -> Result<i64> {
    if ["utc", "gmt", "z", "zulu", "etc/utc", "uct"].contains(&zone.to_ascii_lowercase().as_str()) {
        return Ok(0);
    }
    Err(unsupported(format!("the time zone {zone}")))
}

/// A timestamp in a zone becomes one in UTC, and the other way round.
fn zoned<const SIGN: i64>(_: &Moment, arguments: &[Datum]) -> Result {
    let time_us = timestamp(&arguments[1])?;
    if is_infinite(time_us) {
        return Ok(arguments[1].clone());
    }
    let offset_us = match &arguments[0] {
        Datum::Interval(span) if span.months != 0 || span.days != 0 => {
            let shown = output(&arguments[0], Type::of(Scalar::Interval));
            let message = format!("interval time zone \"{shown}\" must not include months or days");
            return Err(error("22023", message));
        }
        Datum::Interval(span) => span.time_us,
        zone => offset_us(str(zone))?,
    };
    let by = Interval { time_us: offset_us.wrapping_mul(SIGN), ..Interval::default() };
    moved(time_us, &by).map(Datum::Timestamp)
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("now", &[], TIMESTAMPTZ, transaction).stable(),
    entry("transaction_timestamp", &[], TIMESTAMPTZ, transaction).stable(),
    entry("statement_timestamp", &[], TIMESTAMPTZ, statement).stable(),
    entry("clock_timestamp", &[], TIMESTAMPTZ, clock).volatile(),
    // The grammar's own words, for the binder.
    entry("current_timestamp", &[], TIMESTAMPTZ, transaction).stable(),
    entry("localtimestamp", &[], TIMESTAMP, transaction).stable(),
    entry("current_date", &[], DATE, today).stable(),
    entry("localtime", &[], TIME, time_of_day).stable(),
    entry("date_trunc", &[TEXT, TIMESTAMP], TIMESTAMP, trunc_timestamp),
    entry("date_trunc", &[TEXT, TIMESTAMPTZ], TIMESTAMPTZ, trunc_timestamptz).by_settings(),
    entry("date_trunc", &[TEXT, INTERVAL], INTERVAL, trunc_interval),
    entry("make_date", &[INT4, INT4, INT4], DATE, make_date),
    entry("make_time", &[INT4, INT4, FLOAT8], TIME, make_time),
    entry("make_timestamp", &[INT4, INT4, INT4, INT4, INT4, FLOAT8], TIMESTAMP, make_timestamp),
    entry("make_timestamptz", &[INT4, INT4, INT4, INT4, INT4, FLOAT8], TIMESTAMPTZ, make_timestamp)
        .by_settings(),
    entry("make_interval", &[], INTERVAL, make_interval),
    entry("make_interval", &[INT4], INTERVAL, make_interval),
    entry("make_interval", &[INT4, INT4], INTERVAL, make_interval),
    entry("make_interval", &[INT4, INT4, INT4], INTERVAL, make_interval),
    entry("make_interval", &[INT4, INT4, INT4, INT4], INTERVAL, make_interval),
    entry("make_interval", &[INT4, INT4, INT4, INT4, INT4], INTERVAL, make_interval),
    entry("make_interval", &[INT4, INT4, INT4, INT4, INT4, INT4], INTERVAL, make_interval),
    entry("make_interval", &[INT4, INT4, INT4, INT4, INT4, INT4, FLOAT8], INTERVAL, make_interval),
    entry("to_timestamp", &[FLOAT8], TIMESTAMPTZ, to_timestamp),
    entry("isfinite", &[DATE], BOOL, is_finite),
    entry("isfinite", &[TIMESTAMP], BOOL, is_finite),
    entry("isfinite", &[TIMESTAMPTZ], BOOL, is_finite),
    entry("isfinite", &[INTERVAL], BOOL, is_finite),
    entry("timezone", &[TEXT, TIMESTAMP], TIMESTAMPTZ, zoned::<-1>),
    entry("timezone", &[TEXT, TIMESTAMPTZ], TIMESTAMP, zoned::<1>),
    entry("timezone", &[INTERVAL, TIMESTAMP], TIMESTAMPTZ, zoned::<-1>),
    entry("timezone", &[INTERVAL, TIMESTAMPTZ], TIMESTAMP, zoned::<1>),
];
