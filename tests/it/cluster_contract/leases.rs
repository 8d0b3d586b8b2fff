//! The lease: written by whoever saw its last version, and by nobody else.

use super::arena::Arena;
use jiff::Timestamp;
use standfast::cluster::Lease;
use std::time::Duration;

super::contract!(
    a_lease_is_made_once,
    a_lease_is_written_by_who_saw_its_last_version,
    without_its_namespace_there_is_no_place_for_it,
);

fn lease(holder: &str) -> Lease {
    let time: Timestamp = "2026-11-22T12:00:00.123456Z".parse().unwrap();
    Lease {
        holder: holder.to_owned(),
        duration: Duration::from_secs(30),
        acquired: time,
        renewed: time,
        transitions: 3,
    }
}

async fn a_lease_is_made_once(arena: &Arena) {
    let space = &arena.namespace;
    assert_eq!(arena.leases.read_lease(space, "standfast").await.unwrap(), None);
    let made = arena.leases.write_lease(space, "standfast", &lease("a"), None).await.unwrap().unwrap();
    assert_eq!(made.lease, lease("a"));
    assert_eq!(arena.leases.write_lease(space, "standfast", &lease("b"), None).await.unwrap(), None);
    assert_eq!(arena.leases.read_lease(space, "standfast").await.unwrap(), Some(made));
}

async fn a_lease_is_written_by_who_saw_its_last_version(arena: &Arena) {
    let space = &arena.namespace;
    let first = arena.leases.write_lease(space, "l", &lease("a"), None).await.unwrap().unwrap();
    let second =
        arena.leases.write_lease(space, "l", &lease("b"), Some(&first.version)).await.unwrap().unwrap();
    assert_ne!(first.version, second.version);
    assert_eq!(arena.leases.write_lease(space, "l", &lease("a"), Some(&first.version)).await.unwrap(), None);
    let held = arena.leases.read_lease(space, "l").await.unwrap().unwrap();
    assert_eq!(held.lease.holder, "b");
}

async fn without_its_namespace_there_is_no_place_for_it(arena: &Arena) {
    let error = arena.leases.write_lease("nowhere", "l", &lease("a"), None).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
}
