//! Watching a pack go by, to break it off when enough has come.
//!
//! git sends all commits of a pack first. Where a server does not filter, all trees and files that ever lay between follow, and what
//! the site needs of them is a small part, which costs less when it is asked for by itself.

use super::Stop;
use crate::source::ids::KIND;
use gix::odb::pack::data;
use gix::odb::pack::data::entry::Header;
use gix::zlib::{Decompress, FlushDecompress, Status};

/// With fewer commits the rest of a pack costs no more than another request.
const WORTH: usize = 64;
/// Longest commit that is watched, packed.
const LONGEST: usize = 64 * 1024;

/// Looks at the bytes of one pack.
pub(super) struct Watch {
    stop: Stop,
    bytes: u64,
    commits: Option<Commits>,
}

/// The commits at the beginning of a pack.
struct Commits {
    count: usize,
    /// What is not understood yet.
    pending: Vec<u8>,
    has_header: bool,
}

impl Watch {
    pub(super) fn new(stop: Stop) -> Self {
        let commits = Commits { count: 0, pending: Vec::new(), has_header: false };
        Self { stop, bytes: 0, commits: matches!(stop, Stop::AfterCommits(_)).then_some(commits) }
    }

    /// Takes the next bytes; answers whether it is enough.
    pub(super) fn is_enough(&mut self, bytes: &[u8]) -> bool {
        self.bytes += bytes.len() as u64;
        let most = match self.stop {
            Stop::Never => return false,
            Stop::After(most) | Stop::AfterCommits(most) => most,
        };
        self.bytes >= most || self.are_commits_over(bytes)
    }

    /// Whether something else has come after so many commits that it is worth breaking off.
    fn are_commits_over(&mut self, bytes: &[u8]) -> bool {
        let Some(commits) = &mut self.commits else { return false };
        commits.pending.extend_from_slice(bytes);
        if !commits.are_over() {
            return false;
        }
        let is_worth_it = commits.count >= WORTH;
        self.commits = None;
        is_worth_it
    }
}

impl Commits {
    fn are_over(&mut self) -> bool {
        if !self.has_header {
            if self.pending.len() < data::header::SIZE {
                return false;
            }
            self.pending.drain(..data::header::SIZE);
            self.has_header = true;
        }
        let mut at = 0;
        let is_over = loop {
            match packed_commit(&self.pending[at..]) {
                Next::Commit(length) => {
                    at += length;
                    self.count += 1;
                }
                Next::NotYet => break self.pending.len() - at > LONGEST,
                Next::Other => break true,
            }
        };
        self.pending.drain(..at);
        is_over
    }
}

/// What a pack goes on with.
enum Next {
    /// A commit of so many bytes, packed.
    Commit(usize),
    /// That cannot be told before more has come.
    NotYet,
    /// Something else.
    Other,
}

fn packed_commit(bytes: &[u8]) -> Next {
    let mut rest = bytes;
    let Ok(entry) = data::Entry::from_read(&mut rest, 0, KIND.len_in_bytes()) else { return Next::NotYet };
    match entry.header {
        // Among nothing but commits, a delta makes one.
        Header::Commit | Header::OfsDelta { .. } => {}
        _ => return Next::Other,
    }
    let head = bytes.len() - rest.len();
    let mut inflate = Decompress::new();
    let mut out = [0; 4096];
    loop {
        let before = inflate.total_in();
        let input = usize::try_from(before).ok().and_then(|taken| rest.get(taken..)).unwrap_or_default();
        let made = inflate.total_out();
        match inflate.decompress(input, &mut out, FlushDecompress::None) {
            Ok(Status::StreamEnd) => {
                return usize::try_from(inflate.total_in())
                    .map_or(Next::Other, |taken| Next::Commit(head + taken));
            }
            Ok(_) if inflate.total_in() == before && inflate.total_out() == made => return Next::NotYet,
            Ok(_) if inflate.total_out() > LONGEST as u64 * 16 => return Next::Other,
            Ok(_) => {}
            Err(_) => return Next::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::objs::Kind;
    use std::io::Write;

    fn entry(kind: Kind, content: &[u8]) -> Vec<u8> {
        let header = if kind == Kind::Commit { Header::Commit } else { Header::Tree };
        let mut bytes = Vec::new();
        header.write_to(content.len() as u64, &mut bytes).unwrap();
        let mut writer = gix::zlib::stream::deflate::Write::new(bytes, gix::zlib::Compression::DEFAULT);
        writer.write_all(content).unwrap();
        writer.flush().unwrap();
        writer.into_inner()
    }

    /// After how many bytes of a pack with so many commits, followed by trees, it is enough; in pieces of `at_once`.
    fn enough(commits: usize, stop: Stop, at_once: usize) -> Option<usize> {
        let mut pack = b"PACK\0\0\0\x02\0\0\x01\0".to_vec();
        (0..commits)
            .for_each(|n| pack.extend(entry(Kind::Commit, format!("tree {n}").repeat(20).as_bytes())));
        (0..50).for_each(|n| pack.extend(entry(Kind::Tree, format!("tree {n}").repeat(20).as_bytes())));
        let mut watch = Watch::new(stop);
        let mut seen = 0;
        pack.chunks(at_once).find_map(|chunk| {
            seen += chunk.len();
            watch.is_enough(chunk).then_some(seen)
        })
    }

    fn length(commits: usize) -> usize {
        12 + (0..commits)
            .map(|n| entry(Kind::Commit, format!("tree {n}").repeat(20).as_bytes()).len())
            .sum::<usize>()
    }

    #[test]
    fn many_commits_are_enough_and_few_are_not() {
        for at_once in [1, 7, 100] {
            let stop = Stop::AfterCommits(u64::MAX);
            let after = enough(100, stop, at_once).unwrap();
            assert!((length(100)..length(100) + 2 + at_once).contains(&after), "{after}");
            assert_eq!(enough(WORTH - 1, stop, at_once), None);
        }
    }

    #[test]
    fn so_many_bytes_are_enough() {
        assert_eq!(enough(3, Stop::After(50), 10), Some(50));
        assert_eq!(enough(3, Stop::AfterCommits(100), 10), Some(100));
        assert_eq!(enough(300, Stop::Never, 10), None);
    }

    #[test]
    fn what_is_no_pack_is_over_soon() {
        for garbage in [vec![0x1f; 200_000], vec![0; 200_000], [vec![0x9f; 200_000], vec![0]].concat()] {
            let mut watch = Watch::new(Stop::AfterCommits(u64::MAX));
            garbage.chunks(4096).for_each(|chunk| assert!(!watch.is_enough(chunk)));
            assert!(watch.commits.is_none(), "it is looked at no further");
        }
    }
}
