//! Who may sign, for how long; and the site's own key.

use super::{Finding, Part};
use crate::agent::clock::Clock;
use crate::config::Settings;
use crate::model::{Facts, explain};
use crate::trust::allowed_signers::{AllowedSigner, NotAllowed};
use crate::trust::{self, Keyring};
use jiff::{SignedDuration, Timestamp};
use standfast_identity::Identity;

/// How long before its end a key is spoken of.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Most signers that are named.
const MOST: usize = 50;

pub(super) fn look(settings: &Settings, clock: &Clock, facts: &Facts) -> Vec<Finding> {
    let now = trust::trusted(clock.now(), facts.clock_floor, trust::built()).now();
    let mut findings = match Keyring::load(&settings.trust) {
        Ok(keyring) => signers(&keyring, now),
        Err(error) => {
            let path = settings.trust.allowed_signers.display().to_string();
            let to_do = "write there who may sign, in the format of ssh-keygen's allowed signers; nothing is accepted until then";
            vec![Part("trust").bad(path, explain(&error), to_do)]
        }
    };
    findings.extend(identity(settings));
    findings
}

fn signers(keyring: &Keyring, now: Timestamp) -> Vec<Finding> {
    let part = Part("trust");
    let all = keyring.signers();
    let is_able = |signer: &AllowedSigner| signer.permits(trust::NAMESPACE, now).is_ok();
    let able = all.iter().filter(|(signer, _)| is_able(signer)).count();
    let mut findings = Vec::new();
    if able == 0 {
        let to_do = "add a line of somebody who may sign now; nothing new is accepted until then";
        findings.push(part.bad("signers", "none of the allowed signers may sign now", to_do));
    }
    findings.extend(all.iter().take(MOST).map(|(signer, fingerprint)| {
        let name = format!("{} {fingerprint}", signer.name);
        let renew = "have its owner make a new key, and let it in before that";
        match (signer.permits(trust::NAMESPACE, now), signer.valid_before) {
            (Ok(()), Some(until)) if until.duration_since(now) < SOON => {
                part.warn(name, format!("may sign until {until}"), renew)
            }
            (Ok(()), Some(until)) => part.ok(name, format!("may sign until {until}")),
            (Ok(()), None) => part.ok(name, "may sign"),
            (Err(why @ NotAllowed::NotYet { .. }), _) => part.ok(name, format!("may not sign yet: {why}")),
            (Err(why), _) => {
                part.warn(name, format!("may not sign: {why}"), "take its line out, or renew it")
            }
        }
    }));
    if all.len() > MOST {
        findings.push(part.ok("signers", format!("and {} more", all.len() - MOST)));
    }
    findings
}

/// The key with which the site signs what it reports, and to which Secrets are encrypted.
fn identity(settings: &Settings) -> Option<Finding> {
    let (part, path) = (Part("identity"), settings.identity.as_deref()?);
    let name = path.display().to_string();
    Some(match Identity::load(path) {
        Ok(identity) => part.ok(name, identity.fingerprint()),
        Err(error) => {
            let why = error.fault.to_string();
            let (seen, to_do) =
                why.split_once(": ").unwrap_or((&why, "see that the agent's user may read it"));
            part.bad(name, seen, to_do)
        }
    })
}
