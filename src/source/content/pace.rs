//! How much is asked for at once. Pure.
//!
//! A link that breaks keeps what came whole before, so asking for too much loses nothing of it; but each object that is asked for by
//! its id costs bytes upwards, and those that did not come are asked for again. So after a break no more is asked for than the link carried
//! between the last two, and beyond that a little, and twice as much each time that it comes whole.
//!
//! Folders are another matter. What a file rests on is sent before it, be it in another folder that was asked for as well; and of a folder
//! that did not begin before the break nobody knows that files of it are here, so that they come again. So on a link that breaks, folders
//! are asked for a few at a time, and apart from files.

/// Most objects asked for in one request: a slow link must carry the request within the idle timeout.
pub(super) const MOST: usize = 500;
/// How many objects a folder is taken to have before the first came.
const FOLDER: u64 = 30;
/// How many bytes an object is taken to have before the first came.
const OBJECT: u64 = 500;

/// What was learnt of one mirror's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) struct Pace {
    /// Bytes that the link carried between its last two breaks, once it broke.
    carries: Option<u64>,
    /// Bytes since the last.
    since: u64,
    /// Bytes of an object.
    object: u64,
    /// Objects of a folder with all below it.
    folder: u64,
}

/// What one request brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Brought {
    /// Bytes of the pack.
    pub bytes: u64,
    /// Objects that are kept of it.
    pub objects: u64,
    /// Whole folders among what was asked for that have begun to come.
    pub folders: u64,
    /// Other objects among what was asked for that came.
    pub others: u64,
    /// Whether the answer came to its end.
    pub is_whole: bool,
}

/// One thing that may be asked for; what comes first is asked for first where both do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// An object.
    Object,
    /// A folder with all below it.
    Folder,
}

impl Default for Pace {
    fn default() -> Self {
        Self { carries: None, since: 0, object: OBJECT, folder: FOLDER }
    }
}

impl Pace {
    /// How many bytes to ask for.
    fn bound(&self) -> Option<u64> {
        let carries = self.carries?;
        let (little, left) = (carries / 8, carries.saturating_sub(self.since));
        Some(if left > little { left } else { little.max(self.since.saturating_sub(carries)) })
    }

    /// Whether the link is known to break.
    pub(super) fn breaks(&self) -> bool {
        self.carries.is_some()
    }

    /// How many bytes of whole folders to ask for.
    fn folders(&self) -> Option<u64> {
        self.carries.map(|carries| carries.max(self.since) / 4)
    }

    /// How many of these, from the first on, to ask for in one request; at least one.
    pub(super) fn take(&self, units: impl IntoIterator<Item = Unit>) -> usize {
        let mut bytes = 0;
        let mut first = None;
        let (bound, folders) = (self.bound(), self.folders());
        let fits = |unit: &Unit| {
            let goes_along = *first.get_or_insert(*unit) == *unit || !self.breaks();
            let (size, bound) = match unit {
                Unit::Object => (self.object, bound),
                Unit::Folder => (self.object * self.folder, folders),
            };
            let fits = bytes == 0 || goes_along && bound.is_none_or(|bound| bytes < bound);
            bytes += size;
            fits
        };
        units.into_iter().take(MOST).take_while(fits).count()
    }

    /// Learns from what came.
    pub(super) fn learn(&mut self, brought: Brought) {
        if let Some(object) = brought.bytes.checked_div(brought.objects).filter(|object| *object > 0) {
            self.object = self.object.midpoint(object);
        }
        let in_folders = brought.objects.saturating_sub(brought.others);
        if let Some(folder) = in_folders.checked_div(brought.folders) {
            self.folder = self.folder.midpoint(folder).max(1);
        }
        self.since = self.since.saturating_add(brought.bytes);
        if !brought.is_whole {
            self.carries = Some(std::mem::take(&mut self.since).max(self.object));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: Brought = Brought { bytes: 0, objects: 0, folders: 0, others: 0, is_whole: true };
    const CUT: Brought = Brought { is_whole: false, ..WHOLE };

    fn after(all: &[Brought]) -> Pace {
        let mut pace = Pace::default();
        all.iter().for_each(|brought| pace.learn(*brought));
        pace
    }

    #[test]
    fn so_much_is_asked_for() {
        let cut = Brought { bytes: 50_000, objects: 100, others: 100, ..CUT };
        let all = Brought { is_whole: true, ..cut };
        let few = Brought { bytes: 6_000, objects: 12, others: 12, ..WHOLE };
        let heavy = Brought { bytes: 50_000, objects: 0, ..CUT };
        let folders = Brought { bytes: 100_000, objects: 200, folders: 2, ..CUT };
        for (name, all, objects, folders) in [
            ("at first", &[][..], MOST, MOST),
            ("after answers that came whole", &[WHOLE, WHOLE], MOST, MOST),
            ("after a break", &[cut], 100, 1),
            ("after a break that left nothing", &[heavy], 100, 1),
            ("after a break within the third folder", &[folders], 200, 1),
            ("where it broke before", &[cut, all], 13, 1),
            ("a little beyond that", &[cut, all, few, few], 24, 2),
            ("as much again", &[cut, all, all], 100, 2),
            ("and it grows", &[cut, all, all, all, all], 300, 4),
            ("after the next break", &[cut, all, few, cut], 212, 2),
            ("at once at its end", &[CUT], 1, 1),
        ] {
            let pace = after(all);
            assert_eq!(pace.take([Unit::Object; 1000]), objects, "{name}: {pace:?}");
            assert_eq!(pace.take([Unit::Folder; 1000]), folders, "{name}: {pace:?}");
        }
    }

    #[test]
    fn on_a_link_that_breaks_files_are_asked_for_apart() {
        let units = [Unit::Object, Unit::Object, Unit::Folder];
        assert_eq!(after(&[]).take(units), 3);
        assert_eq!(after(&[Brought { bytes: 1 << 20, objects: 10, ..CUT }]).take(units), 2);
    }

    proptest! {
        #[test]
        fn there_is_always_something_to_ask_for(
            all in proptest::collection::vec((any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>(), any::<bool>()), 0..20),
        ) {
            let all: Vec<_> = all
                .into_iter()
                .map(|(bytes, objects, folders, others, is_whole)| Brought { bytes: bytes >> 20, objects: objects >> 30, folders: folders >> 30, others, is_whole })
                .collect();
            let pace = after(&all);
            prop_assert!((1..=MOST).contains(&pace.take([Unit::Folder; 1000])));
            prop_assert_eq!(pace.take([]), 0);
        }
    }
}
