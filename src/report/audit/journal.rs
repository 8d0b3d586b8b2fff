//! Writing the log: what `append` has answered survives a power cut, and what was not as we left it is written down.

use super::chain::{Chain, Fault, Link};
use super::event::Event;
use super::head::{Found, Head, HeadFile};
use super::segments::{self, Segment};
use crate::model::Digest;
use crate::store::durable::{self, Disk, FILE_MODE};
use jiff::Timestamp;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the file of the head.
const HEAD: &str = "head";

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// At about how many bytes a new file is begun.
    pub segment: u64,
    /// At how many bytes in all the oldest file goes.
    pub total: u64,
}

/// The log, open for writing.
#[derive(Debug)]
pub(super) struct Journal {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    limits: Limits,
    head: HeadFile,
    /// The record before the oldest one that is kept.
    before: Link,
    /// The newest record.
    end: Link,
    /// The file that is written to, with the length up to which it is known; `None`: the next record begins one.
    segment: Option<Segment>,
    /// Whether something may stand behind that length.
    is_torn: bool,
    /// What is to be written down before anything else.
    findings: Vec<Event>,
}

/// How far a walk along files came.
struct Walked {
    end: Option<Link>,
    /// The last file with whole records, up to where they are whole.
    whole: Segment,
    /// The hash that the log has for the head's record.
    at_head: Option<String>,
    /// What it stopped at, in which file.
    fault: Option<(u64, Fault)>,
}

impl Default for Limits {
    /// Some 25,000 records, the newest year of a site that changes ten times a day. At the start of the agent one file is read.
    fn default() -> Self {
        Self { segment: 512 << 10, total: 8 << 20 }
    }
}

impl Journal {
    /// Finds the end of the log. Nothing is written yet.
    pub(super) fn open(disk: Arc<dyn Disk>, directory: PathBuf, limits: Limits) -> io::Result<Self> {
        let (head, found) = HeadFile::read(directory.join(HEAD))?;
        let files = segments::list(&directory)?;
        let mut journal = Self {
            disk,
            directory,
            limits,
            head,
            before: Link::beginning(),
            end: Link::beginning(),
            segment: None,
            is_torn: false,
            findings: Vec::new(),
        };
        match (found, files.as_slice()) {
            (Found::Missing, []) => {}
            (Found::Head(head), files) => journal.take_up(&head, files)?,
            (Found::Missing, files) => journal.without_head("is missing", files)?,
            (Found::Damaged, files) => journal.without_head("cannot be read", files)?,
        }
        Ok(journal)
    }

    /// Writes records and makes them durable. After an error none of them is in the log.
    pub(super) fn append(&mut self, events: &[(Timestamp, Event)]) -> io::Result<()> {
        let Some((first, _)) = events.first() else { return Ok(()) };
        let findings = self.findings.iter().map(|event| (first, event));
        let (mut lines, mut end) = (String::new(), self.end);
        for (time, event) in findings.chain(events.iter().map(|(time, event)| (time, event))) {
            let (line, next) = end.next(*time, event)?;
            lines.push_str(&line);
            end = next;
        }
        let is_new = self.write(lines.as_bytes()).inspect_err(|error| self.miss(error))?;
        self.end = end;
        self.findings.clear();
        let settled = self.write_head().and_then(|()| if is_new { self.trim() } else { Ok(()) });
        if let Err(error) = settled {
            tracing::warn!(path = %self.head.path().display(), %error, "cannot keep the head of the audit log");
        }
        Ok(())
    }

    /// The newest record.
    pub(super) fn end(&self) -> Link {
        self.end
    }

    /// Puts lines behind the last record, or into a new file; answers whether it did that.
    fn write(&mut self, lines: &[u8]) -> io::Result<bool> {
        let limit = self.limits.segment;
        if let Some(segment) = &mut self.segment {
            let path = segment.path(&self.directory);
            if self.is_torn {
                durable::cut(&*self.disk, &path, segment.length)?;
                self.is_torn = false;
            }
            let length = segment.length + lines.len() as u64;
            if segment.length == 0 || length <= limit {
                self.is_torn = true;
                durable::write_slot(&*self.disk, &path, segment.length, lines)?;
                self.is_torn = false;
                segment.length = length;
                return Ok(false);
            }
        }
        durable::ensure_dir(&*self.disk, &self.directory)?;
        if self.end.number == 0 {
            // A head that is missing beside records must mean that somebody took it.
            self.write_head()?;
        }
        let segment = Segment { first: self.end.number + 1, length: lines.len() as u64 };
        durable::write_atomic(&*self.disk, &segment.path(&self.directory), lines, FILE_MODE)?;
        self.segment = Some(segment);
        Ok(true)
    }

    /// A file that somebody removed under the agent is not waited for: the next record begins a new one.
    fn miss(&mut self, error: &io::Error) {
        if error.kind() == io::ErrorKind::NotFound
            && let Some(segment) = self.segment.take()
        {
            let path = segment.path(&self.directory);
            self.broken(format!("{} was removed while the agent wrote to it", path.display()));
        }
    }

    fn write_head(&mut self) -> io::Result<()> {
        self.head.write(&*self.disk, &Head { newest: self.end, before: self.before })
    }

