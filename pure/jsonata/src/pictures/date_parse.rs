//! `$toMillis` with a picture.

use super::PictureError;
use super::civil::{self, Civil};
use super::date_match;
use super::date_picture::{self, Component, Marker, Part, Presentation};
use super::integer::DecimalPattern;
use super::names::{HALVES, MONTHS, WEEKDAYS};
use super::zone::Offset;

/// Largest value of a component; a greater one is no time anyway.
const COMPONENT_MAX: f64 = 1_000_000_000.0;

/// Years of two digits are those of the twentieth century, as in ECMAScript.
const SHORT_YEARS: std::ops::Range<i64> = 0..100;
const CENTURY: i64 = 1900;

pub(super) fn parse(
    text: &str,
    picture: &str,
    now_millis: i64,
) -> Result<Option<i64>, PictureError> {
    let parts = date_picture::parse(picture)?;
    for part in &parts {
        readable(part)?;
    }
    let Some(markers) = date_match::markers(&parts, text)? else { return Ok(None) };
    if markers.is_empty() {
        return Ok(None);
    }
    let mut given = Given { values: Vec::with_capacity(markers.len()), offset: Offset::UTC };
    for (marker, text) in markers {
        if !given.take(marker, text)? {
            return Ok(None);
        }
    }
    given.resolve(now_millis)
}

/// Refuses what no text can be read by.
fn readable(part: &Part) -> Result<(), PictureError> {
    let Part::Marker(marker) = part else { return Ok(()) };
    match (marker.component, &marker.presentation) {
        (Component::Zone | Component::GmtZone, _) if marker.pattern().is_none() => {
            Err(date_picture::zone_pattern())
        }
        (Component::Half, _)
        | (Component::Month | Component::WeekMonth | Component::Weekday, Presentation::Name(_)) => {
            Ok(())
        }
        (_, Presentation::Name(_)) => Err(marker.unnamed()),
        (_, Presentation::Integer(integer)) => integer.known(),
    }
}

/// What the text says.
struct Given {
    /// The last one of a component counts.
    values: Vec<(Component, i64)>,
    offset: Offset,
}

impl Given {
    /// False when the text is no value of the component.
    fn take(&mut self, marker: &Marker, text: &str) -> Result<bool, PictureError> {
        if matches!(marker.component, Component::Zone | Component::GmtZone) {
            let offset = offset(marker, text);
            self.offset = offset.unwrap_or(self.offset);
            return Ok(offset.is_some());
        }
        let value = value(marker, text)?;
        self.values.extend(value.map(|value| (marker.component, value)));
        Ok(value.is_some())
    }

    fn of(&self, wanted: Component) -> Option<i64> {
        let found = self.values.iter().rev().find(|(component, _)| *component == wanted);
        found.map(|(_, value)| *value)
    }

    /// Whether something of `group` is given and all of that is in `kept`.
    fn only(&self, group: &[Component], kept: &[Component]) -> bool {
        let mut of_group = group.iter().filter(|component| self.of(**component).is_some());
        let first = of_group.next();
        first.is_some() && first.into_iter().chain(of_group).all(|one| kept.contains(one))
    }

    fn resolve(&self, now_millis: i64) -> Result<Option<i64>, PictureError> {
        use Component::*;
        let dates = [Year, Month, Day, DayOfYear, Week, WeekOfMonth, WeekYear, WeekMonth];
        let clocks = [Hour, HalfDayHour, Half, Minute, Second, Fraction];
        let of_month = self.only(&dates, &[Year, Month, Day]);
        let of_year = !of_month && self.only(&dates, &[Year, DayOfYear]);
        let of_week = self.only(&dates, &[WeekYear, WeekMonth, WeekOfMonth])
            || self.only(&dates, &[WeekYear, Week]);
        if of_week {
            return Err(missing());
        }
        let halved = !self.only(&clocks, &[Hour, Minute, Second, Fraction])
            && self.only(&clocks, &[Half, HalfDayHour, Minute, Second, Fraction]);
        let date: &[Component] = if of_year { &[Year, DayOfYear] } else { &[Year, Month, Day] };
        let clock: &[Component] = if halved { &[Half, HalfDayHour] } else { &[Hour] };
        let order = [date, clock, &[Minute, Second, Fraction]].concat();
        Ok(self.completed(&order, now_millis)?.instant())
    }

