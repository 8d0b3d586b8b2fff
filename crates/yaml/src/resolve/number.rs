//! Numbers as Go reads and writes them.

use super::Resolved;
use serde_json::Number;

/// The number that a plain text stands for, if it does.
///
/// As go-yaml: integers in the bases that Go knows (`0x`, `0o`, `0b`, a leading `0` for octal), underscores
/// anywhere, then decimal fractions, then what is left of `0b` with a sign behind it. An integer too large for 64
/// bits is a fraction if it is decimal, else a string.
pub(super) fn number(text: &str) -> Option<Resolved<'static>> {
    match text.bytes().next()? {
        // Here Go takes the text as it is, so that an underscore must stand between digits.
        b'.' => {
            let apart = text.split('_').skip(1).all(|part| part.starts_with(|c: char| c.is_ascii_digit()))
                && text.rsplit('_').skip(1).all(|part| part.ends_with(|c: char| c.is_ascii_digit()));
            if apart { float(&text.replace('_', "")) } else { None }
        }
        b'0'..=b'9' | b'+' | b'-' => {
            let digits = text.replace('_', "");
            signed(&digits, None)
                .map(Resolved::Int)
                .or_else(|| unsigned(&digits, None).map(Resolved::Uint))
                .or_else(|| float(&digits))
                .or_else(|| binary(&digits))
        }
        _ => None,
    }
}

/// A fraction as the JSON number that Kubernetes would see, none if it is not finite.
///
/// Go writes it with the fewest digits and without a point if it is whole, so that the API server reads `1e3` as
/// the integer 1000.
pub(crate) fn json_number(value: f64) -> Option<Number> {
    let fraction = Number::from_f64(value)?;
    if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) {
        return Some(fraction);
    }
    let text = value.to_string();
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    Some(whole.unwrap_or(fraction))
}

/// A fraction as a key: sigs.k8s.io/yaml writes it by the rules of `%g` with the precision of 32 bits.
pub(crate) fn key_of_float(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "it is what sigs.k8s.io/yaml does")]
    let value = value as f32;
    if value.is_nan() {
        return ".nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.into();
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("because `{:e}` writes an exponent");
    let exponent: i32 = exponent.parse().expect("because `{:e}` writes a number after the e");
    if (-4..6).contains(&exponent) {
        return value.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

/// Go's `ParseInt`. Without a base, the prefix decides it.
fn signed(text: &str, base: Option<u32>) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let size = unsigned(digits, base)?;
    if negative { 0_i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

/// Go's `ParseUint`.
fn unsigned(text: &str, base: Option<u32>) -> Option<u64> {
    let bytes = text.as_bytes();
    let (base, digits) = match (base, bytes) {
        (Some(base), _) => (base, text),
        (None, [b'0', b'b' | b'B', _, ..]) => (2, &text[2..]),
        (None, [b'0', b'o' | b'O', _, ..]) => (8, &text[2..]),
        (None, [b'0', b'x' | b'X', _, ..]) => (16, &text[2..]),
        (None, [b'0']) => return Some(0),
        (None, [b'0', ..]) => (8, &text[1..]),
        (None, _) => (10, text),
    };
    // Rust's parser would take a sign.
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, base).ok() }
}

/// A decimal fraction, with at least one digit before or after the point.
fn float(text: &str) -> Option<Resolved<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_holds = exponent.is_none_or(|exponent| {
        let size = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !size.is_empty() && digits(size)
    });
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) || !exponent_holds {
        return None;
    }
    // What is too large is no number to Go.
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(Resolved::Float)
}

/// `0b` with a sign behind it, which Go's parser does not take by itself.
fn binary(text: &str) -> Option<Resolved<'static>> {
    if let Some(digits) = text.strip_prefix("0b") {
        return signed(digits, Some(2)).map(Resolved::Int);
    }
    let digits = text.strip_prefix("-0b")?;
    signed(&format!("-{digits}"), Some(2)).map(Resolved::Int)
}
