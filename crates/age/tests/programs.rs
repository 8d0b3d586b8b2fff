//! Against the real `age` and `ssh-keygen`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "tests start real programs and write files")]

use standfast_age::{Error, Key, decrypt, encrypt};
use standfast_identity::Identity;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Runs a program and answers with what it prints.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("running {program} (is it installed?): {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {told}");
    output.stdout
}

/// A key of age's own: its file and its public line.
fn age_key(folder: &TempDir) -> (PathBuf, String) {
    let file = folder.path().join("age");
    run("age-keygen", &["-o", file.to_str().unwrap()], b"");
    let public = run("age-keygen", &["-y", file.to_str().unwrap()], b"");
    (file, String::from_utf8(public).unwrap().trim().to_owned())
}

/// An SSH key: its file and its public line.
fn ssh_key(folder: &TempDir) -> (PathBuf, String) {
    let file = folder.path().join("ssh");
    run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", file.to_str().unwrap()], b"");
    let public = fs::read_to_string(file.with_extension("pub")).unwrap();
    (file, public.trim().to_owned())
}

fn of_ssh(file: &Path) -> Key {
    let identity = Identity::load(file).unwrap();
    Key::ssh_ed25519(identity.agreement_secret(), identity.public_key()).unwrap()
}

fn check(file: &Path, public: &str, key: &Key) {
    for length in [0, 1, 65_536, 200_000] {
        let contents: Vec<u8> = (0..length).map(|at: u32| at.to_le_bytes()[0]).collect();
        let theirs = run("age", &["-r", public], &contents);
        assert_eq!(decrypt(&theirs, std::slice::from_ref(key)).unwrap().as_slice(), contents);
        let ours = encrypt(&contents, &[key.recipient()]).unwrap();
        assert_eq!(run("age", &["-d", "-i", file.to_str().unwrap()], &ours), contents);
    }
}

#[test]
fn age_reads_what_is_written_here_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let (file, public) = age_key(&folder);
    let key = Key::parse(&fs::read_to_string(&file).unwrap()).unwrap();
    check(&file, &public, &key);
    let (ssh_file, ssh_public) = ssh_key(&folder);
    let ssh = of_ssh(&ssh_file);
    check(&ssh_file, &ssh_public, &ssh);

    let for_both = run("age", &["-r", &public, "-r", &ssh_public], b"x");
    for key in [&key, &ssh] {
        assert_eq!(decrypt(&for_both, std::slice::from_ref(key)).unwrap().as_slice(), b"x");
    }
    let for_one = run("age", &["-r", &public], b"x");
    assert_eq!(decrypt(&for_one, &[ssh]).unwrap_err(), Error::NoKey);
}

#[test]
fn a_secret_and_a_public_key_must_belong_together() {
    let folder = tempfile::tempdir().unwrap();
    let one = Identity::load(&ssh_key(&folder).0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let other = Identity::load(&ssh_key(&folder).0).unwrap();
    assert!(Key::ssh_ed25519(one.agreement_secret(), other.public_key()).is_none());
}
