//! The status in one small piece of JSON, for places where each byte costs: a link, or the cluster's own database.

use crate::model::status::ApplicationStatus;
use crate::model::{ApplicationPhase, Digest, Health, SiteStatus};
use serde::Serialize;
use serde_json::{Map, Value};

/// The number of this format.
const FORMAT: u32 = 1;
/// Longest message, in bytes, before anything has to be left out.
const MOST_WORDS: usize = 300;

/// What runs here and what is wrong, small. Only what fits is in it: the applications that are not well come first, as many as there
/// is room for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    format: u32,
    site: String,
    agent: &'static str,
    phase: String,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// The ref of all revisions below.
    #[serde(rename = "ref")]
    ref_name: Option<String>,
    accepted: Option<String>,
    applied: Option<String>,
    last_good: Option<String>,
    /// How many applications there are, and how many are steady and healthy.
    applications: usize,
    well: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unwell: Vec<Unwell>,
}

/// An application that is not steady, or not healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Unwell {
    name: String,
    phase: String,
    health: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Brief {
    /// The status, in at most so many bytes of JSON. In less than 750 there may be no room for what is never left out.
    pub fn of(status: &SiteStatus, most: usize) -> Self {
        let revisions = [&status.revision.accepted, &status.revision.applied, &status.revision.last_good];
        let [accepted, applied, last_good] =
            revisions.map(|revision| revision.as_deref().and_then(|text| text.rsplit_once('@')));
        let commit = |revision: Option<(&str, &str)>| revision.map(|(_, commit)| commit.to_owned());
        let unwell = status.applications.iter().filter(|one| !is_well(one));
        let held = unwell.clone().find_map(|one| one.reason.as_ref());
        let why = status.reason.as_ref().or(held);
        let mut brief = Self {
            format: FORMAT,
            site: status.site.clone(),
            agent: env!("CARGO_PKG_VERSION"),
            phase: format!("{:?}", status.phase),
            since: status.since.clone(),
            suspended: status.suspended.as_deref().map(|text| clip(text, MOST_WORDS)),
            reason: why.map(|why| why.code.clone()),
            message: why.map(|why| clip(&why.message, MOST_WORDS)),
            ref_name: accepted.or(applied).or(last_good).map(|(name, _)| name.to_owned()),
            accepted: commit(accepted),
            applied: commit(applied),
            last_good: commit(last_good),
            applications: status.applications.len(),
            well: status.applications.len() - unwell.clone().count(),
            unwell: unwell.take(most / 50).map(Unwell::of).collect(),
        };
        brief.fit(most);
        brief
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What it comes to without its words, for telling whether there is news: while pods start, words change every few seconds.
    pub fn essence(&self) -> Digest {
        let silent = Self { message: None, ..self.clone() };
        Digest::of(silent.to_json().as_bytes())
    }

    /// The same as a few plain texts, for people.
    pub fn plain(&self) -> Map<String, Value> {
        let reason = self.reason.as_ref().map(|reason| match &self.message {
            Some(message) => format!("{reason}: {message}"),
            None => reason.clone(),
        });
        let texts = [
            ("site", Some(self.site.clone())),
            ("phase", Some(self.phase.clone())),
            ("since", Some(self.since.clone())),
            ("reason", reason),
            ("suspended", self.suspended.clone()),
            ("revision", self.applied.clone()),
            ("lastGood", self.last_good.clone()),
        ];
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))).collect()
    }

    /// Leaves out what does not fit, the least important first.
    fn fit(&mut self, most: usize) {
        while self.to_json().len() > most {
            if self.unwell.len() > 3 {
                self.unwell.pop();
            } else if let Some(long) = self.message.as_mut().filter(|message| message.len() > 60) {
                *long = clip(long, 50);
            } else if self.unwell.pop().is_none()
                && self.message.take().is_none()
                && self.suspended.take().is_none()
                && self.ref_name.take().is_none()
            {
                return;
            }
        }
    }
}

impl Unwell {
    fn of(one: &ApplicationStatus) -> Self {
        Self {
            name: clip(&one.name, 63),
            phase: format!("{:?}", one.phase),
            health: one.health.to_string(),
            reason: one.reason.as_ref().map(|reason| reason.code.clone()),
        }
    }
}

