//! What to think of a line that another mirror offers. Pure.

use super::chain::explain;
use super::{TrustedClock, Verifier};
use crate::model::{CommitChain, ErrorClass, Trouble};

/// What is wrong among the mirrors though one of them is followed: what another one offered was refused, or it has another line.
pub fn alarm(
    refusal: Option<Trouble>,
    followed: &CommitChain,
    verifier: &dyn Verifier,
    clock: &TrustedClock,
) -> Option<Trouble> {
    refusal.or_else(|| followed.beside.first().map(|other| rival(followed, other, verifier, clock)))
}

/// What is wrong when a mirror offers another line than the one that is followed. What this site runs does not change by it: only
/// descendants of what it accepted come after that. But somebody signed two histories, or one mirror is not to be trusted.
fn rival(
    followed: &CommitChain,
    other: &CommitChain,
    verifier: &dyn Verifier,
    clock: &TrustedClock,
) -> Trouble {
    let offers = format!(
        "{} offers {}, which is not on the line of {}, which {} offers",
        other.mirror, other.revision, followed.revision, followed.mirror
    );
    let tip = explain(other, verifier, clock).into_iter().next();
    let (reason, why) = match tip {
        Some((_, Ok(checked))) if checked.verification.is_good() => {
            ("MirrorsConflict", format!("it is {}: find out why there are two", checked.verification))
        }
        Some((_, Ok(checked))) => {
            ("MirrorUntrusted", format!("{}: find out who put it there", checked.verification))
        }
        Some((_, Err(error))) => ("MirrorUntrusted", format!("{error}: find out who put it there")),
        None => ("MirrorUntrusted", "it shows no commit of it".to_owned()),
    };
    Trouble { class: ErrorClass::Untrusted, reason, message: format!("{offers}; {why}") }
}
