//! The fleet's applications → those of this site, in order.

use super::checks;
use super::document::Document;
use super::error::Error;
use super::fragment::{ApplicationFragment, Defaults};
use super::order::{self, Graph};
use super::place::Inside;
use super::quantity;
use super::values::{Scope, Unresolved};
use crate::model::{
    Adopt, AllowPrune, Application, Artifact, OnRemoval, Presence, RepoPath, Rollback, Site, nearest,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Time to get healthy, unless the fleet says otherwise: an image of some hundred megabytes over a slow link stops this clock, so
/// what it must hold is starting up.
pub(super) const DEADLINE: Duration = Duration::from_mins(5);
/// Time to stay healthy: longer than the first waits of a crash loop (10 s and 20 s).
pub(super) const QUIET: Duration = Duration::from_secs(30);

/// What the applications are resolved against.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) fleet: &'a Document,
    pub(super) defaults: &'a Defaults,
    pub(super) local_keys: &'a [String],
    pub(super) artifact: &'a Artifact,
    pub(super) site: &'a Site,
}

/// Names that the root has a meaning of its own for.
const RESERVED: [&str; 3] = ["sites", "trust", "policies"];

/// Checks all applications of the fleet, whichever sites they target, and resolves those that target this one.
pub(super) fn resolve(
    context: &Context<'_>,
    fragments: &[ApplicationFragment],
    notes: &mut Vec<String>,
) -> Result<Vec<Application>, Error> {
    names(context.fleet, fragments)?;
    paths(context.fleet, fragments)?;
    selectors(context.fleet, fragments)?;
    checks::judge(context.fleet, context.defaults, fragments)?;
    let (graph, ordered) = graph(context.fleet, fragments)?;
    let targeted: BTreeMap<&str, (usize, &ApplicationFragment)> = fragments
        .iter()
        .enumerate()
        .filter(|(_, fragment)| context.targets(fragment))
        .map(|(index, fragment)| (fragment.name.as_str(), (index, fragment)))
        .collect();
    let kept: BTreeSet<&str> = targeted.keys().copied().collect();
    for name in &kept {
        for dependency in graph[name].iter().filter(|dependency| !kept.contains(*dependency)) {
            notes.push(format!(
                "{name} depends on {dependency}, which does not target this site: it is not waited for"
            ));
        }
    }
    let graph = order::keep(&graph, &ordered, &kept);
    let here = ordered.iter().filter_map(|name| Some((targeted.get(name)?, graph.get(name)?)));
    here.map(|((index, fragment), before)| context.application(*index, fragment, before)).collect()
}

impl Context<'_> {
    fn targets(&self, fragment: &ApplicationFragment) -> bool {
        fragment.sites.is_empty() || self.site.is_known && fragment.sites.selects(&self.site.labels)
    }

    fn application(
        &self,
        index: usize,
        fragment: &ApplicationFragment,
        before: &BTreeSet<&str>,
    ) -> Result<Application, Error> {
        let health = &fragment.health;
        let defaults = &self.defaults.health;
        let duration = |own: &Option<String>, shared: &Option<String>| {
            own.as_deref().or(shared.as_deref()).and_then(quantity::duration)
        };
        let on_removal = fragment.on_removal.as_deref().or(self.defaults.on_removal.as_deref());
        let rollback = fragment.rollback.as_deref().or(self.defaults.rollback.as_deref());
        Ok(Application {
            name: fragment.name.clone(),
            path: self.path(index, fragment)?,
            depends_on: before.iter().map(|name| (*name).to_owned()).collect(),
            namespace: fragment.namespace.clone(),
            substitute: self.substitute(index, fragment)?,
            prune: fragment.prune.or(self.defaults.prune).unwrap_or(true),
            allow_prune: AllowPrune::NAMES
                .iter()
                .filter(|(name, _)| fragment.allow_prune.iter().any(|allowed| allowed == name))
                .map(|(_, value)| *value)
                .collect(),
            on_removal: if on_removal == Some("keep") { OnRemoval::Keep } else { OnRemoval::Prune },
            adopt: Adopt::Never,
            recreate: fragment.recreate.iter().cloned().collect(),
            deadline: duration(&health.deadline, &defaults.deadline).unwrap_or(DEADLINE),
            quiet: duration(&health.quiet, &defaults.quiet).unwrap_or(QUIET),
            pull_deadline: duration(&health.pull_deadline, &defaults.pull_deadline),
            waits_for_addresses: health
                .wait_for_addresses
                .or(defaults.wait_for_addresses)
                .unwrap_or_default(),
            checks: checks::merge(&health.checks, &defaults.checks),
            rollback: match rollback {
                Some("site") => Rollback::Site,
                Some("hold") => Rollback::Hold,
                _ => Rollback::Application,
            },
        })
    }

    /// The path, unless the trees at hand show already that the revision does not have it.
    fn path(&self, index: usize, fragment: &ApplicationFragment) -> Result<RepoPath, Error> {
        let at = place(index).key("path");
        let path: RepoPath = fragment
            .path
            .parse()
            .map_err(|error: crate::model::path::ParsePathError| self.fleet.wrong(&at, error.to_string()))?;
        if self.artifact.presence(&path) != Presence::Absent {
            return Ok(path);
        }
        let siblings = path.parent().and_then(|folder| self.artifact.list(&folder)).unwrap_or_default();
        let meant = nearest(path.name(), siblings.iter().map(|entry| entry.name.as_str()))
            .map(|name| format!(", did you mean {name}?"))
            .unwrap_or_default();
        Err(self
            .fleet
            .wrong(&at, format!("the revision has nothing at {path}: commit it, or correct the path{meant}")))
    }

    fn substitute(
        &self,
        index: usize,
        fragment: &ApplicationFragment,
    ) -> Result<Option<BTreeMap<String, String>>, Error> {
        let Some(values) = &fragment.substitute else { return Ok(None) };
        let scope = Scope::of(self.site);
        let resolve = |(name, value): (&String, &String)| {
            let text = scope.resolve(value).map_err(|error| {
                let inside = place(index).key("substitute").key(name);
                self.unresolved(&inside, error)
            })?;
            Ok((name.clone(), text))
        };
        values.iter().map(resolve).collect::<Result<_, _>>().map(Some)
    }

    fn unresolved(&self, inside: &Inside, error: Unresolved) -> Error {
        match error {
            Unresolved::Template(error) => self.fleet.wrong(inside, error.to_string()),
            Unresolved::NoValue { name, nearest } => {
                let key = name.strip_prefix("site.labels.").or(name.strip_prefix("site.variables."));
                let is_local = key.is_some_and(|key| self.local_keys.iter().any(|local| local == key));
                let document = self.site.name.document();
                Error::NoValue { place: self.fleet.place(inside), name, nearest, document, is_local }
            }
        }
    }
}

