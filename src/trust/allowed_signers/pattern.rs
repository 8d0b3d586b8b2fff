//! Lists of patterns as ssh_config(5) describes them under PATTERNS.

/// Whether a comma-separated list of patterns admits `text`: one of them matches, and none that begins with `!` does.
pub(super) fn admits(list: &str, text: &str) -> bool {
    let (mut admitted, mut refused) = (false, false);
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) => refused |= matches(pattern.as_bytes(), text.as_bytes()),
            None => admitted |= matches(pattern.as_bytes(), text.as_bytes()),
        }
    }
    admitted && !refused
}

/// `*` stands for any bytes, `?` for one. Linear in space and at worst quadratic in time: only the last `*` is ever tried again.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star_p, star_t)) = star else { return false };
                star = Some((star_p, star_t + 1));
                p = star_p + 1;
                t = star_t + 1;
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_admit_and_refuse() {
        for (list, admitted) in [
            ("git", true),
            ("file,git", true),
            ("file", false),
            ("*", true),
            ("g?t", true),
            ("g*t*", true),
            ("*i*", true),
            ("g*x", false),
            ("gi", false),
            ("gitt", false),
            ("", false),
            ("?", false),
            ("*,!git", false),
            ("!git,*", false),
            ("!file,*", true),
            ("!file", false),
            ("GIT", false),
            (" git", false),
        ] {
            assert_eq!(admits(list, "git"), admitted, "{list:?}");
        }
    }

    /// The meaning, without the shortcuts.
    fn means(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((b'*', after)), _) => (0..=text.len()).any(|skip| means(after, &text[skip..])),
            (Some((_, _)), None) => false,
            (Some((p, after)), Some((t, rest))) => (*p == b'?' || p == t) && means(after, rest),
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_it_means(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            prop_assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), means(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
