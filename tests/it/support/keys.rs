//! Real keys by `ssh-keygen` and real commits by `git commit -S`, in one temporary folder, untouched by this machine's settings.

use standfast::model::{ChainEnd, CommitChain, CommitId, RawCommit, Revision, Traffic};
use standfast::trust::{Keyring, Ssh, TrustedClock, trusted};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The moment at which commits are made unless a test says otherwise: 2027-01-15T08:00:00Z.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A repository and the keys that sign in it.
pub(crate) struct Signing {
    folder: TempDir,
    date: i64,
}

impl Signing {
    /// An empty repository without keys.
    pub(crate) fn new() -> Self {
        Self::with_format("sha1")
    }

    /// An empty repository of this object format.
    pub(crate) fn with_format(format: &str) -> Self {
        let signing = Self { folder: tempfile::tempdir().unwrap(), date: NOW };
        fs::write(signing.allowed(), "").unwrap();
        signing.git(&["init", "-q", "-b", "main", "--object-format", format]);
        signing
    }

    /// The folder that holds it all.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Commits from here on are made at this moment.
    pub(crate) fn at(&mut self, seconds: i64) -> &mut Self {
        self.date = seconds;
        self
    }

    /// Makes a key of this type and answers with its file.
    pub(crate) fn key(&self, name: &str, kind: &str) -> PathBuf {
        let file = self.path().join(name);
        let text = file.to_str().unwrap();
        self.ssh_keygen(&["-q", "-t", kind, "-N", "", "-C", name, "-f", text], b"");
        file
    }

    /// Makes an ed25519 key that may sign under its own name.
    pub(crate) fn signer(&self, name: &str) -> PathBuf {
        let file = self.key(name, "ed25519");
        self.allow(name, "", &file);
        file
    }

    /// Adds a line for this key to the allowed signers file.
    pub(crate) fn allow(&self, principals: &str, options: &str, key: &Path) {
        let public = fs::read_to_string(format!("{}.pub", key.display())).unwrap();
        let mut text = fs::read_to_string(self.allowed()).unwrap();
        writeln!(text, "{principals} {options} {}", public.trim_end()).unwrap();
        fs::write(self.allowed(), text).unwrap();
    }

    /// The allowed signers file.
    pub(crate) fn allowed(&self) -> PathBuf {
        self.path().join("allowed_signers")
    }

    /// The verifier for the allowed signers file as it stands.
    pub(crate) fn verifier(&self) -> Ssh {
        let text = fs::read(self.allowed()).unwrap();
        Ssh::new(Keyring::parse(&text, &self.allowed()).unwrap())
    }

    /// A commit that changes one file, signed by this key.
    pub(crate) fn commit(&self, key: &Path) -> CommitId {
        self.change();
        self.git_signing(key, &["commit", "-q", "-S", "-m", "a change"]);
        self.head()
    }

    /// A commit that changes one file, not signed.
    pub(crate) fn commit_unsigned(&self) -> CommitId {
        self.change();
        self.git(&["commit", "-q", "-m", "a change"]);
        self.head()
    }

    /// Changes one file and stages it.
    pub(crate) fn change(&self) {
        let file = self.path().join("file");
        let before = fs::read_to_string(&file).unwrap_or_default();
        fs::write(&file, format!("{before}{}\n", before.len())).unwrap();
        self.git(&["add", "file"]);
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> CommitId {
        self.git(&["rev-parse", "HEAD"]).parse().unwrap()
    }

    /// A commit's bytes.
    pub(crate) fn raw(&self, commit: CommitId) -> RawCommit {
        let output = self.run("git", &["cat-file", "commit", &commit.to_string()], b"");
        RawCommit { id: commit, bytes: output.stdout }
    }

    /// Writes any bytes as a commit, as a hostile mirror would, and answers with the id that git gives them.
    pub(crate) fn write(&self, bytes: &[u8]) -> CommitId {
        let output = self.run("git", &["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], bytes);
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }

    /// What an honest source would offer for this tip, above the base.
    pub(crate) fn chain(&self, tip: CommitId, base: Option<CommitId>) -> CommitChain {
        let line = self.git(&["rev-list", "--first-parent", &tip.to_string()]);
        let ids = line.lines().map(|id| id.parse::<CommitId>().unwrap());
        let commits = ids.take_while(|id| Some(*id) != base).map(|id| self.raw(id)).collect();
        CommitChain {
            revision: Revision { ref_name: "refs/heads/main".parse().unwrap(), commit: tip },
            commits,
            end: base.map_or(ChainEnd::Cut, ChainEnd::Base),
            mirror: "test".to_owned(),
            traffic: Traffic::default(),
            beside: Vec::new(),
        }
    }

    /// Whether git itself, by `git verify-commit`, finds the signature good.
    pub(crate) fn git_accepts(&self, commit: CommitId) -> bool {
        let allowed = format!("gpg.ssh.allowedSignersFile={}", self.allowed().display());
        self.command("git")
            .args(["-c", &allowed, "verify-commit", &commit.to_string()])
            .output()
            .unwrap()
            .status
            .success()
    }

    /// Runs git and answers with what it prints, without the newline at its end.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.run("git", arguments, b"");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs git with this key for signatures.
    pub(crate) fn git_signing(&self, key: &Path, arguments: &[&str]) -> String {
        let key = format!("user.signingkey={}", key.display());
        self.git(&[&["-c", "gpg.format=ssh", "-c", &key], arguments].concat())
    }

    /// Runs ssh-keygen and answers with what it prints.
    pub(crate) fn ssh_keygen(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.run("ssh-keygen", arguments, input).stdout
    }

    /// A program in the folder, with nothing of this machine's settings but its path.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let date = format!("{} +0000", self.date);
        command
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Snake Oil")
            .env("GIT_AUTHOR_EMAIL", "snake@oil.example")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Snake Oil")
            .env("GIT_COMMITTER_EMAIL", "snake@oil.example")
            .env("GIT_COMMITTER_DATE", &date);
        command
    }

    fn run(&self, program: &str, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {told}");
        output
    }
}

/// The trusted clock of a site whose clock is right.
pub(crate) fn clock(now: i64) -> TrustedClock {
    let at = |seconds| jiff::Timestamp::from_second(seconds).unwrap();
    trusted(at(now), None, at(0))
}
