//! The story: the agent runs for good, and others do what they do.

use super::daemon::{Daemon, pos};
use super::repository::{Draft, Files};
use super::story::{Story, time};
use super::{Error, Line, releases};
use crate::model::{CommitId, Drift, DriftAnswer, DriftKind, SitePhase, SiteStatus};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;

/// Who edits by hand.
const SOMEBODY: &str = "kubectl-edit";

/// All that happens from here on, after a commit with these files.
pub(super) async fn tell<T: Fn(Line)>(
    story: &Story<'_, T>,
    files: &Files,
    parent: CommitId,
) -> Result<(), Error> {
    let daemon = story.site.start()?;
    edited(story, &daemon).await?;
    cut_off(story, &daemon).await?;
    let daemon = power_cut(story, daemon).await?;
    let fixed = releases::bad(story, &daemon, files, parent).await?;
    releases::slow(story, &daemon, files, fixed).await?;
    story.wrote(daemon.cut().await);
    Ok(())
}

/// What somebody changes is undone at once, and told with the name.
async fn edited<T: Fn(Line)>(story: &Story<'_, T>, daemon: &Daemon) -> Result<(), Error> {
    story.chapter("From here on the agent stays, and somebody edits the till by hand");
    daemon.until_status("the site is steady", is_steady).await?;
    let drift = scale(story, daemon, 7).await?;
    let changes: Vec<_> = drift.0.changes.iter().map(|change| change.path.as_str()).collect();
    daemon.holds("the one field is named", changes == ["/spec/replicas"])?;
    story.good(format!(
        "healed: 7 tills are 2 again in {}; it was {SOMEBODY} who changed spec.replicas",
        time(drift.1)
    ));
    Ok(())
}

/// Without a link healing goes on.
async fn cut_off<T: Fn(Line)>(story: &Story<'_, T>, daemon: &Daemon) -> Result<(), Error> {
    story.chapter("The link is cut, and somebody deletes the service");
    story.link(false)?;
    daemon.sync().await?;
    daemon.until_status("the mirror is away", |status| status.link.reason.is_some()).await?;
    let began = story.now();
    story.space.delete("v1", "Service", "till").await?;
    let key = story.space.address("v1", "Service", "till");
    let drift = daemon.until_drift("the deletion is found", &key).await?;
    let is_undone = drift.kind == DriftKind::Deleted && drift.answer == DriftAnswer::Healed;
    let is_back = story.space.get("v1", "Service", "till").await?.is_some();
    daemon.holds("the service is back", is_undone && is_back)?;
    story.good(format!("healed: {key} is back in {}, with no mirror to ask", time(story.since(began))));
    Ok(())
}

/// After a power cut it is back at once, from its own disk.
async fn power_cut<T: Fn(Line)>(story: &Story<'_, T>, daemon: Daemon) -> Result<Daemon, Error> {
    story.chapter("The power is cut, and while the site is dark somebody edits the till again");
    story.wrote(daemon.cut().await);
    story.space.edit(SOMEBODY, "apps/v1", "Deployment", "till", &json!({"spec": {"replicas": 9}})).await?;
    let began = story.now();
    let daemon = story.site.start()?;
    let took = healed(story, &daemon, began).await?.1;
    let status = daemon.until_status("the site is steady", is_steady).await?;
    daemon.holds("the mirror is still away", status.link.reason.is_some() || status.link.mirror.is_none())?;
    story.good(format!(
        "booted from its own disk, and 9 tills are 2 again {} after power came back",
        time(took)
    ));
    Ok(daemon)
}

/// Somebody sets the number of tills.
async fn scale<T: Fn(Line)>(
    story: &Story<'_, T>,
    daemon: &Daemon,
    tills: u64,
) -> Result<(Drift, Duration), Error> {
    let began = story.now();
    story
        .space
        .edit(SOMEBODY, "apps/v1", "Deployment", "till", &json!({"spec": {"replicas": tills}}))
        .await?;
    healed(story, daemon, began).await
}

/// Waits until the number of tills is right again.
async fn healed<T: Fn(Line)>(
    story: &Story<'_, T>,
    daemon: &Daemon,
    began: Timestamp,
) -> Result<(Drift, Duration), Error> {
    let key = story.space.address("apps/v1", "Deployment", "till");
    let drift = daemon.until_drift("the edit is found", &key).await?;
    let took = story.since(began);
    daemon.holds("who did it is told", drift.by == [SOMEBODY] && drift.answer == DriftAnswer::Healed)?;
    daemon.holds("there are two tills", story.till().await?.is_some_and(|till| till.replicas == 2))?;
    Ok((drift, took))
}

/// Whether all applications are steady.
pub(super) fn is_steady(status: &SiteStatus) -> bool {
    status.phase == SitePhase::Steady && pos(status).is_some()
}

/// A commit that Alice signs and pushes, and that the site is told to ask for.
pub(super) async fn release<T: Fn(Line)>(
    story: &Story<'_, T>,
    daemon: &Daemon,
    draft: Draft<'_>,
) -> Result<CommitId, Error> {
    story.link(true)?;
    let commit = story.commit(draft)?;
    daemon.sync().await?;
    daemon.until_status("the commit is applied", |status| is_applied(status, commit)).await?;
    Ok(commit)
}

fn is_applied(status: &SiteStatus, commit: CommitId) -> bool {
    status.revision.applied.as_deref().is_some_and(|applied| applied.ends_with(&commit.to_string()))
}
