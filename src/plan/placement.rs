//! Which objects stand in the desired set, and in which order they are written.

use super::dress::key_of;
use super::order::{Rank, StageId, sort_key, stage_of};
use super::refusal::refusal;
use crate::model::{Desired, DesiredApplication, Gvk, Object, ObjectKey, Refusal, RefusalReason};
use std::collections::{BTreeMap, BTreeSet};

/// Every key of the desired set, as it will stand in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The application of each.
    keys: BTreeMap<ObjectKey, String>,
    /// Objects of kinds that nobody knows, whose namespace is thus unknown too.
    unsure: BTreeSet<(String, String, String)>,
}

/// One object of the desired set: `desired.applications[application].objects[object]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The application's place.
    pub application: usize,
    /// The object's place in it.
    pub object: usize,
}

/// Objects that may be written side by side, once all stages before are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagePlan {
    /// How many applications, one behind the other, those of this stage depend on.
    pub level: usize,
    /// Which kinds.
    pub id: StageId,
    /// The objects, in the order in which they are told.
    pub places: Vec<Place>,
}

/// A place with what it is sorted by.
type Sorted = ((Rank, ObjectKey), Place);

/// Looks at all of the desired set at once: which keys stand in it, and what is wrong with them. `scope` says whether the server
/// serves a kind in namespaces; what it does not serve yet is taken from the CustomResourceDefinitions of the set itself.
///
/// Refused are objects that stand twice, and kinds that neither the server nor the set knows.
pub fn stand(desired: &Desired, scope: &dyn Fn(&Gvk) -> Option<bool>) -> (Standing, Vec<Refusal>) {
    let defined = defined_kinds(desired);
    let mut standing = Standing::default();
    let mut refused = Vec::new();
    for one in &desired.applications {
        let name = &one.application.name;
        for object in &one.objects {
            let Some(is_namespaced) = scope(object.gvk()).or_else(|| defined.get(object.gvk()).copied())
            else {
                standing.unsure.insert(loose(&object.key()));
                refused.push(unknown_kind(name, object));
                continue;
            };
            let key = key_of(object, &one.application, is_namespaced);
            if let Some(other) = standing.keys.get(&key) {
                refused.push(duplicate(name, other, &key));
            } else {
                standing.keys.insert(key, name.clone());
            }
        }
    }
    (standing, refused)
}

/// Whether a kind lives in namespaces, by the CustomResourceDefinitions of the desired set.
pub fn defined_kinds(desired: &Desired) -> BTreeMap<Gvk, bool> {
    let mut kinds = BTreeMap::new();
    for definition in all_objects(desired).filter(|object| is_definition(object)) {
        let definition = definition.value();
        let text = |pointer| definition.pointer(pointer).and_then(|value| value.as_str());
        let (Some(group), Some(kind)) = (text("/spec/group"), text("/spec/names/kind")) else { continue };
        let versions = definition.pointer("/spec/versions").and_then(|value| value.as_array());
        for version in versions.into_iter().flatten().filter_map(|version| version.get("name")?.as_str()) {
            let gvk = Gvk { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() };
            kinds.insert(gvk, text("/spec/scope") == Some("Namespaced"));
        }
    }
    kinds
}

/// What an object that the server cannot judge yet waits for, if the desired set makes it: its kind's definition, or its
/// namespace.
pub fn awaits(desired: &Desired, object: &Object) -> Option<String> {
    let makes = |group: &str, kind: &str, fits: &dyn Fn(&Object) -> bool| {
        all_objects(desired).find(|other| other.gvk().is(group, kind) && fits(other)).map(Object::name)
    };
    let defines = |other: &Object| {
        let definition = other.value();
        let text = |pointer| definition.pointer(pointer).and_then(|value| value.as_str());
        text("/spec/group") == Some(&object.gvk().group)
            && text("/spec/names/kind") == Some(&object.gvk().kind)
    };
    if let Some(name) = makes("apiextensions.k8s.io", "CustomResourceDefinition", &defines) {
        return Some(format!("the CRD {name}"));
    }
    let namespace = object.namespace()?;
    makes("", "Namespace", &|other| other.name() == namespace).map(|name| format!("the namespace {name}"))
}

