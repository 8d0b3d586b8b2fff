//! What happens to the machine, and what it asks for.

use super::application::{Content, Judged, Terms};
use super::site::Turn;
use crate::model::{DesiredApplication, Revision, Suspension, Trouble};
use jiff::Timestamp;

/// What the driver is asked to do. It answers each with one event, but for `Remember`, which has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the mirrors. → `Fetched`, `FetchFailed`
    Fetch,
    /// Prove what was fetched. → `Proven`, `Unchanged`, `Refused`
    Verify,
    /// Write the proven revision down as the floor. → `Accepted`, `AcceptFailed`
    Accept,
    /// Complete, bind and render a revision, and have at hand what applications may go back to. → `Rendered`, `RenderFailed`
    Render {
        /// Which.
        revision: Revision,
        /// From disk alone, whatever the mirrors could give.
        is_offline: bool,
    },
    /// Compare with the cluster and write what differs. → `Applied`, `Failed`
    Apply,
    /// Judge the health of all applications. → `Judged`, `Failed`
    Judge,
    /// Undo what others changed, after comparing all that is followed if `everything` is set. → `Healed`, `Failed`
    Heal {
        /// Compare everything that is known, not only what was noticed.
        everything: bool,
    },
    /// Delete what left desired. → `Pruned`, `Failed`
    Prune,
    /// Make last-good a fact. → `Kept`, `Failed`
    Keep,
    /// Write down what the applications' machines know that must survive.
    Remember,
    /// An event did not fit the state; a fault of ours, worth a line in the log.
    Unexpected(&'static str),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The time has come.
    Tick,
    /// A mirror answered with so many new commits; the chain is with the driver.
    Fetched(usize),
    /// No mirror answered.
    FetchFailed(Trouble),
    /// The chain is proven up to this revision, which is new.
    Proven(Revision),
    /// The mirror has nothing new.
    Unchanged,
    /// The chain must not be run.
    Refused(Trouble),
    /// The proven revision is the floor now.
    Accepted,
    /// It could not be written down.
    AcceptFailed(Trouble),
    /// The revision was rendered.
    Rendered(Revision, Vec<Target>),
    /// It could not be completed, read or rendered.
    RenderFailed(Revision, Trouble),
    /// Every application was written, or stopped.
    Applied(Vec<Applied>),
    /// Health was judged.
    Judged(Judgement),
    /// What was noticed is undone, as far as it can be; when to come back for the rest.
    Healed(Option<Timestamp>),
    /// What left desired is gone, or on its way; why not, if something was refused.
    Pruned(Option<Trouble>),
    /// Last-good is on disk.
    Kept,
    /// The work on the cluster could not be carried out.
    Failed(Trouble),
    /// Something of ours changed in the cluster.
    Noticed(Notice),
    /// It is this agent's turn to write, or another's.
    Turn(Turn),
    /// A person gave an order.
    Ordered(Order),
}

/// One application's part of a rendered revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// The revision and what it rendered to.
    pub content: Content,
    /// How it is to be treated.
    pub terms: Terms,
}

/// What came of writing one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// Why it was stopped, if it was.
    pub stopped: Option<Trouble>,
    /// Whether something of it was written before it was stopped.
    pub is_partial: bool,
}

/// The health of everything, as it was just judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// By application.
    pub applications: Vec<Judged>,
    /// Why no application's clock runs, if so: no node is ready.
    pub paused: Option<String>,
}

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notice {
    /// Something may differ from what we applied.
    pub drift: bool,
    /// Something's health is another.
    pub health: bool,
}

/// What a person can order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Ask the mirrors now.
    Sync,
    /// Try again what is held or in quarantine: one application, or all.
    Retry(Option<String>),
    /// Stop new revisions.
    Suspend(Suspension),
    /// Take new revisions again.
    Resume,
    /// Go back to what a pinned revision rendered; the driver has its content at hand.
    Rollback(Vec<Target>),
}

impl Event {
    /// Its name, for the log.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Tick => "Tick",
            Self::Fetched(_) => "Fetched",
            Self::FetchFailed(_) => "FetchFailed",
            Self::Proven(_) => "Proven",
            Self::Unchanged => "Unchanged",
            Self::Refused(_) => "Refused",
            Self::Accepted => "Accepted",
            Self::AcceptFailed(_) => "AcceptFailed",
            Self::Rendered(..) => "Rendered",
            Self::RenderFailed(..) => "RenderFailed",
            Self::Applied(_) => "Applied",
            Self::Judged(_) => "Judged",
            Self::Healed(_) => "Healed",
            Self::Pruned(_) => "Pruned",
            Self::Kept => "Kept",
            Self::Failed(_) => "Failed",
            Self::Noticed(_) => "Noticed",
            Self::Turn(_) => "Turn",
            Self::Ordered(_) => "Ordered",
        }
    }
}

/// What a rendered revision aims the applications at.
pub fn targets(revision: &Revision, applications: &[DesiredApplication]) -> Vec<Target> {
    let target = |one: &DesiredApplication| Target {
        name: one.application.name.clone(),
        content: (revision.clone(), one.digest),
        terms: Terms {
            deadline: one.application.deadline,
            quiet: one.application.quiet,
            pull_deadline: one.application.pull_deadline,
            rollback: one.application.rollback,
            depends_on: one.application.depends_on.clone(),
            objects: one.objects.len(),
        },
    };
    applications.iter().map(target).collect()
}
