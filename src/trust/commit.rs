//! One commit, read from bytes that were hashed again.

use super::object::{Collision, id_of};
use crate::model::{CommitId, Hash, RawCommit, TreeId};
use gix::objs::Kind;
use jiff::Timestamp;

/// What trust needs of a commit. Its id was computed from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// Its root tree.
    pub tree: TreeId,
    /// Its parents; the first one is the line that trust follows.
    pub parents: Vec<CommitId>,
    /// The committer's date. It is the signer's word, and covered by the signature.
    pub committed: Timestamp,
    /// What was signed, and by what.
    pub signed: SignedPayload,
}

/// A signature with exactly the bytes that it was made over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedPayload {
    /// The commit without its signature header, as git hands it to the signing program.
    pub payload: Vec<u8>,
    /// The armored signature with a newline after each line; `None` if the commit has none.
    pub signature: Option<Vec<u8>>,
}

/// Why bytes are not a commit that can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The bytes have another id than the one they came under.
    #[error("its bytes hash to {actual}: they were tampered with")]
    Tampered {
        /// The id that the bytes really have.
        actual: CommitId,
    },
    /// The bytes collide on purpose.
    #[error(transparent)]
    Collision(#[from] Collision),
    /// It is larger than any honest commit.
    #[error("it has {0} bytes, more than the {MAX_COMMIT} that a commit may have")]
    TooLarge(usize),
    /// A header that every commit has is missing, or is not what git writes.
    #[error("its {0} header is missing or not as git writes it")]
    Header(&'static str),
    /// A header that no signature covers: anybody could have put it there, and so given the commit another id.
    #[error(
        "its header {0:?} is covered by no signature: sign the commit again with git and a single SSH key"
    )]
    Uncovered(String),
}

/// Most bytes that a commit may have. Git's own are well below 10 kB, a merge of signed tags included.
pub const MAX_COMMIT: usize = 1 << 20;
/// Most bytes of a foreign header's name that a message shows.
const SHOWN: usize = 40;

impl Commit {
    /// Hashes the bytes again and reads them. Stricter than git, on purpose: what git would read in two ways is refused, and so
    /// is every byte that the signature does not cover, for it would let anybody make a twin with another id.
    pub fn read(raw: &RawCommit) -> Result<Self, CommitError> {
        if raw.bytes.len() > MAX_COMMIT {
            return Err(CommitError::TooLarge(raw.bytes.len()));
        }
        let actual = CommitId(id_of(&raw.id.0, Kind::Commit, &raw.bytes)?);
        if actual != raw.id {
            return Err(CommitError::Tampered { actual });
        }
        let mut lines = Lines { bytes: &raw.bytes, at: 0 };
        let tree = TreeId(lines.id(b"tree ", &raw.id.0).ok_or(CommitError::Header("tree"))?);
        let mut parents = Vec::new();
        while lines.rest().starts_with(b"parent ") {
            parents.push(CommitId(lines.id(b"parent ", &raw.id.0).ok_or(CommitError::Header("parent"))?));
        }
        lines.value(b"author ").ok_or(CommitError::Header("author"))?;
        let who = lines.value(b"committer ").ok_or(CommitError::Header("committer"))?;
        let committed = date(who).ok_or(CommitError::Header("committer"))?;
        let signed = split(&mut lines, &raw.id.0)?;
        Ok(Self { id: actual, tree, parents, committed, signed })
    }

    /// The parent on the line that trust follows.
    pub fn first_parent(&self) -> Option<CommitId> {
        self.parents.first().copied()
    }
}

/// A walk over the header's lines.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next line without its newline. A last line without one is no line: git always ends a header with it.
    fn take(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        self.at += end + 1;
        Some(&rest[..end])
    }

    fn value(&mut self, name: &[u8]) -> Option<&'a [u8]> {
        self.take()?.strip_prefix(name)
    }

    /// An id of the same hash function as the commit's own.
    fn id(&mut self, name: &[u8], like: &Hash) -> Option<Hash> {
        let id: Hash = std::str::from_utf8(self.value(name)?).ok()?.parse().ok()?;
        (id.function() == like.function()).then_some(id)
    }
}

/// Takes the signature out of the headers after `committer`; what is left of the commit is the payload.
fn split(lines: &mut Lines<'_>, like: &Hash) -> Result<SignedPayload, CommitError> {
    let ours: &[u8] = match like {
        Hash::Sha1(_) => b"gpgsig",
        Hash::Sha256(_) => b"gpgsig-sha256",
    };
    let mut is_first = true;
    while !lines.rest().is_empty() && !lines.rest().starts_with(b"\n") {
        let start = lines.at;
        let text = lines.take().ok_or(CommitError::Header("last"))?;
        let header = text.split(|&byte| byte == b' ').next().unwrap_or_default();
        match header {
            b"" if is_first => return Err(CommitError::Header("committer")),
            b"tree" => return Err(CommitError::Header("tree")),
            b"parent" => return Err(CommitError::Header("parent")),
            b"author" => return Err(CommitError::Header("author")),
            b"committer" => return Err(CommitError::Header("committer")),
            _ if header == ours && text.len() > ours.len() => return signature(lines, start, ours.len()),
            // Git leaves every header that begins so out of the payload.
            _ if header.starts_with(b"gpgsig") => return Err(uncovered(header)),
            _ => is_first = false,
        }
    }
    Ok(SignedPayload { payload: lines.bytes.to_vec(), signature: None })
}

/// The signature whose header begins at `start`. It must be the last header, where git puts it: elsewhere it would sign the same
/// payload under another id.
fn signature(lines: &mut Lines<'_>, start: usize, name: usize) -> Result<SignedPayload, CommitError> {
    let first = lines.bytes.get(start + name + 1..lines.at).ok_or(CommitError::Header("gpgsig"))?;
    let mut signature = first.to_vec();
    while lines.rest().starts_with(b" ") {
        let line = lines.take().ok_or(CommitError::Header("gpgsig"))?;
        signature.extend_from_slice(&line[1..]);
        signature.push(b'\n');
    }
    let rest = lines.rest();
    if !rest.is_empty() && !rest.starts_with(b"\n") {
        let next = rest.split(|&byte| byte == b' ' || byte == b'\n').next().unwrap_or_default();
        return Err(if next.starts_with(b"gpgsig") {
            uncovered(next)
        } else {
            CommitError::Header("gpgsig")
        });
    }
    let payload = [&lines.bytes[..start], rest].concat();
    Ok(SignedPayload { payload, signature: Some(signature) })
}

fn uncovered(name: &[u8]) -> CommitError {
    CommitError::Uncovered(String::from_utf8_lossy(&name[..name.len().min(SHOWN)]).into_owned())
}

/// The date in `Name <mail> 1700000000 +0100`.
fn date(who: &[u8]) -> Option<Timestamp> {
    let end = who.iter().rposition(|&byte| byte == b'>')?;
    let text = std::str::from_utf8(&who[end + 1..]).ok()?.strip_prefix(' ')?;
    let (seconds, zone) = text.split_once(' ')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !zone.strip_prefix(['+', '-']).is_some_and(is_number) {
        return None;
    }
    Timestamp::from_second(seconds.parse().ok()?).ok()
}
