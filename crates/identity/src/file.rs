//! Reading a file that must be for its owner alone.

use crate::Fault;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Most bytes of a file; one ed25519 key has 400.
const MAX_FILE: usize = 16 << 10;
/// What a group and others may do.
const OTHERS: u32 = 0o077;

/// The file's bytes, in memory that is overwritten later and was never moved.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    // Asked before it is opened, for opening a pipe would wait.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(Fault::NotAFile);
    }
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(Fault::Open { mode });
    }
    let mut bytes = Zeroizing::new(vec![0; MAX_FILE + 1]);
    let mut length = 0;
    loop {
        match (&file).read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    if length > MAX_FILE {
        return Err(Fault::TooLarge { limit: MAX_FILE });
    }
    bytes.truncate(length);
    Ok(bytes)
}

fn unreadable(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Unreadable(error),
    }
}
