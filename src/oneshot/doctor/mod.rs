//! What a person should know about a site that does not do what it should: each part looked at by itself, beside a running agent
//! and without one. Changes nothing.

mod cluster;
mod daemon;
mod link;
mod machine;
mod store;
mod trust;

use crate::agent::clock::Clock;
use crate::config::Settings;
use crate::model::{Facts, explain};
use crate::store as facts_store;
use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was looked at: `disk`, `link`, …
    pub part: &'static str,
    /// What of it.
    pub what: String,
    /// How it is.
    pub grade: Grade,
    /// What was seen.
    pub seen: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_do: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, and a person should know something.
    Warn,
    /// It does not work.
    Bad,
}

/// Looks at everything. Needs a tokio runtime.
pub async fn examine(settings: &Settings) -> Vec<Finding> {
    let clock = Clock::system();
    let (known, facts) = facts(settings);
    let (links, (cluster, date)) =
        futures::join!(link::look(settings, &facts, &clock), cluster::look(settings, &facts, &clock));
    let mut findings = vec![machine::clock(&clock, &facts, date)];
    findings.extend(machine::disk(settings));
    findings.extend(daemon::look(settings).await);
    findings.extend(known);
    findings.extend(store::look(settings));
    findings.extend(trust::look(settings, &clock, &facts));
    findings.extend(links);
    findings.extend(cluster);
    findings
}

/// The facts, and what is to be said of them. Those of a site that has accepted nothing yet are none.
fn facts(settings: &Settings) -> (Option<Finding>, Facts) {
    let part = Part("store");
    match facts_store::peek(&settings.store).and_then(|mut store| store.load()) {
        Ok(loaded) => {
            let accepted = loaded.facts.floor.as_ref().map(|floor| floor.revision.to_string());
            let seen =
                accepted.map_or_else(|| "nothing was accepted yet".to_owned(), |at| format!("accepted {at}"));
            (Some(part.ok("facts", seen)), loaded.facts)
        }
        Err(facts_store::Error::NoFacts { path }) if !path.exists() => {
            (Some(part.ok("facts", "there are none yet: no revision was accepted here")), Facts::default())
        }
        Err(facts_store::Error::NoFacts { path }) => {
            let seen = format!("no whole copy is in {}", path.display());
            let to_do = "see what the agent says when it starts (journalctl -u standfast); check the disk, and restore the file from a backup";
            (Some(part.bad("facts", seen, to_do)), Facts::default())
        }
        Err(error) => {
            let to_do = "run this as root, or as the agent's own user; else check the disk";
            (Some(part.bad("facts", explain(&error), to_do)), Facts::default())
        }
    }
}

/// Makes the findings of one part.
#[derive(Debug, Clone, Copy)]
struct Part(&'static str);

impl Part {
    fn ok(self, what: impl Into<String>, seen: impl Into<String>) -> Finding {
        Finding { part: self.0, what: what.into(), grade: Grade::Ok, seen: seen.into(), to_do: None }
    }

    fn warn(self, what: impl Into<String>, seen: impl Into<String>, to_do: impl Into<String>) -> Finding {
        Finding { grade: Grade::Warn, to_do: Some(to_do.into()), ..self.ok(what, seen) }
    }

    fn bad(self, what: impl Into<String>, seen: impl Into<String>, to_do: impl Into<String>) -> Finding {
        Finding { grade: Grade::Bad, to_do: Some(to_do.into()), ..self.ok(what, seen) }
    }
}
