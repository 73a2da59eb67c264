//! `interval`, read in PostgreSQL's forms and in ISO 8601's, and printed in the style `postgres` (`datetime.c`).

use super::moment::print_time;
use super::moment_words::fraction_us;
use super::{DAY_US, Interval, is_space};
use crate::error::{error, unsupported};
use drawloom_model::SqlError;

const SECOND_US: i64 = 1_000_000;

/// Why a text is none.
enum Fault {
    Syntax,
    Range,
    Unsupported,
}

/// The span.
pub(super) fn read(text: &str) -> Result<Interval, SqlError> {
    let stripped = super::stripped(text);
    // PostgreSQL takes most punctuation as a blank.
    let odd = |byte: u8| byte.is_ascii_punctuation() && !matches!(byte, b'-' | b'+' | b'.' | b':' | b'@');
    if stripped.bytes().any(odd) && stripped.is_ascii() {
        return Err(unsupported(format!("the interval '{text}'")));
    }
    let sum = match stripped.strip_prefix('P') {
        Some(designators) => designated(designators),
        None => written(stripped),
    };
    sum.and_then(|sum| sum.interval().ok_or(Fault::Range)).map_err(|fault| match fault {
        Fault::Syntax => error("22007", format!("invalid input syntax for type interval: \"{text}\"")),
        Fault::Unsupported => unsupported(format!("the interval '{text}'")),
        Fault::Range => error("22015", format!("interval field value out of range: \"{text}\"")),
    })
}

/// What the fields amount to so far.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    time_us: i128,
}

impl Sum {
    fn interval(&self) -> Option<Interval> {
        Some(Interval {
            months: i32::try_from(self.months).ok()?,
            days: i32::try_from(self.days).ok()?,
            time_us: i64::try_from(self.time_us).ok()?,
        })
    }

    /// Adds a number of units; what is behind the point goes to the smaller units.
    fn add(&mut self, number: Number, unit: Unit) {
        let Number { whole, fraction } = number;
        match unit {
            Unit::Us(length) => {
                self.time_us +=
                    whole * i128::from(length) + (fraction * length as f64).round_ties_even() as i128;
            }
            Unit::Days(length) => {
                self.days += whole * length;
                self.add_days(fraction * length as f64);
            }
            Unit::Month => {
                self.months += whole;
                self.add_days(fraction * 30.0);
            }
            Unit::Years(length) => {
                self.months +=
                    whole * length * 12 + (fraction * length as f64 * 12.0).round_ties_even() as i128;
            }
        }
    }

    fn add_days(&mut self, days: f64) {
        let whole = days.trunc();
        self.days += whole as i128;
        self.time_us += ((days - whole) * DAY_US as f64).round_ties_even() as i128;
    }
}

/// A number and what is behind its point, of the same sign.
#[derive(Clone, Copy)]
struct Number {
    whole: i128,
    fraction: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Us(i64),
    Days(i128),
    Month,
    Years(i128),
}

fn unit(name: &str) -> Option<Unit> {
    Some(match name {
        "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds" | "microsecon" => {
            Unit::Us(1)
        }
        "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" | "millisecon" => {
            Unit::Us(1000)
        }
        "s" | "sec" | "secs" | "second" | "seconds" => Unit::Us(SECOND_US),
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Us(60 * SECOND_US),
        "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Us(3600 * SECOND_US),
        "d" | "day" | "days" => Unit::Days(1),
        "w" | "week" | "weeks" => Unit::Days(7),
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "y" | "yr" | "yrs" | "year" | "years" => Unit::Years(1),
        "dec" | "decs" | "decade" | "decades" => Unit::Years(10),
        "c" | "cent" | "century" | "centuries" => Unit::Years(100),
        "mil" | "mils" | "millennia" | "millennium" => Unit::Years(1000),
        _ => return None,
    })
}

