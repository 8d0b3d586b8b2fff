//! The kinds of document that a fleet repository holds, field by field.

use super::quantity;
use super::shape::{Field, Form, Need, Shape};
use super::version::Requirement;
use crate::model::RepoPath;

/// The version of all kinds.
pub(super) const API_VERSION: &str = "standfast.dev/v1alpha1";

/// A kind of document.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its name, the document's `kind`.
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) about: &'static str,
    /// All that it may hold.
    pub(super) shape: Shape,
}

/// Most applications of a fleet: a site's status names each of them.
const MAX_APPLICATIONS: usize = 1000;
/// Most items of any other list.
const MAX_ITEMS: usize = 200;

macro_rules! fields {
    ($($name:literal, $need:ident, $shape:expr, $about:literal;)*) => {
        &[$(Field { name: $name, need: Need::$need, shape: $shape, about: $about }),*]
    };
}

/// The application's list, of fleet.yaml itself.
pub(super) static FLEET: Kind = Kind {
    name: "Fleet",
    about: "fleet.yaml: the applications of a fleet and how they are treated",
    shape: Shape::Record(fields! {
        "apiVersion", Required, Shape::Choice(&[API_VERSION], &[]), "the version of this format";
        "kind", Required, Shape::Choice(&["Fleet"], &[]), "the kind of this document";
        "metadata", Required, Shape::Record(fields! {
            "name", Required, Shape::Text(&FLEET_NAME), "the fleet's name; what each site owns is marked by it, so it never changes";
        }), "what the fleet is called";
        "requires", Optional, REQUIRES, "what an agent must be able to do";
        "agent", Optional, Shape::Reserved, "reserved";
        "defaults", Optional, Shape::Record(fields! {
            "prune", Optional, Shape::Bool, "as in an application";
            "onRemoval", Optional, ON_REMOVAL, "as in an application";
            "adopt", Optional, ADOPT, "as in an application";
            "health", Optional, HEALTH, "as in an application";
            "rollback", Optional, ROLLBACK, "as in an application";
        }), "what holds for each application that does not say otherwise";
        "localKeys", Optional, Shape::List(&Shape::Text(&KEY), MAX_ITEMS), "labels and variables that a site's own configuration may set";
        "guard", Optional, Shape::Record(fields! {
            "share", Optional, Shape::Text(&SHARE), "a plan that prunes more than this share is refused; 30% unless said";
            "min", Optional, Shape::Count, "but never one that prunes fewer objects than this; 5 unless said";
        }), "how much of what is ours one plan may prune";
        "applications", Optional, Shape::List(&APPLICATION, MAX_APPLICATIONS), "what runs on the sites";
        "include", NotYet, Shape::Reserved, "";
        "rings", NotYet, Shape::Reserved, "";
        "windows", NotYet, Shape::Reserved, "";
        "trust", NotYet, Shape::Reserved, "";
    }),
};

/// A site's own document.
pub(super) static SITE: Kind = Kind {
    name: "Site",
    about: "sites/<name>.yaml: one site",
    shape: Shape::Record(fields! {
        "apiVersion", Required, Shape::Choice(&[API_VERSION], &[]), "the version of this format";
        "kind", Required, Shape::Choice(&["Site"], &[]), "the kind of this document";
        "metadata", Required, Shape::Record(fields! {
            "name", Required, Shape::Text(&SITE_NAME), "the site's name: the file's path below sites/, without .yaml";
        }), "what the site is called";
        "requires", Optional, REQUIRES, "what an agent must be able to do";
        "agent", Optional, Shape::Reserved, "reserved";
        "labels", Optional, LABELS, "by which applications target the site";
        "variables", Optional, VARIABLES, "for substitution";
        "timezone", Optional, Shape::Text(&TIMEZONE), "the site's time zone";
        "state", Optional, Shape::Choice(&["active"], &["retired"]), "whether the site is in use";
        "onRetire", Optional, Shape::Choice(&["keep", "remove"], &[]), "what becomes of its objects when it is retired";
        "rings", NotYet, Shape::Reserved, "";
        "windows", NotYet, Shape::Reserved, "";
    }),
};

/// What the sites of a folder share.
pub(super) static SITE_DEFAULTS: Kind = Kind {
    name: "SiteDefaults",
    about: "sites/<folder>/defaults.yaml: what all sites below this folder share; nearer wins",
    shape: Shape::Record(fields! {
        "apiVersion", Required, Shape::Choice(&[API_VERSION], &[]), "the version of this format";
        "kind", Required, Shape::Choice(&["SiteDefaults"], &[]), "the kind of this document";
        "metadata", Optional, Shape::Record(fields! {
            "name", Optional, Shape::Text(&ANY), "a name for people";
        }), "what the defaults are called";
        "requires", Optional, REQUIRES, "what an agent must be able to do";
        "agent", Optional, Shape::Reserved, "reserved";
        "labels", Optional, LABELS, "by which applications target the sites";
        "variables", Optional, VARIABLES, "for substitution";
        "timezone", Optional, Shape::Text(&TIMEZONE), "the sites' time zone";
        "rings", NotYet, Shape::Reserved, "";
        "windows", NotYet, Shape::Reserved, "";
    }),
};

