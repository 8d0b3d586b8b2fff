//! For tests of other rooms: proofs out of thin air, and commits whose signature is a marker.

use super::commit::SignedPayload;
use super::object::id_of;
use super::{Verified, Verifier};
use crate::model::{CommitId, Hash, RawCommit, SignerName, TreeId, Verification};
use gix::objs::Kind;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Takes a value for proven. Compiled for tests alone.
pub fn assume<T>(value: T, root: TreeId) -> Verified<T> {
    Verified { value, root }
}

/// A verifier that knows signers by name: a commit whose signature is `fake:alice` is signed by alice.
/// `fake:alice!` is a signature by alice that does not fit.
#[derive(Debug, Clone, Default)]
pub struct Markers {
    signers: BTreeSet<String>,
}

/// What a made-up commit holds.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// Its root tree.
    pub tree: TreeId,
    /// Its parents.
    pub parents: &'a [CommitId],
    /// Its committer's date.
    pub committed: Timestamp,
    /// The signature's text, `fake:alice`; `None`: unsigned.
    pub signature: Option<&'a str>,
    /// Its message.
    pub message: &'a str,
}

impl Markers {
    /// A verifier that allows these signers.
    pub fn of<'a>(signers: impl IntoIterator<Item = &'a str>) -> Self {
        Self { signers: signers.into_iter().map(str::to_owned).collect() }
    }
}

impl Verifier for Markers {
    fn verify(&self, signed: &SignedPayload, _: Timestamp) -> Verification {
        let Some(signature) = &signed.signature else { return Verification::Unsigned };
        let text = String::from_utf8_lossy(signature);
        let Some(marker) = text.trim_end().strip_prefix("fake:") else {
            return Verification::Malformed("it is no marker".to_owned());
        };
        let name = marker.trim_end_matches('!');
        let fingerprint = format!("fake:{name}");
        match (self.signers.contains(name), marker.ends_with('!')) {
            (false, _) => Verification::UnknownKey { fingerprint },
            (true, true) => Verification::Bad { fingerprint },
            (true, false) => Verification::Good { signer: SignerName(name.to_owned()), fingerprint },
        }
    }
}

impl Draft<'_> {
    /// The commit with its real id.
    ///
    /// # Panics
    /// If its bytes were a SHA-1 collision attack.
    pub fn commit(&self) -> RawCommit {
        let parents: Vec<_> = self.parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let parents = parents.concat();
        let signature = self.signature.map(|text| format!("gpgsig {text}\n")).unwrap_or_default();
        let (tree, seconds) = (self.tree, self.committed.as_second());
        let who = "Alice <alice@example.com>";
        let text = format!(
            "tree {tree}\n{parents}author {who} {seconds} +0000\ncommitter {who} {seconds} +0000\n{signature}\n{}\n",
            self.message
        );
        raw(&self.tree.0, text.into_bytes())
    }
}

/// Any bytes under the commit id that they really have.
///
/// # Panics
/// If they were a SHA-1 collision attack.
pub fn raw(like: &Hash, bytes: Vec<u8>) -> RawCommit {
    let id = id_of(like, Kind::Commit, &bytes).expect("because no test holds a collision");
    RawCommit { id: CommitId(id), bytes }
}
