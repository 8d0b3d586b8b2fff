//! What revisions need of what is on disk.

use super::Objects;
use crate::source::chain;
use crate::source::error::Error;
use crate::source::ids::KIND;
use crate::source::lookup::Lookup;
use gix::ObjectId;
use gix::objs::{CommitRefIter, Kind, TreeRefIter};
use std::collections::{BTreeSet, HashSet};

impl Objects {
    /// These revisions, the commits below them, and all of their content that is there. What is not there is no error: most sites have
    /// a part only.
    pub(super) fn live(&self, revisions: &BTreeSet<ObjectId>) -> Result<HashSet<ObjectId>, Error> {
        let mut live = HashSet::new();
        for revision in revisions {
            if let Some(root) = self.line(*revision, &mut live)? {
                self.content(root, &mut live)?;
            }
        }
        Ok(live)
    }

    /// A commit and those below it, by first parents: by them a mirror that lags is told from a history that was rewritten. Answers with
    /// its root tree.
    fn line(&self, tip: ObjectId, live: &mut HashSet<ObjectId>) -> Result<Option<ObjectId>, Error> {
        let mut next = Some(tip);
        while let Some(id) = next {
            let Some((Kind::Commit, raw)) = self.find(&id)? else { break };
            if !live.insert(id) {
                break;
            }
            next = CommitRefIter::from_bytes(&raw, KIND).parent_ids().next();
        }
        chain::root_of(self, &tip)
    }

    fn content(&self, root: ObjectId, live: &mut HashSet<ObjectId>) -> Result<(), Error> {
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            if !live.insert(id) {
                continue;
            }
            let Some((Kind::Tree, raw)) = self.find(&id)? else { continue };
            for entry in TreeRefIter::from_bytes(&raw, KIND).map_while(Result::ok) {
                match entry.mode.is_tree() {
                    true => waiting.push(entry.oid.to_owned()),
                    false => drop(live.insert(entry.oid.to_owned())),
                }
            }
        }
        Ok(())
    }
}
