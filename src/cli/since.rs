//! Since when something is shown.

use crate::model::parse_duration;
use jiff::{SignedDuration, Timestamp};

/// From when on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Since {
    /// This moment.
    Time(Timestamp),
    /// So long ago.
    Ago(SignedDuration),
}

impl Since {
    /// Reads what a person wrote.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::Time(time));
        }
        let ago = parse_duration(text).and_then(|ago| SignedDuration::try_from(ago).ok());
        ago.map(Self::Ago).ok_or_else(|| {
            "write a time such as 2027-01-15T08:00:00Z, or a duration such as 2h or 7d".to_owned()
        })
    }

    /// The moment.
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Time(time) => time,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}
