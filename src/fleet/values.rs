//! The values of `substitute`, resolved for this site.

use super::kinds::is_key;
use crate::model::{Piece, Site, Template, TemplateError, nearest};
use std::collections::BTreeMap;

/// What values may refer to.
#[derive(Debug)]
pub(super) struct Scope {
    known: BTreeMap<String, String>,
}

/// Why a value cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// It is not a template.
    Template(TemplateError),
    /// It refers to something that the site does not have.
    NoValue { name: String, nearest: Option<String> },
}

impl Scope {
    /// The names of a site.
    pub(super) fn of(site: &Site) -> Self {
        let mut known = BTreeMap::from([
            ("site.name".to_owned(), site.name.as_str().to_owned()),
            ("site.id".to_owned(), site.name.id()),
        ]);
        let labels = site.labels.iter().map(|(key, value)| (format!("site.labels.{key}"), value.clone()));
        let variables =
            site.variables.iter().map(|(key, value)| (format!("site.variables.{key}"), value.clone()));
        known.extend(labels.chain(variables));
        Self { known }
    }

    /// The value with its references replaced. What is put in is not looked at again.
    pub(super) fn resolve(&self, value: &str) -> Result<String, Unresolved> {
        let template = Template::parse(value, is_key).map_err(Unresolved::Template)?;
        template.pieces.into_iter().map(|piece| self.piece(piece)).collect()
    }

    fn piece<'a>(&'a self, piece: Piece<'a>) -> Result<&'a str, Unresolved> {
        let (name, default) = match piece {
            Piece::Text(text) => return Ok(text),
            Piece::Reference { name, default } => (name, default),
        };
        match (self.known.get(name), default) {
            (Some(value), Some(default)) if value.is_empty() => Ok(default),
            (Some(value), _) => Ok(value),
            (None, Some(default)) if can_be_set(name) => Ok(default),
            _ => {
                let nearest = nearest(name, self.known.keys().map(String::as_str)).map(str::to_owned);
                Err(Unresolved::NoValue { name: name.chars().take(80).collect(), nearest })
            }
        }
    }
}

/// Whether a site could have this. A default does not excuse a name that no site can have: it is a slip that would go unseen.
fn can_be_set(name: &str) -> bool {
    name.strip_prefix("site.labels.").or(name.strip_prefix("site.variables.")).is_some_and(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::of(&Site {
            name: "emea/store-1".parse().unwrap(),
            labels: BTreeMap::from([("tier".into(), "store".into()), ("example.com/x".into(), "y".into())]),
            variables: BTreeMap::from([
                ("VLAN".into(), "12".into()),
                ("EMPTY".into(), String::new()),
                ("RAW".into(), "${site.name}".into()),
            ]),
            timezone: None,
            is_known: true,
            is_retired: false,
        })
    }

    #[test]
    fn what_a_value_becomes() {
        let id = "emea/store-1".parse::<crate::model::SiteName>().unwrap().id();
        for (value, expect) in [
            ("plain", "plain"),
            ("${site.name}", "emea/store-1"),
            ("x-${site.id}", &format!("x-{id}")),
            ("${site.labels.tier}/${site.variables.VLAN}", "store/12"),
            ("${site.labels.example.com/x}", "y"),
            ("${site.variables.GONE:-1}", "1"),
            ("${site.variables.EMPTY:-1}", "1"),
            ("${site.variables.EMPTY}", ""),
            ("$${site.name} $x $(y)", "${site.name} $x $(y)"),
            ("${site.variables.RAW}", "${site.name}"),
        ] {
            assert_eq!(scope().resolve(value).as_deref(), Ok(expect), "{value}");
        }
    }

    #[test]
    fn what_a_site_does_not_have() {
        let check = |value: &str, name: &str, nearest: Option<&str>| {
            let expect = Unresolved::NoValue { name: name.into(), nearest: nearest.map(str::to_owned) };
            assert_eq!(scope().resolve(value), Err(expect), "{value}");
        };
        check("${site.variables.VLAM}", "site.variables.VLAM", Some("site.variables.VLAN"));
        check("${site.nam}", "site.nam", Some("site.name"));
        check("${VLAN}", "VLAN", None);
        check("${sites.variables.VLAN:-1}", "sites.variables.VLAN", Some("site.variables.VLAN"));
        assert_eq!(scope().resolve("${site.name"), Err(Unresolved::Template(TemplateError::Open)));
    }
}
