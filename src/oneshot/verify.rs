//! Proves what the mirrors offer, commit by commit, and changes nothing.

use crate::agent::Agent;
use crate::model::explain;
use crate::model::status::Reason;
use crate::model::{Classify, Trouble};
use crate::reconcile::Event;
use crate::trust::{self, Base, Verdict};
use serde::Serialize;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The mirror that answered, without credentials.
    pub mirror: String,
    /// The revision that it offers.
    pub revision: String,
    /// Above which commit everything must be proven: what the site accepted last, or its pin; none for a new site.
    pub base: Option<String>,
    /// Every commit that was looked at, the tip first.
    pub commits: Vec<Line>,
    /// Whether the site would accept it, or has already.
    pub accepted: bool,
    /// Why it would not.
    pub refused: Option<Reason>,
}

/// One commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Its id.
    pub commit: String,
    /// Whether it counts as signed.
    pub good: bool,
    /// What became of its signature, in words.
    pub verification: String,
}

/// Asks the mirrors and judges what they offer.
pub async fn verify(agent: &mut Agent) -> Result<Report, Trouble> {
    if let Event::FetchFailed(trouble) = agent.fetch().await {
        return Err(trouble);
    }
    let Some(chain) = agent.take_chain() else { return Err(super::plan::nothing()) };
    let (base, clock) = (agent.base(), agent.trusted_clock());
    let checks = trust::explain(&chain, agent.verifier.as_ref(), &clock);
    let verdict = trust::judge(&chain, base, agent.verifier.as_ref(), &clock);
    let line = |commit: &crate::model::CommitId, good, verification| Line {
        commit: commit.to_string(),
        good,
        verification,
    };
    let commits = checks.iter().map(|(commit, checked)| match checked {
        Ok(checked) => line(commit, checked.verification.is_good(), checked.verification.to_string()),
        Err(error) => line(commit, false, explain(error)),
    });
    let refused = match &verdict {
        Verdict::Refused(refusal) => Some(Reason {
            code: Classify::reason(refusal).to_owned(),
            message: format!("{refusal}; {}", refusal.reason.hint()),
        }),
        Verdict::Accepted(_) | Verdict::Unchanged => None,
    };
    Ok(Report {
        mirror: chain.mirror,
        revision: chain.revision.to_string(),
        base: match base {
            Base::Floor(commit) | Base::Pin(commit) => Some(commit.to_string()),
            Base::Nothing => None,
        },
        commits: commits.collect(),
        accepted: refused.is_none(),
        refused,
    })
}
