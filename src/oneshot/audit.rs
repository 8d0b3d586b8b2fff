//! The audit log for people: read, checked, and handed out with a signature.

use crate::config::Settings;
use crate::model::Trouble;
use crate::report::audit::{self, End, NAMESPACE, Record, Report};
use jiff::Timestamp;
use standfast_identity::Identity;
use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Where a site's log lies.
pub fn directory(settings: &Settings) -> PathBuf {
    settings.store.directory.join(audit::DIRECTORY)
}

/// The newest `most` records since a moment, oldest first.
pub fn show(settings: &Settings, since: Option<Timestamp>, most: usize) -> Result<Vec<Record>, Trouble> {
    let mut kept = VecDeque::new();
    each(settings, since, &mut |record| {
        kept.push_back(record);
        if kept.len() > most {
            kept.pop_front();
        }
    })?;
    Ok(kept.into())
}

/// Hands on every record since a moment, oldest first.
pub(super) fn each(
    settings: &Settings,
    since: Option<Timestamp>,
    take: &mut dyn FnMut(Record),
) -> Result<(), Trouble> {
    let directory = directory(settings);
    audit::records(&directory, &mut |record, _| {
        if since.is_none_or(|since| record.time >= since) {
            take(record);
        }
    })
    .map_err(|error| unreadable(&directory, &error))
}

/// Follows the chain of a site's log.
pub fn verify(settings: &Settings) -> Result<Report, Trouble> {
    let directory = directory(settings);
    audit::verify(&directory).map_err(|error| unreadable(&directory, &error))
}

/// Follows the chain of an exported file.
pub fn verify_file(path: &Path) -> Result<Report, Trouble> {
    let verified = File::open(path).and_then(|file| audit::verify_export(file, path));
    verified.map_err(|error| unreadable(path, &error))
}

/// Hands out every record as its line, and then the end, signed by the site's identity if it has one. A log with a fault is handed
/// out as well; what is wrong with it is in the report.
pub fn export(
    settings: &Settings,
    now: Timestamp,
    each: &mut dyn FnMut(&str),
) -> Result<(Report, Option<End>), Trouble> {
    let key = settings.identity.as_deref().map(Identity::load).transpose();
    let key = key.map_err(|error| Trouble::terminal("IdentityUnusable", crate::model::explain(&error)))?;
    let report = verify(settings)?;
    let directory = directory(settings);
    // Records that were written since the check belong to the next export.
    let is_checked = |record: &Record| report.newest.is_some_and(|newest| record.number <= newest);
    audit::records(&directory, &mut |record, line| {
        if is_checked(&record) {
            each(line);
        }
    })
    .map_err(|error| unreadable(&directory, &error))?;
    let end = End::of(settings.local.name.as_str(), &report, now).map(|end| End {
        signature: key.and_then(|key| key.sign_sshsig(NAMESPACE, end.signed.as_bytes())),
        ..end
    });
    Ok((report, end))
}

fn unreadable(path: &Path, error: &io::Error) -> Trouble {
    let way_out = match error.kind() {
        io::ErrorKind::PermissionDenied => ": it is for root and the agent's own user",
        _ => "",
    };
    Trouble::transient(
        "AuditUnreadable",
        format!("reading the audit log {}: {error}{way_out}", path.display()),
    )
}
