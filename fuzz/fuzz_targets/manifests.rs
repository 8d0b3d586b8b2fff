//! Any bytes as a manifest: it is rendered or refused, and what is rendered renders the same when it is written as JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standfast::fleet::{Answer, Local, Version, read};
use standfast::model::{Application, fake};
use standfast::render::{Plain, Render, Rendered};
use standfast::trust::fake::assume;

fuzz_target!(|text: &str| {
    let values =
        [("A", "1"), ("B", "b: c\n- d"), ("C", "<<")].map(|(name, value)| (name.into(), value.into()));
    let _ = render(text, &Application { substitute: Some(values.into()), ..application() });
    let Some(Rendered::Objects(desired)) = render(text, &application()) else { return };
    let items: Vec<_> = desired.objects.iter().map(|object| object.value().clone()).collect();
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    assert_eq!(render(&list, &application()), Some(Rendered::Objects(desired)), "{list}");
});

fn render(text: &str, application: &Application) -> Option<Rendered> {
    let artifact = fake::artifact(&[("a.yaml", text)]);
    let root = artifact.root;
    Plain.render(&assume(artifact, root), application).ok()
}

/// The one application of a repository without fleet.yaml.
fn application() -> Application {
    let artifact = fake::artifact(&[]);
    let root = artifact.root;
    let local = Local {
        name: "a".parse().expect("a name"),
        labels: [].into(),
        variables: [].into(),
        path: "a.yaml".parse().expect("a path"),
    };
    let answer = read(&assume(artifact, root), &local, &Version::of_this_agent());
    let Ok(Answer::Resolved(resolved)) = answer else { panic!("nothing can be wrong with it") };
    resolved.applications.into_iter().next().expect("there is one")
}
