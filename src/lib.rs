//! Standfast keeps every edge site running exactly what its owners signed, however bad the link.

pub mod model;
pub mod source;
pub mod trust;
pub mod store;
pub mod fleet;
pub mod render;
pub mod plan;
pub mod cluster;
pub mod health;
pub mod report;
pub mod reconcile;
//pub mod config;
pub mod agent;
//pub mod oneshot;
//pub mod cli;
