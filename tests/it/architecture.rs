//! The house: who may import whom, and how long a file may be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms in flow order, with the rooms each may import beside `model`.
/// `source`, `render` and `fleet` may take `trust::Verified` and nothing else of `trust`; `config` may take each room's `Settings`.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("source", &["trust::Verified"]),
    ("trust", &[]),
    ("store", &[]),
    ("fleet", &["trust::Verified"]),
    ("render", &["trust::Verified"]),
    ("plan", &[]),
    ("cluster", &[]),
    ("health", &[]),
    ("apply", &["plan", "cluster", "health"]),
    // Audit and outbox survive power cuts, and all of our own writes go through one file; events and the ConfigMap of the status are
    // objects like others, written through the one port there is for them.
    ("report", &["store::durable", "cluster::"]),
    ("reconcile", &[]),
    (
        "config",
        &[
            "source::",
            "trust::Settings",
            "store::Encryption",
            "store::Settings",
            "cluster::Settings",
            "cluster::Turns",
            "fleet::Local",
            "report::settings::",
        ],
    ),
    (
        "agent",
        &[
            "source",
            "trust",
            "store",
            "fleet",
            "render",
            "plan",
            "cluster",
            "health",
            "apply",
            "report",
            "reconcile",
            "config",
        ],
    ),
    (
        "oneshot",
        &[
            "source",
            "trust",
            "store",
            "fleet",
            "render",
            "plan",
            "cluster",
            "health",
            "apply",
            "report",
            "reconcile",
            "config",
            "agent",
        ],
    ),
    ("cli", &["config", "agent", "oneshot", "reconcile::Trouble", "report::"]),
    ("main", &["cli"]),
];

/// Crates that only one room may name.
const HOMES: &[(&str, &[&str])] = &[
    ("kube", &["src/cluster/"]),
    ("hyper_rustls", &["src/cluster/server/client.rs"]),
    ("hyper_timeout", &["src/cluster/server/client.rs"]),
    ("tower", &["src/cluster/server/client.rs"]),
    ("secrecy", &["src/cluster/server/client.rs"]),
    ("lz4_flex", &["src/model/packed.rs"]),
    ("tikv_jemallocator", &["src/main.rs"]),
    ("gix", &["src/source/", "src/trust/", "src/oneshot/demo/"]),
    ("gix_pack", &["src/source/"]),
    ("sled", &["src/store/sled.rs", "src/store/sled/"]),
    ("backoff", &["src/cluster/retry.rs"]),
    ("clap", &["src/cli/"]),
    ("standfast_cel", &["src/fleet/", "src/health/"]),
    ("standfast_age", &["src/store/vault.rs"]),
    ("ed25519_dalek", &["src/trust/", "src/oneshot/"]),
];

const LONGEST: usize = 400;
const LONGEST_TESTS: usize = 600;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all(folders: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    folders
        .iter()
        .map(|folder| root.join(folder))
        .filter(|folder| folder.exists())
        .for_each(|folder| sources(&folder, &mut found));
    found.sort();
    let named = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
    found.iter().map(|path| (named(path), fs::read_to_string(path).unwrap())).collect()
}

/// The room of a file below `src/`: its folder, or `main` and `lib` by their names.
fn room(path: &str) -> &str {
    let rest = path.strip_prefix("src/").unwrap();
    rest.split_once('/').map_or(rest.trim_end_matches(".rs"), |(room, _)| room)
}

/// Every `crate::…` path that a line names, without comments.
fn named_paths<'a>(line: &'a str, own: &'a str) -> Vec<&'a str> {
    let code = line.split("//").next().unwrap_or_default();
    let starts = ["crate::", own];
    starts.iter().flat_map(|start| code.split(start).skip(1)).collect()
}

