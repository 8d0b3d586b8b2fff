//! The sum over many verdicts.

use super::{is_settled, severity, worst};
use crate::model::{Health, HealthStatus};
use std::fmt;

/// Most unhealthy objects that a roll-up names.
const MAX_NAMED: usize = 10;

/// The health of many objects, small however many they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RollUp {
    worst: Option<Health>,
    total: usize,
    current: usize,
    named: Vec<HealthStatus>,
}

impl fmt::Display for RollUp {
    /// The worst object and how many others are not Current; empty if all are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.named.first() else { return Ok(()) };
        write!(f, "{}: {}", first.key, first.message)?;
        match self.unsettled() {
            1 => Ok(()),
            all => write!(f, " (and {} more)", all - 1),
        }
    }
}

impl RollUp {
    /// Counts one object in.
    pub fn add(&mut self, status: HealthStatus) {
        self.total += 1;
        self.worst = Some(worst(self.worst.into_iter().chain([status.health])));
        if is_settled(status.health) {
            self.current += 1;
            return;
        }
        // The worst come first, and what is named is bounded.
        let place = self.named.partition_point(|other| severity(other.health) >= severity(status.health));
        self.named.insert(place, status);
        self.named.truncate(MAX_NAMED);
    }

    /// The worst health; Current if there is nothing.
    pub fn worst(&self) -> Health {
        self.worst.unwrap_or(Health::Current)
    }

    /// Whether every object is Current.
    pub fn is_settled(&self) -> bool {
        self.current == self.total
    }

    /// How many objects are not Current.
    pub fn unsettled(&self) -> usize {
        self.total - self.current
    }

    /// How many objects were counted.
    pub fn total(&self) -> usize {
        self.total
    }

    /// Some that are not Current, the worst first.
    pub fn named(&self) -> &[HealthStatus] {
        &self.named
    }
}
