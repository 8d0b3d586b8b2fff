//! Every key there is: its form, its default, what it is for.
//!
//! One table serves reading, defaults, messages and `config show`, so that they cannot differ.

/// A key of the configuration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    /// Its name from the root down; `[]` stands for each item of a list.
    pub(super) name: &'static str,
    /// What its value looks like.
    pub(super) form: Form,
    /// What holds where no file names it.
    pub(super) otherwise: Otherwise,
}

/// What a value looks like. What it means is judged later, when all files are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A text of one line.
    Text,
    /// `true` or `false`.
    Bool,
    /// A whole number, not negative.
    Count,
    /// A mapping with free keys, whose values are texts.
    Texts,
    /// A list of mappings.
    List,
    /// Known, and not built yet.
    NotYet,
}

/// What holds where no file names a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// Nothing.
    Nothing,
    /// This value, written as it would stand in a file.
    Default(&'static str),
    /// It must be named; this is how, for instance.
    Required(&'static str),
}

/// The branch that git itself suggests for a new repository.
const REF: &str = "refs/heads/main";
/// The repository's root: the smallest fleet repository is a folder of manifests.
const PATH: &str = "";
/// A poll without news costs 1 kB on a kept connection, so this is some 300 kB a day, and a person who pushes does not wait long.
const POLL: &str = "5m";
/// Only first parents: what a merge brings in was proven by the merge's own signature.
const HISTORY: &str = "first-parent";
/// Where k3s writes the kubeconfig of its own node.
const KUBECONFIG: &str = "/etc/rancher/k3s/k3s.yaml";
/// Where the agent's own objects in the cluster lie; named as its unit and folders are.
const NAMESPACE: &str = "standfast-system";
/// A lease only where several servers could apply: on a single one it would wear the flash for nothing.
const LEASE: &str = "auto";
/// Off: a site begins with the kubeconfig of k3s, which may do everything.
const REQUIRE_SERVICE_ACCOUNT: &str = "false";
/// The agent is there to correct drift.
const MODE: &str = "correct";
/// The running revision, the one to go back to, and one more for a person who finds out late.
const KEEP: &str = "3";
/// The usual place of what a service must not lose, by the filesystem hierarchy standard.
const STATE: &str = "/var/lib/standfast";
/// The usual place of what a boot may forget, by the filesystem hierarchy standard.
const RUN: &str = "/run/standfast";

/// The keys, in the order in which they are shown.
pub(super) static KEYS: &[Key] = &[
    text("site.name", Otherwise::Required("name: emea/de/store-042")),
    key("site.labels", Form::Texts, Otherwise::Nothing),
    key("site.variables", Form::Texts, Otherwise::Nothing),
    text("identity", Otherwise::Nothing),
    text("encryption.credential", Otherwise::Nothing),
    text("source.ref", Otherwise::Default(REF)),
    text("source.path", Otherwise::Default(PATH)),
    key(
        "source.mirrors",
        Form::List,
        Otherwise::Required("mirrors: [{url: https://git.example.com/fleet.git}]"),
    ),
    text("source.mirrors[].url", Otherwise::Nothing),
    text("source.mirrors[].ca", Otherwise::Nothing),
    text("source.mirrors[].credential", Otherwise::Nothing),
    text("source.mirrors[].path", Otherwise::Nothing),
    not_yet("source.mirrors[].bundles"),
    key("source.mirrors[].metered", Form::Bool, Otherwise::Nothing),
    text("source.mirrors[].knownHosts", Otherwise::Nothing),
    text("source.poll", Otherwise::Default(POLL)),
    text("source.proxy", Otherwise::Nothing),
    text("source.budget.perDay", Otherwise::Nothing),
    text("source.budget.perHour", Otherwise::Nothing),
    text("source.budget.rate", Otherwise::Nothing),
    text("source.budget.bulkWindow", Otherwise::Nothing),
    text("trust.allowedSigners", Otherwise::Required("allowedSigners: /etc/standfast/allowed_signers")),
    text("trust.history", Otherwise::Default(HISTORY)),
    text("trust.pin", Otherwise::Nothing),
    text("cluster.kubeconfig", Otherwise::Default(KUBECONFIG)),
    text("cluster.namespace", Otherwise::Default(NAMESPACE)),
    text("cluster.lease", Otherwise::Default(LEASE)),
    key("cluster.requireServiceAccount", Form::Bool, Otherwise::Default(REQUIRE_SERVICE_ACCOUNT)),
    text("mode", Otherwise::Default(MODE)),
    key("keep", Form::Count, Otherwise::Default(KEEP)),
    text("metrics.listen", Otherwise::Nothing),
    text("report.url", Otherwise::Nothing),
    text("report.ca", Otherwise::Nothing),
    text("report.credential", Otherwise::Nothing),
    text("report.proxy", Otherwise::Nothing),
    text("paths.state", Otherwise::Default(STATE)),
    text("paths.run", Otherwise::Default(RUN)),
];

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    /// A key with a value.
    Key(&'static Key),
    /// A mapping that holds keys.
    Section,
    /// Nothing that is known.
    Nothing,
}

/// What a name from the root down stands for.
pub(super) fn find(name: &str) -> Found {
    let below = |key: &&Key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    match KEYS.iter().find(|key| key.name == name) {
        Some(key) => Found::Key(key),
        None if KEYS.iter().any(|key| below(&key)) => Found::Section,
        None => Found::Nothing,
    }
}

/// The names that may stand directly below a section (empty for the root), those not built yet included.
pub(super) fn names_in(section: &str) -> Vec<&'static str> {
    let inside = |key: &'static Key| match section {
        "" => Some(key.name),
        _ => key.name.strip_prefix(section)?.strip_prefix('.'),
    };
    let mut names: Vec<_> =
        KEYS.iter().filter_map(inside).filter_map(|rest| rest.split('.').next()).collect();
    names.retain(|name| !name.ends_with("[]"));
    names.dedup();
    names
}

const fn key(name: &'static str, form: Form, otherwise: Otherwise) -> Key {
    Key { name, form, otherwise }
}

const fn text(name: &'static str, otherwise: Otherwise) -> Key {
    key(name, Form::Text, otherwise)
}

const fn not_yet(name: &'static str) -> Key {
    key(name, Form::NotYet, Otherwise::Nothing)
}
