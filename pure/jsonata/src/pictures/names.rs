//! Names of months, days and halves of the day, in English.

pub(super) const MONTHS: [&str; 12] = [
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

/// As in ISO 8601, the week begins on Monday.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) const HALVES: [&str; 2] = ["am", "pm"];

/// The calendar, and the only era in it.
pub(super) const CALENDAR: &str = "ISO";
