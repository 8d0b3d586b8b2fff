//! A strict reader of the OpenMetrics text format: what it does not know it refuses.

use std::collections::{BTreeMap, BTreeSet};

/// One page: families by name.
#[derive(Debug, Default)]
pub(crate) struct Page {
    families: BTreeMap<String, Family>,
}

#[derive(Debug, Default)]
struct Family {
    kind: String,
    samples: BTreeMap<(String, Labels), f64>,
}

type Labels = BTreeMap<String, String>;

impl Page {
    /// Reads a page, or panics with what is wrong and where.
    pub(crate) fn read(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the page ends with # EOF");
        let mut page = Self::default();
        let mut current: Option<String> = None;
        let mut said = BTreeSet::new();
        for (number, line) in body.lines().enumerate() {
            let at = format!("line {}: {line:?}", number + 1);
            if let Some(comment) = line.strip_prefix("# ") {
                let (word, rest) = comment.split_once(' ').expect(&at);
                let (name, value) = rest.split_once(' ').expect(&at);
                assert!(is_name(name), "{at}");
                if current.as_deref() != Some(name) {
                    assert!(!page.families.contains_key(name), "{at}: a family comes in one piece");
                    page.families.insert(name.to_owned(), Family::default());
                    current = Some(name.to_owned());
                    said.clear();
                }
                let family = page.families.get_mut(name).unwrap();
                assert!(family.samples.is_empty(), "{at}: before its samples");
                assert!(said.insert(word.to_owned()), "{at}: said twice");
                match word {
                    "TYPE" => {
                        assert!(["counter", "gauge", "info", "histogram"].contains(&value), "{at}");
                        value.clone_into(&mut family.kind);
                    }
                    "UNIT" => assert!(name.ends_with(&format!("_{value}")), "{at}"),
                    "HELP" => assert!(!value.is_empty() && unescaped(value).is_some(), "{at}"),
                    _ => panic!("{at}"),
                }
                continue;
            }
            let name = current.as_ref().expect(&at);
            page.families.get_mut(name).unwrap().sample(name, line, &at);
        }
        page.families.iter().for_each(|(name, family)| family.check(name));
        page
    }

    /// A sample's value; `None` where there is none.
    pub(crate) fn get(&self, sample: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels: Labels = labels.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let key = (sample.to_owned(), labels);
        self.families.values().find_map(|family| family.samples.get(&key).copied())
    }

    /// How many samples have this name.
    pub(crate) fn count(&self, sample: &str) -> usize {
        self.families
            .values()
            .flat_map(|family| family.samples.keys())
            .filter(|(name, _)| name == sample)
            .count()
    }
}

impl Family {
    fn sample(&mut self, family: &str, line: &str, at: &str) {
        let end = line.find(['{', ' ']).expect(at);
        let (sample, rest) = line.split_at(end);
        let suffix = sample.strip_prefix(family).unwrap_or_else(|| panic!("{at}: not of {family}"));
        let allowed: &[&str] = match self.kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => panic!("{at}: no type"),
        };
        assert!(allowed.contains(&suffix), "{at}");
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => labels(rest).unwrap_or_else(|| panic!("{at}: labels")),
            None => (Labels::new(), rest),
        };
        let value = value.strip_prefix(' ').expect(at);
        assert!(!value.contains(' ') && !value.is_empty(), "{at}: a value and nothing else");
        let number: f64 = value.parse().expect(at);
        assert!(self.kind != "counter" || number >= 0.0, "{at}");
        assert!(self.kind != "info" || value == "1", "{at}");
        assert!(self.samples.insert((sample.to_owned(), labels), number).is_none(), "{at}: a second time");
    }

    /// The classes of a histogram are cumulative and end with all.
    fn check(&self, name: &str) {
        assert!(!self.kind.is_empty(), "{name} has no type");
        if self.kind != "histogram" {
            return;
        }
        let part = |suffix: &'static str| {
            self.samples.iter().filter(move |((sample, _), _)| *sample == format!("{name}{suffix}"))
        };
        let mut classes: Vec<(f64, f64)> = part("_bucket")
            .map(|((_, labels), count)| match labels["le"].as_str() {
                "+Inf" => (f64::INFINITY, *count),
                end => (end.parse().unwrap(), *count),
            })
            .collect();
        classes.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(classes.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}: {classes:?}");
        let all = *part("_count").next().unwrap().1;
        assert_eq!(classes.last().copied(), Some((f64::INFINITY, all)), "{name}");
        assert_eq!(part("_sum").count(), 1, "{name}");
    }
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(fits)
}

/// Labels after the opening brace, and what comes after the closing one.
fn labels(mut text: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        let (name, rest) = text.split_once("=\"")?;
        let mut end = 0;
        let bytes = rest.as_bytes();
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let fresh = labels.insert(name.to_owned(), unescaped(&rest[..end])?).is_none();
        if !fresh || !is_name(name) || name.starts_with("__") {
            return None;
        }
        text = &rest[end + 1..];
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None => return Some((labels, text.strip_prefix('}')?)),
        }
    }
}

fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                '"' => '"',
                'n' => '\n',
                _ => return None,
            },
            '"' => return None,
            c => c,
        });
    }
    Some(plain)
}