    /// Lets the oldest files go while there is too much. The head says first where the log begins from then on.
    fn trim(&mut self) -> io::Result<()> {
        loop {
            let files = segments::list(&self.directory)?;
            let total: u64 = files.iter().map(|file| file.length).sum();
            let [oldest, second, ..] = files.as_slice() else { return Ok(()) };
            let is_kept = second.follows() > self.before.number;
            if is_kept && total <= self.limits.total {
                return Ok(());
            }
            if is_kept {
                self.before = second.before(&self.directory)?;
                self.write_head()?;
                let (until, before) = (second.first, self.before.hash.to_string());
                self.findings.push(Event::Dropped { until, before });
            }
            durable::remove(&*self.disk, &oldest.path(&self.directory))?;
        }
    }

    /// Goes on where the head says that the log ends, if it does.
    fn take_up(&mut self, head: &Head, files: &[Segment]) -> io::Result<()> {
        (self.before, self.end) = (head.before, head.newest);
        let Some(oldest) = files.first() else {
            if head.newest.number > 0 {
                self.broken(format!("all records up to {} are gone", head.newest.number));
                self.before = head.newest;
            }
            return Ok(());
        };
        if oldest.follows() > head.before.number {
            let (from, to) = (head.before.number + 1, oldest.follows());
            self.broken(format!("the oldest records, {from} to {to}, are gone"));
            self.before = oldest.before(&self.directory)?;
        }
        let start = files.iter().rposition(|file| file.follows() <= head.newest.number).unwrap_or_default();
        let walked = walk(&self.directory, &files[start..], head.newest.number)?;
        let last = files.last().unwrap_or(oldest);
        let end = walked.end.unwrap_or(head.newest);
        // A write that was cut off leaves what is no record at the very end; anything else was somebody's doing.
        let is_torn = walked.fault.as_ref().is_none_or(|(_, fault)| *fault == Fault::Unreadable);
        let is_in_last = walked.whole.first == last.first && is_torn;
        let hash = head.newest.hash.to_string();
        let is_reached = walked.at_head.as_ref() == Some(&hash)
            || (walked.end.is_none() && walked.whole.follows() == head.newest.number);
        if is_in_last && is_reached && end.number >= head.newest.number {
            self.end = end;
            self.tear(last.length, walked.whole);
            return Ok(());
        }
        self.end.number = end.number.max(head.newest.number).max(last.first);
        let fault = walked.fault.as_ref().map(|(file, fault)| format!("{fault} (file {file})"));
        self.broken(match walked.at_head {
            Some(at_head) if at_head != hash => {
                format!("record {} is not the one that was written", head.newest.number)
            }
            _ if end.number < head.newest.number => fault.unwrap_or_else(|| {
                format!("records {} to {} are missing from the end", end.number + 1, head.newest.number)
            }),
            _ => fault.unwrap_or_else(|| "its files do not continue each other".to_owned()),
        });
        Ok(())
    }

    /// Without a head the log is believed as it stands, and that is said in it.
    fn without_head(&mut self, how: &str, files: &[Segment]) -> io::Result<()> {
        self.broken(format!(
            "the file {HEAD} {how}: records that were removed from the end would not be missed"
        ));
        let (Some(oldest), Some(last)) = (files.first(), files.last()) else { return Ok(()) };
        self.before = oldest.before(&self.directory)?;
        let walked = walk(&self.directory, std::slice::from_ref(last), 0)?;
        match walked.end {
            Some(end) => {
                self.end = end;
                self.tear(last.length, walked.whole);
            }
            None => self.end = Link { number: last.first, hash: Digest::from_bytes([0; 32]) },
        }
        Ok(())
    }

    /// Takes up a file at the end of its whole records.
    fn tear(&mut self, length: u64, whole: Segment) {
        let bytes = length.saturating_sub(whole.length);
        if bytes > 0 {
            self.is_torn = true;
            self.findings.push(Event::Torn { bytes });
        }
        self.segment = Some(whole);
    }

    fn broken(&mut self, why: String) {
        tracing::error!(directory = %self.directory.display(), %why, "the audit log is not as it was left");
        self.findings.push(Event::Broken { why });
    }
}

/// Follows the records of some files up to the first fault.
fn walk(directory: &Path, files: &[Segment], head: u64) -> io::Result<Walked> {
    let mut chain = Chain { end: None };
    let mut walked = Walked { end: None, whole: Segment { first: 0, length: 0 }, at_head: None, fault: None };
    for file in files {
        walked.whole = Segment { first: file.first, length: 0 };
        let mut end = walked.end;
        segments::read(&file.path(directory), &mut chain, &mut |line| {
            let Some(record) = line.record.filter(|_| line.fault.is_none()) else {
                walked.fault = line.fault.map(|fault| (file.first, fault));
                return false;
            };
            if record.number == head + 1 && end.is_none() {
                walked.at_head = Some(record.previous);
            } else if record.number == head {
                walked.at_head = Some(record.hash.clone());
            }
            end = record.hash.parse().ok().map(|hash| Link { number: record.number, hash });
            walked.whole.length = line.place.offset + line.text.len() as u64 + 1;
            true
        })?;
        walked.end = end;
        if walked.fault.is_some() {
            break;
        }
    }
    Ok(walked)
}
