//! From the root of the repository to the fleet as it applies to this site.

use super::applications::{self, Context};
use super::document::Document;
use super::error::Error;
use super::place::Place;
use super::version::Version;
use super::{Answer, Local, Resolved, fragment, kinds, quantity, site};
use crate::model::{
    Adopt, Application, Artifact, Guard, NotYet, OnRemoval, Presence, RepoPath, Rollback, Site, SiteName,
};
use crate::trust::Verified;
use std::collections::BTreeSet;

/// Names at the root of a fleet repository that mean something which is not built yet.
const NOT_YET: [(&str, &str); 3] = [
    ("trust", "the in-band trust policy"),
    ("policies", "policies that are checked before apply"),
    ("images.yaml", "the list of images"),
];

/// The application of a repository without fleet.yaml.
const ONLY_APPLICATION: &str = "default";

/// Reads the fleet as far as the artifact goes, for an agent of this version.
///
/// A repository without fleet.yaml is one application, named `default`, at the path that the site's own configuration names.
///
/// # Errors
/// Whatever is wrong with the documents, with the place and what to do.
pub fn read(artifact: &Verified<Artifact>, local: &Local, agent: &Version) -> Result<Answer, Error> {
    let artifact = artifact.get();
    let file = fleet_file();
    let wrong = |what: &str| Err(Error::Wrong { place: Place::of(&file), what: what.to_owned() });
    match artifact.presence(&file) {
        Presence::File => {}
        Presence::Unknown => return Ok(Answer::Needs(BTreeSet::from([file]))),
        Presence::Absent => {
            return match site::other_spelling(artifact, &file) {
                Some(name) => wrong(&format!("the repository has {name} instead: rename it to fleet.yaml")),
                None => Ok(Answer::Resolved(without_fleet(local))),
            };
        }
        Presence::Folder => return wrong("it must be a file, and is a folder"),
        Presence::Link => {
            return wrong("it is a symbolic link, and links are not followed: put the file itself there");
        }
        Presence::Submodule => return wrong("it must be a file, and is a submodule"),
    }
    if let Some(bytes) = artifact.file(&file) {
        let document = Document::read(&file, bytes, &kinds::FLEET, agent)?;
        return with_fleet(&document, artifact, local, agent);
    }
    let mut needed = site::needs(artifact, &local.name)?;
    needed.insert(file);
    Ok(Answer::Needs(needed))
}

/// The documents of a site, wherever it lies and whether or not the revision has them: what to ask for at first, so that the first
/// answer of [`read`] resolves.
pub fn documents(name: &SiteName) -> BTreeSet<RepoPath> {
    site::documents(name).into_iter().chain([fleet_file()]).collect()
}

fn fleet_file() -> RepoPath {
    "fleet.yaml".parse().expect("because it is a path")
}

fn with_fleet(
    document: &Document,
    artifact: &Artifact,
    local: &Local,
    agent: &Version,
) -> Result<Answer, Error> {
    for (name, what) in NOT_YET {
        let path: RepoPath = name.parse().expect("because it is a path");
        if artifact.presence(&path) != Presence::Absent {
            return Err(Error::NotYet(NotYet { path: name.to_owned(), what: what.to_owned() }));
        }
    }
    let needed = site::needs(artifact, &local.name)?;
    if !needed.is_empty() {
        return Ok(Answer::Needs(needed));
    }
    let fleet: fragment::Fleet = document.decode()?;
    let mut notes = Vec::new();
    let site = site::read(artifact, local, &fleet.local_keys, agent, &mut notes)?;
    let context = Context {
        fleet: document,
        defaults: &fleet.defaults,
        local_keys: &fleet.local_keys,
        artifact,
        site: &site,
    };
    let applications = applications::resolve(&context, &fleet.applications, &mut notes)?;
    let otherwise = Guard::default();
    let guard = Guard {
        share: fleet.guard.share.as_deref().and_then(quantity::share).unwrap_or(otherwise.share),
        min: fleet.guard.min.unwrap_or(otherwise.min),
    };
    Ok(Answer::Resolved(Resolved { fleet: fleet.metadata.name, site, guard, applications, notes }))
}

/// No fleet says who its sites are, so none is unknown, and nothing stands against the site's own labels and variables.
fn without_fleet(local: &Local) -> Resolved {
    let application = Application {
        name: ONLY_APPLICATION.to_owned(),
        path: local.path.clone(),
        depends_on: BTreeSet::new(),
        namespace: None,
        substitute: None,
        prune: true,
        allow_prune: BTreeSet::new(),
        on_removal: OnRemoval::Prune,
        adopt: Adopt::Never,
        recreate: BTreeSet::new(),
        deadline: applications::DEADLINE,
        quiet: applications::QUIET,
        pull_deadline: None,
        waits_for_addresses: false,
        checks: Vec::new(),
        rollback: Rollback::default(),
    };
    let site = Site {
        name: local.name.clone(),
        labels: local.labels.clone(),
        variables: local.variables.clone(),
        timezone: None,
        is_known: true,
        is_retired: false,
    };
    Resolved {
        fleet: String::new(),
        site,
        guard: Guard::default(),
        applications: vec![application],
        notes: Vec::new(),
    }
}
