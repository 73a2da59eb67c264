//! `extract` and `date_part`: one field of a date, a time or an interval.

use super::Moment;
use super::calendar::{refused, unit};
use super::catalog::{DATE, Entry, FLOAT8, INTERVAL, NUMERIC, TEXT, TIME, TIMESTAMP, TIMESTAMPTZ, typed};
use super::text::str;
use super::time::{interval, is_infinite, timestamp};
use crate::types::calendar::{iso_week, weekday};
use crate::types::moment::split;
use crate::types::{CivilDate, DAY_US, Datum, Decimal, Interval, Numeric, Scalar, Type};
use drawloom_model::SqlError;

type Result<T = Datum> = std::result::Result<T, SqlError>;

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

fn whole(number: i64) -> Decimal {
    Decimal::whole(number)
}

fn scaled(number: i128, scale: u32) -> Decimal {
    Decimal { coefficient: number.into(), scale }
}

fn extract(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    field(&arguments[1], types[1].scalar, &str(&arguments[0]).to_ascii_lowercase())
}

fn date_part(_: &Moment, types: &[Type], arguments: &[Datum]) -> Result {
    let (name, scalar) = (str(&arguments[0]).to_ascii_lowercase(), types[1].scalar);
    // There is no `date_part` of a date; it is a timestamp's.
    let of = if scalar == Scalar::Date { Scalar::Timestamp } else { scalar };
    match field(&arguments[1], of, &name)? {
        Datum::Numeric(number) => number.to_float().map(Datum::Float),
        other => Ok(other),
    }
}

fn field(datum: &Datum, scalar: Scalar, name: &str) -> Result {
    // `dow`, `epoch` and the like are units of `extract` alone.
    let name = unit(name).unwrap_or(name);
    let number = match (datum, scalar) {
        (Datum::Interval(_), _) => of_interval(interval(datum), name),
        (Datum::Time(time_us), _) => of_time(*time_us, name).or_else(|| match name {
            "epoch" => Some(scaled(i128::from(*time_us), 6)),
            _ => None,
        }),
        _ => {
            let time_us = timestamp(datum)?;
            if is_infinite(time_us) {
                return infinite(time_us > 0, name, scalar);
            }
            let has_time = scalar != Scalar::Date;
            let zone = || {
                let is_zone = matches!(name, "timezone" | "timezone_hour" | "timezone_minute");
                (is_zone && scalar == Scalar::Timestamptz).then(|| whole(0))
            };
            of_timestamp(time_us, name, has_time)
                .or_else(|| of_time(split(time_us).1, name).filter(|_| has_time))
                .or_else(zone)
        }
    };
    let number = number.ok_or_else(|| refused(name, scalar))?;
    Ok(Datum::numeric(Numeric::Finite(number)))
}

/// What grows without end is infinite; what comes round again is NULL.
fn infinite(is_positive: bool, name: &str, scalar: Scalar) -> Result {
    match name {
        "year" | "decade" | "century" | "millennium" | "julian" | "isoyear" | "epoch" => {
            Ok(Datum::numeric(if is_positive { Numeric::Infinity } else { Numeric::NegativeInfinity }))
        }
        _ => match of_timestamp(0, name, scalar != Scalar::Date)
            .or_else(|| of_time(0, name).filter(|_| scalar != Scalar::Date))
        {
            Some(_) => Ok(Datum::Null),
            None => Err(refused(name, scalar)),
        },
    }
}

fn of_time(time_us: i64, name: &str) -> Option<Decimal> {
    let second_us = i128::from(time_us % MINUTE_US);
    Some(match name {
        "microseconds" => whole(second_us as i64),
        "milliseconds" => scaled(second_us, 3),
        "second" => scaled(second_us, 6),
        "minute" => whole(time_us / MINUTE_US % 60),
        "hour" => whole(time_us / HOUR_US),
        _ => return None,
    })
}

fn of_timestamp(time_us: i64, name: &str, has_time: bool) -> Option<Decimal> {
    let (days, time_of_day_us) = split(time_us);
    let CivilDate { year, month, day } = CivilDate::of(days);
    let shown_year = if year > 0 { year } else { year - 1 };
    let span = |length: i64| {
        if year > 0 { (year + length - 1) / length } else { -((length - 1 - (year - 1)) / length) }
    };
    Some(whole(match name {
        "day" => day,
        "month" => month,
        "quarter" => (month - 1) / 3 + 1,
        "week" => iso_week(days).1,
        "year" => shown_year,
        "isoyear" => match iso_week(days).0 {
            year @ ..=0 => year - 1,
            year => year,
        },
        "decade" => year.div_euclid(10),
        "century" => span(100),
        "millennium" => span(1000),
        "dow" => weekday(days),
        "isodow" => (days + 5).rem_euclid(7) + 1,
        "doy" => days - CivilDate { year, month: 1, day: 1 }.days() + 1,
        "julian" if has_time => {
            let julian = whole(days + 2_451_545);
            let part = scaled(i128::from(time_of_day_us), 6);
            let day = scaled(i128::from(DAY_US), 6);
            return Some(julian.plus(&part.over(&day, part.quotient_scale(&day))));
        }
        "julian" => days + 2_451_545,
        "epoch" if has_time => return Some(scaled(i128::from(time_us) + 946_684_800_000_000, 6)),
        "epoch" => days * 86_400 + 946_684_800,
        _ => return None,
    }))
}

fn of_interval(span: &Interval, name: &str) -> Option<Decimal> {
    let (years, months) = (i64::from(span.months / 12), i64::from(span.months % 12));
    Some(whole(match name {
        "day" => i64::from(span.days),
        "month" => months,
        "quarter" => months / 3 + 1,
        "year" => years,
        "decade" => years / 10,
        "century" => years / 100,
        "millennium" => years / 1000,
        "epoch" => {
            // A year has 365.25 days here, and a month 30.
            let days = i128::from(years) * 1461 + (i128::from(months) * 30 + i128::from(span.days)) * 4;
            return Some(scaled(days * i128::from(DAY_US / 4) + i128::from(span.time_us), 6));
        }
        _ => return of_time(span.time_us, name),
    }))
}

pub(super) const ENTRIES: &[Entry] = &[
    typed("extract", &[TEXT, DATE], NUMERIC, extract),
    typed("extract", &[TEXT, TIME], NUMERIC, extract),
    typed("extract", &[TEXT, TIMESTAMP], NUMERIC, extract),
    typed("extract", &[TEXT, TIMESTAMPTZ], NUMERIC, extract).by_settings(),
    typed("extract", &[TEXT, INTERVAL], NUMERIC, extract),
    typed("date_part", &[TEXT, DATE], FLOAT8, date_part),
    typed("date_part", &[TEXT, TIME], FLOAT8, date_part),
    typed("date_part", &[TEXT, TIMESTAMP], FLOAT8, date_part),
    typed("date_part", &[TEXT, TIMESTAMPTZ], FLOAT8, date_part).by_settings(),
    typed("date_part", &[TEXT, INTERVAL], FLOAT8, date_part),
];
