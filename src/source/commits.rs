//! What one mirror offers: its tip, and the commits below it that are not on disk yet.

use super::chain::{self, Chain};
use super::error::Error;
use super::ids;
use super::lookup::Lookup;
use super::mirror::{Filter, History, Server, Stop};
use super::mirror_error::MirrorError;
use super::objects::Place;
use super::trouble::Trouble;
use super::worker::{Request, Worker};
use crate::model::{ChainEnd, CommitChain, CommitId, Purpose, RefName, Revision, Traffic};
use gix::ObjectId;
use std::slice::from_ref;

/// How much is read of what a server that does not filter sends along with commits, unproven as it is.
const FREIGHT: u64 = 4 << 20;
/// The same over a link whose bytes cost money.
const METERED_FREIGHT: u64 = 64 << 10;

impl Worker {
    /// The tip that one mirror has now.
    pub(super) fn tip(&mut self, at: usize, ref_name: &RefName) -> Result<ObjectId, Trouble> {
        self.charged(at, Purpose::News, |mirror| mirror.tip(ref_name))
    }

    /// The chain from a mirror's tip down to the base, as far as the mirror has it.
    pub(super) fn chain_of(
        &mut self,
        at: usize,
        ref_name: &RefName,
        tip: ObjectId,
        base: Option<CommitId>,
    ) -> Result<CommitChain, Trouble> {
        if !self.is_at_hand(tip, base)? {
            self.bring_chain(at, tip, base)?;
            self.settled.push((tip, base));
        }
        match chain::read(&self.objects, &self.limits, tip, base)? {
            Chain::Commits(commits, end) => Ok(CommitChain {
                revision: Revision { ref_name: ref_name.clone(), commit: ids::commit(&tip) },
                commits,
                end,
                mirror: self.mirrors[at].mirror.name().to_owned(),
                traffic: Traffic::default(),
                beside: Vec::new(),
            }),
            Chain::Other(kind) => {
                Err(MirrorError::NotACommit { ref_name: ref_name.clone(), kind: kind.to_string() }.into())
            }
            Chain::Absent => {
                let what = "the commit that it offers is not in it".to_owned();
                Err(MirrorError::GarbagePack { what, source: None }.into())
            }
        }
    }

    /// Whether asking the mirror would bring nothing that is not on disk.
    fn is_at_hand(&self, tip: ObjectId, base: Option<CommitId>) -> Result<bool, Error> {
        if self.settled.contains(&(tip, base)) {
            return Ok(true);
        }
        Ok(match chain::read(&self.objects, &self.limits, tip, base)? {
            // The tip is the base, which is accepted; a site that lost its disk does not have it.
            Chain::Commits(commits, _) if commits.is_empty() => self.objects.find_anywhere(&tip)?.is_some(),
            Chain::Commits(_, ChainEnd::Base(_)) => true,
            // A mirror that lags: what lies below the base is known.
            Chain::Commits(..) => match base.and_then(|base| ids::object(&base.0)) {
                Some(base) => chain::is_below(&self.objects, base, tip)?,
                None => true,
            },
            Chain::Absent | Chain::Other(_) => false,
        })
    }

    /// Fetches the commits from the tip down to the base, those that are not on disk. From a server that does not filter, content
    /// comes along.
    fn bring_chain(&mut self, at: usize, tip: ObjectId, base: Option<CommitId>) -> Result<(), Trouble> {
        let filter = match self.server(at)? {
            Server::Plain => Filter::Nothing,
            Server::Folder | Server::Filters => Filter::Flat,
        };
        let above = base.and_then(|base| ids::object(&base.0));
        if above == Some(tip) {
            return self.bring_tip(at, tip, filter, Place::Main);
        }
        if let Some(base) = above
            && self.bring_above(at, tip, base, filter)?
        {
            return Ok(());
        }
        self.bring_tip(at, tip, filter, Place::Incoming(tip))
    }

    /// The commits above the base; `false` if the base is not in the tip's history. A link that breaks in between leaves the newer
    /// part, and the rest is asked for from there.
    fn bring_above(
        &mut self,
        at: usize,
        tip: ObjectId,
        base: ObjectId,
        filter: Filter,
    ) -> Result<bool, Trouble> {
        let mut thin = filter == Filter::Nothing && self.objects.contains(&base);
        let stop = self.freight(at, filter).map_or(Stop::Never, Stop::AfterCommits);
        while let Some(next) = chain::gap(&self.objects, &self.limits, tip, base)? {
            let history = History::Above { base, thin };
            let request =
                Request { filter, history, stop, ..Request::commits(from_ref(&next), Place::Incoming(tip)) };
            let brought = match self.bring(at, &request) {
                // Some servers give out nothing but what a ref leads to: those begin anew.
                Err(Trouble::Mirror(MirrorError::Refused { .. })) if next != tip => return Ok(false),
                brought => brought?,
            };
            let is_further = chain::gap(&self.objects, &self.limits, tip, base)? != Some(next);
            match brought.cut {
                _ if is_further => {}
                Some(error) => return Err(error.into()),
                None if brought.dropped > 0 && thin => thin = false,
                // A tip below the base comes in an empty pack: the server takes it for granted that we have it.
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The tip alone; from a server that does not filter, as much of its content as comes along.
    fn bring_tip(&mut self, at: usize, tip: ObjectId, filter: Filter, place: Place) -> Result<(), Trouble> {
        let stop = self.freight(at, filter).map_or(Stop::Never, Stop::After);
        let request =
            Request { filter, history: History::TipAlone, stop, ..Request::commits(from_ref(&tip), place) };
        let brought = self.bring(at, &request)?;
        match brought.cut {
            Some(error) if self.objects.find_anywhere(&tip)?.is_none() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// How much may come along, if anything does.
    fn freight(&self, at: usize, filter: Filter) -> Option<u64> {
        let most = if self.links().is_metered(at) { METERED_FREIGHT } else { FREIGHT };
        (filter == Filter::Nothing).then_some(most)
    }
}
