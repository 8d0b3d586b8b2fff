//! A bare git repository with signed commits, written object by object: no `git` and no `ssh-keygen` is needed.

use super::Error;
use crate::model::{CommitId, Hash};
use crate::store::durable::{self, RealDisk};
use crate::trust;
use ed25519_dalek::SigningKey;
use gix::ObjectId;
use gix::objs::tree::{Entry, EntryKind};
use gix::objs::{Kind, Tree, Write as _};
use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of a commit: paths and what they hold.
pub(super) type Files = BTreeMap<String, String>;

/// Somebody who makes commits.
pub(super) struct Author {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    key: SigningKey,
}

/// What a commit is to hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft<'a> {
    pub(super) files: &'a Files,
    pub(super) parent: Option<CommitId>,
    pub(super) message: &'a str,
}

/// The repository. Its one branch is `refs/heads/main`.
pub(super) struct Repository {
    path: PathBuf,
    objects: gix::odb::loose::Store,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Repository({})", self.path.display())
    }
}

const KIND: gix::hash::Kind = gix::hash::Kind::Sha1;
/// git's own modes: whoever looks into the demo's folder may read it.
const READABLE: u32 = 0o644;

impl Author {
    /// Somebody with a new key.
    pub(super) fn new(name: &'static str, email: &'static str) -> Result<Self, Error> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::NoRandomness)?;
        Ok(Self { name, email, key: SigningKey::from_bytes(&seed) })
    }

    /// The line that allows this author's key in an allowed signers file.
    pub(super) fn allowed_line(&self) -> String {
        trust::allowed_line(self.email, &self.key.verifying_key())
    }
}

impl Repository {
    /// Makes an empty one in a folder that does not exist yet.
    pub(super) fn init(path: &Path) -> Result<Self, Error> {
        let folders = [path.to_owned(), path.join("objects"), path.join("refs"), path.join("refs/heads")];
        for folder in folders {
            durable::ensure_dir(&RealDisk, &folder)
                .map_err(|source| Error::Write { path: folder, source })?;
        }
        let repository =
            Self { path: path.to_owned(), objects: gix::odb::loose::Store::at(path.join("objects"), KIND) };
        repository.put("HEAD", "ref: refs/heads/main\n")?;
        repository.put("config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n")?;
        Ok(repository)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a commit, signed by `signer` if there is one. No ref points to it yet.
    pub(super) fn commit(
        &self,
        draft: Draft<'_>,
        author: &Author,
        signer: Option<&Author>,
        now: Timestamp,
    ) -> Result<CommitId, Error> {
        let tree = self.tree(draft.files)?;
        let parent = draft.parent.map(|parent| format!("parent {parent}\n")).unwrap_or_default();
        let who = format!("{} <{}> {} +0000", author.name, author.email, now.as_second());
        let text =
            format!("tree {tree}\n{parent}author {who}\ncommitter {who}\n\n{}\n", draft.message).into_bytes();
        let bytes = signer.map_or(text.clone(), |signer| trust::sign(&text, &signer.key));
        let id = self.write(Kind::Commit, &bytes)?;
        let hash = Hash::from_bytes(id.as_slice()).expect("because git's ids have 20 bytes");
        Ok(CommitId(hash))
    }

    /// Points the branch to a commit, whatever it pointed to before: a push, forced if need be.
    pub(super) fn push(&self, commit: CommitId) -> Result<(), Error> {
        self.put("refs/heads/main", &format!("{commit}\n"))
    }

    fn tree(&self, files: &Files) -> Result<ObjectId, Error> {
        let mut folders: BTreeMap<&str, Files> = BTreeMap::new();
        let mut entries = Vec::new();
        for (path, content) in files {
            match path.split_once('/') {
                Some((folder, rest)) => {
                    folders.entry(folder).or_default().insert(rest.to_owned(), content.clone());
                }
                None => entries.push(Entry {
                    mode: EntryKind::Blob.into(),
                    filename: path.as_str().into(),
                    oid: self.write(Kind::Blob, content.as_bytes())?,
                }),
            }
        }
        for (name, files) in folders {
            let oid = self.tree(&files)?;
            entries.push(Entry { mode: EntryKind::Tree.into(), filename: name.into(), oid });
        }
        entries.sort();
        self.objects.write(&Tree { entries }).map_err(|error| self.unwritten(error))
    }

    fn write(&self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, Error> {
        self.objects.write_buf(kind, bytes).map_err(|error| self.unwritten(error))
    }

    fn put(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        durable::write_atomic(&RealDisk, &path, text.as_bytes(), READABLE)
            .map_err(|source| Error::Write { path, source })
    }

    fn unwritten(&self, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Write { path: self.path.join("objects"), source: std::io::Error::other(error) }
    }
}

impl std::fmt::Debug for Author {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Author").field("email", &self.email).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// What git itself says of a repository that was written without it, with nothing of this machine's settings.
    #[allow(clippy::disallowed_methods, reason = "a test starts the real git")]
    fn git(repository: &Path, arguments: &[&str]) -> bool {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(repository)
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", repository);
        command.output().unwrap().status.success()
    }

    #[test]
    fn git_takes_it_for_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(&folder.path().join("fleet.git")).unwrap();
        let (alice, mallory) =
            (Author::new("Alice", "a@e.example").unwrap(), Author::new("Mallory", "m@e.example").unwrap());
        let files =
            Files::from([("a/b.yaml".to_owned(), "b".to_owned()), ("a.yaml".to_owned(), "a".to_owned())]);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let draft = Draft { files: &files, parent: None, message: "first" };
        let first = repository.commit(draft, &alice, Some(&alice), now).unwrap();
        let draft = Draft { files: &files, parent: Some(first), message: "second" };
        let second = repository.commit(draft, &alice, Some(&mallory), now).unwrap();
        let unsigned = repository.commit(draft, &alice, None, now).unwrap();
        repository.push(second).unwrap();

        assert!(git(repository.path(), &["fsck", "--strict", "--no-dangling"]));
        assert!(git(repository.path(), &["cat-file", "-e", "refs/heads/main:a/b.yaml"]));
        let signers = folder.path().join("signers");
        durable::write_atomic(&RealDisk, &signers, alice.allowed_line().as_bytes(), READABLE).unwrap();
        let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
        let accepts = |commit: CommitId| {
            git(repository.path(), &["-c", &signers, "verify-commit", &commit.to_string()])
        };
        assert_eq!([first, second, unsigned].map(accepts), [true, false, false]);
    }
}
