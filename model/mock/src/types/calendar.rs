//! The calendar: Gregorian at all times, days counted from 2000-01-01 (PostgreSQL's `date2j`, `j2date`).

/// Microseconds of a day.
pub const DAY_US: i64 = 86_400_000_000;

/// A day of the calendar. Year 0 is 1 BC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CivilDate {
    /// The year, as astronomers count.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
}

impl CivilDate {
    /// The day that is so many days after 2000-01-01.
    pub fn of(days: i64) -> CivilDate {
        // Counted from 0000-03-01, in eras of 400 years, so that a leap day is the last day of its year.
        let days = days + 730_425;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        CivilDate { year, month, day: day_of_year - (153 * shifted + 2) / 5 + 1 }
    }

    /// How many days after 2000-01-01 it is.
    pub fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = (self.month + 9) % 12;
        let day_of_year = (153 * shifted + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 730_425
    }

    /// How many days the month has.
    pub fn month_length(year: i64, month: i64) -> i64 {
        match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

/// The day of the week, 0 for Sunday.
pub fn weekday(days: i64) -> i64 {
    (days + 6).rem_euclid(7)
}

/// The year and the week of ISO 8601 that the day is in: weeks begin on Monday, and the first has a Thursday.
pub(crate) fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - (days + 5).rem_euclid(7) + 3;
    let year = CivilDate::of(thursday).year;
    let first = CivilDate { year, month: 1, day: 1 }.days();
    (year, (thursday - first) / 7 + 1)
}
