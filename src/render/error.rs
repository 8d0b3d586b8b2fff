//! What can go wrong in this room.

use super::limit::Limit;
use super::origin::Origin;
use crate::model::object::NotAnObject;
use crate::model::{Classify, ErrorClass, NotYet, ObjectKey, RepoPath, TemplateError};

/// An error of this room. None shows a value of a manifest: it may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The application asks for what this version cannot do.
    #[error(transparent)]
    NotYet(#[from] NotYet),
    /// Nothing is at the application's path.
    #[error(
        "cannot render application {application}: the revision has nothing at {path}; commit it, or correct the application's path{}",
        meant(nearest.as_deref())
    )]
    Absent {
        /// The application.
        application: String,
        /// Its path.
        path: RepoPath,
        /// The name beside it that comes nearest.
        nearest: Option<String>,
    },
    /// The application has no object. An empty folder would prune all that it had.
    #[error(
        "cannot render application {application}: no file below {path} holds an object (.yaml, .yml and .json files are read); \
         to remove its objects from the sites, take the application out of fleet.yaml, or let it say `allowPrune: [all]`"
    )]
    Empty {
        /// The application.
        application: String,
        /// Its path.
        path: RepoPath,
    },
    /// Something that is no file stands below the application's path.
    #[error("cannot read {path}: it is {what}, which is never followed; put the files themselves there")]
    NotAFile {
        /// Where it stands.
        path: RepoPath,
        /// What it is: `a symbolic link`.
        what: &'static str,
    },
    /// A name that no path may have.
    #[error("cannot read the folder {folder}: a name in it is not possible in a path")]
    Name {
        /// The folder.
        folder: RepoPath,
        /// Why.
        #[source]
        source: crate::model::path::ParsePathError,
    },
    /// The application is larger than a limit.
    #[error(
        "cannot render application {application}: it has more than {limit}; divide it into several applications"
    )]
    TooMuch {
        /// The application.
        application: String,
        /// The limit.
        limit: Limit,
    },
    /// A file is not readable as YAML.
    #[error("cannot read {file}")]
    Unreadable {
        /// The file.
        file: RepoPath,
        /// Why.
        #[source]
        source: standfast_yaml::Error,
    },
    /// A file is not readable as YAML, likely for a reference in a place where braces have a meaning.
    #[error(
        "cannot read {at}: inside of {{…}} and […] a `${{NAME}}` must stand in quotes; write the mapping or list in lines of its own \
         where it is to become a number or a boolean"
    )]
    Braces {
        /// Where.
        at: Origin,
        /// What the YAML reader said.
        #[source]
        source: standfast_yaml::Error,
    },
    /// A text to be filled is wrong.
    #[error("cannot substitute in {at}")]
    Template {
        /// Where.
        at: Origin,
        /// Why.
        #[source]
        source: TemplateError,
    },
    /// A manifest refers to a name that the application does not give.
    #[error(
        "cannot substitute in {at}: the application's `substitute` has no {name}{}; add it there, or write `$${{` for a literal `${{`",
        meant(nearest.as_deref())
    )]
    UnknownName {
        /// Where.
        at: Origin,
        /// The name.
        name: String,
        /// The known one that comes nearest.
        nearest: Option<String>,
    },
    /// A manifest is not a Kubernetes object.
    #[error("cannot take {at} for an object")]
    NotAnObject {
        /// Where it stands.
        at: Origin,
        /// Why.
        #[source]
        source: NotAnObject,
    },
    /// A manifest holds what it must not hold.
    #[error("cannot take {at}: {what}")]
    Refused {
        /// Where it stands.
        at: Origin,
        /// What it holds, and what to do.
        what: String,
    },
    /// Two manifests are the same object.
    #[error(
        "cannot render application {application}: {key} stands in {first} and again in {second}; keep one of them"
    )]
    Duplicate {
        /// The application.
        application: String,
        /// The object.
        key: Box<ObjectKey>,
        /// Where it stands first.
        first: Origin,
        /// Where it stands again.
        second: Origin,
    },
}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        ErrorClass::Terminal
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotYet(_) => "NotYet",
            _ => "RenderFailed",
        }
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map(|nearest| format!(" (did you mean {nearest}?)")).unwrap_or_default()
}
