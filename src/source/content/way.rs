//! How content is asked for: the cheaper way. Pure.
//!
//! Between two revisions, a server sends what changed as small deltas: some 60 bytes for each folder, whoever changed it, and the files
//! as far as they are wanted. Without an older revision, and for what is new here, a walk from tree to tree finds the ids to ask for.

use crate::source::mirror::{Filter, Server};

/// Up to so many commits their small files come along: one request less, and each file as the delta of its lines.
const FEW: usize = 12;
/// Where that turns out larger than this, it is broken off: somebody else's files are in it.
const SMALL: u64 = 16 * 1024;
/// The same where the server cannot be asked for less.
const LARGE: u64 = 4 << 20;

/// What is known before anything is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// What kind of mirror it is.
    pub server: Server,
    /// Whether all of the revision is needed.
    pub is_whole: bool,
    /// The nearest older revision that something is at hand of.
    pub older: Option<Older>,
}

/// An older revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Older {
    /// How many commits lie above it.
    pub commits: usize,
    /// Whether all of its content is at hand.
    pub is_whole: bool,
}

/// A way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// What is missing, by its ids, tree by tree.
    ByIds,
    /// What changed since the older revision, with these files, up to so many bytes; then the rest by its ids.
    Difference { files: Filter, most: Option<u64> },
}

/// The cheaper way.
pub(super) fn cheaper(known: Known) -> Way {
    let Some(older) = known.older else { return Way::ByIds };
    match known.server {
        Server::Folder => Way::ByIds,
        _ if known.is_whole && older.is_whole => Way::Difference { files: Filter::Nothing, most: None },
        Server::Plain => Way::Difference { files: Filter::Nothing, most: Some(LARGE) },
        Server::Filters if known.is_whole => Way::ByIds,
        Server::Filters if older.commits <= FEW => {
            Way::Difference { files: Filter::SmallFiles, most: Some(SMALL) }
        }
        Server::Filters => Way::Difference { files: Filter::Trees, most: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheaper_way() {
        use Server::{Filters, Folder, Plain};
        const ALL: Way = Way::Difference { files: Filter::Nothing, most: None };
        const BOUNDED: Way = Way::Difference { files: Filter::Nothing, most: Some(LARGE) };
        const SMALL_FILES: Way = Way::Difference { files: Filter::SmallFiles, most: Some(SMALL) };
        const TREES: Way = Way::Difference { files: Filter::Trees, most: None };
        let behind = |commits, is_whole| Some(Older { commits, is_whole });
        for (name, server, is_whole, older, expected) in [
            ("a new site", Filters, false, None, Way::ByIds),
            ("a new site that needs all", Filters, true, None, Way::ByIds),
            ("a new site, where nothing is filtered", Plain, false, None, Way::ByIds),
            ("a stick", Folder, true, behind(1, true), Way::ByIds),
            ("one change, all is needed", Filters, true, behind(1, true), ALL),
            ("many changes, all is needed", Filters, true, behind(1000, true), ALL),
            ("all is needed since lately", Filters, true, behind(1, false), Way::ByIds),
            ("one change, a part is needed", Filters, false, behind(1, false), SMALL_FILES),
            ("as many as are worth it", Filters, false, behind(FEW, false), SMALL_FILES),
            ("many changes, mostly of others", Filters, false, behind(FEW + 1, false), TREES),
            ("one change, nothing is filtered", Plain, false, behind(1, false), BOUNDED),
            ("many changes, nothing is filtered", Plain, false, behind(200, false), BOUNDED),
            ("all is needed, nothing is filtered", Plain, true, behind(200, true), ALL),
        ] {
            assert_eq!(cheaper(Known { server, is_whole, older }), expected, "{name}");
        }
    }
}
