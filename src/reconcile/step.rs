//! One step of the site's machine.

use super::event::{Effect, Event};
use super::site::{Rules, Site};
use super::{news, order, work};
use jiff::Timestamp;

/// What a step goes by besides the machine itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) now: Timestamp,
    /// Any number; it spreads waits.
    pub(super) random: u64,
    pub(super) rules: &'a Rules,
}

/// Takes the machine one event further. Effects on the link and on the cluster may come together: the first are carried out beside the
/// others.
pub fn step(mut site: Site, event: Event, now: Timestamp, random: u64, rules: &Rules) -> (Site, Vec<Effect>) {
    let at = Moment { now, random, rules };
    let name = event.name();
    let before = site.clone();
    let effects = match event {
        Event::Tick => {
            let mut effects = news::tick(&mut site, at);
            effects.extend(work::tick(&mut site, at));
            Some(effects)
        }
        Event::Ordered(given) => Some(order::obey(&mut site, given, at)),
        Event::Turn(turn) => Some(work::turn(&mut site, turn, at)),
        Event::Noticed(notice) => Some(work::notice(&mut site, notice, at)),
        event => news::step(&mut site, &event, at).or_else(|| work::step(&mut site, event, at)),
    };
    match effects {
        Some(effects) => (site, effects),
        None => (before, vec![Effect::Unexpected(name)]),
    }
}
