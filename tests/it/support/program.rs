//! The program itself as a process of its own, with the site's configuration in a folder.

use super::cluster::TestCluster;
use super::site::{TestSite, wait};
use serde_json::{Value, json};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A site's folder: configuration, state, and what a boot may forget.
pub(crate) struct Console {
    folder: tempfile::TempDir,
    config: Value,
}

/// The daemon. It is killed when this is dropped.
pub(crate) struct Daemon {
    child: Child,
    told: UnixDatagram,
}

impl Console {
    /// The configuration of this site, on this cluster.
    pub(crate) fn new(site: &TestSite, cluster: &TestCluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::write(path.join("signers"), &site.signers).unwrap();
        let config = json!({
            "site": {"name": site.name},
            "source": {"poll": "1s", "mirrors": [{"url": site.server.url(), "ca": site.server.ca_pem_path()}]},
            "trust": {"allowedSigners": path.join("signers")},
            "cluster": {"kubeconfig": cluster.kubeconfig()},
            "paths": {"state": path.join("state"), "run": path.join("run")},
        });
        let console = Self { folder, config };
        console.configure(|_| {});
        console
    }

    /// Changes the configuration for good.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Value)) {
        change(&mut self.config);
        self.configure(|_| {});
    }

    /// Writes the configuration, changed.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Value)) {
        let mut config = self.config.clone();
        change(&mut config);
        std::fs::write(self.path("config.yaml"), config.to_string()).unwrap();
    }

    /// A file of the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_standfast"));
        command.env_clear().arg("--config").arg(self.path("config.yaml"));
        command
    }

    /// One command of a person at the console.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// A command that must succeed; what it printed.
    pub(crate) fn told(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Starts the daemon, with a service manager that listens.
    pub(crate) fn start(&self) -> Daemon {
        let socket = self.path("notify");
        let _ = std::fs::remove_file(&socket);
        let told = UnixDatagram::bind(&socket).unwrap();
        told.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).unwrap();
        let child = self
            .command()
            .arg("run")
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { child, told }
    }

    /// The status as `status -o json` tells it; `None` while there is none.
    pub(crate) fn status(&self) -> Option<Value> {
        let output = self.run(&["status", "-o", "json"]);
        serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success())
    }

    /// Waits until the status fits.
    pub(crate) async fn until(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let look = || self.status().filter(|status| fits(status));
        let say = || format!("{:#?}\n{}", self.status(), std::fs::read_to_string(self.path("log")).unwrap());
        wait(what, look, say).await
    }
}

impl Daemon {
    /// Waits until the service manager is told this.
    pub(crate) fn until_told(&self, word: &str) -> String {
        let mut buffer = [0; 4096];
        loop {
            let length =
                self.told.recv(&mut buffer).unwrap_or_else(|error| panic!("waiting for {word}: {error}"));
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.contains(word) {
                return text;
            }
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end; the exit code, if it was not killed.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Ends it as the loss of power would, as far as a process can.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets another user into a folder.
pub(crate) fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
