use super::*;
use crate::model::fake::{artifact, put};
use crate::model::{
    Adopt, AllowPrune, Artifact, BlobId, Classify, EntryKind, ErrorClass, Hash, OnRemoval, Rollback,
};
use crate::trust::fake::assume;
use proptest::prelude::*;
use serde_json::Value;
use std::time::Duration;

const SITE: (&str, &str) = (
    "sites/emea/de/store-042.yaml",
    "apiVersion: standfast.dev/v1alpha1\nkind: Site\nmetadata: {name: emea/de/store-042}\nlabels: {tier: store}\nvariables: {VLAN: \"12\"}\n",
);

fn local() -> Local {
    let name = "emea/de/store-042".parse().unwrap();
    Local { name, labels: BTreeMap::new(), variables: BTreeMap::new(), path: RepoPath::root() }
}

fn fleet(rest: &str) -> String {
    format!("apiVersion: standfast.dev/v1alpha1\nkind: Fleet\nmetadata: {{name: acme}}\n{rest}")
}

fn read_artifact(artifact: Artifact, local: &Local) -> Result<Answer, Error> {
    let root = artifact.root;
    read(&assume(artifact, root), local, &"0.3.1".parse().unwrap())
}

/// Resolves for the site with a document of its own; every application's path is there.
pub(super) fn resolve(rest: &str) -> Result<Resolved, Error> {
    let document = fleet(rest);
    let mut whole = artifact(&[("fleet.yaml", &document), SITE, ("apps/x/x.yaml", "")]);
    whole.trees.remove(&"apps".parse::<RepoPath>().unwrap());
    match read_artifact(whole, &local())? {
        Answer::Resolved(resolved) => Ok(resolved),
        Answer::Needs(paths) => panic!("needs {paths:?}"),
    }
}

fn names(resolved: &Resolved) -> String {
    resolved.applications.iter().map(|application| application.name.as_str()).collect::<Vec<_>>().join(" ")
}

pub(super) fn refused(rest: &str, expect: &str) {
    assert_eq!(resolve(rest).unwrap_err().to_string(), expect, "{rest}");
}

#[test]
fn it_names_what_it_needs_until_it_can_resolve() {
    let check = |artifact: Artifact, expect: &[&str]| {
        let expect = expect.iter().map(|path| path.parse().unwrap()).collect();
        assert_eq!(read_artifact(artifact, &local()).unwrap(), Answer::Needs(expect));
    };
    let document = fleet("applications: [{name: a, path: apps/a}]");
    let files =
        [("fleet.yaml", document.as_str()), SITE, ("sites/defaults.yaml", "x"), ("apps/a/a.yaml", "x")];
    let mut whole = artifact(&files);
    whole.files.clear();
    check(whole.clone(), &["fleet.yaml", "sites/defaults.yaml", SITE.0]);
    whole.trees.retain(|path, _| path.is_root());
    let everywhere = [
        "sites/defaults.yaml",
        "sites/emea/defaults.yaml",
        "sites/emea/de/defaults.yaml",
        "sites/emea/de/store-042.yaml",
    ];
    check(whole.clone(), &[&["fleet.yaml"][..], &everywhere].concat());
    assert_eq!(Answer::Needs(documents(&local().name)), read_artifact(whole.clone(), &local()).unwrap());
    whole.files = artifact(&files[..1]).files;
    check(whole, &everywhere);
    check(Artifact { trees: BTreeMap::new(), ..artifact(&[]) }, &["fleet.yaml"]);

    let bare = artifact(&files[..1]);
    assert!(matches!(read_artifact(bare, &local()), Err(Error::Wrong { .. })), "apps/a is not there");
    let bare = artifact(&[files[0], files[3]]);
    assert!(matches!(read_artifact(bare, &local()), Ok(Answer::Resolved(_))), "no sites at all is fine");
}

