//! The picture of `$formatNumber`: split, checked and measured, as XPath's `format-number` has it.

use super::PictureError;
use super::digits::{Family, Grouping};

/// What the characters of a picture are; each may be replaced by an option.
pub(super) struct Symbols<'o> {
    pub(super) decimal: &'o str,
    pub(super) exponent: &'o str,
    pub(super) infinity: &'o str,
    pub(super) minus: &'o str,
    pub(super) nan: &'o str,
    pub(super) family: Option<Family>,
    grouping: &'o str,
    percent: &'o str,
    per_mille: &'o str,
    digit: &'o str,
    separator: &'o str,
}

impl<'o> Symbols<'o> {
    pub(super) fn new(options: &'o [(String, String)]) -> Symbols<'o> {
        let property = |name: &str, usual: &'o str| {
            let given = options.iter().rev().find(|(given, _)| given == name);
            given.map_or(usual, |(_, symbol)| symbol.as_str())
        };
        Symbols {
            decimal: property("decimal-separator", "."),
            exponent: property("exponent-separator", "e"),
            infinity: property("infinity", "Infinity"),
            minus: property("minus-sign", "-"),
            nan: property("NaN", "NaN"),
            family: single(property("zero-digit", "0")).and_then(Family::from),
            grouping: property("grouping-separator", ","),
            percent: property("percent", "%"),
            per_mille: property("per-mille", "\u{2030}"),
            digit: property("digit", "#"),
            separator: property("pattern-separator", ";"),
        }
    }

    fn kind(&self, mark: char) -> Kind {
        let is = |symbol: &str| single(symbol) == Some(mark);
        if self.family.is_some_and(|family| family.value(mark).is_some()) {
            Kind::Digit
        } else if is(self.digit) {
            Kind::Optional
        } else if is(self.decimal) {
            Kind::Decimal
        } else if is(self.grouping) {
            Kind::Grouping
        } else if is(self.exponent) {
            Kind::Exponent
        } else {
            Kind::Passive
        }
    }
}

/// The only character of a text.
fn single(text: &str) -> Option<char> {
    let mut marks = text.chars();
    marks.next().filter(|_| marks.next().is_none())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Digit,
    Optional,
    Decimal,
    Grouping,
    Exponent,
    Passive,
}

impl Kind {
    fn is_digit(self) -> bool {
        matches!(self, Kind::Digit | Kind::Optional)
    }
}

/// How positive numbers are written, or negative ones.
pub(super) struct SubPicture {
    pub(super) prefix: String,
    pub(super) suffix: String,
    /// Places that the decimal point moves to the right: two for percent.
    pub(super) shift: i64,
    pub(super) integer_min: usize,
    pub(super) integer_grouping: Grouping,
    pub(super) fraction_min: usize,
    pub(super) fraction_max: usize,
    /// Numbers of digits after the decimal point that a separator follows, and the separator.
    pub(super) fraction_groups: Vec<(usize, char)>,
    pub(super) exponent: Option<Exponent>,
}

pub(super) struct Exponent {
    pub(super) digits_min: usize,
    /// Digits of the mantissa before the decimal point.
    pub(super) scale: i64,
}

/// One sub-picture, or a second one for negative numbers.
pub(super) fn parse(
    picture: &str,
    symbols: &Symbols<'_>,
) -> Result<(SubPicture, Option<SubPicture>), PictureError> {
    let parts: Vec<&str> = match symbols.separator {
        "" => vec![picture],
        separator => picture.splitn(3, separator).collect(),
    };
    let measured = |part: &str| Split::new(part, symbols).measured(symbols);
    match parts.as_slice() {
        [first] => Ok((measured(first)?, None)),
        [first, second] => Ok((measured(first)?, Some(measured(second)?))),
        _ => Err(refusal("D3080")),
    }
}

/// A sub-picture in its parts.
struct Split<'p> {
    whole: &'p str,
    prefix: &'p str,
    suffix: &'p str,
    integer: Vec<Kind>,
    /// None without a decimal separator.
    fraction: Option<Vec<Kind>>,
    /// None without an exponent separator.
    exponent: Option<Vec<Kind>>,
    grouping: char,
}

