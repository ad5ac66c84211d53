//! Numbers as letters (`a`, `b`, … `z`, `aa`) and as Roman numerals.

use super::PictureError;

/// Largest Roman numeral, which takes this many thousandths of letters.
const ROMAN_MAX: f64 = 1_000_000.0;

const ROMAN: [(u32, &str); 13] = [
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
];

/// Capital letters for an integer that is not negative; nothing for zero.
pub(super) fn letters(value: f64) -> String {
    let mut left = value;
    let mut backwards = Vec::new();
    while left >= 1.0 {
        left -= 1.0;
        backwards.push(char::from(b'A' + (left % 26.0) as u8));
        left = (left / 26.0).floor();
    }
    backwards.into_iter().rev().collect()
}

pub(super) fn letters_value(text: &str) -> Option<f64> {
    text.bytes().try_fold(0.0, |value, letter| {
        let place = letter.is_ascii_alphabetic().then(|| letter.to_ascii_uppercase() - b'A')?;
        Some(value * 26.0 + f64::from(place) + 1.0)
    })
}

/// Capital letters for an integer that is not negative; nothing for zero.
pub(super) fn roman(value: f64) -> Result<String, PictureError> {
    if value > ROMAN_MAX {
        return Err(PictureError::limit("A Roman numeral", ROMAN_MAX as usize));
    }
    let mut left = value as u32;
    let mut text = String::new();
    for (worth, letters) in ROMAN {
        while left >= worth {
            text.push_str(letters);
            left -= worth;
        }
    }
    Ok(text)
}

/// A letter before a greater one is taken away.
pub(super) fn roman_value(text: &str) -> Option<f64> {
    let (mut sum, mut greatest) = (0.0, 0.0);
    for letter in text.chars().rev() {
        let worth = roman_letter(letter)?;
        if worth < greatest {
            sum -= worth;
        } else {
            greatest = worth;
            sum += worth;
        }
    }
    Some(sum)
}

pub(super) fn roman_letter(letter: char) -> Option<f64> {
    Some(match letter.to_ascii_uppercase() {
        'M' => 1000.0,
        'D' => 500.0,
        'C' => 100.0,
        'L' => 50.0,
        'X' => 10.0,
        'V' => 5.0,
        'I' => 1.0,
        _ => return None,
    })
}
