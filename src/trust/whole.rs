//! Whether bound content is all that was asked for. What merely did not arrive must never look as if its owners had removed it.

use super::{Error, Verified};
use crate::model::artifact::EntryKind;
use crate::model::{Artifact, RepoPath};
use std::collections::BTreeSet;

/// Checks that each of these paths is there with everything below it, or proven to be absent from the revision. Symbolic links and
/// submodules are never fetched, so they are not missed.
///
/// # Errors
/// [`Error::Incomplete`] with the first path that is neither.
pub fn whole(artifact: &Verified<Artifact>, paths: &BTreeSet<RepoPath>) -> Result<(), Error> {
    let artifact = artifact.get();
    let missing = paths.iter().find_map(|path| missing_on_the_way(artifact, path));
    match missing {
        Some(path) => Err(Error::Incomplete { path, revision: artifact.revision.clone() }),
        None => Ok(()),
    }
}

/// Goes down to the path, then through all below it.
fn missing_on_the_way(artifact: &Artifact, path: &RepoPath) -> Option<RepoPath> {
    let mut at = RepoPath::root();
    for part in path.parts() {
        let Some(entries) = artifact.list(&at) else { return Some(at) };
        let entry = entries.iter().find(|entry| entry.name == part)?;
        at = at.join(part).ok()?;
        match entry.kind {
            EntryKind::Tree(_) => {}
            EntryKind::File(_) if at == *path => return (!artifact.files.contains_key(&at)).then_some(at),
            // A file or a link where a folder would have to be: what lies below it does not exist.
            _ => return None,
        }
    }
    missing_below(artifact, at)
}

fn missing_below(artifact: &Artifact, folder: RepoPath) -> Option<RepoPath> {
    let mut open = vec![folder];
    while let Some(folder) = open.pop() {
        let Some(entries) = artifact.list(&folder) else { return Some(folder) };
        for entry in entries {
            // A name that no path can hold cannot be asked for either.
            let Ok(at) = folder.join(&entry.name) else { continue };
            match entry.kind {
                EntryKind::Tree(_) => open.push(at),
                EntryKind::File(_) if !artifact.files.contains_key(&at) => return Some(at),
                _ => {}
            }
        }
    }
    None
}
