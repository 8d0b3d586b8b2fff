//! A look at the facts while another process keeps the store: for `plan`, `render` and `verify` beside a running agent.

use super::durable::RealDisk;
use super::facts::{FactsFile, Found};
use super::record::FactsRecord;
use super::{Changes, Error, Loaded, Pin, Settings, Store};
use crate::model::{DesiredApplication, Digest, Facts, Revision};
use std::sync::Arc;

/// What was read, for a caller that only looks.
#[derive(Debug)]
struct Peek(Facts);

/// Reads the facts and takes no lock. The inventory stays with the process that keeps the store. Saving is refused.
pub fn peek(settings: &Settings) -> Result<Box<dyn Store>, Error> {
    let path = settings.directory.join(super::FACTS);
    let (_, found) = FactsFile::read(Arc::new(RealDisk), path.clone())?;
    let record = match found {
        Found::Record { payload, .. } => FactsRecord::from_bytes(&payload).ok(),
        Found::Missing | Found::Damaged(_) => None,
    };
    record.map(|record| Box::new(Peek(record.to_facts())) as Box<dyn Store>).ok_or(Error::NoFacts { path })
}

impl Store for Peek {
    fn load(&mut self) -> Result<Loaded, Error> {
        let note = "looking beside the running agent, which keeps the record of what is ours: what would be pruned is not shown";
        Ok(Loaded { facts: self.0.clone(), inventory: None, notes: vec![note.to_owned()] })
    }

    fn save(&mut self, _: &mut Facts, _: &Changes) -> Result<Vec<String>, Error> {
        Err(Error::OnlyLooking)
    }

    fn snapshot(&mut self, _: &Digest) -> Result<Option<DesiredApplication>, Error> {
        Ok(None)
    }

    fn pinned(&mut self, _: &Revision) -> Option<Pin> {
        None
    }
}
