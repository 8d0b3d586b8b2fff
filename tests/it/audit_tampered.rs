//! Whatever is done to the audit log, it is found: by `verify`, and by the agent, which writes it down and leaves the rest as it is.

use crate::support::audited::{copy, faults, files, kinds, live, records};
use crate::support::store::folder;
use standfast::model::Digest;
use standfast::report::audit::Limits;
use std::fs;
use std::path::{Path, PathBuf};

/// Some files of some records.
const LIMITS: Limits = Limits { segment: 3000, total: 1 << 20 };

struct Log(tempfile::TempDir);

impl Log {
    fn new(passes: u8) -> Self {
        let folder = folder();
        live(&folder.path().join("audit"), LIMITS, passes);
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("audit")
    }

    /// A copy with harm done to it: what `verify` says, and that another start of the agent keeps all of it and says so.
    fn check(&self, story: &str, harm: impl FnOnce(&Path)) -> Vec<String> {
        let harmed = tempfile::tempdir_in(self.0.path()).unwrap();
        copy(&self.path(), harmed.path());
        harm(harmed.path());
        let found = faults(harmed.path());
        assert!(!found.is_empty(), "{story}: not found");
        let before: Vec<_> =
            files(harmed.path()).into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
        live(harmed.path(), LIMITS, 1);
        assert!(!faults(harmed.path()).is_empty(), "{story}: forgotten after a start");
        for (bytes, path) in before {
            assert!(fs::read(&path).unwrap().starts_with(&bytes), "{story}: {} was changed", path.display());
        }
        let ours = kinds(harmed.path());
        let began = ours.iter().rposition(|kind| kind == "began").unwrap();
        assert!(
            ours[began..].iter().any(|kind| kind == "ended"),
            "{story}: the agent did not go on: {ours:?}"
        );
        found
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    let log = Log::new(2);
    assert_eq!(faults(&log.path()), Vec::<String>::new());
    assert!(files(&log.path()).len() > 2);
    let numbers: Vec<_> = records(&log.path()).iter().map(|record| record.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[test]
fn any_byte_that_is_changed() {
    let log = Log::new(1);
    for file in files(&log.path()) {
        let bytes = fs::read(&file).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            fs::write(&file, &changed).unwrap();
            assert!(!faults(&log.path()).is_empty(), "byte {at} of {}", file.display());
        }
        fs::write(&file, &bytes).unwrap();
    }
    assert_eq!(faults(&log.path()), Vec::<String>::new());
}

#[test]
fn a_record_that_is_changed_removed_moved_or_put_in() {
    let log = Log::new(2);
    let count = records(&log.path()).len();
    let mut number = 0;
    for file in files(&log.path()) {
        let name = file.file_name().unwrap();
        for at in 0..lines(&file).len() {
            number += 1;
            let edit = |story: &str, edit: &dyn Fn(&mut Vec<String>)| {
                log.check(&format!("{story} {number}"), |folder| {
                    let mut lines = lines(&folder.join(name));
                    edit(&mut lines);
                    fs::write(folder.join(name), lines.concat()).unwrap();
                })
            };
            let found =
                edit("changed", &|lines| lines[at] = lines[at].replacen("\"time\":\"2", "\"time\":\"1", 1));
            assert_eq!(found, [format!("record {number} was changed: its hash does not fit it")]);
            let found = edit("removed", &|lines| drop(lines.remove(at)));
            match number {
                1 => assert_eq!(found, ["record 1 is missing at the beginning"]),
                _ if number == count => assert_eq!(found, [format!("record {number} is missing at the end")]),
                _ => assert_eq!(found, [format!("record {number} is missing")]),
            }
            let found = edit("doubled", &|lines| lines.insert(at, lines[at].clone()));
            assert_eq!(found, [format!("record {number} stands where {} should", number + 1)]);
            edit("put in", &|lines| lines.insert(at, "{}\n".to_owned()));
        }
        let last = lines(&file).len() - 1;
        log.check("swapped", |folder| {
            let mut lines = lines(&folder.join(name));
            lines.swap(0, last);
            fs::write(folder.join(name), lines.concat()).unwrap();
        });
    }
}

#[test]
fn records_that_vanish_from_the_end_or_the_beginning() {
    let log = Log::new(2);
    let (all, count) = (files(&log.path()), records(&log.path()).len());
    let name = |at: usize| all[at].file_name().unwrap().to_owned();
    let found =
        log.check("the last file", |folder| fs::remove_file(folder.join(name(all.len() - 1))).unwrap());
    assert!(found[0].starts_with("record") && found[0].ends_with("missing at the end"), "{found:?}");
    let found = log.check("the first file", |folder| fs::remove_file(folder.join(name(0))).unwrap());
    assert!(found[0].ends_with("missing at the beginning"), "{found:?}");
    log.check("a file between", |folder| fs::remove_file(folder.join(name(1))).unwrap());
    let found = log.check("all", |folder| {
        all.iter().for_each(|file| fs::remove_file(folder.join(file.file_name().unwrap())).unwrap())
    });
    assert_eq!(found, [format!("records 1 to {count} are missing at the end")]);
}

#[test]
fn a_head_that_vanishes_is_damaged_or_older() {
    let log = Log::new(2);
    for (story, harm) in [
        ("gone", (|head| fs::remove_file(head).unwrap()) as fn(&Path)),
        ("empty", |head| fs::write(head, "").unwrap()),
        ("zeros", |head| fs::write(head, vec![0; 8192]).unwrap()),
        ("longer", |head| fs::write(head, vec![b'x'; 100_000]).unwrap()),
    ] {
        let found = log.check(story, |folder| harm(&folder.join("head")));
        assert_eq!(found, ["the head cannot be read: records may be missing at the end"], "{story}");
    }
}

#[test]
fn a_whole_chain_made_anew_does_not_fit_the_head() {
    let log = Log::new(2);
    let found = log.check("made anew", |folder| {
        let mut previous = None;
        for file in files(folder) {
            let forged: String = lines(&file)
                .iter()
                .map(|line| forge(&line.replace("alice", "mallory"), &mut previous))
                .collect();
            fs::write(file, forged).unwrap();
        }
    });
    let count = records(&log.path()).len();
    assert_eq!(found, [format!("record {count} is not the one that the head names: it was replaced")]);
}

/// A record with hashes that are right, behind another one: by the format as its documentation says it, not by the agent's own code.
fn forge(line: &str, previous: &mut Option<String>) -> String {
    let (body, _) = line.rsplit_once(",\"hash\":\"").unwrap();
    let (start, rest) = body.split_once("\"previous\":\"").unwrap();
    let (old, rest) = rest.split_once('"').unwrap();
    let body = format!("{start}\"previous\":\"{}\"{rest}", previous.as_deref().unwrap_or(old));
    let hash = Digest::of(body.as_bytes()).to_string();
    *previous = Some(hash.clone());
    format!("{body},\"hash\":\"{hash}\"}}\n")
}
