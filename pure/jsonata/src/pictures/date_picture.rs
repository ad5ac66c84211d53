//! The picture of a time: text with markers in brackets, `[Y0001]-[M01]-[D01]`.

use super::PictureError;
use super::integer::{Case, DecimalPattern, IntegerPicture, Numbering};

/// Most markers and texts between them.
const PARTS_MAX: usize = 1_000;
/// Most digits that a width may ask for.
const WIDTH_MAX: usize = 1_000;

#[derive(Debug)]
pub(super) enum Part {
    Text(String),
    Marker(Marker),
}

#[derive(Debug)]
pub(super) struct Marker {
    pub(super) component: Component,
    pub(super) presentation: Presentation,
    /// `Z` for an offset of zero.
    pub(super) traditional: bool,
    /// Most characters of a name.
    pub(super) name_max: Option<usize>,
    /// Number of last digits of the year.
    pub(super) year_digits: Option<u32>,
    /// When read: just so many digits, since a number follows without a break.
    pub(super) digits_read: Option<usize>,
}

#[derive(Debug)]
pub(super) enum Presentation {
    Name(Case),
    Integer(IntegerPicture),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Year,
    Month,
    Day,
    DayOfYear,
    Weekday,
    Week,
    WeekOfMonth,
    WeekYear,
    WeekMonth,
    Hour,
    HalfDayHour,
    Half,
    Minute,
    Second,
    Fraction,
    Zone,
    GmtZone,
    Calendar,
    Era,
}

/// Each component with its letter and how it is presented unless the marker says so.
const COMPONENTS: [(Component, char, &str); 19] = [
    (Component::Year, 'Y', "1"),
    (Component::Month, 'M', "1"),
    (Component::Day, 'D', "1"),
    (Component::DayOfYear, 'd', "1"),
    (Component::Weekday, 'F', "n"),
    (Component::Week, 'W', "1"),
    (Component::WeekOfMonth, 'w', "1"),
    (Component::WeekYear, 'X', "1"),
    (Component::WeekMonth, 'x', "1"),
    (Component::Hour, 'H', "1"),
    (Component::HalfDayHour, 'h', "1"),
    (Component::Half, 'P', "n"),
    (Component::Minute, 'm', "01"),
    (Component::Second, 's', "01"),
    (Component::Fraction, 'f', "1"),
    (Component::Zone, 'Z', "01:01"),
    (Component::GmtZone, 'z', "01:01"),
    (Component::Calendar, 'C', "n"),
    (Component::Era, 'E', "n"),
];

