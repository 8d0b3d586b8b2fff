//! The story: what the site refuses. After each attack all must be as it was.

use super::fleet::{self, MINER, OBJECTS, TILL};
use super::pass::Pass;
use super::repository::{Draft, Files};
use super::site::Booted;
use super::story::{Story, Till};
use super::{Error, Line};
use crate::model::CommitId;

/// Somebody who may push, but holds no key that counts.
pub(super) async fn nobody_signed<T: Fn(Line)>(
    story: &Story<'_, T>,
    booted: &mut Booted,
    files: &Files,
    second: CommitId,
) -> Result<(), Error> {
    story.chapter("Mallory got hold of the git server, and wants a miner in the shops");
    let files = fleet::edited(files, TILL, "registry.k8s.io/pause:3.10", MINER);
    let draft = Draft { files: &files, parent: Some(second), message: "pos: faster till" };
    let attempts = [
        ("unsigned", story.draft(draft, &story.alice, None)?, "Unsigned"),
        ("signed with her own key", story.draft(draft, &story.mallory, Some(&story.mallory))?, "UnknownKey"),
    ];
    for (how, commit, reason) in attempts {
        refuses(story, booted, commit, reason, how).await?;
    }
    story.repository.push(second)
}

/// Commits that Alice did sign, offered where they do not belong.
pub(super) async fn history_rewritten<T: Fn(Line)>(
    story: &Story<'_, T>,
    booted: &mut Booted,
    files: &Files,
    first: CommitId,
    second: CommitId,
) -> Result<(), Error> {
    story.chapter("Mallory tries with commits that Alice did sign");
    let draft = Draft { files, parent: Some(first), message: "pos: two tills, on a branch of their own" };
    let aside = story.draft(draft, &story.alice, Some(&story.alice))?;
    refuses(story, booted, aside, "NotADescendant", "another branch, force-pushed over main").await?;
    refuses(story, booted, first, "MirrorBehind", "the first commit, played back").await?;
    story.repository.push(second)
}

/// Offers a commit and checks that it is refused, and that nothing at all changed.
async fn refuses<T: Fn(Line)>(
    story: &Story<'_, T>,
    booted: &mut Booted,
    commit: CommitId,
    reason: &'static str,
    how: &str,
) -> Result<(), Error> {
    let accepted = booted.status().revision.accepted;
    let before: Option<Till> = story.till().await?;
    story.repository.push(commit)?;
    let pass: Pass = story.pass(booted).await;
    pass.holds("the commit is refused, and for its own reason", pass.reason() == Some(reason))?;
    pass.holds("nothing is written", pass.done.is_empty() && pass.unchanged == OBJECTS)?;
    pass.holds("what was accepted before stays so", pass.status.revision.accepted == accepted)?;
    pass.holds("the site runs what it ran", before.is_some() && story.till().await? == before)?;
    let Some(why) = &pass.refused else { return pass.holds("the agent says why", false) };
    // The mirror's name and the revision stand before it; they are known here.
    let why = why.split_once(&format!("{commit}: ")).map_or(why.as_str(), |(_, why)| why);
    story.refused(format!("{how}: {why}"));
    Ok(())
}
