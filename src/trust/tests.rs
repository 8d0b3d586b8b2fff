//! The rules of this room, as tables.

use super::fake::{Draft, Markers, raw};
use super::sign::armor;
use super::*;
use crate::model::{
    ChainEnd, Classify, CommitChain, CommitId, ErrorClass, Floor, Hash, RawCommit, Revision, Traffic,
};
use ed25519_dalek::SigningKey;
use jiff::SignedDuration;
use proptest::prelude::*;
use ssh_key::HashAlg;
use std::path::Path;

const LIKE: Hash = Hash::Sha1([0; 20]);
const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn clock(now: i64) -> TrustedClock {
    trusted(at(now), None, at(0))
}

fn tree(byte: u8) -> TreeId {
    TreeId(Hash::Sha1([byte; 20]))
}

/// Commits, oldest first, each the first parent of the next; each by its signature's text and its date.
fn line(base: Option<CommitId>, commits: &[(Option<&str>, i64)]) -> Vec<RawCommit> {
    let mut made: Vec<RawCommit> = Vec::new();
    for (index, (signature, seconds)) in commits.iter().enumerate() {
        let parent = made.last().map(|commit| commit.id).or(base);
        let message = format!("commit {index}");
        let tree = tree(u8::try_from(index).unwrap());
        let parents = parent.as_slice();
        let draft =
            Draft { tree, parents, committed: at(*seconds), signature: *signature, message: &message };
        made.push(draft.commit());
    }
    made
}

/// What a mirror offers: the newest of these, down to the oldest.
fn offered(oldest_first: &[RawCommit]) -> CommitChain {
    let commits: Vec<_> = oldest_first.iter().rev().cloned().collect();
    CommitChain {
        revision: Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: commits[0].id },
        commits,
        end: ChainEnd::Cut,
        mirror: "https://git.example.com/fleet.git".to_owned(),
        traffic: Traffic::default(),
        beside: Vec::new(),
    }
}

fn floor_id() -> CommitId {
    CommitId(Hash::Sha1([0xf1; 20]))
}

fn alice() -> Markers {
    Markers::of(["alice", "bob"])
}

const ALICE: Option<&str> = Some("fake:alice");

