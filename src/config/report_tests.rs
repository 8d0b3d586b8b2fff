//! `metrics` and `report`.

use super::show;
use super::tests::{Folder, LEAST, least_with, problems, settings};
use crate::report::settings::{Destination, Listen};

#[test]
fn whom_the_site_tells_about_itself() {
    let loaded = settings(&format!(
        "{LEAST}identity: /i\nmetrics: {{listen: unix:/run/standfast/metrics.sock}}
report: {{url: https://status.example.com/sites, ca: /ca.pem, credential: report-token, proxy: \"http://proxy.lan:3128\"}}\ncluster: {{namespace: own}}\n"
    ));
    assert_eq!(loaded.report.metrics, Some(Listen::Unix("/run/standfast/metrics.sock".into())));
    assert_eq!(loaded.report.namespace, "own");
    let expect = Destination {
        url: "https://status.example.com/sites".parse().unwrap(),
        ca: Some("/ca.pem".into()),
        credential: Some("/run/credentials/standfast.service/report-token".into()),
        proxy: Some("http://proxy.lan:3128".to_owned()),
        identity: "/i".into(),
    };
    assert_eq!(loaded.report.outbox, Some(expect));
    for address in ["127.0.0.1:9463", "[::1]:9463"] {
        let loaded = settings(&least_with(&format!("metrics: {{listen: \"{address}\"}}")));
        assert_eq!(loaded.report.metrics, Some(Listen::Loopback(address.parse().unwrap())));
    }
    let defaults = settings(LEAST).report;
    assert_eq!((defaults.metrics, defaults.outbox), (None, None));
    assert_eq!(defaults.namespace, "standfast-system");
}

#[test]
fn where_numbers_may_not_be_served() {
    let form = "it must be a unix socket, such as unix:/run/standfast/metrics.sock, or a loopback address with a port, such as 127.0.0.1:9463";
    let reachable = "can be reached from other machines, and the numbers are for this one alone: take a unix socket or a loopback address, and let a scraper on this machine pass them on";
    for (listen, expect) in [
        ("9463", form.to_owned()),
        ("localhost:9463", form.to_owned()),
        ("127.0.0.1:0", form.to_owned()),
        ("unix:metrics.sock", form.to_owned()),
        ("unix:/", form.to_owned()),
        ("0.0.0.0:9463", format!("0.0.0.0:9463 {reachable}")),
        ("[::]:9463", format!("[::]:9463 {reachable}")),
        ("10.0.0.1:9463", format!("10.0.0.1:9463 {reachable}")),
    ] {
        let line = format!("metrics: {{listen: \"{listen}\"}}");
        let expect = format!("config.yaml: metrics.listen (line 4): {expect}");
        assert_eq!(problems(&least_with(&line)), [expect], "{listen}");
    }
}

#[test]
fn where_the_status_may_not_be_sent() {
    let unsigned = "url (line 4): the status is sent signed, for else anybody could send one in this site's name, and there is no key to sign it with: name one under `identity`; ssh-keygen -t ed25519 -N '' -f FILE makes it";
    let without_url = "it has no effect without report.url: name that too, or remove this";
    for (report, expect) in [
        ("url: https://a/b", unsigned.to_owned()),
        ("credential: token", format!("credential (line 4): {without_url}")),
        ("ca: /ca", format!("ca (line 4): {without_url}")),
        ("proxy: \"http://proxy.lan:3128\"", format!("proxy (line 4): {without_url}")),
    ] {
        let line = format!("report: {{{report}}}");
        assert_eq!(problems(&least_with(&line)), [format!("config.yaml: report.{expect}")], "{report}");
    }
    for (url, expect) in [
        ("http://a/b", "the status goes over TLS alone: write https://"),
        ("status.example.com", "it must be https://host/path, not over 2048 bytes"),
        ("unix:/socket", "it must be https://host/path, not over 2048 bytes"),
    ] {
        let text = format!("{LEAST}report: {{url: {url}}}\nidentity: /i\n");
        assert_eq!(problems(&text), [format!("config.yaml: report.url (line 4): {expect}")], "{url}");
    }
}

/// What people put in the wrong place: neither messages nor what is shown may repeat it.
#[test]
fn secrets_are_not_repeated() {
    for report in [
        "url: https://alice:hunter2@status.example.com/",
        "url: https://status.example.com/?token=hunter2",
        "url: https://status.example.com/#hunter2",
        "url: https://a/b, credential: glpat-hunter2",
    ] {
        let folder = Folder::new(&least_with(&format!("report: {{{report}}}")), &[]);
        let messages = folder.load().expect_err(report);
        assert!(!messages.concat().contains("hunter2"), "{messages:?}");
        assert!(!format!("{:?}", show(&folder.path()).unwrap()).contains("hunter2"), "{report}");
    }
}