fn is_well(one: &ApplicationStatus) -> bool {
    one.phase == ApplicationPhase::Steady && one.health == Health::Current
}

/// On one line and bounded.
fn clip(text: &str, most: usize) -> String {
    let end = text.floor_char_boundary(most);
    let kept = text[..end].replace(char::is_control, " ");
    if end < text.len() { kept + "…" } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SitePhase;
    use crate::model::status::{LinkStatus, Reason, Revisions};
    use proptest::prelude::*;

    fn application(at: usize, phase: ApplicationPhase, reason: Option<Reason>) -> ApplicationStatus {
        ApplicationStatus {
            name: format!("application-{at}"),
            phase,
            revision: None,
            last_good: None,
            quarantined: None,
            objects: 1,
            health: Health::Current,
            reason,
        }
    }

    fn status(applications: Vec<ApplicationStatus>) -> SiteStatus {
        let revision = Some(format!("refs/heads/main@sha1:{}", "ab".repeat(20)));
        SiteStatus {
            site: "emea/de/store-042".to_owned(),
            phase: SitePhase::Steady,
            since: "2026-01-02T03:04:05Z".to_owned(),
            updated: "2026-01-02T03:04:05Z".to_owned(),
            suspended: None,
            standby: None,
            reason: None,
            revision: Revisions {
                accepted: revision.clone(),
                applied: revision.clone(),
                last_good: revision,
            },
            trust: None,
            applications,
            link: LinkStatus::default(),
        }
    }

    fn reason(message: &str) -> Reason {
        Reason { code: "ConflictRefused".to_owned(), message: message.to_owned() }
    }

    #[test]
    fn a_site_that_is_well_and_one_that_is_not() {
        let mut status = status(vec![application(1, ApplicationPhase::Steady, None)]);
        let id = format!("sha1:{}", "ab".repeat(20));
        let version = env!("CARGO_PKG_VERSION");
        let expect = format!(
            r#"{{"format":1,"site":"emea/de/store-042","agent":"{version}","phase":"Steady","since":"2026-01-02T03:04:05Z","ref":"refs/heads/main","accepted":"{id}","applied":"{id}","lastGood":"{id}","applications":1,"well":1}}"#
        );
        assert_eq!(Brief::of(&status, 1000).to_json(), expect);
        status.applications.push(application(2, ApplicationPhase::Held, Some(reason("kubectl owns it"))));
        let brief = serde_json::to_value(Brief::of(&status, 1000)).unwrap();
        assert_eq!((&brief["applications"], &brief["well"]), (&2.into(), &1.into()));
        assert_eq!(
            (&brief["reason"], &brief["message"]),
            (&"ConflictRefused".into(), &"kubectl owns it".into())
        );
        let unwell = serde_json::json!([{"name": "application-2", "phase": "Held", "health": "Current", "reason": "ConflictRefused"}]);
        assert_eq!(brief["unwell"], unwell);
    }

    #[test]
    fn words_are_no_news() {
        let with = |message: &str| {
            Brief::of(&status(vec![application(1, ApplicationPhase::Held, Some(reason(message)))]), 1000)
        };
        assert_eq!(with("1 of 3").essence(), with("2 of 3").essence());
        let healthy = Brief::of(&status(vec![application(1, ApplicationPhase::Steady, None)]), 1000);
        assert_ne!(with("1 of 3").essence(), healthy.essence());
    }

    proptest! {
        /// Whatever the status says, and however long its names may be.
        #[test]
        fn it_always_fits(
            applications in 0usize..400,
            message in ".{0,400}",
            site in "[a-z/]{1,200}",
            refs in "refs/heads/[a-z\"]{1,200}",
            most in 750usize..5000,
        ) {
            let of = |at| application(at, ApplicationPhase::Held, Some(reason(&message)));
            let mut status = status((0..applications).map(of).collect());
            status.site = site;
            status.suspended = Some(message.clone());
            status.reason = Some(reason(&message));
            status.revision.accepted = Some(format!("{refs}@sha256:{}", "ab".repeat(32)));
            let json = Brief::of(&status, most).to_json();
            prop_assert!(json.len() <= most, "{} bytes", json.len());
        }
    }
}
