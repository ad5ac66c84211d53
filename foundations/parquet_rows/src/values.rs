//! From Parquet's types to JSON's. Numbers stay numbers where JSON keeps them exact; moments and
//! days are ISO 8601; bytes that are no text are Base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{self, Date, DateTime};
use jiff::{Span, Timestamp};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::data_type::Decimal;
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Number, Value};

use crate::Unreadable;

/// Decimals of so many digits are numbers: a double holds them.
const NUMBER_DIGITS_MAX: i32 = 15;
/// Bytes of the longest decimal.
const DECIMAL_BYTES_MAX: usize = 64;
const NANOS_PER_MICRO: i128 = 1_000;
const NANOS_PER_MILLI: i128 = 1_000_000;

/// A row, or a group within one, as an object of its fields.
pub(crate) fn row(row: Row, of: &Type) -> Result<Value, Unreadable> {
    let mut members = Map::new();
    for ((name, field), of) in row.into_columns().into_iter().zip(of.get_fields()) {
        members.insert(name, value(field, of)?);
    }
    Ok(Value::Object(members))
}

fn value(field: Field, of: &Type) -> Result<Value, Unreadable> {
    match field {
        Field::Group(group) => row(group, of),
        Field::ListInternal(list) => {
            let of = element(of);
            let elements = list.elements().iter().map(|field| value(field.clone(), of));
            elements.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        Field::MapInternal(map) => self::map(map.entries(), of),
        leaf => self::leaf(leaf, of),
    }
}

/// The type of a list's elements: writers of old have one level less.
fn element(of: &Type) -> &Type {
    let is_list = matches!(
        of.get_basic_info().converted_type(),
        ConvertedType::LIST | ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE
    );
    let Some(repeated) = (of.is_group() && is_list).then(|| of.get_fields().first()).flatten()
    else {
        return of;
    };
    let wraps = repeated.is_group()
        && repeated.get_fields().len() == 1
        && repeated.name() != "array"
        && !repeated.name().ends_with("_tuple");
    match repeated.is_group().then(|| repeated.get_fields().first()).flatten() {
        Some(only) if wraps => only,
        _ => repeated,
    }
}

/// Keys become texts.
fn map(entries: &[(Field, Field)], of: &Type) -> Result<Value, Unreadable> {
    let pair = of.get_fields().first().map(|pair| pair.get_fields()).unwrap_or_default();
    let (Some(key_type), Some(value_type)) = (pair.first(), pair.get(1)) else {
        return Err(Unreadable::damaged("a map without keys and values"));
    };
    let mut members = Map::new();
    for (key, field) in entries {
        let key = match value(key.clone(), key_type)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        members.insert(key, value(field.clone(), value_type)?);
    }
    Ok(Value::Object(members))
}

fn leaf(field: Field, of: &Type) -> Result<Value, Unreadable> {
    let logical = of.get_basic_info().logical_type_ref();
    Ok(match field {
        Field::Bool(value) => Value::Bool(value),
        Field::Byte(value) => value.into(),
        Field::Short(value) => value.into(),
        Field::UByte(value) => value.into(),
        Field::UShort(value) => value.into(),
        Field::UInt(value) => value.into(),
        Field::ULong(value) => value.into(),
        Field::Int(value) => int(value, logical),
        Field::Long(value) => long(value, logical),
        // By way of its text, so that 0.1 stays 0.1.
        Field::Float(value) => double(value.to_string().parse().unwrap_or(f64::NAN)),
        Field::Float16(value) => double(value.to_string().parse().unwrap_or(f64::NAN)),
        Field::Double(value) => double(value),
        Field::Str(text) => Value::String(text),
        Field::Bytes(value) => bytes(value.data(), logical)?,
        Field::Decimal(value) => decimal_of(&value)?,
        Field::Date(days) => date(days),
        Field::TimeMillis(value) => time(i128::from(value) * NANOS_PER_MILLI),
        Field::TimeMicros(value) => time(i128::from(value) * NANOS_PER_MICRO),
        Field::TimestampMillis(value) => timestamp(value, NANOS_PER_MILLI, is_instant(logical)),
        Field::TimestampMicros(value) => timestamp(value, NANOS_PER_MICRO, is_instant(logical)),
        _ => Value::Null,
    })
}

/// Whether a moment is one of UTC; without a word about it, it is.
fn is_instant(logical: Option<&LogicalType>) -> bool {
    !matches!(logical, Some(LogicalType::Timestamp(of)) if !of.is_adjusted_to_u_t_c)
}

fn int(value: i32, logical: Option<&LogicalType>) -> Value {
    match logical {
        Some(LogicalType::Date) => date(value),
        Some(LogicalType::Time(_)) => time(i128::from(value) * NANOS_PER_MILLI),
        Some(LogicalType::Integer(of)) if !of.is_signed => (value as u32).into(),
        Some(LogicalType::Decimal(of)) => {
            decimal(&value.to_be_bytes(), of.precision, of.scale).unwrap_or(Value::Null)
        }
        _ => value.into(),
    }
}

fn long(value: i64, logical: Option<&LogicalType>) -> Value {
    match logical {
        Some(LogicalType::Timestamp(of)) => {
            timestamp(value, nanos(&of.unit), of.is_adjusted_to_u_t_c)
        }
        Some(LogicalType::Time(of)) => time(i128::from(value) * nanos(&of.unit)),
        Some(LogicalType::Integer(of)) if !of.is_signed => (value as u64).into(),
        Some(LogicalType::Decimal(of)) => {
            decimal(&value.to_be_bytes(), of.precision, of.scale).unwrap_or(Value::Null)
        }
        _ => value.into(),
    }
}

fn nanos(unit: &TimeUnit) -> i128 {
    match unit {
        TimeUnit::MILLIS => NANOS_PER_MILLI,
        TimeUnit::MICROS => NANOS_PER_MICRO,
        TimeUnit::NANOS => 1,
    }
}

/// JSON has no word for what is no number.
fn double(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => Value::Number(number),
        None if value.is_nan() => "NaN".into(),
        None if value > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

fn bytes(value: &[u8], logical: Option<&LogicalType>) -> Result<Value, Unreadable> {
    Ok(match logical {
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => {
            let text = std::str::from_utf8(value);
            text.map_err(|_| Unreadable::damaged("a text is not UTF-8"))?.into()
        }
        Some(LogicalType::Uuid) => match uuid::Uuid::from_slice(value) {
            Ok(uuid) => uuid.to_string().into(),
            Err(_) => return Err(Unreadable::damaged("a UUID has not 16 bytes")),
        },
        Some(LogicalType::Decimal(of)) => decimal(value, of.precision, of.scale)?,
        _ => STANDARD.encode(value).into(),
    })
}

fn date(days: i32) -> Value {
    let epoch: Date = civil::date(1970, 1, 1);
    let span = Span::new().try_days(days);
    match span.and_then(|span| epoch.checked_add(span)) {
        Ok(date) => date.to_string().into(),
        // Beyond the years that ISO 8601 writes with four digits.
        Err(_) => days.into(),
    }
}

fn time(nanos: i128) -> Value {
    let midnight = civil::Time::midnight();
    let since = i64::try_from(nanos).ok().filter(|nanos| *nanos >= 0);
    let span = since.and_then(|nanos| Span::new().try_nanoseconds(nanos).ok());
    let time = span.and_then(|span| midnight.checked_add(span).ok());
    time.map_or(Value::Null, |time| time.to_string().into())
}

fn timestamp(value: i64, unit_nanos: i128, is_instant: bool) -> Value {
    let Ok(timestamp) = Timestamp::from_nanosecond(i128::from(value) * unit_nanos) else {
        return value.into();
    };
    if is_instant {
        return timestamp.to_string().into();
    }
    let local: DateTime = jiff::tz::Offset::UTC.to_datetime(timestamp);
    local.to_string().into()
}

fn decimal_of(value: &Decimal) -> Result<Value, Unreadable> {
    decimal(value.data(), value.precision(), value.scale())
}

/// A number, or where a double would not keep it, its text; the same for all of a column.
fn decimal(bytes: &[u8], precision: i32, scale: i32) -> Result<Value, Unreadable> {
    if bytes.len() > DECIMAL_BYTES_MAX || !(0..=1_000).contains(&scale) {
        return Err(Unreadable::unsupported("a decimal is too long"));
    }
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut digits = digits(bytes, negative);
    let scale = scale.unsigned_abs() as usize;
    while digits.len() <= scale {
        digits.insert(0, '0');
    }
    if scale > 0 {
        digits.insert(digits.len() - scale, '.');
    }
    if negative {
        digits.insert(0, '-');
    }
    if precision > NUMBER_DIGITS_MAX {
        return Ok(Value::String(digits));
    }
    match (scale, digits.parse::<i64>(), digits.parse::<f64>()) {
        (0, Ok(number), _) => Ok(number.into()),
        (_, _, Ok(number)) => Ok(double(number)),
        _ => Ok(Value::String(digits)),
    }
}

/// The decimal digits of a big-endian two's complement, without its sign.
fn digits(bytes: &[u8], negative: bool) -> String {
    let mut magnitude: Vec<u8> =
        bytes.iter().map(|byte| if negative { !byte } else { *byte }).collect();
    if negative {
        for byte in magnitude.iter_mut().rev() {
            let (sum, carries) = byte.overflowing_add(1);
            *byte = sum;
            if !carries {
                break;
            }
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u16;
        for byte in &mut magnitude {
            let dividend = rest * 256 + u16::from(*byte);
            (*byte, rest) = ((dividend / 10) as u8, dividend % 10);
        }
        digits.push(char::from(b'0' + rest as u8));
    }
    if digits.is_empty() {
        digits.push('0');
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        let rows: [(&[u8], i32, i32, &str); 8] = [
            (&[0], 5, 2, "0.0"),
            (&[0x30, 0x39], 5, 2, "123.45"),
            (&[0xFF], 5, 2, "-0.01"),
            (&[0x80, 0x00], 5, 0, "-32768"),
            (&[0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 19, 4, "\"922337203685477.5807\""),
            (&[0x80, 0, 0, 0, 0, 0, 0, 0], 19, 0, "\"-9223372036854775808\""),
            (&[0x01, 0, 0, 0, 0, 0, 0, 0, 0], 20, 20, "\"0.18446744073709551616\""),
            (&[], 3, 0, "0"),
        ];
        for (bytes, precision, scale, expected) in rows {
            assert_eq!(decimal(bytes, precision, scale).unwrap().to_string(), expected);
        }
        assert!(decimal(&[1; 65], 38, 0).is_err());
    }

    #[test]
    fn moments_are_iso_8601() {
        assert_eq!(date(19_723), "2024-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(i32::MAX), i32::MAX);
        assert_eq!(time(3_600_500_000_000), "01:00:00.5");
        assert_eq!(time(-1), Value::Null);
        assert_eq!(timestamp(1_704_067_200_123, NANOS_PER_MILLI, true), "2024-01-01T00:00:00.123Z");
        assert_eq!(timestamp(1_704_067_200_000_000_001, 1, false), "2024-01-01T00:00:00.000000001");
        assert_eq!(timestamp(i64::MAX, NANOS_PER_MILLI, true), i64::MAX);
        assert_eq!(double(f64::NAN), "NaN");
        assert_eq!(double(f64::NEG_INFINITY), "-Infinity");
    }
}
