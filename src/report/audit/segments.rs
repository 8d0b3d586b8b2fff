//! The files of the log: each holds records as lines, and is named by the number of its first one.

use super::chain::{Chain, Fault, Link, Record};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// How the names of the files end.
const ENDING: &str = ".jsonl";
/// Digits of a name, so that names sort as numbers do.
const DIGITS: usize = 12;
/// Longest line that is taken for a record, in bytes; the longest that is written has half of it.
const MAX_LINE: u64 = 256 << 10;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The number of its first record.
    pub(super) first: u64,
    /// Its size in bytes; for the one that is written to, up to where its records are whole.
    pub(super) length: u64,
}

/// Where something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes from the beginning of the file.
    pub(super) offset: u64,
    /// The line, from 1.
    pub(super) line: u64,
}

/// One line of a file, judged.
pub(super) struct Line<'a> {
    pub(super) place: Place,
    /// Without its newline.
    pub(super) text: &'a str,
    pub(super) record: Option<Record>,
    pub(super) fault: Option<Fault>,
}

impl Segment {
    /// A file's place.
    pub(super) fn path(&self, directory: &Path) -> PathBuf {
        directory.join(format!("{:0DIGITS$}{ENDING}", self.first))
    }

    /// The number of the record before its first.
    pub(super) fn follows(&self) -> u64 {
        self.first.saturating_sub(1)
    }

    /// The record before its first, as that one names it; with a hash of zeros if that one cannot be read.
    pub(super) fn before(&self, directory: &Path) -> io::Result<Link> {
        let mut hash = None;
        read(&self.path(directory), &mut Chain { end: None }, &mut |line| {
            let first = line.record.filter(|record| record.number == self.first);
            hash = first.and_then(|record| record.previous.parse().ok());
            false
        })?;
        Ok(Link { number: self.follows(), hash: hash.unwrap_or(Link::beginning().hash) })
    }
}

/// The files, oldest first. None where there is no folder.
pub(super) fn list(directory: &Path) -> io::Result<Vec<Segment>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(ENDING));
        let Some(number) = number.filter(|number| number.len() == DIGITS) else { continue };
        if let Ok(first) = number.parse() {
            found.push(Segment { first, length: entry.metadata()?.len() });
        }
    }
    found.sort_by_key(|segment| segment.first);
    Ok(found)
}

/// Reads a file line by line along a chain, until `each` says that it is enough.
pub(super) fn read(path: &Path, chain: &mut Chain, each: &mut dyn FnMut(Line<'_>) -> bool) -> io::Result<()> {
    read_from(File::open(path)?, chain, each)
}

/// The same from anywhere. A last line without its newline is no record.
pub(super) fn read_from(
    from: impl Read,
    chain: &mut Chain,
    each: &mut dyn FnMut(Line<'_>) -> bool,
) -> io::Result<()> {
    let mut file = BufReader::new(from);
    let (mut bytes, mut offset) = (Vec::new(), 0);
    for line in 1.. {
        bytes.clear();
        let length = file.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        let text = bytes.strip_suffix(b"\n").and_then(|text| std::str::from_utf8(text).ok());
        let text = text.unwrap_or_default();
        let (record, fault) = chain.follow(text);
        let judged = Line { place: Place { offset, line }, text, record, fault };
        if !each(judged) {
            return Ok(());
        }
        offset += length as u64;
    }
    Ok(())
}
