//! Against the real `ssh-keygen`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests start real programs and write files")]

use standfast_identity::{Fault, Identity};
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new("ssh-keygen");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// A new key of this kind in a folder.
fn key(folder: &TempDir, kind: &[&str], passphrase: &str) -> PathBuf {
    let file = folder.path().join("identity");
    let text = file.to_str().unwrap();
    let output =
        run(&[&["-q", "-C", "someone@site", "-N", passphrase, "-f", text, "-t"], kind].concat(), b"");
    assert!(output.status.success(), "{output:?}");
    file
}

/// What is said about a file.
fn told(file: &Path) -> String {
    let error = Identity::load(file).unwrap_err();
    assert_eq!(error.to_string(), format!("reading the identity {}", file.display()));
    error.fault.to_string()
}

#[test]
fn a_new_key_is_read_and_named_as_ssh_keygen_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = key(&folder, &["ed25519"], "");
    let identity = Identity::load(&file).unwrap();
    let public = fs::read_to_string(file.with_extension("pub")).unwrap();
    assert_eq!(format!("{} someone@site", identity.public_line()), public.trim_end());
    let listed = String::from_utf8(run(&["-l", "-f", file.to_str().unwrap()], b"").stdout).unwrap();
    assert!(listed.contains(&identity.fingerprint()), "{listed}");
    assert_eq!(format!("{identity:?}"), format!("Identity({})", identity.fingerprint()));
}

#[test]
fn ssh_keygen_verifies_what_it_signs() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity::load(&key(&folder, &["ed25519"], "")).unwrap();
    let message = b"what is said\n".repeat(1000);
    let signature = identity.sign_sshsig("report@standfast.dev", &message).unwrap();
    let (file, allowed) = (folder.path().join("signature"), folder.path().join("allowed"));
    fs::write(&file, &signature).unwrap();
    fs::write(&allowed, format!("site {}\n", identity.public_line())).unwrap();
    let verify = |namespace: &str, message: &[u8]| {
        let allowed = allowed.to_str().unwrap();
        let arguments =
            ["-Y", "verify", "-f", allowed, "-I", "site", "-n", namespace, "-s", file.to_str().unwrap()];
        run(&arguments, message).status.success()
    };
    assert!(verify("report@standfast.dev", &message));
    assert!(!verify("git", &message));
    assert!(!verify("report@standfast.dev", b"something else"));
    assert_eq!(identity.sign_sshsig("", &message), None);
}

#[test]
fn what_is_not_an_identity_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let another = folder.path().join("another");
    let refused = |kind: &[&str], passphrase: &str, hint: &str| {
        let folder = tempfile::tempdir().unwrap();
        let words = told(&key(&folder, kind, passphrase));
        assert!(words.contains(hint), "{words}");
    };
    refused(&["ed25519"], "a passphrase", "`ssh-keygen -p -N '' -f FILE` takes it off");
    refused(&["ecdsa"], "", "it holds a key of another kind than ssh-ed25519");
    refused(&["rsa"], "", "it holds a key of another kind than ssh-ed25519");
    refused(&["rsa", "-m", "PEM"], "", "not a whole private key in OpenSSH's format");
    assert!(told(&another).starts_with("there is no such file"));
    assert_eq!(told(folder.path()), "it is not a file");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(told(&pipe), "it is not a file");

    fs::write(&another, vec![b'-'; (16 << 10) + 1]).unwrap();
    fs::set_permissions(&another, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(told(&another), "it is larger than 16384 bytes, and so not a key");

    let file = key(&folder, &["ed25519"], "");
    for mode in [0o640, 0o604, 0o610, 0o666] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        assert_eq!(
            told(&file),
            format!("its mode is {mode:04o}, and nobody but its owner may have access: `chmod 600` it")
        );
    }
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    Identity::load(&file).unwrap();
    let whole = fs::read_to_string(&file).unwrap();
    for cut in [0, 20, whole.len() / 2, whole.len() - 40] {
        assert!(matches!(Identity::parse(&whole.as_bytes()[..cut]), Err(Fault::Format(_))), "{cut}");
    }
    let text = format!("{:?}", Identity::parse(&whole.as_bytes()[..whole.len() / 2]));
    assert!(whole.lines().filter(|line| line.len() > 30).all(|line| !text.contains(line)), "{text}");
}
