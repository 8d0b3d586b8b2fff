//! A sink that remembers, for tests.

use super::Sink;
use crate::model::{Moment, SiteStatus};
use std::sync::{Arc, Mutex, PoisonError};

/// Everything it was told, in order. Clones share one memory.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<(Vec<Moment>, Option<SiteStatus>)>>);

impl Memory {
    /// The moments so far, which are forgotten by this.
    pub fn take(&self) -> Vec<Moment> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// The last status.
    pub fn last(&self) -> Option<SiteStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

impl Sink for Memory {
    fn moment(&self, moment: &Moment) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.push(moment.clone());
    }

    fn status(&self, status: &SiteStatus) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(status.clone());
    }
}
