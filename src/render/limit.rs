//! How large an application may be.

use std::fmt;

/// What is limited in one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Files.
    Files,
    /// Bytes of its manifests.
    Bytes,
    /// Values in its manifests, those that aliases repeat included.
    Values,
    /// Bytes of the texts that substitution writes.
    Filled,
    /// Objects.
    Objects,
}

impl Limit {
    /// The limit.
    pub fn most(self) -> usize {
        match self {
            // A file per object, and then some.
            Self::Files => 6000,
            // One object is 3 MiB at most for the API server, and all files of an application are in memory at once.
            Self::Bytes => 16 << 20,
            // A value takes about 250 bytes (measured, as tree and as JSON): this many take 50 MB, inside of what a site may use under
            // attack.
            Self::Values => 200_000,
            // Small references can ask for large values, many times over.
            Self::Filled => 4 << 20,
            // Five times what a site's budgets are measured with.
            Self::Objects => 5000,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.most())?;
        f.write_str(match self {
            Self::Files => "files",
            Self::Bytes => "bytes of manifests",
            Self::Values => "values in its manifests",
            Self::Filled => "bytes written by substitution",
            Self::Objects => "objects",
        })
    }
}
