//! Durations and shares as people write them.

pub(super) use crate::model::parse_duration as duration;

/// `30%`, of 0 to 100.
pub(super) fn share(text: &str) -> Option<u8> {
    let digits = text.strip_suffix('%')?;
    let share = digits.parse().ok().filter(|share| *share <= 100)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares() {
        for (text, expect) in [
            ("0%", Some(0)),
            ("30%", Some(30)),
            ("100%", Some(100)),
            ("101%", None),
            ("30", None),
            ("+5%", None),
            ("%", None),
        ] {
            assert_eq!(share(text), expect, "{text}");
        }
    }
}
