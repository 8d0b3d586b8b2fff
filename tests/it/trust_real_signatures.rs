//! Signatures that real git and ssh-keygen made, judged by us and by git itself.

use crate::support::keys::{NOW, Signing, clock};
use standfast::model::{Classify as _, CommitId, RawCommit, Verification};
use standfast::trust::{Base, Commit, Refusal, Verdict, Verifier as _, allowed_line, judge, sign};
use std::fs;

/// Our verdict on a tip alone.
fn verdict(signing: &Signing, tip: CommitId) -> Verdict {
    judge(&signing.chain(tip, None), Base::Nothing, &signing.verifier(), &clock(NOW + 3600))
}

fn refusal(verdict: Verdict) -> Refusal {
    match verdict {
        Verdict::Refused(refusal) => refusal,
        other => panic!("expected a refusal, got {other}"),
    }
}

#[track_caller]
fn refused(signing: &Signing, tip: CommitId, reason: &str) {
    let refusal = refusal(verdict(signing, tip));
    assert_eq!(refusal.reason(), reason, "{refusal}");
}

#[track_caller]
fn accepted(signing: &Signing, tip: CommitId) {
    let verdict = verdict(signing, tip);
    assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict}");
    assert!(signing.git_accepts(tip), "git itself disagrees");
}

/// Puts an armor into an unsigned commit, as git would.
fn with_signature(unsigned: &[u8], armor: &str) -> Vec<u8> {
    let text = String::from_utf8(unsigned.to_vec()).unwrap();
    let (headers, message) = text.split_once("\n\n").unwrap();
    format!("{headers}\ngpgsig {}\n\n{message}", armor.trim_end().replace('\n', "\n ")).into_bytes()
}

#[test]
fn a_signed_commit_is_accepted_and_names_its_signer() {
    let signing = Signing::new();
    let key = signing.signer("alice@example.com");
    let tip = signing.commit(&key);
    accepted(&signing, tip);
    let Verdict::Accepted(accepted) = verdict(&signing, tip) else { panic!("just seen") };
    let listed = signing.ssh_keygen(&["-l", "-f", key.to_str().unwrap()], b"");
    let fingerprint = String::from_utf8(listed).unwrap().split(' ').nth(1).unwrap().to_owned();
    assert!(fingerprint.starts_with("SHA256:"));
    assert_eq!(accepted.floor(None, &clock(NOW)).signer, format!("alice@example.com ({fingerprint})"));
    assert_eq!(accepted.revision.root().to_string(), signing.git(&["rev-parse", "HEAD^{tree}"]));
}

#[test]
fn an_unsigned_commit_is_refused() {
    let signing = Signing::new();
    signing.signer("alice");
    refused(&signing, signing.commit_unsigned(), "Unsigned");
}

#[test]
fn a_key_that_is_not_allowed_is_refused_with_its_fingerprint() {
    let signing = Signing::new();
    signing.signer("alice");
    let tip = signing.commit(&signing.key("mallory", "ed25519"));
    let told = refusal(verdict(&signing, tip)).to_string();
    assert!(told.contains("no allowed signer has its key SHA256:"), "{told}");
    assert!(!signing.git_accepts(tip));
}

#[test]
fn an_expired_key_and_one_before_its_time_are_refused() {
    for (options, good) in [
        ("valid-before=\"20270115075959Z\"", false),
        ("valid-before=\"20270115080000Z\"", true),
        ("valid-after=\"20270115080000Z\"", true),
        ("valid-after=\"20270115080001Z\"", false),
        ("namespaces=\"file\"", false),
        ("namespaces=\"file,git\"", true),
    ] {
        let signing = Signing::new();
        let key = signing.key("alice", "ed25519");
        signing.allow("alice", options, &key);
        let tip = signing.commit(&key);
        let commit = Commit::read(&signing.raw(tip)).unwrap();
        let verification = signing.verifier().verify(&commit.signed, commit.committed);
        assert_eq!(verification.is_good(), good, "{options}: {verification}");
        assert_eq!(signing.git_accepts(tip), good, "{options}: git itself disagrees");
    }
}

