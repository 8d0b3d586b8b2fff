//! Which of several agents writes: a lease that its holder renews, and that another takes over when it was not.
//!
//! Clocks of different machines are never compared. That a lease was not renewed is what this agent saw itself: the same version for as
//! long as the lease says it holds. A holder stops to write well before anybody else may begin. (As client-go's leader election does.)

use std::time::Duration;

/// How long a lease holds after it was renewed.
pub(super) const DURATION: Duration = Duration::from_secs(30);
/// How often the holder renews it, and others look at it: each renewal is a write in the cluster's database.
pub(super) const RENEW: Duration = Duration::from_secs(10);
/// How long after its last renewal the holder still writes: less than the lease, for its own requests under way.
pub(super) const DEADLINE: Duration = Duration::from_secs(20);

/// One agent's view of the lease. Times are since any moment of this process's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Election {
    me: String,
    /// The version of the lease as it was last seen, and since when it has been so.
    seen: Option<(String, Duration)>,
    /// When this agent's own renewal began that succeeded last.
    renewed: Option<Duration>,
}

/// What to do about the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    /// Write it with this agent as its holder: for the first time, or once more.
    Take {
        /// Whether another held it before.
        is_new: bool,
    },
    /// Another holds it.
    Wait {
        /// Who.
        holder: String,
    },
}

impl Election {
    /// The view of an agent of this name, which must be no other's and must outlive a restart.
    pub(super) fn new(me: String) -> Self {
        Self { me, seen: None, renewed: None }
    }

    /// What to do, now that the lease was read: its holder, version and duration; `None` if there is none.
    pub(super) fn look(&mut self, lease: Option<(&str, &str, Duration)>, now: Duration) -> Move {
        let Some((holder, version, duration)) = lease else { return Move::Take { is_new: true } };
        let since = match &self.seen {
            Some((seen, since)) if seen == version => *since,
            _ => {
                self.seen = Some((version.to_owned(), now));
                now
            }
        };
        if holder == self.me {
            return Move::Take { is_new: false };
        }
        let is_over = holder.is_empty() || now.saturating_sub(since) >= duration.max(Duration::from_secs(1));
        if is_over { Move::Take { is_new: true } } else { Move::Wait { holder: holder.to_owned() } }
    }

    /// The lease was written, by a request that began then.
    pub(super) fn renewed(&mut self, began: Duration) {
        self.renewed = Some(began);
    }

    /// Somebody was faster, or another holds it.
    pub(super) fn lost(&mut self) {
        self.renewed = None;
    }

    /// Until when this agent may write.
    pub(super) fn until(&self) -> Option<Duration> {
        self.renewed.map(|renewed| renewed + DEADLINE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_lease_is_taken_when_its_holder_was_silent_for_as_long_as_it_holds() {
        let mut election = Election::new("b".to_owned());
        let waits = Move::Wait { holder: "a".to_owned() };
        assert_eq!(election.look(Some(("a", "1", DURATION)), at(100)), waits);
        assert_eq!(election.look(Some(("a", "1", DURATION)), at(129)), waits);
        assert_eq!(election.look(Some(("a", "2", DURATION)), at(130)), waits, "it was renewed");
        assert_eq!(election.look(Some(("a", "2", DURATION)), at(159)), waits);
        assert_eq!(election.look(Some(("a", "2", DURATION)), at(160)), Move::Take { is_new: true });
        assert_eq!(
            election.look(Some(("", "3", DURATION)), at(161)),
            Move::Take { is_new: true },
            "given back"
        );
        assert_eq!(election.look(None, at(162)), Move::Take { is_new: true });
    }

    #[test]
    fn a_holder_stops_before_another_may_begin() {
        let mut election = Election::new("a".to_owned());
        assert_eq!(election.until(), None);
        assert_eq!(election.look(Some(("a", "1", DURATION)), at(5)), Move::Take { is_new: false });
        election.renewed(at(5));
        assert_eq!(election.until(), Some(at(25)));
        assert!(DEADLINE + RENEW <= DURATION);
        election.lost();
        assert_eq!(election.until(), None);
    }
}
