//! What a person orders.

use super::event::{Effect, Order, Target};
use super::site::{News, Site};
use super::step::Moment;
use super::work;
use crate::model::Quarantine;

/// Why what a person went back from is not tried again.
const LEFT: &str = "a person went back from it";

/// Carries out an order.
pub(super) fn obey(site: &mut Site, order: Order, at: Moment<'_>) -> Vec<Effect> {
    match order {
        Order::Sync => {
            ask_now(site, at);
            super::news::tick(site, at)
        }
        Order::Retry(name) => retry(site, name.as_deref()),
        Order::Suspend(suspension) => {
            site.suspended = Some(suspension);
            vec![Effect::Remember]
        }
        Order::Resume => {
            site.suspended = None;
            ask_now(site, at);
            vec![Effect::Remember]
        }
        Order::Rollback(targets) => rollback(site, targets),
    }
}

fn ask_now(site: &mut Site, at: Moment<'_>) {
    if matches!(site.news, News::Resting { .. }) {
        site.failures = 0;
        site.news = News::Resting { until: at.now };
    }
}

fn retry(site: &mut Site, name: Option<&str>) -> Vec<Effect> {
    for (_, application) in
        site.applications.iter_mut().filter(|(own, _)| name.is_none_or(|name| name == *own))
    {
        application.quarantine = None;
        application.spent = std::time::Duration::ZERO;
        application.release();
    }
    site.setback = None;
    if site.rendered.is_none() {
        return vec![Effect::Remember];
    }
    work::begin(site)
}

fn rollback(site: &mut Site, targets: Vec<Target>) -> Vec<Effect> {
    for target in targets {
        let Some(application) = site.applications.get_mut(&target.name) else { continue };
        let left = application.target.clone().filter(|(_, digest)| *digest != target.content.1);
        if let Some((revision, digest)) = left {
            application.quarantine = Some(Quarantine { digest, revision, reason: LEFT.to_owned() });
        }
        application.last_good = Some(target.content);
        application.release();
    }
    if site.rendered.is_none() {
        return vec![Effect::Remember];
    }
    work::begin(site)
}