/// A number in front of `rest`, and what follows it.
fn number(rest: &str) -> Result<(Number, &str), Fault> {
    let unsigned = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    let is_signed = unsigned.len() < rest.len();
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && rest.bytes().any(|byte| byte.is_ascii_digit())
    {
        return Err(Fault::Unsupported);
    }
    let whole_length = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = unsigned.split_at(whole_length);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(digits) => digits.split_at(digits.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    if fraction.is_empty() && unsigned.as_bytes().get(whole.len()) == Some(&b'.') {
        return Err(Fault::Unsupported);
    }
    if whole.is_empty() && (fraction.is_empty() || is_signed) {
        return Err(Fault::Syntax);
    }
    if whole.len() > 18 {
        return Err(Fault::Range);
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().expect("18 digits") };
    let fraction: f64 = format!("0.{fraction}0").parse().expect("digits behind a point");
    Ok((Number { whole: whole * sign, fraction: fraction * sign as f64 }, rest))
}

fn after_space(text: &str) -> &str {
    text.trim_start_matches(|next: char| next.is_ascii() && is_space(next as u8))
}

/// `1 year 2 mons -3 days 04:05:06.7 ago`, `1-2`, `3 04:05`.
fn written(text: &str) -> Result<Sum, Fault> {
    let mut sum = Sum::default();
    let mut rest = after_space(text.strip_prefix('@').unwrap_or(text));
    if rest.is_empty() {
        return Err(Fault::Syntax);
    }
    let mut seen: Vec<Unit> = Vec::new();
    while !rest.is_empty() {
        if rest.eq_ignore_ascii_case("ago") && !seen.is_empty() {
            sum = Sum { months: -sum.months, days: -sum.days, time_us: -sum.time_us };
            break;
        }
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        let (field, after) = number(rest)?;
        rest = match after.bytes().next() {
            Some(b':') => {
                let fields = [Unit::Us(3600 * SECOND_US), Unit::Us(60 * SECOND_US), Unit::Us(SECOND_US)];
                if fields.iter().any(|field| seen.contains(field)) {
                    return Err(Fault::Syntax);
                }
                seen.extend(fields);
                clock(rest, sign, &mut sum)?
            }
            Some(b'-') if field.fraction == 0.0 => years_and_months(field, &after[1..], sign, &mut sum)?,
            _ => {
                let after = after_space(after);
                let length = after.bytes().take_while(u8::is_ascii_alphabetic).count();
                let name = after[..length].to_ascii_lowercase();
                let named = match name.as_str() {
                    "" if after.is_empty() => Unit::Us(SECOND_US),
                    _ if after[length..].starts_with(':') && length > 0 => return Err(Fault::Unsupported),
                    "" if after.starts_with(':') => return Err(Fault::Unsupported),
                    // `3 04:05`: days before a time.
                    "" if after.contains(':') => Unit::Days(1),
                    _ => unit(&name).ok_or(Fault::Syntax)?,
                };
                if seen.contains(&named) {
                    return Err(Fault::Syntax);
                }
                seen.push(named);
                sum.add(field, named);
                if is_glued(&name, &after[length..]) {
                    return Err(Fault::Syntax);
                }
                &after[length..]
            }
        };
        seen.push(Unit::Us(0));
        seen.dedup();
        rest = after_space(rest);
    }
    Ok(sum)
}

/// Whether a unit and what follows it without a blank are one word to PostgreSQL, which then is no unit.
fn is_glued(name: &str, rest: &str) -> bool {
    match rest.bytes().next() {
        Some(b'-' | b'/' | b'.') => !name.is_empty(),
        Some(b'+' | b'0'..=b'9') => !matches!(name, "" | "d" | "h" | "m" | "s" | "y" | "dec" | "mon"),
        _ => false,
    }
}

/// `04:05`, `04:05:06.7`, `05:06.7` minutes and seconds; the sign counts for all of it.
fn clock<'a>(text: &'a str, sign: i128, sum: &mut Sum) -> Result<&'a str, Fault> {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let length = text.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')).count();
    let (word, rest) = text.split_at(length);
    let (word, fraction) = word.split_once('.').unwrap_or((word, ""));
    let mut parts = Vec::new();
    for part in word.split(':') {
        if part.is_empty() {
            return Err(Fault::Unsupported);
        }
        if part.len() > 18 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Fault::Syntax);
        }
        parts.push(part.parse::<i128>().expect("18 digits"));
    }
    let (hours, minutes, seconds) = match (parts.as_slice(), fraction) {
        (&[hours, minutes], "") => (hours, minutes, 0),
        (&[minutes, seconds], _) => (0, minutes, seconds),
        (&[hours, minutes, seconds], _) => (hours, minutes, seconds),
        _ => return Err(Fault::Syntax),
    };
    if minutes > 59 || seconds > 60 {
        return Err(Fault::Range);
    }
    let fraction = i128::from(fraction_us(fraction).ok_or(Fault::Syntax)?);
    sum.time_us += sign * (((hours * 60 + minutes) * 60 + seconds) * i128::from(SECOND_US) + fraction);
    Ok(rest)
}

