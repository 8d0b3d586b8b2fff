//! The whole way on real parts: a git server behind TLS, signed commits, a store on disk, a real API server. One behaviour a file.
//!
//! Every test has a site and namespaces of its own; what it makes outside of namespaces has a name of its own. They all share one
//! API server and run side by side. What is refused before anything reaches the cluster is tested on the cluster in memory.

mod adoption_refused;
mod api_server_away;
mod apply_and_change;
mod conflict_refused;
mod crd_and_cr_in_one_commit;
mod dependencies_in_order;
mod drift_healed_next_pass;
mod dry_run_only_where_changed;
mod facts_missing;
mod finalizer_blocked_delete;
mod fixtures_unchanged;
mod force_push_refused;
mod health_gates_last_good;
mod immutable_change;
mod long_running;
mod mirrors_differ;
mod moved_between_applications;
mod namespace_with_content;
mod not_yet_refused;
mod objects_kept_small;
mod offline_pass;
mod pin;
mod plan_prints_what_run_does;
mod prune;
mod prune_guarded;
mod revoked_key;
mod rollback_refused;
mod secrets_not_leaked;
mod sled_lost;
mod substitution_and_sites;
mod thousand_objects;
mod unknown_fields_named;
mod unsigned_refused;

/// A commit as a revision of the status, where it stands as an `Option`.
#[allow(clippy::unnecessary_wraps, reason = "it is compared with what may be missing")]
fn revision(commit: &str) -> Option<String> {
    Some(format!("refs/heads/main@sha1:{commit}"))
}
