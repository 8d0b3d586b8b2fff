//! Requests that go wrong when a test says so.

use super::MemoryCluster;
use crate::cluster::Error;

/// A fault to come; requests are counted from the moment when it is set, from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This request does not reach the cluster.
    Lost(usize),
    /// This request is carried out, and its answer does not come back.
    Unanswered(usize),
    /// Neither this request nor any later one reaches the cluster.
    Cut(usize),
}

/// A fault that is set, and whether it came up.
#[derive(Debug, Default)]
pub(super) struct Pending {
    fault: Option<Fault>,
    came_up: bool,
}

impl MemoryCluster {
    /// Sets a fault, or none, and tells whether the one before came up.
    pub fn set_fault(&self, fault: Option<Fault>) -> bool {
        let pending = &mut self.lock().pending;
        std::mem::replace(pending, Pending { fault, came_up: false }).came_up
    }
}

impl Pending {
    /// Counts down to the fault. An error if the request is lost; else what the caller gets to know once it is carried out.
    pub(super) fn meet(&mut self, what: &str) -> Result<Result<(), Error>, Error> {
        let (left, answer) = match self.fault {
            None => return Ok(Ok(())),
            Some(Fault::Lost(0)) => (None, Err(lost(what))),
            Some(Fault::Unanswered(0)) => (None, Ok(Err(lost(what)))),
            Some(Fault::Cut(0)) => (self.fault, Err(lost(what))),
            Some(Fault::Lost(left)) => (Some(Fault::Lost(left - 1)), Ok(Ok(()))),
            Some(Fault::Unanswered(left)) => (Some(Fault::Unanswered(left - 1)), Ok(Ok(()))),
            Some(Fault::Cut(left)) => (Some(Fault::Cut(left - 1)), Ok(Ok(()))),
        };
        self.came_up |= !matches!(answer, Ok(Ok(())));
        self.fault = left;
        answer
    }
}

fn lost(what: &str) -> Error {
    let cause = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Error::Unreachable { server: "memory".to_owned(), what: what.to_owned(), cause: cause.into() }
}
