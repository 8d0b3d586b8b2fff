//! A real `sshd` on loopback, run by the user of the tests, that lets one key in and gives it git.

use super::git::{Key, isolated};
use standfast::source::MirrorSettings;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// Where Debian has it; it is run by its whole path, as it demands.
const PROGRAM: &str = "/usr/sbin/sshd";

/// How the server is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Whether it lets the protocol's version through, as every git host does.
    pub(crate) accepts_version: bool,
    /// Whether the account has git's own shell, which does nothing but serve git.
    pub(crate) git_shell: bool,
    /// Whether git's servers filter.
    pub(crate) filter: bool,
}

/// A running server. It ends when it is dropped.
pub(crate) struct Sshd {
    folder: TempDir,
    port: u16,
    child: Child,
    log: Arc<Mutex<String>>,
    /// The site's own key, which is let in.
    pub(crate) identity: Key,
}

impl Default for Options {
    fn default() -> Self {
        Self { accepts_version: true, git_shell: false, filter: true }
    }
}

impl Sshd {
    /// Starts one that lets a new key in.
    pub(crate) fn start(options: Options) -> Self {
        let identity = Key::generate("site");
        let folder = TempDir::new().unwrap();
        let host = folder.path().join("host");
        let made = isolated("ssh-keygen", folder.path())
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
            .arg(&host)
            .status();
        assert!(made.unwrap().success());
        let only =
            if options.git_shell { r#"command="git-shell -c \"$SSH_ORIGINAL_COMMAND\"" "# } else { "" };
        std::fs::write(folder.path().join("authorized_keys"), format!("{only}{}", identity.public()))
            .unwrap();
        let config = config(folder.path(), options);
        let log = Arc::new(Mutex::new(String::new()));
        // Somebody else may take the port between the two; then another one is tried.
        let (port, child) = (0..20)
            .find_map(|_| {
                let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
                let child = listen(&config, port, &log)?;
                Some((port, child))
            })
            .expect("a port is free");
        Self { folder, port, child, log, identity }
    }

    /// The port that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A repository on it as a mirror, with its host key pinned.
    pub(crate) fn mirror(&self, repository: &Path) -> MirrorSettings {
        self.mirror_through(self.port, repository)
    }

    /// The same by a port that leads to it.
    pub(crate) fn mirror_through(&self, port: u16, repository: &Path) -> MirrorSettings {
        self.mirror_by(port, repository, &self.pin(&self.folder.path().join("host.pub")))
    }

    /// The same by another port, with other host keys.
    pub(crate) fn mirror_by(&self, port: u16, repository: &Path, known_hosts: &Path) -> MirrorSettings {
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        MirrorSettings::Ssh {
            url: format!("ssh://{}@127.0.0.1:{port}{}", user.trim(), repository.display()).parse().unwrap(),
            known_hosts: known_hosts.to_owned(),
            identity: self.identity.path(),
            metered: false,
        }
    }

    /// A file that pins this public key for every host.
    pub(crate) fn pin(&self, public: &Path) -> PathBuf {
        let key = std::fs::read_to_string(public).unwrap();
        let path = self.folder.path().join(format!("known-{}", public.file_name().unwrap().display()));
        std::fs::write(&path, format!("* {key}")).unwrap();
        path
    }

    /// Another host key than the one it has.
    pub(crate) fn wrong_pin(&self) -> PathBuf {
        self.pin(&Key::generate("mallory").path().with_extension("pub"))
    }

    /// How many connections logged in so far.
    pub(crate) fn logins(&self) -> usize {
        self.log.lock().unwrap().matches("Accepted publickey").count()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn config(folder: &Path, options: Options) -> PathBuf {
    let path = folder.join("sshd_config");
    let git = format!(
        "GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=uploadpack.allowFilter GIT_CONFIG_VALUE_0={} \
         GIT_CONFIG_KEY_1=safe.directory GIT_CONFIG_VALUE_1=*",
        options.filter
    );
    let accepts = if options.accepts_version { "AcceptEnv GIT_PROTOCOL\n" } else { "" };
    let text = format!(
        "ListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel INFO\n\
         SetEnv {git}\n{accepts}",
        folder.join("host").display(),
        folder.join("authorized_keys").display(),
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// Starts it and waits until it listens; `None` if it cannot.
fn listen(config: &Path, port: u16, log: &Arc<Mutex<String>>) -> Option<Child> {
    // It wants this folder where it is run by root.
    let _ = std::fs::create_dir_all("/run/sshd");
    let mut child = Command::new(PROGRAM)
        .args(["-D", "-e", "-p", &port.to_string(), "-f"])
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sshd is installed: apt-get install openssh-server");
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listens = lines.by_ref().map_while(Result::ok).find(|line| {
        log.lock().unwrap().push_str(line);
        line.contains("Server listening") || line.contains("Cannot bind")
    });
    if listens.is_none_or(|line| line.contains("Cannot bind")) {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    }
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
    Some(child)
}
