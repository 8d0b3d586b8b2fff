//! The mirrors, each by itself: is it there, may we in, does it have the ref, how far is it.

use super::{Finding, Part};
use crate::agent::clock::Clock;
use crate::config::Settings;
use crate::model::{ChainEnd, CommitChain, Facts, explain};
use crate::oneshot::look::Scratch;
use crate::source::{Error, Git, MirrorSettings, Source, Want};
use futures::future::join_all;
use std::collections::BTreeSet;

/// Asks every mirror, all at the same time. What they send is kept beside the agent's objects, and removed again.
pub(super) async fn look(settings: &Settings, facts: &Facts, clock: &Clock) -> Vec<Finding> {
    join_all(settings.source.mirrors.iter().map(|mirror| ask(settings, mirror, facts, clock))).await
}

async fn ask(settings: &Settings, mirror: &MirrorSettings, facts: &Facts, clock: &Clock) -> Finding {
    let (part, name) = (Part("link"), mirror.to_string());
    let scratch = match Scratch::beside(&settings.source.objects) {
        Ok(scratch) => scratch,
        Err(trouble) => return part.bad(name, trouble.message, "make room in the folder of temporary files"),
    };
    let mut source = settings.source.clone();
    scratch.path().clone_into(&mut source.objects);
    source.mirrors = vec![mirror.clone()];
    let base = facts.floor.as_ref().map(|floor| floor.revision.commit).or(settings.trust.pin);
    let ref_name = settings.ref_name.clone();
    let want = Want { ref_name, base, refused: BTreeSet::new(), is_ordered: true };
    let offer = match Git::start(source, clock.for_tls()) {
        Ok(git) => git.advance(&want).await,
        Err(error) => Err(error),
    };
    match offer {
        Ok(chain) => judge(part, name, &want, &chain),
        Err(error) => refused(part, name, mirror, &error),
    }
}

fn judge(part: Part, name: String, want: &Want, chain: &CommitChain) -> Finding {
    let bytes = chain.traffic.up + chain.traffic.down;
    let at = format!("it has {} ({bytes} bytes)", chain.revision);
    let new = chain.commits.len();
    match (chain.end, want.base) {
        (_, None) => part.ok(name, format!("{at}; nothing was accepted here yet")),
        (ChainEnd::Base(_), _) if new == 0 => part.ok(name, format!("{at}, which this site accepted")),
        (ChainEnd::Base(_), _) => part.ok(name, format!("{at}, {new} commits above what this site accepted")),
        _ => {
            let seen = format!("{at}, which does not descend from what this site accepted");
            let to_do = "if it only lags behind, nothing; if its history was rewritten, put it back (standfast verify says more)";
            part.warn(name, seen, to_do)
        }
    }
}

/// A stick that is not in its slot is as it should be.
fn refused(part: Part, name: String, mirror: &MirrorSettings, error: &Error) -> Finding {
    if let MirrorSettings::Local { path } = mirror
        && !path.exists()
    {
        return part.warn(name, "it is not there", "plug it in if it should be");
    }
    let Error::Mirrors { failures } = error else {
        return part.bad(name, explain(error), "see the disk, and the log of the agent");
    };
    let Some(failure) = failures.first() else { return part.bad(name, explain(error), "name a mirror") };
    // The way out stands behind the reason, as in every error of a mirror.
    let words = failure.error.to_string();
    let (seen, to_do) = words.split_once("; ").unwrap_or((&words, "check the link and the mirror"));
    let cause = std::error::Error::source(&failure.error).map(|cause| format!(": {}", explain(cause)));
    part.bad(name, format!("{seen}{}", cause.unwrap_or_default()), to_do)
}
