//! The story: a release that crashes, and one whose image does not come.

use super::daemon::{Daemon, pos};
use super::fleet::{self, IMAGE, TILL};
use super::goes_on::{is_steady, release};
use super::repository::{Draft, Files};
use super::story::{Story, time};
use super::{Error, Line};
use crate::model::{ApplicationPhase, CommitId, SiteStatus};
use std::time::Duration;

/// How long a release may take to get healthy, in the story.
const DEADLINE: Duration = Duration::from_secs(4);
/// How long the story waits for an image: longer than that.
const WAIT: Duration = Duration::from_secs(5);
/// The image that does not come.
const LATE: &str = "registry.invalid/till:2";

/// A bad release undoes itself without a link, and is not tried again; the fix goes through at once.
pub(super) async fn bad<T: Fn(Line)>(
    story: &Story<'_, T>,
    daemon: &Daemon,
    files: &Files,
    parent: CommitId,
) -> Result<CommitId, Error> {
    story.chapter("The link is back, and Alice signs a release that crashes; then the link is cut again");
    if !story.space.is_real {
        story.plain(
            "This cluster runs nothing: that a pod crashes, or waits for its image, is played.".to_owned(),
        );
    }
    let crashing = behaving(&hasty(files), "crash-loop");
    let crashing = fleet::edited(&crashing, TILL, IMAGE, &format!("{IMAGE}\n        command: [/crash]"));
    let before = story.till().await?;
    let bad =
        release(story, daemon, Draft { files: &crashing, parent: Some(parent), message: "pos: new till" })
            .await?;
    story.link(false)?;
    let began = story.now();
    let status = daemon
        .until_status("the release is undone", |status| quarantined(status).is_some() && is_steady(status))
        .await?;
    let took = time(story.since(began));
    let why = quarantined(&status).unwrap_or_default();
    let runs = pos(&status).and_then(|pos| pos.revision.clone()).unwrap_or_default();
    daemon.holds("it was for the crashes", why.contains("crashes again and again"))?;
    daemon
        .holds("last-good runs again", !runs.ends_with(&bad.to_string()) && story.till().await? == before)?;
    daemon.holds("nothing of the release is left", story.command().await?.is_none())?;
    let is_floor = status.revision.accepted.is_some_and(|accepted| accepted.ends_with(&bad.to_string()));
    daemon.holds("what may come next is still only what follows it", is_floor)?;
    story.good(format!(
        "rolled back: the release had {} s to get healthy, and after {took} last-good runs, with no mirror to ask",
        DEADLINE.as_secs()
    ));
    // Its revision, and that it is not tried again, are told by the chapter.
    let why = why.split_once("not tried again: ").map_or(why.as_str(), |(_, why)| why);
    story.refused(format!("in quarantine: {why}"));

    story.chapter("The link is back, and Alice signs the fix: three tills");
    let files = fleet::edited(&hasty(files), TILL, "replicas: 2", "replicas: 3");
    let began = story.now();
    let fixed =
        release(story, daemon, Draft { files: &files, parent: Some(bad), message: "pos: the fix" }).await?;
    let is_good = |status: &SiteStatus| {
        let is_last_good =
            status.revision.last_good.as_deref().is_some_and(|good| good.ends_with(&fixed.to_string()));
        is_last_good && is_steady(status) && quarantined(status).is_none()
    };
    daemon.until_status("the fix is last-good", is_good).await?;
    daemon.holds("there are three tills", story.till().await?.is_some_and(|till| till.replicas == 3))?;
    let took = time(story.since(began));
    story.good(format!(
        "applied: commit {} is last-good {took} after it was signed; nothing had to be unlocked",
        fixed.short()
    ));
    Ok(fixed)
}

/// An image over a slow link is no bad release.
pub(super) async fn slow<T: Fn(Line)>(
    story: &Story<'_, T>,
    daemon: &Daemon,
    files: &Files,
    parent: CommitId,
) -> Result<(), Error> {
    story.chapter("Alice signs a release whose image takes its time");
    let files = fleet::edited(&hasty(files), TILL, "replicas: 2", "replicas: 3");
    let files = fleet::edited(&behaving(&files, "image-pull"), TILL, IMAGE, LATE);
    release(story, daemon, Draft { files: &files, parent: Some(parent), message: "pos: till 2" }).await?;
    let waits = |status: &SiteStatus| {
        let reason = pos(status).and_then(|pos| pos.reason.as_ref());
        reason.is_some_and(|reason| reason.code == "Waiting" && reason.message.contains(LATE))
    };
    daemon.until_status("it says what it waits for", waits).await?;
    tokio::time::sleep(WAIT).await;
    let status = daemon.until_status("it has told where it stands", |_| true).await?;
    let is_patient = pos(&status).is_some_and(|pos| pos.phase == ApplicationPhase::Settling);
    daemon.holds("it still waits", is_patient && waits(&status) && quarantined(&status).is_none())?;
    let live = story.till().await?;
    daemon.holds("the release stays", live.is_some_and(|till| till.image == LATE))?;
    story.good(format!(
        "patient: {} s have passed, the deadline of {} s stands still while {LATE} is pulled, and nothing is rolled back",
        WAIT.as_secs(),
        DEADLINE.as_secs()
    ));
    Ok(())
}

/// The same files with little time to get healthy.
fn hasty(files: &Files) -> Files {
    fleet::edited(
        files,
        "fleet.yaml",
        "deadline: 2m",
        &format!("deadline: {}s, quiet: 0s", DEADLINE.as_secs()),
    )
}

/// The same files with a till whose pods do this where nothing is run, or played: on clusters for tests.
fn behaving(files: &Files, behaviour: &str) -> Files {
    let labels = "labels: {app: till}}\n    spec";
    let annotated =
        format!("labels: {{app: till}}, annotations: {{testcluster/pod: {behaviour}}}}}\n    spec");
    fleet::edited(files, TILL, labels, &annotated)
}

fn quarantined(status: &SiteStatus) -> Option<String> {
    pos(status).and_then(|pos| pos.quarantined.clone())
}
