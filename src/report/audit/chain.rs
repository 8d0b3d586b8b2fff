//! Records, and what links them.

use super::event::Event;
use super::seal;
use crate::model::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// The number of this format. A reader that does not know a kind or a field still follows the chain.
const FORMAT: u32 = 1;
/// The highest number that is taken for a record's: no log has so many, and counting on from it is safe.
pub(super) const MOST_NUMBER: u64 = 1 << 53;

/// One record, as it stands in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The number of the format.
    pub format: u32,
    /// Counts up by one, from 1.
    pub number: u64,
    /// When it was written, by the system's clock.
    pub time: Timestamp,
    /// The hash of the record before it; of zeros in the first.
    pub previous: String,
    /// What it is about.
    pub kind: String,
    /// What there is to say, by kind.
    #[serde(flatten)]
    pub what: Map<String, Value>,
    /// The hash of all that stands before it in the line.
    pub hash: String,
}

/// The end of a chain: what the next record continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The number of its last record; 0 before the first.
    pub number: u64,
    /// Its hash.
    pub hash: Digest,
}

/// What is wrong with a line, given those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It cannot be read.
    Unreadable,
    /// Its hash does not fit.
    Changed(u64),
    /// There are none between these two.
    Missing { after: u64, before: u64 },
    /// A number that was there already.
    Again { number: u64, expected: u64 },
    /// It names another record before it than the one that is there.
    Unlinked(u64),
}

/// Follows records one by one.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// What the next record must continue; `None`: it is taken as it comes.
    pub(super) end: Option<Link>,
}

impl Link {
    /// Before the first record.
    pub fn beginning() -> Self {
        Self { number: 0, hash: Digest::from_bytes([0; 32]) }
    }

    /// The line of the record that comes next, and the chain's new end.
    pub(super) fn next(self, time: Timestamp, event: &Event) -> serde_json::Result<(String, Self)> {
        let number = self.number + 1;
        let time = time.round(jiff::Unit::Second).unwrap_or(time);
        let event = serde_json::to_string(event)?;
        let body = format!(
            "{{\"format\":{FORMAT},\"number\":{number},\"time\":\"{time}\",\"previous\":\"{}\",{}",
            self.hash,
            &event[1..event.len() - 1]
        );
        let (line, hash) = seal::seal(&body);
        Ok((line, Self { number, hash }))
    }
}

impl Chain {
    /// Takes one line without its newline: the record in it, and what is wrong with it. After a fault the chain goes on from what the
    /// line says of itself, so that each fault is found once.
    pub(super) fn follow(&mut self, line: &str) -> (Option<Record>, Option<Fault>) {
        let record = serde_json::from_str::<Record>(line).ok().filter(|record| record.number <= MOST_NUMBER);
        let read = record.zip(seal::open(line));
        let Some((record, (_, hash))) = read else {
            self.end = None;
            return (None, Some(Fault::Unreadable));
        };
        let number = record.number;
        let fault = match self.end {
            _ if !seal::is_whole(line) => Some(Fault::Changed(number)),
            Some(end) if number > end.number + 1 => {
                Some(Fault::Missing { after: end.number, before: number })
            }
            Some(end) if number <= end.number => Some(Fault::Again { number, expected: end.number + 1 }),
            Some(end) if record.previous != end.hash.to_string() => Some(Fault::Unlinked(number)),
            _ => None,
        };
        self.end = Some(Link { number, hash });
        (Some(record), fault)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => f.write_str("this is no record"),
            Self::Changed(number) => write!(f, "record {number} was changed: its hash does not fit it"),
            Self::Missing { after, before } if before - after == 2 => {
                write!(f, "record {} is missing", after + 1)
            }
            Self::Missing { after, before } => {
                write!(f, "records {} to {} are missing", after + 1, before - 1)
            }
            Self::Again { number, expected } => write!(f, "record {number} stands where {expected} should"),
            Self::Unlinked(number) => {
                write!(f, "record {number} does not continue the one before it: one of the two was replaced")
            }
        }
    }
}
