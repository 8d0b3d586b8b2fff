//! A site's audit log without the site: moments and statuses told to the sink, on a disk that may fail.

use standfast::model::status::{ApplicationStatus, LinkStatus, Reason, Revisions};
use standfast::model::{
    ApplicationPhase, ChangeSet, Done, Drift, DriftAnswer, DriftKind, Health, Intent, Moment, ObjectKey,
    Outcome, Revision, SitePhase, SiteStatus,
};
use standfast::report::audit::{self, Audit, Limits, Record};
use standfast::report::{Now, Sink};
use standfast::store::durable::{Disk, RealDisk};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that goes on by a minute at every look.
pub(crate) fn clock() -> Now {
    let seconds = AtomicI64::new(1_767_225_600);
    Arc::new(move || jiff::Timestamp::from_second(seconds.fetch_add(60, Ordering::Relaxed)).unwrap())
}

/// An audit log in this folder.
pub(crate) fn open(disk: impl Disk + 'static, directory: &Path, limits: Limits) -> Audit {
    Audit::new(Arc::new(disk), directory.to_owned(), limits, clock())
}

/// A life on the real disk, from start to end.
pub(crate) fn live(directory: &Path, limits: Limits, passes: u8) {
    let audit = open(RealDisk, directory, limits);
    (1..=passes).for_each(|pass| told(pass).iter().for_each(|one| one.tell(&audit)));
}

/// Something that is told.
pub(crate) enum Told {
    Moment(Moment),
    Status(SiteStatus),
}

impl Told {
    pub(crate) fn tell(&self, sink: &dyn Sink) {
        match self {
            Self::Moment(moment) => sink.moment(moment),
            Self::Status(status) => sink.status(status),
        }
    }
}

/// What is told while a revision is accepted, applied, gets steady, and is drifted from.
pub(crate) fn told(pass: u8) -> Vec<Told> {
    let revision = revision(pass);
    let changed = |outcome| ChangeSet {
        done: vec![Done { key: key("till"), application: "pos".to_owned(), outcome }],
        ..ChangeSet::default()
    };
    let intent = |what| {
        Told::Moment(Moment::Intending(Intent {
            what,
            revision: revision.clone(),
            applications: vec!["pos".to_owned()],
            objects: 1,
        }))
    };
    vec![
        Told::Status(status(&revision, SitePhase::Verifying)),
        Told::Moment(Moment::Accepted {
            revision: revision.clone(),
            signer: "alice SHA256:abc".to_owned(),
            is_beginning: pass == 1,
        }),
        intent("apply"),
        Told::Status(status(&revision, SitePhase::Applying)),
        Told::Moment(Moment::Applied(changed(Outcome::Created))),
        Told::Status(status(&revision, SitePhase::Steady)),
        Told::Moment(Moment::LastGood(revision.clone())),
        Told::Status(status(&revision, SitePhase::Steady)),
        intent("heal"),
        Told::Moment(Moment::Drifted(drift(&format!("till-{pass}")))),
        Told::Status(status(&revision, SitePhase::Steady)),
    ]
}

pub(crate) fn revision(number: u8) -> Revision {
    format!("refs/heads/main@sha1:{}", format!("{number:02x}").repeat(20)).parse().unwrap()
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey {
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: Some("pos".to_owned()),
        name: name.to_owned(),
    }
}

pub(crate) fn drift(name: &str) -> Drift {
    Drift {
        key: key(name),
        application: "pos".to_owned(),
        kind: DriftKind::Changed,
        by: vec!["kubectl-edit".to_owned()],
        changes: vec![standfast::model::Change {
            path: "/spec/replicas".to_owned(),
            from: Some("7".to_owned()),
            to: Some("2".to_owned()),
        }],
        answer: DriftAnswer::Healed,
    }
}

pub(crate) fn status(revision: &Revision, phase: SitePhase) -> SiteStatus {
    let held = (phase == SitePhase::Held)
        .then(|| Reason { code: "ConflictRefused".to_owned(), message: "kubectl owns it".to_owned() });
    let application = ApplicationStatus {
        name: "pos".to_owned(),
        phase: match phase {
            SitePhase::Held => ApplicationPhase::Held,
            SitePhase::Applying => ApplicationPhase::Applying,
            _ => ApplicationPhase::Steady,
        },
        revision: Some(revision.to_string()),
        last_good: Some(revision.to_string()),
        quarantined: None,
        objects: 1,
        health: Health::Current,
        reason: held,
    };
    SiteStatus {
        site: "emea/de/store-042".to_owned(),
        phase,
        since: "2027-01-15T08:00:00Z".to_owned(),
        updated: "2027-01-15T08:00:00Z".to_owned(),
        suspended: None,
        standby: None,
        reason: None,
        revision: Revisions {
            accepted: Some(revision.to_string()),
            applied: Some(revision.to_string()),
            last_good: Some(revision.to_string()),
        },
        trust: None,
        applications: vec![application],
        link: LinkStatus::default(),
    }
}

/// All records that can be read.
pub(crate) fn records(directory: &Path) -> Vec<Record> {
    let mut all = Vec::new();
    audit::records(directory, &mut |record, _| all.push(record)).unwrap();
    all
}

/// Their kinds.
pub(crate) fn kinds(directory: &Path) -> Vec<String> {
    records(directory).into_iter().map(|record| record.kind).collect()
}

/// What is wrong with the log, in words.
pub(crate) fn faults(directory: &Path) -> Vec<String> {
    audit::verify(directory).unwrap().faults.into_iter().map(|fault| fault.what).collect()
}

/// The files that hold records, oldest first.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect();
    files.sort();
    files
}

/// A copy of a log, to do harm to.
pub(crate) fn copy(directory: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}
