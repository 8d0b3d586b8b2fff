//! The release binary as a process of its own, and what the kernel says of it.

use super::fleet::Fleet;
use serde_json::Value;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many of the kernel's clock ticks are a second; user space sees no other number.
const TICKS: f64 = 100.0;
/// How long an agent may take to get somewhere.
const PATIENCE: Duration = Duration::from_secs(300);

/// What one command cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// From its start to its end.
    pub(crate) wall: f64,
    /// Seconds of processor, of its own.
    pub(crate) cpu: f64,
}

/// A running agent. It is ended when this is dropped.
pub(crate) struct Daemon {
    child: Child,
}

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) rss: f64,
    /// Of that, anonymous.
    pub(crate) anonymous: f64,
    /// The most that was ever resident.
    pub(crate) peak: f64,
    /// Threads.
    pub(crate) threads: f64,
}

/// Builds the program as it is shipped, and answers with its path.
pub(crate) fn build() -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    eprintln!("building the program as it is shipped");
    let built = Command::new(home.join("packaging/build")).stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "the build failed");
    home.join(String::from_utf8(built.stdout).unwrap().trim())
}

/// `standfast run --once`, which must succeed.
pub(crate) fn once(binary: &Path, fleet: &Fleet) -> Run {
    let begin = Instant::now();
    let mut child = command(binary, fleet).arg("--once").stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    let wall = begin.elapsed().as_secs_f64();
    // Until it is waited for, what it used is still told.
    let cpu = cpu(child.id());
    let status = child.wait().unwrap();
    assert!(status.success(), "the pass failed:\n{told}");
    Run { wall, cpu }
}

fn command(binary: &Path, fleet: &Fleet) -> Command {
    let mut command = Command::new(binary);
    command
        .arg("--config")
        .arg(fleet.config())
        .arg("run")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Seconds of processor that a process used so far.
fn cpu(process: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name before may hold blanks; it ends with the last parenthesis.
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / TICKS
}

impl Daemon {
    /// Starts `standfast run`.
    pub(crate) fn start(binary: &Path, fleet: &Fleet) -> Self {
        Self { child: command(binary, fleet).stderr(Stdio::null()).spawn().unwrap() }
    }

    /// Asks it to end, as systemd would, and waits until it has.
    pub(crate) fn end(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success() && self.child.wait().unwrap().success(), "the agent did not end well");
    }

    /// Waits until all applications of the fleet are steady at `commit`, or at any.
    pub(crate) fn settle(&mut self, fleet: &Fleet, commit: Option<&str>) {
        let applications = fleet.applications().len();
        self.wait("get steady", || {
            let Ok(text) = std::fs::read(fleet.status()) else { return false };
            let Ok(status) = serde_json::from_slice::<Value>(&text) else { return false };
            let last_good = status["revision"]["lastGood"].as_str().unwrap_or_default();
            let is_there = commit.map_or(!last_good.is_empty(), |commit| last_good.ends_with(commit));
            let known = status["applications"].as_array().map_or(0, Vec::len);
            status["phase"] == "Steady" && is_there && known == applications
        });
    }

    /// Waits until the mirror was polled this many times more.
    pub(crate) fn polls(&mut self, fleet: &Fleet, polls: u64) {
        let enough = fleet.git_requests() + polls;
        self.wait("poll", || fleet.git_requests() >= enough);
        // The pass after the last of them.
        std::thread::sleep(Duration::from_secs(2));
    }

    /// Seconds of processor so far.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }

    /// Bytes so far that went to a disk because of it.
    pub(crate) fn written(&self) -> f64 {
        let text = std::fs::read_to_string(format!("/proc/{}/io", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
        line.parse().unwrap()
    }

    /// Memory as it is now.
    pub(crate) fn memory(&self) -> Memory {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let number = |name: &str| -> f64 {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let bytes = |name| number(name) * 1024.0;
        Memory {
            rss: bytes("VmRSS:"),
            anonymous: bytes("RssAnon:"),
            peak: bytes("VmHWM:"),
            threads: number("Threads:"),
        }
    }

    fn wait(&mut self, goal: &str, is_reached: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_reached() {
            assert!(self.child.try_wait().unwrap().is_none(), "the agent ended before it would {goal}");
            assert!(begin.elapsed() < PATIENCE, "the agent did not {goal} in {} s", PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
