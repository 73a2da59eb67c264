//! `to_char` of timestamps, with the patterns that are common (PostgreSQL's manual, section 9.8).

use super::Moment;
use super::catalog::{Entry, TEXT, TIMESTAMP, TIMESTAMPTZ, entry};
use super::text::str;
use super::time::{is_infinite, timestamp};
use crate::error::unsupported;
use crate::types::calendar::{iso_week, weekday};
use crate::types::moment::split;
use crate::types::{CivilDate, Datum};
use drawloom_model::SqlError;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Patterns, of which the longest that fits counts. Those written in lower case mean the same there.
const PATTERNS: [&str; 37] = [
    "HH24", "HH12", "MONTH", "Month", "month", "YYYY", "IYYY", "MON", "Mon", "mon", "DAY", "Day", "day",
    "DDD", "HH", "MI", "SS", "MS", "US", "AM", "PM", "am", "pm", "MM", "DD", "DY", "Dy", "dy", "YY", "IW",
    "WW", "CC", "TZ", "ID", "D", "Q", "J",
];

fn to_char(_: &Moment, arguments: &[Datum]) -> Result<Datum, SqlError> {
    let time_us = timestamp(&arguments[0])?;
    if is_infinite(time_us) || str(&arguments[1]).is_empty() {
        return Ok(Datum::Null);
    }
    let mut text = String::new();
    let mut rest = str(&arguments[1]);
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let (quoted, after) = rest[1..].split_once('"').unwrap_or((&rest[1..], ""));
            text.push_str(quoted);
            rest = after;
            continue;
        }
        let is_without_fill = rest.starts_with("FM");
        let begin = if is_without_fill { &rest[2..] } else { rest };
        match pattern(begin) {
            Some(pattern) => {
                let shown = shown(pattern, time_us);
                let shown = if is_without_fill { without_fill(&shown) } else { &shown };
                text.push_str(shown);
                rest = &begin[pattern.len()..];
                if ["TH", "th", "SP"].iter().any(|suffix| rest.starts_with(suffix)) {
                    return Err(unsupported(format!("the suffix {} of to_char", &rest[..2])));
                }
            }
            None if first.is_ascii_alphabetic() && first != 'T' || is_without_fill || first == '\\' => {
                return Err(unsupported(format!("the pattern {rest} of to_char")));
            }
            None => {
                text.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    Ok(Datum::text(text))
}

fn pattern(text: &str) -> Option<&'static str> {
    let numeric = |pattern: &&str| {
        pattern.bytes().all(|byte| !byte.is_ascii_lowercase())
            && !matches!(*pattern, "AM" | "PM" | "MONTH" | "MON" | "DAY" | "DY" | "TZ")
    };
    PATTERNS.iter().copied().find(|pattern| {
        let start = text.as_bytes().get(..pattern.len());
        start.is_some_and(|start| {
            start == pattern.as_bytes()
                || numeric(pattern) && start == pattern.to_ascii_lowercase().as_bytes()
        })
    })
}

fn without_fill(shown: &str) -> &str {
    let trimmed = shown.trim_end_matches(' ');
    let stripped = trimmed.trim_start_matches('0');
    if trimmed.bytes().all(|byte| byte.is_ascii_digit()) && stripped.is_empty() { "0" } else { stripped }
}

fn shown(pattern: &str, time_us: i64) -> String {
    let (days, time_us) = split(time_us);
    let CivilDate { year, month, day } = CivilDate::of(days);
    let shown_year = if year > 0 { year } else { 1 - year };
    let hour = time_us / 3_600_000_000;
    let half_day = if hour % 12 == 0 { 12 } else { hour % 12 };
    let month_name = MONTHS[(month - 1) as usize];
    let day_name = WEEKDAYS[weekday(days) as usize];
    let day_of_year = days - CivilDate { year, month: 1, day: 1 }.days() + 1;
    match pattern {
        "HH24" => format!("{hour:02}"),
        "HH12" | "HH" => format!("{half_day:02}"),
        "MI" => format!("{:02}", time_us / 60_000_000 % 60),
        "SS" => format!("{:02}", time_us / 1_000_000 % 60),
        "MS" => format!("{:03}", time_us / 1000 % 1000),
        "US" => format!("{:06}", time_us % 1_000_000),
        "AM" | "PM" => (if hour < 12 { "AM" } else { "PM" }).into(),
        "am" | "pm" => (if hour < 12 { "am" } else { "pm" }).into(),
        "YYYY" => format!("{shown_year:04}"),
        "IYYY" => format!("{:04}", iso_week(days).0),
        "YY" => format!("{:02}", shown_year % 100),
        "CC" => format!("{:02}", (shown_year + 99) / 100),
        "MONTH" => format!("{:9}", month_name.to_ascii_uppercase()),
        "Month" => format!("{month_name:9}"),
        "month" => format!("{:9}", month_name.to_ascii_lowercase()),
        "MON" => month_name[..3].to_ascii_uppercase(),
        "Mon" => month_name[..3].into(),
        "mon" => month_name[..3].to_ascii_lowercase(),
        "MM" => format!("{month:02}"),
        "DAY" => format!("{:9}", day_name.to_ascii_uppercase()),
        "Day" => format!("{day_name:9}"),
        "day" => format!("{:9}", day_name.to_ascii_lowercase()),
        "DY" => day_name[..3].to_ascii_uppercase(),
        "Dy" => day_name[..3].into(),
        "dy" => day_name[..3].to_ascii_lowercase(),
        "DDD" => format!("{day_of_year:03}"),
        "DD" => format!("{day:02}"),
        "D" => (weekday(days) + 1).to_string(),
        "ID" => ((days + 5).rem_euclid(7) + 1).to_string(),
        "IW" => format!("{:02}", iso_week(days).1),
        "WW" => format!("{:02}", (day_of_year - 1) / 7 + 1),
        "Q" => ((month - 1) / 3 + 1).to_string(),
        "J" => (days + 2_451_545).to_string(),
        _ => "UTC".into(),
    }
}

pub(super) const ENTRIES: &[Entry] = &[
    entry("to_char", &[TIMESTAMP, TEXT], TEXT, to_char).by_settings(),
    entry("to_char", &[TIMESTAMPTZ, TEXT], TEXT, to_char).by_settings(),
];
