//! Any bytes as a document of the fleet: it is read or refused, and what is read is ordered by its dependencies.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::fleet::{Answer, Local, Version, read};
use standfast::model::{RepoPath, fake};
use standfast::trust::fake::assume;

const FLEET: &str = "apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {name: a}\n";

fuzz_target!(|text: &str| {
    let local = Local {
        name: "a/b".parse().expect("a name"),
        labels: [].into(),
        variables: [].into(),
        path: RepoPath::root(),
    };
    let as_fleet = fake::artifact(&[("fleet.yaml", text)]);
    let as_site = fake::artifact(&[("fleet.yaml", FLEET), ("sites/a/b.yaml", text)]);
    let as_defaults = fake::artifact(&[("fleet.yaml", FLEET), ("sites/a/defaults.yaml", text)]);
    for artifact in [as_fleet, as_site, as_defaults] {
        let root = artifact.root;
        let Ok(answer) = read(&assume(artifact, root), &local, &Version::of_this_agent()) else { continue };
        let Answer::Resolved(resolved) = answer else { panic!("all is there, and more is asked for") };
        let mut before = Vec::new();
        for application in &resolved.applications {
            assert!(application.depends_on.iter().all(|name| before.contains(&name)));
            before.push(&application.name);
        }
    }
});
