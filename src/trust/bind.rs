//! From a proven commit to proven content.

use super::commit::Commit;
use super::object::id_of;
use super::{Error, Verified, tree};
use crate::model::artifact::{Entry, EntryKind};
use crate::model::{Artifact, CommitId, Facts, Hash, RawCommit, RepoPath, Revision, TreeId};
use gix::objs::Kind;
use std::collections::BTreeSet;

/// Why a revision may count as proven without its chain.
#[derive(Debug, Clone, Copy)]
pub enum Ground<'a> {
    /// The facts say that this site accepted it.
    Facts(&'a Facts),
    /// The site's own configuration names it by its id.
    Pin(CommitId),
}

/// Proves a revision again that was proven before, from the commit on disk: after a boot, for a rollback, for a snapshot.
/// Signatures are not checked again: a key that expired since does not take away what runs.
///
/// # Errors
/// The ground does not name the revision, or the bytes on disk are not that commit.
pub fn reaffirm(
    commit: &RawCommit,
    revision: &Revision,
    ground: Ground<'_>,
) -> Result<Verified<Revision>, Error> {
    if !ground.names(revision) {
        return Err(Error::NeverAccepted { revision: revision.clone() });
    }
    if commit.id != revision.commit {
        return Err(Error::AnotherCommit { revision: revision.clone(), found: commit.id });
    }
    let commit = Commit::read(commit).map_err(|source| Error::Commit { commit: commit.id, source })?;
    Ok(Verified { value: revision.clone(), root: commit.tree })
}

/// Binds fetched content to a proven revision: every tree is hashed from the root down, read here and compared with what the
/// artifact claims to have read, and every file is hashed. What the proven root does not lead to is refused.
///
/// An artifact may hold less than the tree does (that is its purpose): a path whose folder is bound and does not list it is proven
/// to be absent; one whose folder is not there is unknown, not absent.
///
/// # Errors
/// Another revision or root, bytes with another id, or content that no tree leads to. Time is linear in the artifact's size.
pub fn bind(revision: &Verified<Revision>, artifact: Artifact) -> Result<Verified<Artifact>, Error> {
    if artifact.revision != *revision.get() || artifact.root != revision.root() {
        return Err(Error::AnotherRevision {
            proven: Box::new(revision.get().clone()),
            offered: Box::new(artifact.revision),
        });
    }
    let mut seen = Seen::default();
    let mut open = vec![(RepoPath::root(), artifact.root)];
    while let Some((path, id)) = open.pop() {
        let entries = bind_tree(&artifact, &path, id)?;
        seen.trees += 1;
        for entry in entries {
            // A name that no path can hold leads to nothing that an artifact could hold.
            let Ok(at) = path.join(&entry.name) else { continue };
            match entry.kind {
                EntryKind::Tree(id) if artifact.trees.contains_key(&at) => open.push((at, id)),
                EntryKind::File(id) if artifact.files.contains_key(&at) => {
                    bind_file(&artifact, &at, &id.0)?;
                    seen.files += 1;
                }
                _ => {}
            }
        }
    }
    if seen.trees != artifact.trees.len() || seen.files != artifact.files.len() {
        return Err(Error::Unreachable { path: stray(&artifact), revision: artifact.revision });
    }
    Ok(Verified { root: artifact.root, value: artifact })
}

#[derive(Debug, Default)]
struct Seen {
    trees: usize,
    files: usize,
}

impl Ground<'_> {
    fn names(&self, revision: &Revision) -> bool {
        match self {
            Self::Pin(pin) => *pin == revision.commit,
            Self::Facts(facts) => {
                let of_applications = facts.applications.values().flat_map(|application| {
                    application.attempted.iter().chain(&application.last_good).map(|(revision, _)| revision)
                });
                let of_site = facts.floor.iter().map(|floor| &floor.revision).chain(&facts.last_good);
                of_site.chain(&facts.pinned).chain(of_applications).any(|known| known == revision)
            }
        }
    }
}

fn bind_tree<'a>(artifact: &'a Artifact, path: &RepoPath, id: TreeId) -> Result<&'a [Entry], Error> {
    let refused =
        |why: String| Error::Content { path: path.clone(), revision: artifact.revision.clone(), why };
    let tree = artifact.trees.get(path).ok_or_else(|| refused("its tree is missing".to_owned()))?;
    check_id(&id.0, Kind::Tree, &tree.raw).map_err(refused)?;
    let entries = tree::read(&tree.raw, &id.0).map_err(|error| refused(error.to_string()))?;
    if entries != tree.entries {
        return Err(refused("its entries are not those of its bytes".to_owned()));
    }
    Ok(&tree.entries)
}