impl<'p> Split<'p> {
    fn new(whole: &'p str, symbols: &Symbols<'_>) -> Split<'p> {
        let active = |mark: char| !matches!(symbols.kind(mark), Kind::Passive | Kind::Exponent);
        let start = whole.find(active).unwrap_or(0);
        let end = whole.rfind(active).map_or(whole.len(), |last| {
            last + whole.get(last..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        });
        let part = |range: std::ops::Range<usize>| whole.get(range).unwrap_or("");
        let kinds: Vec<Kind> = part(start..end).chars().map(|mark| symbols.kind(mark)).collect();
        let suffix = part(end..whole.len());
        let (mantissa, mut exponent) = cut(&kinds, Kind::Exponent);
        if suffix.chars().next().is_some_and(|mark| symbols.kind(mark) == Kind::Exponent) {
            exponent = exponent.or(Some(&[]));
        }
        let (integer, fraction) = cut(mantissa, Kind::Decimal);
        Split {
            whole,
            prefix: part(0..start),
            suffix,
            integer: integer.to_vec(),
            fraction: fraction.map(<[Kind]>::to_vec),
            exponent: exponent.map(<[Kind]>::to_vec),
            grouping: single(symbols.grouping).unwrap_or(','),
        }
    }

    fn fraction(&self) -> &[Kind] {
        self.fraction.as_deref().unwrap_or_default()
    }

    fn measured(self, symbols: &Symbols<'_>) -> Result<SubPicture, PictureError> {
        if let Some(code) = self.fault(symbols) {
            return Err(refusal(code));
        }
        let is_digit = |kind: &&Kind| **kind == Kind::Digit;
        let mandatory = |part: &[Kind]| part.iter().filter(is_digit).count();
        let digits = |part: &[Kind]| part.iter().filter(|kind| kind.is_digit()).count();
        let scale = mandatory(&self.integer);
        let mut integer_min = scale;
        let mut fraction_min = mandatory(self.fraction());
        let mut fraction_max = digits(self.fraction());
        if integer_min == 0 && fraction_max == 0 {
            if self.exponent.is_some() {
                (fraction_min, fraction_max) = (1, 1);
            } else {
                integer_min = 1;
            }
        }
        if self.exponent.is_some() && integer_min == 0 && self.integer.contains(&Kind::Optional) {
            integer_min = 1;
        }
        if integer_min == 0 && fraction_min == 0 {
            fraction_min = 1;
        }
        let exponent = self.exponent.as_deref().map(|part| Exponent {
            digits_min: mandatory(part),
            scale: i64::try_from(scale).unwrap_or(i64::MAX),
        });
        Ok(SubPicture {
            prefix: self.prefix.to_owned(),
            suffix: self.suffix.to_owned(),
            shift: self.shift(symbols),
            integer_min,
            integer_grouping: Grouping::of(groups(self.integer.iter().rev(), self.grouping)),
            fraction_min,
            fraction_max,
            fraction_groups: groups(self.fraction().iter(), self.grouping),
            exponent,
        })
    }

    fn shift(&self, symbols: &Symbols<'_>) -> i64 {
        if count(self.whole, symbols.percent) > 0 {
            2
        } else if count(self.whole, symbols.per_mille) > 0 {
            3
        } else {
            0
        }
    }

