//! Dates, times and timestamps, read: the forms of PostgreSQL's manual, section 8.5.1, with `DateStyle` at `ISO, MDY`.
//! Time zones are offsets, or UTC by one of its names.

use super::moment::{date, timestamp};
use super::{CivilDate, DAY_US, Datum, Scalar, is_space};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;

/// What a text says.
#[derive(Default)]
struct Fields {
    /// Numbers of a date, and how many digits each has, as they stand.
    numbers: Vec<(i64, usize)>,
    month: Option<i64>,
    /// The month's name stood after so many numbers.
    month_place: usize,
    time_us: Option<i64>,
    zone_s: Option<i64>,
    half: Option<Half>,
    is_bc: bool,
    /// A `T` stood between date and time.
    has_time_mark: bool,
    special: Option<Special>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Afternoon,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Special {
    Infinity,
    NegativeInfinity,
    Epoch,
}

/// Why a text is none.
enum Fault {
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

fn fields(text: &str, scalar: Scalar) -> Result<Fields, Fault> {
    let mut fields = Fields::default();
    let mut rest = text.as_bytes();
    let mut is_empty = true;
    while let Some(&first) = rest.first() {
        if is_space(first) || first == b',' {
            rest = &rest[1..];
            continue;
        }
        is_empty = false;
        let length = match first {
            b'0'..=b'9' => {
                length_while(rest, |byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b'/' | b'-'))
            }
            b'+' | b'-' if rest.get(1).is_some_and(u8::is_ascii_alphabetic) => {
                1 + length_while(&rest[1..], |byte| byte.is_ascii_alphabetic())
            }
            b'+' | b'-' => 1 + length_while(&rest[1..], |byte| byte.is_ascii_digit() || byte == b':'),
            _ if first.is_ascii_alphabetic() => {
                length_while(rest, |byte| byte.is_ascii_alphabetic() || byte == b'/' || byte == b'_')
            }
            // PostgreSQL takes it as a blank.
            _ if first.is_ascii_punctuation() => {
                return Err(Fault::Unsupported(format!("'{}' in a date or a time", char::from(first))));
            }
            _ => return Err(Fault::Syntax),
        };
        let word = std::str::from_utf8(&rest[..length]).expect("the bytes taken are ASCII");
        let taken = fields.take(word, scalar, &rest[length..])?;
        rest = &rest[taken..];
    }
    let lacks_time = fields.has_time_mark && fields.time_us.is_none();
    if is_empty || lacks_time { Err(Fault::Syntax) } else { Ok(fields) }
}

fn length_while(bytes: &[u8], is_wanted: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_wanted(**byte)).count()
}

impl Fields {
    /// One word, of which it takes as many bytes as it gives back.
    fn take(&mut self, word: &str, scalar: Scalar, rest: &[u8]) -> Result<usize, Fault> {
        let first = word.as_bytes()[0];
        if first.is_ascii_alphabetic() || word == "-infinity" || word.eq_ignore_ascii_case("-infinity") {
            // `Jan-08-1999`: what follows the month's name is no offset.
            let is_dashed = rest.first() == Some(&b'-') && rest.get(1).is_some_and(u8::is_ascii_digit);
            self.word(&word.to_ascii_lowercase())?;
            return Ok(word.len() + usize::from(is_dashed && self.time_us.is_none() && self.month.is_some()));
        }
        if matches!(first, b'+' | b'-') {
            return self.zone(word).map(|()| word.len());
        }
        if let Some(colon) = word.find(':') {
            return self.clock(word, colon);
        }
        self.date_or_packed(word, scalar, rest)
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        const MONTHS: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        const WEEKDAYS: [&str; 7] =
            ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
        let month = MONTHS.iter().position(|month| {
            word == *month || word == &month[..3] || word == "sept" && month.starts_with("sept")
        });
        if let Some(month) = month {
            self.month_place = self.numbers.len();
            return if self.month.replace(month as i64 + 1).is_some() { Err(Fault::Syntax) } else { Ok(()) };
        }
        if WEEKDAYS.iter().any(|day| word == *day || word == &day[..3]) {
            return Ok(());
        }
        let special = match word {
            "infinity" | "inf" => Special::Infinity,
            "-infinity" | "-inf" => Special::NegativeInfinity,
            "epoch" => Special::Epoch,
            "am" | "pm" => {
                self.half = Some(if word == "am" { Half::Morning } else { Half::Afternoon });
                return Ok(());
            }
            "bc" | "ad" => {
                self.is_bc = word == "bc";
                return Ok(());
            }
            "z" | "utc" | "gmt" | "zulu" | "ut" | "uct" => {
                return if self.zone_s.replace(0).is_some() { Err(Fault::Syntax) } else { Ok(()) };
            }
            "t" if !self.numbers.is_empty() && self.time_us.is_none() => {
                self.has_time_mark = true;
                return Ok(());
            }
            "t" => return Err(Fault::Unsupported("a time behind a T".into())),
            "now" | "today" | "tomorrow" | "yesterday" | "allballs" => {
                return Err(Fault::Unsupported(format!("the moment '{word}'")));
            }
            _ if word.contains('/') => return Err(Fault::Unsupported(format!("the time zone {word}"))),
            "cet" | "cest" | "est" | "edt" | "cst" | "cdt" | "mst" | "mdt" | "pst" | "pdt" | "bst"
            | "msk" | "jst" => {
                return Err(Fault::Unsupported(format!("the time zone {word}")));
            }
            // Units and marks that PostgreSQL skips, or reads in its own way.
            "at" | "on" | "jd" | "dow" | "doy" | "dst" => {
                return Err(Fault::Unsupported(format!("'{word}' in a date")));
            }
            "d" | "h" | "j" | "m" | "s" | "y" => {
                return Err(Fault::Unsupported(format!("'{word}' in a date")));
            }
            _ => return Err(Fault::Syntax),
        };
        if self.special.replace(special).is_some() { Err(Fault::Syntax) } else { Ok(()) }
    }

