//! Page tokens: opaque to clients, checked by us. A token carries where the next page begins and
//! is good only for the operation and arguments it was given for, for a day (SFN-PAGE-2).
//! It is no secret and no proof: whoever may call the operation may see all its pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long a token is good.
pub const TOKEN_AGE_MS_MAX: i64 = 24 * 60 * 60 * 1000;
/// Longest cursor, so that a token stays below AWS's 1024 characters.
pub const CURSOR_BYTES_MAX: usize = 640;
/// Longest cursor of ListExecutions, whose tokens may have 3096 characters.
pub const LONG_CURSOR_BYTES_MAX: usize = 2_288;
/// Longest text that is looked at (SFN-PAGE-4: 3096 for ListExecutions).
const TOKEN_CHARS_MAX: usize = 3096;
/// Clocks of two servers differ a little.
const SKEW_MS_MAX: i64 = 5 * 60 * 1000;

const VERSION: u8 = 1;
const DIGEST_AT: usize = 1;
const ISSUED_AT: usize = 9;
const CURSOR_AT: usize = 17;
const CHECK_BYTES: usize = 8;

/// The token is foreign, malformed, expired or given for other arguments (SFN-PAGE-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid Token: 'Invalid token'")]
pub struct InvalidToken;

/// What a token belongs to: an operation and its arguments except token and page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    digest: u64,
}

impl PageToken {
    /// The tokens of `operation` with these arguments. Put every argument in, absent ones as
    /// empty text, always in the same order, the account and region of the caller among them.
    pub fn of(operation: &str, arguments: &[&str]) -> PageToken {
        let mut digest = Fnv::new();
        for part in std::iter::once(&operation).chain(arguments) {
            digest.add(&(part.len() as u64).to_be_bytes());
            digest.add(part.as_bytes());
        }
        PageToken { digest: digest.0 }
    }

    /// The token for a page that begins at `cursor`, at most [`CURSOR_BYTES_MAX`] of it, or
    /// [`LONG_CURSOR_BYTES_MAX`] where the operation takes long tokens.
    pub fn encode(&self, cursor: &[u8], now_ms: i64) -> String {
        assert!(cursor.len() <= LONG_CURSOR_BYTES_MAX, "a cursor is bounded by its operation");
        let mut bytes = Vec::with_capacity(CURSOR_AT + cursor.len() + CHECK_BYTES);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.digest.to_be_bytes());
        bytes.extend_from_slice(&now_ms.to_be_bytes());
        bytes.extend_from_slice(cursor);
        bytes.extend_from_slice(&checksum(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor in `token`.
    pub fn decode(&self, token: &str, now_ms: i64) -> Result<Vec<u8>, InvalidToken> {
        if token.len() > TOKEN_CHARS_MAX {
            return Err(InvalidToken);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidToken)?;
        self.open(&bytes, now_ms).map(<[u8]>::to_vec).ok_or(InvalidToken)
    }

    fn open<'a>(&self, bytes: &'a [u8], now_ms: i64) -> Option<&'a [u8]> {
        let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(CHECK_BYTES)?)?;
        if check != checksum(body) || body.first() != Some(&VERSION) {
            return None;
        }
        let digest = u64::from_be_bytes(body.get(DIGEST_AT..ISSUED_AT)?.try_into().ok()?);
        let issued_ms = i64::from_be_bytes(body.get(ISSUED_AT..CURSOR_AT)?.try_into().ok()?);
        let age_ms = now_ms.checked_sub(issued_ms)?;
        let in_time = (-SKEW_MS_MAX..=TOKEN_AGE_MS_MAX).contains(&age_ms);
        (digest == self.digest && in_time).then(|| body.get(CURSOR_AT..)).flatten()
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECK_BYTES] {
    let mut sum = Fnv::new();
    sum.add(bytes);
    sum.0.to_be_bytes()
}

/// FNV-1a, 64 bits: stable over releases and good enough to notice accidents.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    // SFN-PAGE-2
    #[test]
    fn a_token_is_good_for_its_own_arguments_for_a_day() {
        let page = PageToken::of("ListExecutions", &["arn", "RUNNING"]);
        let token = page.encode(b"cursor", NOW);
        assert_eq!(page.decode(&token, NOW + TOKEN_AGE_MS_MAX).as_deref(), Ok(&b"cursor"[..]));
        assert_eq!(page.decode(&token, NOW + TOKEN_AGE_MS_MAX + 1), Err(InvalidToken));
        assert_eq!(page.decode(&token, NOW - SKEW_MS_MAX - 1), Err(InvalidToken));
        for other in [
            PageToken::of("ListExecutions", &["arn", ""]),
            PageToken::of("ListExecutions", &["arnRUNNING"]),
            PageToken::of("ListMapRuns", &["arn", "RUNNING"]),
        ] {
            assert_eq!(other.decode(&token, NOW), Err(InvalidToken));
        }
    }

    // SFN-PAGE-3
    #[test]
    fn a_changed_or_foreign_token_is_refused() {
        let page = PageToken::of("ListActivities", &[]);
        let token = page.encode(b"", NOW);
        assert_eq!(page.decode(&token, NOW).as_deref(), Ok(&b""[..]));
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(page.decode(&changed, NOW), Err(InvalidToken), "{at}");
        }
        for foreign in ["", "x", "invalid token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "é"] {
            assert_eq!(page.decode(foreign, NOW), Err(InvalidToken), "{foreign}");
        }
        assert_eq!(InvalidToken.to_string(), "Invalid Token: 'Invalid token'");
    }

    // SFN-PAGE-4
    #[test]
    fn the_longest_token_fits_the_model() {
        let page = PageToken::of("ListActivities", &[]);
        assert!(page.encode(&[255; CURSOR_BYTES_MAX], i64::MAX).len() <= 1024);
    }
}
