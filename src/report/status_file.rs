//! The status as a file, for the `status` command and for whoever watches it.

use super::Sink;
use crate::model::{Moment, SiteStatus};
use crate::store::durable::{self, RealDisk};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Everybody on the machine may read the status; there is no secret in it.
const READABLE: u32 = 0o644;

/// Writes `status.json` whenever the status says something new. The time at which it was made is not news.
#[derive(Debug)]
pub struct StatusFile {
    path: PathBuf,
    last: Mutex<Option<SiteStatus>>,
}

impl StatusFile {
    /// A status file at `path`, in a folder that exists.
    pub fn new(path: PathBuf) -> Self {
        Self { path, last: Mutex::new(None) }
    }
}

impl Sink for StatusFile {
    fn moment(&self, _: &Moment) {}

    fn status(&self, status: &SiteStatus) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = last
            .as_ref()
            .is_none_or(|last| SiteStatus { updated: status.updated.clone(), ..last.clone() } != *status);
        if !is_news {
            return;
        }
        let written = serde_json::to_vec(status)
            .map_err(std::io::Error::other)
            .and_then(|text| durable::write_atomic(&RealDisk, &self.path, &text, READABLE));
        match written {
            Ok(()) => *last = Some(status.clone()),
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "cannot write the status file"),
        }
    }
}