/// Where the desired set defines an object's kind, if it does.
pub fn definition_of(desired: &Desired, object: &Object) -> Option<Place> {
    let defines = |place: &Place| {
        let other = &desired.applications[place.application].objects[place.object];
        is_definition(other)
            && other.name().split_once('.').is_some_and(|(_, group)| group == object.gvk().group)
            && {
                let definition = other.value();
                definition.pointer("/spec/names/kind").and_then(|kind| kind.as_str())
                    == Some(&object.gvk().kind)
            }
    };
    places(desired).into_iter().find(defines)
}

/// The desired set in the order of writing. An application comes after all that it depends on, with all of its objects; kinds
/// come in order within each such level.
pub fn stages(desired: &Desired) -> Vec<StagePlan> {
    let levels = levels(desired);
    let mut groups: BTreeMap<(usize, StageId), Vec<Sorted>> = BTreeMap::new();
    for (application, one) in desired.applications.iter().enumerate() {
        for (object, manifest) in one.objects.iter().enumerate() {
            let group = groups.entry((levels[application], stage_of(manifest.gvk()))).or_default();
            group.push((sort_key(manifest), Place { application, object }));
        }
    }
    let in_order = |level, id, mut places: Vec<Sorted>| {
        places.sort();
        StagePlan { level, id, places: places.into_iter().map(|(_, place)| place).collect() }
    };
    groups.into_iter().map(|((level, id), places)| in_order(level, id, places)).collect()
}

/// Every place of the desired set.
pub fn places(desired: &Desired) -> Vec<Place> {
    let of = |(application, one): (usize, &DesiredApplication)| {
        (0..one.objects.len()).map(move |object| Place { application, object })
    };
    desired.applications.iter().enumerate().flat_map(of).collect()
}

/// By application: how many others come before it, one behind the other.
fn levels(desired: &Desired) -> Vec<usize> {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut levels = Vec::with_capacity(desired.applications.len());
    for one in &desired.applications {
        // Those it depends on stand before it; one that does not target this site is not waited for.
        let before = one.application.depends_on.iter().filter_map(|name| by_name.get(name.as_str()));
        let level = before.max().map_or(0, |level| level + 1);
        by_name.insert(&one.application.name, level);
        levels.push(level);
    }
    levels
}

/// By name of the application, how deep it stands.
pub(super) fn level_of(desired: &Desired) -> BTreeMap<&str, usize> {
    let names = desired.applications.iter().map(|one| one.application.name.as_str());
    names.zip(levels(desired)).collect()
}

fn all_objects(desired: &Desired) -> impl Iterator<Item = &Object> {
    desired.applications.iter().flat_map(|one| &one.objects)
}

fn is_definition(object: &Object) -> bool {
    object.gvk().is("apiextensions.k8s.io", "CustomResourceDefinition")
}

fn loose(key: &ObjectKey) -> (String, String, String) {
    (key.group.clone(), key.kind.clone(), key.name.clone())
}

fn unknown_kind(application: &str, object: &Object) -> Refusal {
    let (key, gvk) = (object.key(), object.gvk());
    let message = format!(
        "{key}: neither the API server nor the fleet knows {gvk}; check apiVersion and kind, or add its CustomResourceDefinition"
    );
    refusal(application, &key, RefusalReason::KindUnknown, message)
}

fn duplicate(application: &str, other: &str, key: &ObjectKey) -> Refusal {
    let message = if application == other {
        format!("{key} stands twice in application {application}; keep one of them")
    } else {
        format!("{key} stands in application {application} and in {other}; an object can belong to one only")
    };
    refusal(application, key, RefusalReason::Duplicate, message)
}

impl Standing {
    /// Whether an object stands in the desired set, or may stand there.
    pub fn holds(&self, key: &ObjectKey) -> bool {
        self.keys.contains_key(key) || self.unsure.contains(&loose(key))
    }

    /// The application of an object of the set.
    pub fn application_of(&self, key: &ObjectKey) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// All keys, in order, with their application.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &str)> {
        self.keys.iter().map(|(key, application)| (key, application.as_str()))
    }

    /// How many objects stand in it, those of unknown kinds included.
    pub fn len(&self) -> usize {
        self.keys.len() + self.unsure.len()
    }

    /// Whether nothing does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
