//! What settling needs to know of pods and nodes, beyond the health of what was applied.

mod news;
mod nodes;
mod patience;
mod restarts;
mod selector;
mod stuck;
#[cfg(test)]
mod tests;

pub use news::News;
pub use nodes::Nodes;
pub use patience::{Patience, PatienceKind, wait_reason};
pub use restarts::{CRASH_LOOP, CrashLoop, Restarts, crash_loop};
pub use selector::Selector;
pub use stuck::is_stuck;
