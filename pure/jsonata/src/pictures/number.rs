//! `$formatNumber`: a number as its picture says, rounded to even on its shortest digits.

use super::PictureError;
use super::digits::{Decimal, Family};
use super::number_picture::{self, SubPicture, Symbols};

pub(super) fn format(
    value: f64,
    picture: &str,
    options: &[(String, String)],
) -> Result<String, PictureError> {
    let symbols = Symbols::new(options);
    let (positive, negative) = number_picture::parse(picture, &symbols)?;
    if value.is_nan() {
        return Ok(symbols.nan.to_owned());
    }
    let (sign, picture) = match (value < 0.0, &negative) {
        (false, _) => ("", &positive),
        (true, None) => (symbols.minus, &positive),
        (true, Some(negative)) => ("", negative),
    };
    let mut out = format!("{sign}{}", picture.prefix);
    if value.is_infinite() {
        out.push_str(symbols.infinity);
    } else {
        write(value, picture, &symbols, &mut out);
    }
    out.push_str(&picture.suffix);
    Ok(out)
}

fn write(value: f64, picture: &SubPicture, symbols: &Symbols<'_>, out: &mut String) {
    let family = symbols.family.unwrap_or(Family::ASCII);
    let mut decimal = Decimal::of(value).shifted(picture.shift);
    let mut exponent = 0;
    if let Some(wanted) = &picture.exponent
        && !decimal.is_zero()
    {
        exponent = decimal.point() - wanted.scale;
        decimal = decimal.shifted(-exponent);
    }
    let decimal = decimal.rounded(picture.fraction_max);
    let integer = padded(decimal.integer(), picture.integer_min);
    picture.integer_grouping.write(&integer, family, out);
    let mut fraction = decimal.fraction();
    fraction.resize(fraction.len().max(picture.fraction_min), 0);
    if !fraction.is_empty() {
        out.push_str(symbols.decimal);
        write_fraction(&fraction, picture, family, out);
    }
    if let Some(wanted) = &picture.exponent {
        out.push_str(symbols.exponent);
        if exponent < 0 {
            out.push_str(symbols.minus);
        }
        let digits = Decimal::of(exponent as f64).integer();
        out.extend(padded(digits, wanted.digits_min).iter().map(|digit| family.digit(*digit)));
    }
}

/// With zeros before it.
fn padded(digits: Vec<u8>, least: usize) -> Vec<u8> {
    let mut all = vec![0; least.saturating_sub(digits.len())];
    all.extend(digits);
    all
}

/// A separator stands between two digits only.
fn write_fraction(digits: &[u8], picture: &SubPicture, family: Family, out: &mut String) {
    let mut groups = picture.fraction_groups.iter();
    let mut next = groups.next();
    for (index, digit) in digits.iter().enumerate() {
        while let Some((_, mark)) = next.filter(|(place, _)| *place == index) {
            out.push(*mark);
            next = groups.next();
        }
        out.push(family.digit(*digit));
    }
}
