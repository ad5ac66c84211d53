//! Finds which part of a text each part of a picture stands for: the longest one first, shorter
//! ones when the rest does not fit.

use super::PictureError;
use super::date_picture::{Component, Marker, Part, Presentation};
use super::digits::Family;
use super::integer::{DecimalPattern, IntegerPicture, Numbering};
use super::names::{HALVES, MONTHS, WEEKDAYS};
use super::{sequences, words};

/// Longest number in digits or letters, in characters.
const NUMBER_CHARS_MAX: usize = 64;
/// Longest number in words, in bytes.
const WORDS_BYTES_MAX: usize = 512;
/// Most tries to fit a part of the picture, over the whole text.
const TRIES_MAX: usize = 100_000;
/// Text that is compared within one try, in bytes.
const TRY_BYTES: usize = 1_024;

/// The texts of all markers in order; none when the text does not match.
pub(super) fn markers<'p, 't>(
    parts: &'p [Part],
    text: &'t str,
) -> Result<Option<Vec<(&'p Marker, &'t str)>>, PictureError> {
    // Where a part begins, and how long it may still be.
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let (mut at, mut tries) = (0, 0);
    while tries < TRIES_MAX {
        let rest = text.get(at..).unwrap_or("");
        match parts.get(open.len()) {
            Some(part) => {
                let lengths = lengths(part, rest);
                tries += 1 + effort(part, &lengths);
                open.push((at, lengths));
            }
            None if rest.is_empty() => return Ok(Some(spans(parts, text, &open, at))),
            None => tries += 1,
        }
        match next_end(&mut open) {
            Some(end) => at = end,
            None => return Ok(None),
        }
    }
    Err(PictureError::limit("The ways to read a text as a date/time picture string", TRIES_MAX))
}

fn effort(part: &Part, lengths: &[usize]) -> usize {
    match part {
        Part::Text(literal) => literal.len() / TRY_BYTES,
        Part::Marker(_) => lengths.len(),
    }
}

/// The end of the last part that can be tried otherwise.
fn next_end(open: &mut Vec<(usize, Vec<usize>)>) -> Option<usize> {
    while let Some((start, lengths)) = open.last_mut() {
        if let Some(length) = lengths.pop() {
            return Some(*start + length);
        }
        open.pop();
    }
    None
}

fn spans<'p, 't>(
    parts: &'p [Part],
    text: &'t str,
    open: &[(usize, Vec<usize>)],
    end: usize,
) -> Vec<(&'p Marker, &'t str)> {
    let starts = open.iter().map(|(start, _)| *start);
    let ends = starts.clone().skip(1).chain([end]);
    let taken = starts.zip(ends).map(|(start, end)| text.get(start..end).unwrap_or(""));
    parts
        .iter()
        .zip(taken)
        .filter_map(|(part, taken)| match part {
            Part::Marker(marker) => Some((marker, taken)),
            Part::Text(_) => None,
        })
        .collect()
}

/// How long the part may be at the beginning of `rest`, in bytes, the longest last.
fn lengths(part: &Part, rest: &str) -> Vec<usize> {
    let marker = match part {
        Part::Text(literal) if starts(rest, literal) => return vec![literal.len()],
        Part::Text(_) => return Vec::new(),
        Part::Marker(marker) => marker,
    };
    let named = |names: &[&str]| {
        let most = marker.name_max.unwrap_or(usize::MAX);
        names
            .iter()
            .map(|name| name.get(..most).unwrap_or(name))
            .filter(|name| starts(rest, name))
            .map(str::len)
            .collect()
    };
    match (marker.component, &marker.presentation) {
        (Component::Zone | Component::GmtZone, _) => zone(marker, rest),
        (Component::Half, _) => named(&HALVES),
        (Component::Weekday, Presentation::Name(_)) => named(&WEEKDAYS),
        (_, Presentation::Name(_)) => named(&MONTHS),
        (_, Presentation::Integer(integer)) => number(marker, integer, rest),
    }
}

/// Capitals and small letters are the same here.
fn starts(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
}