static APPLICATION: Shape = Shape::Record(fields! {
    "name", Required, Shape::Text(&DNS_LABEL), "its name";
    "path", Required, Shape::Text(&PATH), "the folder, or the single file, of its manifests";
    "sites", Optional, Shape::Record(fields! {
        "matchLabels", Optional, LABELS, "labels that a site must have";
        "matchExpressions", Optional, Shape::List(&Shape::Record(fields! {
            "key", Required, Shape::Text(&KEY), "a label's key";
            "operator", Required, Shape::Choice(&["In", "NotIn", "Exists", "DoesNotExist"], &[]), "what is asked of it";
            "values", Optional, Shape::List(&Shape::Text(&LABEL_VALUE), MAX_ITEMS), "for In and NotIn";
        }), MAX_ITEMS), "conditions on a site's labels, all of which must hold";
    }), "which sites it targets; all unless said";
    "dependsOn", Optional, Shape::List(&Shape::Text(&DNS_LABEL), MAX_ITEMS), "applications that are applied before it";
    "namespace", Optional, Shape::Text(&DNS_LABEL), "the namespace of its namespaced objects that name none";
    "substitute", Optional, Shape::Map(&NAME, &Shape::Text(&ANY)),
        "what its manifests may refer to as ${NAME}; the values may use ${site.name}, ${site.id}, ${site.labels.KEY}, ${site.variables.KEY}";
    "prune", Optional, Shape::Bool, "whether objects that left it are deleted; true unless said";
    "allowPrune", Optional, Shape::List(&Shape::Choice(&["all", "share", "namespace", "crd", "claim"], &[]), MAX_ITEMS), "guards of pruning that it lifts";
    "onRemoval", Optional, ON_REMOVAL, "what becomes of its objects when it leaves the fleet or no longer targets a site; prune unless said";
    "adopt", Optional, ADOPT, "objects that are there already and not ours are left";
    "health", Optional, HEALTH, "when it is healthy, and how long that may take";
    "rollback", Optional, ROLLBACK, "what goes back to last-good when it fails: the application and what depends on it, the whole site, or nothing; application unless said";
    "recreate", Optional, Shape::List(&Shape::Text(&KIND), MAX_ITEMS), "kinds that may be deleted and created again where a field is immutable";
    "substituteFrom", NotYet, Shape::Reserved, "";
    "serviceAccount", NotYet, Shape::Reserved, "";
    "ignore", NotYet, Shape::Reserved, "";
    "rings", NotYet, Shape::Reserved, "";
    "windows", NotYet, Shape::Reserved, "";
});

const REQUIRES: Shape = Shape::Record(fields! {
    "agent", Optional, Shape::Text(&REQUIREMENT), "the agent's version";
});
const HEALTH: Shape = Shape::Record(fields! {
    "deadline", Optional, Shape::Text(&DURATION), "how long it may take to get healthy; 5m unless said";
    "quiet", Optional, Shape::Text(&DURATION), "how long it must then stay healthy; 30s unless said";
    "pullDeadline", Optional, Shape::Text(&DURATION), "how long a pod may wait for its image before that is reported; it is no failure";
    "waitForAddresses", Optional, Shape::Bool, "whether balancers, ingresses and gateways must have an address; false unless said";
    "checks", Optional, Shape::List(&Shape::Record(fields! {
        "group", Required, Shape::Text(&GROUP), "the API group of the kind";
        "kind", Required, Shape::Text(&KIND), "the kind";
        "current", Required, Shape::Text(&EXPRESSION), "it is Current where this holds, and neither of the others does";
        "inProgress", Optional, Shape::Text(&EXPRESSION), "it is InProgress where this holds, whatever else does";
        "failed", Optional, Shape::Text(&EXPRESSION), "it has Failed where this holds, and is not InProgress";
    }), MAX_ITEMS), "when objects of a custom kind are healthy, in CEL over their fields: status.phase == 'Running'";
});
const ADOPT: Shape = Shape::Choice(&["never"], &["ifEqual", "always"]);
const ON_REMOVAL: Shape = Shape::Choice(&["prune", "keep"], &[]);
const ROLLBACK: Shape = Shape::Choice(&["application", "site", "hold"], &[]);
const LABELS: Shape = Shape::Map(&KEY, &Shape::Text(&LABEL_VALUE));
const VARIABLES: Shape = Shape::Map(&KEY, &Shape::Text(&ANY));

static ANY: Form = Form { what: "a text of at most 4096 bytes", pattern: None, fits: |_| true };
static DNS_LABEL: Form = Form {
    what: "a DNS label: a-z, 0-9 and `-`, at most 63, with a letter or digit at both ends",
    pattern: Some("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"),
    fits: |text| words(text, 63, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
};
static FLEET_NAME: Form = Form {
    what: "a name of a-z, 0-9, `-` and `.`, at most 63, with a letter or digit at both ends",
    pattern: Some("^[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?$"),
    fits: |text| words(text, 63, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)),
};
static SITE_NAME: Form =
    Form { what: "a site's name, such as emea/de/store-042", pattern: None, fits: |text| text.len() <= 200 };
