use super::*;
use crate::model::fake::{artifact, put};
use crate::model::{AllowPrune, BlobId, Classify, EntryKind, ErrorClass, Hash, Object};
use crate::trust::fake::assume;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

fn application() -> Application {
    Application { path: "apps/pos".parse().unwrap(), ..crate::model::fake::application("pos") }
}

fn with(values: &[(&str, &str)]) -> Application {
    let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Application { substitute: Some(values), ..application() }
}

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n")
}

fn render_of(whole: Artifact, application: &Application) -> Result<Rendered, Error> {
    let root = whole.root;
    Plain.render(&assume(whole, root), application)
}

fn render_files(files: &[(&str, &str)], application: &Application) -> Result<DesiredApplication, Error> {
    match render_of(artifact(files), application)? {
        Rendered::Objects(desired) => Ok(desired),
        Rendered::Missing(paths) => panic!("misses {paths:?}"),
    }
}

/// The objects of one file at `apps/pos/a.yaml`.
fn objects(text: &str) -> Vec<Value> {
    let desired = render_files(&[("apps/pos/a.yaml", text)], &application()).unwrap();
    desired.objects.iter().map(Object::value).collect()
}

fn keys(files: &[(&str, &str)]) -> Vec<String> {
    let desired = render_files(files, &application()).unwrap();
    desired.objects.iter().map(|object| object.key().to_string()).collect()
}

/// The message with its cause.
fn message(error: &Error) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}

fn refused_files(files: &[(&str, &str)], application: &Application, expect: &str) {
    let error = render_files(files, application).unwrap_err();
    assert_eq!(message(&error), expect);
    assert_eq!(error.class(), ErrorClass::Terminal);
}

fn refused(text: &str, expect: &str) {
    refused_files(&[("apps/pos/a.yaml", text)], &application(), expect);
}

#[test]
fn which_files_are_manifests() {
    let names = |files: &[&str]| {
        let files: Vec<(String, String)> = files
            .iter()
            .enumerate()
            .map(|(at, path)| (format!("apps/{path}"), config_map(&format!("m{at}"))))
            .collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        keys(&files)
    };
    assert_eq!(
        names(&["pos/a.yaml", "pos/b.yml", "pos/c.JSON", "pos/deep/er/d.yaml", "pos/e.YAML"]),
        ["ConfigMap m0", "ConfigMap m1", "ConfigMap m2", "ConfigMap m3", "ConfigMap m4"]
    );
    assert_eq!(
        names(&[
            "pos/a.yaml",
            "pos/.b.yaml",
            "pos/.git-stuff/c.yaml",
            "pos/README.md",
            "pos/yaml",
            "post/d.yaml",
            "pos.yaml"
        ]),
        ["ConfigMap m0"]
    );
}

#[test]
fn a_path_may_be_a_single_file() {
    let file = |path: &str| Application { path: path.parse().unwrap(), ..application() };
    let map = config_map("a");
    let files = [("apps/pos.yaml", map.as_str()), ("apps/other.yaml", "x"), ("apps/kustomization.yaml", "x")];
    assert_eq!(render_files(&files, &file("apps/pos.yaml")).unwrap().objects.len(), 1);
    refused_files(
        &files,
        &file("apps/kustomization.yaml"),
        "apps/kustomization.yaml: a kustomization is not supported by this version yet",
    );
}

#[test]
fn what_is_missing_is_asked_for_as_a_whole() {
    let map = config_map("a");
    let whole = artifact(&[("apps/pos/a.yaml", &map), ("apps/pos/deep/b.yaml", &map)]);
    let wanted = Rendered::Missing(BTreeSet::from(["apps/pos".parse().unwrap()]));
    for lost in ["apps/pos/a.yaml", "apps/pos/deep/b.yaml"] {
        let mut part = whole.clone();
        part.files.remove(&lost.parse::<RepoPath>().unwrap());
        assert_eq!(render_of(part, &application()).unwrap(), wanted);
    }
    for lost in ["apps", "apps/pos", "apps/pos/deep"] {
        let mut part = whole.clone();
        part.trees.remove(&lost.parse::<RepoPath>().unwrap());
        assert_eq!(render_of(part, &application()).unwrap(), wanted, "{lost}");
    }
    let mut part = whole;
    part.files.remove(&"apps/pos/a.yaml".parse::<RepoPath>().unwrap());
    put(&mut part, "apps/pos/link.yaml", EntryKind::Link(BlobId(Hash::Sha1([0; 20]))));
    assert!(render_of(part, &application()).is_err(), "nothing is fetched for what is refused anyway");
}

