//! The times of Signature Version 4: `20260304T050607Z`.

/// Length of a time, and of the date at its beginning.
pub(crate) const STAMP_BYTES: usize = 16;
pub(crate) const DATE_BYTES: usize = 8;

/// Writes a time in the basic ISO 8601 form.
pub(crate) fn format_stamp(now_ms: i64) -> String {
    let iso = moment::format_iso(now_ms);
    let mut stamp: String = iso.chars().filter(|char| !matches!(char, '-' | ':')).collect();
    stamp.truncate(STAMP_BYTES - 1);
    stamp.push('Z');
    stamp
}

/// Milliseconds since the epoch of a time in that form.
pub(crate) fn parse_stamp(text: &str) -> Option<i64> {
    if text.len() != STAMP_BYTES || !text.is_ascii() {
        return None;
    }
    let part = |from: usize, to: usize| text.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 11)?, part(11, 13)?, part(13, 16)?);
    let iso = format!("{year}-{month}-{day}{hour}:{minute}:{second}");
    let nanoseconds = moment::parse_rfc3339(&iso)?;
    i64::try_from(nanoseconds / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        assert_eq!(parse_stamp("20260304T050607Z"), Some(1_772_600_767_000));
        assert_eq!(format_stamp(1_772_600_767_999), "20260304T050607Z");
        for text in
            ["", "20260304T050607", "2026-03-04T05:06", "20261304T050607Z", "é0260304T05060Z"]
        {
            assert_eq!(parse_stamp(text), None, "{text}");
        }
    }
}
