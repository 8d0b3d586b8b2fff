//! The options between principals and key.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What a line's options say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Options {
    pub(super) namespaces: Option<String>,
    pub(super) valid_after: Option<Timestamp>,
    pub(super) valid_before: Option<Timestamp>,
}

/// Reads `name="value",name="value"`. Names are compared without regard to case, as OpenSSH does.
pub(super) fn read(text: &str) -> Result<Options, String> {
    let mut options = Options::default();
    let mut rest = text;
    loop {
        let end = rest.find(['=', ',']).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        let value = match rest.strip_prefix('=') {
            Some(after) => {
                let (value, after) = quoted(after)
                    .ok_or_else(|| format!("the value of {} needs double quotes", super::shown(&name)))?;
                rest = after;
                Some(value)
            }
            None => None,
        };
        set(&mut options, &name, value)?;
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => break,
            None => return Err(format!("a comma is missing after {name}")),
        }
    }
    match (options.valid_after, options.valid_before) {
        (Some(after), Some(before)) if before <= after => {
            Err("valid-before is not later than valid-after".to_owned())
        }
        _ => Ok(options),
    }
}

/// Where the options end: the first blank outside double quotes.
pub(super) fn end_of(text: &str) -> usize {
    let (mut in_quotes, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_quotes => is_escaped = true,
            b'"' => in_quotes = !in_quotes,
            b' ' | b'\t' if !in_quotes => return at,
            _ => {}
        }
    }
    text.len()
}

fn set(options: &mut Options, name: &str, value: Option<String>) -> Result<(), String> {
    let twice = Err(format!("{name} is given twice"));
    match (name, value) {
        ("cert-authority", _) => {
            Err("cert-authority is not supported: list each signer's own key".to_owned())
        }
        ("namespaces", Some(_)) if options.namespaces.is_some() => twice,
        ("namespaces", Some(value)) => {
            options.namespaces = Some(value);
            Ok(())
        }
        ("valid-after", Some(_)) if options.valid_after.is_some() => twice,
        ("valid-after", Some(value)) => {
            options.valid_after = Some(moment(name, &value)?);
            Ok(())
        }
        ("valid-before", Some(_)) if options.valid_before.is_some() => twice,
        ("valid-before", Some(value)) => {
            options.valid_before = Some(moment(name, &value)?);
            Ok(())
        }
        ("namespaces" | "valid-after" | "valid-before", None) => Err(format!("{name} needs a value")),
        ("", _) => Err("an option is empty".to_owned()),
        _ => {
            let name = super::shown(name);
            Err(format!("unknown option {name:?}: known are namespaces, valid-after and valid-before"))
        }
    }
}

/// A double-quoted value, in which `\"` stands for a quote, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' if text[at + 1..].starts_with('"') => {
                characters.next();
                value.push('"');
            }
            other => value.push(other),
        }
    }
    None
}

/// `YYYYMMDD[HHMM[SS]]` with `Z` or `UTC`. OpenSSH reads the forms without in the local zone; one file serves sites in many zones,
/// where such a time would be another moment in each, so they are refused.
fn moment(name: &str, text: &str) -> Result<Timestamp, String> {
    let shown = super::shown(text);
    let upper = text.to_ascii_uppercase();
    let zoned = upper.strip_suffix('Z').or_else(|| upper.strip_suffix("UTC"));
    let digits = zoned.unwrap_or(&upper);
    let Some(time) = civil(digits) else {
        return Err(format!(
            "{name}={shown:?} is not a time: write it as \"20270131Z\" or \"20270131235959Z\""
        ));
    };
    if zoned.is_none() {
        return Err(format!(
            "{name}={shown:?} is another moment in every time zone: write it in UTC as \"{text}Z\""
        ));
    }
    match time.to_zoned(TimeZone::UTC).map(|time| time.timestamp()) {
        Ok(time) if time > Timestamp::UNIX_EPOCH => Ok(time),
        _ => Err(format!("{name}={shown:?} is too long ago")),
    }
}

fn civil(digits: &str) -> Option<jiff::civil::DateTime> {
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number =
        |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |part| part.parse::<i16>().ok());
    let small = |from, to| number(from, to).and_then(|number| i8::try_from(number).ok());
    let date = Date::new(number(0, 4)?, small(4, 6)?, small(6, 8)?).ok()?;
    let time = jiff::civil::Time::new(small(8, 10)?, small(10, 12)?, small(12, 14)?, 0).ok()?;
    Some(date.to_datetime(time))
}
