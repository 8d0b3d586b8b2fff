//! What one of our applies left behind, as the server answered it.

use super::hash::Digest;

/// The fields of our last apply and the digest of their values in the server's response. A live object is compared with this,
/// never with the manifest: servers normalise (`1000m` becomes `1`), and a foreign update takes a field out of our managed fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Digest of the manifest that we applied, with our label and annotation.
    pub desired: Digest,
    /// The field set of our `Apply` entry in the response, as compact FieldsV1 JSON.
    pub fields: String,
    /// Digest of the values of those fields in the response.
    pub values: Digest,
}
