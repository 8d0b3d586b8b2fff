//! What the tests share: sites in temporary folders, real git servers, real signatures, a real control plane.

pub(crate) mod audit;
pub(crate) mod audited;
pub(crate) mod cluster;
pub(crate) mod dice;
pub(crate) mod fuse;
pub(crate) mod git;
pub(crate) mod hand;
pub(crate) mod inbox;
pub(crate) mod keys;
pub(crate) mod lines;
pub(crate) mod openmetrics;
pub(crate) mod requests;
pub(crate) mod secrets;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod site;
pub(crate) mod source;
pub(crate) mod sshd;
pub(crate) mod store;
pub(crate) mod tls;
pub(crate) mod webhook;
pub(crate) mod wire;
