//! All files merged, with defaults, each value with its origin.

use super::fragment::{self, Fragment, Held};
use super::keys::{Form, KEYS, Key, Otherwise};
use super::problem::{Place, Problem};
use super::{files, mirrors};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the files say together. Keys stand as people see them, `source.mirrors[0].url`.
#[derive(Debug)]
pub(super) struct Input {
    main: PathBuf,
    entries: BTreeMap<String, (Place, Held)>,
}

/// One value of the configuration, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// The key, `source.mirrors[0].url`.
    pub key: String,
    /// The value as a text. What a URL holds of users and passwords is left out.
    pub value: String,
    /// The file that names it, or `default`.
    pub origin: String,
}

/// Reads and merges the files; and all that is wrong with their form.
pub(super) fn read(main: &Path) -> (Input, Vec<Problem>) {
    let (files, mut problems) = files::read(main);
    let mut input = Input { main: main.to_owned(), entries: BTreeMap::new() };
    if !problems.is_empty() {
        input.entries.insert(String::new(), (Place::file(main), Held::Refused));
    }
    for (path, bytes) in files {
        let fragment = fragment::read(&path, &bytes);
        input.merge(fragment, &mut problems);
    }
    (input, problems)
}

impl Input {
    /// What stands at a key, with its place; defaults stand in the main file, for there they would be changed.
    pub(super) fn get(&self, key: &str) -> Option<(Place, Held)> {
        self.entries.get(key).cloned().or_else(|| default(key).map(|held| (self.place(key), held)))
    }

    /// The keys below a mapping with free keys, and their texts.
    pub(super) fn texts(&self, key: &str) -> impl Iterator<Item = (&str, &Place, &str)> {
        let stem = format!("{key}.");
        let below = self.entries.range(stem.clone()..).take_while({
            let stem = stem.clone();
            move |(name, _)| name.starts_with(&stem)
        });
        below.filter_map(move |(name, (place, held))| match held {
            Held::Text(text) => Some((name.strip_prefix(&stem)?, place, text.as_str())),
            _ => None,
        })
    }

    /// Where a key that no file names would be written.
    pub(super) fn place(&self, key: &str) -> Place {
        Place { key: key.to_owned(), ..Place::file(&self.main) }
    }

    /// Whether what stands there, or a mapping around it, was found to be wrong already.
    pub(super) fn is_refused(&self, key: &str) -> bool {
        let holds = |at: &str| self.entries.get(at).is_some_and(|(_, held)| *held == Held::Refused);
        holds(key) || key.match_indices(['.', '[']).any(|(end, _)| holds(&key[..end]))
    }

    /// Whether a file could not be read at all: what seems to be missing may stand there.
    pub(super) fn is_partial(&self) -> bool {
        self.entries.contains_key("")
    }

    /// All values, in the order of the table.
    pub(super) fn show(&self) -> Vec<Shown> {
        KEYS.iter().flat_map(|key| self.names_of(key)).filter_map(|name| self.shown(name)).collect()
    }

    /// Later files win: a text, number or list replaces the earlier one, mappings are merged key by key.
    fn merge(&mut self, fragment: Fragment, problems: &mut Vec<Problem>) {
        problems.extend(fragment.problems);
        for (place, held) in fragment.entries {
            let items = format!("{}[", place.key);
            self.entries.retain(|name, _| !name.starts_with(&items));
            self.entries.insert(place.key.clone(), (place, held));
        }
    }

    /// The keys that one line of the table stands for here.
    fn names_of(&self, key: &Key) -> Vec<String> {
        if key.form == Form::Texts {
            return self.texts(key.name).map(|(name, _, _)| format!("{}.{name}", key.name)).collect();
        }
        let Some((list, rest)) = key.name.split_once("[]") else { return vec![key.name.to_owned()] };
        let count = match self.entries.get(list) {
            Some((_, Held::List(count))) => *count,
            _ => 0,
        };
        (0..count).map(|index| format!("{list}[{index}]{rest}")).collect()
    }

    fn shown(&self, key: String) -> Option<Shown> {
        let (_, held) = self.get(&key)?;
        let value = match held {
            Held::Text(text) => mirrors::shown(&key, text),
            Held::Bool(value) => value.to_string(),
            Held::Count(count) => count.to_string(),
            Held::List(_) | Held::Item | Held::Refused => return None,
        };
        let origin = self.entries.get(&key).map(|(place, _)| place.file.display().to_string());
        Some(Shown { key, value, origin: origin.unwrap_or_else(|| "default".to_owned()) })
    }
}

/// What holds where no file names a key.
fn default(name: &str) -> Option<Held> {
    let key = KEYS.iter().find(|key| key.name == name)?;
    let Otherwise::Default(text) = key.otherwise else { return None };
    match key.form {
        Form::Bool => text.parse().ok().map(Held::Bool),
        Form::Count => text.parse().ok().map(Held::Count),
        _ => Some(Held::Text(text.to_owned())),
    }
}