#[test]
fn every_way_to_write_several_objects() {
    let names = |text: &str| keys(&[("apps/pos/a.yaml", text)]);
    let (a, b) = (config_map("a"), config_map("b"));
    let both = ["ConfigMap a", "ConfigMap b"];
    assert_eq!(names(&format!("{a}---\n{b}")), both);
    assert_eq!(names(&format!("# c\n---\n---\n{a}---\nnull\n---\n# d\n---\n{b}---\n")), both);
    assert_eq!(names(&format!("\u{feff}{a}---\n{b}").replace('\n', "\r\n")), both);
    let json =
        |name: &str| format!(r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}}}}"#);
    assert_eq!(names(&format!("{}\n{}", json("a"), json("b"))), both);
    let list = |kind: &str, items: &str| format!("apiVersion: v1\nkind: {kind}\nitems: {items}\n");
    let items = format!("[{}, {}]", json("a"), json("b"));
    assert_eq!(names(&list("List", &items)), both);
    assert_eq!(names(&list("SecretList", &items)), both);
    assert_eq!(names(&list("ConfigMapList", "[{metadata: {name: a}}, {metadata: {name: b}}]")), both);
    let inner = list("ConfigMapList", "[{metadata: {name: a}}, {metadata: {name: b}}]");
    assert_eq!(names(&format!("kind: List\nitems:\n- {}", inner.trim_end().replace('\n', "\n  "))), both);
    assert_eq!(
        names(&format!("{}---\n{a}---\n{}", list("List", "[]"), list("List", "null"))),
        ["ConfigMap a"]
    );
    assert_eq!(names("apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\n"), ["AllowList.x.io a"]);
}

#[test]
fn what_is_no_object_is_named_with_its_place() {
    let at =
        |line: u32, what: &str| format!("cannot take apps/pos/a.yaml (line {line}) for an object: {what}");
    refused(&format!("{}---\nkind: Pod\n", config_map("a")), &at(5, "the object has no apiVersion"));
    refused("apiVersion: v1\nkind: Pod\nmetadata: {}\n", &at(1, "Pod has no metadata.name"));
    refused("just a text", &at(1, "a manifest must be a mapping"));
    refused("- a\n", &at(1, "a manifest must be a mapping"));
    refused(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- apiVersion: v1\n  kind: Pod\n",
        &at(7, "Pod has no metadata.name"),
    );
    refused(
        "apiVersion: v1\nkind: List\nitems: [{metadata: {name: a}}]\n",
        &at(3, "the object has no apiVersion"),
    );
    let cannot = |what: &str| format!("cannot take apps/pos/a.yaml (line 1): {what}");
    refused(
        &format!("{}items: []\n", config_map("a")),
        &cannot("it has items, which only a List can have: kubectl would drop the rest of it"),
    );
    refused("apiVersion: v1\nkind: List\nitems: {}\n", &cannot("its items must be a list"));
    refused(
        "a: 1\na: 2\n",
        "cannot read apps/pos/a.yaml: line 2, column 1: the key \"a\" stands already at line 1, column 1; keep one of them",
    );
}

#[test]
fn each_object_stands_once() {
    let (a, b) = (config_map("a"), config_map("b"));
    let files =
        [("apps/pos/a.yaml", format!("{a}---\n{b}")), ("apps/pos/b.yaml", format!("{a}data: {{x: y}}\n"))];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    refused_files(
        &files,
        &application(),
        "cannot render application pos: ConfigMap a stands in apps/pos/a.yaml (line 1) and again in apps/pos/b.yaml (line 1); keep one of them",
    );
    let two = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\n---\napiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: w}\n";
    refused(
        two,
        "cannot render application pos: Deployment.apps w stands in apps/pos/a.yaml (line 1) and again in apps/pos/a.yaml (line 5); keep one of them",
    );
    let names = "apiVersion: v1\nkind: Pod\nmetadata: {name: w, namespace: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: w, namespace: b}\n";
    assert_eq!(keys(&[("apps/pos/a.yaml", names)]), ["Pod a/w", "Pod b/w"]);
}

