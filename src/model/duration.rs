//! Durations as people write them.

use std::time::Duration;

/// Longest duration that a document may name: more is a slip, and a year always fits the arithmetic of deadlines.
const LONGEST: Duration = Duration::from_hours(366 * 24);

const UNITS: [(char, u64); 4] = [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)];

/// `5m`, `30s`, `1h30m`: whole numbers with units from d, h, m and s, each unit once and the larger ones first. `None` for any other
/// text, and for more than 366 days.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut units = UNITS.iter();
    let mut seconds = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, tail) = rest.split_at(digits);
        let (_, factor) = units.find(|(unit, _)| tail.starts_with(*unit))?;
        seconds = number.parse::<u64>().ok()?.checked_mul(*factor)?.checked_add(seconds)?;
        rest = &tail[1..];
    }
    let duration = Duration::from_secs(seconds);
    (!text.is_empty() && duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, seconds) in
            [("5m", 300), ("30s", 30), ("0s", 0), ("1h30m", 5400), ("1d2h3m4s", 93_784), ("90m", 5400)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in [
            "",
            "5",
            "m",
            "5 m",
            "-5m",
            "1.5h",
            "30m1h",
            "5m5m",
            "5ms",
            "5M",
            "400d",
            "99999999999999999999s",
            "９m",
        ] {
            assert_eq!(parse_duration(bad), None, "{bad:?}");
        }
    }
}