#[test]
fn every_field_reaches_the_application() {
    let resolved = resolve(
        r#"
requires: {agent: ">=0.3"}
agent: {whatever: [1, null]}
defaults: {prune: false, onRemoval: keep, adopt: never, rollback: site, health: {deadline: 10m, quiet: 1m, pullDeadline: 2h, waitForAddresses: true}}
localKeys: [VLAN]
guard: {share: 50%, min: 7}
applications:
- {name: plain, path: apps/plain}
- name: pos
  path: ./apps/pos/
  sites: {matchLabels: {tier: store}, matchExpressions: [{key: tier, operator: NotIn, values: [hub]}]}
  dependsOn: [plain]
  namespace: pos
  substitute: {STORE_ID: "${site.name}", VLAN: "${site.variables.VLAN:-1}"}
  prune: true
  allowPrune: [namespace, all]
  onRemoval: prune
  adopt: never
  health: {deadline: 1h30m, waitForAddresses: false}
  rollback: hold
  recreate: [Job]
"#,
    )
    .unwrap();
    assert_eq!(resolved.fleet, "acme");
    assert_eq!(resolved.guard, Guard { share: 50, min: 7 });
    assert_eq!(resolved.notes, Vec::<String>::new());
    let plain = Application {
        name: "plain".into(),
        path: "apps/plain".parse().unwrap(),
        depends_on: BTreeSet::new(),
        namespace: None,
        substitute: None,
        prune: false,
        allow_prune: BTreeSet::new(),
        on_removal: OnRemoval::Keep,
        adopt: Adopt::Never,
        recreate: BTreeSet::new(),
        deadline: Duration::from_mins(10),
        quiet: Duration::from_mins(1),
        pull_deadline: Some(Duration::from_hours(2)),
        checks: Vec::new(),
        waits_for_addresses: true,
        rollback: Rollback::Site,
    };
    let pos = Application {
        name: "pos".into(),
        path: "apps/pos".parse().unwrap(),
        depends_on: BTreeSet::from(["plain".to_owned()]),
        namespace: Some("pos".into()),
        substitute: Some(BTreeMap::from([
            ("STORE_ID".into(), "emea/de/store-042".into()),
            ("VLAN".into(), "12".into()),
        ])),
        prune: true,
        allow_prune: BTreeSet::from([AllowPrune::All, AllowPrune::Namespace]),
        on_removal: OnRemoval::Prune,
        recreate: BTreeSet::from(["Job".to_owned()]),
        deadline: Duration::from_mins(90),
        waits_for_addresses: false,
        rollback: Rollback::Hold,
        ..plain.clone()
    };
    assert_eq!(resolved.applications, [plain, pos]);
}

#[test]
fn what_holds_unless_said() {
    let resolved = resolve("applications: [{name: a, path: apps/a}]").unwrap();
    let only = &resolved.applications[0];
    assert_eq!((only.deadline, only.quiet), (Duration::from_mins(5), Duration::from_secs(30)));
    assert_eq!((only.prune, only.on_removal), (true, OnRemoval::Prune));
    assert_eq!(resolved.guard, Guard { share: 30, min: 5 });
    assert_eq!(names(&resolve("").unwrap()), "", "a fleet may have no applications yet");
}

#[test]
fn the_envelope_comes_before_all_else() {
    let document =
        "apiVersion: standfast.dev/v7\nkind: Fleet\nrequires: {agent: '>=0.4', more: 1}\nunheard: [of]\n";
    let newer = artifact(&[("fleet.yaml", document), ("trust/policy.yaml", ""), ("policies/a.yaml", "")]);
    let error = read_artifact(newer, &local()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fleet.yaml: requires.agent (line 3): the revision requires an agent >=0.4, this one is 0.3.1: update the agent; until then it keeps what runs"
    );
    assert_eq!((error.class(), error.reason()), (ErrorClass::Terminal, "AgentTooOld"));
    refused(
        "requires: {agent: '~>0.4'}",
        "fleet.yaml: requires.agent (line 4): \"~>0.4\" is not a version requirement: write it as \">=0.3\" or \">=0.3, ^0.4\" (>=, >, = and ^ are known)",
    );
    refused(
        "requires: {agent: '>=0.3', disk: 1}",
        "fleet.yaml: requires.disk (line 4): the field \"disk\" is unknown: remove it",
    );
}