    /// Coarser than all that is given comes from now, finer is the least there is, and between
    /// must be no gap.
    fn completed(&self, order: &[Component], now_millis: i64) -> Result<Given, PictureError> {
        let now = Civil::of(now_millis);
        let (mut started, mut ended) = (false, false);
        let mut all = Given { values: Vec::with_capacity(order.len()), offset: self.offset };
        for component in order {
            let value = match self.of(*component) {
                Some(_) if ended => return Err(missing()),
                Some(value) => {
                    started = true;
                    value
                }
                None if started => {
                    ended = true;
                    least(*component)
                }
                None => current(*component, &now),
            };
            all.values.push((*component, value));
        }
        Ok(all)
    }

    /// What is beyond the end of a month or a day is counted on.
    fn instant(&self) -> Option<i64> {
        let [year, month, day, of_year, minute, second, milli] = [
            Component::Year,
            Component::Month,
            Component::Day,
            Component::DayOfYear,
            Component::Minute,
            Component::Second,
            Component::Fraction,
        ]
        .map(|component| self.of(component));
        let year = year.unwrap_or(CENTURY);
        let year = if SHORT_YEARS.contains(&year) { year + CENTURY } else { year };
        let from = civil::days_until(year, month.unwrap_or(1).max(1));
        let days = from + of_year.or(day).unwrap_or(1) - 1;
        let clock = [self.hour(), minute.unwrap_or(0), second.unwrap_or(0), milli.unwrap_or(0)];
        civil::instant(days, civil::clock_millis(clock) - self.offset.minutes * 60_000)
    }

    /// Twelve is the first hour of either half of the day.
    fn hour(&self) -> i64 {
        match (self.of(Component::Half), self.of(Component::HalfDayHour)) {
            (Some(half), Some(12)) => half * 12,
            (Some(half), Some(hour)) => half * 12 + hour,
            _ => self.of(Component::Hour).unwrap_or(0),
        }
    }
}

fn missing() -> PictureError {
    PictureError::new(
        "D3136",
        "The date/time picture string is missing specifiers required to parse the timestamp",
    )
}

fn least(component: Component) -> i64 {
    i64::from(matches!(component, Component::Month | Component::Day | Component::DayOfYear))
}

fn current(component: Component, now: &Civil) -> i64 {
    match component {
        Component::Year => now.day.year,
        Component::Month => now.day.month,
        Component::Day => now.day.day,
        Component::DayOfYear => now.day.of_year(),
        Component::Half => i64::from(now.hour >= 12),
        Component::HalfDayHour => now.hour % 12,
        Component::Hour => now.hour,
        Component::Minute => now.minute,
        Component::Second => now.second,
        _ => now.milli,
    }
}

/// None when the text is no value of the component.
fn value(marker: &Marker, text: &str) -> Result<Option<i64>, PictureError> {
    let named = |names: &[&str]| {
        let most = marker.name_max.unwrap_or(usize::MAX);
        let is_text = |name: &&str| name.get(..most).unwrap_or(name).eq_ignore_ascii_case(text);
        names.iter().position(is_text).and_then(|place| i64::try_from(place).ok())
    };
    let integer = match (marker.component, &marker.presentation) {
        (Component::Half, _) => return Ok(named(&HALVES)),
        (Component::Weekday, Presentation::Name(_)) => return Ok(named(&WEEKDAYS)),
        (_, Presentation::Name(_)) => return Ok(named(&MONTHS).map(|place| place + 1)),
        (_, Presentation::Integer(integer)) => integer,
    };
    if let (Component::Fraction, Some(pattern)) = (marker.component, marker.pattern()) {
        return Ok(Some(thousandths(pattern, text)));
    }
    let value = integer.read(text)?;
    Ok(value.filter(|value| value.abs() <= COMPONENT_MAX).map(|value| value as i64))
}

/// Digits after a decimal point as milliseconds; finer ones do not count.
fn thousandths(pattern: &DecimalPattern, text: &str) -> i64 {
    let digits = text.chars().filter_map(|mark| pattern.family.value(mark));
    let milli = digits.chain([0; 3]).take(3);
    milli.fold(0, |value, digit| value * 10 + i64::from(digit))
}

fn offset(marker: &Marker, text: &str) -> Option<Offset> {
    let has_gmt = marker.component == Component::GmtZone;
    let text = if has_gmt { text.get("GMT".len()..).unwrap_or(text) } else { text };
    let separator = marker.pattern().and_then(|pattern| pattern.grouping.first());
    Offset::read(text, separator.unwrap_or(':'))
}
