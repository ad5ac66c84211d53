//! Decimal digits: those of a number, exactly as many as tell it apart, and those of the scripts
//! of the world.

/// A number as `0.d₁d₂… × 10^point`, without a sign.
pub(super) struct Decimal {
    /// Values from 0 to 9; neither the first nor the last is 0, and zero has none at all.
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// The shortest digits that stand for the finite number `value` and no other.
    pub(super) fn of(value: f64) -> Decimal {
        let text = format!("{:e}", value.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0');
        Decimal { digits: digits.collect(), point: exponent.parse().unwrap_or(0) + 1 }.trimmed()
    }

    fn trimmed(mut self) -> Decimal {
        while self.digits.last() == Some(&0) {
            self.digits.pop();
        }
        let zeros = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeros);
        self.point = if self.digits.is_empty() { 0 } else { self.point - zeros as i64 };
        self
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Digits before the decimal point; less than zero when zeros follow it.
    pub(super) fn point(&self) -> i64 {
        self.point
    }

    /// Times `10^places`.
    pub(super) fn shifted(mut self, places: i64) -> Decimal {
        if !self.is_zero() {
            self.point += places;
        }
        self
    }

    /// With at most `places` digits after the decimal point; what lies in the middle goes to the
    /// even neighbour.
    pub(super) fn rounded(mut self, places: usize) -> Decimal {
        let kept = self.point.saturating_add(i64::try_from(places).unwrap_or(i64::MAX));
        let Ok(kept) = usize::try_from(kept) else {
            return Decimal { digits: Vec::new(), point: 0 };
        };
        let Some((before, after)) = self.digits.split_at_checked(kept) else { return self };
        let up = match after {
            [] | [..=4, ..] => false,
            [5] => before.last().is_some_and(|digit| digit % 2 == 1),
            _ => true,
        };
        self.digits.truncate(kept);
        if up {
            self.increment();
        }
        self.trimmed()
    }

    /// One more in the last place.
    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
        self.point += 1;
    }

    /// The digits before the decimal point, none for a number below one.
    pub(super) fn integer(&self) -> Vec<u8> {
        let count = usize::try_from(self.point).unwrap_or(0);
        let mut all: Vec<u8> = self.digits.iter().copied().take(count).collect();
        all.resize(count, 0);
        all
    }

    /// The digits after the decimal point, none for an integer.
    pub(super) fn fraction(&self) -> Vec<u8> {
        let zeros = usize::try_from(-self.point).unwrap_or(0);
        let before = usize::try_from(self.point).unwrap_or(0);
        let mut all = vec![0; zeros];
        all.extend(self.digits.iter().skip(before));
        all
    }
}

/// The ten digits of a script, which follow one another from its zero on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    zero: char,
}

impl Family {
    pub(super) const ASCII: Family = Family { zero: '0' };

    /// The family that begins with `zero`, whatever that is, if ten characters do follow.
    pub(super) fn from(zero: char) -> Option<Family> {
        char::from_u32(zero as u32 + 9).map(|_| Family { zero })
    }

    /// The family of a decimal digit of Unicode.
    pub(super) fn of(digit: char) -> Option<Family> {
        if digit.is_ascii() {
            return digit.is_ascii_digit().then_some(Family::ASCII);
        }
        let code = digit as u32;
        let after = ZEROS.partition_point(|zero| *zero <= code);
        let zero = *ZEROS.get(after.checked_sub(1)?)?;
        if code - zero < 10 { Family::from(char::from_u32(zero)?) } else { None }
    }

    /// The value of a digit of this family.
    pub(super) fn value(self, digit: char) -> Option<u8> {
        let value = (digit as u32).checked_sub(self.zero as u32)?;
        u8::try_from(value).ok().filter(|value| *value < 10)
    }

    pub(super) fn digit(self, value: u8) -> char {
        char::from_u32(self.zero as u32 + u32::from(value)).unwrap_or(self.zero)
    }
}

/// The zeros of all scripts with decimal digits, in order.
const ZEROS: [u32; 57] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66,
    0xDE6, 0xE50, 0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
    0x104A0, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0,
    0x11730, 0x118E0, 0x11C50, 0x16A60, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
];

/// Where separators stand among digits, counted in digits from the decimal point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    /// After every so many digits, without end.
    Every(usize, char),
    /// Just here, nearest to the point first.
    At(Vec<(usize, char)>),
}

impl Grouping {
    /// Separators at regular places go on for ever. `places` begins nearest to the point.
    pub(super) fn of(places: Vec<(usize, char)>) -> Grouping {
        match places.first() {
            Some(&(size, mark)) if size > 0 => {
                let mut expected = (1..).map(|index| (size.saturating_mul(index), mark));
                if places.iter().all(|place| expected.next() == Some(*place)) {
                    return Grouping::Every(size, mark);
                }
                Grouping::At(places)
            }
            _ => Grouping::At(places),
        }
    }

    /// Writes digits before the decimal point; a separator never comes first.
    pub(super) fn write(&self, digits: &[u8], family: Family, out: &mut String) {
        let places = match self {
            Grouping::Every(..) => &[],
            Grouping::At(places) => places.as_slice(),
        };
        let mut places = places.iter().rev().skip_while(|(place, _)| *place >= digits.len());
        let mut next = places.next();
        for (index, digit) in digits.iter().enumerate() {
            let left = digits.len() - index;
            if let Grouping::Every(size, mark) = self
                && index > 0
                && left.is_multiple_of(*size)
            {
                out.push(*mark);
            }
            while let Some((_, mark)) = next.filter(|(place, _)| *place == left) {
                out.push(*mark);
                next = places.next();
            }
            out.push(family.digit(*digit));
        }
        out.extend(next.into_iter().chain(places).map(|(_, mark)| *mark));
    }

    pub(super) fn has(&self, mark: char) -> bool {
        match self {
            Grouping::Every(_, one) => *one == mark,
            Grouping::At(places) => places.iter().any(|(_, one)| *one == mark),
        }
    }

    /// The separator nearest to the point.
    pub(super) fn first(&self) -> Option<char> {
        match self {
            Grouping::Every(_, mark) => Some(*mark),
            Grouping::At(places) => places.first().map(|(_, mark)| *mark),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zeros_are_in_order_and_apart() {
        assert!(ZEROS.windows(2).all(|pair| pair[1] - pair[0] >= 10));
        assert_eq!(Family::of('٣').unwrap().value('٣'), Some(3));
        assert_eq!(Family::of('x'), None);
        assert_eq!(Family::of('\u{664}').unwrap().digit(9), '\u{669}');
        assert_eq!(Family::from(char::MAX), None);
    }

    #[test]
    fn rounds_to_even() {
        for (value, places, wanted) in [
            (2.5, 0, "2."),
            (3.5, 0, "4."),
            (0.5, 0, "."),
            (0.51, 0, "1."),
            (0.05, 0, "."),
            (1.005, 2, "1."),
            (1.015, 2, "1.02"),
            (999.96, 1, "1000."),
            (1e21, 3, "1000000000000000000000."),
            (1e-7, 7, ".0000001"),
            (0.0, 3, "."),
        ] {
            let rounded = Decimal::of(value).rounded(places);
            let text = |digits: Vec<u8>| {
                digits.into_iter().map(|digit| char::from(b'0' + digit)).collect::<String>()
            };
            let found = format!("{}.{}", text(rounded.integer()), text(rounded.fraction()));
            assert_eq!(found, wanted, "{value} to {places}");
        }
    }
}
