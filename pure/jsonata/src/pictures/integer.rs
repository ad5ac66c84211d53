//! Pictures of integers: `#,##0`, `w`, `I`, `a` and their ordinals, for writing and reading.

use super::PictureError;
use super::digits::{Decimal, Family, Grouping};
use super::{sequences, words};

/// Most separators in a picture, each of which is looked for when a text is read.
const SEPARATORS_MAX: usize = 100;

/// How an integer is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IntegerPicture {
    pub(super) numbering: Numbering,
    pub(super) ordinal: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Numbering {
    Decimal(DecimalPattern),
    Letters(Case),
    Roman(Case),
    Words(Case),
    /// Anything else, which is an error when used.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DecimalPattern {
    pub(super) family: Family,
    /// Fewest digits.
    pub(super) mandatory: usize,
    /// Number of `#`.
    pub(super) optional: usize,
    pub(super) grouping: Grouping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Title,
}

impl Case {
    /// `text` begins its words with capitals.
    pub(super) fn apply(self, mut text: String) -> String {
        match self {
            Case::Lower => text.make_ascii_lowercase(),
            Case::Upper => text.make_ascii_uppercase(),
            Case::Title => {}
        }
        text
    }
}

impl IntegerPicture {
    /// A pattern and perhaps `;` with modifiers, of which only `o` says anything here.
    pub(super) fn parse(picture: &str) -> Result<IntegerPicture, PictureError> {
        match picture.rsplit_once(';') {
            Some((primary, modifier)) => IntegerPicture::of(primary, modifier.starts_with('o')),
            None => IntegerPicture::of(picture, false),
        }
    }

    /// A pattern alone.
    pub(super) fn of(primary: &str, ordinal: bool) -> Result<IntegerPicture, PictureError> {
        let numbering = match primary {
            "A" => Numbering::Letters(Case::Upper),
            "a" => Numbering::Letters(Case::Lower),
            "I" => Numbering::Roman(Case::Upper),
            "i" => Numbering::Roman(Case::Lower),
            "W" => Numbering::Words(Case::Upper),
            "w" => Numbering::Words(Case::Lower),
            "Ww" => Numbering::Words(Case::Title),
            _ => match DecimalPattern::parse(primary)? {
                Some(pattern) => Numbering::Decimal(pattern),
                None => Numbering::Unknown(primary.to_owned()),
            },
        };
        Ok(IntegerPicture { numbering, ordinal })
    }

    pub(super) fn format(&self, value: f64) -> Result<String, PictureError> {
        if !value.is_finite() {
            return Err(PictureError::not_finite());
        }
        let floor = value.floor();
        let digits = Decimal::of(floor).integer();
        let mut text = match &self.numbering {
            Numbering::Decimal(pattern) => pattern.format(&digits, self.ordinal),
            Numbering::Letters(case) => case.apply(sequences::letters(floor.abs())),
            Numbering::Roman(case) => case.apply(sequences::roman(floor.abs())?),
            Numbering::Words(case) => case.apply(words::spell(&digits, self.ordinal)),
            Numbering::Unknown(primary) => return Err(unknown(primary)),
        };
        if floor < 0.0 {
            text.insert(0, '-');
        }
        Ok(text)
    }

    /// Refuses a picture that says nothing.
    pub(super) fn known(&self) -> Result<(), PictureError> {
        match &self.numbering {
            Numbering::Unknown(primary) => Err(unknown(primary)),
            _ => Ok(()),
        }
    }

    /// None for a text that is no such integer, or one that no number holds.
    pub(super) fn read(&self, text: &str) -> Result<Option<f64>, PictureError> {
        let value = match &self.numbering {
            Numbering::Decimal(pattern) => pattern.read(text),
            Numbering::Letters(_) => sequences::letters_value(text),
            Numbering::Roman(_) => sequences::roman_value(text),
            Numbering::Words(_) => words::value(text),
            Numbering::Unknown(primary) => return Err(unknown(primary)),
        };
        Ok(value.filter(|value| value.is_finite()))
    }
}

fn unknown(primary: &str) -> PictureError {
    PictureError::quoting(
        "D3130",
        "Formatting or parsing an integer as a sequence starting with ",
        primary,
        " is not supported by this implementation",
    )
}

impl DecimalPattern {
    /// None without a single mandatory digit. Everything but digits and `#` separates groups.
    fn parse(primary: &str) -> Result<Option<DecimalPattern>, PictureError> {
        let (mut family, mut mandatory, mut optional) = (None, 0, 0);
        let mut places = Vec::new();
        for mark in primary.chars().rev() {
            if mark == '#' {
                optional += 1;
            } else if let Some(found) = Family::of(mark) {
                if *family.get_or_insert(found) != found {
                    return Err(PictureError::new(
                        "D3131",
                        "In a decimal digit pattern, all digits must be from the same decimal \
                         group",
                    ));
                }
                mandatory += 1;
            } else {
                places.push((mandatory + optional, mark));
                if places.len() > SEPARATORS_MAX {
                    let what = "The separators in a decimal digit pattern";
                    return Err(PictureError::limit(what, SEPARATORS_MAX));
                }
            }
        }
        Ok(family.map(|family| {
            let grouping = Grouping::of(places);
            DecimalPattern { family, mandatory, optional, grouping }
        }))
    }

    fn format(&self, digits: &[u8], ordinal: bool) -> String {
        let mut padded = vec![0; self.mandatory.saturating_sub(digits.len())];
        padded.extend(digits);
        let mut text = String::with_capacity(padded.len() * 2);
        self.grouping.write(&padded, self.family, &mut text);
        if ordinal {
            text.push_str(ordinal_suffix(&padded));
        }
        text
    }

    /// A sign, digits and separators; what follows them does not count, as with the suffix of an
    /// ordinal.
    fn read(&self, text: &str) -> Option<f64> {
        let text = text.trim_start();
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let digits: String = unsigned
            .chars()
            .filter(|mark| !self.grouping.has(*mark))
            .map_while(|mark| self.family.value(mark))
            .map(|value| char::from(b'0' + value))
            .collect();
        let value: f64 = digits.parse().ok()?;
        let negative = text.starts_with('-') && value != 0.0;
        Some(if negative { -value } else { value })
    }
}

/// `st`, `nd`, `rd` or `th`.
fn ordinal_suffix(digits: &[u8]) -> &'static str {
    match digits {
        [.., 1, _] => "th",
        [.., 1] => "st",
        [.., 2] => "nd",
        [.., 3] => "rd",
        _ => "th",
    }
}
