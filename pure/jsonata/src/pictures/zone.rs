//! Offsets from UTC.

use super::PictureError;

/// Minutes east of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) minutes: i64,
}

impl Offset {
    pub(super) const UTC: Offset = Offset { minutes: 0 };

    /// `±HHMM`; also `±HH:MM`, `±HH` and `Z`.
    pub(super) fn parse(text: &str) -> Result<Offset, PictureError> {
        Offset::read(text, ':').ok_or_else(|| {
            PictureError::quoting(
                "D3134",
                "The timezone must be an offset from UTC in the form ±HHMM.  Given ",
                text,
                "",
            )
        })
    }

    /// The separator may be missing.
    pub(super) fn read(text: &str, separator: char) -> Option<Offset> {
        if text.eq_ignore_ascii_case("Z") {
            return Some(Offset::UTC);
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (hours, minutes) = match unsigned.split_once(separator) {
            Some(pair) => pair,
            None if unsigned.len() <= 2 => (unsigned, "00"),
            None => unsigned.split_at_checked(unsigned.len() - 2)?,
        };
        Offset::of(text.starts_with('-'), hours, minutes)
    }

    /// Up to two digits of hours and just two of minutes.
    pub(super) fn of(west: bool, hours: &str, minutes: &str) -> Option<Offset> {
        let written = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !written(hours) || !written(minutes) || hours.len() > 2 || minutes.len() != 2 {
            return None;
        }
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        if hours >= 24 || minutes >= 60 {
            return None;
        }
        let total = hours * 60 + minutes;
        Some(Offset { minutes: if west { -total } else { total } })
    }

    /// `millis` as the clocks there show it.
    pub(super) fn local(self, millis: i64) -> i64 {
        millis.saturating_add(self.minutes * 60_000)
    }

    pub(super) fn sign(self) -> char {
        if self.minutes < 0 { '-' } else { '+' }
    }

    /// Hours and minutes without the sign.
    pub(super) fn parts(self) -> (i64, i64) {
        (self.minutes.abs() / 60, self.minutes.abs() % 60)
    }
}
