//! The whole way on real parts: a git server behind TLS, signed commits, a store on disk, a real API server. One behaviour a file.
//!
//! Every test has a site and namespaces of its own; what it makes outside of namespaces has a name of its own. They all share one
//! API server and run side by side.

mod adoption_refused;
mod apply_and_change;
mod conflict_refused;
mod crd_and_cr_in_one_commit;
mod drift_healed_next_pass;
mod finalizer_blocked_delete;
mod health_gates_last_good;
mod immutable_change;
mod moved_between_applications;
mod namespace_with_content;
mod prune;
mod prune_guarded;
mod thousand_objects;