    /// `+02`, `-0330`, `+05:30`, `-01:02:03`.
    fn zone(&mut self, word: &str) -> Result<(), Fault> {
        let digits = &word[1..];
        if digits.is_empty() {
            return Err(Fault::Unsupported(format!("'{word}' in a date or a time")));
        }
        let parts: Vec<&str> = match digits.len() {
            3.. if !digits.contains(':') => {
                let (hours, minutes) = digits.split_at(digits.len() - 2);
                vec![hours, minutes]
            }
            _ => digits.split(':').collect(),
        };
        let is_right =
            |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() > 3 || !parts.iter().all(is_right) || self.time_us.is_none() && self.numbers.is_empty()
        {
            return Err(Fault::Syntax);
        }
        let number =
            |index: usize| parts.get(index).map_or(0, |part| part.parse::<i64>().expect("two digits"));
        if number(0) > 15 || number(1) > 59 || number(2) > 59 {
            return Err(Fault::Zone);
        }
        let offset_s = number(0) * 3600 + number(1) * 60 + number(2);
        let signed = if word.starts_with('-') { -offset_s } else { offset_s };
        if self.zone_s.replace(signed).is_some() { Err(Fault::Syntax) } else { Ok(()) }
    }

    /// `04:05`, `04:05:06.789`; what follows a `-` is left for the zone.
    fn clock(&mut self, word: &str, colon: usize) -> Result<usize, Fault> {
        // A date may stand right before it: that is no time.
        let word = word.split('-').next().expect("a split has a first part");
        if colon >= word.len() || self.time_us.is_some() {
            return Err(Fault::Syntax);
        }
        let parts: Vec<&str> = word.split(':').collect();
        let (seconds, fraction) =
            parts.get(2).map_or(("0", ""), |part| part.split_once('.').unwrap_or((part, "")));
        let whole = |part: &str| {
            let is_right =
                !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
            is_right.then(|| part.parse::<i64>().expect("nine digits")).ok_or(Fault::Syntax)
        };
        if parts.len() > 3 {
            return Err(Fault::Syntax);
        }
        if parts[1].is_empty() || seconds.is_empty() {
            return Err(Fault::Unsupported(format!("the time '{word}'")));
        }
        let (hour, minute, second) = (whole(parts[0])?, whole(parts[1])?, whole(seconds)?);
        let fraction_us = fraction_us(fraction).ok_or(Fault::Syntax)?;
        let time_us = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction_us;
        if hour > 24 || minute > 59 || second > 60 || time_us > DAY_US {
            return Err(Fault::Range);
        }
        self.time_us = Some(time_us);
        Ok(word.len())
    }

    /// `1999-01-08`, `1/8/1999`, `8-Jan-1999`, `19990108`, `040506`.
    fn date_or_packed(&mut self, word: &str, scalar: Scalar, rest: &[u8]) -> Result<usize, Fault> {
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let is_plain = digits == word.len();
        if is_plain && scalar == Scalar::Time && digits != 6 && self.numbers.is_empty() {
            return Err(Fault::Unsupported("a time without colons that has not 6 digits".into()));
        }
        let has_date = self.numbers.len() == 3 || !self.numbers.is_empty() && self.numbers[0].1 >= 6;
        if is_plain && digits == 6 && (has_date || scalar == Scalar::Time) && self.time_us.is_none() {
            let packed: i64 = word.parse().expect("six digits");
            let (hour, minute, second) = (packed / 10_000, packed / 100 % 100, packed % 100);
            if hour > 24 || minute > 59 || second > 60 {
                return Err(Fault::Range);
            }
            self.time_us = Some((hour * 3600 + minute * 60 + second) * 1_000_000);
            return Ok(word.len());
        }
        let separator = word.as_bytes().get(digits).copied();
        if separator.is_some() && self.time_us.is_some() {
            return Err(Fault::Syntax);
        }
        let is_fraction = self.month.is_some() || matches!(self.numbers.first(), Some((_, 6..)));
        if separator == Some(b'.') && is_fraction {
            return Err(Fault::Unsupported("a number with a point in a date".into()));
        }
        // `8-Jan-1999`: the hyphen stands before a month's name.
        let is_before_month = separator == Some(b'-') && digits + 1 == word.len();
        let mut taken = 0;
        for part in word.split(['-', '/', '.']) {
            taken += part.len();
            if part.is_empty() && is_before_month && rest.first().is_some_and(u8::is_ascii_alphabetic) {
                break;
            }
            if part.is_empty() || part.len() > 9 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Fault::Syntax);
            }
            self.numbers.push((part.parse().expect("nine digits"), part.len()));
            taken += 1;
            // `1999-01-08-05` would end in an offset.
            if self.numbers.len() == 3 && taken <= word.len() && separator == Some(b'-') {
                return Ok(taken - 1);
            }
        }
        if self.numbers.len() > 3 { Err(Fault::Syntax) } else { Ok(word.len()) }
    }
}

/// The digits behind a point, rounded to microseconds, to even in the middle.
pub(super) fn fraction_us(digits: &str) -> Option<i64> {
    if digits.is_empty() {
        return Some(0);
    }
    let is_right = digits.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: f64 = if is_right { format!("0.{digits}").parse().ok()? } else { return None };
    Some((fraction * 1e6).round_ties_even() as i64)
}
