//! The site's documents → the site.

use super::Local;
use super::document::Document;
use super::error::Error;
use super::fragment::{SiteEnvelope, SiteFragment};
use super::kinds::{SITE, SITE_DEFAULTS};
use super::place::{Inside, Place};
use super::version::Version;
use crate::model::{Artifact, Presence, RepoPath, Site, SiteName, nearest};
use std::collections::{BTreeMap, BTreeSet};

/// Where the documents of a site lie.
#[derive(Debug)]
struct Documents {
    /// Those of the folders, the outermost first.
    defaults: Vec<RepoPath>,
    /// Its own.
    own: RepoPath,
}

/// What became of looking for a document.
enum Found<'a> {
    Bytes(&'a [u8]),
    Absent,
    Needed,
}

/// Where the documents of a site would lie.
pub(super) fn documents(name: &SiteName) -> BTreeSet<RepoPath> {
    Documents::of(name).all().cloned().collect()
}

/// Paths of the site's documents that must be fetched before [`read`] can say anything.
pub(super) fn needs(artifact: &Artifact, name: &SiteName) -> Result<BTreeSet<RepoPath>, Error> {
    let mut needed = BTreeSet::new();
    for path in Documents::of(name).all() {
        if matches!(find(artifact, path)?, Found::Needed) {
            needed.insert(path.clone());
        }
    }
    Ok(needed)
}

/// Reads the documents, which are all there: defaults from the outer folders to the inner ones, then the site's own, then, for
/// `local_keys` that none of these sets, the site's own configuration.
pub(super) fn read(
    artifact: &Artifact,
    local: &Local,
    local_keys: &[String],
    agent: &Version,
    notes: &mut Vec<String>,
) -> Result<Site, Error> {
    let documents = Documents::of(&local.name);
    let mut site = Site {
        name: local.name.clone(),
        labels: BTreeMap::new(),
        variables: BTreeMap::new(),
        timezone: None,
        is_known: false,
        is_retired: false,
    };
    for path in &documents.defaults {
        if let Found::Bytes(bytes) = find(artifact, path)? {
            overlay(&mut site, Document::read(path, bytes, &SITE_DEFAULTS, agent)?.decode()?);
        }
    }
    if let Found::Bytes(bytes) = find(artifact, &documents.own)? {
        let document = Document::read(&documents.own, bytes, &SITE, agent)?;
        let SiteEnvelope { metadata } = document.decode()?;
        if metadata.name != local.name.as_str() {
            let inside = Inside::default().key("metadata").key("name");
            let what = format!("a site is named by its file's path below sites/: write {}", local.name);
            return Err(document.wrong(&inside, what));
        }
        overlay(&mut site, document.decode()?);
        site.is_known = true;
    } else {
        notes.push(unknown_site(artifact, &local.name));
    }
    fill("label", &mut site.labels, &local.labels, local_keys, notes);
    fill("variable", &mut site.variables, &local.variables, local_keys, notes);
    Ok(site)
}

impl Documents {
    fn of(name: &SiteName) -> Self {
        let defaults = name.folders().iter().filter_map(|folder| folder.join("defaults.yaml").ok()).collect();
        Self { defaults, own: name.document() }
    }

    fn all(&self) -> impl Iterator<Item = &RepoPath> {
        self.defaults.iter().chain([&self.own])
    }
}

/// Looks for a document. One with another spelling of its ending is refused: left unseen, it would take applications away from the site.
fn find<'a>(artifact: &'a Artifact, path: &RepoPath) -> Result<Found<'a>, Error> {
    let wrong = |what: String| Err(Error::Wrong { place: Place::of(path), what });
    match artifact.presence(path) {
        Presence::Unknown => Ok(Found::Needed),
        Presence::File => Ok(artifact.file(path).map_or(Found::Needed, Found::Bytes)),
        Presence::Folder => wrong("it must be a file, and is a folder".to_owned()),
        Presence::Link => wrong("it is a symbolic link, or lies behind one, and links are not followed: put the file itself there".to_owned()),
        Presence::Submodule => wrong("it lies in a submodule, and submodules are not fetched: put the file itself there".to_owned()),
        Presence::Absent => match other_spelling(artifact, path) {
            Some(name) => wrong(format!("the folder has {name} instead: rename it to {}", path.name())),
            None => Ok(Found::Absent),
        },
    }
}

/// A file beside `path` that would have its name but for `.yml` or upper case.
pub(super) fn other_spelling<'a>(artifact: &'a Artifact, path: &RepoPath) -> Option<&'a str> {
    let plain = |name: &str| name.to_lowercase().replace(".yml", ".yaml").replace(".json", ".yaml");
    let entries = artifact.list(&path.parent()?)?;
    entries
        .iter()
        .map(|entry| entry.name.as_str())
        .find(|name| *name != path.name() && plain(name) == path.name())
}

fn overlay(site: &mut Site, fragment: SiteFragment) {
    site.labels.extend(fragment.labels);
    site.variables.extend(fragment.variables);
    site.timezone = fragment.timezone.or(site.timezone.take());
}

/// Takes what the site's own configuration may set and no document has set, and notes what it may not set.
fn fill(
    what: &str,
    into: &mut BTreeMap<String, String>,
    local: &BTreeMap<String, String>,
    local_keys: &[String],
    notes: &mut Vec<String>,
) {
    for (key, value) in local {
        if !local_keys.contains(key) {
            notes.push(format!(
                "the {what} {key} of this site's own configuration does not count: it is not among the fleet's localKeys"
            ));
        } else if into.get(key).is_some_and(|signed| signed != value) {
            notes.push(format!(
                "the {what} {key} of this site's own configuration does not count: a signed document sets it"
            ));
        } else {
            into.insert(key.clone(), value.clone());
        }
    }
}

/// Says that there is no document, and which site is named nearly the same.
fn unknown_site(artifact: &Artifact, name: &SiteName) -> String {
    let document = name.document();
    let entries = document.parent().and_then(|folder| artifact.list(&folder)).unwrap_or_default();
    let files = entries.iter().map(|entry| entry.name.as_str()).filter(|file| *file != "defaults.yaml");
    let meant = nearest(document.name(), files)
        .map(|file| format!(" (there is {file} in that folder)"))
        .unwrap_or_default();
    format!(
        "the fleet has no document {document} for this site: it gets only applications without a selector{meant}"
    )
}