#[test]
fn what_is_not_built_yet_is_refused_by_its_place() {
    let check = |rest: &str, expect: &str| {
        let error = resolve(rest).unwrap_err();
        assert_eq!(error.to_string(), format!("{expect} is not supported by this version yet"));
        assert_eq!(error.reason(), "NotYet");
    };
    for field in ["include", "rings", "windows", "trust"] {
        check(&format!("{field}: []"), &format!("fleet.yaml: {field} (line 4): {field}"));
    }
    for field in ["substituteFrom", "serviceAccount", "ignore"] {
        let rest = format!("applications:\n- name: a\n  path: apps/a\n  {field}: x");
        check(&rest, &format!("fleet.yaml: applications[0].{field} (line 7): {field}"));
    }
    for adopt in ["ifEqual", "always"] {
        check(
            &format!("defaults: {{adopt: {adopt}}}"),
            &format!("fleet.yaml: defaults.adopt (line 4): the value {adopt}"),
        );
    }

    let document = fleet("");
    for (path, expect) in [
        ("trust/policy.yaml", "trust: the in-band trust policy"),
        ("policies/a.yaml", "policies: policies that are checked before apply"),
        ("images.yaml", "images.yaml: the list of images"),
    ] {
        let whole = artifact(&[("fleet.yaml", &document), SITE, (path, "")]);
        let error = read_artifact(whole, &local()).unwrap_err();
        assert_eq!(error.to_string(), format!("{expect} is not supported by this version yet"));
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_the_way_out() {
    let application = |rest: &str| {
        format!("applications:\n- {{name: base, path: apps/a}}\n- name: b\n  path: apps/b\n  {rest}")
    };
    let at = |place: &str, what: &str| format!("fleet.yaml: applications[1].{place} (line 8): {what}");
    for (rest, place, what) in [
        ("dependson: [base]", "dependson", "the field \"dependson\" is unknown: did you mean dependsOn?"),
        ("dependsOn: [bsae]", "dependsOn[0]", "there is no application \"bsae\": did you mean base?"),
        ("dependsOn: [pos]", "dependsOn[0]", "there is no application \"pos\": add it, or correct the name"),
        ("dependsOn: a", "dependsOn", "it must be a list"),
        ("sites:", "sites", "it has no value: write a mapping or remove the key"),
        ("prune: 'no'", "prune", "it must be true or false"),
        ("allowPrune: [pvc]", "allowPrune[0]", "it must be one of all, share, namespace, crd, claim"),
        ("onRemoval: delete", "onRemoval", "it must be prune or keep"),
        ("adopt: sometimes", "adopt", "it must be never"),
        ("health: {deadline: 5}", "health.deadline", "it must be a text: put it in quotes"),
        ("health: {deadline: 5 min}", "health.deadline", "it must be a duration such as 5m, 30s or 1h30m"),
        ("health: {pullDeadline: 1}", "health.pullDeadline", "it must be a text: put it in quotes"),
        ("health: {waitForAddresses: 1}", "health.waitForAddresses", "it must be true or false"),
        ("rollback: [site]", "rollback", "it must be one of application, site, hold"),
        ("rollback: none", "rollback", "it must be one of application, site, hold"),
        ("recreate: [job]", "recreate[0]", "it must be a kind such as Job"),
        ("substitute: {VLAN: 12}", "substitute.VLAN", "it must be a text: put it in quotes"),
        (
            "substitute: {1A: x}",
            "substitute.1A",
            "a key here must be a name of letters, digits and `_` that does not begin with a digit",
        ),
        (
            "sites: {matchExpressions: [{key: tier, operator: In}]}",
            "sites.matchExpressions[0]",
            "In and NotIn need at least one value",
        ),
        (
            "sites: {matchExpressions: [{key: tier, operator: Exists, values: [a]}]}",
            "sites.matchExpressions[0]",
            "Exists and DoesNotExist take no values: remove them",
        ),
        (
            "substitute: {A: \"${site.variables.VLAM}\"}",
            "substitute.A",
            "this site has no site.variables.VLAM: set it in sites/emea/de/store-042.yaml or a defaults.yaml above, or give a default as ${site.variables.VLAM:-…}; did you mean site.variables.VLAN?",
        ),
        (
            "substitute: {A: \"${VLAN}\"}",
            "substitute.A",
            "this site has no VLAN: a value here may use site.name, site.id, site.labels.KEY and site.variables.KEY; write `$${` for a literal `${`",
        ),
        (
            "substitute: {A: \"${VLAN\"}",
            "substitute.A",
            "`${` has no closing `}`: close it, or write `$${` for a literal `${`",
        ),
    ] {
        refused(&application(rest), &at(place, what));
    }
    refused("guard: {share: 130%}", "fleet.yaml: guard.share (line 4): it must be a share such as 30%");
    refused("guard: {min: -1}", "fleet.yaml: guard.min (line 4): it must be a whole number");
    refused(
        "applications: [{name: a}]",
        "fleet.yaml: applications[0] (line 4): the field path is missing: add it",
    );
    refused("applications: {a: apps/a}", "fleet.yaml: applications (line 4): it must be a list");
    refused(
        "applications: [{name: A, path: a}]",
        "fleet.yaml: applications[0].name (line 4): it must be a DNS label: a-z, 0-9 and `-`, at most 63, with a letter or digit at both ends",
    );
}

#[test]
fn applications_that_cannot_stand_together() {
    let pair = |a: &str, b: &str| format!("applications:\n- {{name: a, {a}}}\n- {{name: b, {b}}}");
    refused(
        "applications: [{name: a, path: apps/a}, {name: a, path: apps/b}]",
        "fleet.yaml: applications[1].name (line 4): another application is named a already: give it a name of its own",
    );
    refused(
        &pair("path: apps/b/c/d", "path: apps/b"),
        "fleet.yaml: applications[0].path (line 5): it lies inside apps/b, the path of application b, which would render it too: move one of them",
    );
    refused(
        &pair("path: .", "path: apps/b"),
        "fleet.yaml: applications[0].path (line 5): an application cannot be the whole repository: give it a folder of its own",
    );
    refused(
        &pair("path: sites/x", "path: apps/b"),
        "fleet.yaml: applications[0].path (line 5): sites has a meaning of its own in a fleet repository: choose another folder",
    );
    refused(
        &pair("path: apps/a, dependsOn: [b]", "path: apps/b, dependsOn: [a]"),
        "fleet.yaml: applications[0].dependsOn (line 5): the applications depend on each other in a circle: a → b → a; remove one of these dependencies",
    );
    assert_eq!(
        names(&resolve(&pair("path: apps/a", "path: apps/a")).unwrap()),
        "a b",
        "a path may be shared"
    );
    assert_eq!(names(&resolve(&pair("path: apps/post", "path: apps/pos")).unwrap()), "a b");
}

#[test]
fn a_path_that_the_revision_does_not_have_is_refused_where_it_is_wanted() {
    let check = |applications: &str| {
        let document = fleet(applications);
        read_artifact(artifact(&[("fleet.yaml", &document), SITE, ("apps/pos/a.yaml", "")]), &local())
    };
    let error = check("applications: [{name: pos, path: apps/pso}]").unwrap_err().to_string();
    assert_eq!(
        error,
        "fleet.yaml: applications[0].path (line 4): the revision has nothing at apps/pso: commit it, or correct the path, did you mean pos?"
    );
    check("applications: [{name: hub, path: gone, sites: {matchLabels: {tier: hub}}}]").unwrap();
}

#[test]
fn targets_and_order() {
    let rest = "applications:
- {name: z, path: apps/z}
- {name: hub, path: apps/h, dependsOn: [base], sites: {matchLabels: {tier: hub}}}
- {name: a, path: apps/a, dependsOn: [hub, z]}
- {name: base, path: apps/base}";
    let resolved = resolve(rest).unwrap();
    assert_eq!(names(&resolved), "base z a");
    let depends: Vec<&str> = resolved.applications[2].depends_on.iter().map(String::as_str).collect();
    assert_eq!(depends, ["base", "z"], "hub hands its own dependency on");
    assert_eq!(resolved.notes, ["a depends on hub, which does not target this site: it is not waited for"]);
}

#[test]
fn labels_and_variables_come_from_the_nearest_signed_document_then_from_the_site_itself() {
    let defaults = |body: &str| format!("apiVersion: standfast.dev/v1alpha1\nkind: SiteDefaults\n{body}");
    let outer =
        defaults("labels: {a: outer, b: outer, tier: outer}\ntimezone: UTC\nvariables: {VLAN: \"1\"}\n");
    let inner = defaults("metadata: {name: Germany}\nlabels: {b: inner}\ntimezone: Europe/Berlin\n");
    let document = fleet("localKeys: [ring, b, DNS]");
    let files = [
        ("fleet.yaml", document.as_str()),
        ("sites/defaults.yaml", &outer),
        ("sites/emea/de/defaults.yaml", &inner),
        SITE,
    ];
    let mut local = local();
    local.labels =
        [("ring", "canary"), ("b", "mine"), ("tier", "mine")].map(|(k, v)| (k.into(), v.into())).into();
    local.variables = [("DNS", "10.0.0.1"), ("VLAN", "9")].map(|(k, v)| (k.into(), v.into())).into();
    let Ok(Answer::Resolved(resolved)) = read_artifact(artifact(&files), &local) else { panic!() };
    let labels = [("a", "outer"), ("b", "inner"), ("ring", "canary"), ("tier", "store")];
    assert_eq!(resolved.site.labels, labels.map(|(k, v)| (k.into(), v.into())).into());
    let variables = [("DNS", "10.0.0.1"), ("VLAN", "12")];
    assert_eq!(resolved.site.variables, variables.map(|(k, v)| (k.into(), v.into())).into());
    assert_eq!(resolved.site.timezone.as_deref(), Some("Europe/Berlin"));
    assert!(resolved.site.is_known);
    let of_its_own = "of this site's own configuration does not count";
    assert_eq!(
        resolved.notes,
        [
            format!("the label b {of_its_own}: a signed document sets it"),
            format!("the label tier {of_its_own}: it is not among the fleet's localKeys"),
            format!("the variable VLAN {of_its_own}: it is not among the fleet's localKeys"),
        ]
    );
}

#[test]
fn a_site_that_the_fleet_does_not_know_gets_only_what_is_for_all() {
    let document = fleet(
        "localKeys: [tier]\napplications:\n- {name: all, path: apps/a}\n- {name: some, path: apps/b, sites: {matchLabels: {tier: store}}}",
    );
    let neighbour = ("sites/emea/de/store-043.yaml", "");
    let files = [("fleet.yaml", document.as_str()), ("apps/a/a.yaml", ""), ("apps/b/b.yaml", ""), neighbour];
    let mut local = local();
    local.labels.insert("tier".into(), "store".into());
    let Ok(Answer::Resolved(resolved)) = read_artifact(artifact(&files), &local) else { panic!() };
    assert_eq!(names(&resolved), "all");
    assert!(!resolved.site.is_known);
    assert_eq!(
        resolved.notes,
        [
            "the fleet has no document sites/emea/de/store-042.yaml for this site: it gets only applications without a selector (there is store-043.yaml in that folder)"
        ]
    );
}

#[test]
fn a_value_that_the_site_itself_may_set_holds_until_its_configuration_does() {
    let rest = "localKeys: [DNS]\napplications: [{name: a, path: apps/a, substitute: {D: \"${site.variables.DNS}\"}}]";
    assert_eq!(resolve(rest).unwrap_err().class(), ErrorClass::Misconfigured);
    let rest = "applications: [{name: a, path: apps/a, substitute: {D: \"${site.variables.DNS}\"}}]";
    assert_eq!(resolve(rest).unwrap_err().class(), ErrorClass::Terminal);
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let check = |files: &[(&str, &str)], expect: &str| {
        let error = read_artifact(artifact(files), &local()).unwrap_err();
        let source =
            std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        assert_eq!(format!("{error}{source}"), expect);
        assert_eq!((error.class(), error.reason()), (ErrorClass::Terminal, "FleetInvalid"));
    };
    let document = fleet("");
    let with =
        |path: &'static str, content: &'static str| [("fleet.yaml", document.as_str()), (path, content)];
    check(&[("fleet.yml", "")], "fleet.yaml: the repository has fleet.yml instead: rename it to fleet.yaml");
    check(
        &[("Fleet.yaml", "")],
        "fleet.yaml: the repository has Fleet.yaml instead: rename it to fleet.yaml",
    );
    check(&[("fleet.yaml/x", "")], "fleet.yaml: it must be a file, and is a folder");
    check(
        &[("fleet.yaml", "# nothing\n")],
        "fleet.yaml: it must hold one document of kind Fleet, and holds 0",
    );
    let twice = format!("{document}---\n{document}");
    check(
        &[("fleet.yaml", &twice)],
        "fleet.yaml (line 5): it must hold one document of kind Fleet, and holds 2",
    );
    check(
        &[("fleet.yaml", "apiVersion: standfast.dev/v2\nkind: Fleet\n")],
        "fleet.yaml: apiVersion (line 1): this agent knows standfast.dev/v1alpha1 only: write that, or update the agent if it is too old",
    );
    check(
        &[("fleet.yaml", "apiVersion: standfast.dev/v1alpha1\nkind: Site\n")],
        "fleet.yaml: kind (line 2): this file must hold a document of kind Fleet",
    );
    check(&[("fleet.yaml", "- a\n")], "fleet.yaml (line 1): it must be a mapping");
    check(
        &[("fleet.yaml", "kind: Fleet\nkind: Fleet\n")],
        "cannot read fleet.yaml: line 2, column 1: the key \"kind\" stands already at line 1, column 1; keep one of them",
    );
    check(
        &with("sites/emea/de/store-042.yml", ""),
        "sites/emea/de/store-042.yaml: the folder has store-042.yml instead: rename it to store-042.yaml",
    );
    check(
        &with("sites/emea/defaults.yml", ""),
        "sites/emea/defaults.yaml: the folder has defaults.yml instead: rename it to defaults.yaml",
    );
    check(
        &with(
            "sites/emea/de/store-042.yaml",
            "apiVersion: standfast.dev/v1alpha1\nkind: Site\nmetadata: {name: store-042}\n",
        ),
        "sites/emea/de/store-042.yaml: metadata.name (line 3): a site is named by its file's path below sites/: write emea/de/store-042",
    );
}

#[test]
fn links_and_submodules_are_never_followed() {
    let document = fleet("");
    let check = |path: &str, kind: EntryKind, expect: &str| {
        let mut whole = artifact(&[("fleet.yaml", &document)]);
        put(&mut whole, path, kind);
        assert_eq!(read_artifact(whole, &local()).unwrap_err().to_string(), expect);
    };
    let link = EntryKind::Link(BlobId(Hash::Sha1([0; 20])));
    check(
        "fleet.yaml",
        link,
        "fleet.yaml: it is a symbolic link, and links are not followed: put the file itself there",
    );
    check("fleet.yaml", EntryKind::Submodule, "fleet.yaml: it must be a file, and is a submodule");
    check(
        "sites/emea",
        link,
        "sites/emea/defaults.yaml: it is a symbolic link, or lies behind one, and links are not followed: put the file itself there",
    );
    check(
        "sites",
        EntryKind::Submodule,
        "sites/defaults.yaml: it lies in a submodule, and submodules are not fetched: put the file itself there",
    );
}

#[test]
fn a_retired_site_is_not_built_yet() {
    let document = fleet("");
    let retired = format!("{}state: retired\n", SITE.1);
    let whole = artifact(&[("fleet.yaml", &document), (SITE.0, &retired)]);
    assert_eq!(
        read_artifact(whole, &local()).unwrap_err().to_string(),
        "sites/emea/de/store-042.yaml: state (line 6): the value retired is not supported by this version yet"
    );
    let active = format!("{}state: active\nonRetire: remove\n", SITE.1);
    read_artifact(artifact(&[("fleet.yaml", &document), (SITE.0, &active)]), &local()).unwrap();
}

#[test]
fn a_repository_without_a_fleet_is_one_application() {
    let local = Local { path: "deploy".parse().unwrap(), ..local() };
    let whole = artifact(&[("deploy/a.yaml", ""), ("trust/me.yaml", ""), ("images.yaml", "")]);
    let Ok(Answer::Resolved(resolved)) = read_artifact(whole, &local) else { panic!() };
    assert_eq!((resolved.fleet.as_str(), names(&resolved).as_str()), ("", "default"));
    assert_eq!(resolved.applications[0].path, local.path);
    assert_eq!(resolved.applications[0].substitute, None);
}

#[test]
fn what_a_schema_knows() {
    let fleet: Value = schema("Fleet").unwrap();
    let application = &fleet["properties"]["applications"]["items"];
    assert_eq!(application["required"], serde_json::json!(["name", "path"]));
    assert_eq!(application["additionalProperties"], false);
    assert_eq!(application["properties"]["serviceAccount"], Value::Null);
    assert_eq!(fleet["properties"]["kind"]["enum"], serde_json::json!(["Fleet"]));
    assert!(KINDS.into_iter().all(|kind| schema(kind).is_some()));
    assert_eq!(schema("Applications"), None);
}

proptest! {
    /// Whatever stands in fleet.yaml is read or refused.
    #[test]
    fn any_fleet_is_read_or_refused(rest in "([a-zA-Z]{0,9}(: | |\\[|\\{|\\]|\\}|- |\n|\n  |\\$\\{|&a|\\*a)){0,20}") {
        let _ = resolve_or_needs(&rest);
        let _ = resolve_or_needs(&fleet(&rest));
    }
}

fn resolve_or_needs(document: &str) -> Result<Answer, Error> {
    read_artifact(artifact(&[("fleet.yaml", document), SITE]), &local())
}
