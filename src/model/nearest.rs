//! The known word that a person most likely meant.

/// The candidate with the fewest edits to `word` (a letter put in, left out, replaced, or two swapped; case does not count),
/// unless that would change more than a third of it. Ties go to the first candidate.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = |text: &str| -> Vec<char> { text.to_lowercase().chars().take(MAX_LENGTH).collect() };
    let wanted = letters(word);
    candidates
        .into_iter()
        .map(|candidate| (edits(&wanted, &letters(candidate)), candidate))
        .filter(|(edits, candidate)| *edits <= 1 + wanted.len().max(candidate.chars().count()) / 4)
        .filter(|(edits, candidate)| *edits < candidate.chars().count())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Longer words are compared by their beginnings: what is compared comes from foreign bytes.
const MAX_LENGTH: usize = 80;

/// The optimal string alignment distance.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant() {
        let known = ["dependsOn", "namespace", "path", "prune", "allowPrune", "sites", "name"];
        for (word, expect) in [
            ("dependson", Some("dependsOn")),
            ("depends_on", Some("dependsOn")),
            ("nmaespace", Some("namespace")),
            ("site", Some("sites")),
            ("pahts", Some("path")),
            ("Prune", Some("prune")),
            ("replicas", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expect, "{word:?}");
        }
    }

    #[test]
    fn a_swap_is_one_edit() {
        let edits =
            |a: &str, b: &str| super::edits(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, expect) in [("", "", 0), ("abc", "", 3), ("abc", "acb", 1), ("kitten", "sitting", 3)] {
            assert_eq!(edits(a, b), expect, "{a} {b}");
            assert_eq!(edits(b, a), expect, "{b} {a}");
        }
    }
}
