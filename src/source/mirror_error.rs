//! Why one mirror was of no use.

use crate::model::{Classify, ErrorClass, RefName};
use std::error::Error as StdError;
use std::path::PathBuf;

/// Any error below ours, kept whole as the cause.
pub(super) type Cause = Box<dyn StdError + Send + Sync>;

/// What one mirror answered, or why it did not. The mirror's name is beside it, in `MirrorFailure`.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// No connection, a connection that broke or fell silent, a server that is down; for a path: nothing there (not plugged in).
    #[error("it cannot be reached ({what}); check the link and the address")]
    Unreachable {
        /// What happened: "timed out", "HTTP 503".
        what: String,
        /// The cause below.
        #[source]
        source: Option<Cause>,
    },

    /// TLS was refused: the certificate is not for this name, not by a CA that is trusted here, or not valid now.
    #[error(
        "its certificate is not trusted ({what}); give the CA that signed it as `ca`, check this machine's clock, and look for a login page in between"
    )]
    Certificate {
        /// What rustls found.
        what: String,
    },

    /// HTTP 401 or 403.
    #[error("it does not let us in (HTTP {status}); {}", credential_advice(*credential))]
    Unauthorized {
        /// The status.
        status: u16,
        /// Whether a credential was sent.
        credential: bool,
    },

    /// SSH: the host shows a key that is not one of those that it may have.
    #[error(
        "its host key is not one of those in the knownHosts file ({said}); ask whoever runs it before you change that file"
    )]
    HostKey {
        /// The words of ssh.
        said: String,
    },

    /// SSH: this site's key does not open it.
    #[error(
        "it does not let this site's identity in ({said}); add its public key there: `ssh-keygen -y -f FILE` prints it"
    )]
    KeyRefused {
        /// The words of ssh.
        said: String,
    },

    /// SSH: there is no repository at the path.
    #[error("it has no repository there ({said}); check the path, and that the identity may read it")]
    NoRepository {
        /// The words of the other end.
        said: String,
    },

    /// SSH: the program cannot be started.
    #[error("the program ssh cannot be started ({why}); install OpenSSH's client")]
    NoSsh {
        /// Why not.
        why: String,
    },

    /// HTTP 404 or 410.
    #[error("it has no repository there (HTTP {status}); check the URL, and that the credential may read it")]
    NotFound {
        /// The status.
        status: u16,
    },

    /// Something answered that is not a git server of our kind.
    #[error(
        "what answers is not a usable git server ({what}); check the URL, and for a proxy or a login page in between"
    )]
    NotGit {
        /// What answered: "text/html instead of git's protocol".
        what: String,
    },

    /// A server that was not told which version of git's protocol to speak, or knows none but the first.
    #[error(
        "it speaks only the git protocol of before 2018, not version 2; over ssh let the server accept it \
         (AcceptEnv GIT_PROTOCOL), else update git there"
    )]
    OldProtocol,

    /// There is not a single branch.
    #[error("the repository is empty; push the first commit")]
    EmptyRepository,

    /// The repository is there, the ref is not.
    #[error("it has no {ref_name}; push it, or correct source.ref (there are: {})", has.join(", "))]
    MissingRef {
        /// What was asked for.
        ref_name: RefName,
        /// Some of the branches that are there.
        has: Vec<String>,
    },

    /// The ref points to an annotated tag, a tree or a blob.
    #[error("{ref_name} points to a {kind}, not to a commit; follow a branch or a lightweight tag")]
    NotACommit {
        /// What was asked for.
        ref_name: RefName,
        /// The kind of object.
        kind: String,
    },

    /// The repository's objects have SHA-256 ids.
    #[error(
        "its object format is {format}, and only sha1 can be followed; make the repository with git init --object-format=sha1"
    )]
    ObjectFormat {
        /// As the server names it.
        format: String,
    },

    /// The pack is damaged, incomplete, or not a pack.
    #[error("what it sent is not a sound pack ({what}); if this stays, run git fsck on the server")]
    GarbagePack {
        /// What is wrong with it.
        what: String,
        /// The cause below.
        #[source]
        source: Option<Cause>,
    },

    /// The server said no in git's own protocol.
    #[error("it refused: {message}")]
    Refused {
        /// The server's words, cut short and without control characters.
        message: String,
    },

    /// Its bytes cost money, and those that may be spent are.
    #[error("its budget is spent until {}", told(*until))]
    OverBudget {
        /// When there is some again, in seconds since 1970.
        until: u64,
    },

    /// The link broke under each of the objects that are left, more than once.
    #[error("its link breaks before the largest objects have come whole")]
    TooHeavy,

    /// More came than we take.
    #[error("it sent more than the limit of {limit} ({what})")]
    TooLarge {
        /// What there was too much of.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },

    /// A file of the site's own configuration cannot be used: the credential or the CA.
    #[error("the {what} file {} cannot be used: {why}", path.display())]
    File {
        /// "credential" or "CA".
        what: &'static str,
        /// Which one.
        path: PathBuf,
        /// What is wrong with it; never its content.
        why: String,
    },
}

