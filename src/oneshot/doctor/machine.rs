//! The clock and the disk.

use super::{Finding, Part};
use crate::agent::clock::Clock;
use crate::config::Settings;
use crate::model::Facts;
use crate::oneshot::people;
use crate::trust;
use jiff::{SignedDuration, Timestamp};
use rustix::fs::{Access, StatVfsMountFlags};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// How far two clocks may be apart before a person should know.
const APART: SignedDuration = SignedDuration::from_mins(2);
/// Free bytes below which packs and audit records soon find no place, and below which a person should know.
const FULL: u64 = 16 << 20;
const NEARLY_FULL: u64 = 256 << 20;

/// System time against what is known, and against the API server's.
pub(super) fn clock(clock: &Clock, facts: &Facts, date: Option<Timestamp>) -> Finding {
    judge_clock(clock.now(), facts.clock_floor, date)
}

fn judge_clock(system: Timestamp, floor: Option<Timestamp>, date: Option<Timestamp>) -> Finding {
    let part = Part("clock");
    let known = trust::trusted(system, floor, trust::built()).now();
    let say = |time: Timestamp| time.round(jiff::Unit::Second).unwrap_or(time);
    let set_it = "set it, and see that something keeps it (timedatectl; chrony or systemd-timesyncd)";
    if known.duration_since(system) > APART {
        let seen = format!("the system says {}, and it is {} at least", say(system), say(known));
        return part.bad(
            "system time",
            seen,
            format!("{set_it}; until then signatures are judged by the later one"),
        );
    }
    match date {
        Some(date) if system.duration_since(date).abs() > APART => {
            let seen = format!("the system says {}, the API server {}", say(system), say(date));
            part.warn("system time", seen, set_it)
        }
        Some(_) => part.ok("system time", format!("{}, as the API server has it", say(system))),
        None => part.ok("system time", say(system).to_string()),
    }
}

/// The state directory: whose it is, whether it can be written, how much is free.
pub(super) fn disk(settings: &Settings) -> Vec<Finding> {
    let (part, path) = (Part("disk"), settings.store.directory.as_path());
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let seen = format!("{} is not there yet: the agent makes it", path.display());
            return vec![part.ok("state", seen)];
        }
        Err(error) => {
            let seen = format!("{}: {error}", path.display());
            return vec![part.bad("state", seen, "run this as root, or as the agent's own user")];
        }
    };
    let (owner, mode) = (people::user(metadata.uid()), metadata.permissions().mode() & 0o7777);
    let owned = format!("{} belongs to {owner}, mode {mode:04o}", path.display());
    let state = match mode & 0o022 {
        0 => part.ok("state", owned),
        _ => part.bad(
            "state",
            format!("{owned}: others may write it"),
            format!("chmod go-w {}", path.display()),
        ),
    };
    vec![state, room(part, path)]
}

fn room(part: Part, path: &Path) -> Finding {
    let told = match rustix::fs::statvfs(path) {
        Ok(told) => told,
        Err(error) => {
            let seen = format!("{}: {error}", path.display());
            return part.bad("space", seen, "check the disk (dmesg)");
        }
    };
    if told.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let to_do = "see why in dmesg, check the file system, and mount it for writing; until then nothing new is accepted";
        return part.bad(
            "space",
            format!("{} lies on a disk that is mounted read-only", path.display()),
            to_do,
        );
    }
    if let Err(error) = rustix::fs::access(path, Access::WRITE_OK) {
        let to_do = "run this as root, or as the agent's own user; the agent itself must be able to";
        return part.warn("space", format!("this user cannot write {}: {error}", path.display()), to_do);
    }
    let free = told.f_bavail.saturating_mul(told.f_frsize);
    let seen = format!("{} MiB are free", free >> 20);
    let to_do = "free some: what the agent keeps is in objects, audit and state below it";
    match free {
        ..FULL => part.bad("space", seen, to_do),
        FULL..NEARLY_FULL => part.warn("space", seen, to_do),
        _ => part.ok("space", seen),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn clocks_that_are_wrong_are_found_out() {
        let now = trust::built() + SignedDuration::from_hours(1);
        let check = |system, floor, date, expect| {
            let found = judge_clock(system, floor, date);
            assert_eq!(found.grade, expect, "{found:#?}");
        };
        let later = |seconds| now + SignedDuration::from_secs(seconds);
        check(now, None, None, Grade::Ok);
        check(now, Some(later(60)), Some(later(-60)), Grade::Ok);
        check(now, Some(later(600)), None, Grade::Bad);
        check(Timestamp::UNIX_EPOCH, None, Some(now), Grade::Bad);
        check(now, None, Some(later(600)), Grade::Warn);
        check(now, None, Some(later(-600)), Grade::Warn);
    }
}
