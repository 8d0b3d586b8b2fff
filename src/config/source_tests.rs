//! What a site's own configuration says about its source.

use super::tests::{least_with, problems, settings};
use crate::source::{Budget, BulkWindow, MirrorSettings};
use std::path::PathBuf;
use std::time::Duration;

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
        ("mirrors: [x]", item(" (line 3): it must be a mapping")),
        ("mirrors: [{}]", item(" (line 3): it names nothing: write url, or path")),
        ("mirrors: [{uri: https://a/b}]", item(".uri (line 3): there is no such key: did you mean url?")),
        ("mirrors: [{url: https://a/b, path: /m}]", item(" (line 3): it has both url and path: make two mirrors of them")),
        ("mirrors: [{bundles: https://a/b}]", item(".bundles (line 3): bundles is not supported by this version yet: remove it")),
        ("mirrors: [{url: http://git.lan/fleet.git}]", item(".url (line 3): http://git.lan is http without TLS, which anybody on the way can read and change: use https (http is taken for loopback addresses alone)")),
        ("mirrors: [{url: file:///srv/fleet.git}]", item(".url (line 3): write the folder under `path` instead of a file:// URL")),
        ("mirrors: [{url: /srv/fleet.git}]", item(".url (line 3): this is a folder: write it under `path`")),
        ("mirrors: [{url: git://git.lan/fleet.git}]", item(".url (line 3): git:// proves nothing about the server: use https://")),
        ("mirrors: [{path: fleet.git}]", item(".path (line 3): it must be an absolute path, such as /media/standfast")),
        ("mirrors: [{path: /m, ca: /c}]", item(".ca (line 3): it has no effect on a path: remove it")),
        ("mirrors: [{path: /m, metered: true}]", item(".metered (line 3): it has no effect on a path: remove it")),
        ("mirrors: [{url: https://a/b, metered: \"yes\"}]", item(".metered (line 3): it must be true or false")),
        ("mirrors: [{url: https://a/b, knownHosts: /k}]", item(".knownHosts (line 3): it has no effect on a mirror over https: remove it")),
        ("mirrors: [{url: \"git@git.example.com:fleet.git\"}]", item(".url (line 3): write it as ssh://user@host/path")),
        ("mirrors: [{url: \"git+ssh://git.example.com/fleet.git\"}]", item(".url (line 3): write it as ssh://user@host/path")),
        ("mirrors: [{url: \"ssh://-oProxyCommand=x/fleet.git\"}]", item(".url (line 3): not the URL of a mirror over ssh: expected ssh://user@host/path, with a host of letters, digits, `-`, `_` and `.`")),
        ("mirrors: [{path: /m, credential: c}]", item(".credential (line 3): it has no effect on a path: remove it")),
        ("mirrors: [{url: \"http://[::1]/f\", ca: /c}]", item(".ca (line 3): it has no effect on a URL without TLS: remove it")),
    ] {
        assert_eq!(problems(&least_with(&format!("source: {{{inside}}}"))), [expect], "{inside}");
    }
}

/// A configuration with this source and an identity.
fn with_identity(source: &str) -> String {
    format!("{}\nidentity: /etc/standfast/identity\n", least_with(&format!("source: {{{source}}}")))
}

#[test]
fn every_key_of_the_link_that_is_taken() {
    let source = settings(&with_identity(
        "poll: 15m, proxy: \"http://proxy.lan:3128\", \
         budget: {perDay: 20MiB, perHour: 5 MB, rate: 64KiB, bulkWindow: \"22:30-04:00\"}, \
         mirrors: [{url: \"ssh://git@git.example.com:2222/fleet.git\", knownHosts: /etc/standfast/known_hosts}, \
         {url: https://git.example.com/fleet.git, metered: true}]",
    ))
    .source;
    assert_eq!(source.poll, Duration::from_secs(900));
    assert_eq!(source.proxy.unwrap().as_str(), "http://proxy.lan:3128");
    let expect = Budget {
        per_day: Some(20 << 20),
        per_hour: Some(5_000_000),
        rate: Some(64 << 10),
        bulk_window: Some(BulkWindow { begins: 22 * 60 + 30, ends: 4 * 60 }),
    };
    assert_eq!(source.budget, expect);
    let ssh = MirrorSettings::Ssh {
        url: "ssh://git@git.example.com:2222/fleet.git".parse().unwrap(),
        known_hosts: PathBuf::from("/etc/standfast/known_hosts"),
        identity: PathBuf::from("/etc/standfast/identity"),
        metered: false,
    };
    assert_eq!(source.mirrors[0], ssh);
    assert!(source.mirrors[1].is_metered());
}

