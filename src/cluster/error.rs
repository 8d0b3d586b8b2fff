//! What can go wrong in this room: the API server could not be asked, or gave no answer that can be used.

use crate::model::{Classify, ErrorClass};
use std::path::PathBuf;

/// A cause, kept for the chain of sources.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// An error of this room. What the server refuses is no error but a value of [`super::Applied`].
///
/// Nearly all are transient, on purpose: a site whose API server is away, starts anew or has new certificates gets well by itself,
/// and must not need a person to be asked again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no kubeconfig, or an empty one: k3s writes it when it first starts.
    #[error("the kubeconfig {path} is not there yet: is k3s started?", path = .path.display())]
    KubeconfigMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The kubeconfig cannot be read or used.
    #[error("the kubeconfig {path} cannot be used: {why}", path = .path.display())]
    Kubeconfig {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// No connection, or no answer in time.
    #[error("the API server at {server} does not answer, while asked to {what}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What it was asked.
        what: String,
        /// How it failed.
        #[source]
        cause: Cause,
    },
    /// The server's certificate is not signed by the authority in the kubeconfig, or not for this address, or not valid now.
    #[error(
        "the API server at {server} shows a certificate that the kubeconfig does not vouch for: is this its kubeconfig, and is the clock right?"
    )]
    Certificate {
        /// Its address.
        server: String,
        /// The verifier's word.
        #[source]
        cause: Cause,
    },
    /// The kubeconfig's credential is not (or no longer) accepted, read anew or not.
    #[error("the API server at {server} does not accept the credential of the kubeconfig")]
    Unauthorized {
        /// Its address.
        server: String,
    },
    /// The kubeconfig's user may not do this.
    #[error("the API server does not let us {what}: {message}")]
    Forbidden {
        /// What it was asked.
        what: String,
        /// Its words, which name the missing right.
        message: String,
    },
    /// The server, or something that it depends on (its database, a webhook), failed.
    #[error("the API server failed to {what}: {message} (status {status})")]
    Server {
        /// What it was asked.
        what: String,
        /// The HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// The server has too much to do; it stayed so for as long as we try.
    #[error("the API server is too busy to {what}")]
    Busy {
        /// What it was asked.
        what: String,
    },
    /// Another agent writes to this cluster at the moment.
    #[error("it is not this agent's turn to {what}: the lease is held by {holder}")]
    Standby {
        /// What was to be done.
        what: String,
        /// Who writes.
        holder: String,
    },
    /// An answer is larger than we take.
    #[error("the API server's answer to {what} is larger than {limit} bytes")]
    TooLarge {
        /// What it was asked.
        what: String,
        /// How many bytes we take.
        limit: usize,
    },
    /// An answer that is not what the Kubernetes API says it should be.
    #[error("the API server's answer to {what} makes no sense: {why}")]
    Answer {
        /// What it was asked.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// An object that cannot have an address: a name that would change the meaning of a URL, or no namespace where the kind needs one.
    #[error("{what}: {why}")]
    Address {
        /// What was to be done.
        what: String,
        /// Why there is no such address.
        why: String,
    },
}

impl Classify for Error {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Kubeconfig { .. } => ErrorClass::Misconfigured,
            Self::Address { .. } => ErrorClass::Terminal,
            Self::KubeconfigMissing { .. }
            | Self::Unreachable { .. }
            | Self::Certificate { .. }
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Server { .. }
            | Self::Busy { .. }
            | Self::Standby { .. }
            | Self::TooLarge { .. }
            | Self::Answer { .. } => ErrorClass::Transient,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::KubeconfigMissing { .. } => "KubeconfigMissing",
            Self::Kubeconfig { .. } => "KubeconfigInvalid",
            Self::Unreachable { .. } => super::UNREACHABLE,
            Self::Certificate { .. } => "ClusterCertificate",
            Self::Unauthorized { .. } => "ClusterUnauthorized",
            Self::Forbidden { .. } => "ClusterForbidden",
            Self::Server { .. } => "ClusterFailed",
            Self::Busy { .. } => "ClusterBusy",
            Self::Standby { .. } => "Standby",
            Self::TooLarge { .. } => "ClusterAnswerTooLarge",
            Self::Answer { .. } => "ClusterAnswerInvalid",
            Self::Address { .. } => "ObjectAddress",
        }
    }
}
