//! What happened here to what runs, and what a person can go back to: from the audit log and the facts, with no agent and no network.

use super::audit;
use crate::config::Settings;
use crate::model::{Facts, Trouble};
use crate::report::audit::Record;
use crate::store;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The site's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// What happened, oldest first.
    pub happened: Vec<Happening>,
    /// What a person can go back to, newest first.
    pub pinned: Vec<Pinned>,
}

/// One thing that happened to what runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Happening {
    /// The number of its record in the audit log.
    pub record: u64,
    /// When.
    pub time: Timestamp,
    /// What.
    pub what: What,
    /// The revision that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The revision that was left for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The applications that it is about; none where it is about all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<String>,
    /// Who did it: the signer of a revision, the user who gave an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// More about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// A revision was proven, and is what the site follows.
    Accepted,
    /// Objects were written.
    Applied,
    /// What left the fleet was deleted.
    Pruned,
    /// A revision got steady as a whole.
    LastGood,
    /// An application went back to what was last-good.
    WentBack,
    /// A person gave an order.
    Ordered,
}

/// A revision that is kept so that a person can go back to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// The revision.
    pub revision: String,
    /// Whether it is last-good.
    pub is_last_good: bool,
    /// Whether it is what the site follows.
    pub is_accepted: bool,
}

/// The newest `most` things that happened since a moment.
pub fn history(settings: &Settings, since: Option<Timestamp>, most: usize) -> Result<History, Trouble> {
    let mut happened = VecDeque::new();
    audit::each(settings, since, &mut |record| {
        happened.extend(happenings(&record));
        while happened.len() > most {
            happened.pop_front();
        }
    })?;
    let facts = match store::peek(&settings.store) {
        Ok(mut store) => store.load()?.facts,
        Err(store::Error::NoFacts { path }) if !path.exists() => Facts::default(),
        Err(error) => return Err(error.into()),
    };
    Ok(History { happened: happened.into(), pinned: pinned(&facts) })
}

fn pinned(facts: &Facts) -> Vec<Pinned> {
    let one = |revision: &crate::model::Revision| Pinned {
        revision: revision.to_string(),
        is_last_good: facts.last_good.as_ref() == Some(revision),
        is_accepted: facts.floor.as_ref().is_some_and(|floor| floor.revision == *revision),
    };
    facts.pinned.iter().map(one).collect()
}

/// What a record tells about what runs: nothing, or one thing for each revision that it is about.
fn happenings(record: &Record) -> Vec<Happening> {
    let text = |name: &str| record.what.get(name).and_then(Value::as_str).map(str::to_owned);
    let happening = |what| Happening {
        record: record.number,
        time: record.time,
        what,
        revision: text("revision"),
        from: None,
        applications: Vec::new(),
        by: None,
        message: String::new(),
    };
    match record.kind.as_str() {
        "accepted" => {
            let is_beginning = record.what.get("beginning") == Some(&Value::Bool(true));
            let message = if is_beginning { "trust begins here" } else { "" }.to_owned();
            vec![Happening { by: text("signer"), message, ..happening(What::Accepted) }]
        }
        "done" => changes(record, &happening(What::Applied)),
        "pruned" => changes(record, &happening(What::Pruned)),
        "last-good" => vec![happening(What::LastGood)],
        "back" => {
            let why = [text("reason"), text("message")].into_iter().flatten();
            vec![Happening {
                revision: text("to"),
                from: text("from"),
                applications: text("application").into_iter().collect(),
                message: why.collect::<Vec<_>>().join(": "),
                ..happening(What::WentBack)
            }]
        }
        "ordered" => {
            let uid = record.what.get("uid").and_then(Value::as_u64);
            let by = uid.map(|uid| super::people::user(u32::try_from(uid).unwrap_or(u32::MAX)));
            vec![Happening { by, message: text("what").unwrap_or_default(), ..happening(What::Ordered) }]
        }
        _ => Vec::new(),
    }
}

/// What became of objects, by the revision that each application runs.
fn changes(record: &Record, like: &Happening) -> Vec<Happening> {
    let instead = record.what.get("instead").and_then(Value::as_object);
    let mut by_revision: BTreeMap<Option<String>, (BTreeSet<&str>, BTreeMap<&str, usize>)> = BTreeMap::new();
    for object in record.what.get("objects").and_then(Value::as_array).into_iter().flatten() {
        let field = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let other = instead.and_then(|instead| instead.get(field("application"))).and_then(Value::as_str);
        let revision = other.map(str::to_owned).or_else(|| like.revision.clone());
        let (applications, outcomes) = by_revision.entry(revision).or_default();
        applications.insert(field("application"));
        *outcomes.entry(field("outcome")).or_default() += 1;
    }
    let more = record.what.get("more").and_then(Value::as_u64).filter(|more| *more > 0);
    let more = more.map(|more| format!("and {more} more")).into_iter().collect::<Vec<_>>();
    let happening = |(revision, (applications, outcomes)): (_, (BTreeSet<&str>, BTreeMap<&str, usize>))| {
        let counts = outcomes.into_iter().map(|(outcome, number)| format!("{number} {outcome}"));
        Happening {
            revision,
            applications: applications.into_iter().map(str::to_owned).collect(),
            message: counts.chain(more.iter().cloned()).collect::<Vec<_>>().join(", "),
            ..like.clone()
        }
    };
    by_revision.into_iter().map(happening).collect()
}