#[test]
fn a_tip_whose_key_expired_since_is_refused_though_git_accepts_it() {
    let signing = Signing::new();
    let key = signing.key("alice", "ed25519");
    signing.allow("alice", "valid-before=\"20270115083000Z\"", &key);
    let tip = signing.commit(&key);
    assert!(signing.git_accepts(tip));
    refused(&signing, tip, "KeyNotAllowed");
}

#[test]
fn a_changed_commit_is_refused() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let first = signing.commit(&key);
    let tip = signing.commit(&key);
    let honest = String::from_utf8(signing.raw(tip).bytes).unwrap();
    let other_tree = signing.git(&["rev-parse", &format!("{first}^{{tree}}")]);
    let own_tree = signing.git(&["rev-parse", "HEAD^{tree}"]);
    for (name, from, to) in [
        ("message", "a change", "a chance"),
        ("tree", own_tree.as_str(), other_tree.as_str()),
        ("date", "1800000000 +0000\ngpgsig", "1800000001 +0000\ngpgsig"),
        ("parent left out", &format!("parent {first}\n"), ""),
        ("header added", "\ngpgsig", "\nencoding x\ngpgsig"),
        ("bytes after the message", "a change\n", "a change\n\0"),
    ] {
        let changed = honest.replacen(from, to, 1);
        assert_ne!(changed, honest, "{name}");
        let twin = signing.write(changed.as_bytes());
        refused(&signing, twin, "Tampered");
        assert!(!signing.git_accepts(twin), "{name}");

        let mut chain = signing.chain(tip, None);
        chain.commits[0] = RawCommit { id: tip, bytes: changed.into_bytes() };
        let refusal = refusal(judge(&chain, Base::Nothing, &signing.verifier(), &clock(NOW)));
        assert_eq!(refusal.reason(), "Tampered", "{name}, under the honest id");
    }
}

#[test]
fn another_commits_signature_is_refused() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let donor = String::from_utf8(signing.raw(signing.commit(&key)).bytes).unwrap();
    let armor = donor.split_once("gpgsig ").unwrap().1.split_once("\n\n").unwrap().0.replace("\n ", "\n");
    let unsigned = signing.raw(signing.commit_unsigned()).bytes;
    refused(&signing, signing.write(&with_signature(&unsigned, &armor)), "Tampered");
}

#[test]
fn a_twin_that_git_would_accept_is_refused() {
    let signing = Signing::new();
    let honest = String::from_utf8(signing.raw(signing.commit(&signing.signer("alice"))).bytes).unwrap();
    for (name, from, to) in [
        ("an unsigned header that git leaves out", "\n\n", "\ngpgsig-sha256 anything\n\n"),
        ("lines wrapped elsewhere", "\n U1NIU0lH", "\n U1NIU0\n lH"),
        (
            "an empty line after the armor",
            "-----END SSH SIGNATURE-----\n",
            "-----END SSH SIGNATURE-----\n \n",
        ),
    ] {
        let twin = signing.write(honest.replacen(from, to, 1).as_bytes());
        assert!(signing.git_accepts(twin), "{name}: this attack works on git");
        let refusal = refusal(verdict(&signing, twin));
        assert!(["CommitMalformed", "SignatureMalformed"].contains(&refusal.reason()), "{name}: {refusal}");
    }
}

#[test]
fn a_signature_made_for_another_purpose_is_refused() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let unsigned = signing.raw(signing.commit_unsigned()).bytes;
    for (namespace, hash, is_good) in
        [("file", "sha512", false), ("git", "sha512", true), ("git", "sha256", true)]
    {
        let hash = format!("hashalg={hash}");
        let arguments = ["-Y", "sign", "-q", "-n", namespace, "-O", &hash, "-f", key.to_str().unwrap()];
        let armor = String::from_utf8(signing.ssh_keygen(&arguments, &unsigned)).unwrap();
        let tip = signing.write(&with_signature(&unsigned, &armor));
        if is_good {
            accepted(&signing, tip);
        } else {
            refused(&signing, tip, "KeyNotAllowed");
        }
        assert_eq!(signing.git_accepts(tip), is_good);
    }
}

