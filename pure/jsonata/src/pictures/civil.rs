//! The calendar: days since 1970-01-01 to years, months and ISO weeks, and back.

const DAY_MS: i64 = 86_400_000;
/// Days of a whole Gregorian cycle of 400 years.
const CYCLE_DAYS: i64 = 146_097;
/// Days from 0000-03-01, where the cycle begins here, to 1970-01-01.
const EPOCH_SHIFT: i64 = 719_468;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    /// Since 1970-01-01.
    pub(super) days: i64,
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// 1 to 31.
    pub(super) day: i64,
}

/// A day and a time of day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Civil {
    pub(super) day: Day,
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) milli: i64,
}

impl Civil {
    pub(super) fn of(millis: i64) -> Civil {
        let rest = millis.rem_euclid(DAY_MS);
        Civil {
            day: Day::of(millis.div_euclid(DAY_MS)),
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1_000 % 60,
            milli: rest % 1_000,
        }
    }
}

impl Day {
    /// Years begin in March here, so that the day of a leap year is the last one.
    pub(super) fn of(days: i64) -> Day {
        let shifted = days + EPOCH_SHIFT;
        let cycle = shifted.div_euclid(CYCLE_DAYS);
        let in_cycle = shifted.rem_euclid(CYCLE_DAYS);
        let year_in_cycle =
            (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
        let in_year = in_cycle - (365 * year_in_cycle + year_in_cycle / 4 - year_in_cycle / 100);
        let from_march = (5 * in_year + 2) / 153;
        let day = in_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = cycle * 400 + year_in_cycle + i64::from(month <= 2);
        Day { days, year, month, day }
    }

    /// 1 for the first of January.
    pub(super) fn of_year(self) -> i64 {
        self.days - days_until(self.year, 1) + 1
    }

    /// 1 for Monday to 7 for Sunday.
    pub(super) fn weekday(self) -> i64 {
        (self.days + 3).rem_euclid(7) + 1
    }

    /// A week belongs to the year and the month of its Thursday.
    pub(super) fn thursday(self) -> Day {
        Day::of(self.days + 4 - self.weekday())
    }

    /// Week of the year, as in ISO 8601.
    pub(super) fn week_of_year(self) -> i64 {
        (self.thursday().of_year() - 1) / 7 + 1
    }

    pub(super) fn week_of_month(self) -> i64 {
        (self.thursday().day - 1) / 7 + 1
    }
}

/// Days from 1970-01-01 until the first of a month, which may lie outside of 1 to 12.
pub(super) fn days_until(year: i64, month: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let year = year - i64::from(month <= 2);
    let cycle = year.div_euclid(400);
    let year_in_cycle = year.rem_euclid(400);
    let from_march = (month + 9) % 12;
    let in_year = (153 * from_march + 2) / 5;
    let in_cycle = year_in_cycle * 365 + year_in_cycle / 4 - year_in_cycle / 100 + in_year;
    cycle * CYCLE_DAYS + in_cycle - EPOCH_SHIFT
}

/// Hours, minutes, seconds and milliseconds as milliseconds, whatever their size.
pub(super) fn clock_millis(clock: [i64; 4]) -> i64 {
    let [hours, minutes, seconds, millis] = clock;
    ((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis
}

/// Milliseconds of a day's beginning and a time on it; none when too far from 1970 for a time.
pub(super) fn instant(days: i64, clock_ms: i64) -> Option<i64> {
    let millis = days.checked_mul(DAY_MS)?.checked_add(clock_ms)?;
    (millis.abs() <= INSTANT_MS_MAX).then_some(millis)
}

/// A hundred million days, the most that a time of ECMAScript holds.
const INSTANT_MS_MAX: i64 = 8_640_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_there_and_back() {
        let mut before = Day::of(-1_000_000);
        for days in -999_999..1_000_000 {
            let day = Day::of(days);
            let follows = (day.year, day.month, day.day)
                == (before.year, before.month, before.day + 1)
                || (day.year, day.month, day.day) == (before.year, before.month + 1, 1)
                || (day.year, day.month, day.day) == (before.year + 1, 1, 1);
            assert!(follows, "{before:?} then {day:?}");
            assert_eq!(days_until(day.year, day.month) + day.day - 1, days);
            before = day;
        }
        let day = Day::of(19_782);
        assert_eq!((day.year, day.month, day.day, day.of_year()), (2024, 2, 29, 60));
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        for millis in [i64::MIN, i64::MAX] {
            let civil = Civil::of(millis);
            assert!((1..=7).contains(&civil.day.weekday()));
            assert!((1..=53).contains(&civil.day.week_of_year()));
        }
        assert_eq!(instant(i64::MAX, 0), None);
        assert_eq!(instant(100_000_000, 1), None);
    }
}
