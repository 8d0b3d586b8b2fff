#![allow(clippy::disallowed_methods, reason = "tests write files")]

use super::*;
use crate::source::{Credential, MirrorSettings};
use crate::store::Encryption;
use proptest::prelude::*;
use std::fs;
use std::time::Duration;
use tempfile::TempDir;

/// The least that must be said, one key a line, so that a table can replace or add lines.
pub(super) const LEAST: &str = "site: {name: store-042}
source: {mirrors: [{url: https://git.lan/fleet.git}]}
trust: {allowedSigners: /etc/standfast/allowed_signers}
";

pub(super) struct Folder(TempDir);

impl Folder {
    /// A folder with `config.yaml` and, beside it, files of `config.yaml.d`.
    pub(super) fn new(main: &str, beside: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), main).unwrap();
        for (name, text) in beside {
            fs::create_dir_all(folder.path().join("config.yaml.d")).unwrap();
            fs::write(folder.path().join("config.yaml.d").join(name), text).unwrap();
        }
        Self(folder)
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("config.yaml")
    }

    pub(super) fn load(&self) -> Result<Settings, Vec<String>> {
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

pub(super) fn settings(text: &str) -> Settings {
    Folder::new(text, &[]).load().unwrap_or_else(|lines| panic!("{text}\n{}", lines.join("\n")))
}

pub(super) fn problems(text: &str) -> Vec<String> {
    Folder::new(text, &[]).load().err().unwrap_or_default()
}

/// The least, with the line of the same first key replaced, or a line added.
pub(super) fn least_with(line: &str) -> String {
    let key = line.split(':').next().unwrap();
    let rest = LEAST.lines().filter(|known| !known.starts_with(&format!("{key}:")));
    rest.chain([line, ""]).collect::<Vec<_>>().join("\n")
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
    let [MirrorSettings::Https { url, ca: None, credential: None, metered: false }] =
        loaded.source.mirrors.as_slice()
    else {
        panic!("{:?}", loaded.source.mirrors)
    };
    assert_eq!(url.as_str(), "https://git.lan/fleet.git");
}

#[test]
fn every_key_that_is_taken() {
    let loaded = settings(
        "site: {name: emea/de/store-042, labels: {ring: canary}, variables: {VLAN: \"12\", example.com/x: a b}}
identity: /etc/standfast/identity
encryption: {credential: at-rest}
source:
  ref: refs/tags/v1
  path: clusters/one
  mirrors:
  - {url: https://git.lan/fleet.git, ca: /etc/standfast/lan-ca.pem}
  - {url: https://git.example.com/fleet.git/, credential: git-token}
  - {url: \"http://127.0.0.1:3000/fleet.git\", credential: /etc/standfast/token}
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
    assert_eq!(loaded.identity.as_deref(), Some(Path::new("/etc/standfast/identity")));
    let credential = "/run/credentials/standfast.service/at-rest".into();
    assert_eq!(loaded.store.encryption, Some(Encryption::Credential(credential)));
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
        metered: false,
    };
    let expect = [
        https("https://git.lan/fleet.git", Some("/etc/standfast/lan-ca.pem"), None),
        https(
            "https://git.example.com/fleet.git",
            None,
            Some("/run/credentials/standfast.service/git-token"),
        ),
        https("http://127.0.0.1:3000/fleet.git", None, Some("/etc/standfast/token")),
        MirrorSettings::Local { path: "/media/standfast".into() },
    ];
    assert_eq!(loaded.source.mirrors, expect);
}

#[test]
fn what_is_kept_is_encrypted_to_the_nearest_key() {
    let folder = Folder::new(LEAST, &[]);
    let beside = folder.0.path().join("credentials");
    let unit = |name: &str| Environment { credentials_directory: Some(beside.join(name)) };
    fs::create_dir_all(beside.join("with")).unwrap();
    fs::write(beside.join("with/standfast-encryption"), "").unwrap();
    let check = |lines: &str, environment: &Environment, expect: Option<Encryption>| {
        fs::write(folder.path(), format!("{LEAST}{lines}")).unwrap();
        assert_eq!(load(&folder.path(), environment).unwrap().store.encryption, expect, "{lines}");
    };
    let usual = Encryption::Credential(beside.join("with/standfast-encryption"));
    let identity = Encryption::Identity("/i".into());
    check("", &unit("without"), None);
    check("", &Environment::default(), None);
    check("", &unit("with"), Some(usual.clone()));
    check("identity: /i\n", &unit("with"), Some(usual));
    check("identity: /i\n", &unit("without"), Some(identity.clone()));
    check("identity: /i\n", &Environment::default(), Some(identity));
    let named = "identity: /i\nencryption: {credential: mine}\n";
    check(named, &unit("with"), Some(Encryption::Credential(beside.join("with/mine"))));
    check(named, &Environment::default(), Some(Encryption::Credential("/etc/credstore/mine".into())));
    check("encryption: {credential: /k}\n", &unit("with"), Some(Encryption::Credential("/k".into())));
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

/// What a line makes of the least, one message each.
fn check(table: &[(&str, &str)]) {
    for (line, expect) in table {
        assert_eq!(problems(&least_with(line)), [format!("config.yaml: {expect}")], "{line}");
    }
}

#[test]
fn what_is_wrong_with_the_site_and_with_names_of_keys() {
    check(&[
        (
            "site: {name: Store 42}",
            "site.name (line 3): \"Store 42\" is not a site's name: use parts of a-z, 0-9, `-`, `.` and `_` with `/` between them, such as emea/de/store-042",
        ),
        ("site: {name: 42}", "site.name (line 3): it must be a text: put it in quotes"),
        (
            "site: {name: a, variables: {VLAN: 012}}",
            "site.variables.VLAN (line 3): it must be a text: put it in quotes",
        ),
        (
            "site: {name: a, variables: {VLAN: }}",
            "site.variables.VLAN (line 3): it has no value: write a text or remove the key",
        ),
        ("site: {name: a, labels: [x]}", "site.labels (line 3): it must be a mapping of texts"),
        (
            "site: {name: a, labels: {\"a b\": x}}",
            "site.labels.a b (line 3): a key here must be letters, digits, `-`, `_`, `.` and `/`, at most 253, with a letter or digit at both ends",
        ),
        (
            "site: {name: a, labels: {a: b/c}}",
            "site.labels.a (line 3): a label's value must be letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends",
        ),
        ("site:", "site (line 3): it has no value: write a mapping or remove the key"),
        ("sites: {name: a}", "sites (line 4): there is no such key: did you mean site?"),
        (
            "source.poll: 5m",
            "source.poll (line 4): there is no such key: remove it, or take one of site, identity, encryption, source, trust, cluster, mode, keep, metrics, report, paths",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_modes_and_folders() {
    check(&[
        ("identity: key", "identity (line 4): it must be an absolute path, such as /etc/standfast/identity"),
        ("mode: corect", "mode (line 4): there is no such value: did you mean correct?"),
        ("keep: 0", "keep (line 4): it must be 1 to 20"),
        ("keep: 21", "keep (line 4): it must be 1 to 20"),
        ("keep: three", "keep (line 4): it must be a whole number"),
        ("metrics: 127.0.0.1:9463", "metrics (line 4): it must be a mapping"),
        ("report:", "report (line 4): it has no value: write a mapping or remove the key"),
        (
            "paths: {state: var}",
            "paths.state (line 4): it must be an absolute path, such as /var/lib/standfast",
        ),
        (
            "paths: {state: /run/standfast/x}",
            "paths.state (line 4): it lies in paths.run, which a boot empties: name a folder on the disk",
        ),
        (
            "paths: {run: /var}",
            "paths.state: it lies in paths.run, which a boot empties: name a folder on the disk",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_cluster_and_trust() {
    check(&[
        (
            "cluster: {kubeconfig: ~/.kube/config}",
            "cluster.kubeconfig (line 4): it must be an absolute path, such as /etc/rancher/k3s/k3s.yaml",
        ),
        (
            "cluster: {namespace: Kube}",
            "cluster.namespace (line 4): it must be the name of a namespace: a-z, 0-9 and `-`, at most 63, with a letter or digit at both ends",
        ),
        ("cluster: {lease: allways}", "cluster.lease (line 4): there is no such value: did you mean always?"),
        ("cluster: {lease: sometimes}", "cluster.lease (line 4): it must be auto, always or never"),
        (
            "cluster: {requireServiceAccount: true}",
            "cluster.requireServiceAccount (line 4): requireServiceAccount: true is not supported by this version yet: remove it",
        ),
        (
            "cluster: {requireServiceAccount: \"no\"}",
            "cluster.requireServiceAccount (line 4): it must be true or false",
        ),
        (
            "trust: {allowedSigners: /a, history: full}",
            "trust.history (line 3): a history other than first-parent is not supported by this version yet: remove it",
        ),
        (
            "trust: {allowedSigners: /a, history: first_parent}",
            "trust.history (line 3): there is no such value: did you mean first-parent?",
        ),
        (
            "trust: {allowedSigners: /a, pin: 5f1c}",
            "trust.pin (line 3): \"5f1c\" is not an object id: expected 40 or 64 lower-case hexadecimal digits; `git rev-parse REV` prints it",
        ),
        (
            "trust: {allowedSigners: signers}",
            "trust.allowedSigners (line 3): it must be an absolute path, such as /etc/standfast/allowed_signers",
        ),
        (
            "trust: {}",
            "trust.allowedSigners: it is missing: write it, such as allowedSigners: /etc/standfast/allowed_signers",
        ),
        (
            "trust: {allowed_signers: /a}",
            "trust.allowed_signers (line 3): there is no such key: did you mean allowedSigners?",
        ),
    ]);
}

#[test]
fn all_problems_of_all_files_at_once() {
    let folder = Folder::new(
        "site: {name: A}\nsource: {poll: soon, mirrors: [{}, {url: https://a/b}]}\nmod: correct\n",
        &[
            ("10-keep.yaml", "keep: many\n"),
            ("20-broken.yaml", "a: [\n"),
            ("30-budget.yaml", "source: {budget: small}\n"),
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
        ("30-budget.yaml", "source.budget"),
        ("config.yaml", "site.name"),
        ("config.yaml", "source.mirrors[0]"),
        ("config.yaml", "source.poll"),
    ];
    assert_eq!(places, expect, "{found:#?}");
}

fn shown(folder: &Folder) -> Vec<(String, String, String)> {
    let stem = format!("{}/", folder.0.path().display());
    let rows = show(&folder.path()).unwrap();
    rows.into_iter().map(|row| (row.key, row.value, row.origin.replace(&stem, ""))).collect()
}

#[test]
fn later_files_win_and_say_so() {
    let folder = Folder::new(
        "site: {name: a, labels: {ring: canary, tier: store}}
source: {poll: 1m, mirrors: [{url: https://a/b, ca: /c}, {path: /one}, {path: /two}]}
trust: {allowedSigners: /a}
",
        &[
            ("20-later.yaml", "site: {labels: {ring: stable}}\nsource: {mirrors: [{path: /stick}]}\n"),
            ("10-first.yaml", "site: {labels: {ring: beta}, variables: {x: z}}\nkeep: 5\n"),
            ("30-empty.yaml", "# nothing\n"),
            ("40-notes.txt", "not: [ours\n"),
            (".50-hidden.yaml", "not: [ours\n"),
            ("60-old.yaml.bak", "not: [ours\n"),
        ],
    );
    let row = |key: &str, value: &str, origin: &str| (key.to_owned(), value.to_owned(), origin.to_owned());
    let (main, first, later) = ("config.yaml", "config.yaml.d/10-first.yaml", "config.yaml.d/20-later.yaml");
    let expect = [
        row("site.name", "a", main),
        row("site.labels.ring", "stable", later),
        row("site.labels.tier", "store", main),
        row("site.variables.x", "z", first),
        row("source.ref", "refs/heads/main", "default"),
        row("source.path", "", "default"),
        row("source.mirrors[0].path", "/stick", later),
        row("source.poll", "1m", main),
        row("trust.allowedSigners", "/a", main),
        row("trust.history", "first-parent", "default"),
        row("cluster.kubeconfig", "/etc/rancher/k3s/k3s.yaml", "default"),
        row("cluster.namespace", "standfast-system", "default"),
        row("cluster.lease", "auto", "default"),
        row("cluster.requireServiceAccount", "false", "default"),
        row("mode", "correct", "default"),
        row("keep", "5", first),
        row("paths.state", "/var/lib/standfast", "default"),
        row("paths.run", "/run/standfast", "default"),
    ];
    assert_eq!(shown(&folder), expect);
    let loaded = folder.load().unwrap();
    assert_eq!(loaded.source.mirrors, [MirrorSettings::Local { path: "/stick".into() }]);
}

/// What people put in the wrong place: neither messages nor what is shown may repeat it.
#[test]
fn secrets_are_not_repeated() {
    for item in [
        "url: https://alice:hunter2@git.lan/fleet.git",
        "url: https://hunter2@git.lan/fleet.git",
        "url: https://git.lan/fleet.git?token=hunter2",
        "url: http://git.lan/hunter2",
        "url: ssh://alice:hunter2@git.lan/fleet.git",
        "url: \"hunter2:x@\"",
        "url: https://git.lan/fleet.git, credential: alice:hunter2",
        "url: https://git.lan/fleet.git, credential: ghp_hunter2",
        "url: https://git.lan/fleet.git, credential: hunter2xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "url: https://git.lan/fleet.git, token: hunter2",
        "url: [hunter2]",
    ] {
        let folder = Folder::new(&least_with(&format!("source: {{mirrors: [{{{item}}}]}}")), &[]);
        let messages = folder.load().expect_err(item);
        assert!(!messages.concat().contains("hunter2"), "{messages:?}");
        if let Ok(rows) = show(&folder.path()) {
            assert!(!format!("{rows:?}").contains("hunter2"), "{rows:?}");
        }
    }
    let key = "AGE-SECRET-KEY-1HUNTER2";
    let folder = Folder::new(&least_with(&format!("encryption: {{credential: {key}}}")), &[]);
    let told = format!("{:?} {:?}", folder.load().unwrap_err(), show(&folder.path()).unwrap());
    assert!(
        told.contains("it must be the name of a systemd credential such as standfast-encryption"),
        "{told}"
    );
    assert!(!told.contains(key), "{told}");
    let broken =
        Folder::new("site: {variables: {PASSWORD: hunter2, PASSWORD: hunter2}}\n  x: [hunter2\n", &[]);
    let messages = broken.load().unwrap_err();
    assert!(!messages.concat().contains("hunter2"), "{messages:?}");
}

#[test]
fn files_that_cannot_be_read() {
    let folder = Folder::new(LEAST, &[]);
    fs::remove_file(folder.path()).unwrap();
    let lines = folder.load().unwrap_err();
    let hint =
        "config.yaml: there is no such file: write it, or name another with --config; the smallest one is ";
    let smallest = lines[0].strip_prefix(hint).expect("the hint comes first");
    assert_eq!(lines.len(), 1, "{lines:?}");
    fs::write(folder.path(), smallest).unwrap();
    assert_eq!(folder.load().unwrap().local.name.as_str(), "store-042");

    for (text, expect) in [
        ("- a\n", "config.yaml: it must hold a mapping, such as `site: {name: store-042}`"),
        ("a: 1\n---\nb: 2\n", "config.yaml: it holds 2 YAML documents: keep one"),
        (
            "keep: 1\nkeep: 2\n",
            "config.yaml: line 2, column 1: the key \"keep\" stands already at line 1, column 1; keep one of them",
        ),
        (
            &format!("# {}\n", "x".repeat(256 << 10)),
            "config.yaml: it is larger than 256 KiB: keep only the site's own configuration in it",
        ),
    ] {
        assert_eq!(problems(text), [expect]);
    }
    let odd = Folder::new(LEAST, &[("a.yml", ""), ("b.YAML", "")]);
    fs::create_dir(odd.0.path().join("config.yaml.d/c.yaml")).unwrap();
    let rename =
        |name: &str| format!("config.yaml.d/{name}: only files that end in .yaml count here: rename it");
    let expect = [
        rename("a.yml"),
        rename("b.YAML"),
        "config.yaml.d/c.yaml: it must be a file, and is something else".into(),
    ];
    assert_eq!(odd.load().unwrap_err(), expect);
}

#[test]
fn too_much_of_something() {
    let many = |count: usize, item: &str| vec![item; count].join(", ");
    let labels: Vec<_> = (0..501).map(|at| format!("k{at}: v")).collect();
    for (line, expect) in [
        (
            format!("source: {{mirrors: [{}]}}", many(33, "{path: /m}")),
            "config.yaml: source.mirrors (line 3): it has 33 items: keep at most 32",
        ),
        (
            format!("site: {{name: a, labels: {{{}}}}}", labels.join(", ")),
            "config.yaml: site.labels (line 3): it has 501 keys: keep at most 500",
        ),
        (
            format!("identity: /{}", "x".repeat(4096)),
            "config.yaml: identity (line 4): it is longer than 4096 bytes: shorten it",
        ),
        (
            "identity: \"/a\\nb\"".to_owned(),
            "config.yaml: identity (line 4): it must be one line without control characters",
        ),
    ] {
        assert_eq!(problems(&least_with(&line)), [expect]);
    }
    let names: Vec<_> = (0..101).map(|at| format!("{at}.yaml")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), "keep: 1\n")).collect();
    let expect = ["config.yaml.d: it has 101 files: keep at most 100"];
    assert_eq!(Folder::new(LEAST, &files).load().unwrap_err(), expect);
}

#[test]
fn files_that_are_named_and_not_there() {
    let folder = Folder::new("", &[("signers.yaml", "keep: 1")]);
    let here = folder.0.path().display();
    let text = format!(
        "site: {{name: a}}\nsource: {{mirrors: [{{url: https://a/b, ca: {here}/ca, credential: token}}, {{path: {here}/stick}}]}}
trust: {{allowedSigners: {here}/config.yaml.d/signers.yaml}}\ncluster: {{kubeconfig: {here}/k3s.yaml}}\nidentity: {here}/identity\n"
    );
    fs::write(folder.path(), text).unwrap();
    let environment = Environment { credentials_directory: Some(folder.0.path().to_owned()) };
    let missing = load(&folder.path(), &environment).unwrap().missing_files();
    let expect = [
        "config.yaml: identity (line 5): the identity identity is not there: make it with ssh-keygen -t ed25519 -N '' -f FILE",
        "config.yaml: source.mirrors[0].ca (line 2): the CAs' certificates ca is not there: copy the PEM file there",
        "config.yaml: source.mirrors[0].credential (line 2): the credential token is not there: put the token, or user:password, into it, readable for the service alone",
        "config.yaml: cluster.kubeconfig (line 4): the kubeconfig k3s.yaml is not there: start k3s, which writes its own, or name that of your cluster",
    ];
    assert_eq!(folder.lines(&missing), expect);
}

#[test]
fn the_status_file_is_found_whatever_else_is_wrong() {
    let find = |text: &str| {
        let folder = Folder::new(text, &[]);
        status_file(&folder.path()).map_err(|problems| folder.lines(&problems))
    };
    assert_eq!(find("mode: 5\nsite:\npaths: {run: /r}\n"), Ok("/r/status.json".into()));
    assert_eq!(find(""), Ok("/run/standfast/status.json".into()));
    let expect = "config.yaml: paths.run (line 1): it must be an absolute path, such as /run/standfast";
    assert_eq!(find("paths: {run: r}\nmode: 5\n"), Err(vec![expect.to_owned()]));
    assert_eq!(
        find("paths: {run: [r]}\n"),
        Err(vec!["config.yaml: paths.run (line 1): it must be a text".to_owned()])
    );
}

#[test]
fn what_is_not_built_yet_is_refused_in_the_words_of_all_rooms() {
    let place = "config.yaml: source.mirrors[0].bundles (line 3)";
    let words = crate::model::NotYet { path: place.into(), what: "bundles".into() };
    let source = least_with("source: {mirrors: [{path: /m, bundles: x}]}");
    assert_eq!(problems(&source), [format!("{words}: remove it")]);
}

/// Names and values as people might mix them up.
fn lines() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "site", "source", "mirrors", "poll", "trust", "labels", "keep", "x.y", "url", "<<", "~", "1",
    ]);
    let leaf = prop::sample::select(vec![
        "",
        "5m",
        "3",
        "true",
        "[]",
        "{}",
        "/a",
        "[{url: x}]",
        "[{}]",
        "\"\"",
        "1e9",
        "-1",
    ]);
    let leaf = leaf.prop_map(str::to_owned);
    let tree = leaf.prop_recursive(3, 12, 3, move |inner| {
        prop::collection::vec((name.clone(), inner), 1..3).prop_map(|entries| {
            let entries: Vec<_> =
                entries.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
            format!("{{{}}}", entries.join(", "))
        })
    });
    tree.prop_map(|tree| format!("{tree}\n"))
}

proptest! {
    /// Whatever a file beside the main one says: settings, or problems that name their file and fit on a line.
    #[test]
    fn every_refusal_says_where(text in lines()) {
        let folder = Folder::new(LEAST, &[("10.yaml", &text)]);
        if let Err(problems) = load(&folder.path(), &unit()) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.file.starts_with(folder.0.path()), "{}", problem);
                prop_assert!(!problem.message.is_empty() && problem.to_string().lines().count() == 1, "{}", problem);
            }
        }
    }
}
