#![allow(clippy::disallowed_methods, reason = "tests write files")]

use super::*;
use crate::source::{Credential, MirrorSettings};
use proptest::prelude::*;
use std::fs;
use std::time::Duration;
use tempfile::TempDir;

/// The least that must be said, one key a line, so that a table can replace or add lines.
const LEAST: &str = "site: {name: store-042}
source: {mirrors: [{url: https://git.lan/fleet.git}]}
trust: {allowedSigners: /etc/standfast/allowed_signers}
";

struct Folder(TempDir);

impl Folder {
    /// A folder with `config.yaml` and, beside it, files of `config.yaml.d`.
    fn new(main: &str, beside: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), main).unwrap();
        for (name, text) in beside {
            fs::create_dir_all(folder.path().join("config.yaml.d")).unwrap();
            fs::write(folder.path().join("config.yaml.d").join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("config.yaml")
    }

    fn load(&self) -> Result<Settings, Vec<String>> {
        load(&self.path(), &unit()).map_err(|problems| self.lines(&problems))
    }

    /// Messages without the name of the temporary folder.
    fn lines(&self, problems: &[Problem]) -> Vec<String> {
        let stem = format!("{}/", self.0.path().display());
        problems.iter().map(|problem| problem.to_string().replace(&stem, "")).collect()
    }
}

/// What a unit with credentials is given.
fn unit() -> Environment {
    Environment { credentials_directory: Some("/run/credentials/standfast.service".into()) }
}

fn settings(text: &str) -> Settings {
    Folder::new(text, &[]).load().unwrap_or_else(|lines| panic!("{text}\n{}", lines.join("\n")))
}

fn problems(text: &str) -> Vec<String> {
    Folder::new(text, &[]).load().err().unwrap_or_default()
}

/// The least, with the line of the same first key replaced, or a line added.
fn least_with(line: &str) -> String {
    let key = line.split(':').next().unwrap();
    let rest = LEAST.lines().filter(|known| !known.starts_with(&format!("{key}:")));
    rest.chain([line]).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_least_with_its_defaults() {
    let loaded = settings(LEAST);
    assert_eq!(loaded.local.name.as_str(), "store-042");
    assert!(
        loaded.local.labels.is_empty() && loaded.local.variables.is_empty() && loaded.local.path.is_root()
    );
    assert_eq!(loaded.ref_name.as_str(), "refs/heads/main");
    assert_eq!(loaded.poll, Duration::from_mins(5));
    assert_eq!(loaded.keep, 3);
    assert_eq!(loaded.trust.allowed_signers, Path::new("/etc/standfast/allowed_signers"));
    assert_eq!(loaded.trust.pin, None);
    assert_eq!(loaded.cluster.kubeconfig, Path::new("/etc/rancher/k3s/k3s.yaml"));
    assert_eq!(loaded.store.directory, Path::new("/var/lib/standfast"));
    assert_eq!(loaded.source.objects, Path::new("/var/lib/standfast/objects"));
    assert_eq!(loaded.status_file(), Path::new("/run/standfast/status.json"));
    let [MirrorSettings::Https { url, ca: None, credential: None }] = loaded.source.mirrors.as_slice() else {
        panic!("{:?}", loaded.source.mirrors)
    };
    assert_eq!(url.as_str(), "https://git.lan/fleet.git");
}

#[test]
fn every_key_that_is_taken() {
    let loaded = settings(
        "site: {name: emea/de/store-042, labels: {ring: canary}, variables: {VLAN: \"12\", example.com/x: a b}}
identity: /etc/standfast/identity
source:
  ref: refs/tags/v1
  path: clusters/one
  mirrors:
  - {url: https://git.lan/fleet.git, ca: /etc/standfast/lan-ca.pem}
  - {url: https://git.example.com/fleet.git/, credential: git-token}
  - {url: \"http://127.0.0.1:3000/fleet.git\", credential: /root/token}
  - path: /media/standfast
  poll: 1h30m
trust: {allowedSigners: /a, history: first-parent, pin: 1234567890abcdef1234567890abcdef12345678}
cluster: {kubeconfig: /k, namespace: standfast-system, lease: auto, requireServiceAccount: false}
mode: correct
keep: 20
paths: {state: /s, run: /r}
",
    );
    assert_eq!(loaded.local.labels["ring"], "canary");
    assert_eq!(loaded.local.variables["VLAN"], "12");
    assert_eq!(loaded.local.variables["example.com/x"], "a b");
    assert_eq!(loaded.local.path.as_str(), "clusters/one");
    assert_eq!(loaded.ref_name.as_str(), "refs/tags/v1");
    assert_eq!(loaded.poll, Duration::from_mins(90));
    assert_eq!(loaded.keep, 20);
    assert_eq!(loaded.trust.pin.unwrap().to_string(), "1234567890abcdef1234567890abcdef12345678");
    assert_eq!(loaded.cluster.kubeconfig, Path::new("/k"));
    assert_eq!(
        (loaded.source.objects.as_path(), loaded.run.as_path()),
        (Path::new("/s/objects"), Path::new("/r"))
    );
    let https = |url: &str, ca: Option<&str>, credential: Option<&str>| MirrorSettings::Https {
        url: url.parse().unwrap(),
        ca: ca.map(PathBuf::from),
        credential: credential.map(Credential::file),
    };
    let expect = [
        https("https://git.lan/fleet.git", Some("/etc/standfast/lan-ca.pem"), None),
        https(
            "https://git.example.com/fleet.git",
            None,
            Some("/run/credentials/standfast.service/git-token"),
        ),
        https("http://127.0.0.1:3000/fleet.git", None, Some("/root/token")),
        MirrorSettings::Local { path: "/media/standfast".into() },
    ];
    assert_eq!(loaded.source.mirrors, expect);
}

#[test]
fn a_name_of_a_credential_outside_of_the_unit() {
    let folder =
        Folder::new(&least_with("source: {mirrors: [{url: https://a/b, credential: git-token}]}"), &[]);
    let loaded = load(&folder.path(), &Environment::default()).unwrap();
    let [MirrorSettings::Https { credential: Some(credential), .. }] = loaded.source.mirrors.as_slice()
    else {
        panic!("{:?}", loaded.source.mirrors)
    };
    assert_eq!(credential.path(), Path::new("/etc/credstore/git-token"));
}

/// What a line makes of the least, one message a problem.
#[test]
fn what_is_wrong_with_one_value() {
    for (line, expect) in [
        (
            "site: {name: Store 42}",
            "config.yaml: site.name (line 3): \"Store 42\" is not a site's name: use parts of a-z, 0-9, `-`, `.` and `_` with `/` between them, such as emea/de/store-042",
        ),
        ("site: {name: 42}", "config.yaml: site.name (line 3): it must be a text: put it in quotes"),
        (
            "site: {name: a, variables: {VLAN: 012}}",
            "config.yaml: site.variables.VLAN (line 3): it must be a text: put it in quotes",
        ),
        (
            "site: {name: a, variables: {VLAN: }}",
            "config.yaml: site.variables.VLAN (line 3): it has no value: write a text or remove the key",
        ),
        ("site: {name: a, labels: [x]}", "config.yaml: site.labels (line 3): it must be a mapping of texts"),
        (
            "site: {name: a, labels: {\"a b\": x}}",
            "config.yaml: site.labels.a b (line 3): a key here must be letters, digits, `-`, `_`, `.` and `/`, at most 253, with a letter or digit at both ends",
        ),
        (
            "site: {name: a, labels: {a: b/c}}",
            "config.yaml: site.labels.a (line 3): a label's value must be letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends",
        ),
        ("site:", "config.yaml: site (line 3): it has no value: write a mapping or remove the key"),
        ("sites: {name: a}", "config.yaml: sites (line 4): there is no such key: did you mean site?"),
        (
            "source.poll: 5m",
            "config.yaml: source.poll (line 4): there is no such key: remove it, or take one of site, identity, source, trust, cluster, mode, keep, metrics, report, paths",
        ),
        (
            "identity: key",
            "config.yaml: identity (line 4): it must be an absolute path, such as /etc/standfast/identity",
        ),
        (
            "mode: detect",
            "config.yaml: mode (line 4): mode: detect is not supported by this version yet: remove it",
        ),
        ("mode: corect", "config.yaml: mode (line 4): there is no such value: did you mean correct?"),
        ("keep: 0", "config.yaml: keep (line 4): it must be 1 to 20"),
        ("keep: 21", "config.yaml: keep (line 4): it must be 1 to 20"),
        ("keep: three", "config.yaml: keep (line 4): it must be a whole number"),
        (
            "metrics: {listen: x}",
            "config.yaml: metrics (line 4): metrics is not supported by this version yet: remove it",
        ),
        ("report:", "config.yaml: report (line 4): report is not supported by this version yet: remove it"),
        (
            "paths: {state: var}",
            "config.yaml: paths.state (line 4): it must be an absolute path, such as /var/lib/standfast",
        ),
        (
            "paths: {state: /run/standfast/x}",
            "config.yaml: paths.state (line 4): it lies in paths.run, which a boot empties: name a folder on the disk",
        ),
        (
            "paths: {run: /var}",
            "config.yaml: paths.state: it lies in paths.run, which a boot empties: name a folder on the disk",
        ),
        (
            "cluster: {kubeconfig: ~/.kube/config}",
            "config.yaml: cluster.kubeconfig (line 4): it must be an absolute path, such as /etc/rancher/k3s/k3s.yaml",
        ),
        (
            "cluster: {namespace: Kube}",
            "config.yaml: cluster.namespace (line 4): it must be the name of a namespace: a-z, 0-9 and `-`, at most 63, with a letter or digit at both ends",
        ),
        (
            "cluster: {lease: always}",
            "config.yaml: cluster.lease (line 4): a lease other than auto is not supported by this version yet: remove it",
        ),
        (
            "cluster: {requireServiceAccount: true}",
            "config.yaml: cluster.requireServiceAccount (line 4): requireServiceAccount: true is not supported by this version yet: remove it",
        ),
        (
            "cluster: {requireServiceAccount: \"no\"}",
            "config.yaml: cluster.requireServiceAccount (line 4): it must be true or false",
        ),
        (
            "trust: {allowedSigners: /a, history: full}",
            "config.yaml: trust.history (line 3): a history other than first-parent is not supported by this version yet: remove it",
        ),
        (
            "trust: {allowedSigners: /a, history: first_parent}",
            "config.yaml: trust.history (line 3): there is no such value: did you mean first-parent?",
        ),
        (
            "trust: {allowedSigners: /a, pin: 5f1c}",
            "config.yaml: trust.pin (line 3): \"5f1c\" is not an object id: expected 40 or 64 lower-case hexadecimal digits; `git rev-parse REV` prints it",
        ),
        (
            "trust: {allowedSigners: signers}",
            "config.yaml: trust.allowedSigners (line 3): it must be an absolute path, such as /etc/standfast/allowed_signers",
        ),
        (
            "trust: {}",
            "config.yaml: trust.allowedSigners: it is missing: write it, such as allowedSigners: /etc/standfast/allowed_signers",
        ),
        (
            "trust: {allowed_signers: /a}",
            "config.yaml: trust.allowed_signers (line 3): there is no such key: did you mean allowedSigners?",
        ),
    ] {
        assert_eq!(problems(&least_with(line)), [expect], "{line}");
    }
}

#[test]
fn what_is_wrong_with_the_source() {
    let item = |message: &str| format!("config.yaml: source.mirrors[0]{message}");
    for (inside, expect) in [
        ("mirrors: []", "config.yaml: source.mirrors (line 3): name at least one mirror, such as {url: https://git.example.com/fleet.git}".to_owned()),
        ("mirrors: https://a/b", "config.yaml: source.mirrors (line 3): it must be a list, each item with a `-`".to_owned()),
        ("ref: main, mirrors: [{path: /m}]", "config.yaml: source.ref (line 3): \"main\" is not a full ref name: write it as refs/heads/main or refs/tags/v1".to_owned()),
        ("poll: 5 minutes, mirrors: [{path: /m}]", "config.yaml: source.poll (line 3): it must be a duration such as 90s, 5m or 1h30m".to_owned()),
        ("poll: 0s, mirrors: [{path: /m}]", "config.yaml: source.poll (line 3): it must be 1s to 7d".to_owned()),
        ("poll: 300, mirrors: [{path: /m}]", "config.yaml: source.poll (line 3): it must be a text: put it in quotes".to_owned()),
        ("path: /apps, mirrors: [{path: /m}]", "config.yaml: source.path (line 3): \"/apps\" is not a path inside the repository: it must be relative to the repository's root".to_owned()),
        ("proxy: x, mirrors: [{path: /m}]", "config.yaml: source.proxy (line 3): proxy is not supported by this version yet: remove it".to_owned()),
        ("budget: {perDay: 20MiB}, mirrors: [{path: /m}]", "config.yaml: source.budget (line 3): budget is not supported by this version yet: remove it".to_owned()),
        ("mirrors: [x]", item(" (line 3): it must be a mapping")),
        ("mirrors: [{}]", item(" (line 3): it names nothing: write url, or path")),
        ("mirrors: [{uri: https://a/b}]", item(".uri (line 3): there is no such key: did you mean url?")),
        ("mirrors: [{url: https://a/b, path: /m}]", item(" (line 3): it has both url and path: make two mirrors of them")),
        ("mirrors: [{bundles: https://a/b}]", item(".bundles (line 3): bundles is not supported by this version yet: remove it")),
        ("mirrors: [{url: https://a/b, metered: true}]", item(".metered (line 3): metered is not supported by this version yet: remove it")),
        ("mirrors: [{url: https://a/b, knownHosts: /k}]", item(".knownHosts (line 3): knownHosts is not supported by this version yet: remove it")),
        ("mirrors: [{url: ssh://git@git.example.com/fleet.git}]", item(".url (line 3): a mirror over ssh is not supported by this version yet: remove it")),
        ("mirrors: [{url: \"git@git.example.com:fleet.git\"}]", item(".url (line 3): a mirror over ssh is not supported by this version yet: remove it")),
        ("mirrors: [{url: http://git.lan/fleet.git}]", item(".url (line 3): http://git.lan is http without TLS, which anybody on the way can read and change: use https (http is taken for loopback addresses alone)")),
        ("mirrors: [{url: file:///srv/fleet.git}]", item(".url (line 3): write the folder under `path` instead of a file:// URL")),
        ("mirrors: [{url: /srv/fleet.git}]", item(".url (line 3): this is a folder: write it under `path`")),
        ("mirrors: [{url: git://git.lan/fleet.git}]", item(".url (line 3): git:// proves nothing about the server: use https://")),
        ("mirrors: [{path: fleet.git}]", item(".path (line 3): it must be an absolute path, such as /media/standfast")),
        ("mirrors: [{path: /m, ca: /c}]", item(".ca (line 3): it has no effect on a path: remove it")),
        ("mirrors: [{path: /m, credential: c}]", item(".credential (line 3): it has no effect on a path: remove it")),
        ("mirrors: [{url: \"http://[::1]/f\", ca: /c}]", item(".ca (line 3): it has no effect on a URL without TLS: remove it")),
    ] {
        assert_eq!(problems(&least_with(&format!("source: {{{inside}}}"))), [expect], "{inside}");
    }
}

#[test]
fn all_problems_of_all_files_at_once() {
    let folder = Folder::new(
        "site: {name: A}\nsource: {poll: soon, mirrors: [{}, {url: https://a/b}]}\nmod: correct\n",
        &[
            ("10-keep.yaml", "keep: many\n"),
            ("20-broken.yaml", "a: [\n"),
            ("30-metrics.yaml", "metrics: {}\n"),
        ],
    );
    let found: Vec<_> = load(&folder.path(), &unit()).unwrap_err().into_iter().collect();
    let places: Vec<_> = found
        .iter()
        .map(|problem| (problem.file.file_name().unwrap().to_str().unwrap(), problem.key.as_str()))
        .collect();
    let expect = [
        ("config.yaml", "mod"),
        ("10-keep.yaml", "keep"),
        ("20-broken.yaml", ""),
        ("30-metrics.yaml", "metrics"),
        ("config.yaml", "site.name"),
        ("config.yaml", "source.mirrors[0]"),
        ("config.yaml", "source.poll"),
    ];
    assert_eq!(places, expect, "{found:#?}");
}
