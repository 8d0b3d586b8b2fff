//! The page: every family, in a fixed order.

use super::known::{BUCKETS, Durations, Known, Standing};
use super::text::Text;
use crate::model::{ApplicationPhase, Health, SitePhase};
use crate::report::{audit, outbox};
use jiff::Timestamp;
use std::collections::BTreeMap;

const SITE_PHASES: [SitePhase; 10] = [
    SitePhase::Steady,
    SitePhase::Pending,
    SitePhase::Fetching,
    SitePhase::Verifying,
    SitePhase::Gated,
    SitePhase::Rendering,
    SitePhase::Applying,
    SitePhase::Settling,
    SitePhase::RollingBack,
    SitePhase::Held,
];
const APPLICATION_PHASES: [ApplicationPhase; 7] = [
    ApplicationPhase::Steady,
    ApplicationPhase::Pending,
    ApplicationPhase::Rendering,
    ApplicationPhase::Applying,
    ApplicationPhase::Settling,
    ApplicationPhase::RollingBack,
    ApplicationPhase::Held,
];
const HEALTHS: [Health; 5] =
    [Health::Current, Health::InProgress, Health::Failed, Health::Terminating, Health::Unknown];

/// What others know.
pub(super) struct Beside {
    /// When the agent started.
    pub(super) began: Timestamp,
    pub(super) log: audit::Known,
    pub(super) outbox: Option<outbox::State>,
    /// By how many seconds the system's clock is known to be behind the trusted one.
    pub(super) behind: i64,
}

/// The page as it is now.
pub(super) fn page(known: &Known, beside: &Beside) -> String {
    let mut text = Text::default();
    let site = known.site.as_ref().map(|site| site.site.as_str()).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    text.info("standfast_build", "The agent's version, and the site that it keeps.")
        .sample(&[("version", version), ("site", site)], 1);
    text.gauge("standfast_start_timestamp_seconds", "When the agent started.")
        .sample(&[], seconds(beside.began));
    if let Some(standing) = &known.site {
        site_families(&mut text, standing);
        applications(&mut text, standing);
        health(&mut text, standing, known.unhealthy.as_ref());
    }
    link(&mut text, known, beside.behind);
    changes(&mut text, known);
    passes(&mut text, &known.passes);
    audit(&mut text, &beside.log);
    if let Some(outbox) = &beside.outbox {
        report(&mut text, outbox);
    }
    text.end()
}

fn site_families(text: &mut Text, site: &Standing) {
    let mut phases = text.gauge("standfast_phase", "The site's phase: 1 for the one that it is in.");
    for phase in SITE_PHASES {
        phases.sample(&[("phase", &format!("{phase:?}"))], u8::from(phase == site.phase));
    }
    let times = [
        ("standfast_phase_since_timestamp_seconds", "When the site entered its phase.", site.since),
        ("standfast_accepted_timestamp_seconds", "When a revision was last accepted.", site.accepted),
        ("standfast_contact_timestamp_seconds", "When a mirror last answered.", site.contact),
    ];
    for (name, help, time) in times {
        let mut family = text.gauge(name, help);
        time.iter().for_each(|time| family.sample(&[], seconds(*time)));
    }
    text.gauge("standfast_suspended", "1 while a person has stopped new revisions.")
        .sample(&[], u8::from(site.is_suspended));
}

fn applications(text: &mut Text, site: &Standing) {
    let mut phases =
        text.gauge("standfast_application_phase", "An application's phase: 1 for the one that it is in.");
    for one in &site.applications {
        for phase in APPLICATION_PHASES {
            let labels = [("application", one.name.as_str()), ("phase", &format!("{phase:?}"))];
            phases.sample(&labels, u8::from(phase == one.phase));
        }
    }
    let mut health =
        text.gauge("standfast_application_healthy", "1 while all objects of an application are Current.");
    for one in &site.applications {
        health.sample(&[("application", &one.name)], u8::from(one.health == Health::Current));
    }
    let mut objects = text.gauge("standfast_application_objects", "How many objects an application has.");
    for one in &site.applications {
        objects.sample(&[("application", &one.name)], one.objects);
    }
    let mut quarantined = text.gauge(
        "standfast_application_quarantined",
        "1 while what an application failed with is not tried again.",
    );
    for one in &site.applications {
        quarantined.sample(&[("application", &one.name)], u8::from(one.is_quarantined));
    }
}