impl Classify for MirrorError {
    /// Only what the site's own files cause is `Misconfigured`: all else can be put right at the other end, without anybody coming here.
    fn class(&self) -> ErrorClass {
        match self {
            Self::File { .. } | Self::NoSsh { .. } => ErrorClass::Misconfigured,
            Self::TooLarge { .. } => ErrorClass::Terminal,
            _ => ErrorClass::Transient,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "Unreachable",
            Self::Certificate { .. } => "CertificateNotTrusted",
            Self::HostKey { .. } => "HostKeyNotTrusted",
            Self::Unauthorized { .. } | Self::KeyRefused { .. } => "Unauthorized",
            Self::NotFound { .. } | Self::NoRepository { .. } => "NotFound",
            Self::NoSsh { .. } => "NoSsh",
            Self::NotGit { .. } => "NotGit",
            Self::OldProtocol => "OldProtocol",
            Self::EmptyRepository => "EmptyRepository",
            Self::MissingRef { .. } => "MissingRef",
            Self::NotACommit { .. } => "NotACommit",
            Self::ObjectFormat { .. } => "ObjectFormat",
            Self::GarbagePack { .. } => "GarbagePack",
            Self::Refused { .. } => "RefusedByServer",
            Self::OverBudget { .. } => "BudgetSpent",
            Self::TooHeavy => "ObjectTooLarge",
            Self::TooLarge { .. } => "TooLarge",
            Self::File { .. } => "FileUnusable",
        }
    }
}

impl From<standfast_tls::Error> for MirrorError {
    fn from(standfast_tls::Error { path, why }: standfast_tls::Error) -> Self {
        Self::File { what: "CA", path, why }
    }
}

impl MirrorError {
    /// A mirror that could not be reached, with the cause.
    pub(super) fn unreachable(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::Unreachable { what: what.into(), source: Some(source.into()) }
    }

    /// Whether it tells anything about the mirror or its link: a budget and a large object do not.
    pub(super) fn is_its_fault(&self) -> bool {
        !matches!(self, Self::OverBudget { .. } | Self::TooHeavy)
    }

    /// A pack that cannot be used, with the cause.
    pub(super) fn garbage(what: impl Into<String>, source: impl Into<Cause>) -> Self {
        Self::GarbagePack { what: what.into(), source: Some(source.into()) }
    }
}

fn credential_advice(sent: bool) -> &'static str {
    if sent {
        "put a credential that is valid and may read the repository into the credential file"
    } else {
        "no credential is configured for it: add `credential`"
    }
}

/// A time, to the second.
pub(super) fn told(seconds: u64) -> String {
    let at = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map_or_else(|| "then".to_owned(), |at| at.to_string())
}

/// What a server says, fit to be shown: without control characters, and not long.
pub(super) fn printable(text: &[u8]) -> String {
    const SHOWN: usize = 200;
    let text = String::from_utf8_lossy(text);
    text.trim().chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