fn bind_file(artifact: &Artifact, path: &RepoPath, id: &Hash) -> Result<(), Error> {
    let refused =
        |why: String| Error::Content { path: path.clone(), revision: artifact.revision.clone(), why };
    let Some(file) = artifact.files.get(path) else { return Err(refused("it is missing".to_owned())) };
    if file.id.0 != *id {
        return Err(refused(format!("it claims to be {}, and its folder says {id}", file.id)));
    }
    check_id(id, Kind::Blob, &file.data).map_err(refused)
}

fn check_id(id: &Hash, kind: Kind, bytes: &[u8]) -> Result<(), String> {
    match id_of(id, kind, bytes) {
        Ok(actual) if actual == *id => Ok(()),
        Ok(actual) => Err(format!("its bytes hash to {actual}, not to {id}: they were changed")),
        Err(collision) => Err(collision.to_string()),
    }
}

/// A path of the artifact that its own trees do not lead to.
fn stray(artifact: &Artifact) -> RepoPath {
    let mut led_to = BTreeSet::from([(RepoPath::root(), true)]);
    for (path, tree) in &artifact.trees {
        let named = tree.entries.iter().filter_map(|entry| match entry.kind {
            EntryKind::Tree(_) => Some((path.join(&entry.name).ok()?, true)),
            EntryKind::File(_) => Some((path.join(&entry.name).ok()?, false)),
            EntryKind::Link(_) | EntryKind::Submodule => None,
        });
        led_to.extend(named);
    }
    let trees = artifact.trees.keys().map(|path| (path.clone(), true));
    let files = artifact.files.keys().map(|path| (path.clone(), false));
    trees.chain(files).find(|held| !led_to.contains(held)).map(|(path, _)| path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::{File, Tree};
    use crate::model::{BlobId, Classify};
    use crate::trust::fake::{Draft, assume};
    use crate::trust::whole;
    use jiff::Timestamp;
    use std::collections::BTreeMap;

    const LIKE: Hash = Hash::Sha1([0; 20]);

    fn path(text: &str) -> RepoPath {
        text.parse().unwrap()
    }

    fn file(data: &str) -> File {
        File { id: BlobId(id_of(&LIKE, Kind::Blob, data.as_bytes()).unwrap()), data: data.into() }
    }

    fn tree(lines: &[(&str, &str, Hash)]) -> (TreeId, Tree) {
        let mut raw = Vec::new();
        for (mode, name, id) in lines {
            raw.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            raw.extend_from_slice(id.as_bytes());
        }
        let id = TreeId(id_of(&LIKE, Kind::Tree, &raw).unwrap());
        let entries = tree::read(&raw, &LIKE).unwrap_or_default();
        (id, Tree { raw, entries })
    }

    /// `apps/pos/a.yaml`, `apps/pos/link`, `other/` (not fetched) and `fleet.yaml`, bound to nothing yet.
    fn sample() -> (Verified<Revision>, Artifact) {
        let (a, fleet) = (file("kind: A\n"), file("kind: Fleet\n"));
        let (pos_id, pos) = tree(&[("100644", "a.yaml", a.id.0), ("120000", "link", a.id.0)]);
        let (apps_id, apps) = tree(&[("40000", "pos", pos_id.0), ("160000", "module", Hash::Sha1([7; 20]))]);
        let (root, top) = tree(&[
            ("40000", "apps", apps_id.0),
            ("100755", "fleet.yaml", fleet.id.0),
            ("40000", "other", Hash::Sha1([9; 20])),
        ]);
        let revision: Revision = format!("refs/heads/main@sha1:{}", "ab".repeat(20)).parse().unwrap();
        let artifact = Artifact {
            revision: revision.clone(),
            root,
            trees: BTreeMap::from([(path(""), top), (path("apps"), apps), (path("apps/pos"), pos)]),
            files: BTreeMap::from([(path("apps/pos/a.yaml"), a), (path("fleet.yaml"), fleet)]),
        };
        (assume(revision, root), artifact)
    }

    #[test]
    fn a_part_of_a_proven_tree_is_bound() {
        let (revision, artifact) = sample();
        let bound = bind(&revision, artifact.clone()).unwrap();
        assert_eq!((bound.get(), bound.root()), (&artifact, revision.root()));
    }

    #[test]
    fn what_did_not_arrive_is_not_absent() {
        let (revision, artifact) = sample();
        let asked = |text: &str| BTreeSet::from([path(text)]);
        let bound = bind(&revision, artifact.clone()).unwrap();
        for there in
            ["apps", "apps/pos", "apps/pos/a.yaml", "fleet.yaml", "apps/pos/link", "apps/module/x", "none/x"]
        {
            assert!(whole(&bound, &asked(there)).is_ok(), "{there}");
        }
        for (away, missing) in [("other", "other"), ("other/x", "other"), ("", "other")] {
            let error = whole(&bound, &asked(away)).unwrap_err();
            assert_eq!(error.reason(), "ContentIncomplete");
            assert!(error.to_string().starts_with(&format!("{missing} of")), "{away}: {error}");
        }
        let mut fewer = artifact;
        fewer.files.remove(&path("apps/pos/a.yaml"));
        let bound = bind(&revision, fewer).unwrap();
        assert!(whole(&bound, &asked("apps")).is_err() && whole(&bound, &asked("apps/pos/a.yaml")).is_err());
    }

    #[test]
    fn what_the_proven_root_does_not_lead_to_is_refused() {
        type Change = fn(&mut Artifact);
        let table: &[(&str, Change, &str)] = &[
            ("other revision", |a| a.revision.commit.0 = Hash::Sha1([1; 20]), "belongs to"),
            ("other root", |a| a.root = TreeId(Hash::Sha1([1; 20])), "belongs to"),
            ("no root tree", |a| drop(a.trees.remove(&path(""))), "tree is missing"),
            ("no folder above a file", |a| drop(a.trees.remove(&path("apps"))), "apps/pos is not in"),
            ("changed file", |a| a.files.get_mut(&path("fleet.yaml")).unwrap().data.push(b'!'), "changed"),
            (
                "file under another's id",
                |a| drop(a.files.insert(path("fleet.yaml"), file("evil"))),
                "claims to be",
            ),
            ("extra file", |a| drop(a.files.insert(path("apps/pos/b.yaml"), file("b"))), "b.yaml is not in"),
            ("file at a link", |a| drop(a.files.insert(path("apps/pos/link"), file("b"))), "link is not in"),
            ("file at a folder", |a| drop(a.files.insert(path("apps"), file("b"))), "apps is not in"),
            ("changed tree", |a| a.trees.get_mut(&path("apps")).unwrap().raw[8] ^= 1, "changed"),
            ("extra tree", |a| drop(a.trees.insert(path("more"), tree(&[]).1)), "more is not in"),
            ("tree of another id", |a| drop(a.trees.insert(path("other"), tree(&[]).1)), "other of"),
            (
                "hidden entry",
                |a| drop(a.trees.get_mut(&path("apps")).unwrap().entries.pop()),
                "not those of its bytes",
            ),
        ];
        for (name, change, expected) in table {
            let (revision, mut artifact) = sample();
            change(&mut artifact);
            let error = bind(&revision, artifact).expect_err(name);
            assert!(error.to_string().contains(expected), "{name}: {error}");
            assert_eq!(error.reason(), "ContentTampered", "{name}");
        }
    }

    #[test]
    fn trees_that_could_be_read_in_two_ways_are_refused() {
        let id = Hash::Sha1([3; 20]);
        for lines in [
            &[("100644", "a", id), ("40000", "a", id)][..],
            &[("100644", "a/b", id)],
            &[("100644", "", id)],
            &[("777", "a", id)],
            &[("10064x", "a", id)],
            &[("010000", "a", id)],
        ] {
            let raw = tree(lines).1.raw;
            assert!(super::super::tree::read(&raw, &LIKE).is_err(), "{lines:?}");
        }
        let good = tree(&[("100644", "a", id), ("040000", "b", id)]).1.raw;
        assert_eq!(super::super::tree::read(&good, &LIKE).unwrap().len(), 2);
        assert!(
            (1..good.len())
                .filter(|cut| *cut != 29)
                .all(|cut| super::super::tree::read(&good[..cut], &LIKE).is_err())
        );
    }

    #[test]
    fn only_what_was_accepted_is_reaffirmed() {
        let draft = Draft {
            tree: TreeId(Hash::Sha1([5; 20])),
            parents: &[],
            committed: Timestamp::UNIX_EPOCH,
            signature: None,
            message: "one",
        };
        let (one, two) = (draft.commit(), Draft { message: "two", ..draft.clone() }.commit());
        let revision = Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: one.id };
        let known = Facts { last_good: Some(revision.clone()), ..Facts::default() };
        let proven = reaffirm(&one, &revision, Ground::Facts(&known)).unwrap();
        assert_eq!((proven.get(), proven.root()), (&revision, draft.tree));
        assert!(reaffirm(&one, &revision, Ground::Pin(one.id)).is_ok());
        for (commit, ground, reason) in [
            (one.clone(), Ground::Facts(&Facts::default()), "NeverAccepted"),
            (one.clone(), Ground::Pin(two.id), "NeverAccepted"),
            (two.clone(), Ground::Facts(&known), "CommitDamaged"),
            (RawCommit { id: one.id, bytes: two.bytes.clone() }, Ground::Facts(&known), "CommitDamaged"),
        ] {
            assert_eq!(reaffirm(&commit, &revision, ground).unwrap_err().reason(), reason);
        }
    }
}
