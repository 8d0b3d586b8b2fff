//! Why a file is not an identity.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A file that cannot be used.
#[derive(Debug, Error)]
#[error("reading the identity {}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What is wrong with it, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is not there.
    #[error("there is no such file: `ssh-keygen -t ed25519 -N '' -f FILE` makes one")]
    Missing,
    /// It could not be read.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is a folder, a device or a socket.
    #[error("it is not a file")]
    NotAFile,
    /// Others than its owner may read or write it.
    #[error("its mode is {mode:04o}, and nobody but its owner may have access: `chmod 600` it")]
    Open {
        /// Its mode.
        mode: u32,
    },
    /// It is larger than any key.
    #[error("it is larger than {limit} bytes, and so not a key")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// It is not a private key in OpenSSH's format, or is damaged.
    #[error("it is not a whole private key in OpenSSH's format, as `ssh-keygen -t ed25519` writes it")]
    Format(#[source] ssh_key::Error),
    /// It needs a passphrase.
    #[error(
        "it is encrypted, and nobody is there to type the passphrase: `ssh-keygen -p -N '' -f FILE` takes it off"
    )]
    Encrypted,
    /// It is a key of another kind.
    #[error(
        "it holds a key of another kind than ssh-ed25519: `ssh-keygen -t ed25519 -N '' -f FILE` makes one"
    )]
    Kind,
}
