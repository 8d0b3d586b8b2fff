//! The site's configuration that the README shows is one that loads.

use standfast::config::{self, Environment};
use std::fs;
use std::path::Path;

/// The first YAML block of a section of the README.
fn block(section: &str) -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("\n## {section}\n")).expect("the section is there");
    let (_, rest) = rest.split_once("```yaml\n").expect("the section has a block");
    rest.split_once("```").expect("the block ends").0.to_owned()
}

#[test]
fn what_it_tells_in_the_readme_loads_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, block("A site")).unwrap();
    fs::create_dir(folder.path().join("config.yaml.d")).unwrap();
    fs::write(folder.path().join("config.yaml.d/tells.yaml"), block("What it tells")).unwrap();
    let settings = config::load(&path, &Environment::default()).unwrap();
    assert!(settings.report.metrics.is_some() && settings.report.outbox.is_some());
}

#[test]
fn every_key_is_explained_in_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    let all = "identity: /i\nencryption: {credential: c}\nsite: {labels: {a: b}, variables: {a: b}}\ntrust: {pin: p}\nreport: {ca: /c}\n";
    fs::write(&path, block("A site")).unwrap();
    fs::create_dir(folder.path().join("config.yaml.d")).unwrap();
    fs::write(folder.path().join("config.yaml.d/tells.yaml"), block("What it tells")).unwrap();
    fs::write(folder.path().join("config.yaml.d/zz.yaml"), all).unwrap();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let rows: String = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let shown = config::show(&path).unwrap();
    assert!(shown.len() > 25, "{shown:#?}");
    for config::Shown { key, .. } in shown {
        let name = key.split('[').next().unwrap();
        let is_in = |name: &str| rows.contains(&format!("`{name}`")) || rows.contains(&format!("`{name}[]`"));
        let (section, _) = name.rsplit_once('.').unwrap_or_default();
        assert!(is_in(name) || is_in(section), "the README does not explain {key}");
    }
}

#[test]
fn its_link_in_the_readme_loads_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, block("A site")).unwrap();
    fs::create_dir(folder.path().join("config.yaml.d")).unwrap();
    fs::write(folder.path().join("config.yaml.d/link.yaml"), block("The link")).unwrap();
    let source = config::load(&path, &Environment::default()).unwrap().source;
    assert_eq!(source.mirrors.len(), 4);
    assert!(source.proxy.is_some() && source.budget.per_day.is_some() && source.budget.bulk_window.is_some());
}

#[test]
fn the_sites_configuration_in_the_readme_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, block("A site")).unwrap();
    let settings = config::load(&path, &Environment::default()).unwrap();
    assert_eq!(settings.local.name.as_str(), "emea/de/store-042");
    let mirrors: Vec<_> = settings.source.mirrors.iter().map(ToString::to_string).collect();
    assert_eq!(mirrors, ["https://git.lan/fleet.git", "https://git.example.com/fleet.git"]);
}
