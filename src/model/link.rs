//! What is known of the links to the mirrors.

use super::commit::Traffic;
use std::fmt;

/// What bytes over a link were for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Asking what the ref points to, connections included.
    News,
    /// Commits, to be proven.
    Commits,
    /// Trees and files of proven revisions.
    Content,
}

/// One mirror and the link to it, as they are now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MirrorReport {
    /// The mirror, its URL without credentials, or its path.
    pub mirror: String,
    /// Whether its bytes cost money.
    pub is_metered: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it last answered, in seconds since 1970.
    pub answered: Option<u64>,
    /// Bytes since midnight UTC, by purpose.
    pub today: Vec<(Purpose, Traffic)>,
    /// Bytes ever, by purpose.
    pub ever: Vec<(Purpose, Traffic)>,
    /// Until when its budget is spent, if it is.
    pub spent_until: Option<u64>,
}

impl Purpose {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::News, Self::Commits, Self::Content];

    /// Its place among them.
    pub fn index(self) -> usize {
        match self {
            Self::News => 0,
            Self::Commits => 1,
            Self::Content => 2,
        }
    }

    /// The word for it in status and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::News => "news",
            Self::Commits => "commits",
            Self::Content => "content",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Traffic {
    /// Both ways.
    pub fn total(self) -> u64 {
        self.up.saturating_add(self.down)
    }
}