#[test]
fn what_belongs_to_the_server_is_dropped() {
    let exported = "
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  namespace: ''
  uid: 1-2
  resourceVersion: '7'
  generation: 3
  creationTimestamp: null
  selfLink: /x
  deletionTimestamp: 2020-01-01T00:00:00Z
  deletionGracePeriodSeconds: 0
  managedFields: [{manager: kubectl}]
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}
  labels: {app: a}
  finalizers: [x.io/y]
data: {status: kept, uid: kept}
status: {a: 1}
";
    let metadata = json!({"name": "a", "labels": {"app": "a"}, "finalizers": ["x.io/y"]});
    let data = json!({"status": "kept", "uid": "kept"});
    assert_eq!(
        objects(exported),
        [json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})]
    );
    let annotated = objects(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {b: c, kubectl.kubernetes.io/last-applied-configuration: x}}\n",
    );
    assert_eq!(annotated[0]["metadata"]["annotations"], json!({"b": "c"}));
}

#[test]
fn metadata_that_cannot_be() {
    refused(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 042}\n",
        "cannot take apps/pos/a.yaml (line 1): metadata.name is not a text: put it in quotes",
    );
    let check = |metadata: &str, what: &str| {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, {metadata}}}\n");
        refused(&text, &format!("cannot take apps/pos/a.yaml (line 1): {what}"));
    };
    check(
        "labels: {standfast.dev/owner: x}",
        "metadata.labels has standfast.dev/owner, which only the agent itself sets: remove it",
    );
    check(
        "annotations: {standfast.dev/application: x}",
        "metadata.annotations has standfast.dev/application, which only the agent itself sets: remove it",
    );
    check("labels: {tier: on}", "metadata.labels has a tier that is not a text: put its value in quotes");
    check("annotations: [a]", "metadata.annotations must be a mapping");
}

#[test]
fn what_is_not_built_yet_is_refused_wherever_it_lies() {
    let map = config_map("a");
    for (path, what) in [
        ("apps/pos/kustomization.yaml", "a kustomization"),
        ("apps/pos/x/kustomization.yml", "a kustomization"),
        ("apps/pos/x/y/Kustomization", "a kustomization"),
        ("apps/pos/charts/z/Chart.yaml", "a chart"),
    ] {
        let files = [("apps/pos/a.yaml", map.as_str()), (path, "")];
        refused_files(
            &files,
            &application(),
            &format!("{path}: {what} is not supported by this version yet"),
        );
    }
    let inside =
        |what: &str| format!("apps/pos/a.yaml (line 1): {what} is not supported by this version yet");
    refused("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", &inside("a kustomization"));
    refused(&format!("{map}sops: {{mac: x}}\n"), &inside("a file that sops encrypted"));
    assert_eq!(
        render_files(&[("apps/pos/.x/Chart.yaml", ""), ("apps/pos/a.yaml", &map)], &application())
            .unwrap()
            .objects
            .len(),
        1
    );
}

#[test]
fn documents_of_the_fleet_are_no_manifests() {
    refused(
        "apiVersion: standfast.dev/v1alpha1\nkind: Site\nmetadata: {name: a}\n",
        "cannot take apps/pos/a.yaml (line 1): it is a document of the fleet, not a manifest: move it out of the application's path",
    );
}

#[test]
fn an_application_without_objects_is_an_error_and_prunes_nothing() {
    let empty = "cannot render application pos: no file below apps/pos holds an object (.yaml, .yml and .json files are read); to remove its objects from the sites, take the application out of fleet.yaml, or let it say `allowPrune: [all]`";
    refused("# nothing\n", empty);
    refused("apiVersion: v1\nkind: List\nitems: []\n", empty);
    refused_files(&[("apps/pos/README.md", "")], &application(), empty);
    let may_lose_all = Application { allow_prune: BTreeSet::from([AllowPrune::All]), ..application() };
    let rendered = render_of(artifact(&[("apps/pos/README.md", "")]), &may_lose_all).unwrap();
    assert!(matches!(rendered, Rendered::Objects(one) if one.objects.is_empty()));
    refused_files(
        &[("apps/post/a.yaml", "")],
        &application(),
        "cannot render application pos: the revision has nothing at apps/pos; commit it, or correct the application's path (did you mean post?)",
    );
}

