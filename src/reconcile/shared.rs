//! What another server of the same cluster knows, and what of it counts here.

use crate::model::{CommitId, Facts};

/// Takes over from `shared`, the facts of the agent that wrote last, what is proven here: `line` is this site's own line of accepted
/// commits, newest first. What failed there is not tried again here, and what was last-good there can be gone back to. What lies outside
/// of that line is left, and told.
pub fn adopt(own: &Facts, shared: &Facts, line: &[CommitId]) -> (Facts, Option<String>) {
    let age = |commit: &CommitId| line.iter().position(|known| known == commit);
    let mut facts = own.clone();
    for (name, theirs) in &shared.applications {
        let ours = facts.applications.entry(name.clone()).or_default();
        let is_proven = |commit: &CommitId| age(commit).is_some();
        if let Some(quarantine) = theirs.quarantine.clone().filter(|one| is_proven(&one.revision.commit)) {
            ours.quarantine = Some(quarantine);
        }
        let their_age = theirs.last_good.as_ref().and_then(|(revision, _)| age(&revision.commit));
        let our_age = ours.last_good.as_ref().and_then(|(revision, _)| age(&revision.commit));
        if their_age.is_some_and(|theirs| our_age.is_none_or(|ours| theirs <= ours)) {
            ours.last_good.clone_from(&theirs.last_good);
        }
        let tried = theirs.attempted.as_ref().filter(|(revision, _)| is_proven(&revision.commit));
        if let Some(tried) = tried {
            ours.attempted = Some(tried.clone());
            ours.deadline_spent = theirs.deadline_spent;
        }
    }
    let newest = shared.last_good.as_ref().filter(|revision| {
        let ours = own.last_good.as_ref().and_then(|ours| age(&ours.commit));
        age(&revision.commit).is_some_and(|theirs| ours.is_none_or(|ours| theirs < ours))
    });
    if let Some(newest) = newest {
        facts.last_good = Some(newest.clone());
        facts.pinned = shared.pinned.iter().filter(|pinned| age(&pinned.commit).is_some()).cloned().collect();
    }
    let foreign = shared.floor.as_ref().filter(|floor| age(&floor.revision.commit).is_none());
    let note = foreign.map(|floor| {
        format!(
            "another server of this cluster accepted {}, which is not proven here: what it knows of that does not count",
            floor.revision
        )
    });
    (facts, note)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{now, revision, target};
    use super::*;
    use crate::model::{ApplicationFacts, Floor, Quarantine};

    fn facts(floor: u8, last_good: u8, failed: Option<u8>) -> Facts {
        let content = |n: u8| target(n, "pos", &format!("content {n}")).content;
        let quarantine = failed.map(|n| Quarantine {
            digest: content(n).1,
            revision: revision(n),
            reason: "CrashLoop: it crashed".to_owned(),
        });
        let pos = ApplicationFacts {
            last_good: Some(content(last_good)),
            quarantine,
            ..ApplicationFacts::default()
        };
        Facts {
            floor: Some(Floor {
                revision: revision(floor),
                accepted: now(),
                began: revision(1).commit,
                signer: "alice".to_owned(),
            }),
            last_good: Some(revision(last_good)),
            pinned: vec![revision(last_good)],
            applications: [("pos".to_owned(), pos)].into(),
            ..Facts::default()
        }
    }

    fn line(newest: u8) -> Vec<CommitId> {
        (1..=newest).rev().map(|n| revision(n).commit).collect()
    }

    #[test]
    fn what_is_proven_here_is_taken_over() {
        let (facts, note) = adopt(&facts(3, 1, None), &facts(3, 2, Some(3)), &line(3));
        assert_eq!(note, None);
        let pos = &facts.applications["pos"];
        assert_eq!(pos.quarantine.as_ref().unwrap().revision, revision(3));
        assert_eq!(pos.last_good.as_ref().unwrap().0, revision(2));
        assert_eq!((facts.last_good, facts.pinned), (Some(revision(2)), vec![revision(2)]));
    }

    #[test]
    fn what_is_not_proven_here_is_told_and_left() {
        let own = facts(2, 2, None);
        let (after, note) = adopt(&own, &facts(9, 9, Some(8)), &line(2));
        assert!(note.unwrap().contains("not proven here"));
        assert_eq!(after, own);
    }

    #[test]
    fn an_older_word_changes_nothing_and_the_floor_never_moves() {
        let own = facts(3, 3, None);
        let (after, _) = adopt(&own, &facts(2, 1, None), &line(3));
        assert_eq!(after, own);
    }
}
