//! `metrics` and `report`: whom the site tells about itself.

use super::settings::{Judge, absolute};
use super::values;
use super::{credentials, link};
use crate::report::settings::{Destination, Listen, ReportUrl, Settings};
use std::path::Path;

/// What the file of the credential holds.
const HOLDS: &str = "the token or user:password";

/// Whom it tells; what is wrong goes to the judge. `identity` is what signs.
pub(super) fn judge(
    judge: &mut Judge<'_>,
    credentials: Option<&Path>,
    identity: Option<&Path>,
) -> Option<Settings> {
    let metrics = judge.read("metrics.listen", |text| Ok(text.parse::<Listen>()?));
    let namespace = judge.read("cluster.namespace", values::namespace);
    let outbox = destination(judge, credentials, identity);
    Some(Settings { metrics, namespace: namespace?, outbox })
}

/// A value as it may be shown: not a URL with a token in it.
pub(super) fn shown(text: String) -> String {
    match text.parse::<ReportUrl>() {
        Ok(url) => url.to_string(),
        Err(_) => "(not shown: not a URL to report to)".to_owned(),
    }
}

fn destination(
    judge: &mut Judge<'_>,
    credentials: Option<&Path>,
    identity: Option<&Path>,
) -> Option<Destination> {
    let url = judge.read("report.url", |text| Ok(text.parse::<ReportUrl>()?));
    let ca = judge.file("report.ca", "the CAs' certificates", "copy the PEM file there", |text| {
        absolute(text, "/etc/standfast/lan-ca.pem")
    });
    let what_to_do = "put the token, or user:password, into it, readable for the service alone";
    let credential = judge.file("report.credential", "the credential", what_to_do, |text| {
        credentials::file(text, credentials, "report-token", HOLDS)
    });
    let proxy = link::proxy(judge, "report.proxy").map(|proxy| proxy.as_str().to_owned());
    let Some((place, _)) = judge.input.get("report.url") else {
        for key in ["report.ca", "report.credential", "report.proxy"] {
            if let Some((place, _)) = judge.input.get(key)
                && !judge.input.is_refused("report.url")
            {
                judge.wrong(&place, "it has no effect without report.url: name that too, or remove this");
            }
        }
        return None;
    };
    if identity.is_none() && !judge.input.is_refused("identity") {
        let what = "the status is sent signed, for else anybody could send one in this site's name, and there is no key to sign it with: \
                    name one under `identity`; ssh-keygen -t ed25519 -N '' -f FILE makes it";
        judge.wrong(&place, what);
    }
    Some(Destination { url: url?, ca, credential, proxy, identity: identity?.to_owned() })
}
