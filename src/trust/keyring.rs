//! The keys that are accepted now, and where they come from.

use super::Error;
use super::allowed_signers::{self, AllowedSigner};
use crate::model::CommitId;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Whom a site trusts at first, from its own configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The allowed signers file.
    pub allowed_signers: PathBuf,
    /// The commit at which a new site's trust begins: every commit after it is proven. Without it the first tip is proven alone.
    pub pin: Option<CommitId>,
}

/// The keys that are accepted now. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyring {
    by_key: BTreeMap<[u8; 32], Vec<AllowedSigner>>,
}

impl Keyring {
    /// Reads the allowed signers file that the settings name.
    pub fn load(settings: &Settings) -> Result<Self, Error> {
        let path = &settings.allowed_signers;
        let bytes = read(path).map_err(|source| Error::SignersUnreadable { path: path.clone(), source })?;
        Self::parse(&bytes, path)
    }

    /// Reads an allowed signers text; `path` is what messages call it.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let signers = allowed_signers::parse(bytes)
            .map_err(|source| Error::SignersRefused { path: path.to_owned(), source })?;
        let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for signer in signers {
            by_key.entry(signer.key).or_default().push(signer);
        }
        if by_key.is_empty() {
            return Err(Error::NoSigners { path: path.to_owned() });
        }
        Ok(Self { by_key })
    }

    /// The lines that a key has, in the order of the file.
    pub fn lines_of(&self, key: &[u8; 32]) -> &[AllowedSigner] {
        self.by_key.get(key).map_or(&[], Vec::as_slice)
    }

    /// Every line with its key's fingerprint, by line, for people.
    pub fn signers(&self) -> Vec<(&AllowedSigner, String)> {
        let mut all: Vec<_> = self
            .by_key
            .iter()
            .flat_map(|(key, lines)| lines.iter().map(move |line| (line, super::sshsig::fingerprint(key))))
            .collect();
        all.sort_by_key(|(line, _)| line.line);
        all
    }
}

/// Reads at most one byte more than the parser takes, so that it can say that there is too much.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let limit = u64::try_from(allowed_signers::MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
