//! News: whom to ask, and which of what they offer to take.

use super::Want;
use super::chain;
use super::error::{Error, MirrorFailure};
use super::ids;
use super::worker::Worker;
use crate::model::{ChainEnd, CommitChain, CommitId};
use gix::ObjectId;
use std::collections::BTreeSet;

/// What mirrors offered in one call.
#[derive(Default)]
struct Offers {
    answers: Vec<(usize, CommitChain)>,
    failures: Vec<MirrorFailure>,
    asked: BTreeSet<usize>,
}

/// How another mirror's line lies to the one that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It ends on it, or below: that mirror lags, or says the same.
    Behind,
    /// It goes on above it.
    Ahead,
    /// It is another one.
    Apart,
}

impl Worker {
    /// The first mirror whose chain meets the base wins; a mirror that lags behind must not keep news from us.
    pub(super) fn advance(&mut self, want: &Want) -> Result<CommitChain, Error> {
        // Whoever asks for what lies above a commit has accepted it: facts may name it, so it must not go with its mirror's next tip.
        if let Some(base) = want.base.and_then(|base| ids::object(&base.0)) {
            self.objects.promote(&base)?;
        }
        let before = self.meter.total();
        let mut offers = Offers::default();
        let asked = self.links().for_news(want.is_ordered, self.now());
        let best = match self.ask(&asked.first, want, &mut offers)? {
            Some(best) => Some(best),
            None => self.ask(&asked.then, want, &mut offers)?,
        };
        let is_good = best.is_some();
        // If none meets the base, the first that answered is for `trust` to judge.
        let Some(best) = best.or((!offers.answers.is_empty()).then_some(0)) else {
            return Err(self.nobody(offers.failures));
        };
        let (mut at, mut chain) = offers.answers.remove(best);
        if is_good {
            (at, chain) = self.compare(at, chain, want, offers)?;
        }
        self.answered = Some(at);
        self.gather(&chain)?;
        self.forget_all_but(&chain)?;
        chain.beside = self.rivals.values().cloned().collect();
        let after = self.meter.total();
        chain.traffic.up = after.up - before.up;
        chain.traffic.down = after.down - before.down;
        Ok(chain)
    }

    /// Asks mirrors in turn until one is of use; answers with its place among the answers.
    fn ask(&mut self, order: &[usize], want: &Want, offers: &mut Offers) -> Result<Option<usize>, Error> {
        for at in order.iter().copied() {
            // What it offered a moment ago was refused: asking again brings nothing else.
            if self.tips[at].is_some_and(|tip| want.refused.contains(&ids::commit(&tip))) {
                continue;
            }
            offers.asked.insert(at);
            match self.offer(at, want)? {
                Ok(chain) => offers.answers.push((at, chain)),
                Err(failure) => {
                    offers.failures.push(failure);
                    continue;
                }
            }
            let last = offers.answers.len() - 1;
            if is_good(&offers.answers[last].1, want) {
                return Ok(Some(last));
            }
        }
        Ok(None)
    }

    /// What one mirror offers.
    fn offer(&mut self, at: usize, want: &Want) -> Result<Result<CommitChain, MirrorFailure>, Error> {
        let offered = self.tip(at, &want.ref_name).and_then(|tip| {
            self.tips[at] = Some(tip);
            self.chain_of(at, &want.ref_name, tip, want.base)
        });
        match offered {
            Ok(chain) => {
                let now = self.now();
                self.links().answered(at, now);
                Ok(Ok(chain))
            }
            Err(trouble) => self.failure(at, trouble).map(Err),
        }
    }

    /// Why nobody could be asked, or was of use.
    fn nobody(&self, failures: Vec<MirrorFailure>) -> Error {
        match self.links().due() {
            Some(until) if failures.is_empty() => Error::NotDue { until },
            _ => Error::Mirrors { failures },
        }
    }

    /// Asks others, now and then, whether they say the same. One that is further on the same line is taken instead; one with another
    /// line is a rival, which is for `trust` to judge.
    fn compare(
        &mut self,
        mut at: usize,
        mut best: CommitChain,
        want: &Want,
        offers: Offers,
    ) -> Result<(usize, CommitChain), Error> {
        let mut others = offers.answers;
        if want.base.is_some() && want.refused.is_empty() {
            let now = self.now();
            let to_compare = self.links().to_compare(now);
            for other in to_compare.into_iter().filter(|other| *other != at && !offers.asked.contains(other))
            {
                self.links().compared(other, now);
                // That it does not answer is no trouble now: it was not needed.
                others.extend(self.offer(other, want)?.ok().map(|chain| (other, chain)));
            }
        }
        self.rivals.remove(&at);
        for (other, theirs) in others {
            match self.relation(&best, &theirs, want)? {
                Relation::Behind => drop(self.rivals.remove(&other)),
                Relation::Ahead => {
                    self.rivals.remove(&other);
                    (at, best) = (other, theirs);
                }
                Relation::Apart => drop(self.rivals.insert(other, theirs)),
            }
        }
        let mut apart = std::collections::BTreeMap::new();
        for (other, theirs) in std::mem::take(&mut self.rivals) {
            // What was another line may have been left since, or merged into this one.
            if self.relation(&best, &theirs, want)? == Relation::Apart {
                apart.insert(other, theirs);
            }
        }
        self.rivals = apart;
        Ok((at, best))
    }

    fn relation(&self, best: &CommitChain, theirs: &CommitChain, want: &Want) -> Result<Relation, Error> {
        let (tip, own) = (theirs.revision.commit, best.revision.commit);
        let has = |chain: &CommitChain, id: CommitId| chain.commits.iter().any(|commit| commit.id == id);
        if tip == own || Some(tip) == want.base || has(best, tip) {
            return Ok(Relation::Behind);
        }
        if is_good(theirs, want) && (Some(own) == want.base || has(theirs, own)) {
            return Ok(Relation::Ahead);
        }
        let base = want.base.and_then(|base| ids::object(&base.0));
        let is_below = match (base, ids::object(&tip.0)) {
            (Some(base), Some(tip)) => chain::is_below(&self.objects, base, tip)?,
            _ => false,
        };
        Ok(if is_below { Relation::Behind } else { Relation::Apart })
    }

    /// Keeps all of a chain together, under its tip.
    fn gather(&mut self, chain: &CommitChain) -> Result<(), Error> {
        let ids: Vec<ObjectId> =
            chain.commits.iter().filter_map(|commit| ids::object(&commit.id.0)).collect();
        ids.first().map_or(Ok(()), |tip| self.objects.gather(tip, &ids))
    }

    /// What waits with other tips goes, but for those that a mirror offered last.
    fn forget_all_but(&mut self, chain: &CommitChain) -> Result<(), Error> {
        let mut kept: Vec<ObjectId> = self.tips.iter().flatten().copied().collect();
        kept.extend(ids::object(&chain.revision.commit.0));
        self.objects.keep_only(&kept)?;
        self.settled.retain(|(tip, _)| kept.contains(tip));
        Ok(())
    }
}

/// Whether a chain may be of use: it meets the base, and was not refused before.
fn is_good(chain: &CommitChain, want: &Want) -> bool {
    let meets = want.base.is_none_or(|base| chain.end == ChainEnd::Base(base));
    meets && !want.refused.contains(&chain.revision.commit)
}
