//! A small deterministic generator (SplitMix64): same seed, same sequence, on every machine.

/// A deterministic source of random numbers. Not for secrets.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator whose whole sequence is decided by `seed`.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number in `[0, bound)`; zero when the bound is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A version 4 UUID in its usual text form.
    pub fn uuid(&mut self) -> String {
        let high = (self.next_u64() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (self.next_u64() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        uuid_text(high, low)
    }
}

/// The usual text form of a UUID's two halves. Written digit by digit, since every request makes
/// some.
pub fn uuid_text(high: u64, low: u64) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut text = String::with_capacity(36);
    for place in 0..32_u32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        let half = if place < 16 { high } else { low };
        let digit = (half >> (60 - 4 * (place % 16))) & 0xF;
        text.push(char::from(DIGITS.get(digit as usize).copied().unwrap_or(b'0')));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_sequence() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        assert_eq!(one.uuid(), two.uuid());
        assert_eq!(one.below(1000), two.below(1000));
        assert_ne!(Random::new(8).uuid(), Random::new(9).uuid());
    }

    #[test]
    fn uuids_are_written_as_usual() {
        let text = uuid_text(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
        assert_eq!(text, "01234567-89ab-cdef-fedc-ba9876543210");
    }

    #[test]
    fn uuid_is_version_four() {
        let text = Random::new(42).uuid();
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }

    #[test]
    fn fractions_stay_below_one() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.next_f64())));
        assert!((0..1000).all(|_| random.below(10) < 10));
    }
}