#[test]
fn links_and_submodules_are_never_followed() {
    let map = config_map("a");
    let link = EntryKind::Link(BlobId(Hash::Sha1([0; 20])));
    let check = |path: &str, kind: EntryKind, expect: &str| {
        let mut whole = artifact(&[("apps/pos/a.yaml", &map)]);
        put(&mut whole, path, kind);
        let error = render_of(whole, &application()).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("cannot read {expect}, which is never followed; put the files themselves there")
        );
    };
    check("apps/pos/b.yaml", link, "apps/pos/b.yaml: it is a symbolic link, or lies behind one");
    check("apps/pos/sub", EntryKind::Submodule, "apps/pos/sub: it is a submodule, or lies in one");
    check("apps/pos", link, "apps/pos: it is a symbolic link, or lies behind one");
    check("apps", EntryKind::Submodule, "apps/pos: it is a submodule, or lies in one");
}

#[test]
fn the_digest_goes_by_content_alone() {
    let digest =
        |files: &[(&str, &str)], application: &Application| render_files(files, application).unwrap().digest;
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {p: '1', q: '2'}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";
    let first = digest(&[("apps/pos/a.yaml", one)], &application());
    let b = config_map("b");
    let a = r#"{"metadata":{"name":"a"},"data":{"q":"2","p":"1"},"kind":"ConfigMap","apiVersion":"v1"}"#;
    assert_eq!(first, digest(&[("apps/pos/z/b.yaml", &b), ("apps/pos/q.json", a)], &application()));
    assert_eq!(first, digest(&[("apps/pos/a.yaml", &format!("{b}---\n{a}"))], &with(&[("X", "1")])));
    assert_ne!(first, digest(&[("apps/pos/a.yaml", &one.replace("'2'", "'3'"))], &application()));
    assert_ne!(first, digest(&[("apps/pos/a.yaml", &b)], &application()));
    let elsewhere = Application { namespace: Some("pos".into()), ..application() };
    assert_ne!(first, digest(&[("apps/pos/a.yaml", one)], &elsewhere));
}

#[test]
fn the_digest_is_that_of_the_documented_bytes() {
    let desired = render_files(&[("apps/pos/a.yaml", &config_map("ä"))], &application()).unwrap();
    let text = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"ä"}}"#;
    let bytes = [&[0][..], crate::model::Digest::of(text.as_bytes()).as_bytes()].concat();
    assert_eq!(desired.digest, crate::model::Digest::of(&bytes));
}

/// The `data` of a ConfigMap whose data is `text`, values put in.
fn data(text: &str, values: &[(&str, &str)]) -> Value {
    let indented = text.replace('\n', "\n  ");
    let file = format!("{}data:\n  {indented}\n", config_map("a"));
    let desired = render_files(&[("apps/pos/a.yaml", &file)], &with(values)).unwrap();
    desired.objects[0].value()["data"].clone()
}

#[test]
fn values_go_in_before_scalars_get_their_types() {
    let values = [("N", "3"), ("T", "true"), ("S", "a b"), ("E", ""), ("O", "0644"), ("K", "key")];
    let check = |text: &str, expect: Value| assert_eq!(data(text, &values), expect, "{text}");
    check("x: ${N}", json!({"x": 3}));
    check("x: \"${N}\"", json!({"x": "3"}));
    check("x: '${T}'", json!({"x": "true"}));
    check("x: ${T}", json!({"x": true}));
    check("x: ${O}", json!({"x": 420}));
    check("x: ${N}${N}", json!({"x": 33}));
    check("x: v${N}", json!({"x": "v3"}));
    check("x: ${E}", json!({"x": null}));
    check("x: '${E}'", json!({"x": ""}));
    check("x: ${E:-5}", json!({"x": 5}));
    check("x: ${GONE:-5}", json!({"x": 5}));
    check("x: ${N:-5}", json!({"x": 3}));
    check("${K}: ${S}", json!({"key": "a b"}));
    check("${K}-${N}: x", json!({"key-3": "x"}));
    check("x: |\n  a=${N}\n  b=$N $(N) $${N}\n", json!({"x": "a=3\nb=$N $(N) ${N}\n"}));
    check("x: [\"${S}\", b]", json!({"x": ["a b", "b"]}));
    check("# ${NOBODY}\nx: z", json!({"x": "z"}));
    check("x: &anchor ${N}\nz: *anchor", json!({"x": 3, "z": 3}));
}

