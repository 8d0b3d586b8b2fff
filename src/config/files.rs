//! The main file and those beside it.

use super::problem::{Place, Problem};
use std::ffi::OsString;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Largest file taken, in bytes. A configuration has one or two kB.
pub(super) const MAX_FILE: usize = 256 << 10;
/// Most files beside the main one.
const MAX_FILES: usize = 100;
/// The smallest file that works, in one line.
pub(super) const SMALLEST: &str = "{site: {name: store-042}, source: {mirrors: [{url: \"https://git.example.com/fleet.git\"}]}, \
                                   trust: {allowedSigners: /etc/standfast/allowed_signers}}";

/// The files with their bytes, the main one first, then those of `FILE.d` by name; and what is wrong with reading them.
pub(super) fn read(main: &Path) -> (Vec<(PathBuf, Vec<u8>)>, Vec<Problem>) {
    let (others, mut problems) = beside(main);
    let mut files = Vec::new();
    for path in [main.to_owned()].into_iter().chain(others) {
        match bytes(&path) {
            Ok(bytes) => files.push((path, bytes)),
            Err(message) => problems.push(Place::file(path).problem(message)),
        }
    }
    (files, problems)
}

/// The folder beside the main file: `config.yaml.d` beside `config.yaml`.
fn folder(main: &Path) -> PathBuf {
    let mut name = OsString::from(main);
    name.push(".d");
    name.into()
}

/// The files of the folder by name. Hidden ones and other endings, which editors and packages leave behind, are not ours; another
/// spelling of the ending is refused, for its author thinks that it counts.
fn beside(main: &Path) -> (Vec<PathBuf>, Vec<Problem>) {
    let folder = folder(main);
    let refused = |message: String| (Vec::new(), vec![Place::file(&folder).problem(message)]);
    let listed = match fs::read_dir(&folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return (Vec::new(), Vec::new()),
        Err(error) => return refused(format!("it cannot be listed: {error}")),
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>(),
    };
    let mut paths = match listed {
        Err(error) => return refused(format!("it cannot be listed: {error}")),
        Ok(paths) => paths,
    };
    paths.retain(|path| !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")));
    paths.sort();
    let ending =
        |path: &Path| path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_owned();
    let (ours, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| ending(path) == "yaml");
    let mut problems: Vec<_> = others
        .iter()
        .filter(|path| ["yaml", "yml"].contains(&ending(path).to_lowercase().as_str()))
        .map(|path| Place::file(path).problem("only files that end in .yaml count here: rename it"))
        .collect();
    if ours.len() > MAX_FILES {
        problems.push(
            Place::file(&folder).problem(format!("it has {} files: keep at most {MAX_FILES}", ours.len())),
        );
        return (Vec::new(), problems);
    }
    (ours, problems)
}

/// The bytes of a file, or what to tell a person.
fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let explain = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => format!(
            "there is no such file: write it, or name another with --config; the smallest one is {SMALLEST}"
        ),
        _ => format!("it cannot be read: {error}"),
    };
    if !fs::metadata(path).map_err(explain)?.is_file() {
        return Err("it must be a file, and is something else".to_owned());
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    fs::File::open(path).map_err(explain)?.take(limit).read_to_end(&mut bytes).map_err(explain)?;
    if bytes.len() > MAX_FILE {
        return Err(format!(
            "it is larger than {} KiB: keep only the site's own configuration in it",
            MAX_FILE >> 10
        ));
    }
    Ok(bytes)
}