/// The parts in order; `[[` and `]]` are brackets as such.
pub(super) fn parse(picture: &str) -> Result<Vec<Part>, PictureError> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = picture;
    while let Some(at) = rest.find(['[', ']']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(before);
        let doubled = ["[[", "]]"].into_iter().find(|pair| from.starts_with(pair));
        if doubled.is_some() || from.starts_with(']') {
            text.push_str(from.get(..1).unwrap_or(""));
            rest = from.get(doubled.map_or(1, str::len)..).unwrap_or("");
            continue;
        }
        let (marker, after) = from.get(1..).unwrap_or("").split_once(']').ok_or_else(unclosed)?;
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        push_marker(Marker::parse(marker)?, &mut parts);
        if parts.len() > PARTS_MAX {
            return Err(PictureError::limit("The parts of a date/time picture string", PARTS_MAX));
        }
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

fn unclosed() -> PictureError {
    PictureError::new("D3135", "No matching closing bracket ']' in date/time picture string")
}

/// The offset of a zone is written in digits, and in no more than four.
pub(super) fn zone_pattern() -> PictureError {
    PictureError::new(
        "D3134",
        "The timezone integer format specifier cannot have more than four digits",
    )
}

/// Where the digits of two numbers meet, the first one has as many as its pattern.
fn push_marker(marker: Marker, parts: &mut Vec<Part>) {
    let is_zone = matches!(marker.component, Component::Zone | Component::GmtZone);
    if let (Some(_), false, Some(Part::Marker(before))) =
        (marker.pattern(), is_zone, parts.last_mut())
    {
        before.digits_read = before.pattern().map(|pattern| pattern.mandatory);
    }
    parts.push(Part::Marker(marker));
}

impl Marker {
    /// `text` is what stands between the brackets; white space does not count.
    fn parse(text: &str) -> Result<Marker, PictureError> {
        let text: String = text.chars().filter(|mark| !mark.is_whitespace()).collect();
        let (modified, widths) = text.rsplit_once(',').unwrap_or((&text, ""));
        let mut marks = modified.chars();
        let letter = marks.next();
        let known = COMPONENTS.iter().find(|(_, known, _)| Some(*known) == letter);
        let Some(&(component, _, usual)) = known else {
            let unknown = letter.map(String::from).unwrap_or_default();
            let after = " in date/time picture string";
            return Err(PictureError::quoting(
                "D3132",
                "Unknown component specifier ",
                &unknown,
                after,
            ));
        };
        let (primary, modifier) = split_modifier(marks.as_str(), usual);
        let widths = Widths::parse(widths)?;
        let mut marker = Marker {
            component,
            presentation: presentation(primary, modifier == Some('o'))?,
            traditional: modifier == Some('t'),
            name_max: widths.max,
            year_digits: None,
            digits_read: None,
        };
        marker.widen(widths);
        Ok(marker)
    }

    /// The pattern of a number in digits.
    pub(super) fn pattern(&self) -> Option<&DecimalPattern> {
        match &self.presentation {
            Presentation::Integer(IntegerPicture {
                numbering: Numbering::Decimal(pattern),
                ..
            }) => Some(pattern),
            _ => None,
        }
    }

    /// Widths ask for digits; a year, month or day has as many as is the most.
    fn widen(&mut self, widths: Widths) {
        let Presentation::Integer(IntegerPicture { numbering, .. }) = &mut self.presentation else {
            return;
        };
        let mut digits = 0;
        if let Numbering::Decimal(pattern) = numbering {
            pattern.mandatory = pattern.mandatory.max(widths.min.unwrap_or(0));
            digits = pattern.mandatory.saturating_add(pattern.optional);
        }
        if !matches!(self.component, Component::Year | Component::Month | Component::Day) {
            return;
        }
        if let (Some(most), Numbering::Decimal(pattern)) = (widths.max, numbering) {
            pattern.mandatory = most;
        }
        let limit = widths.max.or((digits >= 2).then_some(digits));
        if self.component == Component::Year {
            self.year_digits = limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
        }
    }

    /// Only months and days have names.
    pub(super) fn unnamed(&self) -> PictureError {
        let known = COMPONENTS.iter().find(|(component, ..)| *component == self.component);
        PictureError::quoting(
            "D3133",
            "The 'name' modifier can only be applied to months and days in the date/time picture \
             string, not ",
            &known.map(|(_, letter, _)| letter.to_string()).unwrap_or_default(),
            "",
        )
    }
}

/// The second modifier is the last character of several.
fn split_modifier<'m>(modifiers: &'m str, usual: &'m str) -> (&'m str, Option<char>) {
    if modifiers.is_empty() {
        return (usual, None);
    }
    for modifier in ['a', 't', 'c', 'o'] {
        if let Some(primary) = modifiers.strip_suffix(modifier)
            && !primary.is_empty()
        {
            return (primary, Some(modifier));
        }
    }
    (modifiers, None)
}

fn presentation(primary: &str, ordinal: bool) -> Result<Presentation, PictureError> {
    Ok(match primary.as_bytes() {
        [b'n', ..] => Presentation::Name(Case::Lower),
        [b'N', b'n', ..] => Presentation::Name(Case::Title),
        [b'N', ..] => Presentation::Name(Case::Upper),
        _ => Presentation::Integer(IntegerPicture::of(primary, ordinal)?),
    })
}

#[derive(Clone, Copy)]
struct Widths {
    min: Option<usize>,
    max: Option<usize>,
}

impl Widths {
    /// `min` or `min-max`, where `*` stands for any.
    fn parse(text: &str) -> Result<Widths, PictureError> {
        let (min, max) = text.split_once('-').unwrap_or((text, ""));
        Ok(Widths { min: width(min)?, max: width(max)? })
    }
}

fn width(text: &str) -> Result<Option<usize>, PictureError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse() {
        Ok(width) if width <= WIDTH_MAX => Ok(Some(width)),
        _ => Err(PictureError::limit("A width in a date/time picture string", WIDTH_MAX)),
    }
}
