//! Real repositories made by the real `git`, with nothing of this machine's configuration in them.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A repository in a temporary folder: a bare one that can be served or used as a path, and a work tree beside it.
pub(crate) struct Repo {
    folder: TempDir,
    clock: Cell<i64>,
}

/// An SSH key made by `ssh-keygen`, without a passphrase.
pub(crate) struct Key {
    folder: TempDir,
    /// The principal that it belongs to.
    pub(crate) name: String,
}

/// The first commit's date, 2026-01-01T00:00:00Z; each commit is a minute after the one before.
pub(crate) const FIRST_COMMIT: i64 = 1_767_225_600;

impl Repo {
    /// An empty repository with branch `main`.
    pub(crate) fn init() -> Self {
        Self::init_with(&[])
    }

    /// The same with SHA-256 object ids.
    pub(crate) fn init_sha256() -> Self {
        Self::init_with(&["--object-format=sha256"])
    }

    fn init_with(arguments: &[&str]) -> Self {
        let repo = Self { folder: TempDir::new().unwrap(), clock: Cell::new(FIRST_COMMIT) };
        std::fs::create_dir(repo.work_tree()).unwrap();
        let made = isolated("git", repo.folder.path())
            .args(["init", "--quiet", "--bare", "--initial-branch=main"])
            .args(arguments)
            .arg(repo.path())
            .output();
        succeed("git init", &made.unwrap());
        repo.git(&["config", "core.bare", "false"]);
        // It would go on in the background, after the command that started it.
        repo.git(&["config", "gc.auto", "0"]);
        repo
    }

    /// The bare repository's folder, `fleet.git`.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("fleet.git")
    }

    /// The folder that commits are made from.
    pub(crate) fn work_tree(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Writes a file of the work tree, with the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.work_tree().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Removes a file of the work tree.
    pub(crate) fn remove(&self, path: &str) -> &Self {
        std::fs::remove_file(self.work_tree().join(path)).unwrap();
        self
    }

    /// Sets the date of the next commit, in seconds since 1970.
    pub(crate) fn set_date(&self, seconds: i64) {
        self.clock.set(seconds);
    }

    /// Commits all that is in the work tree and answers with the commit's id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.commit_with(message, &[], &[])
    }

    /// The same, signed by an SSH key.
    pub(crate) fn commit_signed(&self, message: &str, key: &Key) -> String {
        let key = format!("user.signingkey={}", key.path().display());
        self.commit_with(message, &["-c", "gpg.format=ssh", "-c", &key], &["-S"])
    }

    fn commit_with(&self, message: &str, options: &[&str], arguments: &[&str]) -> String {
        self.git(&["add", "--all"]);
        let all = [options, &["commit", "--quiet", "--allow-empty", "-m", message], arguments].concat();
        self.git(&all);
        self.clock.set(self.clock.get() + 60);
        self.tip()
    }

    /// Merges `other` into the branch with a merge commit, and answers with its id.
    pub(crate) fn merge(&self, other: &str) -> String {
        self.git(&["merge", "--quiet", "--no-ff", "-m", "merge", other]);
        self.clock.set(self.clock.get() + 60);
        self.tip()
    }

    /// Makes a signed commit of another commit's files with any parents, which no branch has yet; answers with its id.
    pub(crate) fn git_commit_tree(&self, files_of: &str, parents: &[&str], key: &Key) -> String {
        let signing = format!("user.signingkey={}", key.path().display());
        let tree = format!("{files_of}^{{tree}}");
        let mut arguments = vec!["-c", "gpg.format=ssh", "-c", &signing, "commit-tree", "-S", "-m", "merge"];
        parents.iter().for_each(|parent| arguments.extend(["-p", parent]));
        arguments.push(&tree);
        let commit = self.git(&arguments);
        self.clock.set(self.clock.get() + 60);
        commit
    }

    /// Sets the branch and the work tree to `commit`, as a force-push would.
    pub(crate) fn reset(&self, commit: &str) {
        self.git(&["reset", "--quiet", "--hard", commit]);
    }

    /// The id that `main` has.
    pub(crate) fn tip(&self) -> String {
        self.rev_parse("refs/heads/main")
    }

    /// The id of anything that git can name: `HEAD~1`, `main:apps`.
    pub(crate) fn rev_parse(&self, name: &str) -> String {
        self.git(&["rev-parse", "--verify", name])
    }

    /// Runs git on this repository and answers with what it printed, without the last newline.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().unwrap();
        succeed(&format!("git {}", arguments.join(" ")), &output);
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Runs git with something on its standard input and answers with what it printed.
    pub(crate) fn git_with_input(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut child =
            self.command().args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        succeed(&format!("git {}", arguments.join(" ")), &output);
        output.stdout
    }

    fn command(&self) -> Command {
        let date = format!("{} +0000", self.clock.get());
        let mut command = isolated("git", self.folder.path());
        command
            .current_dir(self.work_tree())
            .env("GIT_DIR", self.path())
            .env("GIT_WORK_TREE", self.work_tree())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date);
        command
    }
}

impl Key {
    /// A new ed25519 key of `name`.
    pub(crate) fn generate(name: &str) -> Self {
        Self::generate_of_kind(name, "ed25519")
    }

    /// A new key of a kind that `ssh-keygen -t` knows.
    pub(crate) fn generate_of_kind(name: &str, kind: &str) -> Self {
        let key = Self { folder: TempDir::new().unwrap(), name: name.to_owned() };
        let made = isolated("ssh-keygen", key.folder.path())
            .args(["-q", "-t", kind, "-N", "", "-C", name, "-f"])
            .arg(key.path())
            .output();
        succeed("ssh-keygen", &made.unwrap());
        key
    }

    /// The private key's file; the public one is beside it with `.pub`.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// Type and base64 of the public key.
    pub(crate) fn public(&self) -> String {
        let line = std::fs::read_to_string(self.path().with_extension("pub")).unwrap();
        line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// The key's fingerprint, `SHA256:…`.
    pub(crate) fn fingerprint(&self) -> String {
        let output = isolated("ssh-keygen", self.folder.path()).arg("-lf").arg(self.path()).output().unwrap();
        succeed("ssh-keygen -l", &output);
        String::from_utf8(output.stdout).unwrap().split_whitespace().nth(1).unwrap().to_owned()
    }

    /// A line that lets this key sign commits.
    pub(crate) fn allowed_signer(&self) -> String {
        format!("{} namespaces=\"git\" {}\n", self.name, self.public())
    }
}

/// A program that sees nothing of this machine but `PATH`.
pub(crate) fn isolated(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_NAME", "Ada")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .stdin(Stdio::null());
    command
}

/// Bytes that no compression makes smaller, the same each time.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

fn succeed(what: &str, output: &Output) {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}