fn health(text: &mut Text, site: &Standing, unhealthy: Option<&BTreeMap<Health, usize>>) {
    let mut family = text.gauge("standfast_objects", "How many objects have which health.");
    let Some(unhealthy) = unhealthy else { return };
    let all: usize = site.applications.iter().map(|one| one.objects).sum();
    for health in HEALTHS {
        let count = match health {
            Health::Current => all.saturating_sub(unhealthy.values().sum()),
            health => unhealthy.get(&health).copied().unwrap_or_default(),
        };
        family.sample(&[("health", &health.to_string())], count);
    }
}

fn link(text: &mut Text, known: &Known, behind: i64) {
    let mut contacts =
        text.counter("standfast_contacts", "How often the mirrors were asked, and what came of it.");
    known.contacts.iter().for_each(|(result, count)| contacts.sample(&[("result", result)], count));
    let mut bytes =
        text.counter("standfast_link_bytes", "Bytes over the links to the mirrors, by what they were for.");
    for mirror in &known.mirrors {
        for one in &mirror.total {
            for (way, count) in [("up", one.up), ("down", one.down)] {
                let labels = [("mirror", mirror.mirror.as_str()), ("purpose", &one.purpose), ("way", way)];
                bytes.sample(&labels, count);
            }
        }
    }
    let mut failures = text.gauge("standfast_mirror_failures", "How often in a row a mirror was of no use.");
    known.mirrors.iter().for_each(|one| failures.sample(&[("mirror", &one.mirror)], one.failures));
    let mut spent =
        text.gauge("standfast_mirror_budget_spent", "1 while the budget of a metered mirror is spent.");
    for one in known.mirrors.iter().filter(|one| one.metered) {
        spent.sample(&[("mirror", &one.mirror)], u8::from(one.spent_until.is_some()));
    }
    let mut reachable =
        text.gauge("standfast_api_server_reachable", "1 if the API server answered when it was last asked.");
    known.is_reachable.iter().for_each(|is| reachable.sample(&[], u8::from(*is)));
    #[allow(
        clippy::cast_precision_loss,
        reason = "seconds of a clock that is behind by less than a few million years"
    )]
    let behind = known.behind.unwrap_or_default().max(behind as f64);
    text.gauge("standfast_clock_behind_seconds", "By how much the system's clock is known to be behind.")
        .sample(&[], behind);
}

fn changes(text: &mut Text, known: &Known) {
    let mut changed =
        text.counter("standfast_objects_changed", "Objects that were written, by what came of it.");
    known.changed.iter().for_each(|(outcome, count)| changed.sample(&[("outcome", outcome)], count));
    let mut drift = text.counter("standfast_drift", "What others did to our objects, and what became of it.");
    for ((change, answer), count) in &known.drift {
        drift.sample(&[("change", &change.to_string()), ("answer", &answer.to_string())], count);
    }
    let families = [
        ("standfast_revisions_refused", "Offers of a mirror that must not be run.", &known.revisions_refused),
        ("standfast_objects_refused", "Objects that were left as they are.", &known.objects_refused),
        ("standfast_errors", "What could not be done.", &known.errors),
    ];
    for (name, help, counts) in families {
        let mut family = text.counter(name, help);
        counts.iter().for_each(|(reason, count)| family.sample(&[("reason", reason)], count));
    }
}

fn passes(text: &mut Text, passes: &Durations) {
    let help = "How long passes took, from asking the mirrors to the last that came of it.";
    let mut family = text.histogram("standfast_pass_duration_seconds", help);
    for (end, count) in BUCKETS.iter().zip(passes.counts) {
        family.part("_bucket", &[("le", &format!("{end:?}"))], count);
    }
    family.part("_bucket", &[("le", "+Inf")], passes.count);
    family.part("_sum", &[], passes.sum);
    family.part("_count", &[], passes.count);
}

fn audit(text: &mut Text, log: &audit::Known) {
    let mut newest =
        text.gauge("standfast_audit_newest_record", "The number of the newest record of the audit log.");
    log.end.iter().for_each(|end| newest.sample(&[], end.number));
    text.gauge("standfast_audit_lost_records", "Records that could not be written since the log last could.")
        .sample(&[], log.lost);
}

fn report(text: &mut Text, outbox: &outbox::State) {
    text.gauge("standfast_report_pending", "1 while a status waits to be delivered.")
        .sample(&[], u8::from(outbox.is_pending));
    text.gauge("standfast_report_failures", "How often in a row the status could not be delivered.")
        .sample(&[], outbox.failures);
    let mut delivered =
        text.gauge("standfast_report_delivered_timestamp_seconds", "When a status was last delivered.");
    outbox.delivered.iter().for_each(|time| delivered.sample(&[], seconds(*time)));
}

/// Seconds since 1970, to the second: what changes at every look compresses badly.
fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}