fn number(marker: &Marker, integer: &IntegerPicture, rest: &str) -> Vec<usize> {
    match &integer.numbering {
        Numbering::Decimal(pattern) => {
            let mut lengths = decimal(pattern, marker.digits_read, rest);
            if integer.ordinal {
                let suffixed = |length: &usize| {
                    let after = rest.get(*length..).unwrap_or("");
                    ["st", "nd", "rd", "th"].iter().any(|suffix| starts(after, suffix))
                };
                lengths.retain(suffixed);
                lengths.iter_mut().for_each(|length| *length += 2);
            }
            lengths
        }
        Numbering::Letters(_) => run(rest, |letter| letter.is_ascii_alphabetic()),
        Numbering::Roman(_) => run(rest, |letter| sequences::roman_letter(letter).is_some()),
        Numbering::Words(_) => spelled(rest),
        Numbering::Unknown(_) => Vec::new(),
    }
}

/// Ends of the characters at the beginning that are `wanted`.
fn run(rest: &str, wanted: impl Fn(char) -> bool) -> Vec<usize> {
    rest.char_indices()
        .take(NUMBER_CHARS_MAX)
        .take_while(|(_, mark)| wanted(*mark))
        .map(|(at, mark)| at + mark.len_utf8())
        .collect()
}

/// Digits, with separators between them.
fn decimal(pattern: &DecimalPattern, count: Option<usize>, rest: &str) -> Vec<usize> {
    let DecimalPattern { family, grouping, .. } = pattern;
    let mut digits = 0;
    let mut lengths = Vec::new();
    for (at, mark) in rest.char_indices().take(NUMBER_CHARS_MAX) {
        if family.value(mark).is_some() {
            digits += 1;
            if count.is_none_or(|count| count == digits) {
                lengths.push(at + mark.len_utf8());
            }
        } else if digits == 0 || !grouping.has(mark) {
            break;
        }
    }
    lengths
}

/// Ends of words of numbers, which a letter may follow.
fn spelled(rest: &str) -> Vec<usize> {
    let mut lengths: Vec<usize> = Vec::new();
    let mut at = 0;
    while at < WORDS_BYTES_MAX {
        let text = rest.get(at..).unwrap_or("");
        let before = lengths.len();
        lengths.extend(words::beginnings(text).map(|length| at + length));
        lengths.sort_unstable();
        let end = match lengths.last() {
            Some(longest) if lengths.len() > before => *longest,
            Some(_) if starts(text, words::AND) => at + words::AND.len(),
            _ => break,
        };
        let after = rest.as_bytes().get(end..).unwrap_or_default();
        let gap = after.iter().take_while(|byte| matches!(byte, b' ' | b',' | b'-')).count();
        if gap == 0 {
            break;
        }
        at = end + gap;
    }
    lengths
}

/// `GMT` for one of the two, a sign, one or two digits of hours, and two of minutes, which may be
/// missing when the picture has no separator.
fn zone(marker: &Marker, rest: &str) -> Vec<usize> {
    let Some(pattern) = marker.pattern() else { return Vec::new() };
    let mut lengths = Vec::new();
    if marker.traditional && starts(rest, "Z") {
        lengths.push(1);
    }
    let gmt = if marker.component == Component::GmtZone { "GMT" } else { "" };
    let Some(signed) = rest.get(gmt.len()..).filter(|_| starts(rest, gmt)) else { return lengths };
    let Some(digits) = signed.strip_prefix(['+', '-']) else { return lengths };
    let before = gmt.len() + 1;
    let hours = digit_count(digits);
    let minutes = |mark: char| {
        let after = digits.get(hours..).and_then(|rest| rest.strip_prefix(mark));
        (hours <= 2 && after.is_some_and(|after| digit_count(after) >= 2)).then_some(hours + 3)
    };
    match pattern.grouping.first() {
        Some(mark) if mark.is_ascii() => lengths.extend(minutes(mark).map(|end| before + end)),
        Some(_) => {}
        None => {
            lengths.extend((1..=hours.min(4)).map(|end| before + end));
            lengths.extend(minutes(':').map(|end| before + end));
        }
    }
    lengths
}

fn digit_count(text: &str) -> usize {
    let family = Family::ASCII;
    text.chars().take(5).take_while(|mark| family.value(*mark).is_some()).count()
}
