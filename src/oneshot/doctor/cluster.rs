//! The API server: is it there, when do certificates end, may our user do what the agent does.

use super::{Finding, Part};
use crate::agent::clock::Clock;
use crate::cluster::{Certificates, Cluster as _, Error, Kinds, Kube, Right, Turns};
use crate::config::Settings;
use crate::model::{Facts, Gvk, Moment, SiteStatus, explain};
use crate::oneshot::look;
use crate::report::Sink;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How long before its end a certificate is spoken of: k3s renews its own within the last 90 days, when it starts.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// What the agent does to objects that it owns.
const OWN: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];
/// What it does beside: it looks closer at what settles, lets go of pods that are stuck, and tells of itself.
const BESIDE: [(&str, &str, &str); 8] = [
    ("list", "", "nodes"),
    ("list", "", "pods"),
    ("delete", "", "pods"),
    ("list", "", "events"),
    ("create", "", "events"),
    ("patch", "", "events"),
    ("create", "", "configmaps"),
    ("patch", "", "configmaps"),
];

/// Looks at the API server; answers with what its clock says, too.
pub(super) async fn look(
    settings: &Settings,
    facts: &Facts,
    clock: &Clock,
) -> (Vec<Finding>, Option<Timestamp>) {
    let (part, kube) = (Part("cluster"), Kube::new(settings.cluster.clone(), clock.for_tls()));
    let version = match kube.version().await {
        Ok(version) => version,
        Err(error) => return (vec![away(part, &error)], kube.date()),
    };
    let mut findings = vec![part.ok("API server", format!("it answers, version {version}"))];
    findings.extend(match kube.certificates().await {
        Ok(certificates) => ends(part, &certificates, clock.now()),
        Err(error) => vec![part.warn("certificates", explain(&error), "run this again")],
    });
    findings.push(match rights(settings, facts, &kube).await {
        Ok(None) => part.ok("rights", "this kubeconfig's user may do all that the agent does"),
        Ok(Some(missing)) => {
            let to_do =
                "give its user a ClusterRole with these verbs, or name the kubeconfig of an administrator";
            part.bad("rights", format!("this kubeconfig's user may not {missing}"), to_do)
        }
        Err(error) => part.warn("rights", explain(&error), "see the API server's log"),
    });
    (findings, kube.date())
}

fn away(part: Part, error: &Error) -> Finding {
    let to_do = match error {
        Error::KubeconfigMissing { .. } => "start k3s (systemctl start k3s), or correct cluster.kubeconfig",
        Error::Kubeconfig { .. } | Error::Unauthorized { .. } => {
            "name a kubeconfig that is valid in cluster.kubeconfig"
        }
        Error::Certificate { .. } => "see that it is this cluster's kubeconfig, and that the clock is right",
        _ => {
            "see whether k3s runs (systemctl status k3s; journalctl -u k3s); what runs in the cluster goes on without it"
        }
    };
    part.bad("API server", explain(error), to_do)
}

fn ends(part: Part, certificates: &Certificates, now: Timestamp) -> Vec<Finding> {
    let judge = |what: &str, end: Timestamp, to_do: &str| {
        let left = end.duration_since(now);
        let seen = format!("it ends {end}");
        match left {
            _ if left.is_negative() => part.bad(what, format!("it ended {end}"), to_do),
            _ if left < SOON => part.warn(what, seen, to_do),
            _ => part.ok(what, seen),
        }
    };
    let server = certificates.server.map(|end| {
        judge("server's certificate", end, "restart k3s, which renews it; else renew it as your cluster does")
    });
    let ours = certificates.ours.map(|end| {
        judge("our certificate", end, "restart k3s, which renews it; else give cluster.kubeconfig a new one")
    });
    server.into_iter().chain(ours).collect()
}

/// What our user may not do of all that the agent does; `None` if it may do everything.
async fn rights(settings: &Settings, facts: &Facts, kube: &Kube) -> Result<Option<String>, Error> {
    let right =
        |verb, group: &str, plural: &str| Right { verb, group: group.to_owned(), plural: plural.to_owned() };
    if kube.may(&right("*", "*", "*")).await? {
        return Ok(None);
    }
    let kinds = kube.kinds(true).await?;
    let mut needed: BTreeSet<Right> =
        BESIDE.iter().map(|(verb, group, plural)| right(verb, group, plural)).collect();
    if settings.lease != Turns::Never {
        needed.extend(["get", "create", "update"].map(|verb| right(verb, "coordination.k8s.io", "leases")));
    }
    for (group, plural) in desired(settings, facts, &kinds).await {
        needed.extend(OWN.map(|verb| right(verb, &group, &plural)));
    }
    let mut missing = Vec::new();
    for right in needed {
        if !kube.may(&right).await? {
            let group = if right.group.is_empty() { String::new() } else { format!(".{}", right.group) };
            missing.push(format!("{} {}{group}", right.verb, right.plural));
        }
    }
    Ok((!missing.is_empty()).then(|| missing.join(", ")))
}

/// The kinds of all that the accepted revision has for this site, from disk: group and plural.
async fn desired(settings: &Settings, facts: &Facts, kinds: &Kinds) -> BTreeSet<(String, String)> {
    let Some(accepted) = facts.floor.as_ref().map(|floor| &floor.revision) else { return BTreeSet::new() };
    let Ok(looking) = look::beside(settings, Box::new(Nobody)) else { return BTreeSet::new() };
    let Ok((desired, _)) = looking.agent.reader().desire(accepted, true).await else {
        return BTreeSet::new();
    };
    let objects = desired.applications.iter().flat_map(|one| &one.objects);
    let plural = |gvk: &Gvk| {
        let kind = kinds.served(gvk).and_then(|gvk| kinds.get(&gvk).cloned());
        kind.map(|kind| (gvk.group.clone(), kind.plural))
    };
    objects.filter_map(|object| plural(object.gvk())).collect()
}

/// Nobody wants to know what comes to pass while this looks.
struct Nobody;

impl Sink for Nobody {
    fn moment(&self, _: &Moment) {}
    fn status(&self, _: &SiteStatus) {}
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn certificates_that_end_soon_are_spoken_of() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let check = |days: i64, expect| {
            let end = now + SignedDuration::from_hours(days * 24);
            let found = ends(Part("cluster"), &Certificates { server: Some(end), ours: None }, now);
            assert_eq!(found.iter().map(|found| found.grade).collect::<Vec<_>>(), [expect], "{found:#?}");
        };
        check(365, Grade::Ok);
        check(13, Grade::Warn);
        check(-1, Grade::Bad);
    }
}
