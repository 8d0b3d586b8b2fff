//! A line of JSON that ends with the digest of what stands before it.
//!
//! The digest is of the line's own bytes up to the comma before `"hash"`, so that a shell can check it and no two programs need to
//! agree on how JSON is spelled.

use crate::model::Digest;

const HASH: &str = ",\"hash\":\"";
const END: &str = "\"}";

/// Closes a JSON object that lacks its last brace, and answers with the whole line and the digest in it.
pub(super) fn seal(body: &str) -> (String, Digest) {
    let digest = Digest::of(body.as_bytes());
    (format!("{body}{HASH}{digest}{END}\n"), digest)
}

/// The body of a line without its newline, and the digest that it names; `None` if it has no such end.
pub(super) fn open(line: &str) -> Option<(&str, Digest)> {
    let (body, digest) = line.strip_suffix(END)?.rsplit_once(HASH)?;
    Some((body, digest.parse().ok()?))
}

/// Whether the digest that a line names is the one of its body.
pub(super) fn is_whole(line: &str) -> bool {
    open(line).is_some_and(|(body, digest)| Digest::of(body.as_bytes()) == digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_line_is_whole_until_a_byte_of_it_changes() {
        let (line, digest) = seal("{\"what\":\"a \\\",\\\"hash\\\":\\\" inside\"");
        let line = line.strip_suffix('\n').unwrap();
        assert!(is_whole(line));
        assert_eq!(open(line).unwrap().1, digest);
        assert!(serde_json::from_str::<serde_json::Value>(line).unwrap()["what"].is_string());
        for at in 0..line.len() {
            let mut bytes = line.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(!std::str::from_utf8(&bytes).is_ok_and(is_whole), "byte {at}");
            assert!(!is_whole(&line[..at]), "cut at {at}");
        }
    }
}
