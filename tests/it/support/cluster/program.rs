//! Building the program, and room for what it writes.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The built program, or `None` after saying that the calling test is skipped.
pub(super) fn find() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<Result<PathBuf, String>>> = OnceLock::new();
    let built = BUILT.get_or_init(|| has_go().then(build));
    match built {
        Some(Ok(path)) => Some(path),
        Some(Err(message)) => panic!("{message}"),
        None => {
            skip();
            None
        }
    }
}

fn has_go() -> bool {
    Command::new("go").arg("version").output().is_ok_and(|output| output.status.success())
}

/// Says that the calling test is skipped, past the harness, which shows nothing of a test that passes.
fn skip() {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    let why = "Go is not installed, and the test cluster is built with it";
    let required = std::env::var_os("STANDFAST_REQUIRE_CLUSTER").is_some_and(|value| value == "1");
    assert!(!required, "{why} (STANDFAST_REQUIRE_CLUSTER=1)");
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    let _ = io::stderr().write_all(format!("skipped ({count} so far): {test}: {why}\n").as_bytes());
}

/// Builds the program; Go's cache decides what there is to do. One process at a time.
fn build() -> Result<PathBuf, String> {
    let path = path();
    fs::create_dir_all(home()).map_err(|error| format!("making {}: {error}", home().display()))?;
    let lock =
        File::create(home().join("lock")).map_err(|error| format!("making the build's lock: {error}"))?;
    lock.lock().map_err(|error| format!("locking the build: {error}"))?;
    if !path.exists() {
        let line = "building the test cluster; the first time takes about a quarter of an hour\n";
        let _ = io::stderr().write_all(line.as_bytes());
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/build");
    let output = Command::new("sh")
        .args([Path::new(script), &path])
        .output()
        .map_err(|error| format!("starting {script}: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "building the test cluster failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(path)
}

/// Makes a directory for one cluster, and removes those of processes that are gone.
pub(super) fn new_directory(kind: &str) -> PathBuf {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let runs = home().join("runs");
    for old in fs::read_dir(&runs).into_iter().flatten().flatten() {
        let name = old.file_name().to_string_lossy().into_owned();
        let process = name.split('-').next().unwrap_or_default();
        if Path::new("/proc/self").exists() && !Path::new("/proc").join(process).exists() {
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let directory = runs.join(format!("{}-{kind}-{number}", std::process::id()));
    fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("making {}: {error}", directory.display()));
    directory
}

/// Where the built program is.
pub(super) fn path() -> PathBuf {
    home().join("testcluster")
}

/// `target/testcluster/`.
fn home() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("testcluster")
}
