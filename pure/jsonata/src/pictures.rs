//! Picture strings: numbers and times written and read as a pattern says, as in XPath's
//! `format-number`, `format-integer` and `format-dateTime`. Knows no values of the language, only
//! numbers and texts. All work and output is bounded by the length of the picture and the text.

mod civil;
mod date_format;
mod date_match;
mod date_parse;
mod date_picture;
mod digits;
mod integer;
mod iso;
mod names;
mod number;
mod number_picture;
mod sequences;
mod words;
mod zone;

#[cfg(test)]
mod tests;

/// What a picture that asks for too much is refused with: the code of a sequence too long.
pub(crate) const LIMIT_CODE: &str = "D2014";

/// Why nothing was written or read: the reference's code, and its message without the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureError {
    pub code: &'static str,
    pub message: String,
}

impl PictureError {
    fn new(code: &'static str, message: impl Into<String>) -> PictureError {
        PictureError { code, message: message.into() }
    }

    /// A message that quotes what was written.
    fn quoting(code: &'static str, before: &str, quoted: &str, after: &str) -> PictureError {
        let quoted = serde_json::Value::from(quoted);
        PictureError::new(code, format!("{before}{quoted}{after}"))
    }

    fn limit(what: &str, most: usize) -> PictureError {
        PictureError::new(LIMIT_CODE, format!("{what} must not exceed {most}"))
    }

    fn not_finite() -> PictureError {
        PictureError::new("D3001", "Attempting to invoke string function on Infinity or NaN")
    }
}

/// `$formatNumber`; the options are properties of XPath's decimal format by name.
pub(crate) fn format_number(
    value: f64,
    picture: &str,
    options: &[(String, String)],
) -> Result<String, PictureError> {
    number::format(value, picture, options)
}

/// `$formatInteger`; a fraction is rounded down.
pub(crate) fn format_integer(value: f64, picture: &str) -> Result<String, PictureError> {
    integer::IntegerPicture::parse(picture)?.format(value)
}

/// `$parseInteger`; none when the text is no such integer.
pub(crate) fn parse_integer(text: &str, picture: &str) -> Result<Option<f64>, PictureError> {
    integer::IntegerPicture::parse(picture)?.read(text)
}

/// `$fromMillis` and `$now`; ISO 8601 without a picture, UTC without a timezone (`±HHMM`).
pub(crate) fn format_date_time(
    millis: i64,
    picture: Option<&str>,
    timezone: Option<&str>,
) -> Result<String, PictureError> {
    let offset = timezone.map_or(Ok(zone::Offset::UTC), zone::Offset::parse)?;
    match picture {
        None => Ok(iso::format(millis, offset)),
        Some(picture) => date_format::format(millis, picture, offset),
    }
}

/// `$toMillis`; none when the text does not match the picture. Without a picture the text is in
/// ISO 8601. What the text leaves out is taken from `now_millis` if it is coarser than all that
/// is there.
pub(crate) fn parse_date_time(
    text: &str,
    picture: Option<&str>,
    now_millis: i64,
) -> Result<Option<i64>, PictureError> {
    match picture {
        None => iso::parse(text).map(Some),
        Some(picture) => date_parse::parse(text, picture, now_millis),
    }
}
