//! What a mirror may and may not make a site accept: one attack, one test, on histories that real git made.

use crate::support::keys::{NOW, Signing, clock};
use standfast::model::{Classify as _, CommitId};
use standfast::trust::{Accepted, Base, Refusal, Verdict, first_parent, judge};

fn offer(signing: &Signing, tip: CommitId, base: Base) -> Verdict {
    judge(&signing.chain(tip, base.commit()), base, &signing.verifier(), &clock(NOW))
}

#[track_caller]
fn accepted(verdict: Verdict) -> Accepted {
    match verdict {
        Verdict::Accepted(accepted) => accepted,
        other => panic!("expected acceptance, got {other}"),
    }
}

#[track_caller]
fn refused(verdict: Verdict, reason: &str) -> Refusal {
    match verdict {
        Verdict::Refused(refusal) if refusal.reason() == reason => refusal,
        other => panic!("expected {reason}, got {other}"),
    }
}

#[test]
fn two_hundred_commits_behind_are_all_proven() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let floor = signing.commit(&key);
    let tip = (0..200).fold(floor, |_, _| signing.commit(&key));
    let proof = accepted(offer(&signing, tip, Base::Floor(floor)));
    assert_eq!(proof.checks().count(), 200);
}

#[test]
fn one_unsigned_commit_between_is_found() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let floor = signing.commit(&key);
    signing.commit(&key);
    let bad = signing.commit_unsigned();
    let tip = signing.commit(&key);
    let refusal = refused(offer(&signing, tip, Base::Floor(floor)), "Unsigned");
    assert_eq!(refusal.commit, Some(bad));
}

#[test]
fn a_force_push_is_refused() {
    let mut signing = Signing::new();
    let key = signing.signer("alice");
    let common = signing.commit(&key);
    let floor = signing.commit(&key);
    signing.git(&["reset", "-q", "--hard", &common.to_string()]);
    let rewritten = signing.at(NOW + 1).commit(&key);
    assert_ne!(rewritten, floor);
    refused(offer(&signing, rewritten, Base::Floor(floor)), "NotADescendant");
}

#[test]
fn a_history_of_its_own_is_refused() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let floor = signing.commit(&key);
    signing.git(&["checkout", "-q", "--orphan", "other"]);
    let orphan = signing.commit(&key);
    refused(offer(&signing, orphan, Base::Floor(floor)), "NotADescendant");
}

#[test]
fn a_rollback_to_an_ancestor_is_refused_and_told_as_such() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let old = signing.commit(&key);
    signing.commit(&key);
    let floor = signing.commit(&key);
    let chain = signing.chain(old, Some(floor));
    let refusal = refused(offer(&signing, old, Base::Floor(floor)), "NotADescendant");

    let step = |commit: &CommitId| first_parent(&signing.raw(*commit)).unwrap();
    let below: Vec<_> = std::iter::successors(step(&floor), step).collect();
    assert_eq!(refusal.knowing(&chain.revision, &below).reason(), "MirrorBehind");
}

#[test]
fn a_floor_that_is_only_a_second_parent_is_refused() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    signing.commit(&key);
    signing.git(&["branch", "side"]);
    let floor = signing.commit(&key);
    signing.git(&["checkout", "-q", "side"]);
    signing.git_signing(&key, &["commit", "-q", "-S", "--allow-empty", "-m", "aside"]);
    signing.git_signing(&key, &["merge", "-q", "-S", "--no-ff", "-m", "takes the floor in", "main"]);
    refused(offer(&signing, signing.head(), Base::Floor(floor)), "NotADescendant");
}

#[test]
fn a_signed_merge_covers_what_it_brings_in() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let floor = signing.commit(&key);
    signing.git(&["checkout", "-q", "-b", "side"]);
    signing.commit_unsigned();
    signing.git(&["checkout", "-q", "main"]);
    signing.git_signing(&key, &["merge", "-q", "-S", "--no-ff", "-m", "merge", "side"]);
    let proof = accepted(offer(&signing, signing.head(), Base::Floor(floor)));
    assert_eq!(proof.checks().count(), 1);

    signing.git(&["reset", "-q", "--hard", &floor.to_string()]);
    signing.git(&["merge", "-q", "--no-ff", "-m", "an unsigned merge", "side"]);
    refused(offer(&signing, signing.head(), Base::Floor(floor)), "Unsigned");
}

#[test]
fn a_revoked_key_does_not_get_a_commit_through() {
    let mut signing = Signing::new();
    let (alice, bob) = (signing.key("alice", "ed25519"), signing.signer("bob"));
    signing.allow("alice", "valid-before=\"20270101Z\"", &alice);
    signing.at(1_790_000_000);
    let floor = signing.commit(&bob);
    let by_alice = signing.commit(&alice);
    refused(offer(&signing, by_alice, Base::Floor(floor)), "KeyNotAllowed");
    // Whoever holds a key that is valid now takes over what was signed in time, and nothing else.
    signing.at(NOW);
    let taken_over = signing.commit(&bob);
    accepted(offer(&signing, taken_over, Base::Floor(floor)));
    let late = signing.commit(&alice);
    let tip = signing.commit(&bob);
    assert_eq!(refused(offer(&signing, tip, Base::Floor(floor)), "KeyNotAllowed").commit, Some(late));
}

#[test]
fn a_new_site_begins_at_its_tip_or_after_its_pin() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let pin = signing.commit_unsigned();
    let bad = signing.commit_unsigned();
    let tip = signing.commit(&key);
    assert_eq!(accepted(offer(&signing, tip, Base::Nothing)).begins(), Some(tip));
    assert_eq!(refused(offer(&signing, tip, Base::Pin(pin)), "Unsigned").commit, Some(bad));
    assert_eq!(accepted(offer(&signing, tip, Base::Pin(bad))).begins(), Some(bad));
    assert_eq!(offer(&signing, pin, Base::Pin(pin)), Verdict::Unchanged);
    let elsewhere = "ab".repeat(20).parse().unwrap();
    refused(offer(&signing, tip, Base::Pin(elsewhere)), "NotADescendant");
}
