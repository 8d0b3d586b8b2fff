//! The fleet repository of the story: two applications, twelve objects.

use super::repository::Files;

/// The site.
pub(super) const SITE: &str = "emea/de/store-042";
/// How many objects the two applications have.
pub(super) const OBJECTS: usize = 12;
/// The file that the story changes.
pub(super) const TILL: &str = "apps/pos/till.yaml";
/// The file that the story removes.
pub(super) const CLOSING: &str = "apps/pos/closing.yaml";
/// The image that its pods run: one that does nothing.
pub(super) const IMAGE: &str = "registry.k8s.io/pause:3.10";
/// The image that an attacker would like to see run.
pub(super) const MINER: &str = "example.com/coin-miner:latest";

const FLEET: &str = include_str!("fleet/fleet.yaml");
const DOCUMENT: &str = include_str!("fleet/site.yaml");
const MANIFESTS: &[(&str, &str)] = &[
    ("apps/base/namespace.yaml", include_str!("fleet/base/namespace.yaml")),
    ("apps/base/account.yaml", include_str!("fleet/base/account.yaml")),
    ("apps/base/rights.yaml", include_str!("fleet/base/rights.yaml")),
    ("apps/base/network.yaml", include_str!("fleet/base/network.yaml")),
    ("apps/base/limits.yaml", include_str!("fleet/base/limits.yaml")),
    ("apps/pos/settings.yaml", include_str!("fleet/pos/settings.yaml")),
    ("apps/pos/prices.yaml", include_str!("fleet/pos/prices.yaml")),
    (TILL, include_str!("fleet/pos/till.yaml")),
    ("apps/pos/service.yaml", include_str!("fleet/pos/service.yaml")),
    ("apps/pos/disruption.yaml", include_str!("fleet/pos/disruption.yaml")),
    (CLOSING, include_str!("fleet/pos/closing.yaml")),
];

/// All files, for a fleet and a namespace of these names.
pub(super) fn files(fleet: &str, namespace: &str) -> Files {
    let fill =
        |text: &str| text.replace("@fleet@", fleet).replace("@namespace@", namespace).replace("@site@", SITE);
    let manifests = MANIFESTS.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let documents = [("fleet.yaml".to_owned(), fill(FLEET)), (format!("sites/{SITE}.yaml"), fill(DOCUMENT))];
    manifests.chain(documents).collect()
}

/// The same files with one text in one of them replaced by another.
pub(super) fn edited(files: &Files, path: &str, from: &str, to: &str) -> Files {
    let mut files = files.clone();
    if let Some(text) = files.get_mut(path) {
        *text = text.replace(from, to);
    }
    files
}

/// The same files without one of them.
pub(super) fn without(files: &Files, path: &str) -> Files {
    let mut files = files.clone();
    files.remove(path);
    files
}
