//! `source.poll`, `source.proxy`, `source.budget`: how the links to the mirrors are used.

use super::settings::{Fault, Judge};
use super::values;
use crate::source::{Budget, BulkWindow, MirrorSettings, ProxyUrl};
use std::time::Duration;

/// Slowest rate that is taken: a slower one is a slip, for connections would time out.
const SLOWEST: u64 = 1024;
/// Smallest budget of an hour or a day: a poll without news takes a tenth of this.
const LEAST: u64 = 16 * 1024;

/// How often mirrors are asked.
pub(super) fn poll(judge: &mut Judge<'_>) -> Option<Duration> {
    judge.read("source.poll", values::poll)
}

/// What is between this site and the mirrors, or where it reports to.
pub(super) fn proxy(judge: &mut Judge<'_>, key: &str) -> Option<ProxyUrl> {
    judge.read(key, |text| Ok(text.parse()?))
}

/// What metered mirrors may cost.
pub(super) fn budget(judge: &mut Judge<'_>, mirrors: &[MirrorSettings]) -> Budget {
    let is_metered = mirrors.iter().any(MirrorSettings::is_metered);
    let keys = ["perDay", "perHour", "rate", "bulkWindow"].map(|name| format!("source.budget.{name}"));
    if !is_metered && let Some((place, _)) = keys.iter().find_map(|key| judge.input.get(key)) {
        judge.wrong(&place, "it has no effect: set metered: true at the mirrors whose bytes cost money");
    }
    let [per_day, per_hour, rate, window] = keys;
    Budget {
        per_day: judge.read(&per_day, |text| size(text, LEAST)),
        per_hour: judge.read(&per_hour, |text| size(text, LEAST)),
        rate: judge.read(&rate, |text| size(text, SLOWEST)),
        bulk_window: judge.read(&window, bulk_window),
    }
}

/// `20MiB`.
fn size(text: &str, least: u64) -> Result<u64, Fault> {
    const UNITS: [(&str, u64); 7] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let read = |(unit, bytes): (&str, u64)| {
        let number = text.strip_suffix(unit)?.trim_end();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        number.parse::<u64>().ok().filter(|_| is_number)?.checked_mul(bytes)
    };
    match UNITS.into_iter().find_map(read) {
        None => Err(Fault::wrong("it must be a size such as 512KiB, 20MiB or 1GB")),
        Some(bytes) if bytes < least => Err(Fault::wrong(format!("it must be {} or more", shown(least)))),
        Some(bytes) => Ok(bytes),
    }
}

fn shown(bytes: u64) -> String {
    format!("{}KiB", bytes >> 10)
}

/// `01:00-05:00`.
fn bulk_window(text: &str) -> Result<BulkWindow, Fault> {
    let wrong = || Fault::wrong("it must be a time of the day, in UTC, such as 01:00-05:00");
    let (begins, ends) = text.split_once('-').ok_or_else(wrong)?;
    let window =
        BulkWindow { begins: minutes(begins).ok_or_else(wrong)?, ends: minutes(ends).ok_or_else(wrong)? };
    if window.begins == window.ends {
        return Err(Fault::wrong("it has no length: let it end at another time than it begins"));
    }
    Ok(window)
}

/// Minutes after midnight of `HH:MM`; 24:00 is the end of the day.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<u16>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}
