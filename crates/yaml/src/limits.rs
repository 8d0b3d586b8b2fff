//! How much one file may ask for.

/// Limits on one call of [`parse_documents`](crate::parse_documents). Lower them where less is expected.
///
/// The defaults hold what people put into one file: an API server takes at most 3 MiB for an object, and 250,000
/// nodes are some 7 MB of custom resource definitions. The worst tree that they allow takes about 26 MB besides
/// its text, and the worst JSON made of it 80 MB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text, and as many again of scalar text that anchors and aliases copy. Default 16 MiB.
    pub bytes: usize,
    /// Nodes of all documents: scalars, sequences and mappings, those copied for anchors and aliases included.
    /// Default 250,000.
    pub nodes: usize,
    /// Collections inside each other, after aliases are replaced. Default 200.
    pub depth: usize,
    /// Aliases that are replaced. Default 10,000.
    pub aliases: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 16 << 20, nodes: 250_000, depth: 200, aliases: 10_000 }
    }
}
