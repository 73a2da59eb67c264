//! Dates, times and timestamps, read: the forms of PostgreSQL's manual, section 8.5.1, with `DateStyle` at `ISO, MDY`.
//! Time zones are offsets, or UTC by one of its names.

use super::moment::{date, timestamp};
use super::moment_words::fields;
use super::{CivilDate, DAY_US, Datum, Scalar};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;

/// What a text says.
#[derive(Default)]
pub(super) struct Fields {
    /// Numbers of a date, and how many digits each has, as they stand.
    pub(super) numbers: Vec<(i64, usize)>,
    pub(super) month: Option<i64>,
    /// The month's name stood after so many numbers.
    pub(super) month_place: usize,
    pub(super) time_us: Option<i64>,
    pub(super) zone_s: Option<i64>,
    pub(super) half: Option<Half>,
    pub(super) is_bc: bool,
    /// A `T` stood between date and time.
    pub(super) has_time_mark: bool,
    pub(super) special: Option<Special>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Special {
    Infinity,
    NegativeInfinity,
    Epoch,
}

/// Why a text is none.
pub(super) enum Fault {
    Syntax,
    Range,
    Zone,
    Unsupported(String),
}

/// The value.
pub(super) fn read(text: &str, scalar: Scalar) -> Result<Datum, SqlError> {
    let type_name = if scalar == Scalar::Timestamp || scalar == Scalar::Time {
        scalar.name().split(' ').next().expect("a name has a first word")
    } else {
        scalar.name()
    };
    value(text, scalar)
        .map_err(|fault| match fault {
            Fault::Syntax => error("22007", format!("invalid input syntax for type {type_name}: \"{text}\"")),
            Fault::Range => error("22008", format!("date/time field value out of range: \"{text}\"")),
            Fault::Zone => error("22009", format!("time zone displacement out of range: \"{text}\"")),
            Fault::Unsupported(construct) => unsupported(construct),
        })?
        .ok_or_else(|| {
            let kind = if scalar == Scalar::Date { "date" } else { "timestamp" };
            error("22008", format!("{kind} out of range: \"{text}\""))
        })
}

/// None if it is out of the type's range.
fn value(text: &str, scalar: Scalar) -> Result<Option<Datum>, Fault> {
    let fields = fields(text, scalar)?;
    if scalar == Scalar::Time {
        let is_date_right = fields.numbers.is_empty() || fields.civil()?.month > 0;
        let time_us = fields.time_of_day()?.filter(|_| is_date_right && fields.special.is_none());
        return time_us.map(|time_us| Some(Datum::Time(time_us))).ok_or(Fault::Syntax);
    }
    let is_date = scalar == Scalar::Date;
    if let Some(special) = fields.special {
        if !fields.numbers.is_empty() || fields.month.is_some() {
            return Err(Fault::Syntax);
        }
        return Ok(Some(match (special, is_date) {
            (Special::Infinity, true) => Datum::Date(i32::MAX),
            (Special::NegativeInfinity, true) => Datum::Date(i32::MIN),
            (Special::Infinity, false) => Datum::Timestamp(i64::MAX),
            (Special::NegativeInfinity, false) => Datum::Timestamp(i64::MIN),
            (Special::Epoch, true) => Datum::Date(-10_957),
            (Special::Epoch, false) => Datum::Timestamp(-10_957 * DAY_US),
        }));
    }
    let days = fields.civil()?.days();
    let time_us = fields.time_of_day()?.unwrap_or_default();
    if is_date {
        return Ok(date(days).map(Datum::Date));
    }
    let zone_s = if scalar == Scalar::Timestamptz { fields.zone_s.unwrap_or_default() } else { 0 };
    let moment = i128::from(days) * i128::from(DAY_US) + i128::from(time_us) - i128::from(zone_s) * 1_000_000;
    Ok(timestamp(moment).map(Datum::Timestamp))
}

impl Fields {
    /// The date that the numbers and the month's name are.
    fn civil(&self) -> Result<CivilDate, Fault> {
        let numbers = self.numbers.as_slice();
        let (year, month, day) = match (self.month, numbers) {
            (Some(month), &[first, second]) => {
                let is_year_first = first.1 > 2 || self.month_place == 1 && second.1 <= 2 && first.0 > 31;
                if is_year_first { (first, month, second.0) } else { (second, month, first.0) }
            }
            (None, &[first, second, _]) if first.1 > 2 && second.1 > 2 => return Err(Fault::Syntax),
            (Some(_), &[_, _, _]) => return Err(Fault::Unsupported("a date with a number too many".into())),
            (None, &[(_, 3..=5 | 7 | 9..)]) => {
                return Err(Fault::Unsupported(
                    "a date without separators that has not 6 or 8 digits".into(),
                ));
            }
            (None, &[(packed, digits @ (6 | 8))]) => {
                ((packed / 10_000, digits - 4), packed / 100 % 100, packed % 100)
            }
            (None, &[year, month, day]) if year.1 > 2 => (year, month.0, day.0),
            (None, &[month, day, year]) => (year, month.0, day.0),
            _ => return Err(Fault::Syntax),
        };
        let year = match year {
            (year, 1 | 2) if !self.is_bc => year + if year < 70 { 2000 } else { 1900 },
            (year, _) => year,
        };
        if year == 0 || !(1..=12).contains(&month) {
            return Err(Fault::Range);
        }
        let year = if self.is_bc { 1 - year } else { year };
        if !(1..=CivilDate::month_length(year, month)).contains(&day) {
            return Err(Fault::Range);
        }
        Ok(CivilDate { year, month, day })
    }

    fn time_of_day(&self) -> Result<Option<i64>, Fault> {
        const HOUR_US: i64 = DAY_US / 24;
        let Some(time_us) = self.time_us else {
            return if self.half.is_some() { Err(Fault::Syntax) } else { Ok(None) };
        };
        let hour = time_us / HOUR_US;
        Ok(Some(match self.half {
            Some(_) if hour > 12 => return Err(Fault::Range),
            Some(Half::Morning) if hour == 12 => time_us - 12 * HOUR_US,
            Some(Half::Afternoon) if hour != 12 => time_us + 12 * HOUR_US,
            _ => time_us,
        }))
    }
}
