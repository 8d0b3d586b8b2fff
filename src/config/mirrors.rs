//! `source.mirrors`: items → settings of the source.

use super::credentials;
use super::fragment::Held;
use super::problem::Place;
use super::report;
use super::settings::{Fault, Judge, absolute};
use crate::source::{Credential, MirrorSettings, MirrorUrl, ProxyUrl, SshUrl};
use std::path::{Path, PathBuf};

/// What the file of a mirror's credential holds.
const HOLDS: &str = "the token or user:password";

/// How the file of host keys comes about.
const HOST_KEYS: &str = "write there the host keys that the mirror may have, as `ssh-keyscan` prints them";

/// What one item names.
struct Item {
    place: Place,
    url: Option<Url>,
    path: Option<PathBuf>,
    ca: Option<PathBuf>,
    credential: Option<Credential>,
    known_hosts: Option<PathBuf>,
    is_metered: bool,
}

/// An address over a network.
enum Url {
    Https(MirrorUrl),
    Ssh(SshUrl),
}

/// The mirrors; what is wrong with them goes to the judge.
pub(super) fn judge(
    judge: &mut Judge<'_>,
    credentials: Option<&Path>,
    identity: Option<&Path>,
) -> Vec<MirrorSettings> {
    let Some((place, Held::List(count))) = judge.input.get("source.mirrors") else { return Vec::new() };
    if count == 0 {
        judge.wrong(&place, "name at least one mirror, such as {url: https://git.example.com/fleet.git}");
    }
    let item = |index| one(judge, &format!("source.mirrors[{index}]"), credentials, identity);
    (0..count).filter_map(item).collect()
}

/// A value as it may be shown: not a URL with a password, nor a token that stands where its name should.
pub(super) fn shown(key: &str, text: String) -> String {
    if key.ends_with("].url") {
        return match url(&text) {
            Ok(Url::Https(url)) => url.to_string(),
            Ok(Url::Ssh(url)) => url.to_string(),
            Err(_) => "(not shown: not the URL of a mirror)".to_owned(),
        };
    }
    if ["source.proxy", "report.proxy"].contains(&key) && text.parse::<ProxyUrl>().is_err() {
        return "(not shown: not the URL of a proxy)".to_owned();
    }
    if key == "report.url" {
        return report::shown(text);
    }
    if key.ends_with(".credential") && !credentials::may_be_shown(&text) {
        return "(not shown: not the name of a credential)".to_owned();
    }
    text
}

fn one(
    judge: &mut Judge<'_>,
    key: &str,
    credentials: Option<&Path>,
    identity: Option<&Path>,
) -> Option<MirrorSettings> {
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
        known_hosts: judge.file(&at("knownHosts"), "the file of host keys", HOST_KEYS, known_hosts),
        is_metered: matches!(judge.input.get(&at("metered")), Some((_, Held::Bool(true)))),
        place,
    };
    if let Some(credential) = &item.credential {
        let what_to_do = "put the token, or user:password, into it, readable for the service alone";
        judge.names(&at("credential"), "the credential", what_to_do, credential.path());
    }
    fit(judge, item, identity)
}

/// Puts together what belongs together, and refuses what would have no effect.
fn fit(judge: &mut Judge<'_>, item: Item, identity: Option<&Path>) -> Option<MirrorSettings> {
    let below = |name: &str| Place { key: format!("{}.{name}", item.place.key), ..item.place.clone() };
    let unfit: &[(&str, bool)] = &[
        ("ca", item.ca.is_some()),
        ("credential", item.credential.is_some()),
        ("knownHosts", item.known_hosts.is_some()),
        ("metered", item.is_metered),
    ];
    let mut refuse = |names: &[&str], what: &str| {
        for (name, _) in unfit.iter().filter(|(name, is_there)| *is_there && names.contains(name)) {
            judge.wrong(&below(name), &format!("it has no effect on {what}: remove it"));
        }
    };
    match (item.url, item.path) {
        (Some(Url::Https(url)), None) => {
            if !url.is_tls() {
                refuse(&["ca"], "a URL without TLS");
            }
            refuse(&["knownHosts"], "a mirror over https");
            Some(MirrorSettings::Https {
                url,
                ca: item.ca,
                credential: item.credential,
                metered: item.is_metered,
            })
        }
        (Some(Url::Ssh(url)), None) => {
            refuse(&["ca", "credential"], "a mirror over ssh");
            if judge.input.get(&below("knownHosts").key).is_none() {
                let what_to_do = "write knownHosts: the file with the host keys that it may have; `ssh-keyscan` prints \
                                  them, and whoever runs the server can tell whether they are right";
                judge.wrong(&item.place, what_to_do);
            }
            if identity.is_none() && !judge.input.is_refused("identity") {
                judge.wrong(&item.place, "write identity: the private key that ssh logs in with");
            }
            let (known_hosts, identity) = (item.known_hosts?, identity?.to_owned());
            if let Err(Fault::Wrong(why)) = for_ssh(&identity) {
                let place =
                    judge.input.get("identity").map_or_else(|| item.place.clone(), |(place, _)| place);
                judge.wrong(&place, &why);
            }
            Some(MirrorSettings::Ssh { url, known_hosts, identity, metered: item.is_metered })
        }
        (None, Some(path)) => {
            refuse(&["ca", "credential", "knownHosts", "metered"], "a path");
            Some(MirrorSettings::Local { path })
        }
        _ => None,
    }
}

fn known_hosts(text: &str) -> Result<PathBuf, Fault> {
    let path = absolute(text, "/etc/standfast/known_hosts")?;
    for_ssh(&path).map(|()| path)
}

/// ssh splits the names of files at spaces, and reads `%` and `$` in them.
fn for_ssh(path: &Path) -> Result<(), Fault> {
    let is_taken = |c: char| c.is_whitespace() || c.is_control() || "%$\"'\\".contains(c);
    match path.to_str() {
        Some(text) if !text.contains(is_taken) => Ok(()),
        _ => Err(Fault::wrong(
            "ssh does not take it: name a file without spaces, quotes, %, $ and \\ in its path",
        )),
    }
}

fn url(text: &str) -> Result<Url, Fault> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_lowercase());
    match scheme.as_deref() {
        Some("ssh") => Ok(Url::Ssh(text.parse()?)),
        Some("git+ssh" | "ssh+git") => Err(Fault::wrong("write it as ssh://user@host/path")),
        Some("file") => Err(Fault::wrong("write the folder under `path` instead of a file:// URL")),
        Some("git") => Err(Fault::wrong("git:// proves nothing about the server: use https://")),
        None if text.starts_with('/') => Err(Fault::wrong("this is a folder: write it under `path`")),
        None if is_ssh_without_scheme(text) => Err(Fault::wrong("write it as ssh://user@host/path")),
        _ => Ok(Url::Https(text.parse()?)),
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
