//! All integration tests, in one binary: one behaviour per file.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests start real programs and write files"
)]
#![allow(
    clippy::excessive_nesting,
    clippy::format_collect,
    clippy::too_many_lines,
    clippy::unnecessary_wraps,
    clippy::default_trait_access,
    clippy::cloned_ref_to_slice_refs,
    clippy::redundant_closure_for_method_calls,
    reason = "a test reads as a story, from top to bottom"
)]

mod architecture;
mod audit_power_cut;
mod audit_tampered;
mod cli_audit;
mod cli_diff;
mod cli_doctor;
mod cli_history;
mod cli_reference;
mod cli_status;
mod config_readme;
mod daemon;
mod demo;
mod health_settling;
mod power_cut;
mod power_cut_back;
mod render_kubectl;
mod report_events;
mod report_log;
mod report_metrics;
mod report_outbox;
mod report_status_map;
mod report_wired;
mod source_bad_answers;
mod source_contract;
mod source_cut;
mod source_fleet;
mod source_health;
mod source_hostile;
mod source_https;
mod source_killed;
mod source_limits;
mod source_local;
mod source_metered;
mod source_mirrors;
mod source_rate;
mod source_restart;
mod source_rivals;
mod source_ssh;
mod source_unfiltered;
mod source_upkeep;
mod source_ways;
mod source_zipped;
mod cluster_connection;
mod cluster_contract;
mod cluster_hostile;
mod cluster_memory;
mod cluster_pages;
mod support;
mod test_cluster;
mod whole_way;

mod store_contract;
mod store_damaged_cache;
mod store_power_cut;
mod store_secrets;
mod trust_allowed_signers;
mod trust_floor;
mod trust_real_signatures;
