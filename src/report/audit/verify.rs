//! Reading the log: all of it, and whether it is whole.

use super::chain::{Chain, Fault, Link, Record};
use super::head::{Found, HeadFile};
use super::segments::{self, Line, Place};
use serde::Serialize;
use serde_json::Value;
use std::io;
use std::path::Path;

/// Most faults that are told one by one.
const MOST_FAULTS: usize = 20;

/// What came of following the whole chain.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The number of the oldest record that is there.
    pub oldest: Option<u64>,
    /// The number of the newest.
    pub newest: Option<u64>,
    /// Its hash.
    pub hash: Option<String>,
    /// How many records there are.
    pub records: u64,
    /// What is wrong, in the order of the log. None: it is whole.
    pub faults: Vec<Broke>,
    /// How many records could not be written in their time, as records after them say.
    pub lost: u64,
    /// Bytes at the end that a write left behind that was cut off, or is just being made.
    pub torn: u64,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broke {
    /// The file.
    pub file: String,
    /// The line in it, from 1; `None` where something is not there.
    pub line: Option<u64>,
    /// What it is.
    pub what: String,
}

/// Follows records and gathers what is wrong.
#[derive(Debug, Default)]
struct Checking {
    report: Report,
    /// What the log must begin after, if that is known.
    before: Option<Link>,
    /// A record that must be there, if one is known.
    needed: Option<Link>,
}

/// Checks a log in its folder, against the head that is kept beside it.
pub fn verify(directory: &Path) -> io::Result<Report> {
    let (head, found) = HeadFile::read(directory.join("head"))?;
    let mut checking = Checking::default();
    match &found {
        Found::Head(head) => {
            checking.before = Some(head.before);
            checking.needed = Some(head.newest).filter(|newest| newest.number > 0);
        }
        Found::Missing | Found::Damaged => {
            checking.fault(head.path(), None, "the head cannot be read: records may be missing at the end");
        }
    }
    let files = segments::list(directory)?;
    if found == Found::Missing && files.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no record was ever written there"));
    }
    let mut chain = Chain { end: None };
    for (at, file) in files.iter().enumerate() {
        let path = file.path(directory);
        let is_last = at + 1 == files.len();
        segments::read(&path, &mut chain, &mut |line| {
            let is_torn = is_last && line.fault.is_some() && checking.needed.is_none();
            if is_torn && line.record.is_none() {
                checking.report.torn = file.length.saturating_sub(line.place.offset);
                return false;
            }
            checking.line(&path, &line);
            true
        })?;
    }
    Ok(checking.end(directory))
}

/// Checks an export: records as lines, and whatever follows the last one. `path` is its name in what is told.
pub fn verify_export(from: impl io::Read, path: &Path) -> io::Result<Report> {
    let (mut checking, mut has_end) = (Checking::default(), false);
    segments::read_from(from, &mut Chain { end: None }, &mut |line| {
        let is_end = serde_json::from_str::<Value>(line.text)
            .is_ok_and(|value| value.get("kind").is_some_and(|kind| kind == super::export::KIND));
        if is_end {
            checking.needed = super::export::link(line.text);
            has_end = checking.needed.is_some();
        } else {
            checking.line(path, &line);
        }
        true
    })?;
    if !has_end {
        checking.fault(path, None, "the line that says which record is the last is missing");
    }
    Ok(checking.end(path))
}

/// Hands every record on, oldest first, with its line; faults are no matter here.
pub fn records(directory: &Path, each: &mut dyn FnMut(Record, &str)) -> io::Result<()> {
    for file in segments::list(directory)? {
        segments::read(&file.path(directory), &mut Chain { end: None }, &mut |line| {
            line.record.into_iter().for_each(|record| each(record, line.text));
            true
        })?;
    }
    Ok(())
}

impl Checking {
    fn fault(&mut self, path: &Path, place: Option<&Place>, what: impl Into<String>) {
        let faults = &mut self.report.faults;
        if faults.len() < MOST_FAULTS {
            let file = path.display().to_string();
            faults.push(Broke { file, line: place.map(|place| place.line), what: what.into() });
        }
    }

    fn line(&mut self, path: &Path, line: &Line<'_>) {
        if let Some(fault) = &line.fault {
            self.fault(path, Some(&line.place), fault.to_string());
        }
        let Some(record) = &line.record else { return };
        let number = record.number;
        if let Some(before) = self.before.take_if(|before| number > before.number) {
            if number > before.number + 1 {
                let gone = Fault::Missing { after: before.number, before: number };
                self.fault(path, Some(&line.place), format!("{gone} at the beginning"));
            } else if record.previous != before.hash.to_string() {
                self.fault(path, Some(&line.place), Fault::Unlinked(number).to_string());
            }
        }
        if let Some(needed) = self.needed.take_if(|needed| needed.number == number)
            && record.hash != needed.hash.to_string()
        {
            let what = format!("record {number} is not the one that the head names: it was replaced");
            self.fault(path, Some(&line.place), what);
        }
        match (record.kind.as_str(), record.what.get("why"), record.what.get("lost")) {
            ("broken", Some(Value::String(why)), _) => {
                self.fault(path, Some(&line.place), format!("record {number} says that {why}"));
            }
            ("gap", _, Some(lost)) => self.report.lost += lost.as_u64().unwrap_or_default(),
            _ => {}
        }
        self.report.oldest.get_or_insert(number);
        self.report.newest = Some(number);
        self.report.hash = Some(record.hash.clone());
        self.report.records += 1;
    }

    fn end(mut self, path: &Path) -> Report {
        let newest = self.report.newest.unwrap_or_default();
        if let Some(needed) = self.needed.filter(|needed| needed.number > newest) {
            let gone = Fault::Missing { after: newest, before: needed.number + 1 };
            self.fault(path, None, format!("{gone} at the end"));
        }
        self.report
    }
}
