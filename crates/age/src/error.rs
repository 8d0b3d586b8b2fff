//! What can be wrong with a file, and with a key.

use thiserror::Error;

/// Why a file cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// It does not begin as such a file does.
    #[error("it is not a file that age encrypted")]
    NotAge,
    /// Its header is not as the format says.
    #[error("its header is not as age writes it: {0}")]
    Header(&'static str),
    /// None of the keys is one that it was encrypted for.
    #[error("it is encrypted for other keys than the one at hand")]
    NoKey,
    /// Its header was changed, or written by somebody who did not know its key.
    #[error("its header was changed after it was encrypted")]
    Forged,
    /// What it holds was changed or cut.
    #[error("it is damaged: it was changed or cut after it was encrypted")]
    Damaged,
    /// There is nobody to encrypt for.
    #[error("there is no key to encrypt for")]
    NoRecipient,
    /// A recipient's key is one that shares its secret with everybody.
    #[error("the key to encrypt for is not a usable one: make another")]
    WeakRecipient,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

/// Why a text is not a key. It is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no line that begins as a key does.
    #[error("it holds no line `AGE-SECRET-KEY-1…`: `age-keygen` prints one")]
    None,
    /// There is more than one.
    #[error("it holds more than one key: keep one")]
    Several,
    /// It is mistyped or cut.
    #[error("its key is not whole: copy the line `AGE-SECRET-KEY-1…` again")]
    Mistyped,
}
