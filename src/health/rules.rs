//! How an application's objects are judged.

use super::probe::{Finding, Probe};
use super::{addresses, by_kind, generic, status};
use crate::model::{Application, Health, HealthStatus, Live};

/// What an application asks for beyond the rules of the kinds.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Whether balancers, ingresses and gateways must have an address.
    waits_for_addresses: bool,
}

impl Rules {
    /// What this application asks for.
    pub fn of(application: &Application) -> Self {
        Self { waits_for_addresses: application.waits_for_addresses }
    }

    /// Judges a live object.
    pub fn judge(&self, live: &Live) -> HealthStatus {
        let probe = Probe::new(&live.value);
        let finding = generic::first(probe).unwrap_or_else(|| by_kind(live, probe));
        status(live, self.and_its_address(live, probe, finding))
    }

    fn and_its_address(&self, live: &Live, probe: Probe<'_>, finding: Finding) -> Finding {
        if !self.waits_for_addresses || finding.health != Health::Current {
            return finding;
        }
        addresses::missing(live, probe).unwrap_or(finding)
    }
}
