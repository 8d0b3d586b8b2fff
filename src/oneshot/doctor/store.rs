//! What lies in the state directory beside the facts: the cache and the audit log.

use super::{Finding, Part};
use crate::config::Settings;
use crate::oneshot::audit;
use crate::store;

pub(super) fn look(settings: &Settings) -> Vec<Finding> {
    vec![cache(settings), log(settings)]
}

/// Caches that were damaged are kept beside the new one. A cache is not opened to be looked at: that could be what damages it.
fn cache(settings: &Settings) -> Finding {
    let part = Part("store");
    let aside = store::set_aside(&settings.store);
    let Some(last) = aside.last() else {
        return part.ok("cache", "none was ever set aside as damaged");
    };
    let seen = format!("{} were set aside as damaged, the last as {}", aside.len(), last.display());
    let to_do =
        "check the disk (dmesg, smartctl); what was set aside may be deleted, for nothing in it is needed";
    part.warn("cache", seen, to_do)
}

fn log(settings: &Settings) -> Finding {
    let part = Part("audit");
    if !audit::directory(settings).exists() {
        return part.ok("log", "there is none yet");
    }
    match audit::verify(settings) {
        Err(trouble) => part.bad("log", trouble.message, "run this as root, or as the agent's own user"),
        Ok(report) if report.faults.is_empty() => {
            part.ok("log", format!("its chain of {} records is whole", report.records))
        }
        Ok(report) => {
            let first = report.faults.first().map(|fault| fault.what.clone()).unwrap_or_default();
            let seen = format!("its chain is broken in {} places, first: {first}", report.faults.len());
            part.bad(
                "log",
                seen,
                "see `standfast audit verify`; keep a copy, for somebody may have edited it",
            )
        }
    }
}
