//! Whether there is a node that could run something new.

use super::patience::{Patience, PatienceKind};
use crate::health::probe::{Condition, Probe, shorten};
use crate::model::Live;

/// The nodes of a cluster, as far as settling needs to know them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nodes {
    total: usize,
    fit: usize,
    /// Why the first one that is not fit is not.
    first: Option<String>,
}

const PRESSURES: [&str; 3] = ["MemoryPressure", "DiskPressure", "PIDPressure"];

impl Nodes {
    /// Takes a node in.
    pub fn add(&mut self, node: &Live) {
        self.total += 1;
        match unfit(Probe::new(&node.value)) {
            None => self.fit += 1,
            Some(why) => {
                self.first.get_or_insert_with(|| shorten(&format!("node {} {why}", node.key().name)));
            }
        }
    }

    /// Why nothing new can be expected to run, if so: no node is Ready, open, and without pressure.
    pub fn patience(&self) -> Option<Patience> {
        let message = match (self.total, self.fit, &self.first) {
            (0, ..) => "no node has joined the cluster yet".to_owned(),
            (1, 0, Some(why)) => why.clone(),
            (total, 0, Some(why)) => format!("none of {total} nodes can run something new: {why}"),
            _ => return None,
        };
        Some(Patience { kind: PatienceKind::Node, message })
    }
}

/// Why a node cannot run something new.
fn unfit(probe: Probe<'_>) -> Option<String> {
    let ready = probe.condition("Ready");
    if !ready.is_some_and(Condition::is_true) {
        let words = ready.map(Condition::words).filter(|words| !words.is_empty());
        return Some(words.map_or("is not ready".to_owned(), |words| format!("is not ready: {words}")));
    }
    if let Some(pressure) =
        PRESSURES.iter().find(|kind| probe.condition(kind).is_some_and(Condition::is_true))
    {
        return Some(format!("is under pressure: {pressure}"));
    }
    probe.flag("/spec/unschedulable").then(|| "is cordoned".to_owned())
}
