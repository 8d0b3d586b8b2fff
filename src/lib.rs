//! Standfast keeps every edge site running exactly what its owners signed, however bad the link.
//!
//! This is the map. One binary runs on each site; everything it does is one way through these rooms:
//!
//! ```text
//! source → trust → store → fleet → render → plan → cluster → health → report      driven by reconcile, carried out by agent
//! ```
//!
//! | room | what it is |
//! |---|---|
//! | [`model`] | nouns handed between rooms; no I/O, no decisions |
//! | [`source`] | mirrors → commits, then the objects asked for |
//! | [`trust`] | may this revision be run? |
//! | [`store`] | what must survive a power cut |
//! | [`fleet`] | pure: fleet.yaml and the site's documents → applications for this site |
//! | [`render`] | proven files → desired objects |
//! | [`plan`] | pure: desired, observed, inventory, policy → plan |
//! | [`cluster`] | the Kubernetes API |
//! | [`health`] | pure: live object → health |
//! | [`apply`] | a plan, carried out: write, follow, heal, delete |
//! | [`report`] | tell people: log, audit, metrics, events, the status as a file, a ConfigMap and a signed report |
//! | [`reconcile`] | pure state machines: (state, event, now) → (state, effect) |
//! | [`config`] | the site's own configuration |
//! | [`agent`] | wiring and the driver loop, one file an effect |
//! | [`oneshot`] | work without the loop |
//! | [`cli`] | one file a command |
//!
//! A value changes its type as it earns trust, so that no step can be skipped: `Artifact` → `Verified<Artifact>` → `Desired` → `Plan` →
//! `ChangeSet` → `SiteStatus`. Each room imports [`model`] alone; the few exceptions are a table in `tests/it/architecture.rs`, which
//! fails on any other import.
//!
//! # Invariants
//!
//! 1. Nothing unproven is rendered or applied: only [`trust`] can make a [`trust::Verified`].
//! 2. A site accepts only descendants of what it last accepted, by first parents. That floor is on disk and never silently fresh.
//! 3. No network is needed to go on; what was accepted is completed, rendered and healed from disk.
//! 4. Facts are stored, not states: boot and crash take one path, [`reconcile::resume`].
//! 5. Prune comes after health, only for what carries all of our marks, within a guard.
//! 6. No shell, no work tree, no `unsafe`, no secret in an error, a log or a `Debug`.
//! 7. Pure rooms take time and luck as arguments; only `agent/clock.rs` reads the clock.
//! 8. What `plan` prints is what `run` does: both come from [`plan`]'s functions.
//! 9. Every parser of foreign bytes has limits.
//!
//! # Words
//!
//! One word a thing, here and in everything that people read.
//!
//! | say | meaning |
//! |---|---|
//! | fleet, site | all sites; one location = one lightweight cluster |
//! | source, mirror | where revisions come from; one of its equivalent URLs, in order of preference |
//! | revision | `ref@sha1:…`, immutable |
//! | verification, verdict | one signature's result; trust's decision on a revision |
//! | trusted clock | the later of system time, the time of the build, and what was known before |
//! | signer, keyring, floor | who may sign; the keys accepted now; the lowest revision that may still be accepted |
//! | application | a named part of the fleet repository: path, targeted sites, dependencies, options |
//! | desired, observed | rendered objects; live objects |
//! | baseline, drift | the fields of our last apply as the server answered them; a live object that differs from it |
//! | inventory, field manager, owner label | ids that we own; our server-side-apply name; the label that we prune by |
//! | stage, step, plan, change set | ordered group; one action; all actions; what really happened |
//! | apply, prune, recreate | server-side apply; delete what left desired; delete and create where a field cannot change |
//! | health: Current, InProgress, Failed, Unknown, Terminating | kstatus's words |
//! | settle, steady, last-good | wait for health; healthy at a revision; the last revision that got steady |
//! | attempt, backoff, hold, suspend | one try; wait after a failure; the agent stopped itself with a reason; a person stopped it |
//! | rollback, quarantine | apply last-good again; what failed here and is not tried again |
//! | status, moment | where the site stands; one thing that happened |
//! | sink, outbox, audit record | somebody who is told; where the status waits for the link; one line of the append-only, hash-chained log |

pub mod model;
pub mod source;
pub mod trust;
pub mod store;
pub mod fleet;
pub mod render;
pub mod plan;
pub mod cluster;
pub mod health;
pub mod apply;
pub mod report;
pub mod reconcile;
pub mod config;
pub mod agent;
pub mod oneshot;
pub mod cli;
