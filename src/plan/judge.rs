//! What is to be done for one object, by the server's answer to a dry-run.

use super::baseline;
use super::compare::changes;
use super::fields::{Fields, escape, leaves, spell};
use super::managed;
use super::refusal::{clip, conflict, immutable, refused};
use crate::model::{Application, Baseline, Change, Digest, InventoryEntry, Live, Object, Refusal};
use serde_json::Value;
use std::collections::BTreeSet;

/// Most fields that are named where only ownership changes.
const MAX_NAMED: usize = 5;

/// The server's answer to an apply, or to a dry-run of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer<'a> {
    /// It is so, or would be.
    Live(&'a Live),
    /// Other managers own fields that differ: manager and field, as the server writes it.
    Conflict(&'a [(&'a str, &'a str)]),
    /// A field that cannot be changed differs; the server's words.
    Immutable(&'a str),
    /// The namespace or the kind is not there; the server's words.
    NoPlace(&'a str),
    /// The server refused the object; its words.
    Refused(&'a str),
}

/// What was asked, and about what.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The dressed manifest.
    pub desired: &'a Object,
    /// Its digest.
    pub digest: Digest,
    /// The live object that was decided on.
    pub live: &'a Live,
    /// What the inventory says about it.
    pub entry: Option<&'a InventoryEntry>,
    /// Its application.
    pub application: &'a Application,
    /// Whether the dry-run was made with force.
    pub is_forced: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: the cluster holds what the manifest says, and we own what we should. This is its baseline.
    Unchanged(Baseline),
    /// Write it.
    Configure {
        /// What changes.
        changes: Vec<Change>,
        /// Whether with force: all conflicts are on fields that we applied before.
        force: bool,
    },
    /// All conflicts are on fields that we applied before, so they are drift: make the dry-run again, with force.
    AskWithForce,
    /// The object changed between being read and being judged: read it again and decide anew.
    Stale,
    /// Delete it and make it anew.
    Recreate {
        /// The server's words on what cannot be changed.
        why: String,
    },
    /// The server cannot judge it before something else is there; its words.
    NotYet(String),
    /// Leave it.
    Refuse(Refusal),
}

/// Judges one object by the server's answer to the dry-run.
pub fn judge(case: &Case<'_>, answer: &Answer<'_>) -> Verdict {
    let name = case.application.name.as_str();
    let key = case.desired.key();
    match answer {
        Answer::Live(result) => written(case, result),
        Answer::Conflict(conflicts) => {
            let ours = applied_before(case);
            let foreign: Vec<_> =
                conflicts.iter().copied().filter(|(_, field)| !ours.contains(*field)).collect();
            match foreign.is_empty() {
                true if !case.is_forced => Verdict::AskWithForce,
                true => Verdict::Refuse(conflict(name, &key, conflicts)),
                false => Verdict::Refuse(conflict(name, &key, &foreign)),
            }
        }
        Answer::Immutable(why) if case.application.recreate.contains(&key.kind) => {
            Verdict::Recreate { why: (*why).to_owned() }
        }
        Answer::Immutable(why) => Verdict::Refuse(immutable(name, &key, why)),
        Answer::NoPlace(why) => Verdict::NotYet((*why).to_owned()),
        Answer::Refused(why) => {
            let refusal = refused(name, case.desired, &Answer::Refused(why));
            refusal.map_or(Verdict::Stale, Verdict::Refuse)
        }
    }
}

/// The server would write it: is there anything to write?
fn written(case: &Case<'_>, result: &Live) -> Verdict {
    let is_same_state =
        result.uid() == case.live.uid() && result.resource_version() == case.live.resource_version();
    if !is_same_state {
        return Verdict::Stale;
    }
    let mut changes = changes(case.live, result);
    if changes.is_empty() {
        changes.extend(ownership_change(case.live, result));
    }
    let baseline = baseline::take(result, case.desired, case.digest).filter(|_| changes.is_empty());
    baseline.map_or(Verdict::Configure { changes, force: case.is_forced }, Verdict::Unchanged)
}

/// The fields that we applied before, as the server spells them in conflicts. What is compared is the spelling: reading it
/// back would be ambiguous, for the names of labels and annotations hold dots.
fn applied_before(case: &Case<'_>) -> BTreeSet<String> {
    let mut ours = BTreeSet::new();
    let mut add = |fields: &Fields| {
        // A malformed set adds fewer fields, which refuses more.
        let _ = leaves(fields, &mut Vec::new(), &mut |path| {
            ours.insert(spell(path));
        });
    };
    managed::ours(case.live).into_iter().for_each(&mut add);
    let recorded = case.entry.and_then(|entry| entry.baseline.as_ref());
    let recorded = recorded.and_then(|baseline| serde_json::from_str::<Fields>(&baseline.fields).ok());
    recorded.iter().for_each(&mut add);
    ours
}

/// Where no value differs, but which fields are ours does: a field that we stop to apply must be given up, and one that
/// happens to have our value already must become ours.
fn ownership_change(before: &Live, after: &Live) -> Option<Change> {
    let none = Fields::new();
    let before = managed::ours(before).unwrap_or(&none);
    let after = managed::ours(after).unwrap_or(&none);
    if before == after {
        return None;
    }
    let (before, after) = (named(before), named(after));
    let list = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        let mut names: Vec<_> = one.difference(other).map(|name| clip(name, 80)).collect();
        let more = names.len().saturating_sub(MAX_NAMED);
        names.truncate(MAX_NAMED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        (!names.is_empty()).then(|| Value::from(names).to_string())
    };
    let path = format!("/metadata/{}", escape("managedFields"));
    Some(Change { path, from: list(&before, &after), to: list(&after, &before) })
}

fn named(fields: &Fields) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let _ = leaves(fields, &mut Vec::new(), &mut |path| {
        names.insert(spell(path));
    });
    names
}