#[test]
fn keys_of_other_kinds_are_refused_by_name() {
    let signing = Signing::new();
    signing.signer("alice");
    for (kind, named) in [("rsa", "ssh-rsa"), ("ecdsa", "ecdsa-sha2-nistp256")] {
        let tip = signing.commit(&signing.key(kind, kind));
        let told = refusal(verdict(&signing, tip));
        assert_eq!(told.reason(), "SignatureUnsupported");
        assert!(told.to_string().contains(&format!("key of type {named}, which is not accepted")), "{told}");
    }
}

#[test]
fn a_certificate_is_refused_by_name() {
    let signing = Signing::new();
    let (authority, key) = (signing.signer("authority"), signing.signer("alice"));
    let arguments =
        ["-q", "-s", authority.to_str().unwrap(), "-I", "id", "-n", "alice", key.to_str().unwrap()];
    signing.ssh_keygen(&arguments, b"");
    let tip = signing.commit(&signing.path().join("alice-cert.pub"));
    let told = refusal(verdict(&signing, tip)).to_string();
    assert!(told.contains("type ssh-ed25519-cert-v01@openssh.com"), "{told}");
}

#[test]
fn signatures_of_other_tools_are_refused_by_name() {
    let signing = Signing::new();
    signing.signer("alice");
    let unsigned = signing.raw(signing.commit_unsigned()).bytes;
    for (label, named) in [("PGP SIGNATURE", "OpenPGP"), ("SIGNED MESSAGE", "X.509")] {
        let armor = format!("-----BEGIN {label}-----\n\nAAAA\n-----END {label}-----\n");
        let told = refusal(verdict(&signing, signing.write(&with_signature(&unsigned, &armor))));
        assert_eq!(told.reason(), "SignatureUnsupported");
        assert!(told.to_string().contains(named), "{told}");
    }
}

#[test]
fn commits_with_other_headers_are_accepted() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    signing.change();
    signing.git_signing(
        &key,
        &["-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "-S", "-m", "gpgsig \u{e9}"],
    );
    assert!(signing.git(&["cat-file", "commit", "HEAD"]).contains("\nencoding ISO-8859-1\n"));
    accepted(&signing, signing.head());

    signing.git(&["checkout", "-q", "-b", "side"]);
    signing.commit_unsigned();
    signing.git_signing(&key, &["tag", "-s", "-m", "a signed tag", "v1"]);
    signing.git(&["checkout", "-q", "main"]);
    signing.git_signing(&key, &["merge", "-q", "-S", "--no-ff", "--no-edit", "v1"]);
    assert!(signing.git(&["cat-file", "commit", "HEAD"]).contains("\nmergetag object "));
    accepted(&signing, signing.head());
}

#[test]
fn a_message_that_looks_like_a_signature_is_none() {
    let signing = Signing::new();
    signing.signer("alice");
    signing.change();
    signing.git(&[
        "commit",
        "-q",
        "-m",
        "gpgsig -----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----",
    ]);
    refused(&signing, signing.head(), "Unsigned");
    signing.change();
    signing.git(&["commit", "-q", "--allow-empty-message", "-m", ""]);
    refused(&signing, signing.head(), "Unsigned");
}

#[test]
fn a_sha256_repositorys_commits_are_accepted() {
    let signing = Signing::with_format("sha256");
    let key = signing.signer("alice");
    let tip = signing.commit(&key);
    assert!(signing.git(&["cat-file", "commit", "HEAD"]).contains("\ngpgsig-sha256 "));
    accepted(&signing, tip);
    refused(&signing, signing.commit_unsigned(), "Unsigned");
}

#[test]
fn git_accepts_what_we_sign_for_the_demo() {
    let signing = Signing::new();
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    fs::write(signing.allowed(), allowed_line("demo", &key.verifying_key())).unwrap();
    let unsigned = signing.raw(signing.commit_unsigned()).bytes;
    accepted(&signing, signing.write(&sign(&unsigned, &key)));
}

#[test]
fn every_verification_prints_as_one_line() {
    let signing = Signing::new();
    let key = signing.signer("alice");
    let tip = signing.commit(&key);
    let Verdict::Accepted(accepted) = verdict(&signing, tip) else { panic!("a good commit") };
    let line = accepted.tip.to_string();
    assert!(
        line.starts_with(&format!("{} 2027-01-15T08:00:00Z signed by alice (SHA256:", tip.short())),
        "{line}"
    );
    assert!(matches!(accepted.tip.verification, Verification::Good { .. }));
}
