//! `$fromMillis` with a picture.

use super::PictureError;
use super::civil::Civil;
use super::date_picture::{self, Component, Marker, Part, Presentation};
use super::integer::{Case, DecimalPattern};
use super::names::{CALENDAR, HALVES, MONTHS, WEEKDAYS};
use super::zone::Offset;

pub(super) fn format(millis: i64, picture: &str, offset: Offset) -> Result<String, PictureError> {
    let parts = date_picture::parse(picture)?;
    let local = Civil::of(offset.local(millis));
    let mut text = String::with_capacity(picture.len());
    for part in &parts {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Marker(marker) => text.push_str(&component(marker, &local, offset)?),
        }
    }
    Ok(text)
}

fn component(marker: &Marker, local: &Civil, offset: Offset) -> Result<String, PictureError> {
    match marker.component {
        Component::Half => Ok(half(marker, local)),
        Component::Calendar | Component::Era => Ok(CALENDAR.to_owned()),
        Component::Zone | Component::GmtZone => zone(marker, offset),
        _ => match &marker.presentation {
            Presentation::Name(case) => name(marker, *case, local),
            Presentation::Integer(integer) => integer.format(number(marker, local) as f64),
        },
    }
}

fn half(marker: &Marker, local: &Civil) -> String {
    let [morning, afternoon] = HALVES;
    let name = if local.hour < 12 { morning } else { afternoon }.to_owned();
    match marker.presentation {
        Presentation::Name(case) => case.apply(name),
        Presentation::Integer(_) => name,
    }
}

fn number(marker: &Marker, local: &Civil) -> i64 {
    let day = local.day;
    match marker.component {
        Component::Year => last_digits(day.year, marker.year_digits),
        Component::Month => day.month,
        Component::Day => day.day,
        Component::DayOfYear => day.of_year(),
        Component::Weekday => day.weekday(),
        Component::Week => day.week_of_year(),
        Component::WeekOfMonth => day.week_of_month(),
        Component::WeekYear => day.thursday().year,
        Component::WeekMonth => day.thursday().month,
        Component::Hour => local.hour,
        Component::HalfDayHour => (local.hour + 11) % 12 + 1,
        Component::Minute => local.minute,
        Component::Second => local.second,
        _ => local.milli,
    }
}

fn last_digits(year: i64, digits: Option<u32>) -> i64 {
    match digits.and_then(|digits| 10_i64.checked_pow(digits)) {
        Some(modulus) => year % modulus,
        None => year,
    }
}

fn name(marker: &Marker, case: Case, local: &Civil) -> Result<String, PictureError> {
    let day = local.day;
    let (names, place): (&[&str], i64) = match marker.component {
        Component::Month => (&MONTHS, day.month),
        Component::WeekMonth => (&MONTHS, day.thursday().month),
        Component::Weekday => (&WEEKDAYS, day.weekday()),
        _ => return Err(marker.unnamed()),
    };
    let name = usize::try_from(place - 1).ok().and_then(|place| names.get(place));
    let shown = name.map(|name| name.chars().take(marker.name_max.unwrap_or(usize::MAX)).collect());
    Ok(case.apply(shown.unwrap_or_default()))
}

fn zone(marker: &Marker, offset: Offset) -> Result<String, PictureError> {
    let written = offset_digits(marker, offset)?.ok_or_else(date_picture::zone_pattern)?;
    if marker.traditional && offset == Offset::UTC {
        return Ok("Z".to_owned());
    }
    let gmt = if marker.component == Component::GmtZone { "GMT" } else { "" };
    Ok(format!("{gmt}{}{written}", offset.sign()))
}

/// With a separator or three digits, hours and minutes are one number; with one or two digits,
/// the minutes are left out when there are none.
fn offset_digits(marker: &Marker, offset: Offset) -> Result<Option<String>, PictureError> {
    let (Presentation::Integer(integer), Some(pattern)) = (&marker.presentation, marker.pattern())
    else {
        return Ok(None);
    };
    let DecimalPattern { mandatory, grouping, .. } = pattern;
    let (hours, minutes) = offset.parts();
    let both = (hours * 100 + minutes) as f64;
    Ok(match mandatory {
        _ if grouping.first().is_some() => Some(integer.format(both)?),
        1 | 2 if minutes == 0 => Some(integer.format(hours as f64)?),
        1 | 2 => Some(format!("{}:{minutes:02}", integer.format(hours as f64)?)),
        3 | 4 => Some(integer.format(both)?),
        _ => None,
    })
}
