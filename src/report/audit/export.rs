//! The last line of an export: what the log ends with, signed.
//!
//! What is signed is a text of its own, so that `ssh-keygen -Y verify -n standfast-audit` takes it as it is.

use super::chain::{Link, MOST_NUMBER};
use super::verify::Report;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The namespace of the signature.
pub const NAMESPACE: &str = "standfast-audit";
/// What tells the line from records.
pub(super) const KIND: &str = "head";
const FORMAT: u32 = 1;

/// The last line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The number of the format.
    pub format: u32,
    /// `head`.
    pub kind: String,
    /// What is signed, byte for byte.
    pub signed: String,
    /// The signature as `ssh-keygen -Y sign` writes it; `None` for a site without an identity.
    pub signature: Option<String>,
}

impl End {
    /// The end of a log that is whole, unsigned yet. `None` where there is no record.
    pub fn of(site: &str, report: &Report, now: Timestamp) -> Option<Self> {
        let (oldest, newest, hash) = (report.oldest?, report.newest?, report.hash.as_ref()?);
        let time = now.round(jiff::Unit::Second).unwrap_or(now);
        let signed =
            format!("standfast audit\nsite {site}\nrecords {oldest} to {newest}\nhead {hash}\ntime {time}\n");
        Some(Self { format: FORMAT, kind: KIND.to_owned(), signed, signature: None })
    }
}

/// The record that such a line says is the last.
pub(super) fn link(line: &str) -> Option<Link> {
    let end: End = serde_json::from_str(line).ok()?;
    let field = |name: &str| end.signed.lines().find_map(|line| line.strip_prefix(name));
    let number =
        field("records ")?.split_once(" to ")?.1.parse().ok().filter(|number| *number <= MOST_NUMBER)?;
    Some(Link { number, hash: field("head ")?.parse().ok()? })
}
