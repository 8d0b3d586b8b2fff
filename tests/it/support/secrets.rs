//! Looking for a secret where it must not be.

use std::fs;
use std::path::Path;

/// How a value may be written: as it is, and in base64 at each of its three alignments.
fn spellings(value: &str) -> Vec<String> {
    let inner = |skip: usize| {
        let bytes = &value.as_bytes()[skip..];
        base64(&bytes[..bytes.len() / 3 * 3])
    };
    vec![value.to_owned(), inner(0), inner(1), inner(2)]
}

/// A value as a Secret's `data` holds it.
pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// None of the values is in these bytes, in whatever spelling.
pub(crate) fn assert_clean(bytes: &[u8], values: &[&str], wherever: &str) {
    for value in values {
        for spelling in spellings(value) {
            let found = bytes.windows(spelling.len()).position(|window| window == spelling.as_bytes());
            let around = found.map(|at| {
                String::from_utf8_lossy(&bytes[at.saturating_sub(200)..(at + 40).min(bytes.len())])
                    .into_owned()
            });
            assert!(found.is_none(), "{value} as {spelling} in {wherever}: {around:?}");
        }
    }
}

/// None of the values is in a file below this folder, but in packs, which hold the repository's own. Answers how many files were
/// looked at.
pub(crate) fn assert_clean_below(folder: &Path, values: &[&str]) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += assert_clean_below(&path, values);
        } else if path.extension().is_none_or(|extension| extension != "pack") {
            files += 1;
            assert_clean(&fs::read(&path).unwrap(), values, &path.display().to_string());
        }
    }
    files
}
