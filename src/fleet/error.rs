//! What can go wrong in this room.

use super::place::Place;
use super::version::Version;
use crate::model::{Classify, ErrorClass, NotYet, RepoPath};

/// An error of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document asks for what this version cannot do.
    #[error(transparent)]
    NotYet(#[from] NotYet),
    /// A document requires a newer agent.
    #[error(
        "{place}: the revision requires an agent {needs}, this one is {agent}: update the agent; until then it keeps what runs"
    )]
    AgentTooOld {
        /// Where it says so.
        place: Place,
        /// The requirement as it is written.
        needs: String,
        /// This agent's version.
        agent: Version,
    },
    /// A document is not readable as YAML.
    #[error("cannot read {file}")]
    Unreadable {
        /// The document.
        file: RepoPath,
        /// Why.
        #[source]
        source: standfast_yaml::Error,
    },
    /// A field that nobody knows.
    #[error("{place}: the field {name:?} is unknown{}", suggest(nearest.as_deref()))]
    UnknownField {
        /// Where it stands.
        place: Place,
        /// Its name.
        name: String,
        /// The known one that comes nearest.
        nearest: Option<String>,
    },
    /// An application that is named and is not there.
    #[error("{place}: there is no application {name:?}: {}", add_or_correct(nearest.as_deref()))]
    UnknownApplication {
        /// Where it is named.
        place: Place,
        /// Its name.
        name: String,
        /// The known one that comes nearest.
        nearest: Option<String>,
    },
    /// A value refers to something that this site does not have.
    #[error("{place}: this site has no {name}{}", missing_value(name, nearest.as_deref(), document))]
    NoValue {
        /// Where it is referred to.
        place: Place,
        /// What is missing: `site.variables.VLAN`.
        name: String,
        /// What is there and comes nearest.
        nearest: Option<String>,
        /// The site's document.
        document: RepoPath,
        /// Whether the site's own configuration may set it.
        is_local: bool,
    },
    /// Applications that wait for each other.
    #[error("{place}: the applications depend on each other in a circle: {}; remove one of these dependencies", cycle.join(" → "))]
    Cycle {
        /// The first of them.
        place: Place,
        /// Their names, the first one again at the end.
        cycle: Vec<String>,
    },
    /// A value is not what it must be.
    #[error("{place}: {what}")]
    Wrong {
        /// Where it stands.
        place: Place,
        /// What is wrong and what to do.
        what: String,
    },
}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match self {
            Self::NoValue { is_local: true, .. } => ErrorClass::Misconfigured,
            _ => ErrorClass::Terminal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotYet(_) => "NotYet",
            Self::AgentTooOld { .. } => "AgentTooOld",
            _ => "FleetInvalid",
        }
    }
}

fn suggest(nearest: Option<&str>) -> String {
    nearest.map_or_else(|| ": remove it".to_owned(), |nearest| format!(": did you mean {nearest}?"))
}

fn add_or_correct(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || "add it, or correct the name".to_owned(),
        |nearest| format!("did you mean {nearest}?"),
    )
}

fn missing_value(name: &str, nearest: Option<&str>, document: &RepoPath) -> String {
    let meant = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
    let can_be_set = name.starts_with("site.labels.") || name.starts_with("site.variables.");
    if can_be_set {
        format!(": set it in {document} or a defaults.yaml above, or give a default as ${{{name}:-…}}{meant}")
    } else {
        let known = "site.name, site.id, site.labels.KEY and site.variables.KEY";
        format!(": a value here may use {known}; write `$${{` for a literal `${{`{meant}")
    }
}