#[test]
fn a_value_stays_inside_its_scalar() {
    for value in [
        "a: b",
        "- a",
        "{a: b}",
        "[a]",
        "x\n---\ny",
        "x\nz: injected",
        "# no",
        "*a",
        "&a b",
        "!!int 3",
        "\"",
        "'",
        "|",
        "<<",
        "${S}",
        "$${S}",
    ] {
        let text = value.to_owned();
        assert_eq!(data("x: ${S}\nother: z", &[("S", value)]), json!({"x": text, "other": "z"}));
        assert_eq!(data("x: '${S}'\nother: z", &[("S", value)]), json!({"x": text, "other": "z"}));
        assert_eq!(data("${S}: x", &[("S", value)]), json!({text: "x"}));
    }
    assert_eq!(data("b: {x: z}\n${S}: {a: c}", &[("S", "<<")]), json!({"b": {"x": "z"}, "<<": {"a": "c"}}));
}

#[test]
fn without_substitute_nothing_is_touched() {
    let text = format!("{}data: {{x: '${{A}} $${{B}}'}}\n", config_map("a"));
    assert_eq!(objects(&text)[0]["data"]["x"], "${A} $${B}");
    refused_files(
        &[("apps/pos/a.yaml", &text)],
        &with(&[]),
        "cannot substitute in apps/pos/a.yaml (line 4): the application's `substitute` has no A; add it there, or write `$${` for a literal `${`",
    );
}

#[test]
fn what_cannot_be_filled() {
    let check = |text: &str, expect: &str| {
        let text = format!("{}data:\n  a: b\n  x: {text}\n", config_map("a"));
        let expect = format!("cannot substitute in apps/pos/a.yaml (line 6): {expect}");
        refused_files(&[("apps/pos/a.yaml", &text)], &with(&[("STORE_ID", "1"), ("VLAN", "2")]), &expect);
    };
    check(
        "${STOREID}",
        "the application's `substitute` has no STOREID (did you mean STORE_ID?); add it there, or write `$${` for a literal `${`",
    );
    check("${VLAN", "`${` has no closing `}`: close it, or write `$${` for a literal `${`");
    check(
        "${site.name}",
        "what stands in `${…}` is not a name: write `${NAME}` or `${NAME:-default}`, or `$${` for a literal `${`",
    );
    check(
        "${A:-${VLAN}}",
        "the default of `${A}` holds another reference, which is not possible: write a plain text there",
    );
}

#[test]
fn keys_that_get_the_same_by_substitution_are_refused() {
    let text = format!("{}data: {{a: x, '${{K}}': y}}\n", config_map("a"));
    let error = render_files(&[("apps/pos/a.yaml", &text)], &with(&[("K", "a")])).unwrap_err();
    assert!(message(&error).contains("the key \"a\" stands already"), "{}", message(&error));
}

#[test]
fn what_is_too_large_is_refused() {
    let check = |files: &[(&str, &str)], limit: Limit| {
        let error = render_files(files, &with(&[("A", &"x".repeat(4000))])).unwrap_err();
        assert!(matches!(&error, Error::TooMuch { limit: found, .. } if *found == limit), "{error}");
        assert!(error.to_string().ends_with("; divide it into several applications"), "{error}");
    };
    let mut many = String::new();
    for at in 0..=Limit::Objects.most() {
        let _ = write!(many, "---\n{}", config_map(&format!("m{at}")));
    }
    check(&[("apps/pos/a.yaml", &many)], Limit::Objects);
    let large = "#".repeat(Limit::Bytes.most() - 10);
    check(&[("apps/pos/a.yaml", &config_map("a")), ("apps/pos/b.yaml", &large)], Limit::Bytes);
    let filled = format!("{}data: {{x: '{}'}}\n", config_map("a"), "${A}".repeat(1100));
    check(&[("apps/pos/a.yaml", &filled)], Limit::Filled);
    let half = "*anchor, ".repeat(Limit::Values.most() / 2000);
    let values = format!("{}x: &anchor [{}]\nz: [{half}]\n", config_map("a"), "1, ".repeat(1000));
    let more = values.replace("name: a", "name: b");
    check(&[("apps/pos/a.yaml", &values), ("apps/pos/b.yaml", &more)], Limit::Values);
    let deep = format!("{}x: {}{}\n", config_map("a"), "[".repeat(110), "]".repeat(110));
    let error = render_files(&[("apps/pos/a.yaml", &deep)], &application()).unwrap_err();
    assert!(message(&error).contains("inside each other"), "{}", message(&error));
}

