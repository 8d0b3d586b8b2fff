//! Which files of an application are manifests.

use super::error::Error;
use super::limit::Limit;
use crate::model::{Application, Artifact, EntryKind, NotYet, Presence, RepoPath, nearest};

/// Names that make a folder something else than plain manifests, and what they make it.
const NOT_PLAIN: [(&str, &str); 4] = [
    ("kustomization.yaml", "a kustomization"),
    ("kustomization.yml", "a kustomization"),
    ("Kustomization", "a kustomization"),
    ("Chart.yaml", "a chart"),
];
/// Endings of manifests, as kubectl knows them; here in upper case too, lest a renamed file takes its objects off the sites.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Manifests with their bytes.
pub(super) type Manifests<'a> = Vec<(RepoPath, &'a [u8])>;

/// The application's manifests in the order of their paths: the file at its path, or all below the folder there, at any depth.
/// Files and folders whose names begin with `.` do not count, nor do files with other endings. `None` if the artifact lacks some of it.
pub(super) fn gather<'a>(
    artifact: &'a Artifact,
    application: &Application,
) -> Result<Option<Manifests<'a>>, Error> {
    let path = &application.path;
    let mut walk = Walk { artifact, application, manifests: Vec::new(), is_whole: true };
    match artifact.presence(path) {
        Presence::Folder => walk.folder(path)?,
        Presence::File => walk.file(path.clone())?,
        Presence::Unknown => return Ok(None),
        Presence::Absent => {
            let siblings = path.parent().and_then(|folder| artifact.list(&folder)).unwrap_or_default();
            let nearest = nearest(path.name(), siblings.iter().map(|entry| entry.name.as_str()));
            let nearest = nearest.map(str::to_owned);
            return Err(Error::Absent { application: application.name.clone(), path: path.clone(), nearest });
        }
        Presence::Link => return Err(not_a_file(path.clone(), LINK)),
        Presence::Submodule => return Err(not_a_file(path.clone(), SUBMODULE)),
    }
    walk.manifests.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(walk.is_whole.then_some(walk.manifests))
}

struct Walk<'a, 'b> {
    artifact: &'a Artifact,
    application: &'b Application,
    manifests: Manifests<'a>,
    is_whole: bool,
}

const LINK: &str = "a symbolic link, or lies behind one";
const SUBMODULE: &str = "a submodule, or lies in one";

impl Walk<'_, '_> {
    fn folder(&mut self, folder: &RepoPath) -> Result<(), Error> {
        let Some(entries) = self.artifact.list(folder) else {
            self.is_whole = false;
            return Ok(());
        };
        for entry in entries.iter().filter(|entry| !entry.name.starts_with('.')) {
            let path =
                folder.join(&entry.name).map_err(|source| Error::Name { folder: folder.clone(), source })?;
            match entry.kind {
                EntryKind::Tree(_) => self.folder(&path)?,
                EntryKind::File(_) if is_manifest(&entry.name) || what_else(&entry.name).is_some() => {
                    self.file(path)?;
                }
                EntryKind::File(_) => {}
                EntryKind::Link(_) => return Err(not_a_file(path, LINK)),
                EntryKind::Submodule => return Err(not_a_file(path, SUBMODULE)),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: RepoPath) -> Result<(), Error> {
        if let Some(what) = what_else(path.name()) {
            return Err(Error::NotYet(NotYet { path: path.to_string(), what: what.to_owned() }));
        }
        match self.artifact.file(&path) {
            Some(bytes) => self.manifests.push((path, bytes)),
            None => self.is_whole = false,
        }
        if self.manifests.len() > Limit::Files.most() {
            return Err(Error::TooMuch { application: self.application.name.clone(), limit: Limit::Files });
        }
        Ok(())
    }
}

fn not_a_file(path: RepoPath, what: &'static str) -> Error {
    Error::NotAFile { path, what }
}

fn what_else(name: &str) -> Option<&'static str> {
    NOT_PLAIN.iter().find(|(known, _)| *known == name).map(|(_, what)| *what)
}

fn is_manifest(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