static KEY: Form = Form {
    what: "a key of letters, digits, `-`, `_`, `.` and `/`, at most 253, with a letter or digit at both ends",
    pattern: Some("^[A-Za-z0-9]([-_./A-Za-z0-9]{0,251}[A-Za-z0-9])?$"),
    fits: is_key,
};
static LABEL_VALUE: Form = Form {
    what: "a label's value: letters, digits, `-`, `_` and `.`, at most 63, with a letter or digit at both ends, or nothing",
    pattern: Some("^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$"),
    fits: |text| text.is_empty() || words(text, 63, |b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
};
static NAME: Form = Form {
    what: "a name of letters, digits and `_` that does not begin with a digit",
    pattern: Some("^[A-Za-z_][A-Za-z0-9_]{0,252}$"),
    fits: |text| {
        text.len() <= 253
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    },
};
static KIND: Form = Form {
    what: "a kind such as Job",
    pattern: Some("^[A-Z][A-Za-z0-9]{0,62}$"),
    fits: |text| {
        text.starts_with(|c: char| c.is_ascii_uppercase()) && words(text, 63, |b| b.is_ascii_alphanumeric())
    },
};
static GROUP: Form = Form {
    what: "an API group such as kafka.strimzi.io; the kinds of the core group have rules of their own",
    pattern: Some("^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$"),
    fits: |text| words(text, 253, |b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)),
};
static EXPRESSION: Form = Form { what: "an expression in CEL", pattern: None, fits: |_| true };
static PATH: Form = Form {
    what: "a path inside the repository such as apps/pos, without `..` and without a leading `/`",
    pattern: None,
    fits: |text| text.parse::<RepoPath>().is_ok(),
};
static TIMEZONE: Form = Form {
    what: "a time zone's IANA name such as Europe/Berlin",
    pattern: Some("^[A-Za-z][-+_/A-Za-z0-9]{0,62}$"),
    fits: |text| {
        text.len() <= 63
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+_/".contains(&b))
    },
};
static DURATION: Form = Form {
    what: "a duration such as 5m, 30s or 1h30m",
    pattern: None,
    fits: |text| quantity::duration(text).is_some(),
};
static SHARE: Form = Form {
    what: "a share such as 30%",
    pattern: Some("^([0-9]|[1-9][0-9]|100)%$"),
    fits: |text| quantity::share(text).is_some(),
};
static REQUIREMENT: Form = Form {
    what: "a version requirement such as \">=0.3\"",
    pattern: None,
    fits: |text| text.parse::<Requirement>().is_ok(),
};

/// Whether a text is the key of a label or a variable. `:` and `}` never occur, so a reference ends where it should.
pub(super) fn is_key(text: &str) -> bool {
    words(text, 253, |b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
}

fn words(text: &str, most: usize, fits: fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let ends = bytes.first().zip(bytes.last());
    text.len() <= most
        && ends.is_some_and(|(first, last)| first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric())
        && bytes.iter().all(|b| fits(*b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::string::string_regex;

    proptest! {
        /// An editor that goes by the schema must not take what the agent refuses.
        #[test]
        fn what_a_pattern_matches_has_the_form(
            (form, text) in prop::sample::select(vec![&DNS_LABEL, &FLEET_NAME, &KEY, &LABEL_VALUE, &NAME, &KIND, &TIMEZONE, &SHARE])
                .prop_flat_map(|form: &'static Form| {
                    let pattern = form.pattern.unwrap_or_default().trim_start_matches('^').trim_end_matches('$');
                    (Just(form), string_regex(pattern).unwrap())
                })
        ) {
            prop_assert!((form.fits)(&text), "{:?} is not {}", text, form.what);
        }
    }

    #[test]
    fn what_has_a_form() {
        let check = |form: &Form, good: &[&str], bad: &[&str]| {
            assert!(good.iter().all(|text| (form.fits)(text)), "{good:?} {}", form.what);
            assert!(!bad.iter().any(|text| (form.fits)(text)), "{bad:?} {}", form.what);
        };
        let long = "a".repeat(64);
        check(&DNS_LABEL, &["a", "a-1"], &["", "-a", "a-", "A", "a.b", "a_b", &long]);
        check(&FLEET_NAME, &["acme.stores-1"], &["", ".a", "a/b", &long]);
        check(&KEY, &["a", "example.com/x_y"], &["", "a:b", "a}", "/a", "a b"]);
        check(&LABEL_VALUE, &["", "a", "A_b.c-d"], &["-", "a/b", "a b", &long]);
        check(&NAME, &["A", "_a1"], &["", "1A", "A-B", "A.B", "é"]);
        check(&KIND, &["Job"], &["job", "", "Job.batch"]);
        check(&PATH, &["apps/pos", "a b"], &["/a", "../a", "a//b", ".git"]);
        check(&TIMEZONE, &["UTC", "Europe/Berlin", "Etc/GMT+1"], &["", "Europe Berlin", "1"]);
    }
}
