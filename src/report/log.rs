//! Moments as log lines: one INFO line for each change, the rest at DEBUG.

use super::Sink;
use crate::model::{Moment, SitePhase, SiteStatus, Trouble};
use std::sync::{Mutex, PoisonError};
use tracing::{debug, info, warn};

/// Writes to the log what the daemon does.
#[derive(Debug, Default)]
pub struct Log {
    phase: Mutex<Option<SitePhase>>,
}

impl Sink for Log {
    fn moment(&self, moment: &Moment) {
        match moment {
            Moment::Fetching | Moment::Progress { .. } | Moment::Intending(_) => {}
            Moment::Fetched { mirror, commits: 0, bytes } => debug!(%mirror, bytes, "nothing new"),
            Moment::Fetched { mirror, commits, bytes } => {
                info!(%mirror, commits, bytes, "new commits offered")
            }
            Moment::Unreachable(trouble) => tell(trouble, "no mirror answered"),
            Moment::Checked(commit, verification) => debug!(%commit, %verification, "commit checked"),
            Moment::Accepted { revision, signer, is_beginning } => {
                info!(%revision, %signer, is_beginning, "revision accepted")
            }
            Moment::Refused(trouble) => tell(trouble, "revision refused"),
            Moment::Rendered { revision, applications, objects, notes } => {
                debug!(%revision, applications, objects, ?notes, "rendered");
            }
            Moment::RenderFailed(revision, Trouble { reason, message, .. }) => {
                warn!(%revision, reason, why = %message, "cannot render");
            }
            Moment::Applied(set) | Moment::Pruned(set) => {
                for done in &set.done {
                    info!(object = %done.key, application = %done.application, "{}", done.outcome);
                }
                for refused in &set.refused {
                    warn!(
                        application = refused.application.as_deref(),
                        reason = refused.reason.as_str(),
                        "{}",
                        refused.message
                    );
                }
            }
            Moment::Drifted(drift) => {
                let (object, by) = (&drift.key, drift.by.join(", "));
                let fields: Vec<_> = drift.changes.iter().map(|change| change.path.as_str()).collect();
                warn!(%object, application = %drift.application, %by, ?fields, "{} and {}", drift.kind, drift.answer);
            }
            Moment::Acted(act) => info!(uid = act.uid, "ordered: {}", act.what),
            Moment::Judged(worst, looked) => debug!(%worst, not_current = looked.len(), "health"),
            Moment::LastGood(revision) => info!(%revision, "last-good"),
            Moment::Failed(trouble) => tell(trouble, "failed"),
            Moment::Note(note) => warn!("{note}"),
        }
    }

    fn status(&self, status: &SiteStatus) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if phase.replace(status.phase) != Some(status.phase) {
            let reason = status.reason.as_ref().map(|reason| reason.code.as_str());
            info!(site = %status.site, phase = ?status.phase, reason, "phase");
        }
    }
}

fn tell(trouble: &Trouble, what: &str) {
    warn!(reason = trouble.reason, why = %trouble.message, "{what}");
}