fn refusal(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refused(refusal) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn accepted(verdict: Verdict) -> Accepted {
    match verdict {
        Verdict::Accepted(accepted) => accepted,
        other => panic!("expected acceptance, got {other}"),
    }
}

#[test]
fn every_commit_above_the_floor_is_proven() {
    let made = line(Some(floor_id()), &[(ALICE, 10), (Some("fake:bob"), 20), (ALICE, 30)]);
    let chain = offered(&made);
    let accepted = accepted(judge(&chain, Base::Floor(floor_id()), &alice(), &clock(NOW)));
    assert_eq!(accepted.revision.get(), &chain.revision);
    assert_eq!(accepted.revision.root(), tree(2));
    let checked: Vec<_> = accepted.checks().map(|check| (check.commit, check.at)).collect();
    assert_eq!(checked, [(made[2].id, at(NOW)), (made[1].id, at(20)), (made[0].id, at(10))]);
    assert_eq!(accepted.begins(), None);
}

#[test]
fn one_bad_commit_anywhere_refuses_the_chain() {
    let bad: [(Option<&str>, &str); 5] = [
        (None, "Unsigned"),
        (Some("fake:mallory"), "UnknownKey"),
        (Some("fake:alice!"), "Tampered"),
        (Some("nonsense"), "SignatureMalformed"),
        (Some("fake:"), "UnknownKey"),
    ];
    for (signature, reason) in bad {
        for place in 0..3 {
            let mut commits = [(ALICE, 10); 3];
            commits[place].0 = signature;
            let made = line(Some(floor_id()), &commits);
            let refusal = refusal(judge(&offered(&made), Base::Floor(floor_id()), &alice(), &clock(NOW)));
            assert_eq!((refusal.commit, refusal.reason()), (Some(made[place].id), reason), "at {place}");
            assert_eq!(refusal.good.len(), 2 - place, "what is newer was found good");
            assert_eq!(refusal.class(), ErrorClass::Untrusted);
        }
    }
}

#[test]
fn a_line_that_misses_its_base_is_refused_whatever_it_leads_through() {
    let merged_in = Draft {
        tree: tree(1),
        parents: &[CommitId(Hash::Sha1([2; 20])), floor_id()],
        committed: at(10),
        signature: ALICE,
        message: "the floor is only the second parent",
    };
    let rewritten = line(None, &[(None, 10), (None, 20), (ALICE, 30)]);
    for (name, commits) in [
        ("rewritten history", offered(&rewritten)),
        ("unsigned and rewritten", offered(&rewritten[..1])),
        ("cut off", offered(&rewritten[1..])),
        ("smuggled by the second parent", offered(&[merged_in.commit()])),
    ] {
        for base in [Base::Floor(floor_id()), Base::Pin(floor_id())] {
            let refusal = refusal(judge(&commits, base, &alice(), &clock(NOW)));
            assert_eq!(refusal.reason(), "NotADescendant", "{name}");
        }
    }
}

#[test]
fn a_chain_is_not_believed() {
    type Change = fn(&mut CommitChain);
    let made = line(Some(floor_id()), &[(ALICE, 10), (ALICE, 20), (ALICE, 30)]);
    let table: &[(&str, Change, &str)] = &[
        ("nothing sent", |c| c.commits.clear(), "ChainBroken"),
        ("another tip", |c| drop(c.commits.remove(0)), "ChainBroken"),
        ("a link left out", |c| drop(c.commits.remove(1)), "ChainBroken"),
        ("links swapped", |c| c.commits.swap(1, 2), "ChainBroken"),
        ("bytes changed", |c| *c.commits[1].bytes.last_mut().unwrap() ^= 1, "Tampered"),
        ("bytes of another commit", |c| c.commits[1].bytes = c.commits[2].bytes.clone(), "Tampered"),
        ("too large", |c| c.commits[0].bytes = vec![b'a'; MAX_COMMIT + 1], "CommitMalformed"),
    ];
    for (name, change, reason) in table {
        let mut chain = offered(&made);
        change(&mut chain);
        chain.end = ChainEnd::Base(floor_id());
        let refusal = refusal(judge(&chain, Base::Floor(floor_id()), &alice(), &clock(NOW)));
        assert_eq!(refusal.reason(), *reason, "{name}");
    }
}

#[test]
fn what_lies_below_the_base_is_nobodys_business() {
    let mut made = line(None, &[(None, 10), (None, 20), (ALICE, 30), (ALICE, 40)]);
    let chain = offered(&made);
    for (name, base, proven) in [
        ("floor", Base::Floor(made[1].id), 2),
        ("pin", Base::Pin(made[2].id), 1),
        ("tip alone", Base::Nothing, 1),
    ] {
        let accepted = accepted(judge(&chain, base, &alice(), &clock(NOW)));
        assert_eq!(accepted.checks().count(), proven, "{name}");
    }
    assert_eq!(judge(&chain, Base::Floor(made[3].id), &alice(), &clock(NOW)), Verdict::Unchanged);
    made[0].bytes.clear();
    assert!(matches!(
        judge(&offered(&made), Base::Floor(made[1].id), &alice(), &clock(NOW)),
        Verdict::Accepted(_)
    ));
}

#[test]
fn where_trust_begins_is_said_and_kept() {
    let made = line(None, &[(ALICE, 10), (ALICE, 20), (ALICE, 30)]);
    let first = accepted(judge(&offered(&made[..2]), Base::of(None, None), &alice(), &clock(NOW)));
    assert!(first.to_string().contains("which was proven alone"), "{first}");
    let floor = first.floor(None, &clock(NOW));
    assert_eq!((floor.began, floor.accepted), (made[1].id, at(NOW)));
    assert_eq!(floor.signer, "alice (fake:alice)");

    let base = Base::of(Some(&floor), Some(made[0].id));
    assert_eq!(base, Base::Floor(made[1].id), "a pin never counts again");
    let next = accepted(judge(&offered(&made), base, &alice(), &clock(NOW + 5)));
    let raised = next.floor(Some(&floor), &clock(NOW + 5));
    let expected =
        Floor { revision: next.revision.get().clone(), began: made[1].id, accepted: at(NOW + 5), ..floor };
    assert_eq!(raised, expected);

    let pinned = accepted(judge(&offered(&made), Base::of(None, Some(made[0].id)), &alice(), &clock(NOW)));
    assert_eq!(pinned.floor(None, &clock(NOW)).began, made[0].id);
}

#[test]
fn a_mirror_that_lags_is_told_from_rewritten_history() {
    let made = line(None, &[(ALICE, 10), (ALICE, 20), (ALICE, 30)]);
    let behind = offered(&made[..2]);
    let refusal = refusal(judge(&behind, Base::Floor(made[2].id), &alice(), &clock(NOW)));
    assert_eq!((refusal.reason(), refusal.class()), ("NotADescendant", ErrorClass::Untrusted));
    assert_eq!(first_parent(&made[2]).unwrap(), Some(made[1].id));
    let told = refusal.clone().knowing(&behind.revision, &[made[1].id, made[0].id]);
    assert_eq!((told.reason(), told.class()), ("MirrorBehind", ErrorClass::Transient));
    assert_eq!(refusal.clone().knowing(&behind.revision, &[made[0].id]), refusal);
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A verifier for these keys, each with its options.
fn ssh(signers: &[(u8, &str)]) -> Ssh {
    let text: String = signers
        .iter()
        .map(|(seed, options)| {
            let line = allowed_line("alice", &key(*seed).verifying_key());
            line.replace("namespaces=\"git\"", options)
        })
        .collect();
    Ssh::new(Keyring::parse(text.as_bytes(), Path::new("allowed_signers")).unwrap())
}

fn unsigned(parent: Option<CommitId>, seconds: i64) -> Vec<u8> {
    let parents = parent.as_slice();
    Draft { tree: tree(1), parents, committed: at(seconds), signature: None, message: "x" }.commit().bytes
}

fn signed(parent: Option<CommitId>, seconds: i64, seed: u8) -> RawCommit {
    raw(&LIKE, sign(&unsigned(parent, seconds), &key(seed)))
}

/// 2027-01-01, 2027-06-01 and 2028-01-01, midnight UTC; `NOW` is 2027-01-15.
const JANUARY: i64 = 1_798_761_600;
const JUNE: i64 = 1_811_808_000;
const NEXT_YEAR: i64 = 1_830_297_600;

#[test]
fn keys_are_judged_at_the_right_moment() {
    let until_june = ssh(&[(1, "valid-before=\"20270601Z\""), (2, "namespaces=\"git\"")]);
    let from_june = ssh(&[(1, "valid-after=\"20270601Z\""), (2, "namespaces=\"git\"")]);
    // Who signs the commit between, its date; who signs the tip, its date; now; whether it passes.
    let table = [
        ("valid then and now", &until_june, (1, JANUARY), (1, JANUARY), NOW, true),
        (
            "between: expired now, valid at its date",
            &until_june,
            (1, JANUARY),
            (2, NEXT_YEAR),
            NEXT_YEAR,
            true,
        ),
        ("between: expired at its date", &until_june, (1, JUNE + 1), (2, NEXT_YEAR), NEXT_YEAR, false),
        ("tip: expired now, dated back", &until_june, (1, JANUARY), (1, JANUARY), NEXT_YEAR, false),
        ("tip: valid to the second", &until_june, (1, JANUARY), (1, JANUARY), JUNE, true),
        ("between: dated into its key's future", &from_june, (1, JUNE), (2, NOW), NOW, false),
        ("tip: dated into its key's future", &from_june, (2, NOW), (1, JUNE), NOW, false),
        ("tip: dated before its key's time", &from_june, (2, NOW), (1, JANUARY), NEXT_YEAR, false),
        ("tip: a signer's clock that runs ahead", &until_june, (2, NOW), (2, NOW + 3600), NOW, true),
    ];
    for (name, verifier, between, tip, now, passes) in table {
        let first = signed(Some(floor_id()), between.1, between.0);
        let second = signed(Some(first.id), tip.1, tip.0);
        let verdict = judge(&offered(&[first, second]), Base::Floor(floor_id()), verifier, &clock(now));
        match verdict {
            Verdict::Accepted(_) => assert!(passes, "{name}"),
            Verdict::Refused(refusal) => {
                assert!(!passes, "{name}: {refusal}");
                assert_eq!(refusal.reason(), "KeyNotAllowed", "{name}");
            }
            Verdict::Unchanged => panic!("{name}"),
        }
    }
}

#[test]
fn a_key_may_have_a_line_for_each_span() {
    let spans = ssh(&[(1, "valid-before=\"20270101Z\""), (1, "valid-after=\"20270601Z\"")]);
    let commit = Commit::read(&signed(None, NOW, 1)).unwrap();
    for (moment, good) in [(JANUARY, true), (NOW, false), (JUNE, true)] {
        assert_eq!(spans.verify(&commit.signed, at(moment)).is_good(), good, "{moment}");
    }
}

#[test]
fn the_moments_of_the_tables_are_what_they_say() {
    for (seconds, text) in [
        (JANUARY, "2027-01-01T00:00:00Z"),
        (NOW, "2027-01-15T08:00:00Z"),
        (JUNE, "2027-06-01T00:00:00Z"),
        (NEXT_YEAR, "2028-01-01T00:00:00Z"),
    ] {
        assert_eq!(at(seconds).to_string(), text);
    }
}

fn signed_by_hand(namespace: &str, hash: HashAlg) -> SignedPayload {
    let payload = unsigned(None, NOW);
    let signature = armor(&payload, &key(1), namespace, hash).into_bytes();
    SignedPayload { payload, signature: Some(signature) }
}

#[test]
fn namespaces_and_hash_functions() {
    let verifier = ssh(&[(1, "namespaces=\"file,g?t\"")]);
    for (namespace, hash, good) in [
        ("git", HashAlg::Sha512, true),
        ("git", HashAlg::Sha256, true),
        ("file", HashAlg::Sha512, false),
        ("git\0", HashAlg::Sha512, false),
    ] {
        let verification = verifier.verify(&signed_by_hand(namespace, hash), at(NOW));
        assert_eq!(verification.is_good(), good, "{namespace}: {verification}");
    }
    let elsewhere = ssh(&[(1, "namespaces=\"*,!git\"")]);
    let verification = elsewhere.verify(&signed_by_hand("git", HashAlg::Sha512), at(NOW));
    assert!(
        matches!(&verification, Verification::NotAllowed { why, .. } if why.contains("*,!git")),
        "{verification}"
    );
}

/// Every way to change one byte, to leave one out, to double one, and to put a blank or a newline in.
fn twins(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len()).flat_map(move |place| {
        let change = |mask: u8| {
            let mut twin = bytes.to_vec();
            twin[place] ^= mask;
            twin
        };
        let insert = |byte: u8| [&bytes[..place], &[byte], &bytes[place..]].concat();
        let without = [&bytes[..place], &bytes[place + 1..]].concat();
        [change(1), change(0x20), change(0x80), without, insert(bytes[place]), insert(b' '), insert(b'\n')]
    })
}

#[test]
fn no_other_bytes_carry_the_same_signature() {
    let verifier = ssh(&[(1, "namespaces=\"git\"")]);
    let original = signed(Some(floor_id()), NOW, 1);
    let payload = Commit::read(&original).unwrap().signed.payload;
    let mut same_payload = 0;
    for (index, twin) in twins(&original.bytes).enumerate().filter(|(_, twin)| *twin != original.bytes) {
        let Ok(commit) = Commit::read(&raw(&LIKE, twin)) else { continue };
        let is_same = commit.signed.payload == payload;
        same_payload += usize::from(is_same);
        // Every twin whose payload is untouched; of the others, which the curve tells apart slowly, a sample.
        if is_same || index % 16 == 0 {
            let verification = verifier.verify(&commit.signed, at(NOW));
            assert!(
                !verification.is_good(),
                "{}",
                String::from_utf8_lossy(&commit.signed.signature.unwrap())
            );
        }
    }
    assert!(same_payload > 1000, "twins that only touch the armor are the point of this test");
}

#[test]
fn headers_that_no_signature_covers_are_refused() {
    let commit = String::from_utf8(signed(None, NOW, 1).bytes).unwrap();
    let (before, after) = commit.split_once("gpgsig ").unwrap();
    let (armor, message) = after.split_once("\n\n").unwrap();
    for (name, bytes) in [
        ("a second signature", format!("{before}gpgsig {armor}\ngpgsig {armor}\n\n{message}")),
        (
            "of the other hash function, after",
            format!("{before}gpgsig {armor}\ngpgsig-sha256 {armor}\n\n{message}"),
        ),
        (
            "of the other hash function, before",
            format!("{before}gpgsig-sha256 x\ngpgsig {armor}\n\n{message}"),
        ),
        ("a name that only begins so", format!("{before}gpgsigx x\ngpgsig {armor}\n\n{message}")),
        ("without a value", format!("{before}gpgsig\n\n{message}")),
    ] {
        let commit = raw(&LIKE, bytes.into_bytes());
        let verified = Commit::read(&commit)
            .map(|commit| ssh(&[(1, "namespaces=\"git\"")]).verify(&commit.signed, at(NOW)));
        assert!(!verified.as_ref().is_ok_and(Verification::is_good), "{name}: {verified:?}");
    }
}

#[test]
fn commits_that_git_would_read_in_two_ways_are_refused() {
    let id = "ab".repeat(20);
    let who = "A <a@b> 1 +0000";
    let good =
        format!("tree {id}\nparent {id}\nauthor {who}\ncommitter {who}\nencoding x\nmergetag y\n z\n\nm\n");
    let read = |text: &str| Commit::read(&raw(&LIKE, text.as_bytes().to_vec()));
    assert_eq!(read(&good).unwrap().committed, at(1));
    for (from, to) in [
        ("tree ", "treee "),
        ("tree ", "\ntree "),
        (&id[..2], "AB"),
        (&id[..4], "ab"),
        ("parent ", "parent  "),
        ("author ", "parent "),
        ("author A", "author\nA"),
        ("committer A", "x A"),
        ("1 +0000\nenc", "+1 +0000\nenc"),
        ("1 +0000\nenc", "1\nenc"),
        ("1 +0000\nenc", "99999999999999999999 +0000\nenc"),
        ("1 +0000\nenc", "1 +0000\n x\nenc"),
        ("encoding x", "tree x"),
        ("encoding x", "committer x"),
        ("\n z\n\nm\n", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert!(read(&bad).is_err(), "{bad:?}");
    }
}

#[test]
fn explaining_shows_every_commit() {
    let made = line(Some(floor_id()), &[(None, 10), (ALICE, 20), (Some("fake:mallory"), 30)]);
    let mut chain = offered(&made);
    chain.commits[1].bytes.push(b'x');
    let shown: Vec<_> = explain(&chain, &alice(), &clock(NOW))
        .into_iter()
        .map(|(_, checked)| {
            checked.map_or_else(|error| error.to_string(), |checked| checked.verification.to_string())
        })
        .collect();
    assert_eq!(shown[0], "no allowed signer has its key fake:mallory");
    assert!(shown[1].contains("tampered"), "{}", shown[1]);
    assert_eq!(shown[2], "it is not signed");
}

#[test]
fn a_keyring_that_cannot_be_used_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let load =
        |path: &Path| Keyring::load(&Settings { allowed_signers: path.to_owned(), pin: None }).unwrap_err();
    let missing = load(&folder.path().join("none"));
    assert_eq!((missing.class(), missing.reason()), (ErrorClass::Misconfigured, "AllowedSignersUnreadable"));
    assert!(missing.to_string().contains("put the signers' public keys there"), "{missing}");
    assert_eq!(load(folder.path()).reason(), "AllowedSignersUnreadable");
    let parse = |text: &str| Keyring::parse(text.as_bytes(), Path::new("x")).unwrap_err().reason();
    assert_eq!(parse("# nobody\n\n"), "NoAllowedSigners");
    assert_eq!(parse("alice\n"), "AllowedSignersInvalid");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), armor in ".{0,200}") {
        let _ = Commit::read(&raw(&LIKE, bytes.clone()));
        let _ = super::tree::read(&bytes, &LIKE);
        let text = format!("-----BEGIN SSH SIGNATURE-----\n{armor}\n-----END SSH SIGNATURE-----\n");
        let signed = SignedPayload { payload: bytes, signature: Some(text.into_bytes()) };
        prop_assert!(!ssh(&[(1, "namespaces=\"git\"")]).verify(&signed, at(NOW)).is_good());
    }

    #[test]
    fn the_clock_never_runs_backwards(system in 0i64..4_000_000_000, floor: Option<u32>, dates in proptest::collection::vec(any::<(bool, i32)>(), 0..9)) {
        let mut clock = trusted(at(system), floor.map(|floor| at(floor.into())), at(NOW));
        for (is_commit, date) in dates {
            let date = at(i64::from(date));
            let next = clock.lift(if is_commit { Witness::Commit(date) } else { Witness::ApiServer(date) });
            prop_assert!(next.now() >= clock.now());
            let bound = clock.now().max(at(system) + SignedDuration::from_hours(24));
            prop_assert!(!is_commit || clock.is_system_wrong() || next.now() <= bound);
            clock = next;
        }
    }
}
