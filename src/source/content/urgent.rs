//! Whether a commit says that it cannot wait. Pure.
//!
//! It says so in its message, which its signature covers: a line `Standfast-Urgent: true` among the last ones, where git keeps trailers.

/// The name of the line.
const KEY: &str = "standfast-urgent";

/// Whether the message of this commit ends with lines of which one says that it is urgent.
pub(super) fn is_urgent(commit: &[u8]) -> bool {
    let text = String::from_utf8_lossy(commit);
    let Some((_, message)) = text.split_once("\n\n") else { return false };
    // A message of one paragraph is a title, whatever it looks like.
    let Some((_, last)) = message.trim_end().rsplit_once("\n\n") else { return false };
    last.lines().filter_map(|line| line.split_once(':')).any(|(key, value)| {
        key.trim_end().eq_ignore_ascii_case(KEY) && value.trim().eq_ignore_ascii_case("true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_so() {
        for (message, expected) in [
            ("fix\n\nStandfast-Urgent: true\n", true),
            ("fix\n\nwhy\n\nReviewed-by: bob\nstandfast-urgent:TRUE\nAcked-by: eve", true),
            ("fix\n\nStandfast-Urgent: false\n", false),
            ("fix\n\nStandfast-Urgent: true\n\nmore words\n", false),
            ("Standfast-Urgent: true\n", false),
            ("fix\n\nNot-Standfast-Urgent: true\n", false),
            ("fix\n", false),
            ("", false),
        ] {
            let commit = format!("tree 1\nauthor a <a> 1 +0000\nx-other Standfast-Urgent: true\n\n{message}");
            assert_eq!(is_urgent(commit.as_bytes()), expected, "{message:?}");
        }
        assert!(!is_urgent(b"tree 1\ngpgsig x\n Standfast-Urgent: true"), "no message at all");
    }
}
