//! For tests: artifacts without a repository, and applications without a fleet. An artifact's ids and raw trees are made up; nothing
//! may hash them.

use super::application::{Adopt, Application, OnRemoval, Rollback};
use super::artifact::{Artifact, Entry, EntryKind, File, Tree};
use super::hash::{BlobId, Digest, Hash, TreeId};
use super::path::RepoPath;
use super::revision::Revision;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An artifact of these files, with every tree.
pub fn artifact(files: &[(&str, &str)]) -> Artifact {
    let revision: Revision =
        format!("refs/heads/main@sha1:{}", "1".repeat(40)).parse().expect("because it is a revision");
    let root = TreeId(hash(""));
    let mut artifact = Artifact { revision, root, trees: BTreeMap::new(), files: BTreeMap::new() };
    artifact.trees.insert(RepoPath::root(), Tree { raw: Vec::new(), entries: Vec::new() });
    for (path, content) in files {
        put(&mut artifact, path, EntryKind::File(BlobId(hash(content))));
        let path = path.parse().expect("because tests name good paths");
        artifact.files.insert(path, File { id: BlobId(hash(content)), data: content.as_bytes().to_vec() });
    }
    artifact
}

/// An application at a path of its own name, with what holds where a fleet says nothing.
pub fn application(name: &str) -> Application {
    Application {
        name: name.to_owned(),
        path: name.parse().expect("because tests name good paths"),
        depends_on: BTreeSet::new(),
        namespace: None,
        substitute: None,
        prune: true,
        allow_prune: BTreeSet::new(),
        on_removal: OnRemoval::Prune,
        adopt: Adopt::Never,
        recreate: BTreeSet::new(),
        deadline: Duration::from_mins(5),
        quiet: Duration::from_secs(30),
        pull_deadline: None,
        waits_for_addresses: false,
        checks: Vec::new(),
        rollback: Rollback::Application,
    }
}

/// Puts an entry into the folder of `path`, and that folder into the ones above.
pub fn put(artifact: &mut Artifact, path: &str, kind: EntryKind) {
    let path: RepoPath = path.parse().expect("because tests name good paths");
    let folder = path.parent().expect("because the root is no entry");
    if !artifact.trees.contains_key(&folder) {
        put(artifact, folder.as_str(), EntryKind::Tree(TreeId(hash(folder.as_str()))));
    }
    if matches!(kind, EntryKind::Tree(_)) {
        artifact.trees.entry(path.clone()).or_insert(Tree { raw: Vec::new(), entries: Vec::new() });
    }
    let tree = artifact.trees.get_mut(&folder).expect("because it was just put there");
    tree.entries.retain(|entry| entry.name != path.name());
    tree.entries.push(Entry { name: path.name().to_owned(), kind });
    tree.entries.sort_by(|a, b| a.name.cmp(&b.name));
}

fn hash(text: &str) -> Hash {
    Hash::from_bytes(&Digest::of(text.as_bytes()).as_bytes()[..20]).expect("because 20 bytes are a SHA-1")
}
