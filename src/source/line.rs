//! What is asked of any source, whichever it is.

use super::{Error, Source, Want, chain, ids};
use crate::model::{CommitChain, CommitId, Trouble};
use std::collections::BTreeSet;

/// What the mirrors say. `None` if that is nothing: it is nobody's time, for those that are left cost money, or all that they have was
/// refused before.
pub async fn ask(source: &dyn Source, want: &Want) -> Result<Option<CommitChain>, Trouble> {
    match source.advance(want).await {
        Ok(chain) => Ok(Some(chain).filter(|chain| !want.refused.contains(&chain.revision.commit))),
        Err(Error::NotDue { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A commit and its ancestors by first parents, as far as they are on disk, and not more than `most`: by them a mirror that lags is told
/// from a history that was rewritten. One that cannot be read ends the line.
pub async fn line(source: &dyn Source, commit: CommitId, most: usize) -> Vec<CommitId> {
    let mut line = vec![commit];
    let mut next = Some(commit);
    while let Some(commit) = next.filter(|_| line.len() <= most) {
        let Ok(Some(raw)) = source.recall(&commit).await else { break };
        next = chain::first_parent(&raw.bytes).map(|parent| ids::commit(&parent));
        line.extend(next);
    }
    line
}

/// Keeps these revisions. Where that fails, old packs stay until the next time.
pub async fn retain(source: &dyn Source, revisions: &BTreeSet<CommitId>) {
    if let Err(error) = source.retain(revisions).await {
        tracing::warn!(%error, "old packs stay");
    }
}