/// `1-2`: a year and two months.
fn years_and_months<'a>(years: Number, text: &'a str, sign: i128, sum: &mut Sum) -> Result<&'a str, Fault> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(Fault::Unsupported);
    }
    let (months, rest) = number(text)?;
    if months.fraction != 0.0 {
        return Err(Fault::Unsupported);
    }
    if months.whole > 11 {
        return Err(Fault::Range);
    }
    sum.months += years.whole * 12 + sign * months.whole;
    Ok(rest)
}

/// `1Y2M3DT4H5M6.7S`, behind the `P` of ISO 8601.
fn designated(text: &str) -> Result<Sum, Fault> {
    let mut sum = Sum::default();
    let mut rest = text;
    let mut is_time = false;
    if rest.is_empty() {
        return Err(Fault::Syntax);
    }
    while !rest.is_empty() {
        if let (Some(after), false) = (rest.strip_prefix('T'), is_time) {
            is_time = true;
            rest = after;
            continue;
        }
        let (field, after) = number(rest)?;
        let named = match (after.bytes().next(), is_time) {
            (Some(b'Y'), false) => Unit::Years(1),
            (Some(b'M'), false) => Unit::Month,
            (Some(b'W'), false) => Unit::Days(7),
            (Some(b'D'), false) => Unit::Days(1),
            (Some(b'H'), true) => Unit::Us(3600 * SECOND_US),
            (Some(b'M'), true) => Unit::Us(60 * SECOND_US),
            (Some(b'S'), true) => Unit::Us(SECOND_US),
            // The other form of ISO 8601, `P0001-02-03T04:05:06`, and numbers without a unit.
            (None | Some(b'-' | b':' | b'0'..=b'9' | b'T'), _) => return Err(Fault::Unsupported),
            _ => return Err(Fault::Syntax),
        };
        sum.add(field, named);
        rest = &after[1..];
    }
    Ok(sum)
}

/// `1 year 2 mons -3 days +04:05:06.7`
pub(super) fn print(interval: &Interval) -> String {
    let mut text = String::new();
    let mut is_before = false;
    let fields = [(interval.months / 12, "year"), (interval.months % 12, "mon"), (interval.days, "day")];
    for (value, name) in fields {
        if value == 0 {
            continue;
        }
        let gap = if text.is_empty() { "" } else { " " };
        let sign = if is_before && value > 0 { "+" } else { "" };
        let plural = if value == 1 { "" } else { "s" };
        text.push_str(&format!("{gap}{sign}{value} {name}{plural}"));
        is_before = value < 0;
    }
    if text.is_empty() || interval.time_us != 0 {
        let gap = if text.is_empty() { "" } else { " " };
        let sign = match interval.time_us {
            ..0 => "-",
            _ if is_before => "+",
            _ => "",
        };
        text.push_str(&format!("{gap}{sign}{}", print_time(interval.time_us)));
    }
    text
}
