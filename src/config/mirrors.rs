//! `source.mirrors`: items → settings of the source.

use super::credentials;
use super::fragment::Held;
use super::problem::Place;
use super::settings::{Fault, Judge, absolute};
use crate::source::{Credential, MirrorSettings, MirrorUrl};
use std::path::{Path, PathBuf};

/// What the file of a mirror's credential holds.
const HOLDS: &str = "the token or user:password";

/// What one item names, in the order of the table.
struct Item {
    place: Place,
    url: Option<MirrorUrl>,
    path: Option<PathBuf>,
    ca: Option<PathBuf>,
    credential: Option<Credential>,
}

/// The mirrors; what is wrong with them goes to the judge.
pub(super) fn judge(judge: &mut Judge<'_>, credentials: Option<&Path>) -> Vec<MirrorSettings> {
    let Some((place, Held::List(count))) = judge.input.get("source.mirrors") else { return Vec::new() };
    if count == 0 {
        judge.wrong(&place, "name at least one mirror, such as {url: https://git.example.com/fleet.git}");
    }
    (0..count).filter_map(|index| one(judge, &format!("source.mirrors[{index}]"), credentials)).collect()
}

/// A value as it may be shown: not a URL with a password, nor a token that stands where its name should.
pub(super) fn shown(key: &str, text: String) -> String {
    if key.ends_with("].url") {
        return match text.parse::<MirrorUrl>() {
            Ok(url) => url.to_string(),
            Err(_) => "(not shown: not the URL of a mirror)".to_owned(),
        };
    }
    if key.ends_with(".credential") && !credentials::may_be_shown(&text) {
        return "(not shown: not the name of a credential)".to_owned();
    }
    text
}

fn one(judge: &mut Judge<'_>, key: &str, credentials: Option<&Path>) -> Option<MirrorSettings> {
    let (place, _) = judge.input.get(key)?;
    let at = |name: &str| format!("{key}.{name}");
    let has = |judge: &Judge<'_>, name: &str| judge.input.get(&at(name)).is_some();
    let is_refused = ["url", "path", "bundles"].iter().any(|name| judge.input.is_refused(&at(name)));
    match (has(judge, "url"), has(judge, "path")) {
        (true, true) => judge.wrong(&place, "it has both url and path: make two mirrors of them"),
        (false, false) if !is_refused => judge.wrong(&place, "it names nothing: write url, or path"),
        _ => {}
    }
    let item = Item {
        url: judge.read(&at("url"), url),
        path: judge.read(&at("path"), |text| absolute(text, "/media/standfast")),
        ca: judge.file(&at("ca"), "the CAs' certificates", "copy the PEM file there", |text| {
            absolute(text, "/etc/standfast/lan-ca.pem")
        }),
        credential: judge.read(&at("credential"), |text| credential(text, credentials)),
        place,
    };
    if let Some(credential) = &item.credential {
        let what_to_do = "put the token, or user:password, into it, readable for the service alone";
        judge.names(&at("credential"), "the credential", what_to_do, credential.path());
    }
    fit(judge, item)
}

/// Puts together what belongs together, and refuses what would have no effect.
fn fit(judge: &mut Judge<'_>, item: Item) -> Option<MirrorSettings> {
    let below = |name: &str| Place { key: format!("{}.{name}", item.place.key), ..item.place.clone() };
    match (item.url, item.path) {
        (Some(url), None) => {
            if item.ca.is_some() && !url.is_tls() {
                judge.wrong(&below("ca"), "it has no effect on a URL without TLS: remove it");
            }
            Some(MirrorSettings::Https { url, ca: item.ca, credential: item.credential })
        }
        (None, Some(path)) => {
            for (name, is_there) in [("ca", item.ca.is_some()), ("credential", item.credential.is_some())] {
                if is_there {
                    judge.wrong(&below(name), "it has no effect on a path: remove it");
                }
            }
            Some(MirrorSettings::Local { path })
        }
        _ => None,
    }
}

fn url(text: &str) -> Result<MirrorUrl, Fault> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_lowercase());
    match scheme.as_deref() {
        Some("ssh" | "git+ssh" | "ssh+git") => Err(Fault::NotYet("a mirror over ssh".to_owned())),
        Some("file") => Err(Fault::wrong("write the folder under `path` instead of a file:// URL")),
        Some("git") => Err(Fault::wrong("git:// proves nothing about the server: use https://")),
        None if text.starts_with('/') => Err(Fault::wrong("this is a folder: write it under `path`")),
        None if is_ssh_without_scheme(text) => Err(Fault::NotYet("a mirror over ssh".to_owned())),
        _ => Ok(text.parse()?),
    }
}

/// `git@host:path`, as git takes it for ssh.
fn is_ssh_without_scheme(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(host, path)| host.contains('@') && !host.contains('/') && !path.is_empty())
}

fn credential(text: &str, directory: Option<&Path>) -> Result<Credential, Fault> {
    credentials::file(text, directory, "git-token", HOLDS).map(Credential::file)
}