#[test]
fn an_error_shows_no_value() {
    let secret = "hunter2";
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n";
    for body in [
        format!("stringData: {{x: '{secret}${{{secret}.{secret}}}'}}"),
        format!("stringData: {{x: '{secret}${{'}}"),
        format!("stringData: {{x: '{secret} ${{NAME}} {secret}'}}"),
        format!("stringData: [\"{secret}"),
        format!("metadata: {secret}"),
    ] {
        let error = render_files(&[("apps/pos/a.yaml", &format!("{head}{body}\n"))], &with(&[])).unwrap_err();
        assert!(!message(&error).contains(secret) && !format!("{error:?}").contains(secret), "{error:?}");
    }
}

#[test]
fn the_fake_answers_as_the_real_one_does() {
    let map = config_map("a");
    let real = render_files(&[("apps/pos/a.yaml", &map)], &application()).unwrap();
    let canned = fake::Canned {
        objects: BTreeMap::from([("pos".to_owned(), real.objects.clone())]),
        reaches: BTreeSet::from(["base".parse().unwrap()]),
    };
    let render = |files: &[(&str, &str)], name: &str| {
        let whole = artifact(files);
        let root = whole.root;
        canned.render(&assume(whole, root), &Application { name: name.into(), ..application() })
    };
    assert_eq!(render(&[], "pos").unwrap(), Rendered::Missing(canned.reaches.clone()));
    assert_eq!(render(&[("base/a.yaml", "")], "pos").unwrap(), Rendered::Objects(real));
    assert!(matches!(render(&[("base/a.yaml", "")], "other"), Err(Error::Empty { .. })));
}

#[test]
fn references_where_yaml_has_braces() {
    let check = |line: &str, is_about_braces: bool| {
        let text = format!("{}data:\n  x: {line}\n", config_map("a"));
        let error = render_files(&[("apps/pos/a.yaml", &text)], &with(&[("N", "1")])).unwrap_err();
        assert_eq!(
            matches!(error, Error::Braces { at: Origin { line: 5, .. }, .. }),
            is_about_braces,
            "{error}"
        );
    };
    check("{y: ${N}}", true);
    check("[${N}]", true);
    check("{y: 1", false);
    check("'${N", false);
}

proptest! {
    /// Filling without references changes nothing, and whatever the text, it does not panic.
    #[test]
    fn any_text_is_filled_or_refused(text in "[a${}:_ \\-]{0,40}", value in "[a${}]{0,8}") {
        let known = BTreeMap::from([("a".to_owned(), value)]);
        let mut node = standfast_yaml::Node::string(text.as_str());
        let mut values = substitute::Values { known: &known, budget: 1000 };
        let filled = values.fill(&mut node);
        if !text.contains("${") {
            prop_assert!(filled.is_ok());
            prop_assert_eq!(node.text(), Some(text.as_str()));
        }
    }

    /// Files, their order and their names have no part in the digest.
    #[test]
    fn the_layout_of_files_has_no_part_in_the_digest(places in prop::collection::vec(0usize..4, 6)) {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for (object, place) in places.iter().enumerate() {
            let file = files.entry(format!("apps/pos/f{place}.yaml")).or_default();
            *file = format!("---\n{}{file}", config_map(&format!("m{object}")));
        }
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let all = (0..places.len()).map(|at| config_map(&format!("m{at}"))).collect::<Vec<_>>().join("---\n");
        let digest = |files: &[(&str, &str)]| render_files(files, &application()).unwrap().digest;
        prop_assert_eq!(digest(&files), digest(&[("apps/pos/all.yaml", &all)]));
    }
}
