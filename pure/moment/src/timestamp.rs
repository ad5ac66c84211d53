//! RFC 3339 timestamps as the Amazon States Language reads and writes them.

use jiff::Timestamp;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type EpochMs = i64;

/// `2024-01-01T00:00:00.000Z`: the form of every time in the context object (SFN-CTX-2).
pub fn format_iso(ms: EpochMs) -> String {
    let stamp = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{stamp:.3}")
}

/// Nanoseconds since the epoch of an RFC 3339 text with capital `T` and `Z` or a numeric offset
/// (SFN-WAIT-2, SFN-WAIT-6), or `None` when the text is anything else.
pub fn parse_rfc3339(text: &str) -> Option<i128> {
    if !has_rfc3339_shape(text) {
        return None;
    }
    text.parse::<Timestamp>().ok().map(|stamp| stamp.as_nanosecond())
}

/// Farthest from UTC that a time may be written, in Java as in AWS.
const OFFSET_MAX: &str = "18:00";
/// jiff takes one for the second before; for AWS it is no time.
const LEAP_SECOND: &str = ":60";

/// jiff reads more forms than the language allows; this keeps to the one that AWS accepts.
fn has_rfc3339_shape(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let date_ok = date.len() == 10 && digits_with(date, b'-', &[4, 7]);
    let (clock, offset_ok) = match time.strip_suffix('Z') {
        Some(clock) => (clock, true),
        None => match time.rfind(['+', '-']) {
            Some(at) => {
                let (clock, offset) = time.split_at(at);
                let offset = offset.get(1..).unwrap_or("");
                let written = offset.len() == 5 && digits_with(offset, b':', &[2]);
                (clock, written && offset <= OFFSET_MAX)
            }
            None => return false,
        },
    };
    let (seconds, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    date_ok
        && offset_ok
        && seconds.len() == 8
        && digits_with(seconds, b':', &[2, 5])
        && !seconds.ends_with(LEAP_SECOND)
        && (1..=9).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is digits with `mark` at exactly the places `at`.
fn digits_with(text: &str, mark: u8, at: &[usize]) -> bool {
    text.bytes()
        .enumerate()
        .all(|(place, byte)| if at.contains(&place) { byte == mark } else { byte.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_with_milliseconds() {
        assert_eq!(format_iso(1_704_067_200_000), "2024-01-01T00:00:00.000Z");
        assert_eq!(format_iso(1_704_067_200_123), "2024-01-01T00:00:00.123Z");
    }

    // SFN-WAIT-2, SFN-WAIT-6, SFN-VEC-42
    #[test]
    fn reads_only_rfc3339() {
        for good in [
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.1Z",
            "2024-01-01T00:00:00.123456789Z",
            "2024-01-01T02:00:00+02:00",
            "2024-01-01T02:00:00-18:00",
        ] {
            assert!(parse_rfc3339(good).is_some(), "{good}");
        }
        let utc = parse_rfc3339("2024-01-01T00:00:00Z");
        assert_eq!(parse_rfc3339("2024-01-01T02:00:00+02:00"), utc);
        for bad in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "2023-02-24 12:15:56.832957",
            "2024-13-01T00:00:00Z",
            "2024-01-01T25:00:00Z",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+0200",
            "2024-01-01T00:00:00+18:01",
            "2024-01-01T00:00:00+02:60",
            "2016-12-31T23:59:60Z",
            "2024-01-01T24:00:00Z",
            "2024-02-30T00:00:00Z",
            "2024-01-01T00:00:00.1234567890Z",
            "Ä024-01-01T00:00:00Z",
        ] {
            assert!(parse_rfc3339(bad).is_none(), "{bad}");
        }
    }
}
