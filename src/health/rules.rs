//! How an application's objects are judged.

use super::expressions::Compiled;
use super::probe::{Finding, Probe};
use super::{addresses, by_kind, generic, status};
use crate::model::{Application, Desired, Health, HealthStatus, Live};
use std::collections::BTreeMap;

/// What an application asks for beyond the rules of the kinds.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Whether balancers, ingresses and gateways must have an address.
    waits_for_addresses: bool,
    /// By group and kind; what is wrong with a check that cannot be read.
    checks: BTreeMap<(String, String), Result<Compiled, String>>,
}

/// The rules of each application, by name.
#[derive(Debug, Clone, Default)]
pub struct RuleBook(BTreeMap<String, Rules>);

impl RuleBook {
    /// Those of all that is desired.
    pub fn of(desired: &Desired) -> Self {
        let all = desired.applications.iter().map(|one| &one.application);
        Self(all.map(|application| (application.name.clone(), Rules::of(application))).collect())
    }

    /// Judges a live object of an application; one that is not desired has no rules of its own.
    pub fn judge(&self, application: &str, live: &Live) -> HealthStatus {
        self.0.get(application).map_or_else(|| Rules::default().judge(live), |rules| rules.judge(live))
    }
}

impl Rules {
    /// What this application asks for.
    pub fn of(application: &Application) -> Self {
        let checks = application.checks.iter();
        let compiled = checks.map(|check| ((check.group.clone(), check.kind.clone()), Compiled::of(check)));
        Self { waits_for_addresses: application.waits_for_addresses, checks: compiled.collect() }
    }

    /// Judges a live object.
    pub fn judge(&self, live: &Live) -> HealthStatus {
        let probe = Probe::new(&live.value);
        let check = self.checks.get(&(live.gvk.group.clone(), live.gvk.kind.clone()));
        let finding = generic::first(probe).unwrap_or_else(|| match check {
            Some(Ok(check)) => check.judge(&live.value, probe),
            Some(Err(why)) => unreadable(why),
            None => generic::conditions(probe).unwrap_or_else(|| by_kind(live, probe)),
        });
        status(live, self.and_its_address(live, probe, finding))
    }

    fn and_its_address(&self, live: &Live, probe: Probe<'_>, finding: Finding) -> Finding {
        if !self.waits_for_addresses || finding.health != Health::Current {
            return finding;
        }
        addresses::missing(live, probe).unwrap_or(finding)
    }
}

fn unreadable(why: &str) -> Finding {
    Finding { health: Health::Unknown, message: format!("its check cannot be read: {why}") }
}
