//! What a request to a git server asks for.

use super::git::isolated;
use std::path::Path;

/// Whether a request asks for objects.
pub(super) fn is_fetch(body: &[u8]) -> bool {
    says(body, "command=fetch")
}

/// Whether a request asks for trees by their ids, and for nothing below them.
pub(super) fn is_filtered_content(body: &[u8]) -> bool {
    says(body, "filter tree:0") && !says(body, "deepen ") && !says(body, "have ")
}

fn says(body: &[u8], words: &str) -> bool {
    body.windows(words.len()).any(|window| window == words.as_bytes())
}

/// Whether each line that wants something wants what a ref points to.
pub(super) fn wants_refs_only(repository: &Path, body: &[u8]) -> bool {
    let refs =
        isolated("git", repository).arg("--git-dir").arg(repository).arg("for-each-ref").output().unwrap();
    let (refs, body) = (String::from_utf8_lossy(&refs.stdout).into_owned(), String::from_utf8_lossy(body));
    body.split("want ").skip(1).all(|wanted| refs.contains(&wanted[..40]))
}
