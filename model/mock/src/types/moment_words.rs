//! The words of a date or a time.

use super::moment_text::{Fault, Fields, Half, Special};
use super::{DAY_US, Scalar, is_space};

/// The fields of a text, word by word.
pub(super) fn fields(text: &str, scalar: Scalar) -> Result<Fields, Fault> {
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
