//! Which mirrors are asked, and in which order. Pure.

use super::health::Health;

/// A mirror, as far as the order goes by it. They stand in the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whether its bytes cost money.
    pub is_metered: bool,
    pub health: Health,
}

/// Whom to ask for news.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::source) struct Asked {
    /// One after the other, until one is of use.
    pub first: Vec<usize>,
    /// The same, if none of those was.
    pub then: Vec<usize>,
}

/// Whom to ask for news: in the order of preference, metered mirrors after all others and only every `metered` seconds. Those that
/// failed lately are asked if nobody else is of use, for the link may be back, and waiting is not this rule's business.
pub(super) fn for_news(mirrors: &[Standing], metered: u64, now: u64) -> Asked {
    let is_due = |one: &Standing| !one.is_metered || !one.health.was_asked_within(metered, now);
    let mut asked = Asked::default();
    for at in by_cost(mirrors) {
        let one = &mirrors[at];
        match (is_due(one), one.health.rests(now)) {
            (true, false) => asked.first.push(at),
            (true, true) => asked.then.push(at),
            (false, _) => {}
        }
    }
    asked
}

/// Whom to ask for content: who gave the news, unless that costs and another may give it for nothing.
pub(super) fn for_content(mirrors: &[Standing], answered: Option<usize>, now: u64) -> Vec<usize> {
    let rank = |at: &usize| {
        let one = &mirrors[*at];
        let is_first = answered == Some(*at);
        match (one.is_metered, one.health.rests(now)) {
            (false, false) => (0, !is_first),
            (true, false) => (1, !is_first),
            (false, true) => (2, !is_first),
            (true, true) => (3, !is_first),
        }
    };
    let mut order = by_cost(mirrors);
    order.sort_by_key(rank);
    order
}

/// Who is asked beside the one that gave the news, to find out whether they say the same: others that cost nothing, now and then.
pub(super) fn to_compare(
    mirrors: &[Standing],
    checked: impl Fn(usize) -> u64,
    interval: u64,
    now: u64,
) -> Vec<usize> {
    let is_due = |at: &usize| {
        let since = now.checked_sub(checked(*at));
        since.is_none_or(|since| since >= interval)
    };
    (0..mirrors.len())
        .filter(|at| !mirrors[*at].is_metered && !mirrors[*at].health.rests(now))
        .filter(is_due)
        .collect()
}

/// All of them, metered ones last.
fn by_cost(mirrors: &[Standing]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..mirrors.len()).collect();
    order.sort_by_key(|at| mirrors[*at].is_metered);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;
    const WELL: Standing = Standing { is_metered: false, health: health(0, 0) };
    const ILL: Standing = Standing { is_metered: false, health: health(NOW + 100, 0) };
    const METERED: Standing = Standing { is_metered: true, ..WELL };
    const ASKED: Standing = Standing { is_metered: true, health: health(0, NOW - 50) };

    const fn health(rests_until: u64, asked: u64) -> Health {
        Health { failures: 0, rests_until, asked, answered: None }
    }

    #[test]
    fn news() {
        for (name, mirrors, first, then) in [
            ("all are well", &[WELL, WELL][..], &[0, 1][..], &[][..]),
            ("the preferred one failed", &[ILL, WELL], &[1], &[0]),
            ("all failed", &[ILL, ILL], &[], &[0, 1]),
            ("a metered one comes last", &[METERED, WELL], &[1, 0], &[]),
            ("and only now and then", &[ASKED, WELL], &[1], &[]),
            ("even if nobody else is well", &[ILL, ASKED], &[], &[0]),
            ("nobody", &[], &[], &[]),
        ] {
            let expected = Asked { first: first.to_vec(), then: then.to_vec() };
            assert_eq!(for_news(mirrors, 100, NOW), expected, "{name}");
        }
    }

    #[test]
    fn content() {
        for (name, mirrors, answered, expected) in [
            ("who gave the news", &[WELL, WELL][..], Some(1), &[1, 0][..]),
            ("after a restart", &[WELL, WELL], None, &[0, 1]),
            ("not who costs, while another is well", &[METERED, WELL], Some(0), &[1, 0]),
            ("who costs, before who failed", &[ILL, METERED], Some(1), &[1, 0]),
            ("who failed, at last", &[ILL, WELL], Some(1), &[1, 0]),
        ] {
            assert_eq!(for_content(mirrors, answered, NOW), expected, "{name}");
        }
    }

    #[test]
    fn comparing() {
        let never = to_compare(&[WELL, METERED, ILL, WELL], |_| 0, 3600, NOW);
        assert_eq!(never, [0, 3], "neither who costs nor who failed");
        assert_eq!(to_compare(&[WELL, WELL], |at| NOW - [3599, 3600][at], 3600, NOW), [1]);
        assert_eq!(to_compare(&[WELL], |_| NOW + 1, 3600, NOW), [0], "a clock that was set back");
    }
}