/// What is wrong with one line of a room: imports of rooms that it may not know.
fn offences(room: &str, line: &str) -> Vec<String> {
    let may: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let Some(allowed) = may.get(room) else { return vec![format!("the room {room} is not in the table")] };
    let rooms: Vec<&str> = MAY_IMPORT.iter().map(|(name, _)| *name).collect();
    let mut found = Vec::new();
    for path in named_paths(line, if room == "main" { "standfast::" } else { "crate::\u{0}" }) {
        if path.starts_with('{') {
            found.push("a `use crate::{…}` group hides what is imported: one line a room".to_owned());
            continue;
        }
        let target: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let is_room = rooms.contains(&target.as_str());
        let fine = target == room || target == "model" || allowed.iter().any(|one| path.starts_with(one));
        if is_room && !fine {
            found.push(format!("{room} may not import {target}"));
        }
    }
    found
}

/// Lines of tests and fakes, which may reach further, are left out: `#[cfg(test)] mod tests`, `tests.rs`, `fake.rs`.
fn is_exempt(path: &str) -> bool {
    path.ends_with("tests.rs")
        || path.contains("/tests/")
        || path.ends_with("fake.rs")
        || path.contains("/fake/")
}

fn production(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]" || !text.contains("mod tests {"))
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for (path, text) in all(&["src"]).iter().filter(|(path, _)| !is_exempt(path) && path != "src/lib.rs") {
        for (at, line) in production(text) {
            wrong.extend(
                offences(room(path), line).into_iter().map(|offence| format!("{path}:{}: {offence}", at + 1)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_in_the_map() {
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let mut listed: Vec<_> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let mut table: Vec<_> = MAY_IMPORT.iter().map(|(name, _)| *name).filter(|name| *name != "main").collect();
    listed.sort_unstable();
    table.sort_unstable();
    assert_eq!(listed, table);
    for (path, _) in all(&["src"]) {
        let room = room(&path).to_owned();
        assert!(
            room == "lib" || MAY_IMPORT.iter().any(|(name, _)| *name == room),
            "{path}: the room is not in the table"
        );
    }
}

fn names_crate(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.match_indices(&format!("{name}::")).any(|(at, _)| !code[..at].ends_with(is_part))
}

#[test]
fn a_crate_is_named_only_where_it_lives() {
    let mut wrong = Vec::new();
    for (path, text) in all(&["src"]).iter().filter(|(path, _)| !is_exempt(path)) {
        for (name, homes) in
            HOMES.iter().filter(|(_, homes)| !homes.iter().any(|home| path.starts_with(home)))
        {
            let lines = production(text).filter(|(_, line)| names_crate(line, name));
            wrong.extend(
                lines.map(|(at, _)| format!("{path}:{}: {name} lives in {}", at + 1, homes.join(", "))),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_short_enough_to_read() {
    let long: Vec<_> = all(&["src", "crates", "tests", "benches", "fuzz"])
        .iter()
        .filter(|(path, _)| !path.contains("/target/"))
        .map(|(path, text)| (path.clone(), text.lines().count()))
        .filter(|(path, lines)| {
            *lines
                > if path.ends_with("tests.rs") || path.starts_with("tests/") {
                    LONGEST_TESTS
                } else {
                    LONGEST
                }
        })
        .map(|(path, lines)| format!("{path} has {lines} lines: split it by noun"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_agent_stays_a_driver() {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let lines: usize = all(&["src/agent"]).iter().map(|(_, text)| text.lines().filter(is_code).count()).sum();
    assert!(lines < 1500, "src/agent has {lines} lines of code: decisions belong to the pure rooms");
}

#[test]
fn the_scan_sees_what_it_should() {
    assert_eq!(offences("plan", "use crate::cluster::Cluster;"), ["plan may not import cluster"]);
    assert_eq!(offences("source", "use crate::trust::Verified;"), Vec::<String>::new());
    assert_eq!(offences("source", "use crate::trust::judge;"), ["source may not import trust"]);
    assert_eq!(offences("store", "    crate::cli::run()"), ["store may not import cli"]);
    assert_eq!(offences("plan", "// as crate::cluster does"), Vec::<String>::new());
    assert_eq!(offences("plan", "use crate::{model, cluster};").len(), 1);
    assert_eq!(offences("garage", "use crate::model::Plan;"), ["the room garage is not in the table"]);
    assert_eq!(offences("main", "standfast::agent::open()"), ["main may not import agent"]);
}