pub(super) fn place(index: usize) -> Inside {
    Inside::default().key("applications").index(index)
}

fn names(fleet: &Document, fragments: &[ApplicationFragment]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    match fragments.iter().position(|fragment| !seen.insert(fragment.name.as_str())) {
        None => Ok(()),
        Some(index) => {
            let what = format!(
                "another application is named {} already: give it a name of its own",
                fragments[index].name
            );
            Err(fleet.wrong(&place(index).key("name"), what))
        }
    }
}

/// Two applications may share one path, with other values or for other sites. One inside the other would render its objects twice.
fn paths(fleet: &Document, fragments: &[ApplicationFragment]) -> Result<(), Error> {
    let mut seen: BTreeMap<RepoPath, &str> = BTreeMap::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let wrong = |what: String| Err(fleet.wrong(&place(index).key("path"), what));
        let Ok(path) = fragment.path.parse::<RepoPath>() else { return wrong("it is not a path".to_owned()) };
        if path.is_root() {
            return wrong(
                "an application cannot be the whole repository: give it a folder of its own".to_owned(),
            );
        }
        let first = path.parts().next().unwrap_or_default();
        if RESERVED.contains(&first) || path.as_str() == "fleet.yaml" || path.as_str() == "images.yaml" {
            return wrong(format!(
                "{first} has a meaning of its own in a fleet repository: choose another folder"
            ));
        }
        seen.entry(path).or_insert(&fragment.name);
    }
    for (index, fragment) in fragments.iter().enumerate() {
        let Ok(path) = fragment.path.parse::<RepoPath>() else { continue };
        let mut above = path.parent();
        while let Some(folder) = above {
            if let Some(other) = seen.get(&folder) {
                let what = format!(
                    "it lies inside {folder}, the path of application {other}, which would render it too: move one of them"
                );
                return Err(fleet.wrong(&place(index).key("path"), what));
            }
            above = folder.parent();
        }
    }
    Ok(())
}

fn selectors(fleet: &Document, fragments: &[ApplicationFragment]) -> Result<(), Error> {
    for (index, fragment) in fragments.iter().enumerate() {
        for (at, expression) in fragment.sites.match_expressions.iter().enumerate() {
            if let Some(what) = expression.fault() {
                let inside = place(index).key("sites").key("matchExpressions").index(at);
                return Err(fleet.wrong(&inside, what));
            }
        }
    }
    Ok(())
}

/// The dependencies of the whole fleet, and an order that follows them.
fn graph<'a>(
    fleet: &Document,
    fragments: &'a [ApplicationFragment],
) -> Result<(Graph<'a>, Vec<&'a str>), Error> {
    let mut graph: Graph<'a> =
        fragments.iter().map(|fragment| (fragment.name.as_str(), BTreeSet::new())).collect();
    for (index, fragment) in fragments.iter().enumerate() {
        for (at, name) in fragment.depends_on.iter().enumerate() {
            if !graph.contains_key(name.as_str()) {
                return Err(Error::UnknownApplication {
                    place: fleet.place(&place(index).key("dependsOn").index(at)),
                    name: name.clone(),
                    nearest: nearest(name, graph.keys().copied()).map(str::to_owned),
                });
            }
            graph.entry(&fragment.name).or_default().insert(name);
        }
    }
    match order::order(&graph) {
        Ok(ordered) => Ok((graph, ordered)),
        Err(cycle) => {
            let first = fragments.iter().position(|fragment| Some(&fragment.name.as_str()) == cycle.first());
            let inside = first.map_or_else(Inside::default, |index| place(index).key("dependsOn"));
            Err(Error::Cycle {
                place: fleet.place(&inside),
                cycle: cycle.into_iter().map(str::to_owned).collect(),
            })
        }
    }
}
