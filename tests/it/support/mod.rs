//! What the tests share: sites in temporary folders, real git servers, real signatures, a real control plane.

pub(crate) mod cluster;
