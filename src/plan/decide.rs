//! What is to be done for one object, without asking the server.

use super::baseline::{each_taken, has_drifted, taken};
use super::compare::{is_secret, show};
use super::fields::{Element, Path, pointer};
use super::ownership::whose;
use super::refusal::not_ours;
use crate::model::{Baseline, Change, Digest, InventoryEntry, Live, Object, OwnerLabel, Refusal};
use serde_json::Value;
use std::collections::BTreeSet;

/// Most drifted fields that are shown of one object.
const MAX_CHANGES: usize = 40;

/// What is to be done for one object of the desired set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is not there: write it, refusing if it is there after all (then decide again).
    Create,
    /// It is as our last apply left it, and that is what is desired: nothing is to be done, nothing to be asked.
    Unchanged,
    /// The manifest changed, or what we last applied is not known: the server judges, by a dry-run without force.
    Judge,
    /// Somebody changed our fields, and the manifest is the one last applied: write it with force. All its fields were applied
    /// before, so force takes nothing that was not ours.
    Heal {
        /// The fields that differ, from their value to ours.
        changes: Vec<Change>,
        /// Who took them, as far as the managed fields tell, each once.
        by: Vec<String>,
    },
    /// It is being deleted: what is desired can be made when it is gone.
    Wait,
    /// It is there and not ours.
    Refuse(Refusal),
}

/// Decides for one object. `desired` is dressed, `digest` is its digest, `live` what the cluster holds under its key, `entry`
/// what the inventory says.
pub fn decide(
    desired: &Object,
    digest: Digest,
    live: Option<&Live>,
    entry: Option<&InventoryEntry>,
    application: &str,
    owner: &OwnerLabel,
) -> Decision {
    let Some(live) = live else { return Decision::Create };
    if live.is_terminating() {
        return Decision::Wait;
    }
    if let Some(refusal) = not_ours(application, &desired.key(), &whose(live, owner, entry)) {
        return Decision::Refuse(refusal);
    }
    match entry.and_then(|entry| entry.baseline.as_ref()).filter(|baseline| baseline.desired == digest) {
        None => Decision::Judge,
        Some(baseline) if has_drifted(live, baseline) => {
            Decision::Heal { changes: drift(desired, live, baseline), by: takers(live, baseline) }
        }
        Some(_) => Decision::Unchanged,
    }
}

/// Who took fields of ours.
fn takers(live: &Live, baseline: &Baseline) -> Vec<String> {
    let names: BTreeSet<String> = taken(live, baseline).into_iter().filter_map(|taken| taken.by).collect();
    names.into_iter().collect()
}

/// What drifted, as changes from the live value to the manifest's. Empty where only a value that the server works out differs.
fn drift(desired: &Object, live: &Live, baseline: &Baseline) -> Vec<Change> {
    let is_secret = is_secret(&live.gvk);
    let mut changes = Vec::new();
    let manifest = desired.value();
    each_taken(live, baseline, &mut |path| {
        if changes.len() < MAX_CHANGES {
            let at = pointer(path, &live.value);
            let from = lookup(&live.value, path, false).map(|value| show(&at, value, is_secret));
            let to = lookup(&manifest, path, true).or_else(|| plain(&manifest, path).filter(|_| is_secret));
            let to = to.map(|value| show(&at, value, is_secret));
            changes.push(Change { path: at, from, to });
        }
    });
    // A field that was taken and given the same value by both is no change to show.
    changes.retain(|change| change.from != change.to || change.from.as_deref() == Some("***"));
    changes
}

/// A Secret's data as its manifest may have it in plain text.
fn plain<'v>(manifest: &'v Value, path: &Path<'_>) -> Option<&'v Value> {
    let ["f:data", key] = path else { return None };
    manifest.get("stringData")?.get(key.strip_prefix("f:")?)
}

fn lookup<'v>(root: &'v Value, path: &Path<'_>, is_manifest: bool) -> Option<&'v Value> {
    path.iter().try_fold(root, |at, raw| {
        let element = Element::parse(raw)?;
        if element == Element::Nothing {
            return Some(at);
        }
        if is_manifest { element.first_written(at) } else { element.first(at) }
    })
}