    /// The first rule broken, counted from the last one, as the reference does.
    fn fault(&self, symbols: &Symbols<'_>) -> Option<&'static str> {
        let percents = count(self.whole, symbols.percent);
        let per_milles = count(self.whole, symbols.per_mille);
        let (integer, fraction) = (&self.integer, self.fraction());
        let exponent = self.exponent.as_deref();
        let bad_exponent =
            |part: &[Kind]| part.is_empty() || part.iter().any(|kind| *kind != Kind::Digit);
        let has_exponent = exponent.is_some();
        let decimal_first = fraction.first() == Some(&Kind::Grouping);
        let ends_grouped = integer.last() == Some(&Kind::Grouping);
        let parts = [integer.as_slice(), fraction, exponent.unwrap_or_default()];
        let passive = parts.iter().any(|part| part.contains(&Kind::Passive));
        let blank = !integer.iter().chain(fraction).any(|kind| kind.is_digit());
        let unpaired = |pair: &[Kind]| *pair == [Kind::Grouping, Kind::Grouping];
        [
            (exponent.is_some_and(bad_exponent), "D3093"),
            (has_exponent && percents + per_milles > 0, "D3092"),
            (begins_with_mandatory(fraction.iter().rev()), "D3091"),
            (begins_with_mandatory(integer.iter()), "D3090"),
            (integer.windows(2).chain(fraction.windows(2)).any(unpaired), "D3089"),
            (ends_grouped && self.fraction.is_none(), "D3088"),
            (decimal_first || ends_grouped && self.fraction.is_some(), "D3087"),
            (passive, "D3086"),
            (blank, "D3085"),
            (percents > 0 && per_milles > 0, "D3084"),
            (per_milles > 1, "D3083"),
            (percents > 1, "D3082"),
            (fraction.contains(&Kind::Decimal), "D3081"),
        ]
        .into_iter()
        .find_map(|(broken, code)| broken.then_some(code))
    }
}

/// What is before the first `mark`, and what is after it.
fn cut(kinds: &[Kind], mark: Kind) -> (&[Kind], Option<&[Kind]>) {
    let mut parts = kinds.splitn(2, |kind| *kind == mark);
    (parts.next().unwrap_or_default(), parts.next())
}

/// Whether of both kinds of digits the outermost one is mandatory. An optional digit that lies
/// further inside is let pass, as in the reference.
fn begins_with_mandatory<'k>(kinds: impl Iterator<Item = &'k Kind>) -> bool {
    let mut digits = kinds.filter(|kind| kind.is_digit());
    digits.next() == Some(&Kind::Digit) && digits.any(|kind| *kind == Kind::Optional)
}

fn count(text: &str, symbol: &str) -> usize {
    if symbol.is_empty() { 0 } else { text.matches(symbol).count() }
}

/// How many digits lie between the decimal point and each separator.
fn groups<'k>(kinds: impl Iterator<Item = &'k Kind>, mark: char) -> Vec<(usize, char)> {
    let mut digits = 0;
    let mut places = Vec::new();
    for kind in kinds {
        if kind.is_digit() {
            digits += 1;
        } else if *kind == Kind::Grouping {
            places.push((digits, mark));
        }
    }
    places
}

fn refusal(code: &'static str) -> PictureError {
    let message = match code {
        "D3080" => "The picture string must only contain a maximum of two sub-pictures",
        "D3081" => {
            "The sub-picture must not contain more than one instance of the 'decimal-separator' \
             character"
        }
        "D3082" => {
            "The sub-picture must not contain more than one instance of the 'percent' character"
        }
        "D3083" => {
            "The sub-picture must not contain more than one instance of the 'per-mille' character"
        }
        "D3084" => "The sub-picture must not contain both a 'percent' and a 'per-mille' character",
        "D3085" => {
            "The mantissa part of a sub-picture must contain at least one character that is \
             either an 'optional digit character' or a member of the 'decimal digit family'"
        }
        "D3086" => {
            "The sub-picture must not contain a passive character that is preceded by an active \
             character and that is followed by another active character"
        }
        "D3087" => {
            "The sub-picture must not contain a 'grouping-separator' character that appears \
             adjacent to a 'decimal-separator' character"
        }
        "D3088" => {
            "The sub-picture must not contain a 'grouping-separator' at the end of the integer part"
        }
        "D3089" => {
            "The sub-picture must not contain two adjacent instances of the 'grouping-separator' \
             character"
        }
        "D3090" => {
            "The integer part of the sub-picture must not contain a member of the 'decimal digit \
             family' that is followed by an instance of the 'optional digit character'"
        }
        "D3091" => {
            "The fractional part of the sub-picture must not contain an instance of the 'optional \
             digit character' that is followed by a member of the 'decimal digit family'"
        }
        "D3092" => {
            "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a \
             character treated as an 'exponent-separator'"
        }
        _ => {
            "The exponent part of the sub-picture must comprise only of one or more characters \
             that are members of the 'decimal digit family'"
        }
    };
    PictureError::new(code, message)
}
