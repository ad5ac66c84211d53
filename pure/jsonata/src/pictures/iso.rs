//! ISO 8601, which is what there is without a picture.

use std::fmt::Write;

use super::PictureError;
use super::civil::{self, Civil};
use super::zone::Offset;

/// `2018-03-23T10:33:36.617Z`, or with an offset in place of `Z`; years of more or fewer than
/// four digits have a sign and six.
pub(super) fn format(millis: i64, offset: Offset) -> String {
    let Civil { day, hour, minute, second, milli } = Civil::of(offset.local(millis));
    let mut text = String::with_capacity(32);
    let written = match day.year {
        0..=9999 => write!(text, "{:04}", day.year),
        year => write!(text, "{year:+07}"),
    }
    .and_then(|()| write!(text, "-{:02}-{:02}", day.month, day.day))
    .and_then(|()| write!(text, "T{hour:02}:{minute:02}:{second:02}.{milli:03}"))
    .and_then(|()| match offset {
        Offset::UTC => text.write_char('Z'),
        _ => {
            let (hours, minutes) = offset.parts();
            write!(text, "{}{hours:02}:{minutes:02}", offset.sign())
        }
    });
    debug_assert!(written.is_ok(), "writing to a string does not fail");
    text
}

pub(super) fn parse(text: &str) -> Result<i64, PictureError> {
    Reader { rest: text }.instant().ok_or_else(|| {
        PictureError::quoting(
            "D3110",
            "The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given ",
            text,
            "",
        )
    })
}

/// A year, and perhaps a month, a day, a time, a fraction of its seconds and an offset. Days that
/// a month does not have are counted into the next one, as in the reference.
struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn instant(mut self) -> Option<i64> {
        let year = self.digits(4)?;
        let month = self.after('-')?.unwrap_or(1);
        let day = if self.rest.starts_with('-') { self.after('-')?? } else { 1 };
        let mut clock = [0; 4];
        let timed = self.take('T');
        if timed {
            clock = self.clock()?;
        }
        let offset = self.offset(timed)?;
        let at_end = self.rest.is_empty();
        if !at_end || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let clock_ms = civil::clock_millis(clock) - offset.minutes * 60_000;
        civil::instant(civil::days_until(year, month) + day - 1, clock_ms)
    }

    /// Midnight may be the end of the day.
    fn clock(&mut self) -> Option<[i64; 4]> {
        let hour = self.digits(2)?;
        let minute = self.after(':')??;
        let second = self.after(':')??;
        let milli = if self.take('.') { self.fraction()? } else { 0 };
        let end = [hour, minute, second, milli] == [24, 0, 0, 0];
        let inside = hour < 24 && minute < 60 && second < 60;
        (inside || end).then_some([hour, minute, second, milli])
    }

    /// Thousandths; what is finer does not count.
    fn fraction(&mut self) -> Option<i64> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        let milli = digits.bytes().chain(*b"000").take(3);
        (length > 0).then(|| milli.fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
    }

    /// A date alone has none but `Z`.
    fn offset(&mut self, timed: bool) -> Option<Offset> {
        if self.rest.is_empty() || self.take('Z') {
            return Some(Offset::UTC);
        }
        let west = self.take('-');
        if !timed || !(west || self.take('+')) {
            return None;
        }
        let (hours, rest) = self.rest.split_at_checked(2)?;
        self.rest = "";
        Offset::of(west, hours, rest.strip_prefix(':').unwrap_or(rest))
    }

    fn take(&mut self, mark: char) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Two digits after `mark`: `Some(None)` without the mark, none without the digits.
    fn after(&mut self, mark: char) -> Option<Option<i64>> {
        if self.take(mark) { self.digits(2).map(Some) } else { Some(None) }
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    }
}