#[test]
fn what_is_wrong_with_a_mirror_over_ssh() {
    let ssh = "url: ssh://git@git.example.com/fleet.git";
    let mirror = |rest: &str| format!("mirrors: [{{{ssh}{rest}}}]");
    let check = |text: &str, expect: &[&str]| {
        let expect: Vec<String> = expect.iter().map(|it| format!("config.yaml: {it}")).collect();
        assert_eq!(problems(text), expect, "{text}");
    };
    check(
        &with_identity(&mirror("")),
        &[
            "source.mirrors[0] (line 3): write knownHosts: the file with the host keys that it may have; `ssh-keyscan` prints \
           them, and whoever runs the server can tell whether they are right",
        ],
    );
    check(
        &least_with(&format!("source: {{{}}}", mirror(", knownHosts: /k"))),
        &["source.mirrors[0] (line 3): write identity: the private key that ssh logs in with"],
    );
    let no_effect = |name: &str| {
        format!("source.mirrors[0].{name} (line 3): it has no effect on a mirror over ssh: remove it")
    };
    check(
        &with_identity(&mirror(", knownHosts: /k, ca: /c, credential: c")),
        &[&no_effect("ca"), &no_effect("credential")],
    );
    let not_taken = "ssh does not take it: name a file without spaces, quotes, %, $ and \\ in its path";
    for path in ["/a b", "/%h", "/$HOME/k"] {
        check(
            &with_identity(&mirror(&format!(", knownHosts: \"{path}\""))),
            &[&format!("source.mirrors[0].knownHosts (line 3): {not_taken}")],
        );
    }
    let identity = "\nidentity: /etc/stand fast/identity\n";
    check(
        &format!("{}{identity}", least_with(&format!("source: {{{}}}", mirror(", knownHosts: /k")))),
        &[&format!("identity (line 5): {not_taken}")],
    );
}

#[test]
fn what_is_wrong_with_a_budget_and_a_proxy() {
    let metered = "mirrors: [{url: https://a/b, metered: true}]";
    let size = "it must be a size such as 512KiB, 20MiB or 1GB";
    let time = "it must be a time of the day, in UTC, such as 01:00-05:00";
    for (inside, at, expect) in [
        ("budget: {perDay: 20}", "budget.perDay", "it must be a text: put it in quotes"),
        ("budget: {perDay: \"20\"}", "budget.perDay", size),
        ("budget: {perDay: 20 megabytes}", "budget.perDay", size),
        ("budget: {perDay: -1MiB}", "budget.perDay", size),
        ("budget: {perDay: 99999999999999GiB}", "budget.perDay", size),
        ("budget: {perHour: 1KiB}", "budget.perHour", "it must be 16KiB or more"),
        ("budget: {rate: 10B}", "budget.rate", "it must be 1KiB or more"),
        ("budget: {bulkWindow: night}", "budget.bulkWindow", time),
        ("budget: {bulkWindow: \"1:00-5:00\"}", "budget.bulkWindow", time),
        ("budget: {bulkWindow: \"01:00-24:01\"}", "budget.bulkWindow", time),
        (
            "budget: {bulkWindow: \"01:00-01:00\"}",
            "budget.bulkWindow",
            "it has no length: let it end at another time than it begins",
        ),
        (
            "budget: {monthly: 1GB}",
            "budget.monthly",
            "there is no such key: remove it, or take one of perDay, perHour, rate, bulkWindow",
        ),
        (
            "proxy: proxy.lan",
            "proxy",
            "not the URL of a proxy: expected http://host:port, but this cannot be parsed",
        ),
        (
            "proxy: \"http://me:hunter2@proxy.lan\"",
            "proxy",
            "not the URL of a proxy: expected http://host:port, without user and password, which would stand in the open",
        ),
    ] {
        let found = problems(&least_with(&format!("source: {{{inside}, {metered}}}")));
        assert_eq!(found, [format!("config.yaml: source.{at} (line 3): {expect}")], "{inside}");
    }
    let found = problems(&least_with("source: {budget: {perDay: 1GB}, mirrors: [{url: https://a/b}]}"));
    let expect = "it has no effect: set metered: true at the mirrors whose bytes cost money";
    assert_eq!(found, [format!("config.yaml: source.budget.perDay (line 3): {expect}")]);
}
