//! The story: what the site refuses. After each attack all must be as it was.

use super::fleet::{self, IMAGE, MINER, OBJECTS, TILL};
use super::repository::{Draft, Files};
use super::site::Booted;
use super::story::{Story, Till};
use super::{Error, Line};
use crate::model::CommitId;

/// Commits by somebody who may push, and holds no key that counts.
pub(super) async fn by_strangers<T: Fn(Line)>(
    story: &Story<'_, T>,
    booted: &mut Booted,
    files: &Files,
    second: CommitId,
) -> Result<(), Error> {
    story.chapter("Mallory gets hold of the git server, and wants her miner in the shops");
    let files = fleet::edited(files, TILL, IMAGE, MINER);
    let draft = Draft { files: &files, parent: Some(second), message: "pos: faster till" };
    let attacks = [
        ("a commit in Alice's name, unsigned", story.draft(draft, None)?, "Unsigned"),
        ("the same, signed by a key of Mallory's", story.draft(draft, Some(&story.mallory))?, "UnknownKey"),
    ];
    attempt(story, booted, &attacks).await?;
    story.repository.push(second)
}

/// Commits that Alice did sign, offered where they do not belong.
pub(super) async fn by_playing_back<T: Fn(Line)>(
    story: &Story<'_, T>,
    booted: &mut Booted,
    files: &Files,
    first: CommitId,
    second: CommitId,
) -> Result<(), Error> {
    story.chapter("Mallory tries with commits that Alice did sign");
    let draft = Draft { files, parent: Some(first), message: "pos: two tills, on another branch" };
    let attacks = [
        ("another branch, force-pushed over main", story.draft(draft, Some(&story.alice))?, "NotADescendant"),
        ("the first commit, played back", first, "MirrorBehind"),
    ];
    attempt(story, booted, &attacks).await?;
    story.repository.push(second)
}

/// Offers one commit after the other; each must be refused for its own reason, and nothing at all may change.
async fn attempt<T: Fn(Line)>(
    story: &Story<'_, T>,
    booted: &mut Booted,
    attacks: &[(&str, CommitId, &'static str)],
) -> Result<(), Error> {
    let accepted = booted.status().revision.accepted;
    let before = story.till().await?;
    for (how, commit, reason) in attacks {
        story.repository.push(*commit)?;
        let pass = story.pass(booted).await;
        pass.holds("the commit is refused, and for its own reason", pass.reason() == Some(reason))?;
        pass.holds("nothing is written", pass.done.is_empty() && pass.unchanged == OBJECTS)?;
        pass.holds("what was accepted before stays so", pass.status.revision.accepted == accepted)?;
        pass.holds("the site runs what it ran", before.is_some() && story.till().await? == before)?;
        pass.holds("the agent says why", pass.refused.is_some())?;
        let why = pass.refused.unwrap_or_default();
        // The mirror's name and the whole revision stand before it; here they are known.
        let why = why.split_once(&format!("{commit}: ")).map_or(why.as_str(), |(_, why)| why);
        story.refused(format!("{how}: {why}"));
    }
    if let Some(Till { replicas, image }) = before {
        story.plain(format!("The site still runs {replicas} tills of {image}."));
    }
    Ok(())
}
