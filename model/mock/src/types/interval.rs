//! `interval`: months, days and microseconds, each counted by itself.

use super::DAY_US;
use std::cmp::Ordering;

/// A span of time. Months and days have no fixed length, and so are kept apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interval {
    /// Twelve of them are a year.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// What is less than a day, but may be more.
    pub time_us: i64,
}

impl Interval {
    /// How long it is if a month has 30 days and a day 24 hours: by this, intervals are ordered.
    pub fn estimate_us(&self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(DAY_US) + i128::from(self.time_us)
    }
}

impl Ord for Interval {
    fn cmp(&self, other: &Interval) -> Ordering {
        self.estimate_us().cmp(&other.estimate_us())
    }
}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Interval) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Interval {
    fn eq(&self, other: &Interval) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Interval {}

/// Rounded to so many digits of a second.
pub(super) fn rounded(interval: &Interval, digits: u8) -> Interval {
    Interval { time_us: super::length::rounded(interval.time_us, digits), ..*interval }
}
